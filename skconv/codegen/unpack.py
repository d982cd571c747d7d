"""Tables as a Huffman code in flash, unpacked to RAM before the first inference.

The routines stay what they are: they read a table in RAM. A table is left in flash where its code
would not be smaller.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from skconv.codegen.interface import Unpack
from skconv.codegen.node import Call, NodeCode, emit
from skconv.codegen.text import call
from skconv.graph import Graph, Node, Op
from skconv.graph.nested import Packed
from skconv.graph.ring import Ring
from skconv.graph.running import Running
from skconv.graph.smoothing import Smoothed
from skconv.graph.unpacked import HuffmanTable
from skconv.target.memory import scratch_bytes
from skconv.target.targets import Target

# What begins anew with each stream, and whose tables are a few numbers.
LEFT_ALONE = (Ring, Running, Smoothed)
TYPES = {"int8": "SK_INT8", "uint8": "SK_UINT8", "int16": "SK_INT16", "uint16": "SK_UINT16"}


@dataclass(frozen=True)
class Unpacked(Packed):
    """A portable op, tables of which are unpacked once."""

    reads_flash: ClassVar[bool] = True

    def describe(self) -> str:
        return f"{self.op.describe()} (unpacked)"


def check_unpack(unpack: Unpack, target: Target, arena: str, dtype: str) -> None:
    """Refuse what cannot be unpacked to RAM once."""
    if unpack == "inference":
        return
    if dtype == "float32":
        raise ValueError("unpack='boot' with dtype='float32', expected dtype='int8'")
    if arena == "caller":
        raise ValueError(
            "unpack='boot' with arena='caller': tables stay in the arena, and a caller may give "
            "another one; expected arena='static'"
        )
    if target.compiler == "avr-gcc":
        raise ValueError(
            f"unpack='boot' with target={target.name!r}: its routines read tables in flash alone; "
            "expected unpack='inference'"
        )


def unpacked(graph: Graph) -> Graph:
    """A graph as a target computes it, with its tables as a Huffman code where that is smaller."""
    nodes = (replace(node, op=_unpacked(node.op)) for node in graph.nodes)
    return replace(graph, nodes=tuple(nodes))


def _unpacked(op: Op) -> Op:
    if isinstance(op, LEFT_ALONE):
        return op
    tables = op.parameters
    coded = {name: HuffmanTable(array) for name, array in tables.items() if _may_be(array)}
    paying = {name: table for name, table in coded.items() if table.pays}
    if not paying:
        return op
    kept = tuple((name, array) for name, array in tables.items() if name not in paying)
    chosen = tuple(paying.items())
    if isinstance(op, Packed):
        return replace(op, tables=kept, unpacked=chosen)
    return Unpacked(op, kept, scratch_bytes(op), in_place=op.in_place, unpacked=chosen)


def _may_be(array: Any) -> bool:
    return array.dtype.name in TYPES or array.dtype.name in ("int32", "uint32")


@emit.register
def _(op: Unpacked, code: NodeCode) -> Iterator[Call]:
    yield from emit(op.op, replace(code, node=replace(code.node, op=op.op)))


def unpack_calls(node: Node, tables: dict[str, str]) -> Iterator[Call]:
    """What fills the RAM of the tables of a node; ``tables`` are C names."""
    op = node.op
    for name, table in op.unpacked if isinstance(op, Packed) else ():
        parts = [tables[f"{name}_{part}"] for part in table.tables]
        kind = TYPES.get(table.values.dtype.name)
        function = "sk_unpack" if kind else "sk_unpack_pairs"
        kinds = (kind,) if kind else ()
        size = table.values.size
        yield Call("unpack.h", call(function, *parts, f"(void *){tables[name]}", *kinds, size))
