"""An imported network: its graph, its layers, and what is cut out of it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cached_property
from typing import Any, Literal

import numpy as np

from skconv.exceptions import NotConvertibleError
from skconv.graph import (
    INPUT,
    Graph,
    TensorSpec,
)
from skconv.graph.folding import narrowed, with_affine
from skconv.torch_import.simplify import simplified
from skconv.utils.columns import aligned

Tap = Literal["output", "before_activation", "after_activation"]


@dataclass(frozen=True)
class Layer:
    """A layer of a network, and the cost up to it.

    Attributes
    ----------
    name : str
        Qualified name of the module.
    shape : tuple of int
        Of what it returns, channels last, for one sample.
    macs : int
        Multiply-accumulates of one sample up to here.
    parameter_bytes : int
        Weights up to here, in float32.
    """

    name: str
    shape: tuple[int, ...]
    macs: int
    parameter_bytes: int

    def __str__(self) -> str:
        return self.name


class Layers(list[Layer]):
    """Layers in the order in which they run; prints as a table."""

    def __repr__(self) -> str:
        rows = [("layer", "shape", "MACs", "parameter bytes")]
        rows += [
            (layer.name, str(layer.shape), f"{layer.macs:,}", f"{layer.parameter_bytes:,}")
            for layer in self
        ]
        return "\n".join(aligned(rows, numbers={2, 3}))


@dataclass(frozen=True)
class Network:
    """A network as a graph, with the names that its modules had.

    Attributes
    ----------
    name : str
        Class of the network.
    graph : Graph
        All of it that has a form as ops; channels last. Batch normalisations stand alone,
        in float64: `cut` folds them.
    tensors : dict of str to str
        Module to the tensor that it returns, in the order in which they return.
    failures : dict of str to NotConvertibleError
        Modules whose result has no form as a graph, and why.
    strides : dict of str to (int, int)
        Of a network that is slid over larger samples: how many of their pixels lie between
        the windows of neighbours in a tensor.
    """

    name: str
    graph: Graph
    tensors: dict[str, str]
    failures: dict[str, NotConvertibleError]
    strides: dict[str, tuple[int, int]] = field(default_factory=dict)

    @cached_property
    def _specs(self) -> Mapping[str, TensorSpec]:
        return self.graph.specs

    @cached_property
    def _ancestors(self) -> dict[str, frozenset[str]]:
        """The nodes that every tensor depends on, itself among them."""
        known: dict[str, frozenset[str]] = {INPUT: frozenset()}
        for node in self.graph.nodes:
            known[node.name] = frozenset({node.name}).union(*(known[i] for i in node.inputs))
        return known

    # --------------------------------------------------------------------------- layers

    def layers(self, depth: int | None = 2) -> Layers:
        """Layers whose names have up to ``depth`` parts; None: all.

        Of several modules that return the same tensor the first one is listed.
        """
        macs, sizes = self._costs()
        layers, seen = Layers(), {INPUT}
        for name, tensor in self.tensors.items():
            if tensor in seen or (depth is not None and name.count(".") >= depth):
                continue
            seen.add(tensor)
            nodes = self._ancestors[tensor]
            layers.append(
                Layer(
                    name,
                    self._specs[tensor].shape,
                    sum(macs[node] for node in nodes),
                    sum(sizes[node] for node in nodes),
                )
            )
        return layers

    def _costs(self) -> tuple[dict[str, int], dict[str, int]]:
        """MACs and parameter bytes of every node; what will be folded costs nothing."""
        macs = self.graph.node_macs()
        sizes = {node.name: narrowed(node.op).parameter_bytes for node in self.graph.nodes}
        for node in self.graph.nodes:
            name = node.inputs[0]
            source = self.graph.by_name[name].op if name != INPUT else None
            if with_affine(source, node.op) and len(self.graph.users(name)) == 1:
                macs[node.name] = sizes[node.name] = 0
        return macs, sizes

    def names(self, layer: Any) -> list[str]:
        """Names of the layers that a parameter ``layer`` stands for.

        Raises
        ------
        ValueError
            Where there is no such layer; it says which there are.
        NotConvertibleError
            Where the layer has no form as a graph.
        """
        several = isinstance(layer, Sequence) and not isinstance(layer, str)
        chosen = list(layer) if several else [layer]
        if not chosen:
            raise ValueError("layer=[] names no layer")
        return [self._name(one) for one in chosen]

    def _name(self, layer: Any) -> str:
        if layer is None:
            return self._last_map()
        if isinstance(layer, int | np.integer):
            layers = self.layers()
            if not -len(layers) <= layer < len(layers):
                raise ValueError(
                    f"layer={layer}, but {self.name} has {len(layers)} layers (see layers())"
                )
            return layers[layer].name
        name = str(layer)
        if name in self.failures:
            raise self.failures[name]
        if name not in self.tensors:
            close = get_close_matches(name, self.tensors, n=5, cutoff=0.3)
            raise ValueError(
                f"layer={name!r} is not a module of {self.name} that returns a tensor; "
                f"near are {close or list(self.tensors)[:5]}; layers(depth=None) lists all"
            )
        return name

    def _last_map(self) -> str:
        layers = self.layers(None)
        maps = [layer for layer in layers if len(layer.shape) == 3]
        wide = [layer for layer in maps if layer.shape[:2] != (1, 1)] or maps
        if self.failures and len(maps) == len(layers):  # There may be maps behind what failed.
            raise next(iter(self.failures.values()))
        if not wide:
            raise ValueError(f"{self.name} has no layer that returns a map: name a layer")
        return wide[-1].name

    # ------------------------------------------------------------------------------ cut

    def tensor(self, name: str, tap: Tap = "output") -> str:
        """The tensor of a layer: as the module returns it, or on the other side of the
        activation at that place.
        """
        tensor = self.tensors[name]
        if tap == "before_activation":
            return self._before(tensor)
        return self._after(tensor) if tap == "after_activation" else tensor

    def _before(self, tensor: str) -> str:
        nodes = self.graph.by_name
        while tensor in nodes and nodes[tensor].op.facts.role == "entrywise":
            tensor = nodes[tensor].inputs[0]
        return tensor

    def _after(self, tensor: str) -> str:
        end = tensor
        while True:
            users = self.graph.users(end)
            if len(users) != 1 or users[0].op.facts.role not in ("entrywise", "affine"):
                return tensor
            end = users[0].name
            if users[0].op.facts.role == "entrywise":
                return end

    def cut(self, layer: Any = None, tap: Tap = "output") -> Graph:
        """The graph from a sample to one layer, with nothing that it does not need."""
        (name,) = self.names(layer)
        return simplified(self.upto(self.tensor(name, tap)))

    def upto(self, *tensors: str) -> Graph:
        """What these tensors need, and no more."""
        needed = frozenset[str]().union(*(self._ancestors[tensor] for tensor in tensors))
        kept = tuple(node for node in self.graph.nodes if node.name in needed)
        return Graph(self.graph.input, kept)


def fingerprint(tensors: Iterable[tuple[str, Any]]) -> str:
    """sha256 of the names, types, shapes and numbers of weights."""
    digest = hashlib.sha256()
    for name, values in tensors:
        array = np.ascontiguousarray(values)
        digest.update(f"{name} {array.dtype.str} {array.shape};".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()
