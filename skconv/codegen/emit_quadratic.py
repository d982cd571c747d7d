"""How scores that fall with a squared distance are printed, and the logarithm of a sum."""

from __future__ import annotations

from collections.abc import Iterator

from skconv.codegen.emit_probabilities import exponentials
from skconv.codegen.node import Call, NodeCode, emit
from skconv.codegen.text import CTYPES, call, struct
from skconv.graph import (
    DiagonalSquares,
    GroupedSquares,
    LogSumExp,
    QDiagonalSquares,
    QGroupedSquares,
    QLogSumExp,
)
from skconv.graph.quadratic import QuadraticIntegers, QuadraticScores


def _scores(op: QuadraticIntegers, code: NodeCode) -> tuple[str, str, str]:
    """Where scores go, what they need on the way, and what they are."""
    rule = struct(
        "sk_quadratic",
        scores=op.n_scores,
        relative=op.relative,
        offsets=code.table("offsets", "int64"),
        shifts=code.table("shifts", "uint8"),
    )
    return code.output.pointer, f"({CTYPES['int64']} *){code.scratch}", rule


@emit.register
def _(op: QGroupedSquares, code: NodeCode) -> Iterator[Call]:
    x = code.input
    size = x.spec.size // op.n_scores
    yield Call("quadratic.h", call("sk_grouped_squares", *x.typed, size, *_scores(op, code)))


@emit.register
def _(op: QDiagonalSquares, code: NodeCode) -> Iterator[Call]:
    x = code.input
    terms = (code.table("factors", "int16"), code.table("biases", "int32"), x.spec.size)
    yield Call("quadratic.h", call("sk_diagonal_squares", *x.typed, *terms, *_scores(op, code)))


@emit.register
def _(op: QLogSumExp, code: NodeCode) -> Iterator[Call]:
    log = struct(
        "sk_logarithm",
        log2_table=code.table("log2_table", "uint16"),
        to=code.requantization(op.logarithm),
    )
    yield Call(
        "log_sum_exp.h", call("sk_log_sum_exp", exponentials(op, code), code.output.pointer, log)
    )


# ---------------------------------------------------------------------------------- floats


def _float_scores(op: QuadraticScores, code: NodeCode) -> tuple[object, ...]:
    return code.output.pointer, code.table("offsets", "float32"), op.n_scores, int(op.relative)


@emit.register
def _(op: GroupedSquares, code: NodeCode) -> Iterator[Call]:
    x = code.input
    sizes = x.pointer, x.spec.size // op.n_scores
    text = call("sk_float_grouped_squares", *sizes, *_float_scores(op, code))
    yield Call("float_quadratic.h", text)


@emit.register
def _(op: DiagonalSquares, code: NodeCode) -> Iterator[Call]:
    x = code.input
    terms = (code.table("factors", "float32"), code.table("biases", "float32"), x.spec.size)
    text = call("sk_float_diagonal_squares", x.pointer, *terms, *_float_scores(op, code))
    yield Call("float_quadratic.h", text)


@emit.register
def _(op: LogSumExp, code: NodeCode) -> Iterator[Call]:
    x = code.input
    text = call("sk_float_log_sum_exp", x.pointer, x.spec.size, code.output.pointer)
    yield Call("float_log_sum_exp.h", text)
