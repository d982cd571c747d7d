"""How asymmetric noise suppression is printed in C."""

from __future__ import annotations

from collections.abc import Iterator

from skconv.codegen.emit_spectra import power
from skconv.codegen.node import Call, NodeCode, emit
from skconv.codegen.text import call, float_literal, struct
from skconv.graph import NoiseSuppression, QNoiseSuppression


@emit.register
def _(op: NoiseSuppression, code: NodeCode) -> Iterator[Call]:
    x, y = code.input, code.output
    by = struct(
        "sk_float_normalization",
        frames=x.pixels,
        bands=x.channels,
        reach=op.reach,
        smoothing=op.smoothing,
        exponent=float_literal(op.exponent),
    )
    text = call("sk_float_suppress_noise", x.pointer, y.pointer, by, float_literal(op.lowest))
    yield Call("float_noise_suppression.h", text)


@emit.register
def _(op: QNoiseSuppression, code: NodeCode) -> Iterator[Call]:
    by = struct(
        "sk_normalization",
        frames=op.n_frames,
        bands=op.n_bands,
        reach=op.reach,
        smoothing=op.smoothing,
        lowest=op.lowest,
        power=power(op, code),
    )
    text = call("sk_suppress_noise", code.input.pointer, *code.output.typed, by, code.scratch)
    yield Call("noise_suppression.h", text)
