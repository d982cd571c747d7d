"""Input row by row: the first stage of a graph takes every row as it comes.

`stream` is the last of the passes: it puts a `Streamed` op in the place of the first stage,
and of the `Reshape` before it. The numbers stay the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from skconv.codegen.emit_fused import place, sink, stage, stage_functions
from skconv.codegen.node import Call, NodeCode, Tensor, emit
from skconv.codegen.routines import row_head, row_stage
from skconv.codegen.routines import stage as dsp_stage
from skconv.codegen.routines.base import Optimize
from skconv.codegen.routines.blocked import BlockedConv
from skconv.codegen.routines.row_stage import DspRowStage
from skconv.codegen.routines.stage import DspStage
from skconv.codegen.text import call, struct
from skconv.codegen.turned import by_samples, is_signal
from skconv.graph import (
    INPUT,
    Fused,
    Graph,
    MaxPool,
    Node,
    Op,
    QConv,
    QConvHash,
    QLocalContrast,
    Rescale,
    Reshape,
    TensorSpec,
    verify,
)
from skconv.graph.nested import Packed, Streamed
from skconv.graph.ops import ConvGeometry, PoolGeometry
from skconv.target.stage_memory import StageMemory

WANTED = (
    "wanted a convolution, alone or with its pooling, as the only reader of the input, "
    "without circular padding at the top or bottom"
)


Stage = Fused | DspStage | DspRowStage

PROGRESS_BYTES = 2 * np.dtype(np.int32).itemsize


@dataclass(frozen=True)
class StreamedStage(Streamed):
    """A stage by ``stage_stream.h``."""

    reads_flash: ClassVar[bool] = True


@dataclass(frozen=True)
class StreamedDspStage(Streamed):
    """A stage by ``dsp_stage.h``."""


@dataclass(frozen=True)
class StreamedDspRowStage(Streamed):
    """A stage by ``dsp_row_stream.h``."""


def stream(graph: Graph, optimize: Optimize = "balanced") -> Graph:
    """An integer graph whose first stage takes its input row by row.

    Parameters
    ----------
    graph : Graph
        With fused stages, and the routines of its target: this is the last pass of all.
    optimize : {"size", "balanced", "speed"}
        As for `skconv.codegen.specialize.specialize`. With ``"size"`` a convolution without
        a pooling, too, becomes a portable stage, which keeps rows as they come.

    Returns
    -------
    Graph
        Its input is the map itself, even where it was a vector: rows are those of the map.
        A signal, which is a map of one row, comes sample by sample.

    Raises
    ------
    ValueError
        Where the graph is float, or does not begin with a convolution.
    """
    if graph.domain == "float":
        raise ValueError("input='rows' needs integers, got a float graph: write dtype='int8'")
    graph = _of_a_map(graph)
    first = _only_reader(graph, INPUT)
    rescale = first if isinstance(first.op, Rescale) else None
    if rescale:
        first = _only_reader(graph, rescale.name)
    fused = _fused(first, graph.specs[first.inputs[0]])
    fused = by_samples(fused) if is_signal(fused) else fused
    x = replace(graph.input, shape=fused.graph.input.shape)
    op = _streamed(fused, _packed(fused, first.op, optimize))
    if rescale:
        op = _rescaled(op, x, rescale)
    nodes = tuple(
        replace(node, op=op, inputs=(INPUT,)) if node is first else node
        for node in graph.nodes
        if node is not rescale
    )
    return verify(replace(graph, input=x, nodes=nodes))


def _only_reader(graph: Graph, name: str) -> Node:
    readers = graph.users(name)
    if len(readers) != 1:
        raise ValueError(f"input='rows': {name!r} has {len(readers)} readers, {WANTED}")
    return readers[0]


def _of_a_map(graph: Graph) -> Graph:
    """Without the `Reshape` that makes a map of the input."""
    readers = graph.users(INPUT)
    if len(readers) != 1 or not isinstance(readers[0].op, Reshape):
        return graph
    (reshape,) = readers
    shape = graph.specs[reshape.name].shape
    nodes = tuple(
        replace(n, inputs=tuple(INPUT if i == reshape.name else i for i in n.inputs))
        for n in graph.nodes
        if n is not reshape
    )
    return replace(graph, input=replace(graph.input, shape=shape), nodes=nodes)


def _fused(node: Node, x: TensorSpec) -> Fused:
    """The op of a node as a stage: a lone convolution gets a pooling that changes nothing."""
    op = node.op
    while isinstance(op, Packed):
        op = op.op
    if isinstance(op, QConv | QConvHash):
        op = Fused(Graph(x).append(op, name=node.name).append(MaxPool((1, 1), (1, 1))))
    if not isinstance(op, Fused):
        raise ValueError(f"input='rows': node {node.name!r} is {op.describe()}, {WANTED}")
    return op


def _packed(op: Fused, before: Op, optimize: Optimize) -> Stage:
    """The stage by a routine of the target, where it had one ``before``."""
    if not isinstance(before, Packed) or isinstance(before, BlockedConv):
        return op
    if optimize == "size" and not isinstance(before, DspStage):
        return op
    if any(isinstance(node.op, QLocalContrast) for node in op.graph.nodes):
        return op  # The contrast is that of rows as they come, which the routine does not keep.
    return dsp_stage.pack(op) or row_stage.pack(op, optimize) or op


def _zeros(op: Fused) -> tuple[int, int]:
    """Rows of zeros above, and as many below as windows need."""
    memory = StageMemory(op.graph, streamed=True)
    conv, pool = memory.first.op, memory.pool
    assert isinstance(conv, ConvGeometry)
    assert isinstance(pool.op, PoolGeometry)
    (top, bottom), _ = conv.padding
    if conv.pad_mode == "circular" and top + bottom:
        raise ValueError(f"input='rows': padding={conv.padding} is circular, {WANTED}")
    windows = memory.specs[pool.name].shape[0]
    reach = (windows - 1) * pool.op.stride[0] + pool.op.size[0]
    wanted = (reach - 1) * conv.stride[0] + conv.window[0]
    return top, max(0, wanted - top - op.graph.input.shape[0])


def _streamed(op: Fused, stage: Stage) -> Streamed:
    top, bottom = _zeros(op)
    if isinstance(stage, Fused):
        tables = tuple(op.parameters.items())
        nbytes = StageMemory(op.graph, streamed=True).nbytes
        return StreamedStage(op, tables, nbytes, stage=op, top=top, bottom=bottom)
    make = StreamedDspStage if isinstance(stage, DspStage) else StreamedDspRowStage
    nbytes = stage.scratch_bytes + PROGRESS_BYTES
    return make(stage, stage.tables, nbytes, stage=stage, top=top, bottom=bottom)


def _rescaled(op: Streamed, x: TensorSpec, rescale: Node) -> Streamed:
    """The stage with a rescaled row before it, behind the rest of its scratch memory."""
    assert isinstance(rescale.op, Rescale)
    chain = Graph(x).append(rescale.op, name=rescale.name).append(op.op, name="stage")
    multipliers = tuple((f"rescale.{n}", a) for n, a in rescale.op.parameters.items())
    row = _row(rescale.op, x)
    return replace(
        op,
        op=Fused(chain),
        tables=(*op.tables, *multipliers),
        scratch_bytes=_row_place(op.scratch_bytes) + row.nbytes,
        rescale=rescale.op,
    )


def _row(rescale: Rescale, x: TensorSpec) -> TensorSpec:
    """One row of the input, rescaled."""
    return rescale.output(replace(x, shape=(1, *x.shape[1:])))


def _row_place(nbytes: int) -> int:
    return -(-nbytes // 2) * 2


def _row_calls(op: Streamed, code: NodeCode) -> tuple[tuple[Call, ...], str]:
    """What is done to a row before the stage takes it, and its pointer then."""
    if op.rescale is None:
        return (), "row"
    row = _row(op.rescale, code.input.spec)
    to = Tensor(f"({code.scratch} + {op.scratch_bytes - row.nbytes})", row)
    tables = {"multiplier": code.tables.get("rescale.multiplier", "")}
    inner = replace(code, node=replace(code.node, op=op.rescale), tables=tables)
    rule = inner.requantization(op.rescale.requantization)
    sizes = (to.pixels, to.channels, op.rescale.input_zero_point)
    text = call("sk_rescale_row", "row", code.input.type, *to.typed, *sizes, rule)
    return (Call("pointwise.h", text, "const void *const rescaled"),), "rescaled"


@emit.register
def _(op: StreamedStage, code: NodeCode) -> Iterator[Call]:
    fused = op.stage
    assert isinstance(fused, Fused)
    memory = StageMemory(fused.graph, streamed=True)
    x = fused.graph.input
    value = struct(
        "sk_stage_stream",
        rows=place(code, memory, "rows"),
        row_bytes=x.nbytes // x.shape[0],
        progress=f"(sk_progress *){place(code, memory, 'progress')}",
        sink=sink(fused, code),
        stage=stage(fused, code, memory),
    )
    before, row = _row_calls(op, code)
    functions = stage_functions(fused, code, memory)
    yield Call("stage_stream.h", call("sk_stage_stream_begin", value), functions=functions)
    yield from before
    yield Call("stage_stream.h", call("sk_stage_stream_push", value, row))


@emit.register
def _(op: StreamedDspStage, code: NodeCode) -> Iterator[Call]:
    packed = op.stage
    assert isinstance(packed, DspStage)
    members = dsp_stage.stage_of(packed)
    target = dsp_stage.sink_value(members, code)
    progress = f"(sk_progress *)({code.scratch} + {packed.scratch_bytes})"
    value = dsp_stage.stage_value(members, code)
    yield Call("dsp_stage.h", call("sk_dsp_stage_begin", target, progress))
    before, row = _row_calls(op, code)
    yield from before
    yield Call("dsp_stage.h", call("sk_dsp_stage_push", value, target, progress, row))


@emit.register
def _(op: StreamedDspRowStage, code: NodeCode) -> Iterator[Call]:
    packed = op.stage
    assert isinstance(packed, DspRowStage)
    members = row_stage.stage_of(packed)
    before, row = _row_calls(op, code)
    fields: dict[str, object] = {
        "progress": f"(sk_progress *)({code.scratch} + {packed.scratch_bytes})",
        "features": row_stage.features_value(members, code),
    }
    if (linear := members.stage.linear) is not None:
        fields["weights"], fields["bias"] = (code.table(n, "int32") for n in ("head", "bias"))
        fields["scores"] = code.output.pointer
        fields["head"] = row_head.literal(linear, members.stage.features, members.stage.run)
    functions = row_stage.stage_functions(members, code)

    def value(pointer: str) -> str:
        taken = replace(code, inputs=(Tensor(pointer, code.input.spec),))
        stage = row_stage.stage_value(members, taken)
        return struct("sk_dsp_row_stream", **fields, stage=stage)

    header = "dsp_row_stream.h"
    yield Call(header, call("sk_dsp_row_stream_begin", value("NULL")), functions=functions)
    yield from before
    yield Call(header, call("sk_dsp_row_stream_push", value(row)))
