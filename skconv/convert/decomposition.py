"""Projections on learnt components."""

from __future__ import annotations

import numpy as np
from sklearn.decomposition import PCA, IncrementalPCA, TruncatedSVD

from skconv.convert.core import as_vector, convert, float32
from skconv.graph import Graph, Linear


@convert.register(PCA)
@convert.register(IncrementalPCA)
def _(pca: PCA | IncrementalPCA, graph: Graph) -> Graph:
    weights = np.asarray(pca.components_, np.float64)
    if pca.whiten:
        # The same floor as PCA.transform: rank-deficient data have variances near 0.
        floor = np.finfo(pca.explained_variance_.dtype).eps
        weights = weights / np.maximum(np.sqrt(pca.explained_variance_), floor)[:, None]
    bias = -weights @ pca.mean_
    return as_vector(graph).append(Linear(float32(weights), float32(bias)))


@convert.register
def _(svd: TruncatedSVD, graph: Graph) -> Graph:
    bias = np.zeros(len(svd.components_), np.float32)
    return as_vector(graph).append(Linear(float32(svd.components_), bias))
