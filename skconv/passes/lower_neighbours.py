"""How stored samples, and what their distances say, become integers."""

from __future__ import annotations

from dataclasses import fields, replace
from math import isqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skconv.graph import (
    Distances,
    NeighbourMeans,
    NeighbourVotes,
    NoveltyMargin,
    QDistances,
    QNeighbourMeans,
    QNeighbourVotes,
    QNoveltyMargin,
    TensorSpec,
)
from skconv.graph.core import Node
from skconv.graph.limits import ACCUMULATOR_MAX, INT8_MAX, INT16_MAX
from skconv.graph.neighbours import MEAN_BITS, Prototypes, largest_sum, spare_root_bits
from skconv.passes import precision
from skconv.passes.calibrate import Range
from skconv.passes.lower import lower
from skconv.passes.lowering import Lowering
from skconv.passes.refusal import NoIntegerFormError

Array = NDArray[Any]

PRODUCT_BITS = 62
DENSITY_BITS = 24
# Of a unit, what the smallest density may lose by rounding.
DENSITY_ERROR = 2.0**-9


def _read(op: Prototypes, node: Node, lowering: Lowering) -> tuple[str, TensorSpec]:
    (name,) = node.inputs
    most = precision.most(op, lowering.ranges[name])
    source = lowering.read(name, lowering.vector_limit(node), at_most=most)
    if source == lowering.names[name]:
        wanted = _finer(op, lowering.graph.specs[source], lowering.ranges[name])
        source = source if wanted is None else lowering.rescale(name, wanted)
    return source, lowering.graph.specs[source]


def _finer(op: Prototypes, x: TensorSpec, read: Range) -> TensorSpec | None:
    """Small bytes of the device, with bits of fraction, where prototypes lie between them."""
    units = op.prototypes.astype(np.float64) / x.scale
    largest = int(max(read[1], -read[0], 1.0) / x.scale)
    if x.dtype == "int16" or np.allclose(units, np.rint(units)):
        return None
    high = int(np.iinfo(x.dtype).max)
    bits = high.bit_length() - largest.bit_length()
    low = 0 if x.dtype == "uint8" else -high
    return replace(x, scale=x.scale / 2**bits, minimum=low, maximum=high) if bits > 0 else None


def _fields(op: Prototypes, x: TensorSpec) -> dict[str, Any]:
    """The parameters of the op, with prototypes in units of its input."""
    low, high = x.limits
    values = {f.name: getattr(op, f.name) for f in fields(op)}
    whole = np.clip(np.rint(op.prototypes.astype(np.float64) / x.scale), low, high)
    values["prototypes"] = whole.astype(x.dtype)
    bound = largest_sum(op.metric, values["prototypes"], x)
    return values | {"root_bits": spare_root_bits(op.metric, bound)}


@lower.register
def _(op: Distances, node: Node, lowering: Lowering) -> None:
    source, x = _read(op, node, lowering)
    values = _fields(op, x)
    scale = op.unit * x.scale / 2 ** values["root_bits"]
    lowering.add(node, QDistances(**values, scale=scale), source)


@lower.register
def _(op: NeighbourVotes, node: Node, lowering: Lowering) -> None:
    source, x = _read(op, node, lowering)
    lowering.add(node, QNeighbourVotes(**_fields(op, x)), source)


@lower.register
def _(op: NeighbourMeans, node: Node, lowering: Lowering) -> None:
    source, x = _read(op, node, lowering)
    one = 2**MEAN_BITS if op.weighted else op.k
    whole, offsets, scale = _integer_values(op.values.astype(np.float64), one)
    values = _fields(op, x) | {"values": whole, "offsets": offsets, "scale": scale / one}
    lowering.add(node, QNeighbourMeans(**values), source)


def _integer_values(values: Array, one: int) -> tuple[Array, Array, float]:
    """Values around their middles, the middles times ``one``, and what 1 is worth.

    Whole numbers stay what they are.
    """
    middle = (values.min(axis=0) + values.max(axis=0)) / 2
    spread = float(np.abs(values - middle).max())
    largest = float(np.abs(values).max()) + 1
    room = ACCUMULATOR_MAX / one
    scale = max(spread / INT16_MAX, largest / room)
    if spread < INT16_MAX and largest < room and (values == np.rint(values)).all():
        scale = 1.0
    centre = np.rint(middle / scale)
    whole = np.rint(values / scale) - centre
    dtype = np.int8 if np.abs(whole).max() <= INT8_MAX else np.int16
    return whole.astype(dtype), (one * centre).astype(np.int32), scale


@lower.register
def _(op: NoveltyMargin, node: Node, lowering: Lowering) -> None:
    source, x = _read(op, node, lowering)
    values = _fields(op, x)
    unit = x.scale / 2 ** values["root_bits"]
    reaches = np.rint(op.reaches.astype(np.float64) / unit)
    largest = int(max(reaches.max(), _largest_distance(op, values, x)))
    densities, density = _integer_densities(op, largest)
    one = density * unit / op.k**2
    limit = int(op.limit / one)
    shift = max(0, max(limit, 1).bit_length() - 24)
    values |= {
        "reaches": reaches.astype(np.uint16 if reaches.max() < 2**16 else np.int32),
        "densities": densities,
        "limit": limit,
        "shift": shift,
        "scale": one * 2**shift,
    }
    lowering.add(node, QNoveltyMargin(**values), source)


def _largest_distance(op: Prototypes, values: dict[str, Any], x: TensorSpec) -> int:
    bound = largest_sum(op.metric, values["prototypes"], x)
    return bound if op.metric == "l1" else isqrt(bound << 2 * values["root_bits"]) + 1


def _integer_densities(op: NoveltyMargin, largest: int) -> tuple[Array, float]:
    """Densities in the narrowest type that keeps the smallest, and what 1 is worth."""
    found = op.densities.astype(np.float64)
    room = PRODUCT_BITS - largest.bit_length() - 2 * op.k.bit_length()
    for bits in (16, min(DENSITY_BITS, room)):
        unit = float(found.max()) / (2**bits - 1)
        if bits <= room and unit / 2 <= DENSITY_ERROR * float(found.min()):
            return np.rint(found / unit).astype(np.uint16 if bits == 16 else np.int32), unit
    raise NoIntegerFormError(
        "the local densities of its samples differ too much for integers: the largest is "
        f"{found.max() / found.min():.3g} times the smallest",
        "fit on samples without duplicates, on more neighbours, or use dtype='float32'",
        "n_neighbors",
    )
