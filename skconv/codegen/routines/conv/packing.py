"""Convolutions for ``dsp_conv.h``: which fit, their tables, their scratch, their routines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from skconv.codegen.routines.conv.conv_block import LARGEST_OFFSET, STEP_VALUES, ConvBlock
from skconv.graph.base import Array, TensorSpec
from skconv.graph.integer import QConv

WeightBits = Literal[4, 8, 16]

INPUT_DTYPES = ("uint8", "int8", "int16")
OUTPUT_DTYPES = ("uint8", "int8", "int16")
LARGEST_STORE_OFFSET = 4095
LARGEST_UNROLL = 12
MOST_WINDOWS = 3
# Of weights that are the upper half of a byte.
NARROW_SHIFT = 4
# How four bytes lie after they were widened to two words of two lanes.
WIDENED = (0, 2, 1, 3)


def is_plain(op: QConv, x: TensorSpec) -> bool:
    """Whether every kernel sees all channels of a window without holes, in int8."""
    return (
        op.groups == 1
        and op.dilation == (1, 1)
        and (not op.shared or x.shape[2] == 1)
        and op.weights.dtype == np.int8
    )


def fits(op: QConv, x: TensorSpec) -> bool:
    """Whether the routines can compute ``op`` on ``x``; the portable ones do the rest."""
    rule = op.requantization
    info = np.iinfo(rule.dtype)
    row_bytes = 2 * len(op.bias) * info.dtype.itemsize
    return (
        is_plain(op, x)
        and x.dtype in INPUT_DTYPES
        and rule.dtype in OUTPUT_DTYPES
        and info.min <= rule.minimum <= rule.maximum <= info.max
        and rule.maximum >= 0
        and row_bytes + info.dtype.itemsize <= LARGEST_STORE_OFFSET
    )


@dataclass(frozen=True)
class ConvLayout:
    """Where the values of a window lie in the ring, in values of two bytes."""

    column: int
    distance: int
    steps: int
    n_rows: int
    n_columns: int
    by_pixel: bool
    most_windows: int

    @property
    def windows(self) -> int:
        """As many windows at a time as LDRD reaches, within the limit."""
        reach = LARGEST_OFFSET // (2 * self.distance)
        return min(self.most_windows, 1 + reach, self.line)

    @property
    def line(self) -> int:
        """Windows that follow each other without a break."""
        return self.n_rows * self.n_columns if self.by_pixel else self.n_columns

    @property
    def values(self) -> int:
        """Of the whole ring, or of the few pixels that are widened at a time."""
        if self.by_pixel:
            return self.windows * self.distance
        return (self.n_columns - 1) * self.distance + self.steps * STEP_VALUES


def layout(op: QConv, x: TensorSpec, most_windows: int = MOST_WINDOWS) -> ConvLayout:
    """The layout of ``op`` on ``x``. Kernels of one pixel on every pixel need no ring.

    Fewer windows at a time than three take more instructions. They save scratch where
    there is no ring, and code.
    """
    height, width, channels = op.weights.shape[1:]
    rows, columns, _ = op.map_shape(x)
    column = -(-height * channels // 2) * 2
    by_pixel = (
        (height, width) == (1, 1)
        and op.stride == (1, 1)
        and not np.any(op.padding)
        and channels % STEP_VALUES == 0
    )
    return ConvLayout(
        column=column,
        distance=op.stride[1] * column,
        steps=-(-width * column // STEP_VALUES),
        n_rows=rows,
        n_columns=columns,
        by_pixel=by_pixel,
        most_windows=most_windows,
    )


def scratch_bytes(op: QConv, x: TensorSpec, most_windows: int = MOST_WINDOWS) -> int:
    """Bytes of the int16 ring, which begins at a multiple of four."""
    return 2 * layout(op, x, most_windows).values


def weight_bits(op: QConv, *, fast: bool) -> WeightBits:
    """Of a weight in the table: 16 is the fastest; few levels take 4, where the shift has room."""
    if fast:
        return 16
    return 4 if op.form is not None and op.requantization.shift >= NARROW_SHIFT else 8


def folded_shift(op: QConv, weight_bits: WeightBits) -> int:
    """How much of the requantisation's shift the table's weights and biases hold."""
    if weight_bits == 4:
        return NARROW_SHIFT
    largest = max(1, int(np.abs(op.weights.astype(np.int64)).max()))
    room = (2**15 - 1) // largest if weight_bits == 16 else 1
    return min(op.requantization.shift, room.bit_length() - 1)


def blocks(
    op: QConv, x: TensorSpec, weight_bits: WeightBits, most_windows: int = MOST_WINDOWS
) -> tuple[ConvBlock, ConvBlock]:
    """The routine for most windows, and that for those left over at the end of a line."""
    place, rule = layout(op, x, most_windows), op.requantization
    left_over = place.line % place.windows

    def block(windows: int) -> ConvBlock:
        return ConvBlock(
            windows=windows,
            distance=2 * place.distance,
            steps=place.steps,
            n_kernels=len(op.bias),
            weight_bits=weight_bits,
            shift=rule.shift - folded_shift(op, weight_bits),
            dtype=rule.dtype,
            minimum=rule.minimum,
            maximum=rule.maximum,
            unroll=unroll(place.steps),
        )

    return block(place.windows), block(left_over or place.windows)


def unroll(steps: int) -> int:
    """The most steps, up to a limit, that divide ``steps``."""
    return max(n for n in range(1, min(steps, LARGEST_UNROLL) + 1) if steps % n == 0)


def table(op: QConv, x: TensorSpec, weight_bits: WeightBits) -> Array:
    """The words that the routine reads, as int32: see ``sk_conv_block`` in ``dsp_conv.h``.

    Two kernels after each other: biases, weights step by step, multipliers. An odd number
    of kernels is filled up with zeros. Of 4 bits, the sum of the second kernel holds that of
    the first, too, and so does its bias.
    """
    place, n_kernels = layout(op, x), len(op.bias)
    fold = folded_shift(op, weight_bits)
    pairs = (-(-n_kernels // 2), 2)
    spare = n_kernels % 2
    weights = np.pad(_in_steps(op, x, place), ((0, spare), (0, 0), (0, 0)))
    words = _words(weights.reshape(*pairs, place.steps, STEP_VALUES), fold, weight_bits)
    bias = np.pad(op.bias.astype(np.int64) << fold, (0, spare)).reshape(pairs)
    if weight_bits == 4:
        bias[:, 1] += bias[:, 0] >> NARROW_SHIFT
    multiplier = np.pad(np.broadcast_to(op.requantization.multiplier, (n_kernels,)), (0, spare))
    table = [bias.astype("<i4"), words, multiplier.astype("<i4").reshape(pairs)]
    return np.concatenate(table, axis=1).ravel()


def _words(weights: Array, fold: int, weight_bits: WeightBits) -> Array:
    """The words of weights (pairs, 2, steps, 4) as int32, one line for each pair of kernels."""
    if weight_bits == 4:
        both = (weights[:, 1] << NARROW_SHIFT) + weights[:, 0]
        return np.ascontiguousarray(both[..., WIDENED].astype("i1")).view("<i4")[..., 0]
    if weight_bits == 16:
        words = np.ascontiguousarray((weights << fold).astype("<i2")).view("<i4")
    else:
        words = np.ascontiguousarray((weights << fold)[..., WIDENED].astype("i1")).view("<i4")
    return words.swapaxes(1, 2).reshape(len(weights), -1)


def columns_of_weights(op: QConv, place: ConvLayout) -> Array:
    """Weights (n_kernels, values of the columns of a window), column after column."""
    n_kernels, height, width, channels = op.weights.shape
    columns = op.weights.swapaxes(1, 2).reshape(n_kernels, width, -1)
    spare = place.column - height * channels
    return np.pad(columns, ((0, 0), (0, 0), (0, spare))).reshape(n_kernels, -1)


def _in_steps(op: QConv, x: TensorSpec, place: ConvLayout) -> Array:
    """Weights (n_kernels, steps, 4) in the order of the values of a window."""
    runs = columns_of_weights(op, place).astype(np.int32)
    runs = np.pad(runs, ((0, 0), (0, place.steps * STEP_VALUES - runs.shape[1])))
    steps = runs.reshape(len(runs), place.steps, STEP_VALUES)
    widened = x.dtype != "int16" and x.shape[2] % STEP_VALUES == 0
    return steps[..., WIDENED] if widened else steps
