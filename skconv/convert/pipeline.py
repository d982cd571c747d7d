"""Containers: Pipeline, FeatureUnion and the searches over parameters."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils.validation import check_is_fitted

from skconv.convert.core import (
    as_vector,
    check,
    check_probabilities,
    convert,
    inside,
    refuse,
    width,
)
from skconv.graph import Affine, Concat, Graph, Root

# -------------------------------------------------------------------------------- Pipeline


def _steps(pipeline: Pipeline) -> list[tuple[str, Any]]:
    """The steps that do something."""
    return [s for s in pipeline.steps if s[1] is not None and s[1] != "passthrough"]


@check.register
def _(pipeline: Pipeline) -> None:
    if not _steps(pipeline):
        raise refuse(pipeline, "steps", "add a step", "no step does anything")
    for name, step in _steps(pipeline):
        with inside(name):
            check(step)


@width.register
def _(pipeline: Pipeline) -> int:
    name, first = _steps(pipeline)[0]
    with inside(name):
        return width(first)


@convert.register
def _(pipeline: Pipeline, graph: Graph) -> Graph:
    for _, step in _steps(pipeline):
        graph = convert(step, graph)
    return graph


@check_probabilities.register
def _(pipeline: Pipeline) -> None:
    name, last = _steps(pipeline)[-1]
    with inside(name):
        check_probabilities(last)


# ---------------------------------------------------------------------------- FeatureUnion


def _branches(union: FeatureUnion) -> list[tuple[str, Any]]:
    """The transformers that yield features. Fitting makes "passthrough" an identity."""
    return [
        (name, FunctionTransformer() if step == "passthrough" else step)
        for name, step in union.transformer_list
        if step != "drop"
    ]


@check.register
def _(union: FeatureUnion) -> None:
    if not _branches(union):
        raise refuse(union, "transformer_list", "keep a transformer", "all of them are dropped")
    for name, step in _branches(union):
        with inside(name):
            check(step)


@width.register
def _(union: FeatureUnion) -> int:
    name, first = _branches(union)[0]
    with inside(name):
        return width(first)


@convert.register
def _(union: FeatureUnion, graph: Graph) -> Graph:
    graph = as_vector(graph)
    source, spec = graph.output_name, graph.output
    ends = []
    for name, step in _branches(union):
        weight = (union.transformer_weights or {}).get(name, 1.0)
        branch = _weighted(as_vector(convert(step, Graph(spec))), weight)
        graph = graph.extend(branch, source)
        ends.append(graph.output_name if branch.nodes else source)
    return graph.append(Concat(), *ends)


def _weighted(branch: Graph, weight: float) -> Graph:
    if weight == 1:
        return branch
    factors = np.full(branch.output.size, weight, np.float32)
    return branch.append(Affine(factors, np.zeros_like(factors)))


@check.register
def _(transformer: FunctionTransformer) -> None:
    if transformer.func is not None and transformer.func is not np.sqrt:
        advice = "use np.sqrt or a scaler, or do this before the Pipeline"
        raise refuse(transformer, "func", advice)
    if transformer.kw_args:
        raise refuse(transformer, "kw_args", "use none")


@convert.register
def _(transformer: FunctionTransformer, graph: Graph) -> Graph:
    """`np.sqrt` of numbers >= 0 is a `Root`. Of others it is NaN, which a target has not."""
    return graph if transformer.func is None else graph.append(Root())


# -------------------------------------------------------------------------------- searches


@check.register(GridSearchCV)
@check.register(RandomizedSearchCV)
def _(search: Any) -> None:
    if not search.refit:
        raise refuse(search, "refit", "use refit=True, or convert an estimator fitted alone")
    check_is_fitted(search)
    check(search.best_estimator_)


@width.register(GridSearchCV)
@width.register(RandomizedSearchCV)
def _(search: Any) -> int:
    return width(search.best_estimator_)


@convert.register(GridSearchCV)
@convert.register(RandomizedSearchCV)
def _(search: Any, graph: Graph) -> Graph:
    return convert(search.best_estimator_, graph)


@check_probabilities.register(GridSearchCV)
@check_probabilities.register(RandomizedSearchCV)
def _(search: Any) -> None:
    check_probabilities(search.best_estimator_)
