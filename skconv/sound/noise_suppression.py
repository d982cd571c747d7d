"""Asymmetric noise suppression: an op that floats alone can run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skconv.graph.core import Node
from skconv.graph.facts import Facts
from skconv.graph.power_normalization import Powers
from skconv.passes.lower import lower
from skconv.passes.lowering import Lowering
from skconv.passes.refusal import NoIntegerFormError
from skconv.runtime import reference
from skconv.runtime.power_normalization import band_mean, frames_of, medium_power, over_level

Batch = NDArray[Any]

# Of the asymmetric lowpass, of the masking, of the level (Kim, Stern 2016).
RISING, FALLING, FIRST = 0.999, 0.5, 0.9
MASKING, MASKED = 0.85, 0.2
EXCITATION = 2.0
LEVEL = 0.999


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


def asymmetric(x: Batch) -> Batch:
    """A lowpass along frames that rises slowly and falls fast."""
    y = np.empty_like(x)
    last = FIRST * x[:, 0]
    for m in range(x.shape[1]):
        memory = np.where(x[:, m] >= last, RISING, FALLING)
        last = y[:, m] = memory * last + (1 - memory) * x[:, m]
    return y


def masked(x: Batch) -> Batch:
    """What is hidden behind a louder moment before becomes a part of that moment."""
    y, peak = np.empty_like(x), np.zeros_like(x[:, 0])
    for m in range(x.shape[1]):
        heard = x[:, m] >= MASKING * peak
        y[:, m] = np.where(heard, x[:, m], MASKED * peak)
        peak = np.maximum(MASKING * peak, x[:, m])
    return y


def running_level(power: Batch) -> Batch:
    """A slow mean over bands and past frames ``(n, n_frames, 1)``."""
    of_frames = power.mean(axis=2)
    level, last = np.empty_like(of_frames), of_frames.mean(axis=1)
    for m in range(of_frames.shape[1]):
        last = level[:, m] = LEVEL * last + (1 - LEVEL) * of_frames[:, m]
    return level[:, :, None]


@reference.evaluate.register
def _(op: NoiseSuppression, x: Batch) -> Batch:
    power = frames_of(x).astype(np.float64)
    medium = np.maximum(medium_power(power, op.reach), op.lowest)
    noise = asymmetric(medium)
    speech = np.maximum(medium - noise, 0)
    floor = asymmetric(speech)
    kept = np.where(medium >= EXCITATION * noise, np.maximum(masked(speech), floor), floor)
    power = power * band_mean(kept / medium, op.smoothing)
    return over_level(power, running_level(power), op.exponent).reshape(x.shape)


@lower.register
def _(op: NoiseSuppression, node: Node, lowering: Lowering) -> None:
    raise NoIntegerFormError(
        "asymmetric noise suppression has no C",
        "use variant='pns', or LogMelSpectrogram",
        parameter="variant='pncc2016'",
    )
