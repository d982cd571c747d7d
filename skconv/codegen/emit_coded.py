"""Layers of coded weights in C: expanded a few kernels at a time, and used (`slices.h`)."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from functools import singledispatch

from skconv.codegen.node import Call, Function, NodeCode, kernels, padding
from skconv.codegen.text import call, statement, struct
from skconv.graph import QConv, QConvHash, QLinear, Requantization
from skconv.graph.storage.codebook import Codebook
from skconv.graph.storage.coded import Coded
from skconv.graph.storage.dictionary import Dictionary
from skconv.graph.storage.entropy import Entropy
from skconv.graph.storage.frequency import Frequency
from skconv.graph.storage.hashed import Hashed

EXPANDED = ("first", "count", "weights")


@singledispatch
def expansion(coded: Coded, code: NodeCode) -> Call:
    """The call that writes ``count`` kernels from ``first`` on to ``weights``.

    ``code.tables`` has the C names of the tables of ``coded``.
    """
    raise NotImplementedError(f"{type(coded).__name__} has no C")


@expansion.register
def _(coded: Codebook, code: NodeCode) -> Call:
    value = struct(
        "sk_codebook",
        codewords=code.table("codewords", "int8"),
        indices=code.table("indices", "uint8"),
        bits=coded.bits,
        vectors=coded.indices.shape[1],
        length=coded.codewords.shape[1],
        size=coded.kernel_bytes,
        by_channel=coded.by_channel,
    )
    text = call("sk_expand_codebook", value, "first", "count", "weights")
    return Call("expand_codebook.h", text)


@expansion.register
def _(coded: Dictionary, code: NodeCode) -> Call:
    _, height, width, channels = coded.shape
    of_index, of_turn, of_times = coded.bits
    value = struct(
        "sk_dictionary",
        kernels=code.table("dictionary", "int8"),
        slices=code.table("slices", "uint8"),
        height=height,
        width=width,
        channels=channels,
        index_bits=of_index,
        turn_bits=of_turn,
        times_bits=of_times,
        most=coded.most,
    )
    return Call("expand_dictionary.h", call("sk_expand_dictionary", value, *EXPANDED))


@expansion.register
def _(coded: Entropy, code: NodeCode) -> Call:
    value = _entropy(coded.slice, coded.kernel_bytes, code)
    return Call("expand_entropy.h", call("sk_expand_entropy", value, *EXPANDED))


@expansion.register
def _(coded: Frequency, code: NodeCode) -> Call:
    common: dict[str, object] = {}
    if coded.indices is not None:
        common["centres"] = code.table("centres", "int8")
    if coded.index_bits:
        common["indices"] = code.table("indices", "uint8")
    value = struct(
        "sk_frequency",
        basis=_cosines(coded.shape, code),
        has_centres=coded.indices is not None,
        **common,
        index_bits=coded.index_bits,
        rest=_entropy(coded.slice, coded.kernel_bytes, code),
    )
    return Call("expand_frequency.h", call("sk_expand_frequency", value, *EXPANDED))


@expansion.register
def _(coded: Hashed, code: NodeCode) -> Call:
    _, channels, height, width = coded.buckets.shape
    if coded.basis is None:
        basis = struct("sk_cosines", height=1, width=1, channels=channels)
    else:
        basis = _cosines((0, height, width, channels), code)
    value = struct(
        "sk_hashed",
        values=code.table("values", "int8"),
        firsts=code.table("firsts", "uint16"),
        seed=f"{coded.seed}u",
        basis=basis,
    )
    return Call("expand_hashed.h", call("sk_expand_hashed", value, *EXPANDED))


def _entropy(lines: int, size: int, code: NodeCode) -> str:
    """The C value of `sk_entropy`: ``lines`` kernels of ``size`` numbers begin at a byte."""
    starts, kind = code.weights("starts")
    return struct(
        "sk_entropy",
        code=struct(
            "sk_huffman",
            symbols=code.table("symbols", "int16"),
            counts=code.table("counts", "uint16"),
        ),
        bits=code.table("bits", "uint8"),
        starts=starts,
        start_type=kind,
        lines=lines,
        size=size,
    )


def _cosines(shape: tuple[int, ...], code: NodeCode) -> str:
    """The C value of `sk_cosines`, of weights ``(kernels, height, width, channels)``."""
    _, height, width, channels = shape
    return struct(
        "sk_cosines",
        rows=code.table("rows", "int16"),
        columns=code.table("columns", "int16"),
        height=height,
        width=width,
        channels=channels,
    )


def coded_conv(op: QConv | QConvHash, code: NodeCode) -> Iterator[Call]:
    """A convolution by slices of kernels."""
    assert op.coded is not None
    function = expand_function(op.coded, code)
    bits, rule = (op.n_bits, None) if isinstance(op, QConvHash) else (0, op.requantization)
    text = call(
        "sk_conv_sliced",
        *code.input.typed,
        *code.output.typed,
        code.input.map,
        code.table("bias", "int32"),
        kernels(op),
        padding(op),
        bits,
        _rule(rule, code),
        _slices(op, function, code),
    )
    yield Call("slices.h", text, functions=(function,))


def coded_linear(op: QLinear, code: NodeCode) -> Iterator[Call]:
    """A linear layer by slices of outputs."""
    assert op.coded is not None
    if op.coded.sums:
        yield from _adding(op, code)
        return
    function, rule = expand_function(op.coded, code), op.requantization
    text = call(
        "sk_linear_sliced",
        *code.input.typed,
        *code.output.typed,
        code.table("bias", "int32"),
        *op.weights.shape,
        "false" if rule is None else "true",
        _rule(rule, code),
        _slices(op, function, code),
    )
    yield Call("slices.h", text, functions=(function,))


def _adding(op: QLinear, code: NodeCode) -> Iterator[Call]:
    """A linear layer that decodes one weight after the other, and expands none."""
    assert op.coded is not None
    x, y, rule = code.input, code.output, op.requantization
    sums = y.pointer if rule is None else f"(int32_t *){code.scratch}"
    rows, columns = op.weights.shape
    value = _entropy(rows, columns, code)
    bias = code.table("bias", "int32")
    text = call("sk_linear_entropy", *x.typed, sums, bias, rows, columns, value)
    yield Call("expand_entropy.h", text)
    if rule is not None:
        to = code.requantization(rule)
        text = call("sk_rescale", sums, "SK_INT32", *y.typed, 1, rows, to)
        yield Call("pointwise.h", text)


def expand_function(coded: Coded, code: NodeCode) -> Function:
    """A function of the printed text that expands the weights of one layer."""
    found = expansion(coded, code)
    body = tuple(statement(found.text))
    name = f"expand_{zlib.crc32(repr(body).encode()):08x}"
    head = f"static void {name}(int32_t first, int32_t count, int8_t *weights)"
    return Function(name, (head, "{", *body, "}"), (found.header,))


def _rule(rule: Requantization | None, code: NodeCode) -> str:
    """The C value of a requantisation, or one that nobody reads."""
    none = struct("sk_requantization", multiplier=0)
    return none if rule is None else code.requantization(rule)


def _slices(op: QConv | QConvHash | QLinear, function: Function, code: NodeCode) -> str:
    assert op.coded is not None
    most = op.coded.slice if isinstance(op, QLinear) else op.slice
    weights = f"(int8_t *){code.scratch}"
    return struct("sk_slices", expand=function.name, weights=weights, most=most)
