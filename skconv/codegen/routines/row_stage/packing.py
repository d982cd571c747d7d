"""Tables of `dsp_row_stage.h`: a fused stage whose convolution is that of `dsp_conv.h`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from skconv.codegen.routines import row_head
from skconv.codegen.routines.conv import packing as conv
from skconv.codegen.routines.conv.conv_block import ConvBlock
from skconv.codegen.routines.stage.packing import Stage, members
from skconv.graph import Fused, Graph, QConv, QLinear, TensorSpec
from skconv.graph.base import Array
from skconv.target.stage_memory import StageMemory

MOST_STEPS = 8


@dataclass(frozen=True)
class RowParts(ABC):
    """A stage that computes rows of its convolution, and where its scratch memory goes.

    First comes what the convolution needs. ``run``: a row of features where a head consumes it;
    ``sums``: of the rows of windows that are unfinished; ``row``: one of the convolution; and
    what ops on whole pixels write: a row of pixels by the last of them.
    """

    stage: Stage
    graph: Graph

    @property
    def sums(self) -> StageMemory:
        """Sums as of a stage whose rows come one by one: whole rows of windows."""
        return StageMemory(self.graph, streamed=True)

    @property
    @abstractmethod
    def reached(self) -> QConv:
        """The convolution, perhaps without the columns that no window reaches."""

    @property
    @abstractmethod
    def conv_bytes(self) -> dict[str, int]:
        """Bytes of the arrays of the convolution."""

    @property
    @abstractmethod
    def conv_tables(self) -> dict[str, Array]:
        """What flash holds for it."""

    @property
    def without_surplus(self) -> QConv:
        """The convolution without the columns that no window reaches.

        They are left out as padding of less than nothing.
        """
        s = self.stage
        reach = (s.features.shape[1] - 1) * s.pool.stride[1] + s.pool.size[1]
        surplus = s.conv.map_shape(s.input)[1] - reach
        top_bottom, (left, right) = s.conv.padding
        return replace(s.conv, padding=(top_bottom, (left, right - surplus * s.conv.stride[1])))

    @property
    def columns(self) -> int:
        """Pixels of a row of the convolution, as far as windows reach."""
        return self.reached.map_shape(self.stage.input)[1]

    @cached_property
    def arrays(self) -> dict[str, int]:
        """Bytes of the arrays; each begins at a multiple of its item size."""
        s, memory = self.stage, self.sums
        columns, kernels = self.columns, len(s.conv.bias)
        rule = s.conv.requantization
        return {
            **self.conv_bytes,
            "run": 0 if s.linear is None else row_head.features_bytes(s.features, s.run),
            "sums": memory.n_sums * np.dtype(memory.sum_dtype).itemsize,
            "row": columns * kernels * np.dtype(rule.dtype).itemsize,
            **self._pixelwise(columns),
        }

    def _pixelwise(self, columns: int) -> dict[str, int]:
        memory = self.sums
        sizes = {
            name: length * np.dtype(dtype).itemsize
            for name, (dtype, length) in memory.pixelwise_arrays.items()
        }
        last = f"pixel of {memory.pixel.name}"
        return sizes | ({last: columns * sizes[last]} if memory.pixelwise else {})

    def offset(self, name: str) -> int:
        """Where an array begins in the scratch memory."""
        names = list(self.arrays)
        return sum(_aligned(self.arrays[n]) for n in names[: names.index(name)])

    @property
    def scratch_bytes(self) -> int:
        return sum(map(_aligned, self.arrays.values()))

    @property
    def tables(self) -> dict[str, Array]:
        """What flash holds: the convolution's and the head's tables, and other multipliers."""
        s, found = self.stage, self.conv_tables
        if s.linear is not None:
            found |= row_head.tables(s.linear, s.features, s.run)
        return found | dict(self._others())

    def _others(self) -> Iterator[tuple[str, Array]]:
        for node in self.graph.nodes:
            if not isinstance(node.op, QConv | QLinear):
                for name, array in node.op.parameters.items():
                    yield f"{node.name}.{name}", array


@dataclass(frozen=True)
class RowStage(RowParts):
    """With the bits of its weights, and a ring: the rows of the input that a kernel covers."""

    weight_bits: conv.WeightBits

    @cached_property
    def input(self) -> TensorSpec:
        """What the routine sees at a time: a row where kernels have one pixel, else the map."""
        s = self.stage
        by_pixel = conv.layout(s.conv, s.input).by_pixel
        return replace(s.input, shape=(1, *s.input.shape[1:])) if by_pixel else s.input

    @cached_property
    def reached(self) -> QConv:
        s = self.stage
        return s.conv if conv.layout(s.conv, s.input).by_pixel else self.without_surplus

    @property
    def layout(self) -> conv.ConvLayout:
        return conv.layout(self.reached, self.input)

    @property
    def blocks(self) -> tuple[ConvBlock, ConvBlock]:
        return conv.blocks(self.reached, self.input, self.weight_bits)

    @property
    def conv_bytes(self) -> dict[str, int]:
        return {"ring": conv.scratch_bytes(self.reached, self.input)}

    @property
    def conv_tables(self) -> dict[str, Array]:
        return {"packed": conv.table(self.reached, self.input, self.weight_bits)}


def steps(s: Stage) -> int:
    """Steps from window to window that a window holds whole, before its last pixel."""
    return (s.pool.size[1] - 1) // s.pool.stride[1]


def _aligned(nbytes: int) -> int:
    return -(-nbytes // 4) * 4


def row_stage_of(op: Fused, weight_bits: conv.WeightBits) -> RowStage | None:
    """The stage, where the routine serves it."""
    s = members(op)
    if s is None or not conv.fits(s.conv, s.input) or steps(s) > MOST_STEPS:
        return None
    if s.linear is not None and not row_head.fits(s.linear, s.features, s.run):
        return None
    return RowStage(s, op.graph, weight_bits)
