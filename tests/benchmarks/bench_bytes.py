"""Sixteen pipelines on Fashion-MNIST: accuracy in floats and integers, and differing bytes.

    OMP_NUM_THREADS=1 python tests/benchmarks/bench_bytes.py

Fitted on train[:2000], calibrated on train[:500], compared on train[50000:51000]; 100 images
on the microcontrollers. A byte differs where a score or a class of the C is not that of the
integer definition; "tensors" compares every tensor of the graph.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests import exactness
from tests.pipelines import PAIRS, exported

BUILDS = {"-O0": ("-O0",), "-O2": ("-O2",), "-O3": ("-O3",), "sanitized": exactness.SANITIZERS}
CORES = {"M4": "cortex-m4", "M0": "cortex-m0"}


def differing_bytes(extractor: str, classifier: str) -> dict[str, int]:
    """Differing bytes of one pipeline, by build."""
    it = exported(extractor, classifier)
    tensors = it.model.verify(it.images).differing_bytes
    if tensors is None:
        raise SystemExit("no C compiler found: install gcc or set CC")
    found = {"tensors": tensors}
    for name, flags in BUILDS.items():
        with tempfile.TemporaryDirectory() as folder:
            found[name] = exactness.on_host(it.model.graph, it.samples, flags, Path(folder))
    for name, cpu in CORES.items():
        sources = exactness.program(it.model.graph, it.samples[:100], host=False)
        found[name] = exactness.on_target(sources, cpu)
    return found


def main() -> None:
    columns = ("tensors", *BUILDS, *CORES)
    print(f"{'extractor':9s} {'classifier':16s} {'float':>6s} {'int8':>6s} "
          + " ".join(f"{name:>9s}" for name in columns))  # fmt: skip
    losses, total = [], 0
    for extractor, classifier in PAIRS:
        it = exported(extractor, classifier)
        found = differing_bytes(extractor, classifier)
        losses.append(it.accuracy - it.integer_accuracy)
        total += sum(found.values())
        print(f"{extractor:9s} {classifier:16s} {it.accuracy:6.3f} {it.integer_accuracy:6.3f} "
              + " ".join(f"{found[name]:9d}" for name in columns), flush=True)  # fmt: skip
    print(f"differing bytes in all: {total} (target 0)")
    print(
        f"accuracy lost: {100 * np.mean(losses):.2f} points on average (target 0.5), "
        f"{100 * np.max(losses):.2f} at worst (target 1.5)"
    )


if __name__ == "__main__":
    main()
