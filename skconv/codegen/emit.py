"""How an op is printed in C: the calls of one node, with every size a literal.

Integer ops, and the ops that floats and integers share, stand here; float ops in
`skconv.codegen.emit_float`, ops on patches in `skconv.codegen.emit_patches`, those of deep
networks in `skconv.codegen.emit_networks`, rings in `skconv.codegen.emit_ring`, fused stages in
`skconv.codegen.emit_fused`. What a call computes stands in the header files of ``core`` and
``float``.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import accumulate

import numpy as np

import skconv.codegen.emit_above
import skconv.codegen.emit_ballots
import skconv.codegen.emit_centring
import skconv.codegen.emit_curves
import skconv.codegen.emit_filters
import skconv.codegen.emit_float
import skconv.codegen.emit_fused
import skconv.codegen.emit_micro_frontend
import skconv.codegen.emit_minirocket
import skconv.codegen.emit_neighbours
import skconv.codegen.emit_networks
import skconv.codegen.emit_noise_suppression
import skconv.codegen.emit_patches
import skconv.codegen.emit_phases
import skconv.codegen.emit_power_normalization
import skconv.codegen.emit_probabilities
import skconv.codegen.emit_products
import skconv.codegen.emit_quadratic
import skconv.codegen.emit_ring
import skconv.codegen.emit_signals
import skconv.codegen.emit_smoothing
import skconv.codegen.emit_spectra
import skconv.codegen.emit_steps
import skconv.codegen.emit_trees
import skconv.codegen.routines.registry  # noqa: F401  (all of them register ops)
from skconv.codegen.emit_coded import coded_conv, coded_linear
from skconv.codegen.node import (
    Call,
    NodeCode,
    Tensor,
    emit,
    factors,
    kernels,
    padding,
    pool,
    pooling_name,
    signed_root,
)
from skconv.codegen.text import CTYPES, call, float_literal, struct
from skconv.graph import (
    Abs,
    ArgMax,
    BlockHistogram,
    BothSigns,
    Clip,
    Concat,
    Hash,
    KNearest,
    Magnitude,
    MaxPool,
    Op,
    OvoVote,
    Permute,
    QAffine,
    QConv,
    QConvHash,
    QKernelMachine,
    QLinear,
    QMeanPool,
    QNormalize,
    QRoot,
    QSeparableConv,
    QSquare,
    Relu,
    Rescale,
    Reshape,
    Select,
    Sign,
    SoftThreshold,
    Threshold,
)

__all__ = ["copy", "emit"]

# ---------------------------------------------------------------- layout (no arithmetic)


@emit.register
def _(op: Reshape, code: NodeCode) -> Iterator[Call]:
    """No call, unless the numbers must move to the caller's output."""
    if code.input.pointer != code.output.pointer:
        yield copy(code.input, code.output)


def copy(source: Tensor, target: Tensor) -> Call:
    """One tensor copied to another place."""
    return Call("layout.h", call("memcpy", target.pointer, source.pointer, source.spec.nbytes))


@emit.register
def _(op: Permute, code: NodeCode) -> Iterator[Call]:
    shape = code.input.spec.shape
    strides = [int(np.prod(shape[i + 1 :])) for i in range(len(shape))]
    missing = 3 - len(shape)
    sizes = [1] * missing + [shape[a] for a in op.axes]
    steps = [0] * missing + [strides[a] for a in op.axes]
    permutation = struct("sk_permutation", sizes=sizes, steps=steps)
    x, y = code.input, code.output
    yield Call("layout.h", call("sk_permute", x.pointer, y.pointer, x.item_bytes, permutation))


@emit.register
def _(op: Concat, code: NodeCode) -> Iterator[Call]:
    y = code.output
    firsts = accumulate((x.channels for x in code.inputs), initial=0)
    for x, first in zip(code.inputs, firsts, strict=False):
        sizes = (x.item_bytes, x.pixels, x.channels, first, y.channels)
        yield Call("layout.h", call("sk_concat", x.pointer, y.pointer, *sizes))


