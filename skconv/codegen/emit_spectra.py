"""How the ops of the auditory front end are printed in C."""

from __future__ import annotations

from collections.abc import Iterator

from skconv.codegen.node import Call, NodeCode, emit
from skconv.codegen.text import call, struct
from skconv.graph import BandPower, Log, Op, Power, QBandLog, QBandPower, QBandRoot, QLog, QPower
from skconv.graph.integer_spectra import BandsOp, LogOp, PowerOp


@emit.register(BandPower)
@emit.register(Log)
@emit.register(Power)
def _(op: Op, code: NodeCode) -> Iterator[Call]:
    raise ValueError(
        f"node {code.node.name!r}: {type(op).__name__} has no C for floats: write dtype='int8'"
    )


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
    """The C value of `sk_power`."""
    return struct(
        "sk_power",
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
