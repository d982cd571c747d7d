"""The work of kernel machines, and of distances to stored samples."""

from __future__ import annotations

from collections import Counter
from heapq import heapreplace
from math import ceil, log2

import numpy as np

from skconv.codegen.routines.kernel_machine import DspKernelMachine
from skconv.codegen.routines.neighbours import DspNeighbours
from skconv.codegen.work.ops import Work, long_products, work
from skconv.graph import QKernelMachine, QNoveltyMargin, TensorSpec
from skconv.graph.base import Array
from skconv.graph.neighbours import IntegerPrototypes, Neighbours

# Stored samples that stand for those to come, where the work hangs on how near they are.
MOST_QUERIES = 8
NOTHING = 2**31 - 1

# ----------------------------------------------------------------------------- kernel machines


@work.register
def _(op: QKernelMachine, x: TensorSpec, y: TensorSpec) -> Work:
    """Vector by vector, four features a turn."""
    vectors, features = op.support_vectors.shape
    form = f"{op.form} " if op.form is not None else ""
    numbers = "grid" if op.grid is not None else x.dtype
    found: Work = Counter({"call": 1, "results": y.size, "turns": vectors * (features // 4)})
    found[f"products of {numbers}"] = vectors * (features // 4) * 4
    found[f"last products of {numbers}"] = vectors * (features % 4)
    found[f"{'fine ' if op.fine else ''}vectors"] = vectors
    found += long_products(op.exponent, vectors)
    # With more than two classes each vector has a place among the sums of pairs.
    of = "of pairs" if op.n_classes > 2 else ""
    found[f"{form}coefficients {of}".strip()] = op.dual_coef.size
    found["vectors of pairs"] = vectors if op.n_classes > 2 else 0
    found["powers"] = vectors * (op.degree - 1) if op.kernel == "poly" else 0
    found["sums of classes"] = op.n_classes * len(op.dual_coef) if op.n_classes > 2 else 0
    return +found


@work.register
def _(op: DspKernelMachine, x: TensorSpec, y: TensorSpec) -> Work:
    """Four vectors at a time; of blocks where classes meet, once for each of them."""
    machine = op.op
    assert isinstance(machine, QKernelMachine)
    blocks = _blocks(machine)
    rows = len(machine.dual_coef)
    wide = "int16" if x.dtype == "int16" or (op.wide and machine.kernel == "rbf") else "uint8"
    vectors = "int4" if machine.grid is not None else wide
    found = Counter({"call": 1, "results": y.size})
    found += block_work(vectors, x, blocks, is_square=machine.kernel == "rbf")
    found[f"{'fine ' if machine.fine else ''}kernels"] = 4 * blocks
    found[f"rows of {machine.dual_coef.dtype}"] = blocks * rows
    found["sums of classes"] = machine.n_classes * rows if machine.n_classes > 2 else 0
    return +found


def _blocks(op: QKernelMachine) -> int:
    count = op.dual_coef.shape[1]
    ends = [count] if op.n_classes <= 2 else np.cumsum(op.n_support).tolist()
    begins = zip([0, *ends], ends, strict=False)
    return sum(ceil(end / 4) - begin // 4 for begin, end in begins)


def block_work(vectors: str, x: TensorSpec, blocks: int, *, is_square: bool) -> Work:
    """Four vectors of a type against the input, word by word: eight words a turn."""
    per_word = {"int4": 8, "uint8": 4, "int16": 2}[vectors]
    words, rest = divmod(x.size, per_word)
    is_dot = is_square and vectors != "uint8"
    is_spread = is_square and x.dtype != "int16"
    form = f"{vectors}, {'dot' if is_dot else 'l2' if is_square else 'l1'}, {x.dtype}"
    found: Work = Counter({f"blocks of {form}": blocks, f"words of {form}": blocks * words})
    found["turns"] = blocks * (words // 8)
    found[f"last words of {form}"] = blocks if rest else 0
    found["spread"] = ceil(x.size / 4) if is_spread else 0
    found["squares"] = ceil(x.size / 2) if is_dot else 0
    return +found


# ---------------------------------------------------------------------------------- neighbours


@work.register
def _(op: IntegerPrototypes, x: TensorSpec, y: TensorSpec) -> Work:
    """Sample by sample, four features a turn; most are left before the last feature."""
    count, metric = len(op.prototypes), op.metric
    visited, pushes = float(count * (x.size // 4)), 0.0
    whole = float(count)
    if isinstance(op, Neighbours):
        visited, whole, pushes = np.mean([visits(op, q, 4, 1) for q in _queries(op)], axis=0)
    found: Work = Counter({"call": 1, f"{metric} vectors": count})
    found[f"{metric} turns of {x.dtype}"] = round(visited)
    found[f"last {metric} products of {x.dtype}"] = round(whole * (x.size % 4))
    return +(found + _judged(op, y, round(pushes)))


@work.register
def _(op: DspNeighbours, x: TensorSpec, y: TensorSpec) -> Work:
    """Four samples at a time, eight words a turn."""
    inner = op.op
    assert isinstance(inner, IntegerPrototypes)
    blocks, vectors = ceil(len(inner.prototypes) / 4), inner.prototypes.dtype
    is_square, name = inner.metric == "l2", "int16" if vectors == np.int16 else "uint8"
    found = block_work(name, x, blocks, is_square=is_square)
    pushes = 0.0
    if isinstance(inner, Neighbours):
        per_turn = 8 * (2 if name == "int16" else 4)
        turns, whole, pushes = np.mean(
            [visits(inner, q, per_turn, 4) for q in _queries(inner)], axis=0
        )
        if not is_square or name == "uint8":
            every = x.size // per_turn
            left = (turns + whole * (x.size % per_turn) / per_turn) / max(1, blocks)
            share = left / max(1e-9, every + x.size % per_turn / per_turn)
            found = Counter({n: round(share * c) if "words" in n else c for n, c in found.items()})
            found["turns"] = round(turns)
    found["call"] = 1
    return +(found + _judged(inner, y, round(pushes)))


def _judged(op: IntegerPrototypes, y: TensorSpec, pushes: int) -> Work:
    """What is done with sums: roots, a heap, and what the neighbours say."""
    found: Work = Counter(results=y.size)
    if not isinstance(op, Neighbours):
        found["roots"] = len(op.prototypes) if op.metric == "l2" else 0
        return found
    found["pushes"] = pushes
    found["levels"] = round(pushes * log2(op.k + 1))
    found["neighbours"] = op.k
    is_weighted = bool(getattr(op, "weighted", False))
    if op.metric == "l2" and (is_weighted or isinstance(op, QNoveltyMargin)):
        found["roots"] = op.k
    found["weights"] = op.k if is_weighted else 0
    return found


def _queries(op: IntegerPrototypes) -> Array:
    """Some of the stored samples, as far apart as can be."""
    count = len(op.prototypes)
    return np.unique(np.linspace(0, count - 1, min(count, MOST_QUERIES)).astype(int))


def visits(op: Neighbours, query: int, per_turn: int, together: int) -> tuple[float, float, float]:
    """Turns, groups of samples that no turn left, and samples that entered the heap.

    They are those of the nearest samples of one of the stored ones, which is left out itself.
    So many samples are left together, once all of them are as far as the farthest neighbour.
    """
    samples = op.prototypes.astype(np.int64)
    others = np.delete(samples, query, axis=0)
    parts = np.abs(others - samples[query])
    parts = parts**2 if op.metric == "l2" else parts
    turns = parts.shape[1] // per_turn
    whole = parts[:, : turns * per_turn].reshape(len(parts), turns, per_turn)
    sums = whole.sum(axis=2).cumsum(axis=1)
    distances = parts.sum(axis=1).tolist()
    limits, pushes = _limits(distances, op.k, together)
    if not turns:
        return 0.0, float(len(limits)), float(pushes)
    spare = -len(others) % together
    sums = np.pad(sums, ((0, spare), (0, 0)), constant_values=NOTHING)
    least = sums.reshape(-1, together, turns).min(axis=1)
    is_far = least >= np.array(limits)[:, None]
    visited = np.where(is_far.any(axis=1), is_far.argmax(axis=1) + 1, turns)
    return float(visited.sum()), float((~is_far.any(axis=1)).sum()), float(pushes)


def _limits(distances: list[int], k: int, together: int) -> tuple[list[int], int]:
    """The farthest neighbour before each group of samples, and how many enter the heap."""
    heap, limits, pushes = [-NOTHING] * k, [], 0
    for i, distance in enumerate(distances):
        if i % together == 0:
            limits.append(-heap[0])
        if distance < -heap[0]:
            heapreplace(heap, -distance)
            pushes += 1
    return limits, pushes
