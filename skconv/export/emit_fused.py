"""How a fused stage is printed: one call that computes window by window."""

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
)
from skconv.export.text import call, struct
from skconv.graph import (
    INPUT,
    BlockHistogram,
    Fused,
    Node,
    QConv,
    QConvHash,
    QLinear,
    QMeanPool,
    QSquare,
    Rescale,
)
from skconv.graph.ops import ConvGeometry, PoolGeometry
from skconv.memory import pooled_sum_bytes


@emit.register
def _(op: Fused, code: NodeCode) -> Iterator[Call]:
    members = {type(node.op): node for node in op.graph.nodes}
    stage = _stage(op, code)
    histogram, linear = members.get(BlockHistogram), members.get(QLinear)
    bins = () if histogram is None else (histogram.op.n_bins,)  # type: ignore[attr-defined]
    if linear is not None:
        head = _inner(code, linear)
        name = "sk_stage_code_scores" if bins else "sk_stage_scores"
        arguments = (stage, *bins, _head(head, code.output), head.table("bias", "int32"))
    else:
        name = "sk_stage_histogram" if bins else "sk_stage_map"
        arguments = (stage, *code.output.typed, *bins)
    yield Call("stage.h", call(name, *arguments))


def _inner(code: NodeCode, node: Node) -> NodeCode:
    """A member as if it stood alone: its own tables, under the names they got here."""
    tables = {name: code.tables[f"{node.name}.{name}"] for name in node.op.parameters}
    return replace(code, node=node, tables=tables)


def _stage(op: Fused, code: NodeCode) -> str:
    specs = op.graph.specs
    first = op.graph.nodes[0]
    reducer = next(n for n in op.graph.nodes if isinstance(n.op, PoolGeometry))
    middle = op.graph.nodes[1]
    assert isinstance(first.op, QConv | QConvHash)
    assert isinstance(reducer.op, PoolGeometry)
    sums = pooled_sum_bytes(op)
    pixel = Tensor(f"({code.scratch} + {sums})", specs[first.name])
    fields: dict[str, object] = {
        "in": _conv_inputs(first.op, _inner(code, first), Tensor(code.input.pointer, specs[INPUT])),
        "conv": _conv_pixel(first.op, _inner(code, first), pixel),
        "channels": pixel.channels,
        "nonlinearity": nonlinearity(middle.op if type(middle.op) in NONLINEARITIES else None),
    }
    if isinstance(middle.op, QSquare):
        fields["square"] = _inner(code, middle).requantization(middle.op.requantization)
    if type(reducer.op) in POOLINGS:
        fields["pooling"] = pooling(reducer.op)
        fields["sums"] = f"(int32_t *){code.scratch}"
    rescale = next((n for n in op.graph.nodes if isinstance(n.op, Rescale)), reducer)
    if isinstance(rescale.op, QMeanPool | Rescale):
        fields["requantised"] = True
        fields["to"] = _inner(code, rescale).requantization(rescale.op.requantization)
    return struct("sk_stage", **fields, pool=pool(reducer.op))


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


def _head(code: NodeCode, scores: Tensor) -> str:
    weights, weight_type = code.weights("weights")
    rows, columns = code.node.op.weights.shape  # type: ignore[attr-defined]
    return struct(
        "sk_head",
        scores=scores.pointer,
        weights=weights,
        weight_type=weight_type,
        rows=rows,
        columns=columns,
    )
