"""The last step of some random graphs: bands of power of a signal, logarithms, powers, levels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from skconv.graph import Above, Graph, Op, Reshape, TensorSpec
from skconv.graph.limits import INT16_MAX
from tests.integer_signals import bands, fits_bands, logarithm

if TYPE_CHECKING:
    from tests.random_graphs import Drawing


def add_sound(d: Drawing, graph: Graph) -> Graph:
    """Of the last tensor as one long signal, in a row or in a column, or of its entries."""
    x = graph.output
    signal = d.one_of((1, x.size, 1), (x.size, 1, 1))
    kind = d.one_of("bands", "log", "power")
    if not fits_bands(TensorSpec(signal, x.dtype, x.scale, *x.limits)) or d.sometimes():
        return graph.append(of_entries(d, x))
    graph = graph.append(Reshape(signal))
    return graph.append(bands(kind, graph.output))


def of_entries(d: Drawing, x: TensorSpec) -> Op:
    """A logarithm, a power, or which of one or two levels an entry exceeds."""
    kinds = ("log", "power", "levels") if x.magnitude <= INT16_MAX else ("log", "power")
    kind = d.one_of(*kinds)
    if kind == "levels":
        n_levels = d.integer(1, 2 if x.size < 1000 else 1)
        return Above(d.array((n_levels, x.shape[-1]), -32768, 32767, np.int16))
    return logarithm(d.rng, kind)
