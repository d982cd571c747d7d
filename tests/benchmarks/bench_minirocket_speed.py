"""Processor time of MiniRocket's transform, one thread, against warm aeon in the same process.

Run it with a Python that has aeon and numba::

    export OMP_NUM_THREADS=1 NUMBA_NUM_THREADS=1 PYTHONPATH=.
    python tests/benchmarks/bench_minirocket_speed.py

The runs of both take turns, and the ratio is that of the least times: what other processes do
beside only adds to a time. Signals are random walks: float32; int16 with 12 bits, as most
sensors have them, which are added in int16; and full int16, which is added in float32, exactly.
Below it stands the floor: the least calls of numpy that compare every response with every bias,
add responses and add up what was larger. The first call is that in a fresh process, after the
import, without a cache of compiled code. The last lines are the largest differences of features
from aeon's, on its data, given the same biases.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from importlib import import_module
from typing import Any

import numpy as np

from skconv import MiniRocketFeatures
from skconv.runtime.minirocket import counted, shares

AEON = "aeon.transformations.collection.convolution_based"
LENGTHS = {150: 512, 427: 256, 1460: 128}
REPEATS = 5
DATA = ("GunPoint", "ArrowHead", "BasicMotions", "OSULeaf", "ACSF1")
MOST_SIGNALS = 60
TARGETS = {"float32": 1.3, "int16, 12 bits": 1.0, "int16, 16 bits": 1.0}
FIRST_CALL = """
import time, numpy as np
{imports}
X = np.random.default_rng(0).normal(size=(50, {shape})).astype(np.float32)
start = time.perf_counter()
{name}(random_state=0).fit_transform(X)
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


def first_call(imports: str, name: str, shape: str) -> float:
    program = FIRST_CALL.format(imports=imports, name=name, shape=shape)
    with tempfile.TemporaryDirectory() as empty:
        done = subprocess.run(
            [sys.executable, "-c", program],
            check=True,
            capture_output=True,
            text=True,
            env={**os.environ, "NUMBA_CACHE_DIR": empty},
        )
    return float(done.stdout)


def floor(op: Any, x: Any) -> float:
    """Seconds for a signal: one add a response, then a comparison and an add for each bias."""
    n_biases, size = 4, 2**12
    dtype = np.float32 if np.abs(x).max() > 2**11 or x.dtype.kind == "f" else np.int16
    responses, biases = np.zeros((16, 1, size), dtype), np.zeros((16, n_biases, 1), dtype)
    larger = np.zeros((16, n_biases, size), np.bool_)
    total, ones = np.zeros(larger.size, np.uint8), larger.view(np.uint8).reshape(-1)
    steps = [
        (np.add, (responses, responses, responses), op.positions[op.first_features[:-1]].sum()),
        (np.greater, (responses, biases, larger), op.positions.sum()),
        (np.add, (total, ones, total), op.positions.sum()),
    ]
    return float(sum(least(call, arrays) * n / arrays[-1].size for call, arrays, n in steps))


def least(call: Any, arrays: Any, calls: int = 200) -> float:
    def many(_: Any) -> None:
        for _ in range(calls):
            call(*arrays)

    return min(seconds(many, None) for _ in range(REPEATS)) / calls


def compare_features(MiniRocket: Any) -> None:
    load = import_module("aeon.datasets").load_classification
    for name in DATA:
        try:
            X = load(name, split="train")[0][:MOST_SIGNALS].astype(np.float32)
        except Exception as problem:  # aeon's own, of many kinds, without a network
            print(f"{name}: not here ({type(problem).__name__})")
            continue
        peer = MiniRocket(random_state=0).fit(X)
        mine = MiniRocketFeatures(data_format="channels_first", random_state=0).fit(X)
        op = replace(mine._convolutions, biases=peer.parameters[-1])
        found = counted(op, X.transpose(0, 2, 1)[:, None], shares(op))
        distance = np.abs(found - peer.transform(X))
        print(
            f"{name}: largest difference from aeon's features {distance.max():.1e}, "
            f"{(distance > 1e-5).mean():.2%} of them differ by a step of time"
        )


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
            a, b = 1e6 * np.min(pairs, axis=0) / n
            print(
                f"length {length:5} {name:15} {a:7.0f} us a series, aeon {b:7.0f}: "
                f"{a / b:.2f} times (target <= {TARGETS[name]}, stretch 0.8), "
                f"floor {1e6 * floor(mine._convolutions, x):.0f} us",
                flush=True,
            )
    found = first_call("from skconv import MiniRocketFeatures", "MiniRocketFeatures", "150")
    aeon = first_call(f"from {AEON} import MiniRocket", "MiniRocket", "1, 150")
    print(f"first call in a fresh process {found:.2f} s (target < 1 s), aeon {aeon:.1f} s")
    compare_features(MiniRocket)


if __name__ == "__main__":
    main()
