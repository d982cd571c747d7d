"""Infinite impulse response filters, as steps of a Pipeline."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from skconv.graph import Biquads, Op
from skconv.graph.biquads import pole_radii
from skconv.signals.base import SignalExtractor
from skconv.signals.filters import SignalFilter
from skconv.signals.lengths import PadTo


def dc_blocker(pole: float = 0.995) -> NDArray[np.float64]:
    """The sections of ``y[t] = x[t] - x[t - 1] + pole * y[t - 1]``: what stays the same is gone.

    Parameters
    ----------
    pole : float, default=0.995
        Between 0 and 1. The cut-off frequency is about ``(1 - pole) / (2 pi)`` of the sampling
        rate.

    Returns
    -------
    sos : ndarray of shape (1, 6)
        For `IIRFilter`.

    Examples
    --------
    >>> import numpy as np
    >>> from skconv import IIRFilter
    >>> from skconv.signals import dc_blocker
    >>> IIRFilter(dc_blocker(0.5)).fit_transform(np.full((1, 5), 80))
    array([[80., 40., 20., 10.,  5.]], dtype=float32)
    """
    return np.array([[1, -1, 0, 1, -pole, 0]])


class IIRFilter(SignalFilter):
    """An infinite impulse response filter of each channel, as second-order sections.

    It begins from rest in every signal: what is before its first sample counts as 0, as of
    `scipy.signal.sosfilt`. A window that begins in the middle of a recording therefore begins with
    a transient. Where that matters, filter recordings before windows are cut, with
    `filter_recordings`, and pass the filter to ``to_c(..., front=[...])``.

    Integers in C have 31 bits between sections, and what one sample loses by rounding is added to
    the next. So noise and limit cycles stay below the last bit of a result of 16 bits, at low
    cut-off frequencies too.

    Parameters
    ----------
    sos : array-like of shape (n_sections, 6) or None, default=None
        Sections ``b0, b1, b2, 1, a1, a2``, such as of ``scipy.signal.butter(4, 20, fs=100,
        output="sos")``. Poles lie inside the unit circle. ``None`` is ``dc_blocker()``, a
        high-pass that takes off what does not change.
    input_shape : (length,), (length, channels) or None, default=None
        Shape of one signal; ``None`` takes the shape of ``X``.
    data_format : {"channels_last", "channels_first"}, default="channels_last"
        Where the channels of a signal lie in ``X`` and in ``input_shape``. What comes out has
        them last.
    pad_to : int, "longest" or None, default=None
        Signals get zeros at their end, or lose it, until they are this long; ``"longest"`` is
        the longest signal of `fit`. ``None`` refuses signals of unequal lengths.
    device : {"cpu", "cuda", "auto"}, default="cpu"
        Where `transform` computes.
    batch_size : int or "auto", default="auto"
        Samples computed at a time; ``"auto"`` takes as many as fit the cache.
    n_jobs : int or None, default=None
        Jobs of joblib that `transform` shares the samples out among. ``None`` is 1, unless
        a `joblib.parallel_config` says otherwise; -1 takes all processors.

    Attributes
    ----------
    output_shape_ : (int, int)
        Length and channels of what comes out: ``input_shape`` of the next step.

    See Also
    --------
    Decimate : A lower sampling rate.
    filter_recordings : Filters of whole recordings.

    References
    ----------
    A. V. Oppenheim, R. W. Schafer, "Discrete-Time Signal Processing", 3rd edition, 2010,
    sections 6.3 (cascade form), 6.9 (round-off noise) and 6.10 (limit cycles).

    J. Dattorro, "The implementation of recursive digital filters for high-fidelity audio",
    J. Audio Eng. Soc. 36(11), 1988 (error feedback).

    Examples
    --------
    >>> import numpy as np
    >>> from scipy.signal import butter
    >>> from skconv import IIRFilter
    >>> lowpass = IIRFilter(butter(2, 0.25, output="sos"))
    >>> lowpass.fit_transform(np.array([[0, 100, 0, 0]])).round(2)
    array([[ 0.  ,  9.76, 28.73, 33.6 ]], dtype=float32)
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **SignalExtractor._parameter_constraints,
        "sos": ["array-like", None],
    }

    def __init__(
        self,
        sos: Any = None,
        *,
        input_shape: Any = None,
        data_format: str = "channels_last",
        pad_to: PadTo = None,
        device: str = "cpu",
        batch_size: Any = "auto",
        n_jobs: int | None = None,
    ) -> None:
        self.sos = sos
        self.input_shape = input_shape
        self.data_format = data_format
        self.pad_to = pad_to
        self.device = device
        self.batch_size = batch_size
        self.n_jobs = n_jobs

    def _op(self) -> Op:
        return Biquads(1, sos=checked_sections(dc_blocker() if self.sos is None else self.sos))


def checked_sections(sos: Any) -> NDArray[np.float64]:
    """``sos`` as an array; ValueError where they are no sections, or not stable."""
    found = np.array(sos, np.float64)
    if found.ndim != 2 or found.shape[1] != 6 or not len(found):
        raise ValueError(
            f"sos has shape {found.shape}, expected (n_sections, 6): design the filter with "
            'output="sos"'
        )
    if not np.isfinite(found).all():
        raise ValueError("sos has NaN or infinite entries, expected finite numbers")
    if (found[:, 3] != 1).any():
        raise ValueError(f"sos[:, 3], a0 of every section, is {found[:, 3]}, expected 1")
    radii = pole_radii(found)
    if radii.max() >= 1:
        worst = int(radii.argmax())
        raise ValueError(
            f"sos[{worst}] has a pole at radius {radii[worst]:.6g}, expected less than 1: the "
            "filter is not stable"
        )
    return found
