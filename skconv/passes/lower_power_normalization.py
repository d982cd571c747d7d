"""How power normalisation becomes integers."""

from __future__ import annotations

from math import ceil, log, log2
from typing import Any

import numpy as np

from skconv.graph import PowerNormalize, QPowerNormalize, TensorSpec
from skconv.graph.core import Node
from skconv.graph.integer import FINE_EXP2_BITS, KERNEL_FRACTION_BITS
from skconv.graph.limits import ACCUMULATOR_MAX
from skconv.graph.power_normalization import FLOOR_BITS, LOG_BITS, MOST_FRAMES, MOST_REACH
from skconv.passes.lower import lower
from skconv.passes.lower_spectra import DEEPEST
from skconv.passes.lowering import Lowering
from skconv.passes.refusal import NoIntegerFormError
from skconv.passes.scales import requantization

ONE = 2**LOG_BITS
# No ratio of integers of 31 bits is larger.
MOST_OCTAVES = 40


@lower.register
def _(op: PowerNormalize, node: Node, lowering: Lowering) -> None:
    source = lowering.names[node.inputs[0]]
    x = lowering.graph.specs[source]
    n_frames = x.shape[0] * x.shape[1]
    if n_frames > MOST_FRAMES or op.reach > MOST_REACH:
        raise NoIntegerFormError(
            f"power normalisation of {n_frames} frames with reach={op.reach}",
            f"use windows of at most {MOST_FRAMES} frames and a reach of at most {MOST_REACH}",
        )
    thresholds = op.targets.astype(np.float64) / log(2) + log2(n_frames)
    rules = _power(op, x.size, lowering.wanted(node.name))
    integer = QPowerNormalize(
        reach=op.reach,
        smoothing=op.smoothing,
        thresholds=np.rint(ONE * np.minimum(thresholds, MOST_OCTAVES)).astype(np.int32),
        floor=max(1, round(op.floor * 2**FLOOR_BITS)),
        n_steps=op.n_steps,
        n_frames=n_frames,
        lowest=min(max(1, round(op.lowest / x.scale)), x.limits[1]),
        **rules,
    )
    lowering.add(node, integer, source)


def _power(op: PowerNormalize, size: int, wanted: TensorSpec) -> dict[str, Any]:
    """The fields of a `PowerOp` of parts of a sum: one is the ``size``-fold of the mean."""
    limit = ceil(DEEPEST / op.exponent) * ONE
    octaves = TensorSpec((1,), "int32", 2.0**-FINE_EXP2_BITS, 0, ACCUMULATOR_MAX)
    one = 2**KERNEL_FRACTION_BITS
    return {
        "offset": 0,
        "limit": limit,
        "exponent": requantization(op.exponent / ONE, limit, octaves),
        "requantization": requantization(size**op.exponent / one, one, wanted),
    }
