"""How many bytes of an exported model differ from the integer definition, and where it was run."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skconv import emulator
from skconv.codegen.render import render
from skconv.codegen.text import table
from skconv.emulator.build import Compiler
from skconv.graph import Graph
from skconv.runtime import fixed
from skconv.target.targets import WARNING_FLAGS, get_target
from skconv.utils.files import write_files

# Functions that the printed C wants inlined stay apart: code that is used many times compiles
# several times as fast. It is the same C, and other tests build it as it is.
APART = "-Dalways_inline=unused"
# Nothing is optimised away before it is checked. GCC cannot unroll a loop that it checks, and
# says so: `build` lets that pass.
SANITIZERS = (
    "-O0",
    APART,
    "-fsanitize=undefined,address",
    "-fno-sanitize-recover=all",
    "-Wno-error",
)
LET_PASS = "ignoring loop annotation"

MAIN = """\
#include "{name}.h"
#include "vectors.h"
{print_include}

static {name}_input_t x[{macro}_INPUT_SIZE];
static {name}_output_t found[{macro}_OUTPUT_SIZE];

static int32_t differing_bytes(uint32_t difference)
{{
    int32_t count = 0;
    for (; difference != 0; difference >>= 8) {{
        count += (difference & 0xff) != 0;
    }}
    return count;
}}

/* Bytes of scores, and of classes, that differ from what is wanted. */
int main(void)
{{
    int32_t differing = 0;
    int32_t i = 0;
    for (; i < N_SAMPLES{in_time}; i++) {{
        for (int32_t k = 0; k < {macro}_INPUT_SIZE; k++) {{
            x[k] = inputs[i * {macro}_INPUT_SIZE + k];
        }}
        {name}_run(x, found);
        for (int32_t k = 0; k < {macro}_OUTPUT_SIZE; k++) {{
            const int32_t wanted = scores[i * {macro}_OUTPUT_SIZE + k];
            differing += differing_bytes((uint32_t)found[k] ^ (uint32_t)wanted);
        }}
{compare_labels}    }}
    {print}((uint32_t)differing);
{print_more}    return differing != 0;
}}
"""
COMPARE_LABELS = """\
        const int32_t label = {name}_predict(x);
        differing += differing_bytes((uint32_t)label ^ (uint32_t)labels[i]);
"""
PRINT_COUNTS = """\
    bench_print(" ");
    bench_print_unsigned((uint32_t)i);
    bench_print(" ");
    bench_print_unsigned(BENCH_NOW());
"""
PRINT_ON_HOST = (
    '#include <stdio.h>\nstatic void print(uint32_t n) { printf("%lu", (unsigned long)n); }'
)


def program(
    graph: Graph, x: NDArray[Any], name: str = "m", *, host: bool, avr_cycles: int = 0
) -> dict[str, str]:
    """A program that prints how many bytes of the scores and classes of ``x`` differ.

    With ``avr_cycles`` an AVR begins no second sample after so many. It prints how many samples
    it has run, too, and the cycles that they took.
    """
    wanted = fixed.tensors(graph, x, (graph.scores_name, graph.output_name))
    arrays = {"inputs": x.ravel(), "scores": wanted[graph.scores_name].ravel()}
    if graph.is_classifier:
        arrays["labels"] = wanted[graph.output_name].ravel()
    vectors = ['#include "skconv/types.h"', f"#define N_SAMPLES {len(x)}"]
    for array_name, values in arrays.items():
        vectors += table(array_name, values)
    main = MAIN.format(
        name=name,
        macro=name.upper(),
        compare_labels=COMPARE_LABELS.format(name=name) if graph.is_classifier else "",
        in_time=f" && (i == 0 || BENCH_NOW() < {avr_cycles}u)" if avr_cycles else "",
        print_more=PRINT_COUNTS if avr_cycles else "",
        **_printing(host),
    )
    return {**render(graph, name), "vectors.h": "\n".join(vectors) + "\n", "main.c": main}


TRACING_MAIN = """\
#include "m.h"
#include "vectors.h"
{print_include}

static m_input_t x[M_INPUT_SIZE];

