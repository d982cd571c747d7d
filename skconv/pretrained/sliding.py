"""A network slid over samples that are larger than its input.

What sees the whole of its map moves on over the larger one, a step at a time: a linear layer
behind a flattening becomes a convolution with kernels of the map's size, a pooling of the whole
map one with windows that overlap. A vector becomes a map with a pixel for every window. Each
tensor is computed once for all windows that share it.
"""

from __future__ import annotations

from dataclasses import replace

from skconv.exceptions import NotConvertibleError
from skconv.graph import (
    INPUT,
    Add,
    Affine,
    Concat,
    Conv,
    Graph,
    Linear,
    MaxPool,
    MeanPool,
    Multiply,
    Node,
    Op,
    Pad,
    Permute,
    Reshape,
    Select,
    TensorSpec,
)
from skconv.stages.geometry import Pair
from skconv.torch_import.builder import Unsupported, unsupported
from skconv.torch_import.network import Network


def slid(network: Network, space: Pair) -> Network:
    """A network for larger samples.

    Parameters
    ----------
    network : Network
        Imported for samples of the size of a window.
    space : (int, int)
        Height and width of the larger samples.

    Returns
    -------
    network : Network
        Its layers are maps; one that flattens is the map that it flattens. What cannot be
        slid is among its failures.

    Raises
    ------
    ValueError
        Where a window is larger than the samples.

    Notes
    -----
    A pixel of a result is what the network says about its window, cut out of the sample. Where
    convolutions pad, they see the window's neighbours and not the zeros that would be around
    a window alone. Pixels that a network never reads, at the end of its input where strides
    do not divide it, may lie outside of the sample.

    References
    ----------
    Sermanet et al., "OverFeat: integrated recognition, localization and detection using
    convolutional networks", ICLR 2014.

    Examples
    --------
    >>> from torch import nn
    >>> from skconv.pretrained import import_module
    >>> from skconv.pretrained.sliding import slid
    >>> net = nn.Sequential(nn.Conv2d(1, 4, 3), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(36, 10))
    >>> slid(import_module(net, (1, 8, 8)), (12, 16)).cut("3")
    Graph: 3 nodes, 10,440 MACs, 1,640 parameter bytes
    node   op                      tensor                MACs  parameter bytes
    input                          float32 (12, 16, 1)
    0      Conv 3x3 1->4           float32 (10, 14, 4)  5,040              160
    1      MaxPool 2x2 stride 2x2  float32 (5, 7, 4)        0                0
    3_2    Conv 3x3 4->10          float32 (3, 5, 10)   5,400            1,480
    """
    height, width, channels = network.graph.input.shape
    if height > space[0] or width > space[1]:
        raise ValueError(
            f"window_size is {height}x{width}, larger than the samples of {space[0]}x{space[1]}"
        )
    sliding = _Sliding(network, (*space, channels))
    tensors: dict[str, str] = {}
    failures = dict(network.failures)
    for module, tensor in network.tensors.items():
        try:
            tensors[module] = sliding.whole(tensor)
        except Unsupported as reason:
            failures[module] = NotConvertibleError(
                network.name,
                f"window_size: {module}: {reason}",
                "tap a layer before it, or give samples of the network's size",
                "window_size",
            )
    graph = Graph(sliding.input, tuple(sliding.nodes))
    return Network(network.name, graph, tensors, failures, sliding.strides)


class _Sliding:
    """Builds the larger graph, node by node.

    A tensor of the network is a tensor here (``names``), or there is a reason why not
    (``reasons``). A flattened map is still that map, of the ``shapes`` of one window. Where
    it was ``permuted``, because a module returns it in torch's order, nothing can read it.
    """

    def __init__(self, network: Network, shape: tuple[int, int, int]) -> None:
        self.input = TensorSpec(shape)
        self.nodes: list[Node] = []
        self.names = {INPUT: INPUT}
        self.reasons: dict[str, str] = {}
        self._specs = {INPUT: self.input}
        self.strides: dict[str, Pair] = {INPUT: (1, 1)}
        self._small = network.graph.specs
        self._shapes = {INPUT: network.graph.input.shape}
        self._permuted: set[str] = set()
        for node in network.graph.nodes:
            try:
                self._slide(node)
            except (Unsupported, ValueError) as reason:
                self.reasons[node.name] = str(reason)

    def whole(self, tensor: str) -> str:
        """The map that stands for a tensor; Unsupported where there is none."""
        if tensor in self.reasons:
            unsupported(self.reasons[tensor])
        return self.names[tensor]

    def _slide(self, node: Node) -> None:
        for name in node.inputs:
            if name in self.reasons:
                unsupported(self.reasons[name])
        if isinstance(node.op, Permute | Reshape):
            self._alias(node)
            return
        if not self._permuted.isdisjoint(node.inputs):
            unsupported(f"{node.op.describe()} of a flattened map")
        op = self._slid(node)
        inputs = tuple(self.names[name] for name in node.inputs)
        self._specs[node.name] = op.output(*(self._specs[name] for name in inputs))
        self.strides[node.name] = self._stride(op, inputs)
        self._shapes[node.name] = self._window_shape(node)
        self.names[node.name] = node.name
        self.nodes.append(replace(node, op=op, inputs=inputs))

    def _alias(self, node: Node) -> None:
        """Flattening waits for the linear layer that reads it: nothing is done."""
        (source,) = node.inputs
        shape, new = self._shapes[source], self._small[node.name].shape
        if isinstance(node.op, Permute) or source in self._permuted:
            self._permuted.add(node.name)
        elif len(new) != 1 and new != shape:
            unsupported(f"{node.op.describe()} of a map {shape}")
        self.names[node.name] = self.names[source]
        self._shapes[node.name] = shape

    def _slid(self, node: Node) -> Op:
        """The op on the larger map."""
        op, shape = node.op, self._shapes[node.inputs[0]]
        flattened = len(self._small[node.inputs[0]].shape) == 1 and shape[:2] != (1, 1)
        match op:
            case Linear():
                return Conv(op.weights.reshape(-1, *shape), op.bias)
            case MaxPool() | MeanPool() if op.size == shape[:2]:
                return replace(op, stride=(1, 1))
            case _ if op.facts.role == "entrywise":
                return op
            case Conv() if op.pad_mode != "zero":
                unsupported("a circular border")
            case Affine() | Conv() | MaxPool() | MeanPool() | Pad() | Select() if not flattened:
                return op
            case Add() | Multiply() | Concat() if not flattened:
                self._check_alike(node)
                return op
        return unsupported(f"{op.describe()} on a map of {shape[0]}x{shape[1]} cannot be slid")

    def _check_alike(self, node: Node) -> None:
        """Pixels that meet must be of the same place of the window."""
        spaces = {self._shapes[name][:2] for name in node.inputs}
        if len(spaces) > 1 or len({self.strides[self.names[name]] for name in node.inputs}) > 1:
            unsupported(f"{node.op.describe()} of maps of different sizes")

    def _stride(self, op: Op, inputs: tuple[str, ...]) -> Pair:
        down, right = self.strides[inputs[0]]
        own = op.stride if isinstance(op, Conv | MaxPool | MeanPool) else (1, 1)
        return down * own[0], right * own[1]

    def _window_shape(self, node: Node) -> tuple[int, ...]:
        """Of a node's result for one window, as a map."""
        shape = self._small[node.name].shape
        if node.op.facts.role == "entrywise":
            return self._shapes[node.inputs[0]]
        return shape if len(shape) == 3 else (1, 1, *shape)
