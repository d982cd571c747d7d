"""Infinite impulse responses: a cascade of second-order sections along time."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from skconv.graph.base import Array, TensorSpec, require
from skconv.graph.centring import Lines
from skconv.graph.facts import Facts
from skconv.graph.integer import IntegerOp, Requantization

__all__ = ["Biquads", "QBiquads"]

FEEDBACK_BITS = 30
# Of signals between sections, in either direction.
LARGEST_SIGNAL = 2**30
STATE_BYTES = 4


def pole_radii(sos: Array) -> Array:
    """Of every section ``(b0, b1, b2, 1, a1, a2)`` the distance of its outer pole from 0."""
    return np.array([np.abs(np.roots(section[3:])).max(initial=0.0) for section in sos])


@dataclass(frozen=True)
class Biquads(Lines):
    """Second-order sections one after the other, along an axis, from rest.

    Each section is ``y[t] = b0 x[t] + b1 x[t-1] + b2 x[t-2] - a1 y[t-1] - a2 y[t-2]``, and all is
    0 before the beginning.

    Parameters
    ----------
    sos : ndarray of float64 of shape (n_sections, 6)
        Rows ``b0, b1, b2, 1, a1, a2``, as of `scipy.signal`.

    Examples
    --------
    A section that halves what it holds, and adds what comes.

    >>> import numpy as np
    >>> from skconv.graph import Biquads, Graph, TensorSpec
    >>> from skconv.runtime import reference
    >>> op = Biquads(1, sos=np.array([[1, 0, 0, 1, -0.5, 0]]))
    >>> graph = Graph(TensorSpec((1, 4, 1))).append(op)
    >>> reference.run(graph, np.array([[[[8.0], [0.0], [0.0], [4.0]]]])).ravel()
    array([8., 4., 2., 5.])
    """

    facts = Facts("window")
    sos: Array = field(kw_only=True)

    @property
    def parameters(self) -> dict[str, Array]:
        """The table of the C for floats."""
        return {"sections": self.sos[:, [0, 1, 2, 4, 5]].astype(np.float32)}

    @property
    def scratch_bytes(self) -> int:
        """Two delays a section."""
        return STATE_BYTES * 2 * len(self.sos)

    def output(self, *inputs: TensorSpec) -> TensorSpec:
        self.length(inputs[0])
        require(
            self.sos.ndim == 2 and self.sos.shape[1] == 6 and bool((self.sos[:, 3] == 1).all()),
            f"Biquads needs sections (b0, b1, b2, 1, a1, a2), got shape {self.sos.shape}",
        )
        radius = pole_radii(self.sos).max()
        require(bool(radius < 1), f"Biquads needs poles inside the unit circle, got {radius:.6g}")
        return TensorSpec(inputs[0].shape)

    def macs(self, *inputs: TensorSpec) -> int:
        return 5 * len(self.sos) * inputs[0].size

    def describe(self) -> str:
        return f"Biquads of {len(self.sos)} sections"


@dataclass(frozen=True)
class QBiquads(Lines, IntegerOp):
    """`Biquads` of integers: direct form I, with 64-bit sums and signals of 31 bits between.

    With ``x`` the input of a section, the first one ``input << input_shift``::

        s = ((n0 x[t] + n1 x[t-1] + n2 x[t-2]) >> shift) + f1 y[t-1] + f2 y[t-2] + e
        y[t] = clip(s >> 30),    e = s mod 2^30

    So what one sample loses by rounding is added to the next: first-order noise shaping. Signals
    are clipped to ``-2^30 .. 2^30``. Quantisation chooses their units by the sum of the magnitudes
    of the impulse response, so that no input reaches that.

    Parameters
    ----------
    numerators : ndarray of int32 of shape (n_sections, 3)
    shifts : ndarray of uint8 of shape (n_sections,)
    feedback : ndarray of int32 of shape (n_sections, 2)
        ``-a1`` and ``-a2``, with 30 bits of fraction.
    input_shift : int
    requantization : Requantization
        Of the signal behind the last section.
    """

    facts = Facts("window")
    numerators: Array = field(kw_only=True)
    shifts: Array = field(kw_only=True)
    feedback: Array = field(kw_only=True)
    input_shift: int = field(kw_only=True)
    requantization: Requantization = field(kw_only=True)

    @property
    def n_states(self) -> int:
        """Two delays before every section and behind the last, and what was rounded off."""
        return 3 * len(self.numerators) + 2

    @property
    def scratch_bytes(self) -> int:
        return STATE_BYTES * self.n_states

    def output(self, *inputs: TensorSpec) -> TensorSpec:
        (x,) = inputs
        self.length(x)
        require(
            x.magnitude << self.input_shift <= LARGEST_SIGNAL,
            f"QBiquads: integers up to {x.magnitude} << {self.input_shift} exceed 2^30",
        )
        require(self.accumulator_bound() < 2**63, "QBiquads: sums of products do not fit 64 bits")
        return self.requantization.spec(x.shape, LARGEST_SIGNAL)

    def accumulator_bound(self) -> int:
        """The largest sum that any signals within their limits can reach."""
        ahead = np.abs(self.numerators.astype(np.int64)).sum(axis=1).tolist()
        behind = np.abs(self.feedback.astype(np.int64)).sum(axis=1).tolist()
        return max(
            max(n * LARGEST_SIGNAL, (n * LARGEST_SIGNAL >> shift) + (f + 1) * LARGEST_SIGNAL + 1)
            for n, shift, f in zip(ahead, self.shifts.tolist(), behind, strict=True)
        )

    def macs(self, *inputs: TensorSpec) -> int:
        return 5 * len(self.numerators) * inputs[0].size

    def describe(self) -> str:
        return f"QBiquads of {len(self.numerators)} sections"
