"""How asymmetric noise suppression becomes integers."""

from __future__ import annotations

from math import ceil, log2

from skconv.graph import NoiseSuppression, QNoiseSuppression, TensorSpec
from skconv.graph.core import Node
from skconv.graph.integer import FINE_EXP2_BITS, KERNEL_FRACTION_BITS
from skconv.graph.limits import ACCUMULATOR_MAX
from skconv.graph.noise_suppression import LEVEL_BITS, MOST_BANDS, PRODUCT_SHIFT
from skconv.graph.power_normalization import LOG_BITS, MOST_FRAMES, MOST_REACH
from skconv.passes.lower import lower
from skconv.passes.lower_spectra import DEEPEST
from skconv.passes.lowering import Lowering
from skconv.passes.refusal import NoIntegerFormError
from skconv.passes.scales import requantization

ONE = 2**LOG_BITS


@lower.register
def _(op: NoiseSuppression, node: Node, lowering: Lowering) -> None:
    source = lowering.names[node.inputs[0]]
    x = lowering.graph.specs[source]
    n_frames, n_bands = x.shape[0] * x.shape[1], x.shape[2]
    if n_frames > MOST_FRAMES or op.reach > MOST_REACH or n_bands > MOST_BANDS:
        raise NoIntegerFormError(
            f"noise suppression of {n_frames} frames of {n_bands} bands with reach={op.reach}",
            f"use windows of at most {MOST_FRAMES} frames, {MOST_BANDS} bands and a reach of at "
            f"most {MOST_REACH}",
        )
    # No band is larger than all of its frame, of which the level has a part of 2^-10.
    room = ceil(log2(n_bands)) + LEVEL_BITS + 1
    limit = ceil(DEEPEST / op.exponent) * ONE
    octaves = TensorSpec((1,), "int32", 2.0**-FINE_EXP2_BITS, 0, ACCUMULATOR_MAX)
    unit = 2.0 ** (room * op.exponent) / 2**KERNEL_FRACTION_BITS
    integer = QNoiseSuppression(
        reach=op.reach,
        smoothing=op.smoothing,
        offset=round(ONE * (log2(n_bands) - PRODUCT_SHIFT - room)),
        limit=limit,
        exponent=requantization(op.exponent / ONE, limit, octaves),
        requantization=requantization(unit, 2**KERNEL_FRACTION_BITS, lowering.wanted(node.name)),
        n_frames=n_frames,
        n_bands=n_bands,
        lowest=min(max(1, round(op.lowest / x.scale)), max(x.limits[1], 1)),
    )
    lowering.add(node, integer, source)
