"""How a fused stage is printed: one call that computes window by window, or row by row."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from skconv.export.node import (
    NONLINEARITIES,
    POOLINGS,
    Call,
    NodeCode,
    Tensor,
    emit,
    kernels,
    nonlinearity,
    padding,
    pool,
    pooling,
    signed_root,
)
from skconv.export.text import call, struct
from skconv.graph import (
    BlockHistogram,
    Fused,
    Node,
    QConv,
    QConvHash,
    QLinear,
    QMeanPool,
    QRoot,
    QSquare,
    Rescale,
    SoftThreshold,
)
from skconv.graph.ops import ConvGeometry, PoolGeometry
from skconv.stage_memory import StageMemory


@emit.register
def _(op: Fused, code: NodeCode) -> Iterator[Call]:
    memory = StageMemory(op.graph)
    values = (stage(op, code, memory), sink(op, code))
    if memory.by_window:
        yield Call("stage.h", call("sk_stage_windows", *values))
    else:
        yield Call("stage_rows.h", call("sk_stage_rows", *values))


def _inner(code: NodeCode, node: Node) -> NodeCode:
    """A member as if it stood alone: its own tables, under the names they got here."""
    tables = {name: code.tables[f"{node.name}.{name}"] for name in node.op.parameters}
    return replace(code, node=node, tables=tables)


def stage(op: Fused, code: NodeCode, memory: StageMemory) -> str:
    """The C value of `sk_stage`."""
    first = memory.first
    assert isinstance(first.op, QConv | QConvHash)
    pixel = Tensor(place(code, memory, "pixel"), memory.specs[first.name])
    fields: dict[str, object] = {
        "in": _input(first.op, _inner(code, first), memory),
        "conv": _conv_pixel(first.op, _inner(code, first), pixel),
    }
    return struct("sk_stage", **fields, **pooling_fields(code, memory, place(code, memory, "sums")))


def pooling_fields(code: NodeCode, memory: StageMemory, sums: str) -> dict[str, object]:
    """Fields of `sk_stage`: what becomes of the pixels of the convolution."""
    graph, specs = memory.graph, memory.specs
    reducer, middle = memory.pool, graph.nodes[1]
    assert isinstance(reducer.op, PoolGeometry)
    fields: dict[str, object] = {
        "channels": specs[memory.first.name].shape[-1],
        "nonlinearity": nonlinearity(middle.op if type(middle.op) in NONLINEARITIES else None),
    }
    if isinstance(middle.op, QSquare):
        fields["square"] = _inner(code, middle).requantization(middle.op.requantization)
    elif isinstance(middle.op, SoftThreshold):
        fields["threshold"] = _inner(code, middle).table("threshold", "int16")
    if type(reducer.op) in POOLINGS:
        fields["pooling"] = pooling(reducer.op)
        fields["sums"] = sums
        fields["sum_type"] = f"SK_{memory.sum_dtype.upper()}"
        fields["slots"] = memory.slots
    rescale = next((n for n in graph.nodes if isinstance(n.op, Rescale)), reducer)
    if isinstance(rescale.op, QMeanPool | Rescale):
        fields["requantised"] = True
        fields["to"] = _inner(code, rescale).requantization(rescale.op.requantization)
    if root := next((n for n in graph.nodes if isinstance(n.op, QRoot)), None):
        assert isinstance(root.op, QRoot)
        fields |= {
            "rooted": True,
            "root": signed_root(root.op, specs[rescale.name], _inner(code, root)),
        }
    height, width, channels = specs[reducer.name].shape
    if isinstance(reducer.op, BlockHistogram):
        channels = specs[memory.first.name].shape[-1]
    result = struct("sk_map", height=height, width=width, channels=channels)
    return fields | {"result": result, "pool": pool(reducer.op)}


def place(code: NodeCode, memory: StageMemory, name: str) -> str:
    """The C expression for an array of the scratch memory."""
    offset = memory.offset(name)
    return f"({code.scratch} + {offset})" if offset else code.scratch


def sink(op: Fused, code: NodeCode) -> str:
    """The C value of `sk_sink`: the tensor, or the scores of the linear layer."""
    fields: dict[str, object] = {"output": code.output.pointer, "type": code.output.type}
    for node in op.graph.nodes:
        if isinstance(node.op, BlockHistogram):
            fields["bins"] = node.op.n_bins
        elif isinstance(node.op, QLinear):
            fields |= _head(node.op, _inner(code, node))
    return struct("sk_sink", **fields)


def _input(op: ConvGeometry, code: NodeCode, memory: StageMemory) -> str:
    """Of the convolution: the whole map, or the rows of it that are kept."""
    x = memory.graph.input
    if not memory.streamed:
        return _conv_inputs(op, code, Tensor(code.input.pointer, x))
    kept = replace(x, shape=(memory.rows, *x.shape[1:]))
    unpadded = replace(op, padding=((0, 0), op.padding[1]))
    return _conv_inputs(unpadded, code, Tensor(place(code, memory, "rows"), kept))


def _conv_inputs(op: ConvGeometry, code: NodeCode, x: Tensor) -> str:
    weights, weight_type = code.weights("weights")
    return struct(
        "sk_conv_inputs",
        input=x.pointer,
        input_type=x.type,
        map=x.map,
        weights=weights,
        weight_type=weight_type,
        bias=code.table("bias", "int32"),
        kernels=kernels(op),
        padding=padding(op),
    )


def _conv_pixel(op: QConv | QConvHash, code: NodeCode, pixel: Tensor) -> str:
    fields: dict[str, object] = {"tensor": pixel.pointer, "type": pixel.type}
    if isinstance(op, QConv):
        fields["to"] = code.requantization(op.requantization)
    else:
        fields["bits"] = op.n_bits
    return struct("sk_conv_output", **fields)


def _head(op: QLinear, code: NodeCode) -> dict[str, object]:
    weights, weight_type = code.weights("weights")
    rows, columns = op.weights.shape
    bias = code.table("bias", "int32")
    return {
        "weights": weights,
        "weight_type": weight_type,
        "bias": bias,
        "rows": rows,
        "columns": columns,
    }
