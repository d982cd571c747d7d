"""Estimators whose decisions remember those before: what is decided on a window, and the rest."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sklearn.pipeline import Pipeline

from skconv.convert import check_given
from skconv.graph import Graph
from skconv.graph.smoothing import Smoothed

Maker = Callable[[Graph], Smoothed]


def without_smoothing(estimator: Any, input_: str) -> tuple[Any, Maker | None]:
    """An estimator of single windows, and what makes a smoothed decision of a plain one.

    Raises
    ------
    ValueError
        Where decisions remember those before, but no stream comes.
    """
    check_given(estimator)
    last = estimator.steps[-1][1] if isinstance(estimator, Pipeline) else estimator
    maker: Maker | None = getattr(last, "smoothing_op", None)
    if maker is None:
        return estimator, None
    if input_ != "samples":
        raise ValueError(
            f"input={input_!r} with {type(last).__name__}, whose decisions remember the windows "
            "before, expected input='samples'; for single windows export its estimator_"
        )
    inner = last.estimator_
    if isinstance(estimator, Pipeline):
        name, _ = estimator.steps[-1]
        inner = Pipeline([*estimator.steps[:-1], (name, inner)])
    return inner, maker


def of_stream(maker: Maker | None, graph: Graph) -> Smoothed | None:
    """The decision of a stream, where it remembers."""
    return None if maker is None else maker(graph)
