"""Power normalisation: background taken off band powers, their mean level, a small exponent."""

from __future__ import annotations

from dataclasses import dataclass, field

from skconv.graph.base import Array, Op, TensorSpec, require, require_channels, require_map
from skconv.graph.facts import Facts
from skconv.graph.integer_spectra import PowerOp

__all__ = ["PowerNormalize", "QPowerNormalize"]

FLOOR_BITS = 16
WEIGHT_BITS = 15
LARGEST_BIT = 30
LOG_BITS = 16
# Sums of their logarithms fit int32.
MOST_FRAMES = 512
MOST_REACH = 15
MOST_SMOOTHING = 31


@dataclass(frozen=True)
class Powers(Op):
    """What all forms read: band powers ``(1, n_frames, n_bands)``, or ``(n_frames, 1, n_bands)``.

    ``Q`` is the power of a band averaged over ``2 * reach + 1`` frames; the first and the last
    frame go on beyond the ends.
    """

    reach: int = 2
    smoothing: int = 4

    def output(self, *inputs: TensorSpec) -> TensorSpec:
        (x,) = inputs
        require_map(self, x)
        name = type(self).__name__
        require(1 in x.shape[:2], f"{name} needs powers (1, n_frames, n_bands), got {x.shape}")
        require(
            self.reach >= 0 and 0 <= self.smoothing <= MOST_SMOOTHING,
            f"{name} needs reach >= 0 and smoothing from 0 to {MOST_SMOOTHING}, "
            f"got {self.reach} and {self.smoothing}",
        )
        return TensorSpec(x.shape)


@dataclass(frozen=True)
class PowerNormalize(Powers):
    """Power normalisation by the ratio of the arithmetic to the geometric mean (Kim, Stern 2009).

    With ``Q`` the medium-duration power of a band, and means over all frames:

    - ``q0`` in ``0 .. mean Q`` is what has to be taken off so that
      ``ln mean Q' - mean ln Q'`` of ``Q' = max(Q - q0, floor * Q)`` is the ``targets`` of the
      band, by ``n_steps`` bisections; 0 where ``Q`` has that ratio already;
    - ``w`` is the mean of ``Q' / Q`` over ``2 * smoothing + 1`` neighbouring bands;
    - ``y = (w * P / mean(w * P))^exponent``, the mean over all frames and bands.

    Parameters
    ----------
    targets : ndarray of shape (n_bands,)
        The ratio of clean sound, as a natural logarithm.
    floor : float
        The least that is left of ``Q``.
    lowest : float
        Powers below count as this much.
    exponent : float
    n_steps : int

    References
    ----------
    C. Kim, R. M. Stern, "Feature extraction for robust speech recognition using a
    power-law nonlinearity and power-bias subtraction", Interspeech 2009.

    Examples
    --------
    A power of 1 and 100 in turn has the ratio 5.05. Where 10 are added to both, they are found:
    what is left is 1 and 100 again, and of these comes the root.

    >>> import numpy as np
    >>> from skconv.graph import Graph, TensorSpec
    >>> from skconv.graph.power_normalization import PowerNormalize
    >>> from skconv.runtime import reference
    >>> op = PowerNormalize(0, 0, targets=np.log([5.05]), exponent=0.5, n_steps=30)
    >>> x = np.tile([11.0, 110.0], 8).reshape(1, 1, 16, 1)
    >>> found = reference.run(Graph(TensorSpec((1, 16, 1))).append(op), x).ravel()
    >>> (found[1] / found[0]).round(3)
    np.float64(10.0)
    """

    facts = Facts("window")
    targets: Array = field(kw_only=True)
    floor: float = 0.01
    lowest: float = 1e-10
    exponent: float = 0.1
    n_steps: int = 16

    def output(self, *inputs: TensorSpec) -> TensorSpec:
        require_channels(self, inputs[0], len(self.targets))
        require(
            0 < self.floor < 1 and self.lowest > 0 and 0 < self.exponent < 1 and self.n_steps >= 1,
            f"PowerNormalize needs floor and exponent between 0 and 1, lowest > 0 and n_steps >= 1,"
            f" got {self.floor}, {self.exponent}, {self.lowest}, {self.n_steps}",
        )
        return super().output(*inputs)

    def macs(self, *inputs: TensorSpec) -> int:
        return inputs[0].size * (2 * self.n_steps + 4)


@dataclass(frozen=True)
class QPowerNormalize(Powers, PowerOp):
    """`PowerNormalize` of integers from 0 to below ``2^31``.

    - powers below ``lowest`` count as this much;
    - ``Q`` is the sum over frames, shifted until the largest of a band has 31 bits, and at least
      1: what is done with it does not depend on its unit;
    - the ratio of means is ``n log2(sum Q) - sum log2 Q``, with 16 bits of fraction, of ``n``
      frames; it is compared with ``n * thresholds``;
    - ``Q' = max(Q - q0, Q * floor / 2^16, 1)``, and ``q0`` comes of ``n_steps`` bisections of
      ``0 .. sum Q / n``, rounded down;
    - ``w`` has 15 bits, and its mean over bands is rounded;
    - ``(w * P / sum(w * P))^p`` is a power as of `PowerOp`, at most 1.

    Parameters
    ----------
    thresholds : ndarray of int32 of shape (n_bands,)
        The wanted ratio plus ``log2 n``.
    floor, n_steps, lowest : int
    n_frames : int
        ``n``.
    """

    facts = Facts("window")
    thresholds: Array = field(kw_only=True)
    floor: int = field(kw_only=True)
    n_steps: int = field(kw_only=True)
    n_frames: int = field(kw_only=True)
    lowest: int = field(kw_only=True)

    def output(self, *inputs: TensorSpec) -> TensorSpec:
        (x,) = inputs
        require_channels(self, x, len(self.thresholds))
        shape = Powers.output(self, x).shape
        low, high = x.limits
        require(
            x.dtype == "int32" and low >= 0,
            f"QPowerNormalize needs int32 powers of at least 0, got {x.dtype} from {low}",
        )
        require(
            self.n_frames == shape[0] * shape[1] <= MOST_FRAMES and self.reach <= MOST_REACH,
            f"QPowerNormalize of {self.n_frames} frames, reach {self.reach}, got shape {x.shape}",
        )
        require(
            1 <= self.lowest <= high and (x.size * high) << WEIGHT_BITS < 2**63,
            f"QPowerNormalize: lowest={self.lowest}, or {x.size} powers up to {high}, do not fit",
        )
        return self.power_spec(shape)

    @property
    def scratch_bytes(self) -> int:
        return self.n_frames * (4 + 2 * len(self.thresholds))

    def macs(self, *inputs: TensorSpec) -> int:
        return inputs[0].size * (2 * self.n_steps + 4)
