"""Asymmetric noise suppression of band powers, and temporal masking."""

from __future__ import annotations

from dataclasses import dataclass, field

from skconv.graph.base import TensorSpec, require
from skconv.graph.facts import Facts
from skconv.graph.integer_spectra import PowerOp
from skconv.graph.power_normalization import MOST_FRAMES, MOST_REACH, Powers

__all__ = ["NoiseSuppression", "QNoiseSuppression"]

# Of the asymmetric lowpass, of the masking, of the level (Kim, Stern 2016).
RISING, FALLING, FIRST = 0.999, 0.5, 0.9
MASKING, MASKED = 0.85, 0.2
EXCITATION = 2.0
LEVEL = 0.999

# The same for integers.
STATE_BITS, RISING_BITS, FRACTION_BITS = 16, 20, 16
LEVEL_BITS = 10
# Of products of powers and weights, in sums.
PRODUCT_SHIFT = 8
MOST_BANDS = 128


@dataclass(frozen=True)
class NoiseSuppression(Powers):
    """Asymmetric noise suppression with temporal masking, as in PNCC (Kim, Stern 2016).

    ``A(x)`` is an asymmetric lowpass: ``y[m] = a y[m-1] + (1 - a) x[m]`` with ``a = .999`` where
    ``x[m] >= y[m-1]``, else ``.5``; it begins at ``.9 x[0]``. With ``Q`` as above:

    - ``L = A(Q)`` is the background, ``Z = max(Q - L, 0)``, ``F = A(Z)`` a floor;
    - masking: ``p[m] = max(.85 p[m-1], Z[m])``; where ``Z[m] < .85 p[m-1]``, ``.2 p[m-1]`` takes
      its place; no less than ``F``;
    - ``R`` is that where ``Q >= 2 L``, else ``F``;
    - ``w`` is the mean of ``R / Q`` over neighbouring bands, and
      ``y = (w * P / level)^exponent``. The level is a mean over bands with a memory of ``.999``
      a frame, which begins at the mean of the window.

    References
    ----------
    C. Kim, R. M. Stern, "Power-normalized cepstral coefficients (PNCC) for robust speech
    recognition", IEEE/ACM Transactions on Audio, Speech, and Language Processing 24(7), 2016.
    """

    facts = Facts("window")
    lowest: float = 1e-10
    exponent: float = 1 / 15

    def macs(self, *inputs: TensorSpec) -> int:
        return 10 * inputs[0].size


@dataclass(frozen=True)
class QNoiseSuppression(Powers, PowerOp):
    """`NoiseSuppression` of integers from 0 to below ``2^31``.

    - powers below ``lowest`` count as this much in ``Q``, which is shifted as in `QPowerNormalize`;
    - the state of ``A`` has 16 bits of fraction more than ``Q``; ``1 - a`` is ``1049 / 2^20``;
    - ``R / Q`` has 15 bits of fraction, rounded down, at most 32 bits; its mean is rounded;
    - the level is a sum of ``w * P / 2^8`` over bands; its memory is ``1 - 2^-10``;
    - ``w * P / level`` becomes a power as of `PowerOp`: ``offset`` is that of the level's unit.
    """

    facts = Facts("window")
    n_frames: int = field(kw_only=True)
    n_bands: int = field(kw_only=True)
    lowest: int = field(kw_only=True)

    def output(self, *inputs: TensorSpec) -> TensorSpec:
        (x,) = inputs
        shape = Powers.output(self, x).shape
        low, high = x.limits
        require(
            x.dtype == "int32" and low >= 0,
            f"QNoiseSuppression needs int32 powers of at least 0, got {x.dtype} from {low}",
        )
        require(
            self.n_frames == shape[0] * shape[1] <= MOST_FRAMES
            and self.reach <= MOST_REACH
            and self.n_bands == shape[2] <= MOST_BANDS,
            f"QNoiseSuppression of {self.n_frames} frames, reach {self.reach}, got {x.shape}",
        )
        require(
            1 <= self.lowest <= max(high, 1),
            f"QNoiseSuppression: lowest={self.lowest}, powers up to {high}",
        )
        return self.power_spec(shape)

    @property
    def scratch_bytes(self) -> int:
        """A sum of every frame, and of one band; and all weights."""
        return self.n_frames * (8 + 4 + 4 * self.n_bands)

    def macs(self, *inputs: TensorSpec) -> int:
        return 10 * inputs[0].size
