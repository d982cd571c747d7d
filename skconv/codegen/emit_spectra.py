"""How the ops of the auditory front end are printed in C."""

from __future__ import annotations

from collections.abc import Iterator

from skconv.codegen.node import Call, NodeCode, emit
from skconv.codegen.text import call, float_literal, struct
from skconv.graph import BandPower, Log, Power, QBandLog, QBandPower, QBandRoot, QLog, QPower
from skconv.graph.integer_spectra import BandsOp, LogOp, PowerOp


@emit.register
def _(op: BandPower, code: NodeCode) -> Iterator[Call]:
    n_fft = op.n_fft
    if n_fft < 4 or n_fft & (n_fft - 1):
        raise ValueError(
            f"node {code.node.name!r}: C has no transform of {n_fft} samples: write a power of two"
        )
    bands = struct(
        "sk_float_bands",
        frames=code.output.pixels,
        frame_length=len(op.window),
        hop=op.hop,
        bands=code.output.channels,
        points=n_fft // 2,
        window=code.table("window", "float32"),
        twiddles=code.table("twiddles", "float32"),
        band_starts=code.table("band_starts", "uint16"),
        band_counts=code.table("band_counts", "uint16"),
        weights=code.table("weights", "float32"),
    )
    arguments = (code.input.pointer, code.output.pointer, bands, code.scratch)
    yield Call("float_spectra.h", call("sk_float_band_power", *arguments))


@emit.register
def _(op: Log, code: NodeCode) -> Iterator[Call]:
    x, y = code.input, code.output
    numbers = (x.spec.size, float_literal(1 / op.floor))
    yield Call("float_spectra.h", call("sk_float_log_above", x.pointer, y.pointer, *numbers))


@emit.register
def _(op: Power, code: NodeCode) -> Iterator[Call]:
    x, y = code.input, code.output
    numbers = (x.spec.size, float_literal(op.exponent))
    yield Call("float_spectra.h", call("sk_float_raise", x.pointer, y.pointer, *numbers))


def bands(op: BandsOp, code: NodeCode) -> str:
    """The C value of `sk_bands`."""
    fft = struct(
        "sk_fft",
        points=op.points,
        starts=code.table("starts", "uint16"),
        window=code.table("window", "int16"),
        shift=op.shift,
        twiddles=code.table("twiddles", "uint32"),
    )
    return struct(
        "sk_bands",
        frames=code.output.pixels,
        hop=op.hop,
        bands=code.output.channels,
        band_starts=code.table("band_starts", "uint16"),
        band_counts=code.table("band_counts", "uint16"),
        weights=code.table("weights", "uint16"),
        fft=fft,
    )


def logarithm(op: LogOp, code: NodeCode) -> str:
    """The C value of `sk_logarithm`."""
    return struct(
        "sk_logarithm",
        log2_table=code.table("log2_table", "uint16"),
        offset=op.offset,
        to=code.requantization(op.requantization),
    )


def power(op: PowerOp, code: NodeCode) -> str:
    """The C value of `sk_small_power`."""
    return struct(
        "sk_small_power",
        log2_table=code.table("log2_table", "uint16"),
        exp2_table=code.table("exp2_table", "uint16"),
        offset=op.offset,
        limit=op.limit,
        exponent=code.requantization(op.exponent),
        to=code.requantization(op.requantization),
    )


@emit.register
def _(op: QBandPower, code: NodeCode) -> Iterator[Call]:
    x, y = code.input, code.output
    numbers = (bands(op, code), op.sum_shift, op.maximum, code.scratch)
    yield Call("spectra.h", call("sk_band_power", *x.typed, y.pointer, *numbers))


@emit.register
def _(op: QBandLog, code: NodeCode) -> Iterator[Call]:
    arguments = (*code.input.typed, *code.output.typed, bands(op, code), logarithm(op, code))
    yield Call("spectra.h", call("sk_band_log", *arguments, code.scratch))


@emit.register
def _(op: QBandRoot, code: NodeCode) -> Iterator[Call]:
    arguments = (*code.input.typed, *code.output.typed, bands(op, code), power(op, code))
    yield Call("spectra.h", call("sk_band_root", *arguments, code.scratch))


@emit.register
def _(op: QLog, code: NodeCode) -> Iterator[Call]:
    arguments = (*code.input.typed, *code.output.typed, code.input.spec.size)
    yield Call("spectra.h", call("sk_log", *arguments, logarithm(op, code)))


@emit.register
def _(op: QPower, code: NodeCode) -> Iterator[Call]:
    arguments = (*code.input.typed, *code.output.typed, code.input.spec.size)
    yield Call("spectra.h", call("sk_raise", *arguments, power(op, code)))
