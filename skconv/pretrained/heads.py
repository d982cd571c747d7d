"""From the tensors of layers to one vector of features."""

from __future__ import annotations

import re
from typing import NamedTuple

from skconv.graph import (
    Concat,
    Graph,
    MaxPool,
    MeanPool,
    Normalize,
    Reshape,
    TensorSpec,
)
from skconv.stages.geometry import Pair
from skconv.stages.windows import covering
from skconv.torch_import.network import Network
from skconv.torch_import.simplify import simplified

_POOL = re.compile(r"(?:(mean|max)\s*)?(?:(\d+)x(\d+))?")


class Pool(NamedTuple):
    """A grid of windows that covers a map, and what is taken of each."""

    op: type[MeanPool | MaxPool]
    grid: Pair

    @classmethod
    def parsed(cls, text: str) -> Pool:
        """``"2x2"``, ``"max 2x2"``, ``"max"``; ValueError where it is none of these."""
        match = _POOL.fullmatch(text)
        if match is None or not text or "0" in match.groups():
            raise ValueError(
                f"pool={text!r}, expected 'ROWSxCOLUMNS' for means, such as '2x2', 'max 2x2' "
                f"for the "
                "largest, or None"
            )
        name, rows, columns = match.groups()
        return cls(MaxPool if name == "max" else MeanPool, (int(rows or 1), int(columns or 1)))

    def on(self, spec: TensorSpec) -> MeanPool | MaxPool:
        """The op on a map. Windows overlap where they cannot divide it evenly."""
        height, width, _ = spec.shape
        rows, columns = min(self.grid[0], height) if height == 1 else self.grid[0], self.grid[1]
        if rows > height or columns > width:
            raise ValueError(
                f"pool of {rows}x{columns} windows on a map of {height}x{width}: expected no more "
                "windows than pixels"
            )
        (down_size, down), (across_size, across) = covering(height, rows), covering(width, columns)
        return self.op((down_size, across_size), (down, across))


def head(spec: TensorSpec, pool: str | None, normalize: bool) -> Graph:
    """Pooling, flattening and, where wanted, division by the length of the vector."""
    graph = Graph(spec)
    if len(spec.shape) == 3:
        if pool is not None:
            graph = graph.append(Pool.parsed(pool).on(spec), name="pool")
        graph = graph.append(Reshape((graph.output.size,)), name="flatten")
    return graph.append(Normalize("l2")) if normalize else graph


def features_graph(
    network: Network, tensors: list[str], pool: str | None, normalize: bool
) -> Graph:
    """What the tensors need, a head on each, and all of them one behind the other."""
    graph = network.upto(*tensors)
    specs = graph.specs
    ends = []
    for tensor in tensors:
        branch = head(specs[tensor], pool, normalize)
        graph = graph.extend(branch, tensor)
        ends.append(graph.output_name if branch.nodes else tensor)
    return simplified(graph.append(Concat(), *ends) if len(ends) > 1 else graph)
