"""Steps that compare columns with constants: bins, and codes of categories."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.preprocessing import Binarizer, KBinsDiscretizer, OneHotEncoder, OrdinalEncoder
from sklearn.utils.validation import check_is_fitted

from skconv.convert.core import as_vector, check, convert, refuse
from skconv.graph import Graph, Matches, Steps

# Of columns with fewer edges than others: above all numbers.
BEYOND = np.finfo(np.float32).max


def not_below(numbers: Any) -> NDArray[np.float32]:
    """The least float32 that is not less: a float32 is as large as it where it is as large as
    the number itself."""
    numbers = np.asarray(numbers, np.float64)
    found = numbers.astype(np.float32)
    return np.where(found < numbers, np.nextafter(found, np.float32(np.inf)), found)


def above(numbers: Any) -> NDArray[np.float32]:
    """The least float32 that is greater."""
    found = not_below(numbers)
    greater = np.nextafter(found, np.float32(np.inf))
    return np.where(found > np.asarray(numbers, np.float64), found, greater)


def append_steps(
    graph: Graph, edges: Sequence[NDArray[Any]], values: Sequence[NDArray[Any]]
) -> Graph:
    """Edges and values of every column, filled up to those of the longest."""
    n_edges = max(1, *map(len, edges))
    wide = np.full((len(edges), n_edges), BEYOND, np.float32)
    steps = np.zeros((len(edges), n_edges + 1), np.int16)
    for row, (own, of_column) in enumerate(zip(edges, values, strict=True)):
        wide[row, : len(own)] = own
        steps[row] = of_column[-1]
        steps[row, : len(of_column)] = of_column
    return as_vector(graph).append(Steps(wide, steps))


def append_matches(graph: Graph, numbers: Sequence[NDArray[Any]]) -> Graph:
    """1 for the number that a column equals; all numbers of a column, then those of the next."""
    columns = np.repeat(np.arange(len(numbers)), [len(own) for own in numbers])
    matches = Matches(columns.astype(np.uint16), np.concatenate(numbers).astype(np.float32))
    return as_vector(graph).append(matches)


# ------------------------------------------------------------------------------------ bins


@convert.register
def _(model: Binarizer, graph: Graph) -> Graph:
    return append_steps(graph, [np.atleast_1d(above(model.threshold))], [np.array([0, 1])])


@convert.register
def _(model: KBinsDiscretizer, graph: Graph) -> Graph:
    edges = [not_below(edges[1:-1]) for edges in model.bin_edges_]
    bins = [np.arange(len(own) + 1) for own in edges]
    graph = append_steps(graph, edges, bins)
    return graph if model.encode == "ordinal" else append_matches(graph, bins)


# ------------------------------------------------------------------------------ categories


@check.register(OneHotEncoder)
@check.register(OrdinalEncoder)
def _(model: OneHotEncoder | OrdinalEncoder) -> None:
    check_is_fitted(model)
    for categories in model.categories_:
        if categories.dtype.kind not in "biuf":
            advice = "write the categories as whole numbers before the Pipeline"
            raise refuse(model, "categories", advice, "strings cannot be compared on a device")
        if categories.dtype.kind == "f" and np.isnan(categories).any():
            raise refuse(model, "categories", "fit without NaN", "one of the categories is NaN")
    if model.min_frequency is not None or model.max_categories is not None:
        limit = "min_frequency" if model.min_frequency is not None else "max_categories"
        raise refuse(model, limit, f"use {limit}=None")
    unknown = getattr(model, "unknown_value", None)
    if unknown is not None and np.isnan(unknown):
        raise refuse(model, "unknown_value", "use unknown_value=-1")


@convert.register
def _(model: OneHotEncoder, graph: Graph) -> Graph:
    """What is unknown matches nothing."""
    dropped = [None] * len(model.categories_) if model.drop_idx_ is None else model.drop_idx_
    kept = [
        categories if drop is None else np.delete(categories, int(drop))
        for categories, drop in zip(model.categories_, dropped, strict=True)
    ]
    return append_matches(graph, kept)


@convert.register
def _(model: OrdinalEncoder, graph: Graph) -> Graph:
    """Between categories lies what is unknown, where a value stands for that."""
    edges, values = [], []
    for categories in model.categories_:
        codes = np.arange(len(categories))
        if model.handle_unknown == "error":
            edges.append(not_below(categories[1:]))
            values.append(codes)
            continue
        both = np.stack([not_below(categories), above(categories)], axis=1)
        unknown = np.full(len(codes), model.unknown_value)
        edges.append(both.ravel())
        values.append(np.append(model.unknown_value, np.stack([codes, unknown], axis=1).ravel()))
    return append_steps(graph, edges, values)
