"""Tables in fewer bytes of flash, unpacked to RAM before the first inference.

The routines stay what they are: they read a table in RAM. A table is left in flash where its code
would not be smaller.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from skconv.codegen.emit_coded import expand_function
from skconv.codegen.emit_streamed import StreamedStage
from skconv.codegen.interface import Unpack
from skconv.codegen.node import Call, NodeCode, emit
from skconv.codegen.text import CTYPES, call
from skconv.graph import Fused, Graph, Op, QConv, QConvHash, QLinear
from skconv.graph.base import Array
from skconv.graph.nested import Packed
from skconv.graph.ring import Ring
from skconv.graph.running import Running
from skconv.graph.smoothing import Smoothed
from skconv.graph.storage.coded import coded_of
from skconv.graph.storage.unpacked import PAIRED, ExpandedTable, HuffmanTable
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


def check_unpack(unpack: Unpack, arena: str, dtype: str) -> None:
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


def unpacked(graph: Graph, target: Target) -> Graph:
    """A graph as a target computes it, with its tables in fewer bytes where there is a form.

    Coded weights are expanded as a whole; other tables are a Huffman code where that is smaller. An
    AVR reads tables in flash alone, but for int8 weights.
    """
    is_avr = target.compiler == "avr-gcc"
    nodes = (replace(node, op=_unpacked(node.op, is_avr)) for node in graph.nodes)
    return replace(graph, nodes=tuple(nodes))


def _unpacked(op: Op, is_avr: bool) -> Op:
    if isinstance(op, LEFT_ALONE):
        return op
    coded_weights = coded_of(op)
    if coded_weights is not None and not coded_weights.sums:
        return _expanded(op)
    if isinstance(op, QLinear) and coded_weights is not None:
        op = replace(op, coded=None)  # Its code lies by input; weights lie by output.
    tables = op.parameters
    coded = {name: HuffmanTable(a) for name, a in tables.items() if _may_be(name, a, is_avr)}
    paying = {name: table for name, table in coded.items() if table.pays}
    if not paying:
        return op
    kept = tuple((name, array) for name, array in tables.items() if name not in paying)
    chosen = tuple(paying.items())
    if isinstance(op, Packed):
        return replace(op, tables=kept, unpacked=chosen)
    return Unpacked(op, kept, scratch_bytes(op), in_place=op.in_place, unpacked=chosen)


def _expanded(op: Op) -> Packed:
    """A layer, or a stage, with all of its coded weights in RAM."""
    if isinstance(op, StreamedStage):
        return _expanded_stream(op)
    prefix, layer = "", op
    if isinstance(op, Fused):
        prefix, layer = f"{op.graph.nodes[0].name}.", op.graph.nodes[0].op
    assert isinstance(layer, QConv | QConvHash | QLinear)
    table = ExpandedTable(layer)
    plain: Op = replace(layer, coded=None)
    plain = _beginning_with(op, plain) if isinstance(op, Fused) else plain
    kept = _without_code(op.parameters, prefix, table)
    return Unpacked(plain, kept, scratch_bytes(plain), unpacked=((f"{prefix}weights", table),))


def _expanded_stream(op: StreamedStage) -> StreamedStage:
    """A stage that takes rows: what lay behind its weights moves up by an even number of bytes."""
    whole = _expanded(op.stage)
    ((name, table),) = whole.unpacked
    assert isinstance(table, ExpandedTable) and isinstance(whole, Unpacked)
    kept = _without_code(dict(op.tables), name.removesuffix("weights"), table)
    scratch = op.scratch_bytes - table.values.nbytes // 2 * 2
    return replace(op, stage=whole.op, tables=kept, scratch_bytes=scratch, unpacked=whole.unpacked)


def _beginning_with(stage: Fused, op: Op) -> Fused:
    """A stage with another op in the place of its first."""
    first, *rest = stage.graph.nodes
    return replace(stage, graph=replace(stage.graph, nodes=(replace(first, op=op), *rest)))


def _without_code(
    tables: Mapping[str, Array], prefix: str, table: ExpandedTable
) -> tuple[tuple[str, Array], ...]:
    """Tables of an op without those of its coded weights."""
    coded = {prefix + name for name in table.tables}
    return tuple((name, array) for name, array in tables.items() if name not in coded)


def _may_be(name: str, array: Array, is_avr: bool) -> bool:
    return _is_weights(name, array.dtype) if is_avr else array.dtype.name in (*TYPES, *PAIRED)


def _is_weights(name: str, dtype: np.dtype[Any]) -> bool:
    """Whether C reads a table by a type that says where it is."""
    return name.rpartition(".")[2] == "weights" and dtype == np.int8


def is_kept_from_avr(op: Packed) -> bool:
    """Whether an AVR could not read a table in RAM."""
    return not all(_is_weights(name, table.values.dtype) for name, table in op.unpacked)


def in_ram(name: str, dtype: np.dtype[Any], place: str) -> str:
    """The C pointer to a table at a place of RAM: one that says flash, where the type says RAM."""
    if _is_weights(name, dtype):
        return f"((const SK_FLASH void *)(uintptr_t){place})"
    return f"((const {CTYPES[dtype.name]} *){place})"


@emit.register
def _(op: Unpacked, code: NodeCode) -> Iterator[Call]:
    yield from emit(op.op, replace(code, node=replace(code.node, op=op.op)))


def unpack_calls(code: NodeCode) -> Iterator[Call]:
    """What fills the RAM of the tables of a node."""
    op = code.node.op
    for name, table in op.unpacked if isinstance(op, Packed) else ():
        if isinstance(table, ExpandedTable):
            yield _expanding(name, table, code)
            continue
        parts = [code.tables[f"{name}_{part}"] for part in table.tables]
        kind = TYPES.get(table.values.dtype.name)
        function = "sk_unpack" if kind else "sk_unpack_pairs"
        kinds = (kind,) if kind else ()
        size = table.values.size
        yield Call("unpack.h", call(function, *parts, _writable(code.tables[name]), *kinds, size))


def _writable(pointer: str) -> str:
    return f"(void *)(uintptr_t){pointer}"


def _expanding(name: str, table: ExpandedTable, code: NodeCode) -> Call:
    """The function that expands kernels a few at a time, for all of them."""
    tables = {part: code.tables[f"{name}_{part}"] for part in table.tables}
    inner = replace(code, node=replace(code.node, op=table.op), tables=tables)
    function = expand_function(table.coded, inner)
    place = f"(int8_t *)(uintptr_t){code.tables[name]}"
    text = call(function.name, 0, table.coded.n_kernels, place)
    return Call(function.headers[0], text, functions=(function,))