@emit.register
def _(op: Select, code: NodeCode) -> Iterator[Call]:
    x, y = code.input, code.output
    indices = code.weights("indices")
    sizes = (x.item_bytes, x.pixels, x.channels, y.channels)
    yield Call("layout.h", call("sk_select", x.pointer, y.pointer, *indices, *sizes))


# ------------------------------------------------------------------------- convolution


@emit.register
def _(op: QConv, code: NodeCode) -> Iterator[Call]:
    if op.coded is not None:
        yield from coded_conv(op, code)
        return
    yield Call(
        "conv.h",
        call(
            "sk_conv",
            *code.input.typed,
            *code.output.typed,
            code.input.map,
            *code.weights("weights"),
            code.table("bias", "int32"),
            kernels(op),
            padding(op),
            code.requantization(op.requantization),
        ),
    )


@emit.register
def _(op: QSeparableConv, code: NodeCode) -> Iterator[Call]:
    arguments = (code.input.map, code.table("bias", "int32"), factors(op, code))
    rule = code.requantization(op.requantization)
    x, y = code.input.typed, code.output.typed
    text = call("sk_conv_separable", *x, *y, *arguments, kernels(op), padding(op), rule)
    yield Call("conv.h", text)


@emit.register
def _(op: QConvHash, code: NodeCode) -> Iterator[Call]:
    if op.coded is not None:
        yield from coded_conv(op, code)
        return
    yield Call(
        "conv.h",
        call(
            "sk_conv_hash",
            *code.input.typed,
            code.output.pointer,
            code.input.map,
            *code.weights("weights"),
            code.table("bias", "int32"),
            kernels(op),
            padding(op),
            op.n_bits,
        ),
    )


# ---------------------------------------------------------------------- nonlinearities


@emit.register(Relu)
@emit.register(Abs)
def _(op: Op, code: NodeCode) -> Iterator[Call]:
    x, y = code.input, code.output
    name = type(op).__name__.lower()
    if x.is_float:
        text = call(f"sk_float_{name}", x.pointer, y.pointer, x.spec.size)
        yield Call("float_pointwise.h", text)
    else:
        yield Call("pointwise.h", call(f"sk_{name}", x.pointer, *y.typed, x.spec.size))


@emit.register
def _(op: Clip, code: NodeCode) -> Iterator[Call]:
    x, y = code.input, code.output
    if x.is_float:
        limits = (float_literal(op.low), float_literal(op.high))
        text = call("sk_float_clip", x.pointer, y.pointer, x.spec.size, *limits)
        yield Call("float_pointwise.h", text)
        return
    # The limits of the result: those of the op may lie beyond the type.
    yield Call("pointwise.h", call("sk_clip_all", x.pointer, *y.typed, x.spec.size, *y.spec.limits))


@emit.register
def _(op: Sign, code: NodeCode) -> Iterator[Call]:
    x, y = code.input, code.output
    if x.is_float:
        text = call("sk_float_sign", x.pointer, y.pointer, x.spec.size)
        yield Call("float_pointwise.h", text)
    else:
        yield Call("pointwise.h", call("sk_sign", *x.typed, y.pointer, x.spec.size))


@emit.register
def _(op: KNearest, code: NodeCode) -> Iterator[Call]:
    x, y = code.input, code.output
    numbers = (x.pixels, x.channels, op.count, "true" if op.both_signs else "false")
    if x.is_float:
        text = call("sk_float_k_nearest", x.pointer, y.pointer, *numbers)
        yield Call("float_nearest.h", text)
        return
    limits = (-x.spec.magnitude, x.spec.magnitude) if op.both_signs else x.spec.limits
    yield Call("nearest.h", call("sk_k_nearest", *x.typed, y.pointer, *numbers, *limits))


@emit.register(BothSigns)
@emit.register(Magnitude)
def _(op: Op, code: NodeCode) -> Iterator[Call]:
    x, y = code.input, code.output
    name = "both_signs" if isinstance(op, BothSigns) else "magnitude"
    sizes = (x.pixels, min(x.channels, y.channels))
    if x.is_float:
        text = call(f"sk_float_{name}", x.pointer, y.pointer, *sizes)
        yield Call("float_pointwise.h", text)
        return
    if isinstance(op, Magnitude) and 2 * x.spec.magnitude**2 >= 2**32:
        raise ValueError(
            f"node {code.node.name!r}: squares of integers up to {x.spec.magnitude} "
            "do not fit 32 bits"
        )
    yield Call("pointwise.h", call(f"sk_{name}", x.pointer, *y.typed, *sizes))


