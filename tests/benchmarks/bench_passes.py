"""Every pass on every kind of graph, as it comes: accuracy, cost, and bytes that differ in C.

    python tests/benchmarks/bench_passes.py [PASS ...] [--counts]

Digits of scikit-learn, 1,200 to fit, 597 to score. ``tables``, ``RAM`` and ``instructions`` are
in units of those without the pass (Cortex-M4). Differing bytes are those of the scores and the
classes of 300 images, on this machine and on simulated Cortex-M4 and Cortex-M0; target: 0.
``-`` where a pass has nothing to do in a graph, which it says.

These instructions are estimates. With ``--counts`` a simulated Cortex-M4 counts in their place,
with int8 weights and with the pass, and a Cortex-M3 those of the pass: the same core without packed
arithmetic. Beside them the ratio of Cortex-M4, counted and estimated, and the bytes of tables.
"""

from __future__ import annotations

import sys
import tempfile
import warnings
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from skconv import compress, to_c
from skconv.passes.compress import PASSES
from tests import compressed

N_SAMPLES = 300
TARGETS = ("portable", "cortex-m4", "cortex-m0")


def line(extractor: str, name: str) -> str:
    pipe, (X, y) = compressed.fitted(extractor), compressed.digits()
    held = slice(compressed.N_FIT, None)
    try:
        small = compress(pipe, X[: compressed.N_FIT], y[: compressed.N_FIT], passes=[name])
    except ValueError as error:
        return f"-  {str(error).splitlines()[0]}"
    before, after = small.costs_
    ratios = (
        after.flash_bytes / before.flash_bytes,
        after.ram_bytes / before.ram_bytes,
        after.instructions / before.instructions,
    )
    differing = []
    for target in TARGETS:
        with tempfile.TemporaryDirectory() as folder:
            found = compressed.differing_bytes(small, N_SAMPLES, target, Path(folder))
        differing.append(f"{found:4d}")
    return "  ".join(
        [
            f"{pipe.score(X[held].reshape(-1, *shape(extractor)), y[held]):.4f}",
            f"{small.score(X[held], y[held]):.4f}",
            *(f"{ratio:6.2f}" for ratio in ratios),
            *differing,
        ]
    )


def counts(extractor: str, name: str) -> str:
    pipe, (X, y) = compressed.fitted(extractor), compressed.digits()
    fit = slice(compressed.N_FIT)
    try:
        small = compress(pipe, X[fit], y[fit], passes=[name])
    except ValueError as error:
        return f"-  {str(error).splitlines()[0]}"
    before, after = small.costs_
    plain, coded = (to_c(model, X[:300].reshape(-1, *shape(extractor))) for model in (pipe, small))
    taken = [
        model.benchmark(core, n_samples=2).per_inference
        for model, core in ((plain, "cortex-m4"), (coded, "cortex-m4"), (coded, "cortex-m3"))
    ]
    ratios = f"{taken[1] / taken[0]:8.2f} {after.instructions / before.instructions:9.2f}"
    tables = f"{before.flash_bytes:7,d} {after.flash_bytes:7,d}"
    return " ".join(f"{count:11,d}" for count in taken) + f" {ratios}  {tables}"


def shape(extractor: str) -> tuple[int, ...]:
    return compressed.SHAPE if extractor == "uspsnet" else (64,)


def main() -> None:
    counted = "--counts" in sys.argv
    names = [name for name in sys.argv[1:] if name != "--counts"] or list(PASSES)
    if counted:
        print(f"{'':34}     M4 int8          M4          M3   counted estimated   tables")
    else:
        print(f"{'':34} before   after  tables     RAM  instr.  host    M4    M0")
    for name in names:
        for extractor in compressed.EXTRACTORS:
            found = counts(extractor, name) if counted else line(extractor, name)
            print(f"{name:22} {extractor:10}  {found}", flush=True)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()
