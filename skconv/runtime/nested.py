"""Integer graphs inside float graphs: the float definition of them is the integer one."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from skconv.graph import Quantized
from skconv.runtime import fixed, reference


@reference.evaluate.register
def _(op: Quantized, x: NDArray[Any]) -> NDArray[Any]:
    return fixed.run(op.graph, fixed.quantize_input(op.graph.input, x)).astype(np.float64)
