"""The pipelines of the demo on Fashion-MNIST: instructions, flash and RAM, before and after.

    OMP_NUM_THREADS=1 python tests/benchmarks/bench_pipelines_mcu.py

*plain* runs op by op with the portable routines and keeps every tensor; *fused* keeps no map;
*cortex-m4* has the routines of the DSP extension, too. Cortex-M4 under QEMU, -O2 and -O3,
one image of train[50000:]; instructions, not cycles.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from skconv import emulator
from skconv.codegen.render import render
from skconv.graph import Graph
from skconv.target.cost import report
from skconv.target.targets import get_target
from tests.pipelines import EXTRACTORS, Exported, exported
from tests.selecting import fastest, fuse


def instructions(it: Exported, graph: Graph, flag: str) -> int:
    """Of one inference."""
    pixels = ", ".join(map(str, it.samples[0]))
    prelude = (
        f'#include "m.h"\nstatic const m_input_t x[M_INPUT_SIZE] = {{{pixels}}};\n'
        "static m_output_t y[M_OUTPUT_SIZE];"
    )
    return emulator.count_instructions(
        render(graph, "m"), "m_run(x, y)", prelude=prelude, flags=(flag,), target="cortex-m4"
    )


def main() -> None:
    print(
        f"{'extractor':9s} {'classifier':16s} {'form':10s} {'-O2':>12s} {'-O3':>12s} "
        f"{'flash':>10s} {'RAM':>8s}"
    )
    for extractor in EXTRACTORS:
        for classifier in ("logistic", "laplacian nusvc"):
            it = exported(extractor, classifier)
            fused = fuse(it.plain)
            forms = {
                "plain": it.plain,
                "fused": fused,
                "cortex-m4": fastest(fused, get_target("cortex-m4")),
            }
            for name, graph in forms.items():
                cost = report(graph)
                counts = [instructions(it, graph, flag) for flag in ("-O2", "-O3")]
                print(
                    f"{extractor:9s} {classifier:16s} {name:10s} {counts[0]:12,d} "
                    f"{counts[1]:12,d} {cost.flash_bytes:10,d} {cost.ram_bytes:8,d}",
                    flush=True,
                )


if __name__ == "__main__":
    main()
