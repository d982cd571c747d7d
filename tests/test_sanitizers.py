"""What the flags of the tests with sanitizers find, and that warnings stop them."""

from __future__ import annotations

import pytest

from tests.exactness import SANITIZERS, output_on_host

FAULTY = {
    "heap-buffer-overflow|out of bounds|stack-buffer-overflow": "return table[index];",
    "shift exponent": "return 1 << (index + 30);",
    "signed integer overflow": "return 2147483647 + index;",
}


def program(statement: str) -> dict[str, str]:
    lines = [
        "#define SK_INLINE static inline __attribute__((always_inline))",
        "#include <stdio.h>",
        "#include <stdlib.h>",
        "SK_INLINE int of(const int *table, int index)",
        "{",
        "    (void)table;",
        f"    {statement}",
        "}",
        "int main(void)",
        "{",
        "    int *table = calloc(2, sizeof *table);",
        '    printf("%d", of(table, 2));',
        "    free(table);",
        "    return 0;",
        "}",
    ]
    return {"main.c": "\n".join(lines) + "\n"}


@pytest.mark.needs("cc")
@pytest.mark.parametrize("fault", FAULTY)
def test_a_fault_is_found(fault, tmp_path):
    with pytest.raises(AssertionError, match=fault):
        output_on_host(program(FAULTY[fault]), SANITIZERS, tmp_path)


@pytest.mark.needs("cc")
def test_a_program_without_faults_runs(tmp_path):
    assert output_on_host(program("return 3 * index;"), SANITIZERS, tmp_path) == "6"


@pytest.mark.needs("cc")
def test_a_warning_is_an_error(tmp_path):
    with pytest.raises(AssertionError, match="Wfloat-conversion"):
        output_on_host(program("return index * 2.5;"), SANITIZERS, tmp_path)
