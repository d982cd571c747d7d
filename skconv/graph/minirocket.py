"""How often fixed kernels along time answer more than a bias: the features of MiniRocket."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from itertools import combinations

import numpy as np

from skconv.graph.base import BOTH, Array, Op, TensorSpec, require, require_map
from skconv.graph.facts import Facts
from skconv.graph.limits import ACCUMULATOR_MAX, INT16_MAX, UINT16_MAX
from skconv.graph.storage.narrowest import narrowest

__all__ = ["MiniRocket"]

KERNEL_LENGTH = 9
# The taps of each kernel whose weight is 2; that of the others is -1.
TRIPLES: tuple[tuple[int, ...], ...] = tuple(combinations(range(KERNEL_LENGTH), 3))
# The sum of the positive weights of a kernel, which is that of the negative ones, too.
ONE_SIDE = 6


@dataclass(frozen=True)
class MiniRocket(Op):
    """How often each convolution of a signal is larger than each of its biases.

    A kernel has nine taps: the weight 2 at three of them and -1 at the others, so its sum
    is 0. There are 84, in the order of `TRIPLES`. Zeros stand beside a signal, four dilations
    at each end; a convolution that is not ``padded`` counts only where it meets none of
    them. It reads the sum of some channels. Features come convolution by convolution, and
    divided by `positions` they are the share of positive values (PPV).

    Parameters
    ----------
    dilations : ndarray of uint16 of shape (n_convolutions,)
    kernels : ndarray of uint8 of shape (n_convolutions,)
        Below 84.
    padded : ndarray of uint8 of shape (n_convolutions,)
        1 where zeros count.
    n_channels, channels : ndarrays of uint8
        How many channels each convolution reads, and which, one after the other.
    n_biases : ndarray of uint16 of shape (n_convolutions,)
    biases : ndarray of shape (n_features,)
        float32, or int32 where the signal is of integers.
    length : int
        Steps of time in the signal.
    sum_dtype : str
        What holds a sum of channels on integers.

    References
    ----------
    Dempster, Schmidt, Webb, "MiniRocket: a very fast (almost) deterministic transform for time
    series classification", KDD 2021, sections 3.1 and 3.2.

    Examples
    --------
    A ramp: the kernel whose taps 6, 7, 8 have the weight 2 answers 3 (2 + 3 + 4) = 27.

    >>> import numpy as np
    >>> from skconv.graph import Graph, MiniRocket, TensorSpec
    >>> from skconv.runtime import reference
    >>> one, zero = np.ones(1, np.uint8), np.zeros(1, np.uint8)
    >>> biases = np.array([26, 27], np.float32)
    >>> two = np.array([2], np.uint16)
    >>> op = MiniRocket(one.astype("u2"), 83 * one, zero, one, zero, two, biases, length=12)
    >>> reference.run(Graph(TensorSpec((1, 12, 1))).append(op), np.arange(12)[None])
    array([[4., 0.]])
    """

    facts = Facts("window", stage="counts")
    domains = BOTH
    dilations: Array
    kernels: Array
    padded: Array
    n_channels: Array
    channels: Array
    n_biases: Array
    biases: Array
    length: int
    sum_dtype: str = "int32"

    # -------------------------------------------------------------------- convolutions

    @cached_property
    def reach(self) -> int:
        """Zeros that stand at each end."""
        return KERNEL_LENGTH // 2 * int(self.dilations.max(initial=0))

    @cached_property
    def positions(self) -> Array:
        """At how many steps of time each feature is counted."""
        edges = 2 * (KERNEL_LENGTH // 2) * self.dilations.astype(np.int64)
        inside = np.maximum(self.length - np.where(self.padded, 0, edges), 0)
        return np.repeat(inside, self.n_biases)

    @cached_property
    def channel_lists(self) -> tuple[tuple[int, ...], ...]:
        """The channels that each convolution reads."""
        ends = np.cumsum(self.n_channels.astype(np.intp))
        parts = np.split(self.channels, ends[:-1])
        return tuple(tuple(part.tolist()) for part in parts)

    @cached_property
    def first_features(self) -> Array:
        """Where the features of each convolution begin, and their number at the end."""
        return np.concatenate([[0], np.cumsum(self.n_biases.astype(np.intp))])

    def convolutions(self, chosen: Array) -> MiniRocket:
        """Some of the convolutions, in the order wanted."""
        lists, firsts = self.channel_lists, self.first_features
        features = [np.arange(firsts[i], firsts[i + 1]) for i in chosen]
        channels = [channel for i in chosen for channel in lists[i]]
        return replace(
            self,
            dilations=self.dilations[chosen],
            kernels=self.kernels[chosen],
            padded=self.padded[chosen],
            n_channels=self.n_channels[chosen],
            channels=np.array(channels, self.channels.dtype),
            n_biases=self.n_biases[chosen],
            biases=self.biases[np.concatenate(features)],
        )

    def with_sorted_channels(self) -> MiniRocket:
        """Every convolution reads its channels in their order: on integers the same sums."""
        parts = [sorted(part) for part in self.channel_lists]
        return replace(self, channels=np.concatenate(parts).astype(self.channels.dtype))

    def only(self, chosen: Array, x: TensorSpec) -> tuple[MiniRocket, Array] | None:
        """Without convolutions that no feature is left of."""
        chosen = np.unique(chosen).astype(np.intp)
        if len(chosen) in (0, len(self.biases)):
            return None
        of_feature = np.repeat(np.arange(len(self.n_biases)), self.n_biases)
        counts = np.bincount(of_feature[chosen], minlength=len(self.n_biases))
        fewer = replace(
            self, biases=self.biases[chosen], n_biases=counts.astype(self.n_biases.dtype)
        )
        return fewer.convolutions(np.flatnonzero(counts)), chosen

    # ------------------------------------------------------------------------ in memory

    @property
    def parameters(self) -> dict[str, Array]:
        """Tables as small as they can be.

        Kernels have 128 added where zeros count. Triples hold four bits a tap, the first lowest.
        Channels that are those of the convolution before are left out: their number is 0.
        """
        lists = self.channel_lists
        is_new = np.array([i == 0 or lists[i] != lists[i - 1] for i in range(len(lists))])
        read = [channel for new, part in zip(is_new, lists, strict=True) if new for channel in part]
        return {
            "dilations": narrowest(self.dilations),
            "kernels": self.kernels + np.uint8(128) * self.padded,
            "triples": np.array(TRIPLES, np.uint16) @ np.array([1, 16, 256], np.uint16),
            "n_channels": np.where(is_new, self.n_channels, 0).astype(np.uint8),
            "channels": np.array(read, np.uint8),
            "n_biases": narrowest(self.n_biases),
            "biases": self.biases if self.biases.dtype.kind == "f" else narrowest(self.biases),
        }

    # -------------------------------------------------------------------------- tensors

    def largest_sum(self, x: TensorSpec) -> int:
        """The largest sum of channels."""
        return int(self.n_channels.max(initial=1)) * x.magnitude

    def in_units(self, x: TensorSpec) -> MiniRocket:
        """``C > b`` is ``C > floor(b)`` where ``C`` is an integer."""
        largest = 2 * ONE_SIDE * self.largest_sum(x) + 1
        floors = np.floor(self.biases.astype(np.float64) / x.scale)
        dtype = "int16" if self.largest_sum(x) <= INT16_MAX else "int32"
        return replace(
            self, biases=np.clip(floors, -largest, largest).astype(np.int32), sum_dtype=dtype
        )

    def largest_read(self, x: TensorSpec) -> int:
        return INT16_MAX

    @property
    def scratch_bytes(self) -> int:
        """A sum of channels between zeros, in C."""
        is_float = self.biases.dtype.kind == "f"
        item = 4 if is_float else np.dtype(self.sum_dtype).itemsize
        return (self.length + 2 * self.reach) * item

    def output(self, *inputs: TensorSpec) -> TensorSpec:
        (x,) = inputs
        self._check(x)
        shape = (len(self.biases),)
        if x.domain == "float":
            return TensorSpec(shape)
        require(
            self.biases.dtype.kind == "i"
            and 3 * ONE_SIDE * self.largest_sum(x) <= ACCUMULATOR_MAX
            and self.largest_sum(x) <= np.iinfo(self.sum_dtype).max,
            f"MiniRocket: sums up to {self.largest_sum(x)} times {3 * ONE_SIDE} do not fit int32, "
            f"or a signal of integers has biases of {self.biases.dtype}",
        )
        largest = int(self.positions.max(initial=0))
        dtype = "uint8" if largest <= np.iinfo(np.uint8).max else "uint16"
        return TensorSpec(shape, dtype, minimum=0, maximum=largest)

    def _check(self, x: TensorSpec) -> None:
        require_map(self, x)
        require(
            x.shape[:2] == (1, self.length) and KERNEL_LENGTH <= self.length <= UINT16_MAX,
            f"MiniRocket needs a signal (1, {self.length}, channels) of {KERNEL_LENGTH} to "
            f"{UINT16_MAX} steps of time, got shape {x.shape}",
        )
        sizes = {len(v) for v in (self.dilations, self.kernels, self.padded, self.n_channels)}
        require(
            sizes == {len(self.n_biases)}
            and int(self.n_channels.sum(dtype=np.int64)) == len(self.channels)
            and int(self.n_biases.sum(dtype=np.int64)) == len(self.biases),
            "MiniRocket: dilations, kernels, channels and biases do not fit each other",
        )
        require(
            int(self.channels.max(initial=0)) < x.shape[2]
            and int(self.kernels.max(initial=0)) < len(TRIPLES)
            and int(self.n_channels.min(initial=1)) >= 1
            and int(self.dilations.min(initial=1)) >= 1,
            f"MiniRocket: channels must be below {x.shape[2]}, kernels below {len(TRIPLES)}, "
            "and no convolution is without channels or a dilation",
        )

    def macs(self, *inputs: TensorSpec) -> int:
        """None: additions and comparisons only."""
        return 0

    def describe(self) -> str:
        n_dilations = len(np.unique(self.dilations))
        return f"MiniRocket {len(self.dilations)} convolutions, {n_dilations} dilations"
