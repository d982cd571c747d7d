"""Counts of `MiniRocket` that a linear layer adds up at once: none of them is kept.

Convolutions that read the same channels follow each other, so that these are added once, and
the weights of the layer lie in the order of the counts.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from skconv.codegen.emit_minirocket import rocket_call
from skconv.codegen.node import Call, NodeCode, emit
from skconv.codegen.routines.base import Routine, Wish
from skconv.codegen.text import struct
from skconv.graph import Fused, MiniRocket, QLinear, TensorSpec
from skconv.graph.base import Array
from skconv.graph.nested import Packed
from skconv.target.targets import Target


@dataclass(frozen=True)
class RocketScores(Packed):
    """The convolutions in the order in which they are counted, and the scores of their layer."""

    reads_flash: ClassVar[bool] = True
    counts: MiniRocket | None = None


def any_core(target: Target) -> bool:
    """It is plain C."""
    return True


def fits(op: Fused, x: TensorSpec, wish: Wish) -> bool:
    """Whether it is the routine to take: wherever it serves."""
    return isinstance(op.graph.nodes[0].op, MiniRocket)


def plan(op: Fused, x: TensorSpec, wish: Wish) -> RocketScores:
    """The stage with its tables."""
    rocket, linear = (node.op for node in op.graph.nodes)
    assert isinstance(rocket, MiniRocket)
    assert isinstance(linear, QLinear)
    rocket = rocket.with_sorted_channels()
    order, features = _by_channels(rocket)
    counts = rocket.convolutions(order)
    weights = np.ascontiguousarray(linear.weights[:, features].T)
    tables: dict[str, Array] = {**counts.parameters, "weights": weights, "bias": linear.bias}
    return RocketScores(op, tuple(tables.items()), rocket.scratch_bytes, counts=counts)


def _by_channels(op: MiniRocket) -> tuple[Array, Array]:
    """The convolutions, those that read the same channels together, and their features."""
    lists = op.channel_lists
    order = sorted(range(len(lists)), key=lambda i: (lists[i], i))
    firsts = op.first_features
    features = [np.arange(firsts[i], firsts[i + 1]) for i in order]
    return np.array(order), np.concatenate(features)


@emit.register
def _(op: RocketScores, code: NodeCode) -> Iterator[Call]:
    weights, weight_type = code.weights("weights")
    to = struct(
        "sk_counts",
        output=code.output.pointer,
        type=code.output.type,
        weights=weights,
        weight_type=weight_type,
        bias=code.table("bias", "int32"),
        rows=code.output.spec.size,
    )
    assert op.counts is not None
    yield rocket_call(op.counts, code, to)


ROUTINES = (Routine(Fused, any_core, fits, plan),)