@emit.register
def _(op: SoftThreshold, code: NodeCode) -> Iterator[Call]:
    x, y = code.input, code.output
    sizes = (x.pixels, x.channels)
    signs = "true" if op.both_signs else "false"
    if x.is_float:
        numbers = (*sizes, code.table("threshold", "float32"), signs)
        text = call("sk_float_soft_threshold", x.pointer, y.pointer, *numbers)
        yield Call("float_pointwise.h", text)
        return
    numbers = (*sizes, code.table("threshold", "int16"), signs)
    yield Call("pointwise.h", call("sk_soft_threshold", x.pointer, *y.typed, *numbers))


@emit.register
def _(op: QSquare, code: NodeCode) -> Iterator[Call]:
    x, y = code.input, code.output
    rule = code.requantization(op.requantization)
    yield Call("pointwise.h", call("sk_square", *x.typed, *y.typed, x.pixels, x.channels, rule))


@emit.register
def _(op: QRoot, code: NodeCode) -> Iterator[Call]:
    x, y = code.input, code.output
    root = signed_root(op, x.spec, code)
    yield Call("signed_root.h", call("sk_root_all", *x.typed, *y.typed, x.pixels, x.channels, root))


@emit.register
def _(op: Rescale, code: NodeCode) -> Iterator[Call]:
    x, y = code.input, code.output
    sizes = (x.pixels, x.channels)
    rule = code.requantization(op.requantization)
    yield Call("pointwise.h", call("sk_rescale", *x.typed, *y.typed, *sizes, rule))


# ----------------------------------------------------------------------------- pooling


@emit.register
def _(op: MaxPool, code: NodeCode) -> Iterator[Call]:
    x, y = code.input, code.output
    if x.is_float:
        arguments = ("SK_FLOAT_POOL_MAX", x.pointer, y.pointer, x.map, pool(op))
        yield Call("float_pool.h", call("sk_float_pool", *arguments))
    else:
        yield Call("pool.h", call("sk_max_pool", x.pointer, *y.typed, x.map, pool(op)))


@emit.register
def _(op: QMeanPool, code: NodeCode) -> Iterator[Call]:
    x, y = code.input, code.output
    name = f"sk_{pooling_name(op).lower()}_pool"
    rule = code.requantization(op.requantization)
    yield Call("pool.h", call(name, *x.typed, *y.typed, x.map, pool(op), rule))


@emit.register
def _(op: Hash, code: NodeCode) -> Iterator[Call]:
    x, y = code.input, code.output
    sizes = (y.spec.size, op.n_bits)
    if x.is_float:
        yield Call("float_hash.h", call("sk_float_hash", x.pointer, y.pointer, *sizes))
    else:
        yield Call("hash.h", call("sk_hash", *x.typed, y.pointer, *sizes))


@emit.register
def _(op: BlockHistogram, code: NodeCode) -> Iterator[Call]:
    x, y = code.input, code.output
    shape = (x.map, pool(op), op.n_bins)
    if x.is_float:
        text = call("sk_float_block_histogram", x.pointer, y.pointer, *shape)
        yield Call("float_hash.h", text)
    else:
        yield Call("histogram.h", call("sk_block_histogram", *x.typed, *y.typed, *shape))


# ----------------------------------------------------------------------------- vectors


@emit.register
def _(op: QAffine, code: NodeCode) -> Iterator[Call]:
    x, y = code.input, code.output
    tables = (*code.weights("factors"), code.table("offsets", "int32"))
    rule = code.requantization(op.requantization)
    sizes = (x.pixels, x.channels)
    yield Call("vector.h", call("sk_affine", *x.typed, *y.typed, *tables, *sizes, rule))


