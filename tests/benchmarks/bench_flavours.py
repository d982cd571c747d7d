"""Flavours of one convolution: what each costs on simulated cores, and in Python.

    OMP_NUM_THREADS=1 python tests/benchmarks/bench_flavours.py [PART ...]

- ``minimal``: minimal filtering F(2x2, 3x3) against the direct routines on Cortex-M4 and M0,
  instructions of one layer with -O2 under QEMU, and how many integers differ from the definition;
- ``rows``: F(4, 3) on signals, kernels of one row of three, on M0 and M3;
- ``sparse``: a walk along the weights that are no zeros, by their share, on M4 and M0;
- ``memory``: RAM of im2col, of kernel-to-row and of the routines, whose results are equal;
- ``torch``: minimal filtering in floats, in torch, against torch's own convolution, on one thread.
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
from skconv.codegen.routines import sparse as sparse_conv
from skconv.codegen.routines.base import Optimize, Wish
from skconv.codegen.select import select
from skconv.deploy.bench import benchmark
from skconv.graph import Graph, QConv
from skconv.graph.minimal_filtering import minimal_algorithm
from skconv.graph.nested import Packed
from skconv.runtime import fixed
from skconv.target.targets import get_target
from tests.integer_graphs import input_spec, qconv, samples

SAME = ((1, 1), (1, 1))
LAYERS = (  # side, channels, kernels
    (16, 64, 64), (8, 64, 64), (7, 64, 64), (16, 32, 32), (8, 32, 32), (7, 32, 32),
    (16, 16, 16), (8, 16, 16), (7, 16, 16), (8, 8, 8), (8, 4, 16), (8, 32, 8),
)  # fmt: skip
SIGNALS = (  # length, channels, kernels
    (64, 64, 64), (50, 32, 32), (64, 32, 8), (64, 16, 16), (64, 8, 8), (61, 4, 16),
)  # fmt: skip
SHARES = (1.0, 0.7, 0.5, 0.38, 0.2, 0.15, 0.1, 0.05)
LARGE_MAPS = ((96, 32, 32), (48, 64, 64), (112, 16, 24))  # side, channels, kernels
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
    return isinstance(op, winograd.DspWinograd | winograd.PlainWinograd | winograd.PlainLine)


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


def rows() -> Iterator[str]:
    yield f"{'':32s} {'direct':>12s} {'F(4, 3)':>12s}"
    for length, channels, kernels in SIGNALS:
        x = input_spec((1, length, channels), "int8")
        op = qconv(np.random.default_rng(0), x, kernels, (1, 3), padding=((0, 0), (1, 1)))
        graph = Graph(x).append(op)
        for target in ("cortex-m0", "cortex-m3"):
            peer, mine = (cost(graph, target, p) for p in (blocked.plan, winograd.plan_line))
            yield (
                f"{f'{channels}->{kernels}, {length}, {target}':32s} {peer.instructions:12,d}"
                f" {mine.instructions:12,d} {peer.instructions / mine.instructions:5.2f}x"
                f"  {peer.tables:,} -> {mine.tables:,}; {peer.wrong + mine.wrong}"
                f"{' taken' if is_taken(graph, target) else ''}"
            )


OTHERS: dict[str, tuple[tuple[Plan, Optimize], ...]] = {
    "cortex-m4": (
        (conv.plan, "balanced"),
        (conv.plan, "speed"),
        (winograd.plan_dsp, "speed"),
    ),
    "cortex-m0": ((blocked.plan, "balanced"), (winograd.plan_plain, "speed")),
}


def sparse() -> Iterator[str]:
    """The direct routines and minimal filtering take as many whatever the weights are."""
    for side, channels, kernels in ((16, 16, 16), (8, 64, 32)):
        graph = layer(side, channels, kernels)
        for target, of in OTHERS.items():
            others = [cost(graph, target, plan, o) for plan, o in of]
            counts = ", ".join(f"{other.instructions:,}" for other in others)
            yield f"{channels}->{kernels}, {side}x{side}, {target}: others {counts}"
            for share in SHARES:
                mine = cost(thinned(graph, share), target, sparse_conv.plan)
                yield (
                    f"  {share:4.0%} of weights {mine.instructions:12,d}"
                    f"  tables {others[0].tables:,} -> {mine.tables:,}; {mine.wrong}"
                )


def thinned(graph: Graph, share: float) -> Graph:
    """A layer with so many of its weights."""
    (node,) = graph.nodes
    assert isinstance(node.op, QConv)
    left = np.random.default_rng(2).random(node.op.weights.shape) < share
    op = replace(node.op, weights=(node.op.weights * left).astype(np.int8))
    return replace(graph, nodes=(replace(node, op=op),))


# --------------------------------------------------------------------------------- memory


def by_im2col(op: QConv, x: np.ndarray) -> np.ndarray:
    """Accumulators of a padded map: one product of all windows with all kernels."""
    windows = np.lib.stride_tricks.sliding_window_view(x, op.window, axis=(0, 1))
    patches = windows.transpose(0, 1, 3, 4, 2).reshape(*windows.shape[:2], -1)
    return patches @ op.weights.reshape(len(op.weights), -1).T.astype(np.int64) + op.bias


def by_kernel_to_row(op: QConv, x: np.ndarray) -> np.ndarray:
    """The same, tap after tap: a product of pixels with a matrix, added where it belongs."""
    height, width = op.window
    rows, columns = x.shape[0] - height + 1, x.shape[1] - width + 1
    sums = np.tile(op.bias.astype(np.int64), (rows, columns, 1))
    for i in range(height):
        for j in range(width):
            sums += x[i : i + rows, j : j + columns] @ op.weights[:, i, j].T.astype(np.int64)
    return sums


def memory() -> Iterator[str]:
    yield (
        f"{'bytes beside input and output':32s} {'im2col':>12s} {'kernel-to-row':>14s}"
        f" {'M4 direct':>10s} {'M0 direct':>10s} {'F(2x2,3x3)':>10s}  differ"
    )
    for side, channels, kernels in LARGE_MAPS:
        graph = layer(side, channels, kernels)
        op, x = graph.nodes[0].op, samples(np.random.default_rng(1), graph.input, 1)
        assert isinstance(op, QConv)
        padded = np.pad(x[0].astype(np.int64), (*SAME, (0, 0)))
        sums = [form(op, padded) for form in (by_im2col, by_kernel_to_row)]
        wanted = fixed.run(graph, x)[0]
        found = [fixed.requantize(part, op.requantization) for part in sums]
        differ = sum(int((part != wanted).sum()) for part in found)
        plans = (conv.plan, blocked.plan, winograd.plan_dsp)
        scratch = [plan(op, graph.input, Wish("speed")).scratch_bytes for plan in plans]
        patches, accumulators = side * side * 9 * channels, 4 * side * side * kernels
        yield (
            f"{f'{channels}->{kernels}, {side}x{side}':32s} {patches:12,d} {accumulators:14,d}"
            f" {scratch[0]:10,d} {scratch[1]:10,d} {scratch[2]:10,d}  {differ}"
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


def torch_kernel_to_row(x, weights, bias):
    """Kernel-to-row of maps ``(n, height, width, channels)``, with a border of zeros, in torch."""
    import torch

    _, height, width, _ = x.shape
    padded = torch.nn.functional.pad(x, (0, 0, 1, 1, 1, 1))
    sums = bias.expand(len(x), height, width, len(bias)).clone()
    for i in range(3):
        for j in range(3):
            sums += padded[:, i : i + height, j : j + width] @ weights[:, i, j].T
    return sums


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
    names = f"{'torch':>12s} {'F(2x2,3x3)':>12s} {'kernel-to-row':>14s}"
    yield f"{'64->64, 16x16, float32':32s} {names}"
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

            def other(x=x):
                return torch_kernel_to_row(x, weights, bias)

            wanted = peer().permute(0, 2, 3, 1)
            error = max(
                float((found - wanted).abs().max()) for found in (torch.cat(mine()), other())
            )
            taken = [1000 * process_seconds(call) for call in (peer, mine, other)]
            times = " ".join(f"{milliseconds:9.2f} ms" for milliseconds in taken)
            yield f"batch {n:<26d} {times}  largest difference {error:.0e}"


PARTS = {"minimal": minimal, "rows": rows, "sparse": sparse, "memory": memory, "torch": torch}


def main() -> None:
    for name in sys.argv[1:] or PARTS:
        print(f"\n{name}")
        for line in PARTS[name]():
            print(line, flush=True)


if __name__ == "__main__":
    main()
