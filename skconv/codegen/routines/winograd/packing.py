"""Convolutions by minimal filtering, F(2x2, 3x3): which fit, their tables, their scratch."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from skconv.codegen.routines import lanes
from skconv.codegen.routines.conv.conv_block import LARGEST_OFFSET, STEP_VALUES
from skconv.codegen.routines.conv.packing import WIDENED, is_plain
from skconv.graph.base import Array, TensorSpec
from skconv.graph.integer import QConv, Requantization
from skconv.graph.limits import ACCUMULATOR_MAX, INT16_MAX
from skconv.graph.minimal_filtering import minimal_algorithm

ALGORITHM = minimal_algorithm(2, 3)
PLACES = ALGORITHM.products**2
SCALE = ALGORITHM.scale**2  # of the results: 4, the two bits of SCALE_BITS
SCALE_BITS = 2
MOST_TILES = 3
PLAIN_TILES = 2


def serves(op: QConv, x: TensorSpec) -> bool:
    """Whether minimal filtering computes ``op`` on ``x`` exactly, in factors of 16 bits."""
    return (
        is_plain(op, x)
        and op.weights.shape[1:3] == (3, 3)
        and op.stride == (1, 1)
        and op.pad_mode == "zero"
        and x.dtype in ("uint8", "int8")
        and _is_exact(op, x)
    )


def _is_exact(op: QConv, x: TensorSpec) -> bool:
    """Whether factors are int16 and sums int32, whatever comes."""
    bounds = ALGORITHM.bounds(x.limits, channels=x.shape[2])
    return (
        max(bounds.inputs, bounds.kernels) <= INT16_MAX
        and bounds.products <= ACCUMULATOR_MAX
        and SCALE * op.accumulator_bound(x) <= ACCUMULATOR_MAX
    )


def tile_count(op: QConv, x: TensorSpec) -> int:
    """Tiles of 2 x 2 results."""
    rows, columns, _ = op.map_shape(x)
    return -(-rows // 2) * -(-columns // 2)


def dsp_tiles(op: QConv, x: TensorSpec) -> int:
    """Tiles at a time that take the fewest instructions, as far as LDRD reaches."""
    steps, count = x.shape[2] // STEP_VALUES, tile_count(op, x)
    reach = 1 + LARGEST_OFFSET // (2 * x.shape[2])

    def instructions(tiles: int) -> int:
        return -(-count // tiles) * (steps * (1 + 5 * tiles) + tiles + 6)

    return min(range(1, min(MOST_TILES, reach, count) + 1), key=instructions)


def scaled_kernels(op: QConv) -> Array:
    """Kernels at the 16 places, times four, as int16 (n_kernels, 16, channels)."""
    _, kernel, _ = ALGORITHM.integers
    places = np.einsum("pi,qj,nijc->npqc", kernel, kernel, op.weights.astype(np.int64))
    return places.reshape(len(places), PLACES, -1).astype(np.int16)


def dsp_table(op: QConv) -> Array:
    """Words of ``dsp_winograd.h``, as int32: two kernels side by side, four channels at a time.

    An odd number of kernels is filled up with zeros.
    """
    kernels = scaled_kernels(op)
    if len(kernels) % 2:
        kernels = np.concatenate([kernels, np.zeros_like(kernels[:1])])
    steps = kernels.reshape(len(kernels) // 2, 2, PLACES, -1, STEP_VALUES)[..., WIDENED]
    two = steps.transpose(0, 2, 3, 1, 4).reshape(-1, 2)
    return lanes.words(lanes.pairs(two[:, 0], two[:, 1]))


def bias(op: QConv) -> Array:
    """Times four, as the sums are."""
    return (op.bias.astype(np.int64) * SCALE).astype(np.int32)


def surplus(rule: Requantization, bits: int) -> int:
    """Bits of the scale of results that the shift of a requantisation cannot take."""
    return max(0, bits - rule.shift)


def unscaled(rule: Requantization, bits: int) -> Requantization:
    """The requantisation of results times ``2**bits``, less their surplus."""
    return replace(rule, shift=max(0, rule.shift - bits))


@dataclass(frozen=True)
class Scratch:
    """Where things lie in the scratch memory: values, sums, and a pixel of zeros."""

    places: int
    tiles: int
    channels: int

    @property
    def values_bytes(self) -> int:
        return 2 * self.places * self.tiles * self.channels

    @property
    def sums(self) -> int:
        """Offset of the sums, at a multiple of four."""
        return -(-self.values_bytes // 4) * 4

    @property
    def zeros(self) -> int:
        return self.sums + 4 * self.places * self.tiles * 2

    @property
    def nbytes(self) -> int:
        return self.zeros + self.channels


# ------------------------------------------------------- where it takes fewer instructions

# As `tests/benchmarks/bench_flavours.py` measures them on Cortex-M4 and M3, with -O2.


def saves_on_dsp(op: QConv, x: TensorSpec) -> bool:
    """Whether it takes fewer instructions than ``dsp_conv.h`` with weights of 16 bits."""
    if x.shape[2] % STEP_VALUES:
        return False
    tiles, steps, kernels = tile_count(op, x), x.shape[2] // STEP_VALUES, len(op.bias)
    at_a_time = dsp_tiles(op, x)
    blocks = -(-tiles // at_a_time) * -(-kernels // 2)
    products = blocks * PLACES * (steps * (1 + 5 * at_a_time) + at_a_time + 6)
    minimal = products + tiles * (302 * steps + 83 * kernels + 240)
    entries = int(np.prod(op.map_shape(x)))
    return minimal < 0.69 * op.macs(x) + 5.2 * entries + 4.8 * x.size + 500


def saves_plain(op: QConv, x: TensorSpec) -> bool:
    """Whether it takes fewer instructions than ``blocked_conv.h``."""
    channels, kernels, tiles = x.shape[2], len(op.bias), tile_count(op, x)
    if channels % 2:
        return False
    products = -(-tiles // PLAIN_TILES) * PLAIN_TILES * PLACES * channels * kernels
    minimal = 2.54 * products + tiles * (150 * channels + 157 * kernels + 347)
    rows, columns, _ = op.map_shape(x)
    return minimal < 2.13 * op.macs(x) + rows * columns * (44 * kernels + 64) + 350
