"""Two ops as one: the rules that passes and the import of networks share."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skconv.graph.base import Op, TensorSpec
from skconv.graph.ops import Conv, Permute, Reshape, Select
from skconv.graph.spatial import Pad, Resize
from skconv.graph.vectors import Affine, Linear


def is_identity(op: Op, x: TensorSpec) -> bool:
    """Whether an op changes nothing of a tensor."""
    match op:
        case Reshape(shape=shape):
            return shape == x.shape
        case Permute(axes=axes):
            return axes == tuple(range(len(x.shape)))
        case Pad(padding=padding):
            return not any(map(any, padding))
        case Select(indices=indices):
            return np.array_equal(indices, np.arange(x.shape[-1]))
    return False


def with_affine(first: Op | None, affine: Op) -> Op | None:
    """An `Affine` behind an op as one op, in float64; None where there is no such op."""
    if not isinstance(affine, Affine):
        return None
    factors, offsets = wide(affine.factors), wide(affine.offsets)
    match first:
        case Affine():
            return Affine(wide(first.factors) * factors, wide(first.offsets) * factors + offsets)
        case Linear() | Conv(shared=False):
            per_row = factors.reshape(-1, *(1 for _ in first.weights.shape[1:]))
            weights, bias = wide(first.weights) * per_row, wide(first.bias) * factors + offsets
            return replace(first, weights=weights, bias=bias)
    return None


def cropped(conv: Conv, crop: Op) -> Conv | None:
    """A convolution without pixels that a crop behind it leaves out, where the border makes them.

    A causal convolution of torch has a border on both sides, and its end is chomped off. None
    where the op is no such crop, or takes more than the border of the windows.
    """
    if not isinstance(crop, Resize) or conv.pad_mode != "zero" or conv.stride != (1, 1):
        return None
    sides = [_kept(matrix) for matrix in (crop.rows, crop.columns)]
    padding = []
    for side, border in zip(sides, conv.padding, strict=True):
        if side is None or side[0] > border[0] or side[1] > border[1]:
            return None
        padding.append((border[0] - side[0], border[1] - side[1]))
    return replace(conv, padding=(padding[0], padding[1]))


def _kept(matrix: NDArray[Any]) -> tuple[int, int] | None:
    """How many lines a crop leaves out before and behind; None where it is no crop."""
    kept, size = matrix.shape
    before = int(matrix[0].argmax()) if kept else 0
    is_crop = before + kept <= size and np.array_equal(matrix, np.eye(kept, size, before))
    return (before, size - kept - before) if is_crop else None


def wide(values: NDArray[Any]) -> NDArray[np.float64]:
    """Parameters to calculate with."""
    return values.astype(np.float64)


def narrowed(op: Op) -> Op:
    """An op that `with_affine` made, its parameters rounded to the float32 of a graph."""
    if not isinstance(op, Affine | Conv | Linear):
        return op
    rounded: Any = {
        name: np.ascontiguousarray(values, np.float32)
        for name, values in op.parameters.items()
        if values.dtype == np.float64
    }
    return replace(op, **rounded)
