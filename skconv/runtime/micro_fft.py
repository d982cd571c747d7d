"""The transform of real integers of 16 bits that TFLite-Micro's front end takes: every number.

It is that of kissfft (M. Borgerding) for integers of 16 bits: steps of four, and a first step of
two where the points are no power of four. Each step divides what it reads by four, or by two, so
that sums fit; a number that does not fit all the same wraps around. Half as many complex numbers
as there are samples are transformed, and then taken apart.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from skconv.graph.limits import INT16_MAX
from skconv.graph.micro_frontend import split_twiddles, transform_twiddles
from skconv.runtime.fft import begins_with_two, transform_of_four

Array = NDArray[Any]
Complex = tuple[Array, Array]

FRACTION_BITS = 15


def wrapped(x: Array) -> Array:
    """The low 16 bits, as a number with a sign."""
    return x.astype(np.int16).astype(np.int32)


def real_bins(x: Array, order: Array) -> Complex:
    """Bins 1 to ``n / 2 - 1`` of the transform of rows of ``n`` integers of 16 bits, over ``n``.

    ``order`` is `skconv.runtime.fft.places`.
    """
    even, odd = (x[:, i::2][:, order].astype(np.int32) for i in (0, 1))
    return _taken_apart(_transform((even, odd), len(order)), len(order))


def _transform(z: Complex, points: int) -> Complex:
    (re, im), size = z, 1
    if begins_with_two(points):
        (re, im), size = _two((re, im)), 2
    table = _unpacked(transform_twiddles(points))
    while size < points:
        re, im = _four((re, im), size, table)
        size *= 4
    return re, im


def _unpacked(table: Array) -> Complex:
    """Real and imaginary parts of packed twiddle factors."""
    re, im = ((part & 0xFFFF).astype(np.uint16).view(np.int16) for part in (table, table >> 16))
    return re.astype(np.int32), im.astype(np.int32)


def _rounded(x: Array) -> Array:
    return (x + (1 << (FRACTION_BITS - 1))) >> FRACTION_BITS


def _divided(z: Complex, by: int) -> Complex:
    """Divided by a product with a fraction, which is rounded."""
    re, im = (_rounded(part * (INT16_MAX // by)) for part in z)
    return re, im


def _product(z: Complex, w: Complex) -> Complex:
    """No product of parts overflows 32 bits: twiddle factors are below one."""
    return (
        wrapped(_rounded(z[0] * w[0] - z[1] * w[1])),
        wrapped(_rounded(z[0] * w[1] + z[1] * w[0])),
    )


def _two(z: Complex) -> Complex:
    """Of every two neighbours sum and difference; a product with one changes nothing here."""
    re, im = _divided(z, 2)
    pairs = (np.stack([p[:, 0::2] + p[:, 1::2], p[:, 0::2] - p[:, 1::2]], axis=2) for p in (re, im))
    re, im = (wrapped(p.reshape(z[0].shape)) for p in pairs)
    return re, im


def _four(z: Complex, size: int, table: Complex) -> Complex:
    """Transforms of ``size`` points become transforms of four times as many."""
    n, points = z[0].shape
    blocks = [part.reshape(n, -1, 4, size) for part in _divided(z, 4)]
    turns, (re, im) = np.arange(size) * (points // (4 * size)), table
    a, b, c, d = (
        _product((blocks[0][:, :, r], blocks[1][:, :, r]), (re[r * turns], im[r * turns]))
        for r in range(4)
    )
    re, im = (wrapped(part).reshape(n, points) for part in transform_of_four(a, b, c, d))
    return re, im


def _taken_apart(z: Complex, points: int) -> Complex:
    """The bins of the samples, from those of the pairs; the middle is that of the upper half."""
    k = np.arange(1, points // 2 + 1)
    a = _divided((z[0][:, k], z[1][:, k]), 2)
    b = _divided((z[0][:, points - k], wrapped(-z[1][:, points - k])), 2)
    even, odd = (a[0] + b[0], a[1] + b[1]), (a[0] - b[0], a[1] - b[1])
    turned = _product(odd, _unpacked(split_twiddles(points)))
    low = (even[0] + turned[0]) >> 1, (even[1] + turned[1]) >> 1
    high = (even[0] - turned[0]) >> 1, (turned[1] - even[1]) >> 1
    re, im = (np.concatenate([low[i][:, :-1], high[i][:, ::-1]], axis=1) for i in (0, 1))
    return re, im
