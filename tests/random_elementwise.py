"""Steps of random graphs: what deep networks are of.

Sums and products of two tensors, tables, borders, resampling, strided depthwise convolutions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from skconv.graph import Graph, QActivation, QConv, QMultiply, QPad, QResize, TensorSpec, Upsample
from tests.integer_graphs import activation, addition, qconv, resize

if TYPE_CHECKING:
    from tests.random_graphs import Drawing

LARGEST_TENSOR = 2400


def is_map(x: TensorSpec) -> bool:
    return len(x.shape) == 3 and fits_pair(x)


def fits_table(x: TensorSpec) -> bool:
    return x.dtype in ("int8", "uint8")


def table(d: Drawing, x: TensorSpec) -> QActivation:
    return activation(d.rng, d.one_of("int8", "uint8"))


def pad(d: Drawing, x: TensorSpec) -> QPad:
    """Any border that the size leaves room for, of any number."""
    height, width, channels = x.shape
    most = 2 if (height + 4) * (width + 4) * channels <= LARGEST_TENSOR else 0
    top, bottom, left, right = (d.integer(0, most) for _ in range(4))
    info = np.iinfo(x.dtype)
    value = d.one_of(0, x.limits[0], d.integer(int(info.min), int(info.max)))
    return QPad(((top, bottom), (left, right)), value)


def upsample(d: Drawing, x: TensorSpec) -> Upsample:
    rows = d.integer(1, min(3, LARGEST_TENSOR // x.size))
    return Upsample((rows, d.integer(1, min(3, LARGEST_TENSOR // (rows * x.size)))))


def resampled(d: Drawing, x: TensorSpec) -> QResize:
    height, width = d.integer(1, 12), d.integer(1, 12)
    return resize(d.rng, x, (height, width), d.one_of("int8", "uint8", "int16"))


def fits_strided(x: TensorSpec) -> bool:
    return is_map(x) and 60 * x.magnitude * 128 < 2**31 and x.size <= LARGEST_TENSOR


def strided(d: Drawing, x: TensorSpec) -> QConv:
    """A kernel for each channel, at a column stride of two."""
    height, width, channels = x.shape
    size = (d.integer(1, min(4, height)), d.integer(1, min(5, width)))
    stride = (d.integer(1, 2), 2)
    padding = tuple((d.integer(0, n - 1), d.integer(0, n - 1)) for n in size)
    dtype = d.one_of("int8", "uint8", "int16")
    geometry = {"groups": channels, "stride": stride, "padding": padding}
    return qconv(d.rng, x, channels, size, dtype, **geometry)


def fits_pair(x: TensorSpec) -> bool:
    return 1 <= x.magnitude <= 2**15


def add_pair(d: Drawing, graph: Graph, source: str) -> Graph:
    """The sum or the product of a tensor with one of its shape, or with a gate."""
    specs = graph.specs
    x = specs[source]
    others = [n for n, s in specs.items() if s.shape == x.shape and fits_pair(s)]
    gates = [n for n, s in specs.items() if s.shape == (1, 1, x.shape[-1]) and fits_pair(s)]
    is_sum = not gates and d.one_of(False, True)
    other = d.one_of(*others, *(gates if len(x.shape) == 3 else []))
    if is_sum:
        op = addition(d.rng, x, specs[other], d.one_of("int8", "uint8", "int16"))
        return graph.append(op, source, other)
    rule = d.rule(x.magnitude * specs[other].magnitude, x.shape[-1])
    return graph.append(QMultiply(rule), source, other)


ON_MAPS = (
    (is_map, pad),
    *2 * ((is_map, upsample),),
    (is_map, resampled),
    (fits_strided, strided),
)
