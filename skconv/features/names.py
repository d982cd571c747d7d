"""Names of features: which kernel made them, and where in the sample they lie."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from skconv.graph import (
    INPUT,
    Above,
    BlockHistogram,
    BothSigns,
    Concat,
    Conv,
    Graph,
    Hash,
    KNearest,
    Magnitude,
    Node,
    Op,
    Reshape,
    SoftThreshold,
    TensorSpec,
    Triangle,
)


def feature_names(graph: Graph) -> NDArray[Any]:
    """A name for every feature that a graph yields.

    - ``conv3_2x1``: kernel 3, row 2, column 1 of the pooled map; ``conv3_17`` on a signal.
    - ``conv3pos_2x1`` and ``conv3neg_2x1``: where a nonlinearity has both signs.
    - ``conv3above1_2x1``: compared with the second of several levels.
    - ``conv3ch1_2x1``: on channel 1 alone, where kernels are applied to each channel.
    - ``conv3_level2_2x1``: of the third grid of a pyramid.
    - ``map0bin5_2x1``: the count of code 5 in a block of the first map of codes.

    Examples
    --------
    >>> import numpy as np
    >>> from skconv.features.names import feature_names
    >>> from skconv.graph import Abs, Conv, Graph, Reshape, TensorSpec
    >>> conv = Conv(np.ones((2, 1, 2, 1), "f4"), np.zeros(2, "f4"))
    >>> graph = Graph(TensorSpec((1, 3, 1))).append(conv).append(Abs()).append(Reshape((4,)))
    >>> feature_names(graph).tolist()
    ['conv0_0', 'conv1_0', 'conv0_1', 'conv1_1']
    """
    return np.array(_Names(graph).of_tensor(graph.output_name), dtype=object)


class _Names:
    """Names of the entries of tensors, made from the names of their channels."""

    def __init__(self, graph: Graph) -> None:
        self.specs = graph.specs
        self.nodes = graph.by_name
        maps = [spec.shape for spec in self.specs.values() if len(spec.shape) == 3]
        self.is_signal = bool(maps) and maps[0][0] == 1

    def of_tensor(self, name: str, level: str = "") -> list[str]:
        """Names of all entries of a tensor, row by row, channels fastest."""
        spec = self.specs[name]
        if len(spec.shape) == 3:
            channels = self.of_channels(name)
            return [f"{c}{level}_{p}" for p in self._places(spec) for c in channels]
        if name == INPUT:
            return [f"x{i}" for i in range(spec.size)]
        node = self.nodes[name]
        if isinstance(node.op, Concat):
            parts = enumerate(node.inputs)
            return [n for i, part in parts for n in self.of_tensor(part, f"{level}_level{i}")]
        if isinstance(node.op, Reshape) or spec.size == self.specs[node.inputs[0]].size:
            return self.of_tensor(node.inputs[0], level)
        return [f"{_word(node.op)}{i}{level}" for i in range(spec.size)]

    def _places(self, spec: TensorSpec) -> list[str]:
        rows, columns, _ = spec.shape
        if self.is_signal:
            return [str(column) for column in range(columns)]
        return [f"{row}x{column}" for row in range(rows) for column in range(columns)]

    def of_channels(self, name: str) -> list[str]:
        """Names of the channels of a map."""
        node = self.nodes.get(name)
        n_channels = self.specs[name].shape[-1]
        if node is None or len(self.specs[node.inputs[0]].shape) != 3:
            return [f"input{i}" for i in range(n_channels)]
        if isinstance(node.op, Concat):
            return _distinct([self.of_channels(part) for part in node.inputs])
        found = self._of_op(node)
        if len(found) == n_channels:
            return found
        return [f"{_word(node.op)}{i}" for i in range(n_channels)]

    def _of_op(self, node: Node) -> list[str]:
        """Names of the channels after an op; the names before it, unless the op changes them."""
        op, before = node.op, node.inputs[0]
        if isinstance(op, Conv):
            kernels = [f"conv{i}" for i in range(len(op.weights))]
            n_channels = self.specs[before].shape[-1]
            if not op.shared or n_channels == 1:
                return kernels
            return [f"{kernel}ch{i}" for i in range(n_channels) for kernel in kernels]
        if isinstance(op, Triangle):
            return [f"conv{i}" for i in range(len(op.centroids))]
        if isinstance(op, Hash):
            return [f"map{i}" for i in range(self.specs[node.name].shape[-1])]
        channels = self.of_channels(before)
        if isinstance(op, BothSigns) or (
            isinstance(op, SoftThreshold | KNearest) and op.both_signs
        ):
            return [channel + sign for sign in ("pos", "neg") for channel in channels]
        if isinstance(op, Above):
            return [f"{channel}above{i}" for i in range(len(op.levels)) for channel in channels]
        if isinstance(op, Magnitude):
            # Of pairs that two convolutions of the same kernels may have made.
            return [channel.removesuffix("of0") for channel in channels[: len(channels) // 2]]
        if isinstance(op, BlockHistogram):
            return [f"{channel}bin{code}" for channel in channels for code in range(op.n_bins)]
        return channels


def _word(op: Op) -> str:
    return type(op).__name__.lower()


def _distinct(parts: list[list[str]]) -> list[str]:
    """Names of several maps, with the number of the map where they would be the same."""
    names = [name for part in parts for name in part]
    if len(set(names)) == len(names):
        return names
    return [f"{name}of{i}" for i, part in enumerate(parts) for name in part]
