"""Subtraction of means along one axis of a map."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from skconv.graph.base import Op, TensorSpec, require, require_map
from skconv.graph.facts import Facts
from skconv.graph.integer import IntegerOp, Requantization

__all__ = ["QSubtractMean", "SubtractMean"]


@dataclass(frozen=True)
class Lines(Op):
    """Which numbers of a map are centred together: a column of each channel, or a row."""

    axis: int = 0

    def length(self, x: TensorSpec) -> int:
        """Numbers that share a mean; ValueError where ``x`` is no map."""
        require_map(self, x)
        require(self.axis in (0, 1), f"{type(self).__name__} needs axis 0 or 1, got {self.axis}")
        return x.shape[self.axis]

    def turned(self) -> Op:
        return replace(self, axis=1 - self.axis)

    def describe(self) -> str:
        return f"{type(self).__name__} of {'columns' if self.axis == 0 else 'rows'}"


@dataclass(frozen=True)
class SubtractMean(Lines):
    """The mean along an axis taken off: over all rows (0), or over all columns (1).

    On a spectrogram ``(n_frames, n_bands, 1)``, axis 0 takes the mean of every band off, as
    cepstral mean normalisation does: what a microphone and a room add to a logarithm is gone.

    References
    ----------
    B. S. Atal, "Effectiveness of linear prediction characteristics of the speech wave for
    automatic speaker identification and verification", J. Acoust. Soc. Am. 55(6), 1974.

    Examples
    --------
    >>> import numpy as np
    >>> from skconv.graph import Graph, SubtractMean, TensorSpec
    >>> from skconv.runtime import reference
    >>> graph = Graph(TensorSpec((3, 1, 1))).append(SubtractMean())
    >>> reference.run(graph, np.array([[[[1.0]], [[2.0]], [[6.0]]]])).ravel()
    array([-2., -1.,  3.])
    """

    facts = Facts("window")

    def output(self, *inputs: TensorSpec) -> TensorSpec:
        self.length(inputs[0])
        return TensorSpec(inputs[0].shape)


def accumulator_bound(length: int, x: TensorSpec) -> int:
    """The largest ``|n * x|`` and ``|n * x - sum|``: one number high and all others low."""
    low, high = x.limits
    return max(length * x.magnitude, (length - 1) * (high - low))


@dataclass(frozen=True)
class QSubtractMean(Lines, IntegerOp):
    """``n * x - sum``, requantised: ``n`` numbers share a mean, and nothing is divided."""

    facts = Facts("window")
    requantization: Requantization = field(kw_only=True)

    def output(self, *inputs: TensorSpec) -> TensorSpec:
        (x,) = inputs
        return self.requantization.spec(x.shape, accumulator_bound(self.length(x), x))
