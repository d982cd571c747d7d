"""Functions of one number, one for each column: formulas, and straight lines between knots.

`QInterpolate` is the integer form of all of them. `skconv.runtime.curves` defines them.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, get_args

import numpy as np

from skconv.graph.base import Array, Op, TensorSpec, require, require_vector
from skconv.graph.facts import Facts
from skconv.graph.integer import IntegerOp
from skconv.graph.limits import INT16_MAX

__all__ = ["Curve", "CurveFunction", "Interpolate", "QInterpolate"]

CurveFunction = Literal["exp", "expm1", "log", "log1p", "tanh", "yeo-johnson", "box-cox"]

# Twice a distance of knots times a difference of values fits so many bits.
QUOTIENT_BITS = 32


@dataclass(frozen=True)
class Curve(Op):
    """``gains * f(factors * x + offsets) + shifts``, column by column.

    Parameters
    ----------
    function : str
        ==================  ================================================================
        ``"exp"``           ``exp(u)``
        ``"expm1"``         ``exp(u) - 1``
        ``"log"``           ``ln(u)``; of ``u`` below ``2^-100`` that of ``2^-100``
        ``"log1p"``         ``ln(1 + u)``, likewise
        ``"tanh"``          ``tanh(u)``
        ``"box-cox"``       ``(u^e - 1) / e``, and ``ln(u)`` for ``e = 0``; ``u`` as of ``"log"``
        ``"yeo-johnson"``   for ``u >= 0`` Box-Cox of ``1 + u``, else ``-`` Box-Cox of ``1 - u``
                            with ``2 - e`` for ``e``
        ==================  ================================================================
    factors, offsets, gains, shifts : ndarray of shape (n_columns,) or (1,)
    exponents : ndarray of the same shape, optional
        ``e`` of the last two.

    References
    ----------
    Yeo, Johnson, "A new family of power transformations to improve normality or symmetry",
    Biometrika 87, 2000.

    Examples
    --------
    With an exponent of 2, Yeo-Johnson is ``((1 + u)^2 - 1) / 2`` above 0, and ``-ln(1 - u)`` below.

    >>> import numpy as np
    >>> from skconv.graph import Curve, Graph, TensorSpec
    >>> from skconv.runtime import reference
    >>> one, zero = np.ones(1, np.float32), np.zeros(1, np.float32)
    >>> op = Curve("yeo-johnson", one, zero, one, zero, exponents=2 * one)
    >>> reference.run(Graph(TensorSpec((2,))).append(op), np.array([[3.0, 1 - np.e]]))
    array([[ 7.5, -1. ]])
    """

    facts = Facts("vector", reads="sums")
    function: CurveFunction
    factors: Array
    offsets: Array
    gains: Array
    shifts: Array
    exponents: Array | None = None

    def largest_read(self, x: TensorSpec) -> int:
        return INT16_MAX

    def output(self, *inputs: TensorSpec) -> TensorSpec:
        (x,) = inputs
        require_vector(self, x)
        known = get_args(CurveFunction)
        require(
            self.function in known, f"Curve of function {self.function!r}, expected one of {known}"
        )
        needs = self.function in ("box-cox", "yeo-johnson")
        require(needs == (self.exponents is not None), f"{self.describe()}: exponents do not fit")
        lengths = {len(values) for values in self.parameters.values()}
        require(
            lengths <= {1, x.size},
            f"{self.describe()} of {max(lengths)} columns, got a vector of {x.size}",
        )
        return TensorSpec(x.shape)

    def macs(self, *inputs: TensorSpec) -> int:
        return 2 * inputs[0].size

    def describe(self) -> str:
        return f"Curve {self.function}"


@dataclass(frozen=True)
class Interpolate(Op):
    """Straight lines between knots, and the values at the ends beyond them, column by column.

    Where several knots are equal the line jumps. At the jump itself the value is the mean of
    those before and behind it; at the first knot it is the first value, and at the last knot the
    last, as in `sklearn.preprocessing.QuantileTransformer`.

    Parameters
    ----------
    knots, values : ndarray of shape (n_columns, n_knots) or (1, n_knots)
        Knots ascend.

    Examples
    --------
    >>> import numpy as np
    >>> from skconv.graph import Graph, Interpolate, TensorSpec
    >>> from skconv.runtime import reference
    >>> op = Interpolate(np.float32([[0, 2, 2, 3]]), np.float32([[0, 1, 3, 4]]))
    >>> reference.run(Graph(TensorSpec((5,))).append(op), np.array([[-1.0, 1, 2, 2.5, 9]]))
    array([[0. , 0.5, 2. , 3.5, 4. ]])
    """

    facts = Facts("vector", reads="sums")
    knots: Array
    values: Array

    def largest_read(self, x: TensorSpec) -> int:
        return INT16_MAX

    def output(self, *inputs: TensorSpec) -> TensorSpec:
        (x,) = inputs
        require_vector(self, x)
        require(
            self.knots.shape == self.values.shape and self.knots.shape[0] in (1, x.size),
            f"{self.describe()}: knots {self.knots.shape} and values {self.values.shape} for a "
            f"vector of {x.size}",
        )
        require(bool((np.diff(self.knots) >= 0).all()), f"{self.describe()}: knots do not ascend")
        return TensorSpec(x.shape)

    def macs(self, *inputs: TensorSpec) -> int:
        return inputs[0].size

    def describe(self) -> str:
        return f"Interpolate {len(self.knots)}x{self.knots.shape[1]}"


@dataclass(frozen=True)
class QInterpolate(IntegerOp):
    """Straight lines between integer knots: the integer form of a function of one number.

    Between two knots ``k``, ``l`` of values ``v``, ``w`` the result is ``v`` and the nearest
    integer to ``(x - k) (w - v) / (l - k)``, halves away from 0. Beyond the ends it is the value
    at the end.

    Parameters
    ----------
    starts : ndarray of uint16 of shape (n_columns + 1,) or (2,)
        Where the knots of each column begin, and where the last has ended; of one for all.
    knots : ndarray of shape (n_knots,)
        Of the type of the input. Those of a column are different, and ascend.
    values : ndarray of shape (n_knots,)
        int8, uint8 or int16.
    scale : float
        What one unit of the result is worth.
    error : float
        The largest difference from the function that it stands for, over all integers between
        the knots at the ends, rounding included: in the function's own unit.
    """

    facts = Facts("vector")
    starts: Array
    knots: Array
    values: Array
    scale: float = 1.0
    error: float = 0.0

    def output(self, *inputs: TensorSpec) -> TensorSpec:
        (x,) = inputs
        require_vector(self, x)
        require(
            len(self.starts) in (2, x.size + 1),
            f"{self.describe()} of {len(self.starts) - 1} columns, got a vector of {x.size}",
        )
        require(
            self.knots.dtype == x.dtype,
            f"{self.describe()}: knots are {self.knots.dtype}, the input is {x.dtype}",
        )
        for start, end in pairwise(self.starts):
            part = slice(int(start), int(end))
            steps = np.diff(self.knots[part].astype(np.int64))
            rises = np.abs(np.diff(self.values[part].astype(np.int64)))
            require(bool((steps > 0).all()), f"{self.describe()}: knots do not ascend")
            largest = int((2 * steps * rises + steps).max(initial=0))
            require(
                largest < 2**QUOTIENT_BITS,
                f"{self.describe()}: quotients of {largest} do not fit {QUOTIENT_BITS} bits",
            )
        return TensorSpec(
            x.shape,
            self.values.dtype.name,
            self.scale,
            minimum=int(self.values.min()),
            maximum=int(self.values.max()),
        )

    def macs(self, *inputs: TensorSpec) -> int:
        return inputs[0].size

    def describe(self) -> str:
        return f"QInterpolate {len(self.knots)} knots, error {self.error:.2g}"
