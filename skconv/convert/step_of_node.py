"""From a node of a graph back to the step of the estimator."""

from __future__ import annotations

from functools import singledispatch
from typing import Any

from sklearn.model_selection import GridSearchCV, RandomizedSearchCV
from sklearn.pipeline import Pipeline

from skconv.convert.core import width
from skconv.convert.pipeline import growing
from skconv.exceptions import NotConvertibleError
from skconv.graph import Graph, TensorSpec
from skconv.passes.refusal import NoIntegerFormError


def refused(estimator: Any, error: NoIntegerFormError) -> NotConvertibleError:
    """The error that names the step, and its class, whose node has no integer form."""
    step, member = origin(estimator, Graph(TensorSpec((width(estimator),))), error.node)
    return NotConvertibleError(
        type(member).__name__, error.reason, error.advice, error.parameter, step
    )


@singledispatch
def origin(estimator: Any, graph: Graph, node: str) -> tuple[str, Any]:
    """Names of steps, joined by dots, and the member whose conversion appends ``node``.

    ``graph`` is what stands before the estimator. The estimator itself, where no member does.
    """
    return "", estimator


@origin.register
def _(pipeline: Pipeline, graph: Graph, node: str) -> tuple[str, Any]:
    for name, step, grown in growing(pipeline, graph):
        if node in {found.name for found in grown.nodes}:
            inner, member = origin(step, graph, node)
            return f"{name}.{inner}" if inner else name, member
        graph = grown
    return "", pipeline


@origin.register(GridSearchCV)
@origin.register(RandomizedSearchCV)
def _(search: Any, graph: Graph, node: str) -> tuple[str, Any]:
    return origin(search.best_estimator_, graph, node)
