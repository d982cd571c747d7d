"""The cosine of a phase: its definition, in floats and in integers."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from skconv.graph import Cosine, QCosine
from skconv.graph.phases import PART_BITS, PHASE_BITS, QUARTER_BITS, cosine_table
from skconv.runtime import fixed, reference

Batch = NDArray[Any]


@reference.evaluate.register
def _(op: Cosine, x: Batch) -> Batch:
    return np.asarray(op.amplitude * np.cos(x))


@fixed.evaluate.register
def _(op: QCosine, x: Batch) -> Batch:
    turned = ((x.astype(np.int64) << op.shift) * op.multiplier + 2**31) >> 32
    phase = turned & (2**PHASE_BITS - 1)
    quarter, angle = phase >> QUARTER_BITS, phase & (2**QUARTER_BITS - 1)
    angle = np.where(quarter & 1, 2**QUARTER_BITS - angle, angle)
    place, part = angle >> PART_BITS, angle & (2**PART_BITS - 1)
    table = cosine_table().astype(np.int64)
    step = table[place + 1] - table[place]
    cosine = table[place] + ((step * part + 2 ** (PART_BITS - 1)) >> PART_BITS)
    return np.where((quarter == 1) | (quarter == 2), -cosine, cosine)
