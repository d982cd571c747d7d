"""Whether a decision needs the scores that it is made on."""

from __future__ import annotations

from skconv.graph.core import Graph
from skconv.graph.vectors import ArgMax, Threshold


def decides_alone(graph: Graph) -> bool:
    """Whether the only node in front of a decision finds the class without any scores."""
    if len(graph.nodes) != 2 or not graph.is_classifier:
        return False
    scores, decision = graph.nodes
    return scores.op.decides and isinstance(decision.op, ArgMax | Threshold)
