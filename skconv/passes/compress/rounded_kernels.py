"""Kernels rounded to a few levels, by the second moments of the patches that they read."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from skconv.graph import Conv, Graph
from skconv.passes.compress.base import Array, Samples, with_op
from skconv.passes.compress.loss import refitted
from skconv.passes.compress.positions import spread
from skconv.passes.compress.refit import refit_head
from skconv.passes.compress.second_order import Levels, curvature, largest_level, round_row
from skconv.passes.compress.seen import Seen, seen
from skconv.passes.equalize import equalize
from skconv.passes.integers import is_deep
from skconv.utils.progress import report

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
    before = equalize(graph, spread(samples, MOST_EQUALIZED).X) if is_deep(graph) else graph
    graph = before
    for name in names:
        node = graph.by_name[name]
        assert isinstance(node.op, Conv)
        of = seen(graph, node, samples, before)
        graph = with_op(graph, name, rounded_conv(node.op, of, levels, damping))
        n_levels = len(levels) if isinstance(levels, np.ndarray) else 2 * levels + 1
        report(f"{name} rounded to {n_levels} levels")
    return graph if keeps_head else refit_head(graph, before, samples)


def rounded_conv(op: Conv, of: Seen, levels: Levels, damping: float) -> Conv:
    """A convolution of few levels whose results come as near as they can to those wanted.

    Parameters
    ----------
    op : Conv
    of : Seen
        What it reads, behind layers that may be rounded already, and what it gave before any was.
    levels : int or ndarray
        As of `round_row`.
    damping : float
        As of `SecondOrderRounding`.
    """
    banks = op.weights.reshape(len(of.rows), -1, op.weights[0].size)
    weights, biases = rounded_rows(banks, of, levels, damping)
    return replace(
        op,
        weights=weights.reshape(op.weights.shape).astype(np.float32),
        bias=biases.ravel().astype(np.float32),
        levels=largest_level(levels),
        coded=None,
    )


def rounded_rows(weights: Array, of: Seen, levels: Levels, damping: float) -> tuple[Array, Array]:
    """Rows of a few levels, and biases, with the least squares of the errors of their results.

    Parameters
    ----------
    weights : ndarray of shape (n_groups, n_rows, n_weights)
    of : Seen
    levels : int or ndarray
    damping : float

    Returns
    -------
    weights : ndarray of the same shape
    biases : ndarray of shape (n_groups, n_rows)

    Notes
    -----
    The inputs are no longer those that the weights were made for. First the weights are moved to
    where the wanted results are met best, which makes up for the errors of the layers before. Only
    then are they rounded.
    """
    best = of.best_weights(weights, damping)
    rounded, biases = np.zeros(best.shape), np.zeros(best.shape[:2])
    for group, (rows, wanted) in enumerate(zip(of.rows, of.wanted, strict=True)):
        found = curvature(of.covariance[group], damping)
        for i, row in enumerate(best[group]):
            whole, scale = round_row(row, found, levels)
            rounded[group, i] = whole * scale
        sums = rows @ rounded[group].T.astype(np.float32)
        scales, biases[group] = refitted(sums, wanted, None, "squared")
        rounded[group] *= np.where(scales > 0, scales, 1.0)[:, None]
    return rounded, biases
