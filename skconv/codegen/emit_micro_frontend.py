"""How the front end of TFLite-Micro is printed in C."""

from __future__ import annotations

from collections.abc import Iterator

from skconv.codegen.node import Call, NodeCode, emit
from skconv.codegen.text import call, struct
from skconv.graph import MicroFrontend, QMicroBands, QMicroLevels
from skconv.graph.micro_frontend import MicroBands, MicroLevels


def micro_bands(op: MicroBands, code: NodeCode) -> tuple[str, str]:
    """The C values of `sk_micro_window` and of `sk_bands`."""
    fft = struct(
        "sk_micro_fft",
        points=op.points,
        places=code.table("places", "uint16"),
        twiddles=code.table("twiddles", "uint32"),
        split=code.table("split", "uint32"),
    )
    bands = struct(
        "sk_bands",
        frames=code.output.pixels,
        hop=op.hop,
        bands=code.output.channels,
        band_starts=code.table("band_starts", "uint16"),
        band_counts=code.table("band_counts", "uint16"),
        weights=code.table("weights", "uint16"),
    )
    window = code.table("window", "int16")
    frame = struct("sk_micro_window", frame_length=len(op.window), window=window, fft=fft)
    return frame, bands


def micro_levels(op: MicroLevels, code: NodeCode) -> str:
    """The C value of `sk_micro_levels`."""
    even, odd = op.smoothing
    values: dict[str, object] = {"even": even, "odd": odd, "remaining": op.remaining}
    if len(op.gains):
        values |= {"gains": code.table("gains", "int16"), "snr_shift": op.snr_shift}
    if op.log_shift is not None:
        values |= {
            "correction": op.correction,
            "log_table": code.table("log_table", "uint16"),
            "log_shift": op.log_shift,
        }
    return struct("sk_micro_levels", **values)


@emit.register
def _(op: QMicroBands, code: NodeCode) -> Iterator[Call]:
    x, y = code.input, code.output
    arguments = (*x.typed, y.pointer, *micro_bands(op, code), code.scratch)
    yield Call("micro_frontend.h", call("sk_micro_frames", *arguments))


@emit.register
def _(op: QMicroLevels, code: NodeCode) -> Iterator[Call]:
    x, y = code.input, code.output
    arguments = (x.pointer, *y.typed, micro_levels(op, code), y.pixels, y.channels)
    yield Call("micro_frontend.h", call("sk_micro_levels_of", *arguments))


@emit.register
def _(op: MicroFrontend, code: NodeCode) -> Iterator[Call]:
    arguments = (code.input.pointer, code.output.pointer, *micro_bands(op, code))
    text = call("sk_float_micro_frontend", *arguments, micro_levels(op, code), code.scratch)
    yield Call("float_micro_frontend.h", text)
