"""How the ops on signals become integer ops."""

from __future__ import annotations

from dataclasses import fields

import numpy as np

from skconv.graph import QWinnerCounts, TensorSpec, WinnerCounts
from skconv.graph.core import Node
from skconv.graph.limits import ACCUMULATOR_MAX, INT16_MAX
from skconv.graph.winners import CompetingKernels
from skconv.passes.lower import lower
from skconv.passes.lowering import Lowering
from skconv.passes.scales import requantization


@lower.register
def _(op: WinnerCounts, node: Node, lowering: Lowering) -> None:
    source = lowering.read(node.inputs[0], op.largest_read(lowering.spec(node.inputs[0])))
    x = lowering.graph.specs[source]
    kernels = {f.name: getattr(op, f.name) for f in fields(CompetingKernels)}
    shift = _shift(op, x)
    worth = x.scale * op.scale * 2.0**shift
    unit = int(np.clip(np.rint(1 / worth), 1, ACCUMULATOR_MAX // op.length))
    bound = op.length * max((op.response_bound(x) >> shift) + (shift > 0), unit)
    rule = requantization(worth, bound, lowering.wanted(node.name))
    row_dtype = "int16" if op.largest_sum(x) <= INT16_MAX else "int32"
    counts = QWinnerCounts(
        **kernels, unit=unit, shift=shift, row_dtype=row_dtype, requantization=rule
    )
    lowering.add(node, counts, source)


def _shift(op: WinnerCounts, x: TensorSpec) -> int:
    """How far responses are shifted right, so that the sum of one at every step fits int32."""
    largest = op.response_bound(x)
    shift = 0
    while op.length * ((largest >> shift) + (shift > 0)) > ACCUMULATOR_MAX:
        shift += 1
    return shift
