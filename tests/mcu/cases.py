"""Fast routines in a program of many cases: each computes one output and is compared."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from skconv import emulator
from skconv.codegen.headers import header_texts
from skconv.codegen.text import struct, table
from skconv.graph import Requantization

OPTIMISATIONS = ("-O2", "-O3")


class Row(NamedTuple):
    """One line of the table of kernels."""

    work: str
    instructions: int
    target: int | None
    best_peer: int | None
    scratch_bytes: int
    table_bytes: int
    code_bytes: int


@dataclass(frozen=True)
class Case:
    """A C function of ``input`` and ``output``, and what it should give.

    ``@`` in the text stands for the number of the case: it keeps names apart.
    """

    headers: tuple[str, ...]
    tables: dict[str, NDArray[Any]]
    memory: dict[str, int]  # words, by name
    body: str
    x: NDArray[Any]
    wanted: NDArray[Any]

    def source(self, number: int = 0) -> str:
        lines = [f'#include "{header}"' for header in self.headers]
        for name, array in self.tables.items():
            lines += table(f"{name}_@", array)
        lines += [f"static int32_t {name}_@[{words}];" for name, words in self.memory.items()]
        lines += [
            "void work_@(const void *input, void *output);",
            "void work_@(const void *input, void *output)",
            "{",
            self.body,
            "}",
        ]
        return "\n".join(lines).replace("@", str(number)) + "\n"

    @property
    def table_bytes(self) -> int:
        return sum(array.nbytes for array in self.tables.values())

    @property
    def memory_bytes(self) -> int:
        return 4 * sum(self.memory.values())


def rule(to: Requantization, table_name: str = "") -> str:
    """The C value of a requantisation; several multipliers are a table of that name."""
    single = len(to.multiplier) == 1
    return struct(
        "sk_requantization",
        **({"multiplier": int(to.multiplier[0])} if single else {"multipliers": f"{table_name}_@"}),
        shift=to.shift,
        minimum=to.minimum,
        maximum=to.maximum,
    )


COMPARE = """\
#include "types.h"
{print_include}

static uint32_t differing(const void *found, const void *wanted, uint32_t size)
{{
    uint32_t count = 0;
    for (uint32_t i = 0; i < size; i++) {{
        count += ((const uint8_t *)found)[i] != ((const uint8_t *)wanted)[i];
    }}
    return count;
}}

{vectors}

int main(void)
{{
    uint32_t count = 0;
{runs}
    {print}(count);
    return 0;
}}
"""
ON_HOST = '#include <stdio.h>\nstatic void print(uint32_t n) { printf("%lu", (unsigned long)n); }'


def program(cases: Sequence[Case], *, host: bool, in_place: bool = False) -> dict[str, str]:
    """A program that prints how many bytes of all outputs differ from what is wanted."""
    vectors: list[str] = []
    runs: list[str] = []
    for i, case in enumerate(cases):
        vectors += table(f"x_{i}", case.x.ravel())
        vectors += table(f"wanted_{i}", case.wanted.ravel())
        vectors.append(f"void work_{i}(const void *input, void *output);")
        vectors.append(f"static int32_t found_{i}[{-(-case.wanted.nbytes // 4)}];")
        if in_place:
            runs.append(f"    for (uint32_t i = 0; i < sizeof x_{i}; i++) {{")
            runs.append(f"        ((uint8_t *)found_{i})[i] = ((const uint8_t *)x_{i})[i];")
            runs.append("    }")
        runs.append(f"    work_{i}({f'found_{i}' if in_place else f'x_{i}'}, found_{i});")
        runs.append(f"    count += differing(found_{i}, wanted_{i}, sizeof wanted_{i});")
    main = COMPARE.format(
        print_include=ON_HOST if host else '#include "bench.h"',
        print="print" if host else "bench_print_unsigned",
        vectors="\n".join(vectors),
        runs="\n".join(runs),
    )
    work = "\n".join(case.source(i) for i, case in enumerate(cases))
    return {**header_texts(), "work.c": work, "main.c": main}


def measure(
    case: Case, work: str, target: int | None, peer: int | None, flags: Sequence[str] = ()
) -> Row:
    """Instructions of one call, at the optimisation that needs the fewest."""
    sources = {**header_texts(), "work.c": case.source()}
    prelude = "\n".join(
        [
            '#include "types.h"',
            "void work_0(const void *input, void *output);",
            *table("x", case.x.ravel()),
            f"static int32_t found[{-(-case.wanted.nbytes // 4)}];",
        ]
    )
    counts = {
        optimisation: emulator.count_instructions(
            sources,
            "work_0(x, found)",
            prelude=prelude,
            flags=(optimisation, *flags),
            target="cortex-m4",
        )
        for optimisation in OPTIMISATIONS
    }
    best = min(counts, key=lambda optimisation: counts[optimisation])
    sizes = emulator.object_sizes(sources, flags=(best, *flags), target="cortex-m4")
    # Functions alone: a table of the same name prefix is data.
    code = sum(s.size for s in sizes.symbols.values() if s.section == "text")
    return Row(
        f"{work} ({best})", counts[best], target, peer, case.memory_bytes, case.table_bytes, code
    )


def show(rows: Sequence[Row]) -> None:
    """The table, one line a row."""
    print(f"{'work':58} {'insn':>9} {'target':>9} {'peer':>9} {'RAM':>6} {'tables':>7} {'code':>6}")
    for row in rows:
        numbers = [re.sub("None", "-", str(number)) for number in row[1:]]
        widths = (9, 9, 9, 6, 7, 6)
        print(f"{row.work:58} " + " ".join(map(str.rjust, numbers, widths)))


def image(rng: np.random.Generator, x: Any) -> NDArray[Any]:
    """A map with every value of its spec equally likely, and a corner of extremes."""
    low, high = x.limits
    values = rng.integers(low, high + 1, x.shape)
    rows, columns = x.shape[0] // 2, x.shape[1] // 2
    values[:rows, :columns] = rng.choice([low, high], (rows, columns, *x.shape[2:]))
    return values.astype(x.dtype)
