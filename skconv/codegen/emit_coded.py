"""Layers of coded weights in C: expanded a few kernels at a time, and used (`slices.h`)."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from functools import singledispatch

from skconv.codegen.node import Call, Function, NodeCode, kernels, padding
from skconv.codegen.text import call, statement, struct
from skconv.graph import QConv, QConvHash, QLinear, Requantization
from skconv.graph.coded import Codebook, Coded


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
