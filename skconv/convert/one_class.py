"""One-class machines: 1 for what is like the samples of `fit`, -1 for outliers."""

from __future__ import annotations

import numpy as np
from sklearn.linear_model import SGDOneClassSVM
from sklearn.svm import OneClassSVM

from skconv.classifiers.one_class import LaplacianOneClassSVM
from skconv.convert.core import ScoreFunction, check, convert, score_function
from skconv.convert.decision import decide
from skconv.convert.kernels import append_sums
from skconv.convert.linear import append_linear
from skconv.convert.svm import append_machine, check_libsvm, libsvm_kernel
from skconv.graph import Graph

OUTLIER_OR_NOT = np.array([-1, 1])


@check.register
def _(model: OneClassSVM) -> None:
    advice = "use kernel='rbf', 'poly' or 'linear', or skconv.LaplacianOneClassSVM"
    check_libsvm(model, advice)


@convert.register
def _(model: OneClassSVM, graph: Graph) -> Graph:
    """Libsvm asks for more than 0, as `Threshold` does."""
    kernel, vectors = libsvm_kernel(model), model.support_vectors_
    graph = append_sums(graph, kernel, vectors, model.dual_coef_, model.intercept_)
    return decide(graph, OUTLIER_OR_NOT)


@convert.register
def _(model: LaplacianOneClassSVM, graph: Graph) -> Graph:
    return decide(append_machine(graph, model._kernel_machine()), OUTLIER_OR_NOT)


@convert.register
def _(model: SGDOneClassSVM, graph: Graph) -> Graph:
    """It takes a score of exactly 0 for an inlier, which real coefficients do not reach."""
    return decide(append_linear(graph, model.coef_, -model.offset_), OUTLIER_OR_NOT)


@score_function.register(OneClassSVM)
@score_function.register(SGDOneClassSVM)
@score_function.register(LaplacianOneClassSVM)
def _(model: OneClassSVM | SGDOneClassSVM | LaplacianOneClassSVM) -> ScoreFunction:
    return "decision_function"
