"""Polynomials of columns."""

from __future__ import annotations

import numpy as np
from sklearn.preprocessing import PolynomialFeatures
from sklearn.utils.validation import check_is_fitted

from skconv.convert.core import as_vector, check, convert, refuse
from skconv.graph import Concat, Graph, Products, Select, Steps

MOST_FACTORS = 3


@check.register
def _(model: PolynomialFeatures) -> None:
    check_is_fitted(model)
    powers = model.powers_
    if int(powers.sum(axis=1).max(initial=0)) > MOST_FACTORS:
        reason = "products of more than three integers of few bits would be coarse"
        raise refuse(model, "degree", "use degree=2 or 3, or SVC(kernel='poly')", reason)
    if not powers.any():
        reason = "no column is left but a constant"
        raise refuse(model, "degree", "use degree=2 or 3", reason)


@convert.register
def _(model: PolynomialFeatures, graph: Graph) -> Graph:
    """Products in the order of scikit-learn, a constant before them where there is one."""
    graph = as_vector(graph)
    source, powers = graph.output_name, model.powers_.astype(np.intp)
    n_columns, degree = powers.shape[1], int(powers.sum(axis=1).max())
    products = powers[powers.any(axis=1)]
    indices = np.full((len(products), degree), n_columns, np.uint16)
    for row, of_columns in zip(indices, products, strict=True):
        factors = np.repeat(np.arange(n_columns), of_columns)
        row[: len(factors)] = factors
    graph = graph.append(Products(indices), source)
    if len(products) == len(powers):
        return graph
    terms = graph.output_name
    graph = graph.append(Select(np.zeros(1, np.uint16)), source)
    graph = graph.append(Steps(np.zeros((1, 1), np.float32), np.ones((1, 2), np.int16)))
    return graph.append(Concat(), graph.output_name, terms)
