"""A graph: named nodes in the order they run, each an op on the tensors before it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from types import MappingProxyType
from typing import Any

from skconv.graph.base import Array, Domain, Op, TensorSpec
from skconv.graph.several import Decisions
from skconv.graph.tables import table_bytes
from skconv.utils.columns import aligned, html_table

__all__ = ["INPUT", "Graph", "Node", "verify", "without_dead_nodes"]

INPUT = "input"
HEADER = ("node", "op", "tensor", "MACs", "parameter bytes")


@dataclass(frozen=True)
class Node:
    """One op, its name, and the names of the tensors that it reads."""

    name: str
    op: Op
    inputs: tuple[str, ...]


@dataclass(frozen=True)
class Graph:
    """A network for one sample, as data: frozen dataclasses and numpy arrays.

    Parameters
    ----------
    input : TensorSpec
        The tensor that a sample is, under the name ``"input"``: float32 in a float graph
        whatever the data are, the integers that the device delivers in an integer graph.
    nodes : tuple of Node
        In the order they run. The last one yields the output.
    classes : ndarray or None
        Labels that the index of a final `ArgMax` or `Threshold` stands for.

    Examples
    --------
    >>> import numpy as np
    >>> from skconv.graph import Graph, Linear, Relu, TensorSpec
    >>> graph = Graph(TensorSpec((2,)))
    >>> graph = graph.append(Linear(np.eye(2, dtype="f4"), np.zeros(2, "f4"))).append(Relu())
    >>> [node.name for node in graph.nodes]
    ['linear', 'relu']
    >>> graph.output.shape, graph.macs
    ((2,), 4)
    """

    input: TensorSpec
    nodes: tuple[Node, ...] = ()
    classes: Array | None = field(default=None, compare=False)

    # ------------------------------------------------------------------- construction

    def append(self, op: Op, *inputs: str, name: str | None = None) -> Graph:
        """This graph with one more node.

        Parameters
        ----------
        op : Op
            What the node computes.
        *inputs : str
            Tensors that it reads; by default the last one.
        name : str, optional
            Of the node and its tensor; by default the word for the op.

        Returns
        -------
        graph : Graph
            A new one: graphs do not change.
        """
        node = Node(
            self.free_name(name or type(op).__name__.lower()), op, inputs or (self.output_name,)
        )
        longer = replace(self, nodes=(*self.nodes, node))
        if "specs" in vars(self):
            vars(longer)["_known_specs"] = self.specs
        return longer

    def free_name(self, stem: str) -> str:
        """A name that no tensor has yet.

        Parameters
        ----------
        stem : str
            Its beginning.

        Returns
        -------
        name : str
            ``stem``, or ``stem_2``, ``stem_3``, ...
        """
        taken = {INPUT, *(node.name for node in self.nodes)}
        names = (stem if i == 1 else f"{stem}_{i}" for i in range(1, len(taken) + 2))
        return next(name for name in names if name not in taken)

    def __getstate__(self) -> dict[str, Any]:
        """Only what was given: what was computed from it is not stored."""
        return {f.name: getattr(self, f.name) for f in fields(self)}

    def extend(self, other: Graph, source: str | None = None) -> Graph:
        """This graph with another one behind it.

        Parameters
        ----------
        other : Graph
            Its nodes are appended; its classes become those of the whole.
        source : str, optional
            The tensor that ``other`` reads as its input; by default the last one.

        Returns
        -------
        graph : Graph
            A new one.
        """
        names = {INPUT: source or self.output_name}
        graph = self
        for node in other.nodes:
            graph = graph.append(node.op, *(names[i] for i in node.inputs), name=node.name)
            names[node.name] = graph.output_name
        return replace(graph, classes=self.classes if other.classes is None else other.classes)

    # -------------------------------------------------------------------------- facts

    @property
    def output_name(self) -> str:
        return self.nodes[-1].name if self.nodes else INPUT

    @cached_property
    def specs(self) -> Mapping[str, TensorSpec]:
        """Every tensor by name, the input first; ValueError where an op does not fit."""
        specs = {INPUT: self.input, **vars(self).get("_known_specs", {})}
        for node in self.nodes[len(specs) - 1 :]:
            try:
                specs[node.name] = node.op.output(*(specs[name] for name in node.inputs))
            except ValueError as error:
                raise ValueError(f"node {node.name!r}: {error}") from error
        return MappingProxyType(specs)

    @property
    def output(self) -> TensorSpec:
        return self.specs[self.output_name]

    @property
    def domain(self) -> Domain:
        """``"float"`` or, once quantised, ``"integer"``."""
        return self.input.domain

    @property
    def is_classifier(self) -> bool:
        return bool(self.nodes) and self.nodes[-1].op.facts.role == "decision"

    @property
    def decisions(self) -> Decisions | None:
        """What ends the graph of a classifier of several outputs: its output are their indices."""
        op = self.nodes[-1].op if self.nodes else None
        return op if isinstance(op, Decisions) else None

    @property
    def n_classes(self) -> int:
        """How many classes the final decision chooses from; 0 where there is no decision."""
        return int(self.output.maximum or 0) + 1 if self.is_classifier else 0

    @property
    def scores_name(self) -> str:
        """The tensor that the final decision is made on, else the output."""
        return self.nodes[-1].inputs[0] if self.is_classifier else self.output_name

    @cached_property
    def by_name(self) -> Mapping[str, Node]:
        """Every node by its name."""
        return MappingProxyType({node.name: node for node in self.nodes})

    def users(self, name: str) -> tuple[Node, ...]:
        """The nodes that read a tensor.

        Parameters
        ----------
        name : str
            Of the tensor.

        Returns
        -------
        nodes : tuple of Node
            In the order they run.
        """
        return self._users.get(name, ())

    @cached_property
    def _users(self) -> Mapping[str, tuple[Node, ...]]:
        users: dict[str, list[Node]] = {}
        for node in self.nodes:
            for name in dict.fromkeys(node.inputs):
                users.setdefault(name, []).append(node)
        return {name: tuple(nodes) for name, nodes in users.items()}

    def node_macs(self) -> dict[str, int]:
        """Multiply-accumulates of each node.

        Returns
        -------
        macs : dict of str to int
            By the name of the node.
        """
        specs = self.specs
        return {n.name: n.op.macs(*(specs[i] for i in n.inputs)) for n in self.nodes}

    @property
    def macs(self) -> int:
        return sum(self.node_macs().values())

    @property
    def parameter_bytes(self) -> int:
        return sum(self._table_bytes)

    @cached_property
    def _table_bytes(self) -> list[int]:
        """Of each node: an equal table of several is counted where it stands first."""
        return table_bytes(node.op for node in self.nodes)

    # ------------------------------------------------------------------------ reading

    def _rows(self) -> Iterable[tuple[str, str, str, str, str]]:
        specs, macs = self.specs, self.node_macs()
        yield INPUT, "", f"{self.input.dtype} {self.input.shape}", "", ""
        for node, nbytes in zip(self.nodes, self._table_bytes, strict=True):
            spec = specs[node.name]
            yield (
                node.name,
                node.op.describe(),
                f"{spec.dtype} {spec.shape}",
                f"{macs[node.name]:,}",
                f"{nbytes:,}",
            )

    def __repr__(self) -> str:
        lines = aligned([HEADER, *self._rows()], numbers={3, 4})
        total = f"Graph: {len(self.nodes)} nodes, {self.macs:,} MACs, "
        return "\n".join([total + f"{self.parameter_bytes:,} parameter bytes", *lines])

    def _repr_html_(self) -> str:
        return html_table(HEADER, self._rows())


def without_dead_nodes(graph: Graph) -> Graph:
    """Only what the output depends on."""
    needed = {graph.output_name}
    for node in reversed(graph.nodes):
        if node.name in needed:
            needed.update(node.inputs)
    return replace(graph, nodes=tuple(node for node in graph.nodes if node.name in needed))


def verify(graph: Graph) -> Graph:
    """Check that a graph is legal, and return it.

    Raises
    ------
    ValueError
        Where a name stands twice, a node reads a tensor that comes later or not at all,
        an op does not fit its inputs, or float and integer ops are mixed.
    """
    known = {INPUT}
    for node in graph.nodes:
        if node.name in known:
            raise ValueError(f"node {node.name!r}: the name is taken")
        if missing := [name for name in node.inputs if name not in known]:
            raise ValueError(f"node {node.name!r} reads {missing} before they exist")
        if node.op.n_inputs not in (None, len(node.inputs)):
            raise ValueError(
                f"node {node.name!r} has {len(node.inputs)} inputs, needs {node.op.n_inputs}"
            )
        if graph.domain not in node.op.domains:
            raise ValueError(
                f"node {node.name!r}: {type(node.op).__name__} in a graph of {graph.domain} ops"
            )
        known.add(node.name)
    _ = graph.specs  # each op checks its inputs
    n_labels = graph.n_classes if graph.classes is None else len(graph.classes)
    if graph.is_classifier and n_labels != graph.n_classes:
        raise ValueError(f"{n_labels} classes for {graph.n_classes} outcomes")
    return graph
