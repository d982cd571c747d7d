"""A graph as plain, versioned data (dict, list, str, numbers), and back.

>>> import json
>>> import numpy as np
>>> from skconv.graph import Graph, Linear, TensorSpec, from_dict, to_dict
>>> graph = Graph(TensorSpec((2,))).append(Linear(np.eye(2, dtype="f4"), np.zeros(2, "f4")))
>>> text = json.dumps(to_dict(graph))
>>> from_dict(json.loads(text)).nodes[0].op.weights.tolist()
[[1.0, 0.0], [0.0, 1.0]]
"""

from __future__ import annotations

import base64
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np

from skconv.graph.base import Op, TensorSpec
from skconv.graph.core import Graph, Node, verify
from skconv.graph.integer import Requantization
from skconv.graph.separable import Factors
from skconv.graph.storage.codebook import Codebook
from skconv.graph.storage.coded import Coded
from skconv.graph.storage.dictionary import Dictionary
from skconv.graph.storage.entropy import Entropy
from skconv.graph.storage.frequency import Frequency
from skconv.graph.storage.grid import Grid
from skconv.graph.storage.hashed import Hashed

__all__ = ["from_dict", "to_dict"]

FORMAT_VERSION = 1
# Always 0 in what older versions wrote.
GONE = frozenset({"zero_point", "input_zero_point"})


def to_dict(graph: Graph) -> dict[str, Any]:
    """A graph as data that JSON can hold."""
    return {"format": "skconv.graph", "version": FORMAT_VERSION, "graph": _encode(graph)}


def from_dict(data: dict[str, Any]) -> Graph:
    """The graph that `to_dict` wrote.

    Raises
    ------
    ValueError
        Where the data are not a graph, of a newer version, or not a legal graph.
    """
    if data.get("format") != "skconv.graph":
        raise ValueError(f"format={data.get('format')!r}, expected 'skconv.graph'")
    if data.get("version") != FORMAT_VERSION:
        raise ValueError(f"version={data.get('version')!r}, expected {FORMAT_VERSION}")
    graph = _decode(data["graph"], _dataclasses())
    if not isinstance(graph, Graph):
        raise ValueError("the data hold no graph")
    return verify(graph)


def op_classes(base: type[Op] = Op) -> set[type[Op]]:
    """All classes of ops, bases included."""
    return {base}.union(*(op_classes(sub) for sub in base.__subclasses__()))


def _dataclasses() -> dict[str, type]:
    forms: tuple[type[Coded], ...] = (Codebook, Dictionary, Entropy, Frequency, Hashed)
    others = (Graph, Node, TensorSpec, Requantization, Factors, Grid, *forms)
    return {cls.__name__: cls for cls in (*others, *op_classes())}


def _encode(value: Any) -> Any:
    if is_dataclass(value):
        state = {field.name: _encode(getattr(value, field.name)) for field in fields(value)}
        return {"type": type(value).__name__, **state}
    if isinstance(value, np.ndarray):
        array = value.astype(str) if value.dtype == object else np.ascontiguousarray(value)
        data = base64.b64encode(array.tobytes()).decode()
        return {"type": "ndarray", "dtype": array.dtype.str, "shape": array.shape, "data": data}
    if isinstance(value, tuple | list):
        return [_encode(item) for item in value]
    return value.item() if isinstance(value, np.generic) else value


def _decode(value: Any, classes: dict[str, type]) -> Any:
    if isinstance(value, list):
        return tuple(_decode(item, classes) for item in value)
    if not isinstance(value, dict):
        return value
    name = value["type"]
    if name == "ndarray":
        raw = np.frombuffer(base64.b64decode(value["data"]), value["dtype"])
        return raw.reshape(value["shape"]).copy()
    if name not in classes:
        raise ValueError(f"unknown type {name!r}")
    state = {key: _decode(item, classes) for key, item in value.items() if key != "type"}
    for key in GONE.intersection(state):
        if state.pop(key) != 0:
            raise ValueError(f"{name} has a {key}, which graphs no longer have")
    return classes[name](**state)
