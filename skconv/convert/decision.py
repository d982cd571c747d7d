"""Decisions: from scores to a class."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skconv.convert.core import refuse
from skconv.exceptions import NotConvertibleError
from skconv.graph import ArgMax, Decisions, Graph, OvoVote, Threshold

# The classes of a label that a sample has or has not.
INDICATOR = np.array([0, 1])


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


def decide_each(graph: Graph, labels: Sequence[Any], sizes: Sequence[int], *ends: str) -> Graph:
    """``graph`` followed by the decision on each of several outputs: see `Decisions`.

    Their scores stand in the tensors named, or in the last one.
    """
    return graph.append(Decisions(tuple(map(np.asarray, labels)), tuple(sizes)), *ends)


def decide_on_labels(graph: Graph) -> Graph:
    """``graph``, which ends in a score for each label, followed by whether a sample has it."""
    n_labels = graph.output.size
    return decide_each(graph, [INDICATOR] * n_labels, [1] * n_labels)


def refuse_several(model: Any, what: str) -> NotConvertibleError:
    """The error for numbers that are wanted of a classifier of several outputs."""
    reason = f"it decides on several outputs, of which the C gives the classes and no {what}"
    advice = f"convert one classifier for each output, or leave {what}=True out"
    return refuse(model, what, advice, reason)


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