/* Bytes of all tensors that differ from what is wanted. */
int main(void)
{{
    uint32_t differing = 0;
    for (int32_t i = 0; i < N_SAMPLES; i++) {{
        for (int32_t k = 0; k < M_INPUT_SIZE; k++) {{
            x[k] = inputs[i * M_INPUT_SIZE + k];
        }}
        (void)m_predict(x);
        for (int32_t k = 0; k < M_TRACE_BYTES; k++) {{
            differing += m_trace[k] != traces[i * M_TRACE_BYTES + k];
        }}
    }}
    {print}(differing);
    return differing != 0;
}}
"""


def tracing_program(graph: Graph, x: NDArray[Any], *, host: bool) -> dict[str, str]:
    """A program, to be built with -DM_TRACE, that compares every tensor."""
    wanted = fixed.tensors(graph, x)
    parts = [np.ascontiguousarray(wanted[node.name]).reshape(len(x), -1) for node in graph.nodes]
    traces = np.concatenate([part.view(np.uint8) for part in parts], axis=1)
    vectors = ['#include "skconv/types.h"', f"#define N_SAMPLES {len(x)}"]
    vectors += [*table("inputs", x.ravel()), *table("traces", traces.ravel())]
    main = TRACING_MAIN.format(**_printing(host))
    return {**render(graph, "m"), "vectors.h": "\n".join(vectors) + "\n", "main.c": main}


def _printing(host: bool) -> dict[str, str]:
    if host:
        return {"print": "print", "print_include": PRINT_ON_HOST}
    return {"print": "bench_print_unsigned", "print_include": '#include "bench.h"'}


def on_host(
    graph: Graph, x: NDArray[Any], flags: tuple[str, ...], folder: Path, compiler: str = "cc"
) -> int:
    """Differing bytes on this machine, built with these flags."""
    return run_program(program(graph, x, host=True), flags, folder, compiler)


def run_program(
    sources: dict[str, str], flags: tuple[str, ...], folder: Path, compiler: str = "cc"
) -> int:
    """The number that a program built on this machine prints."""
    return int(output_on_host(sources, flags, folder, compiler))


def output_on_host(
    sources: dict[str, str], flags: tuple[str, ...], folder: Path, compiler: str = "cc"
) -> str:
    """What a program built on this machine prints."""
    write_files(folder, sources)
    units = [name for name in sources if name.endswith(".c")]
    built = build(folder, units, flags, compiler)
    result = subprocess.run([built], capture_output=True, text=True, check=False)
    if result.stderr or not result.stdout:
        raise AssertionError(result.stderr or f"exit status {result.returncode}")
    return result.stdout


def build(folder: Path, units: list[str], flags: tuple[str, ...], compiler: str = "cc") -> Path:
    """A program of this machine, built with all warnings on; none may come."""
    silent = "-DSKCONV_NO_OPTIMIZE_WARNING"
    command = [compiler, silent, *WARNING_FLAGS, *flags, *units, "-o", "program"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    warnings = [line for line in done.stderr.splitlines() if " warning: " in line]
    if done.returncode or any(LET_PASS not in line for line in warnings):
        raise AssertionError(done.stderr)
    return folder / "program"


def on_target(
    sources: dict[str, str],
    target: str,
    flags: tuple[str, ...] = ("-O2",),
    compiler: Compiler = "gcc",
) -> int:
    """The number that a program prints on a simulated board, built with all warnings on."""
    return int(output_on_target(sources, target, flags, compiler))


def within_cycles(graph: Graph, x: NDArray[Any], cycles: int) -> tuple[int, int, int]:
    """On a simulated AVR: differing bytes, of how many samples, and the cycles of them.

    It begins no second sample after so many cycles.
    """
    sources = program(graph, x, host=False, avr_cycles=cycles)
    differing, ran, took = map(int, output_on_target(sources, "avr", ("-Os",)).split())
    return differing, ran, took


def output_on_target(
    sources: dict[str, str],
    target: str,
    flags: tuple[str, ...] = ("-O2",),
    compiler: Compiler = "gcc",
) -> str:
    """What a program prints on a simulated board, built with all warnings on."""
    result = emulator.run(
        sources,
        target=target,
        flags=(*flags, *WARNING_FLAGS, *get_target(target).flags),
        timeout=600,
        compiler=compiler,
    )
    if result.returncode not in (0, 1) or not result.output:
        raise AssertionError(f"exit status {result.returncode}: {result.output}")
    return result.output
