"""Candidates that differ in a penalty alone cost the same: one trial fit serves them all."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from sklearn.pipeline import Pipeline

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
    place, found = json.loads(code)
    kept = {name: each for name, each in found.items() if name not in penalties}
    return json.dumps([place, kept], sort_keys=True)


def hangs_on_shapes(fitted: Any) -> bool:
    """Whether the tables of a fitted Pipeline are as long with any penalty.

    A linear head without a zero among its weights has tables of one length. A penalty that makes
    weights zero, or chooses support vectors, changes it, and so may rounding.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.pipeline import make_pipeline
    >>> from skconv.search.alike import hangs_on_shapes
    >>> hangs_on_shapes(make_pipeline(LogisticRegression()).fit(*load_iris(return_X_y=True)))
    True
    """
    weights = vars(fitted[-1]).get("coef_") if isinstance(fitted, Pipeline) else None
    return isinstance(weights, np.ndarray) and bool(np.all(weights))
