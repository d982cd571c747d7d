"""Features whose dot products approximate a kernel."""

from __future__ import annotations

import numpy as np
from sklearn.kernel_approximation import Nystroem, PolynomialCountSketch, RBFSampler
from sklearn.utils.validation import check_is_fitted

from skconv.convert.core import check, convert, refuse
from skconv.convert.kernels import append_sums, check_kernel
from skconv.convert.kernels import pairwise_kernel as kernel_of
from skconv.convert.linear import append_linear
from skconv.graph import Cosine, Graph


@check.register
def _(model: Nystroem) -> None:
    check_is_fitted(model)
    check_kernel(model)


@convert.register
def _(model: Nystroem, graph: Graph) -> Graph:
    """The kernels of all components, weighted. A linear model behind it folds into the weights."""
    kernel = kernel_of(model, model.n_features_in_)
    return append_sums(graph, kernel, model.components_, model.normalization_, 0.0)


@convert.register
def _(model: RBFSampler, graph: Graph) -> Graph:
    """Cosines of random projections."""
    graph = append_linear(graph, model.random_weights_.T, model.random_offset_)
    return graph.append(Cosine(float(np.sqrt(2 / model.n_components))))


@check.register
def _(model: PolynomialCountSketch) -> None:
    check_is_fitted(model)
    if model.degree != 1:
        reason = (
            f"degree={model.degree} convolves sketches, more work than a kernel of such accuracy"
        )
        raise refuse(model, "degree", "use Nystroem(kernel='poly') or SVC(kernel='poly')", reason)


@convert.register
def _(model: PolynomialCountSketch, graph: Graph) -> Graph:
    """The sketch of degree 1: each feature, with a sign, is added to one component."""
    n_features = model.n_features_in_
    (places,), (signs,) = model.indexHash_, model.bitHash_
    sketch = np.zeros((model.n_components, n_features + 1))
    np.add.at(sketch, (places, np.arange(len(places))), signs)
    bias = sketch[:, n_features] * np.sqrt(max(model.coef0, 0.0))
    return append_linear(graph, sketch[:, :n_features] * np.sqrt(model.gamma), bias)
