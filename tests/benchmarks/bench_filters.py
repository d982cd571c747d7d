"""Filters in front of a stream: instructions on simulated cores.

    OMP_NUM_THREADS=1 python tests/benchmarks/bench_filters.py

1. Executed instructions under QEMU (they are no cycles) for a sample of one channel, on a
   Cortex-M4 and a Cortex-M0: second-order sections, and the length of vectors of three axes.
2. A stream with four filters in front of its windows, node by node, for ten filtered samples.

``pytest -rP tests/test_iir.py -k noise`` prints the noise of the integers.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from scipy.signal import butter

sys.path.insert(0, str(Path(__file__).parents[2]))

from skconv import IIRFilter, VectorMagnitude, to_c
from tests.test_front import exported

LENGTH, CHANNELS = 100, 3
TARGETS = ("cortex-m4", "cortex-m0")


def instructions() -> None:
    X = np.random.default_rng(0).integers(-3000, 3000, (20, LENGTH, CHANNELS), dtype=np.int16)
    steps = {
        f"{order // 2} section{'s' * (order > 2)}": IIRFilter(butter(order, 0.3, output="sos"))
        for order in (2, 4)
    }
    steps["length of 3 axes"] = VectorMagnitude()
    print("instructions a sample and channel", *TARGETS, sep="  ")
    for name, step in steps.items():
        model = to_c(step.fit(X), X)
        counts = [model.benchmark(target, n_samples=2).per_inference for target in TARGETS]
        print(
            f"{name:33s}", *(f"{n / LENGTH / CHANNELS:9.1f}" for n in counts), sep="  ", flush=True
        )


def stream() -> None:
    for target in TARGETS:
        print(exported(10).for_target(target).benchmark(target))


if __name__ == "__main__":
    instructions()
    stream()
