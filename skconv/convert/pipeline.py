"""Containers: Pipeline, FeatureUnion, the searches over parameters, FrozenEstimator."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.semi_supervised import SelfTrainingClassifier
from sklearn.utils.validation import check_is_fitted

from skconv.convert.core import (
    ScoreFunction,
    as_vector,
    check,
    check_transform,
    convert,
    convert_scores,
    convert_transform,
    inside,
    probabilities,
    refuse,
    score_function,
    width,
)
from skconv.graph import Affine, Concat, Graph
from skconv.graph.probabilities import Probabilities

# -------------------------------------------------------------------------------- Pipeline


def _steps(pipeline: Pipeline) -> list[tuple[str, Any]]:
    """The steps that do something."""
    return [s for s in pipeline.steps if s[1] is not None and s[1] != "passthrough"]


def _some_steps(pipeline: Pipeline) -> list[tuple[str, Any]]:
    if not _steps(pipeline):
        raise refuse(pipeline, "steps", "add a step", "no step does anything")
    return _steps(pipeline)


@check.register
def _(pipeline: Pipeline) -> None:
    *_, (name, last) = _some_steps(pipeline)
    is_last = pipeline.steps[-1][1] is last
    _check_transforms(_steps(pipeline)[: -1 if is_last else None])
    if is_last:
        with inside(name):
            check(last)


@check_transform.register
def _(pipeline: Pipeline) -> None:
    _check_transforms(_some_steps(pipeline))


def _check_transforms(members: list[tuple[str, Any]]) -> None:
    for name, step in members:
        with inside(name):
            check_transform(step)


@width.register
def _(pipeline: Pipeline) -> int:
    name, first = _steps(pipeline)[0]
    with inside(name):
        return width(first)


@convert.register
def _(pipeline: Pipeline, graph: Graph) -> Graph:
    for _, _, grown in growing(pipeline, graph):
        graph = grown
    return graph


def growing(pipeline: Pipeline, graph: Graph) -> Iterator[tuple[str, Any, Graph]]:
    """Name, step, and ``graph`` with the nodes of all steps up to this one behind it."""
    last = pipeline.steps[-1][1]
    for name, step in _steps(pipeline):
        graph = convert(step, graph) if step is last else convert_transform(step, graph)
        yield name, step, graph


@convert_transform.register
def _(pipeline: Pipeline, graph: Graph) -> Graph:
    for _, step in _steps(pipeline):
        graph = convert_transform(step, graph)
    return graph


@probabilities.register
def _(pipeline: Pipeline) -> Probabilities:
    name, last = _steps(pipeline)[-1]
    with inside(name):
        return probabilities(last)


@score_function.register
def _(pipeline: Pipeline) -> ScoreFunction:
    name, last = _steps(pipeline)[-1]
    with inside(name):
        return score_function(last)


@convert_scores.register
def _(pipeline: Pipeline, graph: Graph) -> Graph:
    *first, (_, last) = _steps(pipeline)
    for _, step in first:
        graph = convert_transform(step, graph)
    return convert_scores(last, graph)


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
    _check_transforms(_branches(union))


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
        branch = _weighted(as_vector(convert_transform(step, Graph(spec))), weight)
        graph = graph.extend(branch, source)
        ends.append(graph.output_name if branch.nodes else source)
    return graph.append(Concat(), *ends)


def _weighted(branch: Graph, weight: float) -> Graph:
    if weight == 1:
        return branch
    factors = np.full(branch.output.size, weight, np.float32)
    return branch.append(Affine(factors, np.zeros_like(factors)))


# ----------------------------------------------------------- searches, and what is fitted once


def _inner(wrapper: Any) -> Any:
    """The fitted estimator inside."""
    if isinstance(wrapper, FrozenEstimator):
        return wrapper.estimator
    is_taught = isinstance(wrapper, SelfTrainingClassifier)
    return wrapper.estimator_ if is_taught else wrapper.best_estimator_


def _check_wrapper(wrapper: Any) -> None:
    if isinstance(wrapper, FrozenEstimator):
        return
    if not getattr(wrapper, "refit", True):
        raise refuse(wrapper, "refit", "use refit=True, or convert an estimator fitted alone")
    check_is_fitted(wrapper)


def _check(wrapper: Any) -> None:
    _check_wrapper(wrapper)
    check(_inner(wrapper))


def _check_transform(wrapper: Any) -> None:
    _check_wrapper(wrapper)
    check_transform(_inner(wrapper))


for _class in (GridSearchCV, RandomizedSearchCV, FrozenEstimator, SelfTrainingClassifier):
    check.register(_class, _check)
    check_transform.register(_class, _check_transform)
    width.register(_class, lambda wrapper: width(_inner(wrapper)))
    convert.register(_class, lambda wrapper, graph: convert(_inner(wrapper), graph))
    convert_transform.register(
        _class, lambda wrapper, graph: convert_transform(_inner(wrapper), graph)
    )
    probabilities.register(_class, lambda wrapper: probabilities(_inner(wrapper)))
    score_function.register(_class, lambda wrapper: score_function(_inner(wrapper)))
    convert_scores.register(_class, lambda wrapper, graph: convert_scores(_inner(wrapper), graph))
