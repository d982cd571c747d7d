"""The Fourier transform of real integers: every number of ``core/fft.h``.

Samples times a window become integers of 32 bits, with as many bits of fraction as leave room
for the largest sum: nothing is scaled down on the way, and nothing can overflow. Twiddle
factors have 15 bits of fraction. A product with one is halved, rounded down, and doubled where
it is added: for half of it a Cortex-M4 has one instruction.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Complex = tuple[Array, Array]

TWIDDLE_BITS = 15


def begins_with_two(points: int) -> bool:
    """Whether the first step is one of two: the points are no power of four."""
    return points.bit_length() % 2 == 0


def places(points: int) -> Array:
    """Which number stands at each place before the first step (digits in reverse order)."""
    first = 2 if begins_with_two(points) else 4
    if points == first:
        return np.arange(points)
    quarter = places(points // 4)
    return np.concatenate([4 * quarter + r for r in range(4)])


def twiddles(points: int) -> Array:
    """``e^(-i pi k / points)`` for ``k`` below ``3/2 points``: int16 pairs ``(n, 2)``."""
    angles = np.pi * np.arange(3 * points // 2) / points
    pairs = np.stack([np.cos(angles), -np.sin(angles)], axis=1)
    one = 2**TWIDDLE_BITS
    return np.clip(np.rint(pairs * one), -one, one - 1).astype(np.int16)


def real_fft(z: Complex, table: Array) -> Complex:
    """Twice the transform of real samples.

    Parameters
    ----------
    z : pair of ndarray of int64 of shape (n, points)
        The even samples and the odd ones, the numbers in the order of `places`.
    table : ndarray of shape (3 * points / 2, 2)
        `twiddles`.

    Returns
    -------
    re, im : ndarray of int64 of shape (n, points + 1)
        From frequency 0 to half the rate. Those above ``points / 2`` are conjugates: only
        their squares are asked for.
    """
    points = z[0].shape[1]
    size = 2 if begins_with_two(points) else 4
    z = _two(z) if size == 2 else _four(z, 1, table)
    while size < points:
        z = _four(z, size, table)
        size *= 4
    return _taken_apart(z, table)


def half_turned(z: Complex, w: Array) -> Complex:
    """Half of ``z w``, each product rounded down; ``w`` is ``(n, 2)``."""
    (re, im), (c, s) = z, w.astype(np.int64).T
    return ((re * c) >> 16) - ((im * s) >> 16), ((im * c) >> 16) + ((re * s) >> 16)


def _two(z: Complex) -> Complex:
    re, im = (_sums_and_differences(part) for part in z)
    return re, im


def _sums_and_differences(x: Array) -> Array:
    """Of every two neighbours ``a, b``: ``a + b, a - b``."""
    a, b = x[:, 0::2], x[:, 1::2]
    return np.stack([a + b, a - b], axis=2).reshape(x.shape)


def _four(z: Complex, size: int, table: Array) -> Complex:
    """Transforms of ``size`` points become transforms of four times as many."""
    n, points = z[0].shape
    blocks = [part.reshape(n, -1, 4, size) for part in z]
    a, b, c, d = ((blocks[0][:, :, r], blocks[1][:, :, r]) for r in range(4))
    k = np.arange(size) * (points // (2 * size))
    b, c, d = (_turned(x, table[r * k]) for r, x in ((1, b), (2, c), (3, d)))
    re, im = (part.reshape(n, points) for part in transform_of_four(a, b, c, d))
    return re, im


def transform_of_four(a: Complex, b: Complex, c: Complex, d: Complex) -> Complex:
    """That of four numbers, along a new axis before the last."""
    p, q, u, v = _sum(a, c), _difference(a, c), _sum(b, d), _difference(b, d)
    results = (_sum(p, u), _turned_back(q, v), _difference(p, u), _turned_on(q, v))
    re, im = (np.stack([x[i] for x in results], axis=-2) for i in (0, 1))
    return re, im


def _turned(z: Complex, w: Array) -> Complex:
    """``z w``; the first factor is 1, and leaves its numbers as they are."""
    re, im = (2 * x for x in half_turned(z, w))
    re[..., 0], im[..., 0] = z[0][..., 0], z[1][..., 0]
    return re, im


def _sum(a: Complex, b: Complex) -> Complex:
    return a[0] + b[0], a[1] + b[1]


def _difference(a: Complex, b: Complex) -> Complex:
    return a[0] - b[0], a[1] - b[1]


def _turned_back(a: Complex, b: Complex) -> Complex:
    """``a - i b``."""
    return a[0] + b[1], a[1] - b[0]


def _turned_on(a: Complex, b: Complex) -> Complex:
    """``a + i b``."""
    return a[0] - b[1], a[1] + b[0]


def _taken_apart(z: Complex, table: Array) -> Complex:
    """Twice the transform of the samples, from that of the pairs."""
    points = z[0].shape[1]
    k = np.arange(1, points // 2 + 1)
    a, b = ((z[0][:, i], z[1][:, i]) for i in (k, points - k))
    even = a[0] + b[0], a[1] - b[1]
    odd = a[0] - b[0], a[1] + b[1]
    re, im = half_turned(odd, table[k])
    t = 2 * re, 2 * im
    low, high = _turned_back(even, t), _turned_on(even, t)
    ends = 2 * (z[0][:, :1] + z[1][:, :1]), 2 * (z[0][:, :1] - z[1][:, :1])
    nothing = np.zeros_like(ends[0])
    re = np.concatenate([ends[0], low[0], high[0][:, -2::-1], ends[1]], axis=1)
    im = np.concatenate([nothing, low[1], high[1][:, -2::-1], nothing], axis=1)
    return re, im
