"""Graphs inside graphs, computed as if they stood alone."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from skconv.graph import Fused, Quantized
from skconv.graph.nested import Packed
from skconv.runtime import fixed, reference


@reference.evaluate.register
def _(op: Quantized, x: NDArray[Any]) -> NDArray[Any]:
    return fixed.run(op.graph, fixed.quantize_input(op.graph.input, x)).astype(np.float64)


@fixed.evaluate.register
def _(op: Fused, x: NDArray[Any]) -> NDArray[Any]:
    """Inside of a graph numbers may be wider than their type: what an op left them as."""
    return fixed.run(op.graph, x.astype(op.graph.input.dtype, copy=False))


@fixed.evaluate.register
def _(op: Packed, x: NDArray[Any]) -> NDArray[Any]:
    return fixed.evaluate(op.op, x)
