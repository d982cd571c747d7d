"""The loss of linear scores: its curvature by the weights, and the best scale and bias."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from skconv.passes.compress.base import Loss

Array = NDArray[Any]

CHUNK = 4096
# A class that is certain everywhere would have no curvature at all.
LEAST_VARIANCE = 1e-6


def hessians(inputs: Array, scores: Array, loss: Loss) -> Iterator[Array]:
    """The Hessian of the loss by the weights of each output, its bias fitted anew.

    Squared errors have one Hessian, the covariance of the inputs, for all outputs: it is yielded
    once. The logistic loss has one for each: ``sum p (1 - p) x x'`` over the samples.
    """
    if loss == "squared":
        yield covariance(inputs, np.ones(len(inputs)))
        return
    p = probabilities(scores)
    for k in range(scores.shape[1]):
        of_class = p[:, k + (scores.shape[1] == 1)]
        yield covariance(inputs, np.maximum(of_class * (1 - of_class), LEAST_VARIANCE))


def shared_hessian(inputs: Array, scores: Array, loss: Loss) -> Array:
    """One Hessian for all outputs, the mean of those of `hessians`: in one pass over samples."""
    if loss == "squared":
        return covariance(inputs, np.ones(len(inputs)))
    p = probabilities(scores)
    return covariance(inputs, np.maximum((p * (1 - p)).mean(axis=1), LEAST_VARIANCE))


def covariance(inputs: Array, importance: Array) -> Array:
    """Weighted second moments about the weighted mean: what is left when a bias is free."""
    weights = importance.astype(np.float32)
    mean = (weights @ inputs) / weights.sum()
    moments = np.zeros((inputs.shape[1], inputs.shape[1]))
    for start in range(0, len(inputs), CHUNK):
        rows = slice(start, start + CHUNK)
        # The mean first: the difference of two large sums would not be a covariance.
        # A matrix by its own transpose takes half the products of any other.
        apart = (inputs[rows] - mean) * np.sqrt(weights[rows, None])
        moments += apart.T @ apart
    return np.asarray(moments / len(inputs))


def probabilities(scores: Array) -> Array:
    """Softmax of scores; one score stands for two classes."""
    logits = _logits(scores)
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def _logits(scores: Array) -> Array:
    if scores.shape[1] > 1:
        return np.asarray(scores, np.float64)
    return np.hstack([np.zeros_like(scores, np.float64), scores])


def refitted(sums: Array, scores: Array, y: Array | None, loss: Loss) -> tuple[Array, Array]:
    """The scale and the bias of each output with the least loss.

    Parameters
    ----------
    sums : ndarray of shape (n_samples, n_outputs)
        Products of rounded weights and inputs.
    scores : ndarray of shape (n_samples, n_outputs)
        The scores before, which are the targets where nothing else is known.
    y : ndarray of int, optional
        Classes: the targets of the logistic loss.
    loss : {"logistic", "squared"}

    Returns
    -------
    scales, biases : ndarray of shape (n_outputs,)
    """
    if loss == "squared":
        return _least_squares(sums, scores)
    wanted = probabilities(scores) if y is None else np.eye(max(2, scores.shape[1]))[y]
    return _most_likely(sums.astype(np.float64), wanted)


def _least_squares(sums: Array, scores: Array) -> tuple[Array, Array]:
    means, wanted = sums.mean(axis=0, dtype=np.float64), scores.mean(axis=0, dtype=np.float64)
    apart = sums - means
    variance = (apart**2).sum(axis=0)
    scales = (apart * (scores - wanted)).sum(axis=0) / np.where(variance > 0, variance, 1)
    return scales, wanted - scales * means


def _most_likely(sums: Array, wanted: Array) -> tuple[Array, Array]:
    n_samples, n_outputs = sums.shape
    spread = np.maximum(sums.std(axis=0), np.finfo(np.float32).tiny)

    def loss(parameters: Array) -> tuple[float, Array]:
        scales, biases = np.split(parameters, 2)
        p = probabilities(sums * (scales / spread) + biases)
        error = ((p - wanted) / n_samples)[:, -n_outputs:]
        likelihood = np.log(np.maximum(p, np.finfo(float).tiny))
        by_scale = (error * sums).sum(axis=0) / spread
        value = -float((wanted * likelihood).sum()) / n_samples
        return value, np.concatenate([by_scale, error.sum(axis=0)])

    start = np.concatenate([spread, np.zeros(n_outputs)])
    found = minimize(loss, start, jac=True, method="L-BFGS-B").x
    scales, biases = np.split(found, 2)
    return scales / spread, biases
