"""Where the pixels of a map lie on the map that its graph began with.

A pixel of a map stands for a window of the map before, and lies in the middle of it. So it has
a place on every map before, the first one among them, in pixels of that one: at stride 2 on
every second pixel, behind an even window or a resize perhaps between two.
"""

from __future__ import annotations

from typing import NamedTuple

from skconv.graph.axes import Axes, Axis
from skconv.graph.base import Op, Shape, TensorSpec
from skconv.graph.core import INPUT, Graph
from skconv.graph.ops import Permute, Reshape


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
    moved = op.sampling()
    if moved is None:
        return MapPlaces(behind.shape, known.axes) if behind.shape[:2] == before.shape[:2] else None
    axes = [
        Axis(old.start + old.step * new.start, old.step * new.step)
        for old, new in zip(known.axes, moved, strict=True)
    ]
    return MapPlaces(behind.shape, (axes[0], axes[1]))
