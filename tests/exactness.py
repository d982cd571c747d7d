"""How many bytes of an exported model differ from the integer definition, and where it was run."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from skconv.export.c import render
from skconv.export.text import table
from skconv.graph import Graph
from skconv.runtime import fixed
from skconv.runtime.compiled import write_files
from skconv.targets import WARNING_FLAGS
from tests.qemu.bench import Cpu, run_on_qemu

SANITIZERS = ("-O1", "-g", "-fsanitize=undefined,address", "-fno-sanitize-recover=all")

MAIN = """\
#include "{name}.h"
#include "vectors.h"
{print_include}

/* Bytes of scores and classes that differ from what is wanted. */
int main(void)
{{
    uint32_t differing = 0;
    for (int32_t i = 0; i < N_SAMPLES; i++) {{
        static {name}_output_t found[{macro}_OUTPUT_SIZE];
        const {name}_input_t *const x = inputs + i * {macro}_INPUT_SIZE;
        {name}_run(x, found);
        const unsigned char *const a = (const unsigned char *)found;
        const unsigned char *const b =
            (const unsigned char *)(scores + i * {macro}_OUTPUT_SIZE);
        for (uint32_t k = 0; k < sizeof found; k++) {{
            differing += a[k] != b[k];
        }}
        const int32_t label = {name}_predict(x);
        for (uint32_t k = 0; k < 4; k++) {{
            differing += (((uint32_t)label ^ (uint32_t)labels[i]) >> (8 * k) & 0xff) != 0;
        }}
    }}
    {print}(differing);
    return differing != 0;
}}
"""
PRINT_ON_HOST = (
    '#include <stdio.h>\nstatic void print(uint32_t n) { printf("%lu", (unsigned long)n); }'
)


def program(graph: Graph, x: NDArray[Any], name: str = "m", *, host: bool) -> dict[str, str]:
    """A program that prints how many bytes of the scores and classes of ``x`` differ."""
    wanted = fixed.tensors(graph, x, (graph.scores_name, graph.output_name))
    arrays = {
        "inputs": x.ravel(),
        "scores": wanted[graph.scores_name].ravel(),
        "labels": wanted[graph.output_name].ravel(),
    }
    vectors = ['#include "skconv/types.h"', f"#define N_SAMPLES {len(x)}"]
    for array_name, values in arrays.items():
        vectors += table(array_name, values)
    main = MAIN.format(
        name=name,
        macro=name.upper(),
        print="print" if host else "bench_print_unsigned",
        print_include=PRINT_ON_HOST if host else '#include "bench.h"',
    )
    return {**render(graph, name), "vectors.h": "\n".join(vectors) + "\n", "main.c": main}


def on_host(graph: Graph, x: NDArray[Any], flags: tuple[str, ...], folder: Path) -> int:
    """Differing bytes on this machine, built with these flags."""
    return run_program(program(graph, x, host=True), flags, folder)


def run_program(sources: dict[str, str], flags: tuple[str, ...], folder: Path) -> int:
    """What a program built on this machine prints."""
    write_files(folder, sources)
    units = [name for name in sources if name.endswith(".c")]
    command = ["cc", *WARNING_FLAGS, *flags, *units, "-o", "program"]
    subprocess.run(command, cwd=folder, check=True)
    result = subprocess.run([folder / "program"], capture_output=True, text=True, check=False)
    if result.stderr or not result.stdout:
        raise AssertionError(result.stderr or f"exit status {result.returncode}")
    return int(result.stdout)


def on_qemu(graph: Graph, x: NDArray[Any], cpu: Cpu) -> int:
    """Differing bytes on a Cortex-M."""
    result = run_on_qemu(program(graph, x, host=False), cpu=cpu, timeout=600)
    if result.returncode not in (0, 1) or not result.output:
        raise AssertionError(f"exit status {result.returncode}: {result.output}")
    return int(result.output)