@emit.register
def _(op: QNormalize, code: NodeCode) -> Iterator[Call]:
    x, y = code.input, code.output
    norm = f"SK_NORM_{op.norm.upper()}"
    yield Call("vector.h", call("sk_normalize", *x.typed, y.pointer, x.spec.size, norm))


@emit.register
def _(op: QLinear, code: NodeCode) -> Iterator[Call]:
    x, y = code.input, code.output
    if op.coded is not None:
        yield from coded_linear(op, code)
        return
    matrix = (*code.weights("weights"), code.table("bias", "int32"), *op.stored.shape)
    if op.form is not None or op.is_kept is not None:
        yield from _linear_by_inputs(op, code, matrix)
        return
    if op.requantization is None:
        yield Call("vector.h", call("sk_linear", *x.typed, y.pointer, *matrix))
        return
    rule = code.requantization(op.requantization)
    yield Call("vector.h", call("sk_linear_requantized", *x.typed, *y.typed, *matrix, rule))


def _linear_by_inputs(op: QLinear, code: NodeCode, matrix: tuple[object, ...]) -> Iterator[Call]:
    """Sums of all outputs, input by input, and then what becomes of them."""
    x, y, rule = code.input, code.output, op.requantization
    sums = y.pointer if rule is None else f"(int32_t *){code.scratch}"
    if op.is_kept is not None:
        kept = code.table("kept", "uint16"), x.spec.size
        yield Call("kept.h", call("sk_linear_kept", *x.typed, sums, *matrix, *kept))
    else:
        yield Call("narrow.h", call("sk_linear_narrow", *x.typed, sums, *matrix))
    if rule is not None:
        sizes = (1, len(op.bias))
        arguments = (code.scratch, "SK_INT32", *y.typed, *sizes, code.requantization(rule))
        yield Call("pointwise.h", call("sk_rescale", *arguments))


@emit.register
def _(op: QKernelMachine, code: NodeCode) -> Iterator[Call]:
    x, y = code.input, code.output
    coefficients, coefficient_type = code.weights("dual_coef")
    is_poly = op.kernel == "poly"
    machine = struct(
        "sk_machine",
        kernel=f"SK_{op.kernel.upper()}",
        type=x.type,
        features=x.spec.size,
        vectors=len(op.support_vectors),
        classes=op.n_classes,
        rows=len(op.dual_coef),
        support_vectors=code.tables["support_vectors"],
        **({"n_support": code.table("n_support", "uint16")} if op.n_support else {}),
        coefficients=coefficients,
        coefficient_type=coefficient_type,
        intercept=code.table("intercept", "int64"),
        **({} if is_poly else {"exp2_table": code.table("exp2_table", "uint16")}),
        **({"fine": True} if op.fine else {}),
        **({"offset": op.offset, "degree": op.degree} if is_poly else {}),
        **({"shift": op.shift} if is_poly or op.kept_bits else {}),
        **({} if op.grid is None else {"first": op.grid.first, "step": op.grid.step}),
        exponent=code.requantization(op.exponent),
    )
    arguments = (x.pointer, y.pointer, f"({CTYPES['int64']} *){code.scratch}", machine)
    yield Call("kernel_machine.h", call("sk_kernel_machine", *arguments))


# --------------------------------------------------------------------------- decisions


@emit.register
def _(op: OvoVote, code: NodeCode) -> Iterator[Call]:
    x, y = code.input, code.output
    if x.is_float:
        text = call("sk_float_ovo_vote", x.pointer, y.pointer, op.n_classes)
        yield Call("float_decide.h", text)
    else:
        yield Call("decide.h", call("sk_ovo_vote", *x.typed, y.pointer, op.n_classes))


@emit.register(ArgMax)
@emit.register(Threshold)
def _(op: Op, code: NodeCode) -> Iterator[Call]:
    x = code.input
    name = type(op).__name__.lower()
    size = (x.spec.size,) if isinstance(op, ArgMax) else ()
    result = f"{code.output.pointer}[0]"
    if x.is_float:
        text = call(f"sk_float_{name}", x.pointer, *size)
        yield Call("float_decide.h", text, result)
    else:
        yield Call("decide.h", call(f"sk_{name}", *x.typed, *size), result)
