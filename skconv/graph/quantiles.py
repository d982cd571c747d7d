"""Quantiles of intervals of a signal, or of its differences.

`QIntervalQuantiles` is the integer form; `skconv.runtime.quantiles` defines both.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal, get_args

import numpy as np

from skconv.graph.base import INTEGER, Array, Op, TensorSpec, require, require_map
from skconv.graph.facts import Facts
from skconv.graph.integer import IntegerOp, Requantization
from skconv.graph.limits import ACCUMULATOR_MAX, INT16_MAX

__all__ = ["IntervalQuantiles", "QIntervalQuantiles"]

Representation = Literal["raw", "difference", "second_difference"]

# Differences whose mean is one number of the smoothed first difference.
SMOOTHED = 5
# How many numbers fewer a representation has, and how much larger they may be.
SHORTER: dict[str, int] = {"raw": 0, "difference": 1, "second_difference": 2}
LARGER: dict[str, int] = {"raw": 1, "difference": 2 * SMOOTHED, "second_difference": 4}


@dataclass(frozen=True)
class Intervals(Op):
    """Intervals of a representation of a signal, and how many quantiles each has.

    Parameters
    ----------
    intervals : ndarray of uint16 of shape (n_intervals, 2)
        Where each begins, and where it has ended.
    length : int
        Steps of time in the signal.
    divisor : int
        An interval of ``n`` numbers has ``1 + (n - 1) // divisor`` quantiles.
    representation : {"raw", "difference", "second_difference"}
        What the quantiles are of: the signal; the means of 5 neighbouring differences ``x[t + 1] -
        x[t]``, of which those at the ends are repeated; or ``x[t + 2] - 2 x[t + 1] + x[t]``.
    """

    intervals: Array
    length: int
    divisor: int = 4
    representation: Representation = "raw"

    @property
    def sizes(self) -> Array:
        """How many numbers each interval has."""
        ends = self.intervals.astype(np.int64)
        return np.asarray(ends[:, 1] - ends[:, 0])

    @property
    def counts(self) -> Array:
        """How many quantiles each interval has."""
        return np.asarray(1 + (self.sizes - 1) // self.divisor)

    def n_features(self, x: TensorSpec) -> int:
        return int(self.counts.sum()) * x.shape[2]

    def check(self, x: TensorSpec) -> None:
        """ValueError where the intervals do not fit the signal."""
        require_map(self, x)
        known = get_args(Representation)
        require(
            self.representation in known,
            f"IntervalQuantiles of {self.representation!r}, expected one of {known}",
        )
        require(
            x.shape[:2] == (1, self.length),
            f"{self.describe()} needs a signal (1, {self.length}, channels), got shape {x.shape}",
        )
        most = self.length - SHORTER[self.representation]
        require(
            self.divisor >= 1 and self.sizes.min(initial=1) >= 1 and self.intervals.max() <= most,
            f"{self.describe()}: intervals must not be empty, and lie in 0..{most}",
        )

    def macs(self, *inputs: TensorSpec) -> int:
        (x,) = inputs
        return 2 * self.n_features(x)

    def describe(self) -> str:
        return f"{type(self).__name__} {self.representation}, {len(self.intervals)} intervals"


@dataclass(frozen=True)
class IntervalQuantiles(Intervals):
    """Quantiles of intervals, every second one less the mean of its interval, times ``scale``.

    The ``q`` quantiles of ``n`` sorted numbers lie at ``i (n - 1) / (q - 1)``, ``i = 0 .. q - 1``,
    linear between two of them. A single quantile is the median. The second, the fourth, ... of
    several are less the mean of the interval. Channel by channel, interval by interval.

    References
    ----------
    Dempster, Schmidt, Webb, "QUANT: a minimalist interval method for time series
    classification", Data Mining and Knowledge Discovery 38, 2024 (section 3).

    Examples
    --------
    Of 1, 2, 4, 9, 14 the three quantiles are 1, 4 and 14, and the mean is 6.

    >>> import numpy as np
    >>> from skconv.graph import Graph, IntervalQuantiles, TensorSpec
    >>> from skconv.runtime import reference
    >>> op = IntervalQuantiles(np.array([[0, 5]], np.uint16), 5, divisor=2)
    >>> reference.run(Graph(TensorSpec((1, 5, 1))).append(op), np.array([[9, 2, 14, 1, 4]]))
    array([[ 1., -2., 14.]])
    """

    facts = Facts("window")
    scale: float = 1.0

    @property
    def scratch_bytes(self) -> int:
        """One interval, in C."""
        return int(self.sizes.max()) * np.dtype("float32").itemsize

    def largest_read(self, x: TensorSpec) -> int:
        return INT16_MAX

    def only(self, chosen: Array, x: TensorSpec) -> tuple[IntervalQuantiles, Array] | None:
        """Without intervals that no quantile is left of, in any channel."""
        of_channel = int(self.counts.sum())
        of_quantile = np.repeat(np.arange(len(self.intervals)), self.counts)
        left = np.unique(of_quantile[chosen.astype(np.intp) % of_channel])
        if len(left) in (0, len(self.intervals)):
            return None
        kept = np.flatnonzero(np.tile(np.isin(of_quantile, left), x.shape[2]))
        return replace(self, intervals=self.intervals[left]), kept

    def output(self, *inputs: TensorSpec) -> TensorSpec:
        (x,) = inputs
        self.check(x)
        return TensorSpec((self.n_features(x),))


@dataclass(frozen=True)
class QIntervalQuantiles(Intervals, IntegerOp):
    """`IntervalQuantiles` of an integer signal, requantised.

    The smoothed difference is the sum of its 5 differences. Quantiles and means have
    ``fraction_bits`` of fraction; each is rounded to the nearest, halves up. An interval is
    sorted as ``row_dtype``.
    """

    facts = Facts("window")
    domains = INTEGER
    fraction_bits: int = 0
    row_dtype: str = "int32"
    requantization: Requantization = field(kw_only=True)

    @property
    def scratch_bytes(self) -> int:
        return int(self.sizes.max()) * np.dtype(self.row_dtype).itemsize

    def largest_number(self, x: TensorSpec) -> int:
        """The largest number of the representation."""
        return LARGER[self.representation] * x.magnitude

    def accumulator_bound(self, x: TensorSpec) -> int:
        """The largest quantile less a mean."""
        bound = 2 * self.largest_number(x) << self.fraction_bits
        require(bound <= ACCUMULATOR_MAX, f"{self.describe()}: numbers up to {bound} exceed int32")
        return bound

    def output(self, *inputs: TensorSpec) -> TensorSpec:
        (x,) = inputs
        self.check(x)
        require(
            self.largest_number(x) <= np.iinfo(self.row_dtype).max,
            f"{self.describe()}: numbers up to {self.largest_number(x)} exceed {self.row_dtype}",
        )
        spec = self.requantization.spec((1,), self.accumulator_bound(x))
        return replace(spec, shape=(self.n_features(x),))
