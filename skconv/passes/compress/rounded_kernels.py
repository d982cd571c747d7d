"""Kernels rounded to a few levels, by the second moments of the patches that they read."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skconv.graph import Conv, Graph
from skconv.passes.compress.base import Samples, with_op
from skconv.passes.compress.loss import covariance, refitted
from skconv.passes.compress.positions import patches, spread
from skconv.passes.compress.refit import refit_head
from skconv.passes.compress.second_order import (
    Curvature,
    Levels,
    curvature,
    largest_level,
    round_row,
)
from skconv.passes.equalize import equalize
from skconv.passes.integers import is_deep
from skconv.utils.progress import report

Array = NDArray[Any]

MOST_EQUALIZED = 64


def with_rounded_convs(
    graph: Graph,
    names: list[str],
    samples: Samples,
    levels: Levels,
    damping: float,
    *,
    keeps_head: bool = False,
) -> Graph:
    """A graph with rounded convolutions, each made for what those before it leave, and a new head.

    Parameters
    ----------
    graph : Graph
    names : list of str
        Nodes, in their order.
    samples : Samples
    levels : int or ndarray
        As of `round_row`.
    damping : float
    keeps_head : bool
        The head is not fitted anew: a pass before has rounded it.
    """
    few = spread(samples)
    before = equalize(graph, few.X[:MOST_EQUALIZED]) if is_deep(graph) else graph
    graph = before
    for name in names:
        node = graph.by_name[name]
        op, (source,) = node.op, node.inputs
        assert isinstance(op, Conv)
        shape = (-1, *graph.specs[source].shape)
        now, old = (few.tensor(g, source).reshape(shape) for g in (graph, before))
        graph = with_op(graph, name, rounded_conv(op, now, old, levels, damping))
        n_levels = len(levels) if isinstance(levels, np.ndarray) else 2 * levels + 1
        report(f"{name} rounded to {n_levels} levels")
    return graph if keeps_head else refit_head(graph, before, samples)


def rounded_conv(op: Conv, maps: Array, before: Array, levels: Levels, damping: float) -> Conv:
    """A convolution of few levels whose results come as near as they can to those before.

    Parameters
    ----------
    op : Conv
    maps : ndarray of shape (n_samples, height, width, channels)
        What it reads, behind layers that may be rounded already.
    before : ndarray of the same shape
        What it read before any layer was rounded: what it made of that is wanted.
    levels : int or ndarray
        As of `round_row`.
    damping : float
        As of `SecondOrderRounding`.
    """
    reads, read_before = patches(op, maps), patches(op, before)
    banks = op.weights.reshape(len(reads), -1, op.weights[0].size)
    biases = op.bias.reshape(len(reads), -1)
    found = [
        rounded_rows(weights, seen, old @ weights.T + bias, levels, damping)
        for weights, bias, seen, old in zip(banks, biases, reads, read_before, strict=True)
    ]
    weights, bias = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return replace(
        op,
        weights=weights.reshape(op.weights.shape).astype(np.float32),
        bias=bias.astype(np.float32),
        levels=largest_level(levels),
        coded=None,
    )


def rounded_rows(
    weights: Array, inputs: Array, wanted: Array, levels: Levels, damping: float
) -> tuple[Array, Array]:
    """Rows of a few levels, and biases, with the least squares of the errors of their results.

    Parameters
    ----------
    weights : ndarray of shape (n_rows, n_inputs)
    inputs : ndarray of float32 of shape (n_positions, n_inputs)
    wanted : ndarray of shape (n_positions, n_rows)
    levels : int or ndarray
    damping : float

    Returns
    -------
    weights, biases : ndarray

    Notes
    -----
    The inputs are no longer those that the weights were made for. First the weights are moved to
    where the wanted results are met best, which makes up for the errors of the layers before. Only
    then are they rounded.
    """
    of = curvature(covariance(inputs, np.ones(len(inputs))), damping)
    rounded = np.zeros(weights.shape)
    for i, row in enumerate(_compensated(weights, inputs, wanted, of)):
        whole, scale = round_row(row, of, levels)
        rounded[i] = whole * scale
    scales, biases = refitted(inputs @ rounded.T.astype(np.float32), wanted, None, "squared")
    scales = np.where(scales > 0, scales, 1.0)
    return rounded * scales[:, None], biases


def _compensated(weights: Array, inputs: Array, wanted: Array, of: Curvature) -> Array:
    """Weights with the least squared errors; the damping holds them near to what they are."""
    missing = wanted - inputs @ weights.T
    missing -= missing.mean(axis=0)
    products = inputs.T @ missing.astype(np.float32) / len(inputs)
    return weights + np.linalg.solve(of.hessian, products.astype(np.float64)).T
