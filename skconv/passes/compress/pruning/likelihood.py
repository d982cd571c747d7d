"""A linear head fitted anew to labels, as a logistic regression, whatever it was before."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from skconv.passes.compress.base import Array, Samples
from skconv.passes.compress.loss import probabilities
from skconv.passes.compress.refit import most_likely

RefitLoss = Literal["logistic"] | None

# Of the square of a weight times the range of its input, for one sample; the strongest first.
STRENGTHS = (1e-3, 3e-4, 1e-4, 3e-5, 1e-5)
# One sample of so many chooses the strength.
HELD_OUT = 5


def check_loss(asks: Any, samples: Samples) -> None:
    """Refuse a parameter ``loss`` of a pass that is none, or that has no labels to fit."""
    if asks.loss not in (None, "logistic"):
        raise ValueError(f"loss={asks.loss!r}, expected None or 'logistic'")
    if asks.loss == "logistic" and samples.y is None:
        raise ValueError(
            f"{type(asks).__name__} with loss='logistic' needs the labels of a classifier: pass "
            "y, or use loss=None"
        )


def logistic_head(inputs: Array, y: Array, n_outputs: int) -> tuple[Array, Array]:
    """Weights and biases of most likelihood, with the penalty that samples left out want.

    Parameters
    ----------
    inputs : ndarray of float32 of shape (n_samples, n_inputs)
    y : ndarray of int of shape (n_samples,)
        Indices of classes.
    n_outputs : int
        One for two classes, else as many as there are classes.
    """
    targets = np.eye(max(2, n_outputs))[y]
    units = np.ptp(inputs, axis=0).astype(np.float64) ** 2
    strength, table = _chosen(inputs, targets, units, n_outputs)
    return most_likely(inputs, targets, table, strength * units)


def _chosen(inputs: Array, targets: Array, units: Array, n_outputs: int) -> tuple[float, Array]:
    """The penalty under which samples that are not fitted are likeliest, and the head with it.

    Penalties become weaker until that no longer helps: each head is where the next one begins.
    """
    is_held = np.arange(len(inputs)) % HELD_OUT == HELD_OUT - 1
    fitted, held, of_held = inputs[~is_held], inputs[is_held], targets[is_held]
    best, chosen = np.inf, STRENGTHS[0]
    found = table = np.zeros((n_outputs, inputs.shape[1] + 1))
    for strength in STRENGTHS:
        table = np.column_stack(most_likely(fitted, targets[~is_held], table, strength * units))
        scores = held @ table[:, :-1].T.astype(np.float32) + table[:, -1]
        p = np.maximum(probabilities(scores), np.finfo(float).tiny)
        cost = -float((of_held * np.log(p)).sum())
        if cost >= best:
            break
        best, chosen, found = cost, strength, table
    return chosen, found
