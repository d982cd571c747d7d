"""What every converter needs: the dispatchers, and checks.

Single-dispatch functions know the classes. `check` looks at fitted parameters and raises;
`convert` appends nodes to a graph and can rely on what `check` let through. A container
(Pipeline, FeatureUnion, grid search) checks all of its members first, so that nothing is
built for an estimator that cannot be converted.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import singledispatch
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted

from skconv.convert.advice import BEFORE, advice_for
from skconv.exceptions import NotConvertibleError
from skconv.graph import Graph, Reshape
from skconv.graph.probabilities import Probabilities


def refuse(estimator: Any, parameter: str, advice: str, reason: str = "") -> NotConvertibleError:
    """The error for one parameter; its value is the reason unless another is given."""
    value = getattr(estimator, parameter, None)
    return NotConvertibleError(
        type(estimator).__name__,
        reason or f"{parameter}={value!r} cannot be converted",
        advice,
        parameter,
    )


@contextmanager
def inside(step: str) -> Iterator[None]:
    """Name the step in errors that leave this block."""
    try:
        yield
    except NotConvertibleError as error:
        path = f"{step}.{error.step}" if error.step else step
        raise NotConvertibleError(
            error.class_name, error.reason, error.advice, error.parameter, path
        ) from None
    except NotFittedError as error:
        raise NotFittedError(f"step {step!r}: {error}") from None


@singledispatch
def check(estimator: Any) -> None:
    """Raise NotConvertibleError or NotFittedError where `convert` could not do its work."""
    if not hasattr(estimator, "fit"):
        raise NotConvertibleError(
            _name(estimator), "it is Python code, which cannot become C", BEFORE
        )
    check_is_fitted(estimator)  # First: an extractor has its graph only then.
    if not knows(type(estimator)) and not isinstance(getattr(estimator, "graph_", None), Graph):
        raise NotConvertibleError(
            type(estimator).__name__, "this class has no converter", advice_for(type(estimator))
        )


@singledispatch
def convert(estimator: Any, graph: Graph) -> Graph:
    """``graph`` followed by the nodes of a fitted estimator.

    Register a function on a class to make that class convertible; register one on `check`
    too where some of its parameters are not.
    """
    return as_vector(graph).extend(estimator.graph_)


@singledispatch
def check_transform(estimator: Any) -> None:
    """Like `check`, for `convert_transform`."""
    check(estimator)


@singledispatch
def convert_transform(estimator: Any, graph: Graph) -> Graph:
    """Like `convert`, for the estimator's ``transform``.

    Called for every step that has others behind it. Register a function where ``predict``
    and ``transform`` are not the same: a discriminant analysis does both.
    """
    return convert(estimator, graph)


@singledispatch
def width(estimator: Any) -> int:
    """Number of features of a sample; containers ask their first member."""
    check_is_fitted(estimator, "n_features_in_")
    return int(estimator.n_features_in_)


@singledispatch
def probabilities(estimator: Any) -> Probabilities:
    """The op that makes ``predict_proba`` of the scores of a fitted classifier.

    Scores are what the graph of `convert` holds in front of the decision:

    - ``Softmax(factor)``: the softmax of ``factor`` times the scores; of one score ``s`` that
      decides between two classes, of ``(0, s)``. Of logarithms of probabilities, up to what all
      classes share.
    - ``Sigmoids()``: the logistic function of each, divided by the sum.
    - ``Shares(factor)``: ``factor`` times the scores; one score is a difference ``p_1 - p_0``.

    Register a function on the class of every classifier with ``predict_proba``.

    Raises
    ------
    NotConvertibleError
        Where none of them is ``predict_proba``, or there is no ``predict_proba``.
    """
    raise NotConvertibleError(
        type(estimator).__name__,
        "its probabilities do not follow from its scores",
        "end with LogisticRegression, wrap it in CalibratedClassifierCV, or use the scores",
        "probabilities",
    )


ScoreFunction = Literal["decision_function", "score_samples"]


@singledispatch
def score_function(estimator: Any) -> ScoreFunction:
    """The method of a fitted estimator whose numbers `convert_scores` gives, not only their order.

    Register a function on the class where there is one; let it raise where parameters make
    `convert` leave something off that decides nothing.

    Raises
    ------
    NotConvertibleError
        Where scores decide as the estimator does, but are other numbers.
    """
    advice = "leave scores=True out: the largest score still decides"
    if hasattr(estimator, "predict_proba"):
        advice = f"write probabilities=True, or {advice}"
    reason = "its scores decide as it does, but are not numbers that one of its methods returns"
    raise NotConvertibleError(type(estimator).__name__, reason, advice, "scores")


@singledispatch
def convert_scores(estimator: Any, graph: Graph) -> Graph:
    """Like `convert`, with the scores that `score_function` names in front of the decision.

    Register a function where they differ, or where there is no decision to make, as of a density.
    """
    return convert(estimator, graph)


def _name(function: Any) -> str:
    """What stands in a Pipeline without being an estimator, such as a lambda."""
    return str(getattr(function, "__name__", type(function).__name__))


def knows(cls: type) -> bool:
    """Whether a class, or one that it derives from, has a converter."""
    return convert.dispatch(cls) is not convert.dispatch(object)


def as_vector(graph: Graph) -> Graph:
    """``graph`` with its output flat."""
    if len(graph.output.shape) == 1:
        return graph
    return graph.append(Reshape((graph.output.size,)), name="flatten")


def float32(values: Any) -> NDArray[np.float32]:
    """Parameters of a float graph; sparse ones dense. What is too large becomes infinite."""
    dense = values.toarray() if hasattr(values, "toarray") else values
    with np.errstate(over="ignore"):
        return np.ascontiguousarray(dense, dtype=np.float32)
