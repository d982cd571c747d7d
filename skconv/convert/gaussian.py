"""Gaussian classes: each has a mean and variances, and the largest log-density decides."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.covariance import EllipticEnvelope
from sklearn.discriminant_analysis import QuadraticDiscriminantAnalysis
from sklearn.naive_bayes import GaussianNB
from sklearn.utils.validation import check_is_fitted

from skconv.convert.core import (
    ScoreFunction,
    as_vector,
    check,
    convert,
    convert_scores,
    float32,
    probabilities,
    refuse,
    score_function,
)
from skconv.convert.decision import decide
from skconv.convert.linear import append_linear
from skconv.convert.one_class import OUTLIER_OR_NOT
from skconv.graph import DiagonalSquares, Graph, GroupedSquares, Softmax
from skconv.graph.probabilities import Probabilities

Array = NDArray[np.float64]


# ------------------------------------------------------------------------ parts of a graph


def append_diagonal(
    graph: Graph, means: Array, deviations: Array, offsets: Array, *, relative: bool
) -> Graph:
    """``offsets[k] - sum_j ((x[j] - means[k, j]) / deviations[k, j])^2 / 2``."""
    factors = np.broadcast_to(1 / (np.sqrt(2) * deviations), means.shape)
    op = DiagonalSquares(
        float32(offsets), relative, factors=float32(factors), biases=float32(-factors * means)
    )
    return as_vector(graph).append(op)


def append_whitened(
    graph: Graph, means: Array, whitening: Array, offsets: Array, *, relative: bool
) -> Graph:
    """``offsets[k] - ||whitening[k] (x - means[k])||^2 / 2``: a linear layer, and squares.

    ``whitening`` is ``(n_scores, n_rows, n_features)``.
    """
    rows = whitening / np.sqrt(2)
    biases = -np.einsum("krj,kj->kr", rows, means)
    graph = append_linear(graph, rows.reshape(-1, rows.shape[-1]), biases)
    return graph.append(GroupedSquares(float32(offsets), relative))


# ----------------------------------------------------------------------------- classifiers


@check.register(GaussianNB)
@check.register(QuadraticDiscriminantAnalysis)
def _(model: Any) -> None:
    check_is_fitted(model)
    priors = model.class_prior_ if isinstance(model, GaussianNB) else model.priors_
    if not (np.asarray(priors) > 0).all():
        reason = "a class with a prior of 0 never wins"
        raise refuse(model, "priors", "use priors above 0, or fit without that class", reason)


@convert.register
def _(model: GaussianNB, graph: Graph) -> Graph:
    offsets = np.log(model.class_prior_) - np.log(2 * np.pi * model.var_).sum(axis=1) / 2
    deviations = np.sqrt(model.var_)
    graph = append_diagonal(graph, model.theta_, deviations, offsets, relative=True)
    return decide(graph, model.classes_)


@convert.register
def _(model: QuadraticDiscriminantAnalysis, graph: Graph) -> Graph:
    return _append_discriminants(graph, model, relative=True)


@score_function.register
def _(model: QuadraticDiscriminantAnalysis) -> ScoreFunction:
    return "decision_function"


@convert_scores.register
def _(model: QuadraticDiscriminantAnalysis, graph: Graph) -> Graph:
    """Logarithms of posteriors up to what all classes share; of two classes their difference."""
    return _append_discriminants(graph, model, relative=len(model.classes_) == 2)


def _append_discriminants(
    graph: Graph, model: QuadraticDiscriminantAnalysis, *, relative: bool
) -> Graph:
    whitening = [(r * s**-0.5).T for r, s in zip(model.rotations_, model.scalings_, strict=True)]
    volumes = np.array([np.log(s).sum() for s in model.scalings_])
    offsets = np.log(model.priors_) - volumes / 2
    graph = append_whitened(graph, model.means_, np.stack(whitening), offsets, relative=relative)
    return decide(graph, model.classes_)


@probabilities.register(GaussianNB)
@probabilities.register(QuadraticDiscriminantAnalysis)
def _(model: Any) -> Probabilities:
    """Their probabilities are the softmax of log-densities with priors."""
    if len(model.classes_) < 2:
        reason = "it was fitted on one class, whose probability is always 1"
        raise refuse(model, "classes_", "fit on two classes or more", reason)
    return Softmax()


# ------------------------------------------------------------------------------- outliers


@score_function.register
def _(model: EllipticEnvelope) -> ScoreFunction:
    return "decision_function"


@convert.register
def _(model: EllipticEnvelope, graph: Graph) -> Graph:
    """The squared Mahalanobis distance against a threshold.

    The eigenvectors of the precision whiten; those of which the covariance is singular do not
    count. A distance of exactly the threshold, which rounding does not tell from a larger one, is
    an outlier.
    """
    values, vectors = np.linalg.eigh(model.get_precision())
    used = values > np.finfo(np.float64).eps * len(values) * values.max()
    whitening = np.sqrt(2 * values[used])[:, None] * vectors.T[used]
    offsets = -np.atleast_1d(model.offset_)
    means = model.location_[None]
    graph = append_whitened(graph, means, whitening[None], offsets, relative=False)
    return decide(graph, OUTLIER_OR_NOT)
