"""The emulator: exit codes, faults, counts and sizes are what they should be."""

from __future__ import annotations

import pytest

from skconv.emulator import (
    FAULT,
    BuildError,
    MissingToolError,
    build,
    count_instructions,
    object_sizes,
    run,
    tools,
)
from skconv.target.targets import TARGETS

SIMULATED = [name for name, target in TARGETS.items() if target.board]
ARM = [name for name in SIMULATED if name.startswith("cortex")]


def on(names: list[str]) -> pytest.MarkDecorator:
    """A test for each of some targets, where their tools are."""
    cases = [pytest.param(name, marks=pytest.mark.needs(*tools(name))) for name in names]
    return pytest.mark.parametrize("target", cases)


needs_arm = pytest.mark.needs(*tools("cortex-m4"))

# Four instructions a round; on AVR six cycles.
LOOP = {
    "loop.h": "void loop(unsigned long n);\n",
    "loop.c": """#include "loop.h"
void loop(unsigned long n)
{
#if defined(__arm__)
    __asm__ volatile("1: nop\\n\\tsub %0, #1\\n\\tcmp %0, #0\\n\\tbne 1b" : "+l"(n));
#elif defined(__riscv)
    __asm__ volatile("1: nop\\n\\tnop\\n\\taddi %0, %0, -1\\n\\tbnez %0, 1b" : "+r"(n));
#else
    __asm__ volatile("1: subi %A0, 1\\n\\tsbci %B0, 0\\n\\tsbci %C0, 0\\n\\tsbci %D0, 0\\n\\t"
                     "brne 1b" : "+d"(n));
#endif
}
""",
}


@on(SIMULATED)
@pytest.mark.parametrize("code", [0, 42, 97])
def test_exit_status_is_what_main_returns(target: str, code: int) -> None:
    result = run({"main.c": f"int main(void) {{ return {code}; }}"}, target=target)
    assert (result.returncode, result.output) == (code, "")


@needs_arm
@pytest.mark.parametrize("code", [98, 99, 256, 512, 10_000, -1, -256])
def test_many_mismatches_never_look_like_none(code: int) -> None:
    assert run({"main.c": f"int main(void) {{ return {code}; }}"}).returncode == 98


@on(ARM)
@pytest.mark.parametrize("cause", ['__asm__ volatile("udf #0");', "*(volatile int *)0xF0000000;"])
def test_a_fault_ends_the_run_with_its_own_status(target: str, cause: str) -> None:
    result = run({"main.c": f"int main(void) {{ {cause} return 0; }}"}, target=target)
    assert (result.returncode, result.output) == (FAULT, "fault\n")


@on(SIMULATED)
def test_static_data_is_there_before_main(target: str) -> None:
    main = """
static volatile int one = 1, zero, many[3] = {1, 2, 3};
int main(void) { return one == 1 && zero == 0 && many[2] == 3 ? 0 : 1; }
"""
    assert run({"main.c": main}, target=target).returncode == 0


@on(SIMULATED)
def test_prints(target: str) -> None:
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
    assert run({"main.c": main}, target=target).output == "a 0 4294967295"


@needs_arm
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
    assert run({"main.c": main}, flags=flags).returncode == 0


@on(SIMULATED)
def test_float_needs_no_library_of_the_user(target: str) -> None:
    main = """
static volatile float a = 1.5f, b = 2.0f;
int main(void) { return a * b == 3.0f ? 0 : 1; }
"""
    assert run({"main.c": main}, target=target).returncode == 0


@on(SIMULATED)
@pytest.mark.parametrize("n", [10, 1_000_000])
def test_counts_every_instruction_of_a_loop(target: str, n: int) -> None:
    prelude = '#include "loop.h"'
    count = count_instructions(LOOP, f"loop({n})", prelude=prelude, target=target)
    call_and_return = count - (6 if target == "avr" else 4) * n
    assert 2 <= call_and_return <= (16 if target == "avr" else 5)
    assert count == count_instructions(LOOP, f"loop({n})", prelude=prelude, target=target)


@on(SIMULATED)
@pytest.mark.parametrize("n", [1, 2, 5, 400])
def test_counts_instructions_in_a_row_to_one(target: str, n: int) -> None:
    statement = f'__asm__ volatile(".rept {n}\\n\\tnop\\n\\t.endr")'
    assert abs(count_instructions({}, statement, target=target) - n) <= 1


@on(SIMULATED)
def test_an_empty_statement_counts_nothing(target: str) -> None:
    assert count_instructions({}, "(void)0", target=target) == 0


@needs_arm
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


@needs_arm
@pytest.mark.parametrize(
    "source", ["int main(void) { int unused; return 0; }", "int main(void) { return f(); }"]
)
def test_a_warning_is_an_error(source: str) -> None:
    with pytest.raises(BuildError, match="arm-none-eabi-gcc failed:\n"):
        run({"main.c": source})


@needs_arm
def test_an_endless_program_is_stopped() -> None:
    with pytest.raises(RuntimeError, match=r"no end within 0\.5 s"):
        run({"main.c": "int main(void) { for (;;) {} }"}, timeout=0.5)


@needs_arm
def test_a_crash_in_the_counted_statement_is_told() -> None:
    with pytest.raises(RuntimeError, match="exit status 99: fault"):
        count_instructions({}, '__asm__ volatile("udf #0")')


@on(SIMULATED)
def test_stack_is_measured(target: str) -> None:
    """A function with a buffer of n bytes on the stack takes n bytes more than one without."""
    use = """#include "use.h"
void use(int n)
{
    volatile char buffer[SIZE];
    for (int i = 0; i < n; i++)
        buffer[i] = 1;
    (void)buffer[0];
}
"""
    main = """#include "bench.h"
#include "use.h"
int main(void)
{
    bench_stack_paint();
    use(SIZE);
    bench_print_unsigned(bench_stack_used());
    return 0;
}
"""
    sources = {"use.h": "void use(int n);\n", "use.c": use, "main.c": main}
    used = [
        int(run(sources, target=target, flags=("-O2", f"-DSIZE={n}")).output) for n in (16, 416)
    ]
    assert used[1] - used[0] == 400
    assert 16 <= used[0] <= 48


def test_tables_in_program_memory_are_tables() -> None:
    listing = """
00000000 l     O .srodata\t00000007 other
00000000 g     O .sdata\t00000004 initialised
00000000 l     O .progmem.data\t000000c8 table
00000000 g     F .text.read\t00000010 .hidden read
00000000         *UND*\t00000000 memcpy
"""
    found = dict(build._symbols(listing, build.sections("avr-gcc")))
    assert {name: (s.size, s.section) for name, s in found.items()} == {
        "table": (200, "rodata"),
        "read": (16, "text"),
    }


def test_a_missing_tool_is_named_with_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(MissingToolError, match=r"simavr is not installed \(.* simavr\)"):
        run({"main.c": "int main(void) { return 0; }"}, target="avr")


def test_this_machine_is_no_board() -> None:
    with pytest.raises(
        ValueError, match="'portable', which has no simulated board, expected one of"
    ):
        run({}, target="portable")
