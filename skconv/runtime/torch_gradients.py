"""Gradients of a loss by the input of a float graph, by torch.

This module imports torch. Import it where something is computed, not with the package.
"""

from __future__ import annotations

from itertools import combinations
from math import isqrt
from typing import Any, Literal

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from skconv.graph import INPUT, Graph
from skconv.runtime.torch_engine import on_device
from skconv.runtime.torch_ops import apply, has_form, prepared
from skconv.runtime.windows import check_batch

Array = NDArray[Any]
Loss = Literal["logistic", "squared", "pairs"]

CHUNK = 1024


def input_gradients(graph: Graph, x: Array, y: Array, loss: Loss) -> Array:
    """The gradient of the loss of each sample by its input.

    Parameters
    ----------
    graph : Graph
        A float graph of ops that torch computes, whose output is a vector of scores.
    x : ndarray of shape (n_samples, *graph.input.shape)
    y : ndarray of int of shape (n_samples,)
        Indices of classes.
    loss : {"logistic", "squared", "pairs"}
        Of scores, one a class, or a single one that is positive for the second of two: the
        logistic loss, or half the squared error to 1 for the class and -1 for the others.
        ``"pairs"``: of decisions, one for each two classes and positive for the first, the hinge
        loss of those that the class takes part in.

    Returns
    -------
    gradients : ndarray of float32, of the shape of ``x``

    Examples
    --------
    >>> import numpy as np
    >>> from skconv.graph import Graph, Linear, TensorSpec
    >>> from skconv.runtime.torch_gradients import input_gradients
    >>> layer = Linear(np.float32([[1, 0], [0, 2]]), np.zeros(2, "float32"))
    >>> graph = Graph(TensorSpec((2,))).append(layer)
    >>> input_gradients(graph, np.zeros((1, 2)), np.array([1]), "logistic")
    array([[ 0.5, -1. ]], dtype=float32)
    """
    for node in graph.nodes:
        if not has_form(node.op):
            raise ValueError(f"{node.op.describe()} has no gradient: torch does not compute it")
    x = check_batch(graph, x)
    cpu = torch.device("cpu")
    ops = [prepared(on_device(node.op, cpu)) for node in graph.nodes]
    parts = []
    for start in range(0, len(x), CHUNK):
        chunk = torch.from_numpy(x[start : start + CHUNK].astype(np.float32)).requires_grad_()
        tensors = {INPUT: chunk}
        for node, op in zip(graph.nodes, ops, strict=True):
            tensors[node.name] = apply(op, *(tensors[name] for name in node.inputs))
        labels = torch.from_numpy(np.asarray(y[start : start + CHUNK], np.int64))
        # Samples do not depend on each other: the gradient of the sum holds that of each.
        (found,) = torch.autograd.grad(LOSSES[loss](tensors[graph.output_name], labels), chunk)
        parts.append(found.numpy())
    return np.concatenate(parts)


def _logistic(scores: Tensor, y: Tensor) -> Tensor:
    logits = scores if scores.shape[1] > 1 else torch.cat([torch.zeros_like(scores), scores], 1)
    return F.cross_entropy(logits, y, reduction="sum")


def _squared(scores: Tensor, y: Tensor) -> Tensor:
    n_outputs = scores.shape[1]
    signs = 2 * F.one_hot(y, max(2, n_outputs))[:, -n_outputs:].to(scores.dtype) - 1
    return (scores - signs).square().sum() / 2


def _pairs(decisions: Tensor, y: Tensor) -> Tensor:
    n_classes = (1 + isqrt(1 + 8 * decisions.shape[1])) // 2
    first, second = torch.tensor(list(combinations(range(n_classes), 2))).T
    signs = (y[:, None] == first).to(decisions.dtype) - (y[:, None] == second).to(decisions.dtype)
    return ((1 - signs * decisions).relu() * signs.abs()).sum()


LOSSES = {"logistic": _logistic, "squared": _squared, "pairs": _pairs}
