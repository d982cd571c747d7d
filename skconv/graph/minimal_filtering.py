"""Minimal filtering: the fewest products for a few results of a short filter, exactly.

``F(m, r)`` gives ``m`` neighbouring results of a filter of ``r`` taps by ``m + r - 1`` products,
where the definition takes ``m * r``:

    ``y = A' ((G g) * (B' d))``

The construction is that of Cook and Toom. Two polynomials are multiplied by their values at
``m + r - 1`` points, one of them infinity; a filter is the transpose of that. All numbers are
fractions, so the result is the filter's, not close to it. On maps the matrices are applied to rows
and to columns, which makes ``F(m x m, r x r)``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import lcm, prod

import numpy as np

from skconv.graph.base import Array, require
from skconv.graph.limits import ACCUMULATOR_MAX, INT16_MAX

Limits = tuple[int, int]
BYTE: Limits = (-128, 127)


@dataclass(frozen=True)
class IntegerBounds:
    """The largest magnitudes that an algorithm meets on integers.

    Attributes
    ----------
    inputs : int
        Of ``B' d``, a factor of the products.
    kernels : int
        Of the scaled ``G g``, the other factor.
    products : int
        Of their sums over the channels.
    results : int
        Of the scaled results.
    """

    inputs: int
    kernels: int
    products: int
    results: int

    @property
    def fits(self) -> bool:
        """Whether factors are int16, and what adds them up wraps to the right result in int32."""
        return max(self.inputs, self.kernels) <= INT16_MAX and self.results <= ACCUMULATOR_MAX


@dataclass(frozen=True, eq=False)
class MinimalAlgorithm:
    """``y = output @ ((kernel @ g) * (inputs @ d))``, in matrices of fractions.

    Attributes
    ----------
    output : ndarray of Fraction (m, m + r - 1)
        ``A'``: whole numbers.
    kernel : ndarray of Fraction (m + r - 1, r)
        ``G``: all that is no whole number is here.
    inputs : ndarray of Fraction (m + r - 1, m + r - 1)
        ``B'``: whole numbers.
    """

    output: Array
    kernel: Array
    inputs: Array

    @property
    def results(self) -> int:
        """``m``."""
        return len(self.output)

    @property
    def taps(self) -> int:
        """``r``."""
        return int(self.kernel.shape[1])

    @property
    def products(self) -> int:
        """``m + r - 1``."""
        return len(self.inputs)

    @cached_property
    def scale(self) -> int:
        """What the kernels are multiplied by to be whole numbers: so are the results."""
        return _denominator(self.kernel.ravel())

    @cached_property
    def integers(self) -> tuple[Array, Array, Array]:
        """``A'``, ``scale * G`` and ``B'`` as int64."""
        scaled = self.output, self.kernel * self.scale, self.inputs
        return tuple(np.array(matrix, np.int64) for matrix in scaled)  # type: ignore[return-value]

    def bounds(
        self,
        inputs: Limits = BYTE,
        kernels: Limits = BYTE,
        channels: int = 1,
        axes: int = 2,
    ) -> IntegerBounds:
        """What the integer form meets at most, whatever the numbers.

        Parameters
        ----------
        inputs, kernels : (int, int)
            The least and the largest entry.
        channels : int
            That one result sums over.
        axes : int
            1 for signals, 2 for maps.
        """
        _, g, b = (_nested(matrix, axes) for matrix in self.integers)
        of_inputs, of_kernels = _reach(b, inputs), _reach(g, kernels)
        largest = max(map(abs, inputs)) * max(map(abs, kernels))
        return IntegerBounds(
            inputs=int(of_inputs.max()),
            kernels=int(of_kernels.max()),
            products=channels * int((of_inputs * of_kernels).max()),
            results=channels * (self.scale * self.taps) ** axes * largest,
        )

    def apply(self, d: Array, g: Array) -> Array:
        """Results of a signal or a map ``d`` under a kernel ``g``, both of fractions or floats.

        Examples
        --------
        >>> import numpy as np
        >>> from skconv.graph.minimal_filtering import minimal_algorithm
        >>> d, g = np.arange(16).reshape(4, 4), np.ones((3, 3), int)
        >>> minimal_algorithm(2, 3).apply(d, g).astype(int).tolist()
        [[45, 54], [81, 90]]
        """
        return transformed(self.output, transformed(self.kernel, g) * transformed(self.inputs, d))


def transformed(matrix: Array, x: Array) -> Array:
    """A matrix applied to every axis of a signal or a map."""
    for axis in range(x.ndim):
        x = np.moveaxis(np.tensordot(matrix, x, (1, axis)), 0, axis)
    return x


def _nested(matrix: Array, axes: int) -> Array:
    """The matrix that is applied to all axes at once."""
    whole = matrix
    for _ in range(axes - 1):
        whole = np.kron(whole, matrix)
    return whole


def _reach(matrix: Array, limits: Limits) -> Array:
    """The largest magnitude of every row's sum, of entries within limits."""
    above, below = np.maximum(matrix, 0).sum(axis=1), np.maximum(-matrix, 0).sum(axis=1)
    low, high = limits
    return np.maximum(abs(above * high - below * low), abs(above * low - below * high))


