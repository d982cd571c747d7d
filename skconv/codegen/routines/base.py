"""What the routines of targets share."""

from __future__ import annotations

from typing import Literal, Protocol

from skconv.codegen.node import NodeCode
from skconv.codegen.text import call
from skconv.graph import QConv, TensorSpec
from skconv.graph.nested import Packed

Optimize = Literal["size", "balanced", "speed"]


class ConvRoutine(Protocol):
    """A module that has a routine for convolutions."""

    def fits(self, op: QConv, x: TensorSpec, optimize: Optimize) -> bool:
        """Whether the op should be carried out by it, where those before it are not to."""

    def pack(self, op: QConv, x: TensorSpec, optimize: Optimize) -> Packed:
        """The op with its tables."""


def lanes_call(function: str, op: QConv, code: NodeCode, value: str) -> str:
    """The call of a convolution on rows of lanes; ``value`` describes it in C."""
    x, y = code.input, code.output
    rows = (x.spec.shape[0], op.padding[0][0], y.spec.shape[0], f"(uint32_t *){code.scratch}")
    return call(function, x.pointer, *rows, code.table("packed", "int32"), *y.typed, value)
