"""Decisions: from scores to a class."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from numpy.typing import NDArray

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


def decide_between_shares(graph: Graph, classes: Any) -> Graph:
    """``graph``, which ends in a share for each class, followed by the largest one.

    Of two classes, too: equal shares then stay equal, and the first class has them.
    """
    return replace(graph.append(ArgMax()), classes=classes)


def decided(estimator: Any, graph: Graph, classes: NDArray[Any]) -> Graph:
    """The scores that a transformer yields, followed by the decision between ``classes``."""
    if graph.is_classifier or not hasattr(estimator, "transform"):
        raise ValueError(
            f"classes={classes.tolist()}, but {type(estimator).__name__} is not a "
            "transformer, expected one whose features are scores"
        )
    n_scores = graph.output.size
    if classes.shape != (max(2, n_scores),):
        raise ValueError(
            f"classes has shape {classes.shape}, expected "
            + (f"a label for each of {n_scores} scores" if n_scores > 1 else "2 labels for 1 score")
        )
    return replace(graph.append(ArgMax() if n_scores > 1 else Threshold()), classes=classes)
