"""How the subtraction of means becomes integers."""

from __future__ import annotations

from skconv.graph import QSubtractMean, SubtractMean
from skconv.graph.centring import accumulator_bound
from skconv.graph.core import Node
from skconv.passes.lower import lower
from skconv.passes.lowering import Lowering
from skconv.passes.scales import requantization


@lower.register
def _(op: SubtractMean, node: Node, lowering: Lowering) -> None:
    source = lowering.read(node.inputs[0])
    x = lowering.graph.specs[source]
    bound = accumulator_bound(op.length(x), x)
    rule = requantization(x.scale / op.length(x), bound, lowering.wanted(node.name))
    lowering.add(node, QSubtractMean(op.axis, requantization=rule), source)
