"""Convolutions of rows of three by minimal filtering, F(4, 3): which fit, and their tables."""

from __future__ import annotations

import numpy as np

from skconv.codegen.routines.conv.packing import is_plain
from skconv.codegen.routines.winograd.packing import PLAIN_TILES
from skconv.graph.base import Array, TensorSpec
from skconv.graph.integer import QConv
from skconv.graph.limits import ACCUMULATOR_MAX, INT16_MAX
from skconv.graph.minimal_filtering import minimal_algorithm

ALGORITHM = minimal_algorithm(4, 3)
PLACES = ALGORITHM.products
FEWEST_CHANNELS = 8
SCALE_BITS = 3  # of the scale, 24: the 3 in it goes in the routine


def serves(op: QConv, x: TensorSpec) -> bool:
    """Whether minimal filtering computes ``op`` on ``x`` exactly, in factors of 16 bits."""
    return (
        is_plain(op, x)
        and op.weights.shape[1:3] == (1, 3)
        and op.stride == (1, 1)
        and op.pad_mode == "zero"
        and op.padding[0] == (0, 0)
        and x.dtype in ("uint8", "int8")
        and _is_exact(op, x)
    )


def _is_exact(op: QConv, x: TensorSpec) -> bool:
    """Whether factors are int16 and sums int32, whatever comes."""
    bounds = ALGORITHM.bounds(x.limits, channels=x.shape[2], axes=1)
    return (
        max(bounds.inputs, bounds.kernels) <= INT16_MAX
        and bounds.products <= ACCUMULATOR_MAX
        and ALGORITHM.scale * op.accumulator_bound(x) <= ACCUMULATOR_MAX
    )


def scaled_kernels(op: QConv) -> Array:
    """Kernels at the six places, times 24, as int16 (n_kernels, 6, channels)."""
    _, kernel, _ = ALGORITHM.integers
    places = np.einsum("pj,njc->npc", kernel, op.weights[:, 0].astype(np.int64))
    return places.astype(np.int16)


def bias(op: QConv) -> Array:
    """Times eight, as the results are where they meet it."""
    return (op.bias.astype(np.int64) << SCALE_BITS).astype(np.int32)


def saves(op: QConv, x: TensorSpec) -> bool:
    """Whether it takes fewer instructions than ``blocked_conv.h``, as measured on Cortex-M3."""
    channels, kernels = x.shape[2], len(op.bias)
    if channels % 2 or channels < FEWEST_CHANNELS:
        return False
    rows, columns, _ = op.map_shape(x)
    tiles = rows * -(-columns // ALGORITHM.results)
    products = -(-tiles // PLAIN_TILES) * PLAIN_TILES * PLACES * channels * kernels
    minimal = 2.54 * products + tiles * (30 * channels + 103 * kernels + 420)
    return minimal < 2.13 * op.macs(x) + rows * columns * (30 * kernels + 64) + 350
