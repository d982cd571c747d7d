"""The bench itself: exit codes, faults, counts and sizes are what they should be."""

from __future__ import annotations

import pytest

from tests.qemu.bench import (
    FAULT,
    TOOLS,
    Cpu,
    count_instructions,
    object_sizes,
    run_on_qemu,
)

pytestmark = pytest.mark.needs(*TOOLS)

every_cpu = pytest.mark.parametrize("cpu", ["cortex-m4", "cortex-m4f", "cortex-m0"])

LOOP = {
    "loop.h": "void loop(unsigned n);\n",
    "loop.c": """#include "loop.h"
void loop(unsigned n)
{
    __asm__ volatile("1: nop\\n\\tsub %0, #1\\n\\tcmp %0, #0\\n\\tbne 1b" : "+l"(n));
}
""",
}


@every_cpu
@pytest.mark.parametrize("code", [0, 1, 42, 97])
def test_exit_status_is_what_main_returns(cpu: Cpu, code: int) -> None:
    result = run_on_qemu({"main.c": f"int main(void) {{ return {code}; }}"}, cpu=cpu)
    assert (result.returncode, result.output) == (code, "")


@pytest.mark.parametrize("code", [98, 99, 256, 512, 10_000, -1, -256])
def test_many_mismatches_never_look_like_none(code: int) -> None:
    assert run_on_qemu({"main.c": f"int main(void) {{ return {code}; }}"}).returncode == 98


@every_cpu
@pytest.mark.parametrize("cause", ['__asm__ volatile("udf #0");', "*(volatile int *)0xF0000000;"])
def test_a_fault_ends_the_run_with_its_own_status(cpu: Cpu, cause: str) -> None:
    result = run_on_qemu({"main.c": f"int main(void) {{ {cause} return 0; }}"}, cpu=cpu)
    assert (result.returncode, result.output) == (FAULT, "fault\n")


@every_cpu
def test_static_data_is_there_before_main(cpu: Cpu) -> None:
    main = """
static volatile int one = 1, zero, many[3] = {1, 2, 3};
int main(void) { return one == 1 && zero == 0 && many[2] == 3 ? 0 : 1; }
"""
    assert run_on_qemu({"main.c": main}, cpu=cpu).returncode == 0


@every_cpu
def test_prints(cpu: Cpu) -> None:
    main = """#include "bench.h"
int main(void)
{
    bench_print("a ");
    bench_print_unsigned(0);
    bench_print(" ");
    bench_print_unsigned(4294967295u);
    return 0;
}
"""
    assert run_on_qemu({"main.c": main}, cpu=cpu).output == "a 0 4294967295"


@pytest.mark.parametrize("flags", [("-O0",), ("-O2",), ("-Os",)])
def test_memory_functions_of_the_compiler(flags: tuple[str, ...]) -> None:
    main = """#include <string.h>
static char a[9] = "01234567";
int main(void)
{
    char b[9];
    memcpy(b, a, sizeof b);
    memmove(a + 2, a, 5);
    memmove(b, b + 2, 5);
    memset(a, 'x', 1);
    const char wanted[] = "x1012347234565672";
    for (int i = 0; i < 8; i++)
        if (a[i] != wanted[i] || (i < 7 && b[i] != wanted[8 + i]))
            return i + 1;
    return 0;
}
"""
    assert run_on_qemu({"main.c": main}, flags=flags).returncode == 0


def test_float_needs_no_library_of_the_user() -> None:
    main = """
static volatile float a = 1.5f, b = 2.0f;
int main(void) { return a * b == 3.0f ? 0 : 1; }
"""
    for cpu in ("cortex-m4", "cortex-m4f", "cortex-m0"):
        assert run_on_qemu({"main.c": main}, cpu=cpu).returncode == 0


@every_cpu
@pytest.mark.parametrize("n", [10, 1000, 1_000_000])
def test_counts_every_instruction_of_a_loop(cpu: Cpu, n: int) -> None:
    prelude = '#include "loop.h"'
    count = count_instructions(LOOP, f"loop({n})", prelude=prelude, cpu=cpu)
    call_and_return = count - 4 * n
    assert 2 <= call_and_return <= 5
    assert count == count_instructions(LOOP, f"loop({n})", prelude=prelude, cpu=cpu)


@every_cpu
@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 100, 400])
def test_counts_instructions_in_a_row_to_one(cpu: Cpu, n: int) -> None:
    statement = f'__asm__ volatile(".rept {n}\\n\\tnop\\n\\t.endr")'
    assert abs(count_instructions({}, statement, cpu=cpu) - n) <= 1


@every_cpu
def test_an_empty_statement_counts_nothing(cpu: Cpu) -> None:
    assert count_instructions({}, "(void)0", cpu=cpu) == 0


def test_sizes_of_objects() -> None:
    source = """#include <stdint.h>
static const int16_t table[100] = {1};
static uint8_t arena[321];
int32_t initialised = 5;
int read(int i) { return table[i] + arena[i]; }
void write(int i, int x) { arena[i] = (uint8_t)x; }
"""
    sizes = object_sizes({"a.c": source, "b.c": "const char other[7] = {1};"})
    assert (sizes.rodata, sizes.data, sizes.bss) == (207, 4, 321)
    bytes_of = {name: symbol.size for name, symbol in sizes.symbols.items()}
    assert bytes_of.pop("read") + bytes_of.pop("write") == sizes.text
    assert bytes_of == {"table": 200, "other": 7, "arena": 321, "initialised": 4}
    assert sizes.symbols["table"].section == "rodata"
    assert sizes.symbols["arena"].section == "bss"


@pytest.mark.parametrize(
    "source", ["int main(void) { int unused; return 0; }", "int main(void) { return f(); }"]
)
def test_a_warning_is_an_error(source: str) -> None:
    with pytest.raises(RuntimeError, match="arm-none-eabi-gcc failed:\n"):
        run_on_qemu({"main.c": source})


def test_an_endless_program_is_stopped() -> None:
    with pytest.raises(RuntimeError, match=r"no end within 0\.5 s"):
        run_on_qemu({"main.c": "int main(void) { for (;;) {} }"}, timeout=0.5)


def test_a_crash_in_the_counted_statement_is_told() -> None:
    with pytest.raises(RuntimeError, match="exit status 99: fault"):
        count_instructions({}, '__asm__ volatile("udf #0")')
