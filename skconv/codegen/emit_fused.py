"""How a fused stage is printed: one call that computes window by window, or row by row."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from skconv.codegen.emit_coded import expand_function
from skconv.codegen.emit_pixelwise import Pixelwise, Place
from skconv.codegen.node import (
    Call,
    Function,
    NodeCode,
    Tensor,
    emit,
    factors,
    kernels,
    member,
    nonlinearity,
    padding,
    pool,
    pooling,
    signed_root,
)
from skconv.codegen.text import call, struct
from skconv.graph import (
    BlockHistogram,
    Fused,
    QConv,
    QConvHash,
    QLinear,
    QMeanPool,
    QRoot,
    QSeparableConv,
    QSquare,
    Rescale,
    SoftThreshold,
    TensorSpec,
)
from skconv.graph.ops import ConvGeometry, PoolGeometry
from skconv.graph.spatial import Padding
from skconv.graph.storage.coded import Coded, coded_of
from skconv.target.stage_memory import StageMemory


@emit.register
def _(op: Fused, code: NodeCode) -> Iterator[Call]:
    memory = StageMemory(op.graph)
    values = (stage(op, code, memory), sink(op, code))
    functions = stage_functions(op, code, memory)
    if op.coded is not None:
        expand = expansion_of(op.coded, code, memory)
        text = call(expand.name, 0, op.coded.n_kernels, weights_place(code, memory))
        yield Call("expand.h", text, functions=(expand,))
    if memory.by_window:
        yield Call("stage.h", call("sk_stage_windows", *values), functions=functions)
    else:
        yield Call("stage_rows.h", call("sk_stage_rows", *values), functions=functions)


def stage(op: Fused, code: NodeCode, memory: StageMemory) -> str:
    """The C value of `sk_stage`."""
    first = memory.first
    assert isinstance(first.op, QConv | QConvHash)
    pixel = Tensor(place(code, memory, "pixel"), memory.specs[first.name])
    fields: dict[str, object] = {
        "in": _input(first.op, member(code, first), memory),
        "conv": _conv_pixel(first.op, member(code, first), pixel),
    }
    if memory.pixelwise:
        fields |= pixelwise(op, code, memory).fields
    return struct("sk_stage", **fields, **pooling_fields(code, memory, place(code, memory, "sums")))


def stage_functions(op: Fused, code: NodeCode, memory: StageMemory) -> tuple[Function, ...]:
    """The functions that `stage` names."""
    return (pixelwise(op, code, memory).function,) if memory.pixelwise else ()


def expansion_of(coded: Coded, code: NodeCode, memory: StageMemory) -> Function:
    """The function that expands the weights of the convolution."""
    return expand_function(coded, member(code, memory.first))


def weights_place(code: NodeCode, memory: StageMemory) -> str:
    """The C expression for expanded weights."""
    return f"(int8_t *){place(code, memory, 'weights')}"


def pixelwise(op: Fused, code: NodeCode, memory: StageMemory) -> Pixelwise:
    """What is done to pixels one by one."""
    names = ("pixel", *memory.pixelwise_arrays)
    places = {name: Place(memory.offset(name)) for name in names}
    seen, padding_ = _seen(memory)
    return Pixelwise(code, memory, places, seen, padding_)


def pooling_fields(code: NodeCode, memory: StageMemory, sums: str) -> dict[str, object]:
    """Fields of `sk_stage`: what becomes of the pixels of the convolution."""
    graph, specs = memory.graph, memory.specs
    reducer, middle = memory.pool, memory.middle
    assert isinstance(reducer.op, PoolGeometry)
    fields: dict[str, object] = {
        "channels": specs[memory.pixel.name].shape[-1],
        "nonlinearity": nonlinearity(middle.op if middle else None),
    }
    if middle and isinstance(middle.op, QSquare):
        fields["square"] = member(code, middle).requantization(middle.op.requantization)
    elif middle and isinstance(middle.op, SoftThreshold):
        fields["threshold"] = member(code, middle).table("threshold", "int16")
    if reducer.op.facts.stage == "pool":
        fields["pooling"] = pooling(reducer.op)
        fields["sums"] = sums
        fields["sum_type"] = f"SK_{memory.sum_dtype.upper()}"
        fields["slots"] = memory.slots
    rescale = next((n for n in graph.nodes if isinstance(n.op, Rescale)), reducer)
    if isinstance(rescale.op, QMeanPool | Rescale):
        fields["requantised"] = True
        fields["to"] = member(code, rescale).requantization(rescale.op.requantization)
    if root := next((n for n in graph.nodes if isinstance(n.op, QRoot)), None):
        assert isinstance(root.op, QRoot)
        fields |= {
            "rooted": True,
            "root": signed_root(root.op, specs[rescale.name], member(code, root)),
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
            fields |= _head(node.op, member(code, node))
    return struct("sk_sink", **fields)


def _input(op: ConvGeometry, code: NodeCode, memory: StageMemory) -> str:
    """Of the convolution: the whole map, or the rows of it that are kept."""
    seen, padding_ = _seen(memory)
    pointer = place(code, memory, "rows") if memory.streamed else code.input.pointer
    op = replace(op, padding=padding_)
    return _conv_inputs(op, code, Tensor(pointer, seen), _room(op, code, memory))


def _seen(memory: StageMemory) -> tuple[TensorSpec, Padding]:
    """What the convolution sees at a time, and the zeros around it."""
    x, conv = memory.graph.input, memory.first.op
    assert isinstance(conv, ConvGeometry)
    if not memory.streamed:
        return x, conv.padding
    return replace(x, shape=(memory.rows, *x.shape[1:])), ((0, 0), conv.padding[1])


def _room(op: ConvGeometry, code: NodeCode, memory: StageMemory) -> str:
    """Where lines of a separable convolution go, or coded weights are expanded to."""
    return place(code, memory, "lines" if isinstance(op, QSeparableConv) else "weights")


def _conv_inputs(op: ConvGeometry, code: NodeCode, x: Tensor, room: str) -> str:
    fields: dict[str, object] = {"input": x.pointer, "input_type": x.type, "map": x.map}
    if coded_of(op) is not None:
        fields["weights"] = f"(const SK_FLASH void *)(uintptr_t){room}"
        fields["weight_type"] = "SK_INT8_IN_RAM"
    elif not isinstance(op, QSeparableConv):
        fields["weights"], fields["weight_type"] = code.weights("weights")
    fields |= {
        "bias": code.table("bias", "int32"),
        "kernels": kernels(op),
        "padding": padding(op),
        "factors": "SK_NOT_SEPARABLE",  # Old compilers miss what is not written behind a brace.
    }
    if isinstance(op, QSeparableConv):
        line_type = f"SK_{op.factors.line_dtype(x.spec).upper()}"
        fields["factors"] = factors(op, code, room=f"(void *){room}", room_type=line_type)
    return struct("sk_conv_inputs", **fields)


def _conv_pixel(op: QConv | QConvHash, code: NodeCode, pixel: Tensor) -> str:
    fields: dict[str, object] = {"tensor": pixel.pointer, "type": pixel.type}
    if isinstance(op, QConv):
        fields["to"] = code.requantization(op.requantization)
    else:
        fields["bits"] = op.n_bits
    return struct("sk_conv_output", **fields)


def _head(op: QLinear, code: NodeCode) -> dict[str, object]:
    weights, weight_type = code.weights("weights")
    rows, columns = op.stored.shape
    fields: dict[str, object] = {
        "weights": weights,
        "weight_type": weight_type,
        "bias": code.table("bias", "int32"),
    }
    if op.is_kept is not None:
        fields["kept"] = code.table("kept", "uint16")
    return fields | {"rows": rows, "columns": columns}
