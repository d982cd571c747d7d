"""Mixtures of Gaussians: the component of a sample, or how likely the sample is."""

from __future__ import annotations

from copy import copy
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.mixture import BayesianGaussianMixture, GaussianMixture

from skconv.convert.core import (
    ScoreFunction,
    convert,
    convert_scores,
    probabilities,
    refuse,
    score_function,
)
from skconv.convert.decision import decide
from skconv.convert.gaussian import append_diagonal, append_whitened
from skconv.convert.linear import append_linear
from skconv.graph import Graph, LogSumExp, Softmax
from skconv.graph.probabilities import Probabilities


@convert.register(GaussianMixture)
@convert.register(BayesianGaussianMixture)
def _(model: Any, graph: Graph) -> Graph:
    """The component of the largest log-density, by its index."""
    components = np.arange(len(model.means_))
    if model.covariance_type == "tied":
        return decide(_append_tied(graph, model), components)
    return decide(append_densities(graph, model, relative=True), components)


@probabilities.register(GaussianMixture)
@probabilities.register(BayesianGaussianMixture)
def _(model: Any) -> Probabilities:
    """Responsibilities are the softmax of weighted log-densities."""
    if len(model.means_) < 2:
        reason = "it has one component, whose probability is always 1"
        raise refuse(model, "n_components", "use n_components=2 or more", reason)
    return Softmax()


@score_function.register(GaussianMixture)
@score_function.register(BayesianGaussianMixture)
def _(model: Any) -> ScoreFunction:
    return "score_samples"


@convert_scores.register(GaussianMixture)
@convert_scores.register(BayesianGaussianMixture)
def _(model: Any, graph: Graph) -> Graph:
    """No decision follows a log-likelihood."""
    return append_log_likelihood(graph, model)


def append_log_likelihood(graph: Graph, model: Any) -> Graph:
    """``score_samples``: the logarithm of the sum of all weighted densities."""
    graph = append_densities(graph, model, relative=False)
    return graph.append(LogSumExp()) if graph.output.size > 1 else graph


def append_densities(graph: Graph, model: Any, *, relative: bool) -> Graph:
    """Weighted log-densities of the components; ``relative``: up to a constant."""
    means, factors, offsets = model.means_, model.precisions_cholesky_, _offsets(model)
    if model.covariance_type == "full":
        whitening = factors.swapaxes(1, 2)
        return append_whitened(graph, means, whitening, offsets, relative=relative)
    if model.covariance_type == "tied":
        # Whitened once for all components; there their deviations are 1.
        centre = means.mean(axis=0)
        graph = append_linear(graph, factors.T, -factors.T @ centre)
        means, factors = (means - centre) @ factors, np.ones_like(means)
    deviations = 1 / factors.reshape(len(means), -1)
    return append_diagonal(graph, means, deviations, offsets, relative=relative)


def _offsets(model: Any) -> NDArray[np.float64]:
    """Weighted log-densities of the components at their own means."""
    centred = copy(model)
    centred.means_ = np.zeros_like(model.means_)
    origin = centred.means_[:1]
    return np.asarray(centred._estimate_log_prob(origin)[0] + centred._estimate_log_weights())


def _append_tied(graph: Graph, model: Any) -> Graph:
    """Components of one covariance differ by a linear function of the sample."""
    factors = model.precisions_cholesky_
    centre = model.means_.mean(axis=0)
    whitened = (model.means_ - centre) @ factors
    weights = whitened @ factors.T
    bias = _offsets(model) - np.square(whitened).sum(axis=1) / 2 - weights @ centre
    if len(bias) == 2:
        weights, bias = weights[1:] - weights[:1], bias[1:] - bias[:1]
    return append_linear(graph, weights, bias)