# ------------------------------------------------------------------------ construction


def default_points(count: int) -> tuple[Fraction, ...]:
    """0, 1, -1, 2, -2, 1/2, -1/2, 3, -3, 1/3, ...: small numbers first."""
    found = [Fraction(0), Fraction(1), Fraction(-1)]
    size = 2
    while len(found) < count:
        for value in (Fraction(size), Fraction(1, size)):
            found += [value, -value]
        size += 1
    return tuple(found[:count])


def minimal_algorithm(
    m: int, r: int, points: Sequence[int | Fraction] | None = None
) -> MinimalAlgorithm:
    """The algorithm ``F(m, r)``.

    Parameters
    ----------
    m : int
        Results that are computed together.
    r : int
        Taps of the filter.
    points : sequence of int or Fraction, default=None
        ``m + r - 2`` numbers that differ; ``None`` takes 0, 1, -1, 2, -2, 1/2, -1/2 and so on.
        Infinity is one more.

    Returns
    -------
    MinimalAlgorithm

    Raises
    ------
    ValueError
        Where there are too few points or too many, or two that are equal.

    Notes
    -----
    All fractions are in ``G``, which is computed once, and ``A'`` and ``B'`` hold whole numbers. At
    whole points the matrices are those of ``wincnn`` [2]_ in sign and scale.

    References
    ----------
    .. [1] Winograd, "Arithmetic Complexity of Computations", SIAM 1980.
    .. [2] Lavin, Gray, "Fast Algorithms for Convolutional Neural Networks", CVPR 2016; Lavin,
       ``wincnn``.

    Examples
    --------
    >>> from skconv.graph.minimal_filtering import minimal_algorithm
    >>> found = minimal_algorithm(2, 3)
    >>> found.output.astype(int).tolist()
    [[1, 1, 1, 0], [0, 1, -1, 1]]
    >>> found.kernel.astype(float).tolist()
    [[1.0, 0.0, 0.0], [0.5, 0.5, 0.5], [0.5, -0.5, 0.5], [0.0, 0.0, 1.0]]
    >>> found.inputs.astype(int).tolist()
    [[1, 0, -1, 0], [0, 1, 1, 0], [0, -1, 1, 0], [0, -1, 0, 1]]
    >>> found.bounds().fits, minimal_algorithm(4, 3).bounds().fits
    (True, False)
    """
    require(m >= 1 and r >= 1, f"F({m}, {r}): m and r must be at least 1")
    count = m + r - 2
    chosen = [Fraction(p) for p in (default_points(count) if points is None else points)]
    require(
        len(chosen) == count,
        f"points={points!r}: F({m}, {r}) needs {count} of them beside infinity, got {len(chosen)}",
    )
    require(len(set(chosen)) == count, f"points={points!r}: two of them are equal")
    output, kernel, inputs = _powers(chosen, m).T, _powers(chosen, r), _lagrange(chosen)
    for i, point in enumerate(chosen):
        kernel[i] /= prod((point - other for other in chosen if other != point), start=Fraction(1))
    if count and kernel[0, 0] < 0:
        kernel[0], inputs[0] = -kernel[0], -inputs[0]
    for i in range(count + 1):
        a, b = _denominator(output[:, i]), _denominator(inputs[i])
        output[:, i], inputs[i], kernel[i] = output[:, i] * a, inputs[i] * b, kernel[i] / (a * b)
    return MinimalAlgorithm(output, kernel, inputs)


def _denominator(values: Array) -> int:
    """The least that makes whole numbers of fractions."""
    return lcm(*(value.denominator for value in values))


def _powers(points: Sequence[Fraction], n: int) -> Array:
    """A row of ``n`` powers for every point; that of infinity is the last power alone."""
    rows = [[point**power for power in range(n)] for point in points]
    return np.array([*rows, [Fraction(int(power == n - 1)) for power in range(n)]], object)


def _lagrange(points: Sequence[Fraction]) -> Array:
    """A row for every point: the coefficients of what is 0 at all others; infinity: at all."""
    n = len(points) + 1
    rows = []
    for left_out in [*points, None]:
        row = [Fraction(1)]
        for root in points:
            if root != left_out:
                times_x, times_root = [Fraction(0), *row], [root * value for value in row]
                row = [a - b for a, b in zip(times_x, [*times_root, Fraction(0)], strict=True)]
        rows.append(row + [Fraction(0)] * (n - len(row)))
    return np.array(rows, object)
