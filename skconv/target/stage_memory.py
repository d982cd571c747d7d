"""The RAM of a fused stage while it runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from math import prod

import numpy as np

from skconv.graph import (
    BlockHistogram,
    Graph,
    Magnitude,
    MaxPool,
    Node,
    QConv,
    QL2Pool,
    QSeparableConv,
    QTriangle,
    TensorSpec,
)
from skconv.graph.facts import StagePart
from skconv.graph.ops import ConvGeometry, PoolGeometry
from skconv.graph.storage.coded import coded_of

SUM_TYPES = ("int8", "uint8", "int16", "uint16", "int32")
# What a stage does with a pixel of its convolution as a whole, before entries are told apart.
PIXELWISE: frozenset[StagePart | None] = frozenset({"contrast", "divide", "pixel"})


@dataclass(frozen=True)
class StageMemory:
    """The arrays of a stage, and where they lie in its scratch memory.

    Attributes
    ----------
    graph : Graph
        The chain of a `skconv.graph.Fused` op.
    streamed : bool
        Whether rows of the input come one by one: those that a kernel covers are kept.
    by_kernel : bool
        Whether one kernel is computed after the other, of rows that come one by one: those that
        a row of windows covers are kept.

    Notes
    -----
    - ``sums``: of the pixels seen so far of every unfinished window, or their maxima, in the
      smallest type that holds them. Where rows of the input come one by one, or windows
      overlap, whole rows of windows are unfinished; else one window is. Kernel by kernel, a
      row of windows of one kernel is.
    - ``pixel``: one of the convolution, with all its channels, or codes.
    - ``pixel of NODE``: what an op on whole pixels made of it; ``distances``: those of a
      triangle, which wait for their mean.
    - ``lines``: of a separable convolution, for one row of windows. It goes row by row.
    - ``weights``: those of coded kernels, all of them expanded.
    - ``rows``: of the input; ``progress``: how many of them there are, and what is next.

    A histogram counts in the output, or in the scores of the head: it has no sums.
    """

    graph: Graph
    streamed: bool = False
    by_kernel: bool = False

    @property
    def first(self) -> Node:
        return self.graph.nodes[0]

    @property
    def pool(self) -> Node:
        return next(node for node in self.graph.nodes if isinstance(node.op, PoolGeometry))

    @property
    def pixelwise(self) -> tuple[Node, ...]:
        """The ops on whole pixels."""
        return tuple(node for node in self.graph.nodes if node.op.facts.stage in PIXELWISE)

    @property
    def pixel(self) -> Node:
        """What yields the pixels that a nonlinearity or the pooling takes entry by entry."""
        return (self.first, *self.pixelwise)[-1]

    @property
    def middle(self) -> Node | None:
        """The nonlinearity that goes entry by entry, where there is one."""
        (name,) = self.pool.inputs
        return next((n for n in self.graph.nodes if n.name == name and n is not self.pixel), None)

    @cached_property
    def specs(self) -> Mapping[str, TensorSpec]:
        return self.graph.specs

    @property
    def by_window(self) -> bool:
        """Whether every window is computed alone, from the whole input: no line serves others."""
        is_separable = isinstance(self.first.op, QSeparableConv)
        return not self.streamed and not is_separable and not overlaps(_geometry(self.pool))

    @property
    def sum_dtype(self) -> str:
        """The smallest type that holds what a window gathers."""
        pool, x = _geometry(self.pool), self.specs[self.pool.inputs[0]]
        low, high = x.limits
        if isinstance(pool, QL2Pool):
            low, high = 0, pool.area * x.magnitude**2
        elif not isinstance(pool, MaxPool):
            low, high = pool.weight * low, pool.weight * high
        return next(t for t in SUM_TYPES if np.iinfo(t).min <= low and high <= np.iinfo(t).max)

    @property
    def slots(self) -> int:
        """How many rows of windows are unfinished at a time; 0 where one window is."""
        pool = _geometry(self.pool)
        return 0 if self.by_window else -(-pool.size[0] // pool.stride[0])

    @property
    def n_sums(self) -> int:
        """How many sums are under way at a time."""
        if isinstance(self.pool.op, BlockHistogram):
            return 0
        _, width, channels = self.specs[self.pool.name].shape
        if self.by_kernel:
            return width * channels // self.specs[self.first.name].shape[2]
        return self.slots * width * channels or channels

    @property
    def rows(self) -> int:
        """Rows of the input that are kept: as many as a kernel covers, or a window."""
        conv = self.first.op
        assert isinstance(conv, ConvGeometry)
        height = _geometry(self.pool).size[0] if self.by_kernel else 1
        return (height - 1) * conv.stride[0] + conv.window[0] if self.streamed else 0

    @property
    def has_kernels_apart(self) -> bool:
        """Whether kernels can be computed one after the other, each with entries of its own."""
        conv, middle = self.first.op, self.middle
        return (
            type(conv) is QConv
            and conv.groups == 1
            and not conv.shared
            and coded_of(conv) is None
            and not self.pixelwise
            and not (middle and isinstance(middle.op, Magnitude))
            and not isinstance(self.pool.op, BlockHistogram)
        )

    @cached_property
    def arrays(self) -> dict[str, tuple[str, int]]:
        """Type and length of every array, the largest types first: none needs a gap."""
        x = self.graph.input
        arrays = {
            "sums": (self.sum_dtype, self.n_sums),
            "pixel": self._of_a_pixel(self.first),
            **self.pixelwise_arrays,
            "lines": self._lines(x),
            "weights": ("int8", self._weights()),
            "rows": (x.dtype, self.rows * x.shape[1] * x.shape[2]),
            "progress": ("int32", 2 if self.streamed else 0),
        }
        return dict(sorted(arrays.items(), key=lambda item: -np.dtype(item[1][0]).itemsize))

    @property
    def pixelwise_arrays(self) -> dict[str, tuple[str, int]]:
        """Type and length of what the ops on whole pixels write."""
        arrays = {f"pixel of {node.name}": self._of_a_pixel(node) for node in self.pixelwise}
        for node in self.pixelwise:
            if isinstance(node.op, QTriangle):
                arrays["distances"] = (node.op.DISTANCE_DTYPE, len(node.op.centroids))
        return arrays

    def _lines(self, x: TensorSpec) -> tuple[str, int]:
        conv = self.first.op
        if not isinstance(conv, QSeparableConv):
            return "int16", 0
        return conv.factors.line_dtype(x), prod(conv.lines_shape(x))

    def _weights(self) -> int:
        coded = coded_of(self.first.op)
        return 0 if coded is None else coded.n_kernels * coded.kernel_bytes

    def _of_a_pixel(self, node: Node) -> tuple[str, int]:
        spec = self.specs[node.name]
        return spec.dtype, 0 if self.by_kernel else spec.shape[-1]

    def offset(self, name: str) -> int:
        """Where an array begins in the scratch memory."""
        before = list(self.arrays)[: list(self.arrays).index(name)]
        return sum(self._nbytes(other) for other in before)

    @property
    def nbytes(self) -> int:
        return sum(map(self._nbytes, self.arrays))

    def _nbytes(self, name: str) -> int:
        dtype, length = self.arrays[name]
        return length * np.dtype(dtype).itemsize


def overlaps(pool: PoolGeometry) -> bool:
    """Whether an entry may lie in several windows."""
    return any(step < size for step, size in zip(pool.stride, pool.size, strict=True))


def _geometry(node: Node) -> PoolGeometry:
    assert isinstance(node.op, PoolGeometry)
    return node.op
