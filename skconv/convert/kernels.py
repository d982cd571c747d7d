"""Kernels by scikit-learn's names: a weighted sum of kernel values as nodes of a graph."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np

from skconv.convert.core import as_vector, float32, refuse
from skconv.convert.linear import append_linear
from skconv.graph import Graph, KernelMachine, Normalize

Name = Literal["laplacian", "rbf", "poly", "linear", "cosine"]

# Other names for the same kernels.
_SYNONYMS = {"polynomial": "poly"}
_ADVICE = "use kernel='rbf', 'poly', 'laplacian', 'linear' or 'cosine'"


@dataclass(frozen=True)
class Kernel:
    """A kernel that integers can compute.

    laplacian: ``exp(-gamma ||x - s||_1)``, rbf: ``exp(-gamma ||x - s||_2^2)``, poly: ``(gamma x.s
    + coef0)^degree``, linear: ``x.s``, cosine: ``x.s / (||x|| ||s||)``.
    """

    name: Name
    gamma: float = 1.0
    coef0: float = 0.0
    degree: int = 3


def check_kernel(model: Any, advice: str = _ADVICE) -> None:
    """Refuse a model whose kernel cannot become C."""
    if callable(model.kernel) or _SYNONYMS.get(model.kernel, model.kernel) not in get_args(Name):
        raise refuse(model, "kernel", advice)
    check_degree(model, _SYNONYMS.get(model.kernel, model.kernel) == "poly")


def check_degree(model: Any, is_poly: bool) -> None:
    """Refuse a power that is no product."""
    degree = 3 if model.degree is None else model.degree
    if is_poly and (degree < 1 or degree != int(degree)):
        raise refuse(model, "degree", "use a whole number from 1 on, such as degree=3")


def pairwise_kernel(model: Any, n_features: int) -> Kernel:
    """The kernel of a model that calls scikit-learn's ``pairwise_kernels``, with its defaults."""
    own = {name: getattr(model, name) for name in ("gamma", "coef0", "degree")}
    given = dict(model.kernel_params or {}) | {k: v for k, v in own.items() if v is not None}
    gamma = given.get("gamma")
    return Kernel(
        _SYNONYMS.get(model.kernel, model.kernel),
        1.0 / n_features if gamma is None else float(gamma),
        float(given.get("coef0", 1.0)),
        int(given.get("degree", 3)),
    )


def append_sums(
    graph: Graph, kernel: Kernel, vectors: Any, coefficients: Any, intercept: Any
) -> Graph:
    """``coefficients @ [kernel(x, s) for s in vectors] + intercept``, a row a result."""
    vectors, coefficients = _dense(vectors), np.atleast_2d(_dense(coefficients))
    intercept = np.broadcast_to(np.ravel(intercept), len(coefficients))
    if kernel.name == "linear":
        return append_linear(graph, coefficients @ vectors, intercept)
    if kernel.name == "cosine":
        norms = np.linalg.norm(vectors, axis=1, keepdims=True)
        units = vectors / np.where(norms > 0, norms, 1.0)
        normalized = as_vector(graph).append(Normalize("l2"))
        return append_linear(normalized, coefficients @ units, intercept)
    machine = KernelMachine(
        kernel.name,
        float32(vectors),
        float32(coefficients),
        float32(intercept),
        gamma=kernel.gamma,
        coef0=kernel.coef0,
        degree=kernel.degree,
    )
    return as_vector(graph).append(machine)


def _dense(values: Any) -> np.ndarray[Any, np.dtype[np.float64]]:
    dense = values.toarray() if hasattr(values, "toarray") else values
    return np.asarray(dense, np.float64)
