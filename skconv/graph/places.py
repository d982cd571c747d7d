"""Where the pixels of a map lie on the map that its graph began with.

A pixel of a map stands for a window of the map before, and lies in the middle of it. So it has
a place on every map before, the first one among them, in pixels of that one: at stride 2 on
every second pixel, behind an even window or a resize perhaps between two.
"""

from __future__ import annotations

from functools import singledispatch
from typing import NamedTuple

import numpy as np

from skconv.graph.base import Array, Op, Shape, TensorSpec
from skconv.graph.core import INPUT, Graph
from skconv.graph.ops import ConvGeometry, Permute, PoolGeometry, Reshape
from skconv.graph.patches import PatchGeometry
from skconv.graph.spatial import Pad, Resize, Upsample


class Axis(NamedTuple):
    """Places along rows or columns: pixel ``i`` lies at ``start + i * step``."""

    start: float = 0.0
    step: float = 1.0


Axes = tuple[Axis, Axis]


class MapPlaces(NamedTuple):
    """The shape of a map, and where its rows and its columns lie."""

    shape: Shape
    axes: Axes


def places_of_output(graph: Graph) -> MapPlaces:
    """The map that a graph yields, flattened or not, and where its pixels lie.

    They are counted in pixels of the sample, or of the first map that a flat sample becomes.

    Raises
    ------
    ValueError
        Where it yields something else, or a node leaves open where pixels lie.

    Examples
    --------
    >>> from skconv.graph import Graph, MeanPool, Reshape, TensorSpec
    >>> from skconv.graph.places import places_of_output
    >>> graph = Graph(TensorSpec((8, 6, 1))).append(MeanPool((2, 3), (2, 3))).append(Reshape((8,)))
    >>> places_of_output(graph)
    MapPlaces(shape=(4, 2, 1), axes=(Axis(start=0.5, step=2.0), Axis(start=1.0, step=3.0)))
    """
    specs = graph.specs
    places: dict[str, MapPlaces | None] = {INPUT: _unmoved(graph.input)}
    for node in graph.nodes:
        known, spec = places[node.inputs[0]], specs[node.name]
        if isinstance(node.op, Reshape):
            places[node.name] = _reshaped(known, spec, first=node.inputs[0] == INPUT)
        else:
            places[node.name] = _placed(node.op, known, specs[node.inputs[0]], spec)
    found = places[graph.output_name]
    if found is None:
        raise ValueError(
            f"the output {graph.output_name!r} is no map, nor a map that was flattened"
        )
    return found


def _unmoved(spec: TensorSpec) -> MapPlaces | None:
    return MapPlaces(spec.shape, (Axis(), Axis())) if len(spec.shape) == 3 else None


def _reshaped(known: MapPlaces | None, spec: TensorSpec, *, first: bool) -> MapPlaces | None:
    """A map that is flattened stays where it was; a flat sample begins as a map."""
    if known is None:
        return _unmoved(spec) if first else None
    return known if spec.shape in (known.shape, (spec.size,)) else None


def _placed(
    op: Op, known: MapPlaces | None, before: TensorSpec, behind: TensorSpec
) -> MapPlaces | None:
    """Places behind an op; None where it yields no map, or turns the axes."""
    if known is None or isinstance(op, Permute) or {len(before.shape), len(behind.shape)} != {3}:
        return None
    moved = axes_of(op)
    if moved is None:
        return MapPlaces(behind.shape, known.axes) if behind.shape[:2] == before.shape[:2] else None
    axes = [
        Axis(old.start + old.step * new.start, old.step * new.step)
        for old, new in zip(known.axes, moved, strict=True)
    ]
    return MapPlaces(behind.shape, (axes[0], axes[1]))


# -------------------------------------------------------------------------------- by the op


@singledispatch
def axes_of(op: Op) -> Axes | None:
    """Where the pixels behind an op lie on the map before it; None: where they were."""
    return None


def _windows(size: tuple[int, int], stride: tuple[int, int], before: tuple[int, int]) -> Axes:
    """The middle of every window, borders of so many pixels ``before`` the map."""
    rows, columns = (
        Axis((n - 1) / 2 - border, float(step))
        for n, step, border in zip(size, stride, before, strict=True)
    )
    return rows, columns


@axes_of.register
def _(op: ConvGeometry) -> Axes:
    return _windows(op.window, op.stride, (op.padding[0][0], op.padding[1][0]))


@axes_of.register
def _(op: PoolGeometry) -> Axes:
    return _windows(op.size, op.stride, (0, 0))


@axes_of.register
def _(op: PatchGeometry) -> Axes:
    return _windows(op.size, op.stride, (op.padding[0][0], op.padding[1][0]))


@axes_of.register
def _(op: Pad) -> Axes:
    return _windows((1, 1), (1, 1), (op.padding[0][0], op.padding[1][0]))


@axes_of.register
def _(op: Upsample) -> Axes:
    rows, columns = (Axis((1 / n - 1) / 2, 1 / n) for n in op.factor)
    return rows, columns


@axes_of.register
def _(op: Resize) -> Axes:
    return _resampled(op.rows), _resampled(op.columns)


def _resampled(matrix: Array) -> Axis:
    """The line through the centres of the rows; at the border these are cut off."""
    weights = matrix.astype(np.float64)
    centres = weights @ np.arange(weights.shape[1]) / weights.sum(axis=1)
    whole = (weights[:, 0] == 0) & (weights[:, -1] == 0)
    rows = np.flatnonzero(whole) if whole.sum() > 1 else np.arange(len(centres))
    if len(rows) == 1:
        return Axis(float(centres[0]), 1.0)
    step, start = np.polyfit(rows, centres[rows], 1)
    return Axis(float(start), float(step))
