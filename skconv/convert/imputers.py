"""Imputers: on a device nothing is missing."""

from __future__ import annotations

import numpy as np
from sklearn.impute import SimpleImputer
from sklearn.utils.validation import check_is_fitted

from skconv.convert.core import as_vector, check, convert, refuse
from skconv.graph import Graph, Select


@check.register
def _(imputer: SimpleImputer) -> None:
    check_is_fitted(imputer)
    if imputer.add_indicator:
        raise refuse(imputer, "add_indicator", "use add_indicator=False: nothing is missing")
    if not (isinstance(imputer.missing_values, float) and np.isnan(imputer.missing_values)):
        advice = "use missing_values=np.nan: the device has no NaN, and its numbers all count"
        raise refuse(imputer, "missing_values", advice)
    if imputer.statistics_.dtype.kind not in "fiu":
        advice, reason = "fill strings before the Pipeline", "it fills columns that are no numbers"
        raise refuse(imputer, "strategy", advice, reason)


@convert.register
def _(imputer: SimpleImputer, graph: Graph) -> Graph:
    """Columns without a number in `fit` are left out."""
    kept = ~np.isnan(np.asarray(imputer.statistics_, np.float64))
    if kept.all() or imputer.keep_empty_features:
        return as_vector(graph)
    return as_vector(graph).append(Select(np.flatnonzero(kept).astype(np.uint16)))
