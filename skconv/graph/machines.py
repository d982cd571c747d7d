"""Kernel machines in integers: types, bounds and tables.

What the integers are is defined by `skconv.runtime.fixed`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from skconv.graph.base import INTEGER, Array, TensorSpec, require
from skconv.graph.facts import Facts
from skconv.graph.integer import (
    EXP2_FRACTION_BITS,
    FINE_EXP2_BITS,
    KERNEL_FRACTION_BITS,
    POLY_BASE_BITS,
    POLY_FRACTION_BITS,
    IntegerOp,
    Requantization,
    exp2_table,
)
from skconv.graph.limits import ACCUMULATOR_MAX
from skconv.graph.storage.grid import Grid, pack_grid
from skconv.graph.storage.narrow import Narrow, narrow_form, pack_lines
from skconv.graph.vectors import Kernel, SupportVectors, largest_decision

__all__ = ["QKernelMachine"]


def kernel_bound(kernel: Kernel, support_vectors: Array, offset: int, x: TensorSpec) -> int:
    """Largest distance from a support vector, or dot product plus offset, that can occur."""
    n_vectors, n_features = support_vectors.shape
    low = int(support_vectors.min(initial=x.limits[0]))
    high = int(support_vectors.max(initial=x.limits[1]))
    bound = {
        "laplacian": n_features * (high - low),
        "rbf": n_features * (high - low) ** 2,
        "poly": n_features * x.magnitude * max(high, -low) + abs(offset),
    }[kernel]
    require(
        bound <= ACCUMULATOR_MAX,
        f"QKernelMachine {kernel} {n_vectors}x{n_features}: "
        f"accumulator up to {bound} does not fit int32",
    )
    return bound


@dataclass(frozen=True)
class QKernelMachine(SupportVectors, IntegerOp):
    """Decisions of an SVM with a kernel, in integers.

    Support vectors have the type and scale of the input; ``dual_coef`` is int16, or int8 of
    magnitudes up to ``levels``, in a unit of its own for each decision whose sign is all that
    counts. ``intercept`` is int64. Distances (or ``x . s + offset``, poly) are int32; the
    requantisation ``exponent`` makes of them an exponent with 8 bits of fraction, or with 14
    where ``fine`` says so (laplacian, rbf), or the base of the power with 23 (poly). Kernels
    have ``fraction_bits`` of fraction: 15, and 30 for poly, whose values spread wider. The sum
    is int64, and a decision is ``(sum + intercept + 2^(f - 1)) >> f`` in int32, where ``f`` is
    ``fraction_bits`` less those that decisions keep, ``kept_bits``.

    With a ``grid`` support vectors are of 16 values, and stored two a byte
    (`skconv.graph.storage.grid`).
    """

    facts = Facts("vector")
    domains = INTEGER
    exponent: Requantization = field(kw_only=True)
    offset: int = 0
    degree: int = 3
    scale: float = 1.0
    kept_bits: int = 0
    fine: bool = False
    levels: int = 0
    grid: Grid | None = None

    @property
    def form(self) -> Narrow | None:
        """How several coefficients share a byte."""
        return narrow_form(self.levels)

    @property
    def parameters(self) -> dict[str, Array]:
        tables = super().parameters
        if self.form is not None:
            tables["dual_coef"] = pack_lines(self.dual_coef, self.form)
        if self.grid is not None:
            tables["support_vectors"] = pack_grid(self.support_vectors, self.grid)
        if self.kernel != "poly":
            tables["exp2_table"] = exp2_table()
        return tables

    @property
    def scratch_bytes(self) -> int:
        return self.n_results * np.dtype(np.int64).itemsize

    @property
    def fraction_bits(self) -> int:
        return POLY_FRACTION_BITS if self.kernel == "poly" else KERNEL_FRACTION_BITS

    @property
    def exponent_bits(self) -> int:
        """Bits of fraction of an exponent (laplacian, rbf)."""
        return FINE_EXP2_BITS if self.fine else EXP2_FRACTION_BITS

    @property
    def shift(self) -> int:
        """From a sum to a decision."""
        return self.fraction_bits - self.kept_bits

    def accumulator_bound(self, x: TensorSpec) -> int:
        """Largest distance, or dot product plus offset, that can occur."""
        return kernel_bound(self.kernel, self.support_vectors, self.offset, x)

    def output(self, *inputs: TensorSpec) -> TensorSpec:
        (x,) = inputs
        self.check(x)
        require(
            self.support_vectors.dtype == x.dtype,
            f"support vectors are {self.support_vectors.dtype}, the input is {x.dtype}",
        )
        require(
            self.grid is None or self.grid.holds(self.support_vectors),
            f"{self.describe()}: support vectors are not all on {self.grid}",
        )
        if self.kernel == "poly":
            largest = max(-self.exponent.minimum, self.exponent.maximum)
            require(largest <= 2**POLY_BASE_BITS, f"{self.describe()}: base up to {largest}")
        self.exponent.spec((1,), self.accumulator_bound(x))
        bound = largest_decision(self, self.fraction_bits, self.shift)
        return TensorSpec((self.n_results,), "int32", self.scale, -bound, bound)
