"""Projections onto learnt, random or supervised components."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.cluster import FeatureAgglomeration
from sklearn.cross_decomposition import CCA, PLSSVD, PLSCanonical, PLSRegression
from sklearn.decomposition import (
    PCA,
    FactorAnalysis,
    FastICA,
    IncrementalPCA,
    MiniBatchSparsePCA,
    SparsePCA,
    TruncatedSVD,
)
from sklearn.neighbors import NeighborhoodComponentsAnalysis
from sklearn.random_projection import GaussianRandomProjection, SparseRandomProjection
from sklearn.utils.validation import check_is_fitted

from skconv.convert.core import as_vector, check, convert, convert_transform, float32, refuse
from skconv.convert.linear import append_linear
from skconv.graph import Graph, Linear


def _append_projection(graph: Graph, weights: Any, centre: Any = None) -> Graph:
    """``weights @ (x - centre)``."""
    dense = weights.toarray() if hasattr(weights, "toarray") else np.asarray(weights)
    dense = dense.astype(np.float64)
    bias = np.zeros(len(dense)) if centre is None else -dense @ centre
    return as_vector(graph).append(Linear(float32(dense), float32(bias)))


@convert.register(PCA)
@convert.register(IncrementalPCA)
def _(pca: PCA | IncrementalPCA, graph: Graph) -> Graph:
    weights = np.asarray(pca.components_, np.float64)
    if pca.whiten:
        # The same floor as PCA.transform: rank-deficient data have variances near 0.
        floor = np.finfo(pca.explained_variance_.dtype).eps
        weights = weights / np.maximum(np.sqrt(pca.explained_variance_), floor)[:, None]
    return _append_projection(graph, weights, pca.mean_)


@convert.register(TruncatedSVD)
@convert.register(NeighborhoodComponentsAnalysis)
@convert.register(GaussianRandomProjection)
@convert.register(SparseRandomProjection)
def _(projection: Any, graph: Graph) -> Graph:
    return _append_projection(graph, projection.components_)


@convert.register
def _(ica: FastICA, graph: Graph) -> Graph:
    return _append_projection(graph, ica.components_, ica.mean_ if ica.whiten else None)


@convert.register
def _(analysis: FactorAnalysis, graph: Graph) -> Graph:
    """The mean of the factors, given the features."""
    precise = analysis.components_ / analysis.noise_variance_
    covariance = np.linalg.inv(np.eye(len(precise)) + precise @ analysis.components_.T)
    return _append_projection(graph, covariance.T @ precise, analysis.mean_)


@convert.register(SparsePCA)
@convert.register(MiniBatchSparsePCA)
def _(pca: SparsePCA | MiniBatchSparsePCA, graph: Graph) -> Graph:
    """The ridge regression of a sample on the components."""
    components = np.asarray(pca.components_, np.float64)
    gram = components @ components.T + pca.ridge_alpha * np.eye(len(components))
    return _append_projection(graph, np.linalg.solve(gram, components), pca.mean_)


@check.register
def _(clusters: FeatureAgglomeration) -> None:
    check_is_fitted(clusters)
    if clusters.pooling_func is not np.mean:
        name = getattr(clusters.pooling_func, "__name__", clusters.pooling_func)
        raise refuse(clusters, "pooling_func", "use pooling_func=np.mean", f"it pools by {name}")


@convert.register
def _(clusters: FeatureAgglomeration, graph: Graph) -> Graph:
    """The mean of the features of each cluster."""
    is_in = clusters.labels_ == np.arange(clusters.n_clusters_)[:, None]
    return _append_projection(graph, is_in / is_in.sum(axis=1, keepdims=True))


# -------------------------------------------------------------------- partial least squares


@convert.register(PLSRegression)
@convert.register(PLSCanonical)
@convert.register(CCA)
def _(model: Any, graph: Graph) -> Graph:
    """The prediction."""
    bias = model.intercept_ - model.coef_ @ model._x_mean
    return append_linear(graph, model.coef_, bias)


@convert_transform.register(PLSRegression)
@convert_transform.register(PLSCanonical)
@convert_transform.register(CCA)
def _(model: Any, graph: Graph) -> Graph:
    return _append_projection(graph, (model.x_rotations_.T / model._x_std), model._x_mean)


@convert.register
def _(model: PLSSVD, graph: Graph) -> Graph:
    return _append_projection(graph, model.x_weights_.T / model._x_std, model._x_mean)
