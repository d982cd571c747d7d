"""A graph under construction, and the tensors of torch as it sees them.

Torch has channels first, a graph channels last. A map flattened by torch is in another order
than one flattened by a graph, so flattening waits for who reads it: a linear layer reads the
map as it lies, with its weights in our order.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from skconv.graph import (
    Graph,
    Op,
    Pad,
    Permute,
    Reshape,
    Select,
    TensorSpec,
    Upsample,
)
from skconv.graph.spatial import Padding
from skconv.stages.geometry import Pair

Shape = tuple[int, ...]

NO_PADDING: Padding = ((0, 0), (0, 0))


class Unsupported(Exception):
    """A call has no form as an op; the text says why."""


def unsupported(reason: str) -> NoReturn:
    """Raise `Unsupported`."""
    raise Unsupported(reason)


@dataclass(frozen=True)
class Value:
    """A tensor of the network: where it is in the graph, and what torch takes it for.

    Attributes
    ----------
    name : str
        Its tensor in the graph.
    shape : tuple of int
        Without samples, channels first: ``(channels, height, width)``, ``(channels, length)``
        or ``(n,)``.
    flat : bool
        Torch has flattened it; the tensor in the graph is still the map.
    padding, pad_mode
        A border that is still to be put around it.
    grid : ndarray of int of shape (rows, columns) or None
        Torch has split the channels into two axes: which channel is where.
    """

    name: str
    shape: Shape
    flat: bool = False
    padding: Padding = NO_PADDING
    pad_mode: str = "zero"
    grid: NDArray[np.intp] | None = None

    @property
    def is_map(self) -> bool:
        return len(self.shape) > 1

    @property
    def n_space(self) -> int:
        """Axes of space: 2 of an image, 1 of a signal, 0 of a vector."""
        return len(self.shape) - 1

    @property
    def space(self) -> Pair:
        """Height and width; a signal has height 1."""
        return (1, self.shape[1]) if len(self.shape) == 2 else (self.shape[1], self.shape[2])


def graph_shape(shape: Shape) -> Shape:
    """Shape in the graph of a sample that torch has in ``shape``."""
    match shape:
        case (channels, height, width):
            return (height, width, channels)
        case (channels, length):
            return (1, length, channels)
        case (_,):
            return shape
    return unsupported(f"a tensor of {len(shape) + 1} axes")


def grown(shape: Shape, padding: Padding) -> Shape:
    """Shape in the graph of a map with a border around it."""
    if padding == NO_PADDING:
        return shape
    height, width, channels = shape
    return height + sum(padding[0]), width + sum(padding[1]), channels


def torch_shape(shape: Shape, n_space: int) -> Shape:
    """The inverse of `graph_shape`: axes of space as torch counts them."""
    if len(shape) == 1:
        return shape
    height, width, channels = shape
    return (channels, height, width) if n_space == 2 else (channels, width)


class Builder:
    """Appends nodes to a graph and knows every tensor."""

    def __init__(self, shape: Shape, n_samples: int) -> None:
        self.graph = Graph(TensorSpec(graph_shape(shape)))
        self.stem = ""  # of the names of new nodes
        self.n_samples = n_samples  # in shapes that the network computes

    @property
    def specs(self) -> Mapping[str, TensorSpec]:
        return self.graph.specs

    def add(self, op: Op, *inputs: str) -> str:
        """The name of a new node; it is called after the module that is being imported."""
        op.output(*(self.specs[name] for name in inputs))  # raises where the op does not fit
        self.graph = self.graph.append(op, *inputs, name=self.stem or None)
        return self.graph.output_name

    # --------------------------------------------------------------------------- values

    def is_spread(self, value: Value) -> bool:
        """Whether torch sees more pixels or channels than there are: one stands for many."""
        if value.flat or value.grid is not None:
            return False
        return graph_shape(value.shape) != grown(self.specs[value.name].shape, value.padding)

    def mapped(self, op: Op, value: Value, *others: Value) -> Value:
        """An op on maps; the axes of the result are of the same kind."""
        values = [self.padded(v) for v in (value, *others)]
        name = self.add(op, *(v.name for v in values))
        return Value(name, torch_shape(self.specs[name].shape, value.n_space))

    def pointwise(self, op: Op, value: Value) -> Value:
        """An op on every entry alone: what was to be flattened still is."""
        value = self.padded(value)
        return replace(value, name=self.add(op, value.name))

    def padded(self, value: Value) -> Value:
        """With all the pixels and channels that torch sees, and the border that it waits for."""
        if value.grid is not None:
            unsupported(f"a tensor of {len(value.shape) + 1} axes")
        if self.is_spread(value):
            return self._spread(value)
        if value.padding == NO_PADDING:
            return value
        if value.pad_mode != "zero":
            unsupported(f"{value.pad_mode} padding that no convolution follows")
        return Value(self.add(Pad(value.padding), value.name), value.shape)

    def without_border(self, value: Value) -> Value:
        """The map that a border is to be put around, for an op that has borders itself."""
        if value.padding == NO_PADDING:
            return value
        return Value(value.name, torch_shape(self.specs[value.name].shape, value.n_space))

    def _spread(self, value: Value) -> Value:
        """With a copy wherever one number stands for many."""
        name, wanted = value.name, graph_shape(value.shape)
        found = self.specs[name].shape
        if len(wanted) == 3 and found[:2] != wanted[:2]:
            name = self.add(Upsample((wanted[0] // found[0], wanted[1] // found[1])), name)
        if found[-1] != wanted[-1]:
            name = self.add(Select(np.zeros(wanted[-1], np.uint8)), name)
        return Value(name, value.shape)

    def settled(self, value: Value) -> Value:
        """With nothing left to be done: a tensor in torch's order, but for channels last."""
        value = self.padded(value)
        if not value.flat:
            return value
        name = value.name
        height, width, channels = self.specs[name].shape
        if channels > 1 and height * width > 1:
            name = self.add(Permute((2, 0, 1)), name)
        return Value(self.add(Reshape(value.shape), name), value.shape)

    def reshaped(self, value: Value, shape: Shape) -> Value:
        """``value`` in another shape of the same channels: space is row-major in both."""
        if shape == value.shape:
            return value
        if value.grid is not None:
            return self._in_order(value, shape)
        value = self.padded(value)
        if len(shape) == 1 and value.is_map:
            return Value(value.name, shape, flat=True)
        if value.flat:
            value = replace(value, flat=False, shape=self._map_shape(value))
        if shape[0] != value.shape[0]:
            if shape[2:] == value.shape[1:]:
                grid = np.arange(value.shape[0]).reshape(shape[:2])
                return replace(value, shape=shape, grid=grid)
            unsupported(f"reshape of {value.shape} to {shape}, which mixes channels and space")
        return Value(self.add(Reshape(graph_shape(shape)), value.name), shape)

    def _in_order(self, value: Value, shape: Shape) -> Value:
        """A map of the channels of a grid, row by row."""
        assert value.grid is not None
        if shape != (value.grid.size, *value.shape[2:]):
            unsupported(f"reshape of {value.shape} to {shape}, which mixes channels and space")
        return self.selected(Value(value.name, shape), value.grid.ravel())

    def selected(self, value: Value, channels: NDArray[np.intp]) -> Value:
        """Some channels of a settled value, in a new order."""
        if np.array_equal(channels, np.arange(value.shape[0])):
            return value
        numbers = channels.astype(np.min_scalar_type(channels.max()))
        return Value(self.add(Select(numbers), value.name), (len(channels), *value.shape[1:]))

    def expanded(self, value: Value, shape: Shape) -> Value:
        """``value`` broadcast to a shape; the copies are made once somebody needs them."""
        if value.shape == shape:
            return value
        value = self.settled(value)
        if len(value.shape) != len(shape) or any(
            old not in (1, new) for old, new in zip(value.shape, shape, strict=True)
        ):
            unsupported(f"broadcast of {('n', *value.shape)} to {('n', *shape)}")
        return replace(value, shape=shape)

    def _map_shape(self, value: Value) -> Shape:
        return torch_shape(self.specs[value.name].shape, 2)

    def in_map_order(self, values: NDArray[Any], value: Value) -> NDArray[Any]:
        """The last axis of weights for a flattened map, in the order of the map."""
        height, width, channels = self.specs[value.name].shape
        split = values.reshape(*values.shape[:-1], channels, height * width)
        return np.ascontiguousarray(np.moveaxis(split, -1, -2)).reshape(values.shape)


def size(shape: Shape) -> int:
    return math.prod(shape)


def identifier(name: str) -> str:
    """A module's qualified name as the name of a node."""
    return re.sub(r"\W+|_+", "_", name).strip("_").lower()
