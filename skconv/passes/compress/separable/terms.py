"""Which columns kernels are sums of: those that they have in common first, or new ones by SVD."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

# Of the length of a kernel: singular values that rounding made.
NOTHING = 1e-6


@dataclass(frozen=True)
class Wanted:
    """How good the terms have to be, and what they cost.

    Attributes
    ----------
    energy : float
        Share of the squares of a kernel that its terms keep.
    rank : int
        Most terms of a kernel for one channel.
    new_line, term : int
        Products that another column and another term take.
    """

    energy: float
    rank: int
    new_line: int
    term: int


@dataclass
class Columns:
    """The columns of a bank of kernels so far, of unit length: their channels and weights."""

    channels: list[int] = field(default_factory=list)
    weights: list[Array] = field(default_factory=list)

    def of(self, channel: int) -> list[int]:
        return [i for i, of in enumerate(self.channels) if of == channel]

    def add(self, channel: int, column: Array) -> int:
        """The place of a new one; its largest weight is positive."""
        self.channels.append(channel)
        self.weights.append(column * np.sign(column[np.argmax(np.abs(column))]))
        return len(self.weights) - 1


def shared_terms(weights: Array, groups: int, wanted: Wanted) -> tuple[Columns, list[list[int]]]:
    """The columns of a bank of kernels, and which of them each kernel is made of.

    A kernel takes the columns that are there as long as that costs less than new ones, which are
    the best there are: by the theorem of Eckart and Young, those of the largest singular values.

    Parameters
    ----------
    weights : ndarray of shape (n_kernels, height, width, depth)
    groups : int
    wanted : Wanted
    """
    columns = Columns()
    n_kernels, _, _, depth = weights.shape
    found: list[list[int]] = []
    for kernel, bank in enumerate(weights.astype(np.float64)):
        first = kernel * groups // n_kernels * depth
        may_lose = (1 - wanted.energy) * float((bank**2).sum()) / depth
        places = [_terms(bank[:, :, d], columns, first + d, may_lose, wanted) for d in range(depth)]
        chosen = [place for of_channel in places for place in of_channel]
        if not chosen:  # A kernel of zeros, or all of whose channels are small.
            strongest = int(np.argmax((bank**2).sum(axis=(0, 1))))
            column = _first_column(bank[:, :, strongest])
            chosen = [columns.add(first + strongest, column)]
        found.append(chosen)
    return columns, found


def _first_column(part: Array) -> Array:
    return np.asarray(np.linalg.svd(part)[0][:, 0])


@dataclass(frozen=True)
class _Choice:
    """Columns that are there, and new ones; the squares that are lost, and the products taken."""

    old: list[int]
    new: Array
    lost: float
    cost: int


def _terms(
    part: Array, columns: Columns, channel: int, may_lose: float, wanted: Wanted
) -> list[int]:
    """The columns of one channel of a kernel; new ones are added to the others."""
    choices = list(_choices(part, columns, channel, may_lose, wanted))
    good = [choice for choice in choices if choice.lost <= may_lose]
    best = min(good, key=lambda c: c.cost) if good else min(choices, key=lambda c: c.lost)
    return best.old + [columns.add(channel, column) for column in best.new]


def _choices(
    part: Array, columns: Columns, channel: int, may_lose: float, wanted: Wanted
) -> Iterator[_Choice]:
    """With as many of the columns that are there as may be, one more each time."""
    there = columns.of(channel)
    old: list[int] = []
    left, size = part, float(np.linalg.norm(part))
    while True:
        new, lost = _new_columns(left, may_lose, wanted.rank - len(old), size)
        cost = len(new) * (wanted.new_line + wanted.term) + len(old) * wanted.term
        yield _Choice(list(old), new, lost, cost)
        if len(old) == min(len(there), wanted.rank) or not len(new):
            return
        old.append(_most_like(left, [columns.weights[i] for i in there], there, old))
        basis = np.linalg.qr(np.stack([columns.weights[i] for i in old], axis=1))[0]
        left = part - basis @ (basis.T @ part)


def _most_like(left: Array, weights: list[Array], there: list[int], old: list[int]) -> int:
    """The column that takes most of what is left, of those not taken yet."""
    gains = [
        -1.0 if place in old else float(((column @ left) ** 2).sum())
        for place, column in zip(there, weights, strict=True)
    ]
    return there[int(np.argmax(gains))]


def _new_columns(left: Array, may_lose: float, most: int, whole: float) -> tuple[Array, float]:
    """As few as keep the loss within its limit, as rows of an array; and that loss."""
    vectors, values, _ = np.linalg.svd(left, full_matrices=False)
    values = np.where(values > NOTHING * whole, values, 0)
    lost = np.append(np.cumsum(values[::-1] ** 2)[::-1], 0.0)
    count = min(int(np.argmax(lost <= may_lose)), most)
    return vectors[:, :count].T, float(lost[count])
