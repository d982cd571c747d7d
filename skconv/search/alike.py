"""Candidates that are alike share a trial fit, or the measurement of the first level."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.pipeline import Pipeline

from skconv.compression import Compressed

# Of a linear head: they change its weights, not how many there are.
PENALTIES = ("C", "alpha", "tol", "max_iter")


def without_penalties(code: str, pipeline: Any) -> str:
    """The name of a candidate with the penalties of its head left out.

    Examples
    --------
    >>> from sklearn.decomposition import PCA
    >>> from sklearn.linear_model import Ridge
    >>> from sklearn.pipeline import make_pipeline
    >>> from skconv.search.alike import without_penalties
    >>> code = '[0, {"pca__n_components": 1, "ridge__alpha": 0.5}]'
    >>> without_penalties(code, make_pipeline(PCA(), Ridge()))
    '[0, {"pca__n_components": 1}]'
    """
    if not code.startswith("[") or not isinstance(pipeline, Pipeline):
        return code  # A digest, or no head to know.
    penalties = [f"{pipeline.steps[-1][0]}__{name}" for name in PENALTIES]
    return _without(code, penalties.__contains__)


def without_head(code: str, estimator: Any) -> str:
    """The name of a candidate with its head left out, and what compresses it.

    Examples
    --------
    >>> from sklearn.decomposition import PCA
    >>> from sklearn.linear_model import Ridge
    >>> from sklearn.pipeline import make_pipeline
    >>> from skconv.search.alike import without_head
    >>> code = '[0, {"pca__n_components": 1, "ridge": 2, "ridge__alpha": 0.5}]'
    >>> without_head(code, make_pipeline(PCA(), Ridge()))
    '[0, {"pca__n_components": 1}]'
    """
    is_compressed = isinstance(estimator, Compressed)
    pipeline, of = (estimator.estimator, "estimator__") if is_compressed else (estimator, "")
    if not code.startswith("[") or not isinstance(pipeline, Pipeline):
        return code
    head = of + pipeline.steps[-1][0]
    left_out = {head, "passes"} if is_compressed else {head}
    return _without(code, lambda name: name in left_out or name.startswith(f"{head}__"))


def _without(code: str, is_left_out: Callable[[str], bool]) -> str:
    """The name of a candidate without some of its parameters."""
    place, found = json.loads(code)
    kept = {name: each for name, each in found.items() if not is_left_out(name)}
    return json.dumps([place, kept], sort_keys=True)


def is_as_large_with_any_penalty(fitted: Any) -> bool:
    """Whether the tables of a fitted Pipeline are as long with any penalty.

    They are where the head is linear and no weight is zero. An L1 penalty makes weights zero, the
    penalty of a kernel machine chooses support vectors, and rounding depends on the weights.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.pipeline import make_pipeline
    >>> from skconv.search.alike import is_as_large_with_any_penalty
    >>> X, y = load_iris(return_X_y=True)
    >>> is_as_large_with_any_penalty(make_pipeline(LogisticRegression()).fit(X, y))
    True
    >>> l1 = LogisticRegression(l1_ratio=1.0, solver="saga", C=100, max_iter=5000)
    >>> is_as_large_with_any_penalty(make_pipeline(l1).fit(X, y))
    False
    """
    weights = vars(fitted[-1]).get("coef_") if isinstance(fitted, Pipeline) else None
    return isinstance(weights, np.ndarray) and bool(np.all(weights)) and not _is_sparse(fitted[-1])


def _is_sparse(head: Any) -> bool:
    """Whether the penalty of a head may make weights zero."""
    return getattr(head, "penalty", None) == "l1" or bool(getattr(head, "l1_ratio", None))
