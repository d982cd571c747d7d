"""What the device delivers: the type of its numbers, their scales and zero points.

One scale and zero point 0 serve wherever they tell the values of every feature apart.
Where they do not, as in a table whose columns have different units, or where all numbers
are far from 0, the device delivers numbers of 16 bits that fill their type: with one scale
and a zero point, or with those of each feature. The first layer absorbs them: the graph that
reads the device's integers is the same function, and costs nothing more.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import gcd
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skconv.graph import INPUT, Affine, Conv, Graph, KernelMachine, Node, Quantized, Reshape
from skconv.graph.base import Array, Shape, TensorSpec
from skconv.graph.limits import INT16_MAX, UINT16_MAX
from skconv.graph.neighbours import Prototypes
from skconv.passes.fold import fold

FEWEST_LEVELS = 256
# Numbers that are further from 0 than so many times their spread have a zero point.
FARTHEST = 8
# How much further than the calibration samples the range of a feature reaches.
HEADROOM = 4


def device_units(
    graph: Graph, x: NDArray[Any], sample_size: int | None = None
) -> tuple[Graph, TensorSpec] | None:
    """A float graph in units of an int16 input, and that input.

    Parameters
    ----------
    graph : Graph
        A float graph.
    x : ndarray of shape (n_samples, graph.input.size)
        Samples that are no whole numbers.
    sample_size : int, optional
        Of a window in a stream: how many numbers come at a time, with the same scales every time.

    Returns
    -------
    graph : Graph
        The same function of the integers that the device delivers.
    device : TensorSpec
        Its ``scales`` and ``zero_points`` say what these integers are worth.

    None where one scale does for all features, or where no layer absorbs more than one.
    """
    if any(isinstance(node.op, Quantized) for node in graph.users(INPUT)):
        return None
    groups = _n_groups(graph)
    if sample_size is not None:
        groups = gcd(groups, sample_size)
    low = x.min(axis=0).astype(np.float64).reshape(-1, groups).min(axis=0)
    high = x.max(axis=0).astype(np.float64).reshape(-1, groups).max(axis=0)
    if _one_scale_does(low, high):
        return None
    for scales, zero_points in _candidates(low, high):
        in_units = _in_units(graph, scales, zero_points)
        if in_units is not None:
            return in_units, _input(graph, scales, zero_points)
    return None


def centred(graph: Graph, x: NDArray[Any]) -> Graph:
    """A float graph whose first convolutions read numbers around 0, where ``x`` is far from it.

    Float32 sums of large numbers lose the small differences that a kernel looks for. What is
    taken off the input is added to the biases again.
    """
    if not len(x) or not all(isinstance(node.op, Conv) for node, _ in _readers(graph)):
        return graph
    low, high = float(x.min()), float(x.max())
    if max(high, -low) <= FARTHEST * (high - low):
        return graph
    centre = np.array([(low + high) / 2], np.float32)
    one = np.ones_like(centre)
    folded = _in_units(graph, one.astype(np.float64), -centre.astype(np.float64))
    return graph if folded is None else _with_affines(folded, one, -centre)


def _one_scale_does(low: Array, high: Array) -> bool:
    """Whether one scale with zero point 0 tells the values of every feature apart."""
    largest, spread = max(high.max(), -low.min()), high.max() - low.min()
    is_far = largest > FARTHEST * spread
    return not is_far and _fewest_levels(high - low, largest / INT16_MAX) >= FEWEST_LEVELS


def _fewest_levels(spreads: Array, step: float) -> float:
    """How many steps the feature of least spread has; constant ones do not count."""
    return float(spreads.min(initial=np.inf, where=spreads > 0)) / step if step > 0 else np.inf


def _candidates(low: Array, high: Array) -> Iterator[tuple[Array, Array]]:
    """Scales and zero points, the simplest first: one, those of each feature, or scales alone."""
    least, most = np.full_like(low, low.min()), np.full_like(high, high.max())
    if _fewest_levels(high - low, HEADROOM * (most[0] - least[0]) / UINT16_MAX) >= FEWEST_LEVELS:
        yield _scaled(least, most)
    yield _scaled(low, high)
    largest = np.maximum(np.abs(low), np.abs(high))
    yield _scaled(-largest, largest)


def _scaled(low: Array, high: Array) -> tuple[Array, Array]:
    """Scales and zero points with which ``low .. high`` lies well within int16."""
    half = HEADROOM * (high - low) / 2
    # A constant feature, and one whose spread is lost in its size, keep their zero points
    # within 31 bits.
    scales = np.maximum(half / INT16_MAX, np.maximum(np.abs(low), np.abs(high)) * 2.0**-30)
    scales = np.where(scales > 0, scales, 1.0)
    return scales, np.rint(-(low + high) / 2 / scales).astype(np.int64)


def _input(graph: Graph, scales: Array, zero_points: Array) -> TensorSpec:
    """The device's input; what is the same for all entries stands once."""
    size = graph.input.size
    if np.ptp(scales) == 0 and np.ptp(zero_points) == 0:
        scales, zero_points = scales[:1], zero_points[:1]
    else:
        scales, zero_points = (np.resize(v, size) for v in (scales, zero_points))
    return TensorSpec(
        graph.input.shape,
        "int16",
        scales=tuple(map(float, scales)),
        zero_points=tuple(map(int, zero_points)),
    )


# ------------------------------------------------------------------------- the first layer


def _n_groups(graph: Graph) -> int:
    """Into how many groups, one entry after the other, those fall that must share a scale.

    Of a map the entries of a channel are a group; all that distances are taken of is one.
    """
    readers = list(_readers(graph))
    if any(isinstance(node.op, KernelMachine | Prototypes) for node, _ in readers):
        return 1
    channels = {shape[-1] for _, shape in readers}
    return channels.pop() if len(channels) == 1 else 1


def _readers(graph: Graph) -> Iterator[tuple[Node, Shape]]:
    """The first nodes that compute anything, and the shape of what they read."""
    names, specs = {INPUT}, graph.specs
    for node in graph.nodes:
        if names.isdisjoint(node.inputs):
            continue
        if isinstance(node.op, Reshape):
            names.add(node.name)
        else:
            yield node, specs[node.inputs[0]].shape


def _in_units(graph: Graph, scales: Array, zero_points: Array) -> Graph | None:
    """The graph with another input; None where that takes one `Affine` more."""
    folded = fold(_with_affines(graph, scales, -scales * zero_points))
    return folded if _n_affines(folded) <= _n_affines(graph) else None


def _with_affines(graph: Graph, factors: Array, offsets: Array) -> Graph:
    """The graph with an `Affine`, by groups, in front of the first nodes that compute."""
    changed = Graph(graph.input, classes=graph.classes)
    shapes = {node.name: shape for node, shape in _readers(graph)}
    names = {INPUT: INPUT}
    for node in graph.nodes:
        inputs = [names[name] for name in node.inputs]
        if node.name in shapes:
            channels = shapes[node.name][-1]
            affine = Affine(np.resize(factors, channels), np.resize(offsets, channels))
            changed = changed.append(affine, inputs[0])
            inputs[0] = changed.output_name
        changed = changed.append(node.op, *inputs, name=node.name)
        names[node.name] = changed.output_name
    return changed


def _n_affines(graph: Graph) -> int:
    return sum(isinstance(node.op, Affine) for node in graph.nodes)
