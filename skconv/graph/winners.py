"""Groups of kernels that compete along time: which of them wins, and which of them loses.

`QWinnerCounts` is the integer form; `skconv.runtime.winners` defines both.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from skconv.graph.base import INTEGER, Array, Op, TensorSpec, require, require_map
from skconv.graph.facts import Facts
from skconv.graph.integer import IntegerOp, Requantization
from skconv.graph.limits import ACCUMULATOR_MAX, INT16_MAX

__all__ = ["QWinnerCounts", "WinnerCounts"]


@dataclass(frozen=True)
class CompetingKernels(Op):
    """Groups of kernels along time, and what each group reads.

    Parameters
    ----------
    weights : ndarray of int8 of shape (n_groups, n_kernels, length)
        Kernels of an odd length, every one with the sum 0. Those of a group share one scale.
    channels : ndarray of uint8 of shape (n_groups, n_summed)
        The channels of the signal whose sum a group reads; one may occur twice.
    dilations : ndarray of int16 of shape (n_groups,)
        Steps of time between two taps. Zeros stand beside the signal, so that there is a
        window about every step of time.
    differences : ndarray of uint8 of shape (n_groups,)
        1 where a group reads the differences ``x[t + 1] - x[t]`` of its sum, one fewer.
    length : int
        Steps of time in the signal.
    """

    weights: Array
    channels: Array
    dilations: Array
    differences: Array
    length: int

    @property
    def n_features(self) -> int:
        """Two for every kernel."""
        return 2 * self.weights.shape[0] * self.weights.shape[1]

    @property
    def padded_length(self) -> int:
        """The longest that a group reads, with the zeros at both ends."""
        return self.length + (self.weights.shape[2] - 1) * int(self.dilations.max())

    def check(self, x: TensorSpec) -> None:
        """ValueError where the groups do not fit the signal, or each other."""
        require_map(self, x)
        channels = x.shape[2]
        n_groups, _, taps = self.weights.shape
        require(
            x.shape[:2] == (1, self.length),
            f"{self.describe()} needs a signal (1, {self.length}, channels), got shape {x.shape}",
        )
        require(
            taps % 2 == 1 and not self.weights.sum(axis=2, dtype=np.int64).any(),
            f"{self.describe()}: kernels need an odd length and the sum 0",
        )
        require(
            len(self.channels) == len(self.dilations) == len(self.differences) == n_groups,
            f"{self.describe()}: channels, dilations and differences of {n_groups} groups wanted",
        )
        require(
            0 <= self.channels.min() <= self.channels.max() < channels,
            f"{self.describe()}: channels must be in 0..{channels - 1}",
        )
        require(
            self.length > int(self.differences.max()),
            f"{self.describe()}: differences need 2 steps of time, got {self.length}",
        )

    def response_bound(self) -> int:
        """The largest response to int16, from the kernels themselves."""
        largest = int(np.abs(self.weights.astype(np.int64)).sum(axis=2).max()) * (INT16_MAX + 1)
        require(
            largest <= ACCUMULATOR_MAX,
            f"{self.describe()}: responses up to {largest} exceed int32",
        )
        return largest

    def macs(self, *inputs: TensorSpec) -> int:
        return int(self.weights.size) * self.length

    def describe(self) -> str:
        n_groups, n_kernels, taps = self.weights.shape
        return f"{type(self).__name__} {n_groups} x {n_kernels} kernels of {taps}"


@dataclass(frozen=True)
class WinnerCounts(CompetingKernels):
    """What the winner of each group gathers over time, and how often each kernel loses.

    At every step of time the kernel of a group with the largest response adds ``scale`` times
    the response to its sum, and the one with the least adds 1 to its count. Of equals it is
    the first. The result is, group by group, the sums of its kernels and then their counts.

    References
    ----------
    Dempster, Schmidt, Webb, "Hydra: competing convolutional kernels for fast and accurate
    time series classification", Data Mining and Knowledge Discovery 37, 2023 (section 3.1).

    Examples
    --------
    Two kernels on a step: the first answers where it rises, the second where it falls. Zeros
    stand at both ends, and where nothing changes the first of the two wins and loses.

    >>> import numpy as np
    >>> from skconv.graph import Graph, TensorSpec, WinnerCounts
    >>> from skconv.runtime import reference
    >>> kernels = np.array([[[-1, 0, 1], [1, 0, -1]]], np.int8)
    >>> first = np.zeros((1, 1), np.uint8)
    >>> op = WinnerCounts(kernels, first, np.ones(1, np.int16), first[0], 6)
    >>> graph = Graph(TensorSpec((1, 6, 1))).append(op)
    >>> reference.run(graph, np.array([[0, 0, 3, 3, 0, 0]]))
    array([[6., 6., 4., 2.]])
    """

    facts = Facts("window")
    scale: float = 1.0

    @property
    def scratch_bytes(self) -> int:
        """What a group reads, in C."""
        return 4 * self.padded_length

    def largest_read(self, x: TensorSpec) -> int:
        return INT16_MAX

    def only(self, chosen: Array, x: TensorSpec) -> tuple[WinnerCounts, Array] | None:
        """Without groups that no feature is left of: the kernels of one compete with each other."""
        size = 2 * self.weights.shape[1]
        groups = np.unique(chosen.astype(np.intp) // size)
        if len(groups) in (0, len(self.weights)):
            return None
        names = ("weights", "channels", "dilations", "differences")
        fewer = replace(self, **{name: getattr(self, name)[groups] for name in names})
        return fewer, (size * groups[:, None] + np.arange(size)).ravel()

    def output(self, *inputs: TensorSpec) -> TensorSpec:
        self.check(inputs[0])
        return TensorSpec((self.n_features,))


@dataclass(frozen=True)
class QWinnerCounts(CompetingKernels, IntegerOp):
    """`WinnerCounts` of an integer signal, requantised: int32 responses, compared as they are.

    What a group reads is shifted right by ``row_shift`` bits and clipped to int16. A response
    is shifted right by ``shift`` bits before it is added; a loss adds ``unit``, which is 1 in
    the same units. Both sums stay within int32.
    """

    facts = Facts("window")
    domains = INTEGER
    unit: int = 1
    shift: int = 0
    row_shift: int = 0
    requantization: Requantization = field(kw_only=True)

    def accumulator_bound(self) -> int:
        """The largest sum over time, of shifted responses or of losses."""
        largest = (self.response_bound() >> self.shift) + (self.shift > 0)
        bound = self.length * max(largest, self.unit)
        require(bound <= ACCUMULATOR_MAX, f"{self.describe()}: sums up to {bound} exceed int32")
        return bound

    @property
    def scratch_bytes(self) -> int:
        """Sums and counts of one group, then what it reads."""
        sums = 2 * self.weights.shape[1] * np.dtype("int32").itemsize
        return sums + self.padded_length * np.dtype("int16").itemsize

    def output(self, *inputs: TensorSpec) -> TensorSpec:
        (x,) = inputs
        self.check(x)
        require(self.unit >= 1, f"{self.describe()} needs unit >= 1, got {self.unit}")
        sums = self.channels.shape[1] * 2 * x.magnitude
        require(sums <= ACCUMULATOR_MAX, f"{self.describe()}: sums of channels exceed int32")
        spec = self.requantization.spec((1,), self.accumulator_bound())
        return replace(spec, shape=(self.n_features,))
