"""Every source of kernels, nonlinearity and pooling on Fashion-MNIST: bytes of the C that differ.

    OMP_NUM_THREADS=1 python tests/benchmarks/bench_source_bytes.py [n_images]

The stages of `tests/source_walk.py`, learnt from train[:300], run on train[50000:50300]: every
tensor of every image, on this machine (-O2) and on an emulated Cortex-M4 with its routines.
Tensors are compared by checksum: where no graph differs, no byte does.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator, Sequence
from itertools import chain, islice
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from skconv.datasets import load_fashion_mnist
from skconv.stages.spec import POOLS
from tests import exactness
from tests.many_graphs import Case, failures, program
from tests.source_walk import OPTIONS, PLAIN, SOURCES, Walk, specialized

# So many models fit the board's memory, their images and tensors with them.
BATCH = 60


def on_host(cases: Sequence[Case]) -> str:
    with tempfile.TemporaryDirectory() as folder:
        return exactness.output_on_host(program(cases, host=True), ("-O2",), Path(folder))


def on_m4(cases: Sequence[Case]) -> str:
    return exactness.output_on_target(program(cases, host=False), "cortex-m4", ("-O2",))


def differing(cases: Sequence[Case], output: str) -> int:
    """Graphs with a tensor that has a differing byte; they are named."""
    found = failures(cases, output)
    for case, node in found:
        print(f"{case.name}: node {node.name!r} differs", flush=True)
    return len(found)


def batches(cases: Iterator[Case]) -> Iterator[list[Case]]:
    while batch := list(islice(cases, BATCH)):
        yield batch


def main() -> None:
    n_images = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    X, y = load_fashion_mnist()
    walk = Walk(X[:300], y[:300], X[50_000 : 50_000 + n_images])
    n_cases = host = m4 = 0
    cases = chain(walk.plain(), walk.options(), walk.deeper(), walk.triangles())
    for batch in batches(cases):
        n_cases += len(batch)
        host += differing(batch, on_host(batch))
        special = specialized(batch, "cortex-m4")
        m4 += differing(special, on_m4(special))
        print(f"{n_cases} so far: {host} differ here, {m4} on the M4", flush=True)
    print(
        f"{len(SOURCES)} sources x {len(PLAIN) + len(OPTIONS)} nonlinearities and options x "
        f"{len(POOLS)} pools, deeper stages and triangles: {n_cases} graphs, {n_images} images\n"
        f"graphs with a differing byte: {host} on this machine, {m4} on the Cortex-M4 (target 0)"
    )


if __name__ == "__main__":
    main()
