"""Weights, or cosine coefficients of kernels, that share a few numbers by a hash."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from skconv.graph.base import Array, Shape, require
from skconv.graph.storage.coded import Coded
from skconv.graph.storage.frequency import Basis, by_tap


def hashes(count: int, seed: int) -> Array:
    """A number of 32 bits for each place from 0 on: the same in C (``hashed.h``).

    Examples
    --------
    >>> from skconv.graph.storage.hashed import hashes
    >>> hashes(3, 0).tolist()
    [0, 543097909, 1071786347]
    """
    x = np.arange(count, dtype=np.uint32) * np.uint32(0x9E3779B1) + np.uint32(seed)
    x ^= x >> np.uint32(15)
    x *= np.uint32(0x2C1B3C6D)
    x ^= x >> np.uint32(12)
    x *= np.uint32(0x297A2D39)
    x ^= x >> np.uint32(15)
    return x


@dataclass(frozen=True)
class Buckets:
    """Which bucket each place has, and with which sign.

    Attributes
    ----------
    shape : tuple of int
        Of the places ``(n_kernels, channels, height, width)``. Those of one frequency, the sum of
        the last two indices, share the same buckets.
    sizes : tuple of int
        Buckets of each frequency.
    seed : int
    """

    shape: Shape
    sizes: tuple[int, ...]
    seed: int

    def __post_init__(self) -> None:
        n_groups = sum(self.shape[2:]) - 1
        require(
            len(self.sizes) == n_groups and all(0 < n < 2**16 for n in self.sizes),
            f"Buckets of places {self.shape}: sizes {self.sizes}, expected {n_groups} from 1 on",
        )

    @cached_property
    def firsts(self) -> Array:
        """The first bucket of each frequency, and how many there are."""
        return np.concatenate([[0], np.cumsum(self.sizes)]).astype(np.uint16)

    @cached_property
    def indices(self) -> Array:
        """The bucket of each place."""
        x = hashes(int(np.prod(self.shape)), self.seed).reshape(self.shape)
        u, v = np.mgrid[: self.shape[2], : self.shape[3]]
        sizes = np.array(self.sizes, np.uint32)[u + v]
        within = (x >> np.uint32(16)) * sizes >> np.uint32(16)
        return self.firsts[u + v].astype(np.int64) + within

    @cached_property
    def signs(self) -> Array:
        """1 or -1 for each place."""
        x = hashes(int(np.prod(self.shape)), self.seed).reshape(self.shape)
        return np.where(x & np.uint32(1), -1, 1)


@dataclass(frozen=True)
class Hashed(Coded):
    """Weights, or cosine coefficients of kernels, that share a few numbers by a hash.

    Attributes
    ----------
    values : ndarray of int8 of shape (n_buckets,)
    sizes : tuple of int
        How many of them are for each frequency, from the lowest.
    seed : int
    gain : float
        What a coefficient is worth, in units of the weights, where kernels have several taps.

    Examples
    --------
    >>> import numpy as np
    >>> from skconv.graph.storage.hashed import Hashed
    >>> Hashed((2, 3), values=np.int8([5, 9]), sizes=(2,)).weights().tolist()
    [[5, -5, -5], [9, 5, -9]]
    """

    values: Array = field(kw_only=True)
    sizes: tuple[int, ...] = field(kw_only=True)
    seed: int = field(default=0, kw_only=True)
    gain: float = field(default=1.0, kw_only=True)

    def __post_init__(self) -> None:
        require(
            sum(self.sizes) == len(self.values),
            f"Hashed of weights {self.shape}: {len(self.values)} values, sizes {self.sizes}",
        )

    @cached_property
    def buckets(self) -> Buckets:
        n_kernels, *rest = self.shape
        height, width = rest[:2] if len(rest) == 3 else (1, 1)
        return Buckets((n_kernels, rest[-1], height, width), self.sizes, self.seed)

    @property
    def basis(self) -> Basis | None:
        """Of kernels of several taps."""
        height, width = self.buckets.shape[2:]
        return Basis(height, width, self.gain) if height * width > 1 else None

    @cached_property
    def _weights(self) -> Array:
        q = self.buckets.signs * self.values[self.buckets.indices].astype(np.int64)
        if self.basis is not None:
            return by_tap(self.basis.inverse(q))
        return np.ascontiguousarray(by_tap(q).reshape(self.shape), np.int8)

    def weights(self) -> Array:
        return self._weights

    @property
    def tables(self) -> dict[str, Array]:
        found = {"values": self.values, "firsts": self.buckets.firsts}
        return found if self.basis is None else found | self.basis.tables
