"""Processor time of MiniRocket's transform, one thread, against warm aeon in the same process.

Run it with a Python that has aeon and numba::

    export OMP_NUM_THREADS=1 NUMBA_NUM_THREADS=1 PYTHONPATH=.
    python tests/benchmarks/bench_minirocket_speed.py

The runs of both take turns, and each ratio is that of two runs that follow each other: the median
of them is printed. Signals are random walks: float32; int16 with 12 bits, as most sensors have
them, which are added in int16; and full int16, which is added in float32, exactly. The
last line is the first call in a fresh process, after the import.
"""

from __future__ import annotations

import subprocess
import sys
import time
from importlib import import_module
from typing import Any

import numpy as np

from skconv import MiniRocketFeatures

AEON = "aeon.transformations.collection.convolution_based"
LENGTHS = {150: 512, 427: 256, 1460: 128}
REPEATS = 5
TARGETS = {"float32": 1.3, "int16, 12 bits": 1.0, "int16, 16 bits": 1.0}
FIRST_CALL = """
import time, numpy as np
from skconv import MiniRocketFeatures
X = np.random.default_rng(0).normal(size=(50, 150))
start = time.perf_counter()
MiniRocketFeatures(random_state=0).fit_transform(X)
print(time.perf_counter() - start)
"""


def signals(n: int, length: int) -> dict[str, Any]:
    """The same random walks in each type."""
    walks = np.random.default_rng(0).normal(size=(n, length)).cumsum(axis=1)
    walks /= np.abs(walks).max()
    return {
        "float32": walks.astype(np.float32),
        "int16, 12 bits": np.rint(2047 * walks).astype(np.int16),
        "int16, 16 bits": np.rint(32767 * walks).astype(np.int16),
    }


def seconds(function: Any, x: Any) -> float:
    start = time.process_time()
    function(x)
    return time.process_time() - start


def main() -> None:
    # A peer, not a dependency.
    MiniRocket = import_module(AEON).MiniRocket
    for length, n in LENGTHS.items():
        both = signals(n, length)
        peer = MiniRocket(random_state=0).fit(both["float32"][:50, None])
        peer.transform(both["float32"][:4, None])  # compiles
        for name, x in both.items():
            mine = MiniRocketFeatures(random_state=0).fit(x[:50])
            theirs = both["float32"][:, None]
            pairs = [
                (seconds(mine.transform, x), seconds(peer.transform, theirs))
                for _ in range(REPEATS)
            ]
            ratio = np.median([a / b for a, b in pairs])
            a, b = 1e6 * np.min(pairs, axis=0) / n
            print(
                f"length {length:5} {name:15} {a:7.0f} us a series, aeon {b:7.0f}: "
                f"{ratio:.2f} times (target <= {TARGETS[name]}, stretch 0.8)",
                flush=True,
            )
    done = subprocess.run(
        [sys.executable, "-c", FIRST_CALL], check=True, capture_output=True, text=True
    )
    print(f"first call in a fresh process {float(done.stdout):.2f} s (target < 1 s)")


if __name__ == "__main__":
    main()
