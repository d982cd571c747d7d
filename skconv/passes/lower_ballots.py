"""The integer form of decisions between pairs of classes, and on several outputs."""

from __future__ import annotations

from skconv.graph import Decisions, PairConfidence, QPairConfidence
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


@lower.register
def _(op: Decisions, node: Node, lowering: Lowering) -> None:
    """Scores of one output come of one tensor: others may have other units."""
    lowering.add(node, op, *(lowering.names[name] for name in node.inputs))
