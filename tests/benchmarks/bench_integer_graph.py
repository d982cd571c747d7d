"""How long `integer_graph` takes on a chain of 40 convolutions, in processor seconds.

    OMP_NUM_THREADS=1 python tests/benchmarks/bench_integer_graph.py [TREE ...]

Several TREEs (folders with a ``skconv`` of their own; this one by default) are measured in turn,
round after round, each in a process of its own. The least of the rounds counts. A digest of the
integer graph shows that all made the same one.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parents[2]
ROUNDS = 5
PROGRAM = """
import hashlib, json, sys, time
sys.path.insert(0, sys.argv[1])
import numpy as np
from skconv.graph import (
    ArgMax, Conv, Graph, Linear, MeanPool, Relu, Reshape, TensorSpec, to_dict, verify,
)
from skconv.passes.integers import integer_graph

rng = np.random.default_rng(0)
graph = Graph(TensorSpec((16, 16, 3)))
for i in range(40):
    weights = rng.normal(0, 0.17, (8, 3, 3, 8 if i else 3)).astype("f4")
    bias = rng.normal(0, 0.1, 8).astype("f4")
    graph = graph.append(Conv(weights, bias, padding=((1, 1), (1, 1)))).append(Relu())
graph = graph.append(MeanPool((16, 16), (16, 16))).append(Reshape((8,)))
graph = graph.append(Linear(rng.normal(0, 1, (10, 8)).astype("f4"), np.zeros(10, "f4")))
graph = verify(graph.append(ArgMax()))
x = rng.integers(0, 256, (int(sys.argv[2]), 16, 16, 3)).astype("uint8")
start = time.process_time()
found = integer_graph(graph, x)
seconds = time.process_time() - start
text = json.dumps(to_dict(found), sort_keys=True)
for gone in ('"input_zero_point": 0, ', '"zero_point": 0, ', ', "zero_point": 0'):
    text = text.replace(gone, "")  # of trees that still have them
print(seconds, hashlib.sha256(text.encode()).hexdigest()[:12])
"""


def measured(tree: Path, n_samples: int) -> tuple[float, str]:
    """Seconds, and the digest of the integer graph."""
    command = [sys.executable, "-c", PROGRAM, str(tree), str(n_samples)]
    found = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    return float(found[0]), found[1]


def main(*trees: str) -> None:
    folders = [Path(tree).resolve() for tree in trees] or [HERE]
    for n_samples in (20, 100):
        runs: dict[Path, list[tuple[float, str]]] = {folder: [] for folder in folders}
        for _ in range(ROUNDS):
            for folder in folders:
                runs[folder].append(measured(folder, n_samples))
        for folder, results in runs.items():
            seconds, digest = min(results)
            print(f"{n_samples:4d} samples  {seconds:6.2f} s  graph {digest}  {folder}", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
