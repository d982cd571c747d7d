"""Transformers of some of the columns: `ColumnTransformer`."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils.validation import check_is_fitted

from skconv.convert.core import (
    as_vector,
    check,
    check_transform,
    convert,
    convert_transform,
    float32,
    inside,
    refuse,
)
from skconv.convert.members import joined
from skconv.graph import Affine, Graph, Select


def _parts(model: ColumnTransformer) -> Iterator[tuple[str, Any, Any]]:
    """Name, fitted transformer and places of columns of each part that yields features.

    Fitting has resolved names, slices, masks and callables to places.
    """
    for name, transformer, _ in model.transformers_:
        places = np.asarray(model._transformer_to_input_indices[name], np.intp)
        if (isinstance(transformer, str) and transformer == "drop") or not len(places):
            continue
        if isinstance(transformer, str):
            transformer = FunctionTransformer()
        yield name, transformer, places


@check.register
def _(model: ColumnTransformer) -> None:
    check_is_fitted(model)
    parts = list(_parts(model))
    if not parts:
        raise refuse(model, "transformers", "keep a column", "no column is left")
    for name, transformer, _ in parts:
        with inside(name):
            check_transform(transformer)


@convert.register
def _(model: ColumnTransformer, graph: Graph) -> Graph:
    weights = model.transformer_weights or {}
    branches = [
        partial(_append, step, places, weights.get(name, 1.0))
        for name, step, places in _parts(model)
    ]
    return joined(graph, branches)


def _append(transformer: Any, places: Any, weight: float, graph: Graph) -> Graph:
    """A transformer behind its columns, which it finds in the order that was given."""
    graph = as_vector(graph)
    if not np.array_equal(places, np.arange(graph.output.size)):
        dtype = np.uint16 if places.max() <= np.iinfo(np.uint16).max else np.uint32
        graph = graph.append(Select(places.astype(dtype)))
    graph = as_vector(convert_transform(transformer, graph))
    if weight == 1:
        return graph
    factors = float32(np.full(graph.output.size, weight))
    return graph.append(Affine(factors, np.zeros_like(factors)))
