"""What an op reads of a map along time: a few neighbours of each place, or all of it."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import NamedTuple

from skconv.graph.base import Op, Shape, TensorSpec
from skconv.graph.ops import Reshape, Select

POINTWISE = ("entrywise", "pixelwise", "affine")


class Local(NamedTuple):
    """The entries along time that one entry of a result is computed of.

    Attributes
    ----------
    reach : int
        How many neighbours.
    step : int
        From the first of one entry to the first of the next.
    axis : int
        Along which time runs in the result.
    """

    reach: int
    step: int
    axis: int


def locality(op: Op, x: TensorSpec, axis: int) -> Local | None:
    """What an op reads along an axis; None where it is more than neighbours, or a border.

    `Op.sampling` says where windows lie. A border, of zeros or circular, begins anew with every
    piece of a signal, so what is computed beside it is no function of neighbours alone.

    Examples
    --------
    >>> from skconv.graph import MeanPool, TensorSpec
    >>> from skconv.graph.locality import locality
    >>> locality(MeanPool((1, 4), (1, 2)), TensorSpec((1, 20, 3)), axis=1)
    Local(reach=4, step=2, axis=1)
    """
    if op.n_inputs != 1 or len(x.shape) != 3:
        return None
    if isinstance(op, Reshape):
        return Local(1, 1, 0) if _is_turn(op, x, axis) else None
    sampling = op.sampling()
    if sampling is None:
        is_pointwise = op.facts.role in POINTWISE or isinstance(op, Select)
        return _checked(op, x, axis, 1, 1) if is_pointwise else None
    border: tuple[tuple[int, int], ...] = getattr(op, "padding", ((0, 0), (0, 0)))
    reach, step = 2 * sampling[axis].start + 1, sampling[axis].step
    if op.facts.role == "spatial" or any(border[axis]) or reach % 1 or step % 1:
        return None
    return _checked(op, x, axis, int(reach), int(step))


def _checked(op: Op, x: TensorSpec, axis: int, reach: int, step: int) -> Local | None:
    """The axis along which a piece of the input yields one entry of the result."""
    whole, one = op.output(x), op.output(replace(x, shape=with_length(x.shape, axis, reach)))
    if len(whole.shape) != 3 or len(one.shape) != 3:
        return None
    count = (x.shape[axis] - reach) // step + 1
    for found in (axis, 1 - axis):
        if with_length(whole.shape, found, 1) == one.shape and whole.shape[found] == count:
            return Local(reach, step, found)
    return None


def _is_turn(op: Reshape, x: TensorSpec, axis: int) -> bool:
    """Whether a map of one row, such as a spectrogram, gets its times as rows."""
    rows, times, channels = x.shape
    return axis == 1 and rows == 1 and op.shape[:1] == (times,) and op.shape[1:2] == (channels,)


def resized(op: Op, x: TensorSpec) -> Op:
    """An op on a piece of the input that it was made for: rows of a `Reshape` are fewer."""
    if not isinstance(op, Reshape) or op.shape == x.shape:
        return op
    return Reshape((x.size // math.prod(op.shape[1:]), *op.shape[1:]))


def with_length(shape: Shape, axis: int, length: int) -> Shape:
    """A shape with another length along an axis."""
    return (*shape[:axis], length, *shape[axis + 1 :])
