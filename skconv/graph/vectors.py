"""The ops on vectors: scalers, linear layers, kernel machines, decisions."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from math import isqrt
from typing import Literal

import numpy as np

from skconv.graph.base import (
    BOTH,
    Array,
    Op,
    TensorSpec,
    require,
    require_channels,
    require_vector,
)
from skconv.graph.facts import Facts
from skconv.graph.limits import ACCUMULATOR_MAX, INT16_MAX
from skconv.graph.storage.coded import Coded

__all__ = ["Affine", "ArgMax", "KernelMachine", "Linear", "Normalize", "OvoVote", "Threshold"]

# ----------------------------------------------------------------------------- vectors


@dataclass(frozen=True)
class Affine(Op):
    """``x * factors + offsets``: a factor and an offset for every channel.

    On a vector, for every entry (the scalers). On a map it is what is left of a batch
    normalisation, or what a network wants done to an image before it: ``(x - mean) / std``.
    """

    facts = Facts("affine")
    factors: Array
    offsets: Array

    def output(self, *inputs: TensorSpec) -> TensorSpec:
        (x,) = inputs
        require_channels(self, x, len(self.factors))
        return TensorSpec(x.shape)

    def macs(self, *inputs: TensorSpec) -> int:
        return inputs[0].size


Norm = Literal["l1", "l2", "max"]


@dataclass(frozen=True)
class Normalize(Op):
    """``x / ||x||``; a zero vector stays zero."""

    facts = Facts("vector")
    norm: Norm = "l2"

    def largest_read(self, x: TensorSpec) -> int:
        return min(INT16_MAX, isqrt(ACCUMULATOR_MAX // x.size))

    def output(self, *inputs: TensorSpec) -> TensorSpec:
        (x,) = inputs
        require_vector(self, x)
        return x

    def macs(self, *inputs: TensorSpec) -> int:
        return 2 * inputs[0].size

    def describe(self) -> str:
        return f"{type(self).__name__} {self.norm}"


@dataclass(frozen=True)
class Linear(Op):
    """``weights @ x + bias``; weights ``(n_outputs, n_inputs)``.

    With ``levels`` the weights of each output are whole multiples of one number, of magnitudes
    up to ``levels``: integers keep them as they are. 0: any weights. ``coded`` is how a target
    stores them, where that is not one by one (`skconv.graph.storage.coded`).
    """

    facts = Facts("vector", reads="scores")
    weights: Array
    bias: Array
    levels: int = 0
    coded: Coded | None = None

    def output(self, *inputs: TensorSpec) -> TensorSpec:
        (x,) = inputs
        require_vector(self, x, self.weights.shape[1])
        return TensorSpec((self.weights.shape[0],))

    def macs(self, *inputs: TensorSpec) -> int:
        return int(self.weights.size)

    def describe(self) -> str:
        return f"{type(self).__name__} {self.weights.shape[1]}->{self.weights.shape[0]}"


Kernel = Literal["laplacian", "rbf", "poly"]


@dataclass(frozen=True)
class SupportVectors(Op):
    """The facts of a kernel machine, shared by its float and its integer form.

    One decision per pair of classes ``i < j`` (binary: one): the sum over the support
    vectors of both classes of coefficient times kernel, plus the intercept. Positive
    votes for ``i``. ``dual_coef`` is libsvm's ``(n_classes - 1, n_support_vectors)``,
    support vectors sorted by class, ``n_support`` of each.

    Without ``n_support`` the classes share the support vectors: one score per row of
    ``dual_coef``, the sum over all of them, plus the intercept.
    """

    kernel: Kernel
    support_vectors: Array  # (n_sv, n_features)
    dual_coef: Array  # (n_classes - 1 or n_results, n_sv)
    intercept: Array  # (n_results,)
    n_support: tuple[int, ...] = ()

    @property
    def n_classes(self) -> int:
        return len(self.n_support)

    @property
    def n_results(self) -> int:
        """Pairs of classes, or scores."""
        if not self.n_support:
            return len(self.dual_coef)
        return self.n_classes * (self.n_classes - 1) // 2

    def decisions(self) -> list[tuple[Array, Array]]:
        """The places of the coefficients of each result: rows, and support vectors."""
        if not self.n_support:
            vectors = np.arange(len(self.support_vectors))
            return [(np.full_like(vectors, row), vectors) for row in range(self.n_results)]
        ends = np.cumsum(self.n_support)
        of_class = [np.arange(end - n, end) for end, n in zip(ends, self.n_support, strict=True)]
        return [
            (
                np.repeat([j - 1, i], [len(of_class[i]), len(of_class[j])]),
                np.concatenate([of_class[i], of_class[j]]),
            )
            for i, j in combinations(range(self.n_classes), 2)
        ]

    @property
    def parameters(self) -> dict[str, Array]:
        if not self.n_support:
            return super().parameters
        return super().parameters | {"n_support": np.asarray(self.n_support, np.uint16)}

    def check(self, x: TensorSpec) -> None:
        require_vector(self, x, self.support_vectors.shape[1])
        n_vectors = len(self.support_vectors)
        n_rows = self.n_classes - 1 if self.n_support else self.n_results
        require(
            (not self.n_support or sum(self.n_support) == n_vectors)
            and self.dual_coef.shape == (n_rows, n_vectors)
            and len(self.intercept) == self.n_results,
            f"{self.describe()}: support vectors, coefficients and intercepts do not fit",
        )

    def macs(self, *inputs: TensorSpec) -> int:
        return int(self.support_vectors.size + self.dual_coef.size)

    def describe(self) -> str:
        n_vectors, n_features = self.support_vectors.shape
        return f"{type(self).__name__} {self.kernel} {n_vectors}x{n_features}"


def largest_decision(machine: SupportVectors, fraction_bits: int, shift: int) -> int:
    """How large a result can be whose sum is shifted, where a kernel of 1 has these bits."""
    sums = (
        int(np.abs(machine.dual_coef[places].astype(np.int64)).sum()) << fraction_bits
        for places in machine.decisions()
    )
    intercepts = (abs(int(intercept)) for intercept in machine.intercept)
    largest = max(s + i for s, i in zip(sums, intercepts, strict=True))
    return min((largest >> shift) + 1, ACCUMULATOR_MAX)


@dataclass(frozen=True)
class KernelMachine(SupportVectors):
    """Decisions of an SVM with a kernel.

    laplacian: ``2^(-gamma_2 * ||x - s||_1)``, rbf: ``2^(-gamma_2 * ||x - s||_2^2)`` with
    ``gamma_2 = gamma / ln 2``; poly: ``(gamma * x.s + coef0)^degree``. Coefficients of a result
    are whole multiples, up to ``levels``, of one number; 0: any. ``few_values``: entries of the
    support vectors are 16 evenly spaced numbers, and integers keep them so.
    """

    facts = Facts("vector", reads="scores")
    gamma: float = 1.0
    coef0: float = 0.0
    degree: int = 3
    levels: int = 0
    few_values: bool = False

    def output(self, *inputs: TensorSpec) -> TensorSpec:
        self.check(inputs[0])
        return TensorSpec((self.n_results,))


# --------------------------------------------------------------------------- decisions


@dataclass(frozen=True)
class OvoVote(Op):
    """One vote a pair ``(i, j)``, ``i < j``: for ``i`` where its decision is > 0, else ``j``."""

    facts = Facts("votes")
    domains = BOTH
    n_classes: int = 2

    def output(self, *inputs: TensorSpec) -> TensorSpec:
        (x,) = inputs
        require_vector(self, x, self.n_classes * (self.n_classes - 1) // 2)
        if x.domain == "float":
            return TensorSpec((self.n_classes,))
        return TensorSpec((self.n_classes,), "int32", minimum=0, maximum=self.n_classes - 1)


@dataclass(frozen=True)
class ArgMax(Op):
    """Index of the largest entry; the first one where several are equal."""

    facts = Facts("decision")
    domains = BOTH

    def output(self, *inputs: TensorSpec) -> TensorSpec:
        (x,) = inputs
        require_vector(self, x)
        return TensorSpec((1,), "int32", minimum=0, maximum=x.shape[0] - 1)


@dataclass(frozen=True)
class Threshold(Op):
    """1 where the one score is > 0, else 0 (two classes)."""

    facts = Facts("decision")
    domains = BOTH

    def output(self, *inputs: TensorSpec) -> TensorSpec:
        (x,) = inputs
        require_vector(self, x, 1)
        return TensorSpec((1,), "int32", minimum=0, maximum=1)
