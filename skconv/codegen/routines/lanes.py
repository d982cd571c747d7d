"""What the tables of packed convolutions have in common: lanes, shifts, words."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from skconv.codegen.text import struct
from skconv.graph.base import Array, TensorSpec
from skconv.graph.integer import ConvInteger, Requantization

# How far a value of the input may be shifted up in a lane of 16 bits.
LANE_SHIFT = {"uint8": 7, "int8": 8, "int16": 0}


def fits(op: ConvInteger, x: TensorSpec) -> bool:
    """What every packed convolution wants of its input, weights and padding."""
    return (
        x.dtype in LANE_SHIFT
        and op.weights.dtype == np.int8
        and op.dilation == (1, 1)
        and (op.pad_mode == "zero" or not any(map(any, op.padding)))
    )


@dataclass(frozen=True)
class Shifts:
    """Where the shift of a requantisation goes: into the weights, the lanes, the rest."""

    weights: int
    lanes: int
    rest: int


def split_shift(weights: Array, to: Requantization, dtype: str) -> Shifts:
    """Weights take what int16 has room for, lanes what is left: sums come out shifted."""
    largest = max(int(weights.max()), -int(weights.min()) - 1, 0)
    room = min(15, 15 - largest.bit_length())
    in_weights = min(to.shift, room)
    in_lanes = min(to.shift - in_weights, LANE_SHIFT[dtype])
    if dtype == "int8" and in_lanes:
        # Masks make lanes of signed bytes, by a shift of 8 or of none.
        in_lanes = 8 if to.shift >= 8 else 0
        in_weights = min(to.shift - in_lanes, room)
    return Shifts(in_weights, in_lanes, to.shift - in_weights - in_lanes)


def words(*columns: Array) -> Array:
    """Numbers up to 32 bits wide, side by side, as one run of int32 words."""
    table = np.concatenate(columns, axis=-1).astype(np.int64) & 0xFFFFFFFF
    return table.astype(np.uint32).view(np.int32).ravel()


def pairs(low: Array, high: Array) -> Array:
    """Words of two int16."""
    return (low.astype(np.int64) & 0xFFFF) | (high.astype(np.int64) & 0xFFFF) << 16


def lanes(x: TensorSpec, *, left: int, slots: int, shift: int, pitch: int, channels: int) -> str:
    """The C value that describes the buffered rows."""
    return struct(
        "sk_lanes",
        type=f"SK_{x.dtype.upper()}",
        pixels=x.shape[1],
        channels=channels,
        slots=slots,
        left=left,
        shift=shift,
        pitch=pitch,
    )


def limits(to: Requantization, shifts: Shifts) -> dict[str, int]:
    """Fields of the requantisation, less its multipliers."""
    return {
        "shift": shifts.rest,
        "minimum": to.minimum,
        "maximum": to.maximum,
    }
