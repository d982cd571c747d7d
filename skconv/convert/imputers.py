"""Imputers: on a device nothing is missing."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.impute import KNNImputer, SimpleImputer
from sklearn.utils.validation import check_is_fitted

from skconv.convert.core import as_vector, check, convert, float32, refuse
from skconv.graph import Affine, Graph, Select


@check.register
def _(imputer: KNNImputer) -> None:
    _check_what_is_missing(imputer)


@check.register
def _(imputer: SimpleImputer) -> None:
    _check_what_is_missing(imputer)
    if imputer.statistics_.dtype.kind not in "fiu":
        advice, reason = "fill strings before the Pipeline", "it fills columns that are no numbers"
        raise refuse(imputer, "strategy", advice, reason)


def _check_what_is_missing(imputer: Any) -> None:
    check_is_fitted(imputer)
    if imputer.add_indicator:
        raise refuse(imputer, "add_indicator", "use add_indicator=False: nothing is missing")
    if not (isinstance(imputer.missing_values, float) and np.isnan(imputer.missing_values)):
        advice = "use missing_values=np.nan: the device has no NaN, and its numbers all count"
        raise refuse(imputer, "missing_values", advice)


@convert.register
def _(imputer: SimpleImputer, graph: Graph) -> Graph:
    """Columns without a number in `fit` are left out."""
    kept = ~np.isnan(np.asarray(imputer.statistics_, np.float64))
    return as_vector(graph) if imputer.keep_empty_features else _of(kept, graph)


@convert.register
def _(imputer: KNNImputer, graph: Graph) -> Graph:
    """Columns without a number in `fit` are left out, or all 0."""
    seen = imputer._valid_mask
    if imputer.keep_empty_features and not seen.all():
        return as_vector(graph).append(Affine(float32(seen), float32(np.zeros(len(seen)))))
    return _of(seen, graph)


def _of(kept: Any, graph: Graph) -> Graph:
    """The columns that are kept."""
    graph = as_vector(graph)
    return graph if kept.all() else graph.append(Select(np.flatnonzero(kept).astype(np.uint16)))
