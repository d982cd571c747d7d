"""How power normalisation is printed in C."""

from __future__ import annotations

from collections.abc import Iterator

from skconv.codegen.emit_spectra import power
from skconv.codegen.node import Call, NodeCode, emit
from skconv.codegen.text import call, float_literal, struct
from skconv.graph import PowerNormalize, QPowerNormalize


@emit.register
def _(op: PowerNormalize, code: NodeCode) -> Iterator[Call]:
    x, y = code.input, code.output
    by = struct(
        "sk_float_normalization",
        frames=x.pixels,
        bands=x.channels,
        reach=op.reach,
        smoothing=op.smoothing,
        steps=op.n_steps,
        floor=float_literal(op.floor),
        lowest=float_literal(op.lowest),
        exponent=float_literal(op.exponent),
        targets=code.table("targets", "float32"),
    )
    text = call("sk_float_power_normalize", x.pointer, y.pointer, by)
    yield Call("float_power_normalization.h", text)


@emit.register
def _(op: QPowerNormalize, code: NodeCode) -> Iterator[Call]:
    by = struct(
        "sk_normalization",
        frames=op.n_frames,
        bands=code.input.channels,
        reach=op.reach,
        smoothing=op.smoothing,
        steps=op.n_steps,
        lowest=op.lowest,
        floor=op.floor,
        thresholds=code.table("thresholds", "int32"),
        power=power(op, code),
    )
    text = call("sk_power_normalize", code.input.pointer, *code.output.typed, by, code.scratch)
    yield Call("power_normalization.h", text)
