"""Weights that are kernels of a dictionary: flipped, turned, and times a whole number."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from skconv.graph.base import Array, require
from skconv.graph.limits import INT8_MAX
from skconv.graph.storage.coded import Coded, index_bits, pack_fields

__all__ = ["Dictionary"]

# A field of the table has no more bits than this.
MOST_FIELD_BITS = 16


def turned_places(height: int, width: int, n_turns: int) -> Array:
    """Where in a kernel the taps of each of its images come from.

    Image ``t`` is the kernel with its axes exchanged (``t & 4``), turned upside down (``t & 2``)
    and flipped from left to right (``t & 1``), in this order.

    Parameters
    ----------
    height, width : int
    n_turns : {1, 2, 4, 8}
        8: only of a square kernel.

    Returns
    -------
    places : ndarray of int of shape (n_turns, height * width)

    Examples
    --------
    >>> from skconv.graph.storage.dictionary import turned_places
    >>> turned_places(2, 2, 8).tolist()[1::3]
    [[1, 0, 3, 2], [0, 2, 1, 3], [3, 1, 2, 0]]
    """
    require(
        n_turns in (1, 2, 4) or (n_turns == 8 and height == width),
        f"{n_turns} images of kernels {height}x{width}: expected 1, 2 or 4, or 8 of a square one",
    )
    whole = np.arange(height * width).reshape(height, width)
    images = []
    for turn in range(n_turns):
        image = whole.T if turn & 4 else whole
        image = image[::-1] if turn & 2 else image
        images.append((image[:, ::-1] if turn & 1 else image).ravel())
    return np.stack(images)


@dataclass(frozen=True)
class Dictionary(Coded):
    """Each channel of each kernel is an image of one of a few kernels, times a whole number.

    Attributes
    ----------
    kernels : ndarray of int8 of shape (n_entries, height, width)
    indices, turns, times : ndarray of int of shape (n_kernels, channels)
        The entry, which image of it (`turned_places`), and the number: up to ``most``, or with
        ``most=1`` a sign.
    n_turns : {1, 2, 4, 8}
        How many images there are.
    most : int

    Examples
    --------
    >>> import numpy as np
    >>> from skconv.graph.storage.dictionary import Dictionary
    >>> sobel = np.array([[[1, 0, -1], [2, 0, -2], [1, 0, -1]]], np.int8)
    >>> shape, zeros = (2, 3, 3, 1), np.zeros((2, 1), int)
    >>> coded = Dictionary(shape, sobel, zeros, np.array([[1], [4]]), np.array([[2], [-1]]), 8, 3)
    >>> coded.weights()[..., 0].tolist()
    [[[-2, 0, 2], [-4, 0, 4], [-2, 0, 2]], [[-1, -2, -1], [0, 0, 0], [1, 2, 1]]]
    >>> coded.nbytes
    11
    """

    kernels: Array
    indices: Array
    turns: Array
    times: Array
    n_turns: int = 1
    most: int = 1

    def __post_init__(self) -> None:
        n_kernels, height, width, channels = self.shape
        count = len(self.kernels)
        turned_places(height, width, self.n_turns)
        require(
            self.kernels.shape[1:] == (height, width),
            f"Dictionary of weights {self.shape}: entries have shape {self.kernels.shape[1:]}",
        )
        limits = {"indices": (0, count - 1), "turns": (0, self.n_turns - 1)}
        limits["times"] = (-self.most, self.most)
        for name, (low, high) in limits.items():
            values = getattr(self, name)
            require(
                values.shape == (n_kernels, channels)
                and values.min() >= low
                and values.max() <= high,
                f"Dictionary of weights {self.shape}: {name} of shape {values.shape} from "
                f"{values.min()} to {values.max()}, expected {(n_kernels, channels)} from {low} "
                f"to {high}",
            )
        require(
            self.most * np.abs(self.kernels.astype(np.int64)).max() <= INT8_MAX,
            f"Dictionary: {self.most} times the largest tap is more than {INT8_MAX}",
        )
        require(
            sum(self.bits) <= MOST_FIELD_BITS,
            f"Dictionary of {count} kernels, {self.n_turns} images, {self.most} times: a field of "
            f"{sum(self.bits)} bits is longer than {MOST_FIELD_BITS}",
        )

    @property
    def bits(self) -> tuple[int, int, int]:
        """Bits of the index, of the image, and of the number."""
        of_times = 1 if self.most == 1 else index_bits(2 * self.most + 1)
        return index_bits(len(self.kernels)), self.n_turns.bit_length() - 1, of_times

    def weights(self) -> Array:
        n_entries, height, width = self.kernels.shape
        places = turned_places(height, width, self.n_turns)
        taps = self.kernels.reshape(n_entries, -1)[self.indices[..., None], places[self.turns]]
        whole = (taps * self.times[..., None]).transpose(0, 2, 1)
        return np.ascontiguousarray(whole.reshape(self.shape), np.int8)

    @property
    def tables(self) -> dict[str, Array]:
        of_index, of_turn, _ = self.bits
        number = self.times < 0 if self.most == 1 else self.times + self.most
        fields = self.indices | self.turns << of_index | number.astype(int) << (of_index + of_turn)
        return {"dictionary": self.kernels, "slices": pack_fields(fields, sum(self.bits))}
