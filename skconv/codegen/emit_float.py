"""How the float ops are printed in C (those that integers share are in `emit`)."""

from __future__ import annotations

import math
from collections.abc import Iterator

from skconv.codegen.node import Call, NodeCode, emit, kernels, padding, pool, pooling_name
from skconv.codegen.text import call, float_literal, struct
from skconv.graph import (
    Affine,
    Conv,
    KernelMachine,
    Linear,
    MeanPool,
    Normalize,
    Op,
    Quantized,
    Root,
    Square,
    TentPool,
)
from skconv.graph.ops import PoolGeometry


@emit.register
def _(op: Quantized, code: NodeCode) -> Iterator[Call]:
    raise ValueError(
        f"node {code.node.name!r}: a graph with quantised features is printed as integers; "
        "quantise it first"
    )


@emit.register
def _(op: Conv, code: NodeCode) -> Iterator[Call]:
    x, y = code.input, code.output
    yield Call(
        "float_conv.h",
        call(
            "sk_float_conv",
            x.pointer,
            y.pointer,
            x.map,
            code.table("weights", "float32"),
            code.table("bias", "float32"),
            kernels(op),
            padding(op),
        ),
    )


@emit.register(Square)
@emit.register(Root)
def _(op: Op, code: NodeCode) -> Iterator[Call]:
    x, y = code.input, code.output
    name = type(op).__name__.lower()
    text = call(f"sk_float_{name}", x.pointer, y.pointer, x.spec.size)
    yield Call("float_pointwise.h", text)


@emit.register(MeanPool)
@emit.register(TentPool)
def _(op: PoolGeometry, code: NodeCode) -> Iterator[Call]:
    x, y = code.input, code.output
    text = call(
        "sk_float_pool", f"SK_FLOAT_POOL_{pooling_name(op)}", x.pointer, y.pointer, x.map, pool(op)
    )
    yield Call("float_pool.h", text)


@emit.register
def _(op: Affine, code: NodeCode) -> Iterator[Call]:
    x, y = code.input, code.output
    tables = (code.table("factors", "float32"), code.table("offsets", "float32"))
    text = call("sk_float_affine", x.pointer, y.pointer, *tables, x.pixels, x.channels)
    yield Call("float_vector.h", text)


@emit.register
def _(op: Normalize, code: NodeCode) -> Iterator[Call]:
    x, y = code.input, code.output
    norm = f"SK_FLOAT_NORM_{op.norm.upper()}"
    text = call("sk_float_normalize", x.pointer, y.pointer, x.spec.size, norm)
    yield Call("float_vector.h", text)


@emit.register
def _(op: Linear, code: NodeCode) -> Iterator[Call]:
    x, y = code.input, code.output
    tables = (code.table("weights", "float32"), code.table("bias", "float32"))
    text = call("sk_float_linear", x.pointer, y.pointer, *tables, *op.weights.shape)
    yield Call("float_vector.h", text)


@emit.register
def _(op: KernelMachine, code: NodeCode) -> Iterator[Call]:
    x, y = code.input, code.output
    is_poly = op.kernel == "poly"
    gamma = op.gamma if is_poly else op.gamma / math.log(2.0)
    machine = struct(
        "sk_float_machine",
        kernel=f"SK_FLOAT_{op.kernel.upper()}",
        features=x.spec.size,
        vectors=len(op.support_vectors),
        classes=op.n_classes,
        rows=len(op.dual_coef),
        support_vectors=code.table("support_vectors", "float32"),
        **({"n_support": code.table("n_support", "uint16")} if op.n_support else {}),
        coefficients=code.table("dual_coef", "float32"),
        intercept=code.table("intercept", "float32"),
        gamma=float_literal(gamma),
        **({"coef0": float_literal(op.coef0), "degree": op.degree} if is_poly else {}),
    )
    arguments = (x.pointer, y.pointer, machine)
    yield Call("float_kernel_machine.h", call("sk_float_kernel_machine", *arguments))
