"""Feature selection by any rule."""

from __future__ import annotations

import numpy as np
from sklearn.feature_selection import SelectorMixin

from skconv.convert.core import as_vector, check, convert, refuse
from skconv.graph import Graph, Select

# Parameters that say how much a selector keeps, by kind of selector.
_LIMITS = ("threshold", "k", "percentile", "alpha", "param", "n_features_to_select")


@check.register
def _(selector: SelectorMixin) -> None:
    # get_support knows when a selector is fitted; SelectFromModel(prefit=True) need not be.
    if not selector.get_support().any():
        limits = [name for name in _LIMITS if name in selector.get_params()]
        advice, reason = "select at least one feature", "no feature is left"
        raise refuse(selector, limits[0] if limits else "get_support", advice, reason)


@convert.register
def _(selector: SelectorMixin, graph: Graph) -> Graph:
    indices = selector.get_support(indices=True)
    dtype = np.uint16 if indices[-1] <= np.iinfo(np.uint16).max else np.uint32
    return as_vector(graph).append(Select(indices.astype(dtype)))
