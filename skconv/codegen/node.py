"""What the C text of one node is made from, and the dispatch that prints it.

The functions for each op are in `skconv.codegen.emit` and `skconv.codegen.emit_float`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import singledispatch
from typing import Any

import numpy as np

from skconv.codegen.text import struct
from skconv.graph import (
    Node,
    Op,
    QKernelMachine,
    QLinear,
    QRoot,
    QSeparableConv,
    Requantization,
    TensorSpec,
)
from skconv.graph.integer import ConvInteger
from skconv.graph.nested import Packed
from skconv.graph.ops import ConvGeometry, PoolGeometry
from skconv.graph.patches import PatchGeometry


@dataclass(frozen=True)
class Tensor:
    """A tensor as the C text knows it: the name of its pointer, and what it is."""

    pointer: str
    spec: TensorSpec

    @property
    def type(self) -> str:
        return f"SK_{self.spec.dtype.upper()}"

    @property
    def typed(self) -> tuple[str, str]:
        return self.pointer, self.type

    @property
    def is_float(self) -> bool:
        return self.spec.domain == "float"

    @property
    def item_bytes(self) -> int:
        return np.dtype(self.spec.dtype).itemsize

    @property
    def channels(self) -> int:
        return self.spec.shape[-1]

    @property
    def pixels(self) -> int:
        return self.spec.size // self.channels

    @property
    def map(self) -> str:
        height, width, channels = self.spec.shape
        return struct("sk_map", height=height, width=width, channels=channels)


@dataclass(frozen=True)
class NodeCode:
    """What the C text of one node may refer to.

    Attributes
    ----------
    node : Node
    inputs : tuple of Tensor
    output : Tensor
    tables : dict of str to str
        C names of the op's parameters.
    scratch : str
        C expression for the node's scratch memory.
    """

    node: Node
    inputs: tuple[Tensor, ...]
    output: Tensor
    tables: dict[str, str]
    scratch: str

    @property
    def input(self) -> Tensor:
        return self.inputs[0]

    def table(self, name: str, dtype: str) -> str:
        """The C name of a parameter that a routine reads as ``dtype``."""
        found = self._dtype(name)
        if found != dtype:
            raise ValueError(f"node {self.node.name!r}: {name} is {found}, C reads {dtype}")
        return self.tables[name]

    def weights(self, name: str) -> tuple[str, str]:
        """The C name of a parameter that may have one of several types, and that type."""
        op = self.node.op
        is_narrow = {"weights": QLinear | ConvInteger, "dual_coef": QKernelMachine}.get(name)
        if is_narrow is not None and isinstance(op, is_narrow) and op.form is not None:
            return self.tables[name], f"SK_{op.form.upper()}"
        dtype = self._dtype(name)
        if dtype not in ("int8", "uint8", "int16", "uint16", "int32"):
            raise ValueError(f"node {self.node.name!r}: {name} is {dtype}, C reads 8 to 32 bits")
        is_in_ram = dtype == np.int8 and not self.tables[name].isidentifier()
        return self.tables[name], "SK_INT8_IN_RAM" if is_in_ram else f"SK_{dtype.name.upper()}"

    def _dtype(self, name: str) -> np.dtype[Any]:
        """The type of a table, which may be one that is unpacked to RAM."""
        op = self.node.op
        unpacked = dict(op.unpacked) if isinstance(op, Packed) else {}
        return (unpacked[name].values if name in unpacked else op.parameters[name]).dtype

    def requantization(self, rule: Requantization) -> str:
        """The C value of a rule; one multiplier is a constant, several are a table."""
        single = len(rule.multiplier) == 1
        multiplier = int(rule.multiplier[0]) if single else self.table("multiplier", "int32")
        return struct(
            "sk_requantization",
            **{"multiplier" if single else "multipliers": multiplier},
            shift=rule.shift,
            minimum=rule.minimum,
            maximum=rule.maximum,
        )


def member(code: NodeCode, node: Node) -> NodeCode:
    """A node inside of another as if it stood alone: its own tables, under their names here."""
    tables = {name: code.tables[f"{node.name}.{name}"] for name in node.op.parameters}
    return replace(code, node=node, tables=tables)


@dataclass(frozen=True)
class Function:
    """A function of the printed text itself: its name, and its lines at file scope.

    ``headers`` are those of what it calls; ``code_bytes`` estimates its code, where lines do not.
    """

    name: str
    lines: tuple[str, ...]
    headers: tuple[str, ...] = ()
    is_assembly: bool = False
    code_bytes: int = 0


@dataclass(frozen=True)
class Call:
    """One statement of the C text: a call, and the variable that takes its result.

    ``functions`` are printed before it, each of them once.
    """

    header: str
    text: str
    result: str = ""
    functions: tuple[Function, ...] = ()


@singledispatch
def emit(op: Op, code: NodeCode) -> Iterator[Call]:
    """The calls that compute an op.

    Raises
    ------
    NotImplementedError
        Where there is no C for the op.
    """
    raise NotImplementedError(f"{type(op).__name__} (node {code.node.name!r}) has no C")


@singledispatch
def emit_class(op: Op, decision: Op, code: NodeCode) -> Call:
    """The call whose value is the class, of an op that ``decides``; ``code`` is that of the op.

    Raises
    ------
    NotImplementedError
        Where an op decides, and there is no C for it.
    """
    raise NotImplementedError(f"{type(op).__name__} (node {code.node.name!r}) has no C of classes")


def kernels(op: ConvGeometry) -> str:
    n_kernels, height, width, _ = op.weights.shape
    return struct(
        "sk_kernels",
        kernels=n_kernels,
        height=height,
        width=width,
        row_stride=op.stride[0],
        column_stride=op.stride[1],
        row_dilation=op.dilation[0],
        column_dilation=op.dilation[1],
        groups=op.groups,
        shared=op.shared,
    )


def padding(op: ConvGeometry | PatchGeometry) -> str:
    (top, bottom), (left, right) = op.padding
    circular = op.pad_mode == "circular"
    return struct("sk_padding", top=top, bottom=bottom, left=left, right=right, circular=circular)


def factors(op: QSeparableConv, code: NodeCode, **room: str) -> str:
    """The C value of `sk_separable`; ``room`` says where lines go."""
    channels, channel_type = code.weights("channels")
    lines, line_type = code.weights("lines")
    return struct(
        "sk_separable",
        columns=code.table("columns", "int8"),
        channels=channels,
        channel_type=channel_type,
        rows=code.table("rows", "int8"),
        lines=lines,
        line_type=line_type,
        starts=code.table("starts", "uint16"),
        count=len(op.factors.columns),
        **room,
    )


def pool(op: PoolGeometry | PatchGeometry) -> str:
    (height, width), (row, column) = op.size, op.stride
    return struct("sk_pool", height=height, width=width, row_stride=row, column_stride=column)


def signed_root(op: QRoot, x: TensorSpec, code: NodeCode) -> str:
    """The C value of `sk_root`, of ``x``; ``code`` is that of the root's own node."""
    pairs_of_bits = ((x.magnitude << op.shift).bit_length() + 1) // 2
    return struct(
        "sk_root",
        shift=op.shift,
        highest=4 ** max(0, pairs_of_bits - 1),
        to=code.requantization(op.requantization),
    )


def nonlinearity(op: Op | None) -> str:
    """The C name of what stands between a convolution and its pooling."""
    return f"SK_STAGE_{'PLAIN' if op is None else c_name(type(op))}"


def pooling(op: PoolGeometry) -> str:
    """The C name of a kind of pooling."""
    return f"SK_POOL_{pooling_name(op)}"


def pooling_name(op: PoolGeometry) -> str:
    """The kind of pooling, as a part of C names."""
    return c_name(type(op)).removesuffix("_POOL")


def c_name(op: type[Op]) -> str:
    """What an op is called in C, on floats and on integers alike: `QSquare` is ``SQUARE``."""
    return "_".join(re.findall(r"[A-Z][a-z0-9]+", op.__name__)).upper()
