"""A linear head fitted anew, to features that a pass has changed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cholesky, solve_triangular
from scipy.optimize import minimize

from skconv.graph import Graph, Linear
from skconv.passes.compress.base import Loss, Samples, head_of, with_op
from skconv.passes.compress.loss import covariance, probabilities, shared_hessian
from skconv.passes.compress.penalty import penalty_of

Array = NDArray[Any]

# Of the mean variance of the features: what makes least squares of dependent ones tame.
DAMPING = 1e-5
MOST_ITERATIONS, TOLERANCE = 200, 1e-7


def refit_head(graph: Graph, before: Graph, samples: Samples) -> Graph:
    """The weights and biases of the linear head, fitted anew to the features that it reads.

    Under the squared loss the scores come as near to those before as they can, in closed form.
    Under the logistic loss the labels are fitted, or the probabilities before where there are no
    labels. The penalty is that of the head before: see `penalty_of`.

    Parameters
    ----------
    graph : Graph
        A float graph. The features that its head reads are not those of ``before``; there may
        be fewer. Its head is the place to start from.
    before : Graph
        With the head as it was fitted.
    samples : Samples

    Returns
    -------
    Graph
        The same one, where no linear layer gives its scores.
    """
    head = head_of(graph)
    if head is None:
        return graph
    op = head.op
    assert isinstance(op, Linear)
    # A feature that was pruned gets no weight again.
    read = op.weights.any(axis=0) if op.weights.any() else np.ones(op.weights.shape[1], bool)
    features, scores = samples.tensor(graph, head.inputs[0])[:, read], _scores(before, samples)
    if samples.loss == "squared":
        found, bias = least_squares(features, scores)
    else:
        start = np.column_stack([op.weights[:, read], op.bias])
        penalty = penalty_of(before, samples).of(features)
        found, bias = most_likely(features, targets_of(samples.y, scores), start, penalty)
    weights = np.zeros_like(op.weights)
    weights[:, read] = found
    refitted = replace(op, weights=weights, bias=bias.astype(np.float32), levels=0, coded=None)
    return with_op(graph, head.name, refitted)


def _scores(graph: Graph, samples: Samples) -> Array:
    return samples.tensor(graph, graph.scores_name)


def targets_of(y: Array | None, scores: Array) -> Array:
    """Probabilities that a logistic head is fitted to: one class, or those of its scores."""
    return probabilities(scores) if y is None else np.eye(max(2, scores.shape[1]))[y]


def least_squares(features: Array, wanted: Array) -> tuple[Array, Array]:
    """Weights and bias whose scores come nearest to those wanted."""
    moments = covariance(features, np.ones(len(features)))
    largest = float(np.trace(moments)) / len(moments)
    moments[np.diag_indices_from(moments)] += DAMPING * largest if largest > 0 else 1.0
    mean = features.mean(axis=0, dtype=np.float64)
    centre = wanted.mean(axis=0, dtype=np.float64)
    products = (wanted - centre).astype(np.float32).T @ (features - mean.astype(np.float32))
    weights = np.linalg.solve(moments, products.T.astype(np.float64) / len(features)).T
    return weights, centre - weights @ mean


def most_likely(
    features: Array,
    targets: Array,
    start: Array,
    penalty: Array,
    hessian: Array | None = None,
) -> tuple[Array, Array]:
    """Weights and bias of a logistic regression on features.

    Parameters
    ----------
    features : ndarray of shape (n_samples, n_features)
    targets : ndarray of shape (n_samples, n_classes)
        Probabilities.
    start : ndarray of shape (n_outputs, n_features + 1)
        Weights and bias to begin from; one output tells two classes apart.
    penalty : ndarray of shape (n_features,)
        Of half the square of each weight, for one sample.
    hessian : ndarray of shape (n_features, n_features), optional
        As `damped_hessian` of the start, where it is known: only speed depends on it.
    """
    n_outputs = len(start)
    mean = features.mean(axis=0, dtype=np.float64)
    begin = np.column_stack([start[:, :-1], start[:, -1] + start[:, :-1] @ mean])
    apart = np.asarray(features - mean.astype(np.float32), np.float32)
    if hessian is None:
        # As if nothing were known: where a bad start is certain, the loss has no curvature.
        hessian = damped_hessian(apart, 0.0 * targets, "logistic", penalty)
    # Where all directions curve alike, few steps are enough: weights are ``table @ turned``.
    lower = cholesky(hessian, lower=True, check_finite=False)
    turned = solve_triangular(lower, np.eye(len(lower)), lower=True, check_finite=False)
    apart = apart @ turned.T.astype(np.float32)
    holds = (turned * penalty) @ turned.T

    def loss(flat: Array) -> tuple[float, Array]:
        table = flat.reshape(n_outputs, -1)
        scores = apart @ table[:, :-1].T.astype(np.float32) + table[:, -1]
        p = probabilities(scores)
        likelihood = np.log(np.maximum(p, np.finfo(float).tiny))
        error = (p - targets)[:, -n_outputs:] / len(features)
        pulled = table[:, :-1] @ holds
        by_weight = error.T.astype(np.float32) @ apart + pulled
        held = 0.5 * float((pulled * table[:, :-1]).sum())
        value = held - float((targets * likelihood).sum()) / len(features)
        return value, np.column_stack([by_weight, error.sum(axis=0)]).ravel()

    begin[:, :-1] = begin[:, :-1] @ lower
    options = {"maxiter": MOST_ITERATIONS, "ftol": TOLERANCE, "maxcor": 20}
    found = minimize(loss, begin.ravel(), jac=True, method="L-BFGS-B", options=options).x
    table = found.reshape(n_outputs, -1)
    weights = table[:, :-1] @ turned
    return weights, table[:, -1] - weights @ mean


def damped_hessian(features: Array, scores: Array, loss: Loss, penalty: Array) -> Array:
    """One Hessian for all outputs, with a penalty, or the least damping that it can do with."""
    found = shared_hessian(features, scores, loss)
    diagonal = np.diag(found)
    mean = float(diagonal.mean()) or 1.0
    least = DAMPING * np.where(diagonal > 0, diagonal, mean)
    found[np.diag_indices_from(found)] += np.maximum(penalty, least)
    return found
