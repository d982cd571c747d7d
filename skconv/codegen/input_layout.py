"""The axes of one sample, in the order in which the device delivers its entries."""

from __future__ import annotations

from dataclasses import dataclass

from skconv.graph import INPUT, Graph, Node, Permute, Reshape
from skconv.graph.base import Shape


@dataclass(frozen=True)
class Sample:
    """The input of a graph as its caller sees it.

    Attributes
    ----------
    shape : tuple of int
        That of a map, if it is one: a graph may take it flat and give it its axes first.
    channels_first : bool
        Whether its channels stand before its height and width.
    """

    shape: Shape
    channels_first: bool = False

    @property
    def sizes(self) -> dict[str, int]:
        """Height, width and channels of a map, by these words."""
        if len(self.shape) != 3:
            return {}
        words = ("HEIGHT", "WIDTH", "CHANNELS")
        order = (words[2], *words[:2]) if self.channels_first else words
        found = dict(zip(order, self.shape, strict=True))
        return {word: found[word] for word in words}

    @property
    def layout(self) -> str:
        """The order of the entries, in words."""
        sizes = self.sizes
        if not sizes:
            return "in the order of the columns that the estimator was fitted on"
        axes = ["time"] if sizes["HEIGHT"] == 1 else ["height", "width"]
        axes = ["channels", *axes] if self.channels_first else [*axes, "channels"]
        corner = "" if sizes["HEIGHT"] == 1 else ", from the top left"
        return f"{' x '.join(axes)}{corner}; the last index runs fastest"


def sample_of(graph: Graph) -> Sample:
    """What a sample of a graph is.

    Examples
    --------
    >>> from skconv.codegen.input_layout import sample_of
    >>> from skconv.graph import Graph, Reshape, TensorSpec
    >>> sample_of(Graph(TensorSpec((64,), "uint8")).append(Reshape((8, 8, 1)))).layout
    'height x width x channels, from the top left; the last index runs fastest'
    """
    if len(graph.input.shape) != 1:
        return Sample(graph.input.shape)
    readers = _readers(graph, INPUT)
    # Entry by entry, so the order of the entries stays that of the input.
    while len(readers) == 1 and readers[0].op.facts.role == "affine":
        readers = _readers(graph, readers[0].name)
    shapes = {node.op.shape if isinstance(node.op, Reshape) else () for node in readers}
    shape = shapes.pop() if len(shapes) == 1 else ()
    if len(shape) != 3:
        return Sample(graph.input.shape)
    behind = [node.op for reader in readers for node in _readers(graph, reader.name)]
    first = [isinstance(op, Permute) and op.axes == (1, 2, 0) for op in behind]
    return Sample(shape, bool(first) and all(first))


def _readers(graph: Graph, tensor: str) -> list[Node]:
    return [node for node in graph.nodes if tensor in node.inputs]
