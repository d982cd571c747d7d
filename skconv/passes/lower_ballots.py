"""The integer form of decisions between pairs of classes."""

from __future__ import annotations

from skconv.graph import PairConfidence, QPairConfidence
from skconv.graph.core import Node
from skconv.graph.limits import ACCUMULATOR_MAX, INT16_MAX
from skconv.passes.lower import lower
from skconv.passes.lowering import Lowering


@lower.register
def _(op: PairConfidence, node: Node, lowering: Lowering) -> None:
    source = lowering.read(node.inputs[0], INT16_MAX)
    one = round(1 / lowering.graph.specs[source].scale)
    one = min(max(one, 1), ACCUMULATOR_MAX)
    lowering.add(node, QPairConfidence(op.n_classes, op.first_is_positive, one), source)
