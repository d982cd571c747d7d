"""Flavours of one convolution: what each costs on simulated cores, and in Python.

    OMP_NUM_THREADS=1 python tests/benchmarks/bench_flavours.py [minimal] [torch]

- ``minimal``: minimal filtering F(2x2, 3x3) against the direct routines on Cortex-M4 and M0,
  instructions of one layer with -O2 under QEMU, and how many integers differ from the definition;
- ``torch``: the same in floats, in torch, against torch's own convolution, on one thread.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))

from skconv.codegen.render import CSources, program_of
from skconv.codegen.routines import blocked, conv, winograd
from skconv.codegen.routines.base import Optimize, Wish
from skconv.codegen.select import select
from skconv.deploy.bench import benchmark
from skconv.graph import Graph
from skconv.graph.minimal_filtering import minimal_algorithm
from skconv.graph.nested import Packed
from skconv.target.targets import get_target
from tests.integer_graphs import input_spec, qconv, samples

SAME = ((1, 1), (1, 1))
LAYERS = (  # side, channels, kernels
    (16, 64, 64), (8, 64, 64), (7, 64, 64), (16, 32, 32), (8, 32, 32), (7, 32, 32),
    (16, 16, 16), (8, 16, 16), (7, 16, 16), (8, 8, 8), (8, 4, 16), (8, 32, 8),
)  # fmt: skip
BATCHES = (1, 64, 256)
SECONDS = 1.5

Plan = Callable[..., Packed]


@dataclass(frozen=True)
class Cost:
    """What a form of a layer takes."""

    instructions: int
    scratch: int
    tables: int
    wrong: int


def layer(side: int, channels: int, n_kernels: int) -> Graph:
    """A convolution 3x3 at stride 1 that keeps the size of its map, int8 to int8."""
    x = input_spec((side, side, channels), "int8")
    op = qconv(np.random.default_rng(0), x, n_kernels, (3, 3), padding=SAME)
    return Graph(x).append(op)


def cost(graph: Graph, target: str, plan: Plan, optimize: Optimize = "speed") -> Cost:
    """Of a layer by a routine, whether ``select`` would take it or not."""
    (node,) = graph.nodes
    op = plan(node.op, graph.input, Wish(optimize))
    sources = CSources(
        program_of(replace(graph, nodes=(replace(node, op=op),)), "m"), get_target(target)
    )
    found = benchmark(sources, samples(np.random.default_rng(1), graph.input, 1))
    assert found.wrong is not None
    return Cost(found.nodes[0].count, op.scratch_bytes, found.table_bytes, found.wrong)


def is_taken(graph: Graph, target: str) -> bool:
    """Whether ``select`` takes minimal filtering for speed."""
    op = select(graph, get_target(target), "speed").nodes[0].op
    return isinstance(op, winograd.DspWinograd | winograd.PlainWinograd)


# -------------------------------------------------------------------- minimal filtering in C

MINIMAL: tuple[tuple[str, Plan, Optimize, Plan], ...] = (
    ("cortex-m4", conv.plan, "balanced", winograd.plan_dsp),
    ("cortex-m4", conv.plan, "speed", winograd.plan_dsp),
    ("cortex-m0", blocked.plan, "speed", winograd.plan_plain),
)


def minimal() -> Iterator[str]:
    yield f"{'':32s} {'direct':>12s} {'F(2x2,3x3)':>12s} {'':>6s}  bytes of tables, scratch; differ"
    for side, channels, kernels in LAYERS:
        graph = layer(side, channels, kernels)
        for target, of, optimize, plan in MINIMAL:
            peer, mine = cost(graph, target, of, optimize), cost(graph, target, plan)
            bits = {"balanced": ", 8 bits", "speed": ", 16 bits"}[optimize]
            name = f"{channels}->{kernels}, {side}x{side}, {target}"
            name += bits if of is conv.plan else ""
            yield (
                f"{name:32s} {peer.instructions:12,d} {mine.instructions:12,d}"
                f" {peer.instructions / mine.instructions:5.2f}x"
                f"  {peer.tables:,} -> {mine.tables:,}, {peer.scratch:,} -> {mine.scratch:,};"
                f" {peer.wrong + mine.wrong}{' taken' if is_taken(graph, target) else ''}"
            )


# ----------------------------------------------------------------------------- in Python


def torch_minimal(x, kernels, bias):
    """F(2x2, 3x3) of maps ``(n, height, width, channels)`` of even sides, in torch."""
    import torch

    n, height, width, channels = x.shape
    padded = torch.nn.functional.pad(x, (0, 0, 1, 1, 1, 1))

    def to_places(lines):
        a, b, c, d = lines
        return a - c, b + c, c - b, d - b

    def from_places(lines):
        a, b, c, d = lines
        return a + b + c, b - c + d

    places = torch.empty(16, n, height // 2, width // 2, channels)
    rows = to_places([padded[:, i : i + height - 1 : 2] for i in range(4)])
    for i, row in enumerate(rows):
        columns = to_places([row[:, :, j : j + width - 1 : 2] for j in range(4)])
        for j, values in enumerate(columns):
            places[4 * i + j] = values
    sums = torch.bmm(places.view(16, -1, channels), kernels)
    sums = sums.view(4, 4, n, height // 2, width // 2, -1)
    out = torch.empty(n, height // 2, 2, width // 2, 2, sums.shape[-1])
    for i, row in enumerate(from_places(sums)):
        for j, values in enumerate(from_places(row)):
            torch.add(values, bias, out=out[:, :, i, :, j])
    return out.view(n, height, width, -1)


def process_seconds(call: Callable[[], object]) -> float:
    """The median of as many calls as fit."""
    call()
    taken = []
    end = time.perf_counter() + SECONDS
    while time.perf_counter() < end:
        start = time.process_time()
        call()
        taken.append(time.process_time() - start)
    return float(np.median(taken))


def torch() -> Iterator[str]:
    import torch

    torch.set_num_threads(1)
    torch.manual_seed(0)
    weights, bias = torch.randn(64, 3, 3, 64) / 24, torch.randn(64)
    g = torch.from_numpy(minimal_algorithm(2, 3).kernel.astype(np.float32))
    kernels = torch.einsum("pi,qj,nijc->pqcn", g, g, weights).reshape(16, 64, 64).contiguous()
    yield f"{'64->64, 16x16, float32':32s} {'torch':>12s} {'F(2x2,3x3)':>12s}"
    with torch.inference_mode():
        for n in BATCHES:
            x = torch.randn(n, 16, 16, 64)

            def peer(x=x):
                return torch.nn.functional.conv2d(
                    x.permute(0, 3, 1, 2), weights.permute(0, 3, 1, 2), bias, padding=1
                )

            def mine(x=x):
                """A sample at a time, so that all places stay in the cache."""
                return [torch_minimal(part, kernels, bias) for part in x.split(1)]

            error = float((torch.cat(mine()) - peer().permute(0, 2, 3, 1)).abs().max())
            taken = [1000 * process_seconds(call) for call in (peer, mine)]
            times = " ".join(f"{milliseconds:9.2f} ms" for milliseconds in taken)
            yield f"batch {n:<26d} {times}  largest difference {error:.0e}"


PARTS = {"minimal": minimal, "torch": torch}


def main() -> None:
    for name in sys.argv[1:] or PARTS:
        print(f"\n{name}")
        for line in PARTS[name]():
            print(line, flush=True)


if __name__ == "__main__":
    main()
