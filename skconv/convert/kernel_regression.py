"""Regression with a kernel: support vector regression, and kernel ridge regression."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.kernel_ridge import KernelRidge
from sklearn.svm import SVR, NuSVR
from sklearn.utils.validation import check_is_fitted

from skconv.convert.core import check, convert
from skconv.convert.kernels import append_sums, check_kernel
from skconv.convert.kernels import pairwise_kernel as kernel_of
from skconv.convert.svm import check_libsvm, libsvm_kernel
from skconv.graph import Graph


@check.register(SVR)
@check.register(NuSVR)
def _(model: SVR | NuSVR) -> None:
    check_libsvm(model, "use kernel='rbf', 'poly' or 'linear', or KernelRidge(kernel='laplacian')")


@convert.register(SVR)
@convert.register(NuSVR)
def _(model: SVR | NuSVR, graph: Graph) -> Graph:
    kernel, vectors = libsvm_kernel(model), model.support_vectors_
    return append_sums(graph, kernel, vectors, model.dual_coef_, model.intercept_)


@check.register
def _(model: KernelRidge) -> None:
    check_is_fitted(model)
    check_kernel(model)


@convert.register
def _(model: KernelRidge, graph: Graph) -> Graph:
    kernel = kernel_of(model, model.n_features_in_)
    coefficients: Any = np.asarray(model.dual_coef_).reshape(model.X_fit_.shape[0], -1).T
    return append_sums(graph, kernel, model.X_fit_, coefficients, 0.0)
