"""Decisions: from scores to a class."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from skconv.graph import ArgMax, Graph, OvoVote, Threshold


def decide(graph: Graph, classes: Any, *, one_against_one: bool = False) -> Graph:
    """``graph``, which ends in scores, followed by the decision.

    Two classes: one score, positive for ``classes[1]``. More: the largest score, or the
    class that wins most pairs. One class: its score is the largest.
    """
    if len(classes) == 2:
        graph = graph.append(Threshold())
    else:
        if one_against_one:
            graph = graph.append(OvoVote(len(classes)))
        graph = graph.append(ArgMax())
    return replace(graph, classes=classes)
