"""Kernels from random, whitened patches of the maps."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, _fit_context
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, StrOptions

from skconv.kernels.base import (
    PADDINGS,
    Padding,
    Pair,
    check_maps,
    first_of_equals,
    limited,
    unit_rows,
)
from skconv.kernels.moments import Maps, RemoveMean, count_patches
from skconv.kernels.patches import sample_patches
from skconv.kernels.whitening import Whitening, learn_whitening

_MOST_CANDIDATES = 100_000
# A direction this much shorter than the longest is no direction: its patch is the mean patch.
_NO_LENGTH = 1e-6


class PatchKernels(BaseEstimator):
    """Random patches of the maps, whitened and scaled to unit length.

    With ``x = W (p - m)`` the whitened patch ``p`` (see
    `skconv.kernels.whitening.learn_whitening`) and ``q`` one of the patches drawn::

        d        = W (q - m) / |W (q - m)|
        response = d . x = d^T W (p - m) = kernel . p + bias
        kernel   = W d,    bias = -kernel . m

    so that whitening costs nothing once learned. The sign of a kernel means nothing but
    "like this patch": a stage that keeps both signs of the response uses each twice.

    No two kernels are equal (images with an empty background would give the same one many
    times), and none comes from the mean patch, which has no direction.

    Parameters
    ----------
    n_kernels : int, default=64
        How many.
    kernel_size : int or (int, int), default=6
        Height and width, in pixels.
    eps : float or None, default=0.01
        What is added to the variance of every direction before it is divided by its root,
        relative to the mean variance of an entry of a patch: the strength of whitening, and
        the knob that matters most. 0.01 is the literature's 1e-3 for pixels in [0, 1] with a
        standard deviation of 0.3. None: no whitening (``W`` removes means at most, ``m = 0``).
    remove_mean : {"channel", "patch"} or None, default=None
        What each patch is made free of first: the mean of each channel, that over all
        channels, or nothing.
    padding : {"valid", "same", "full", "circular"}, default="valid"
        Which patches are drawn from and whitened: those inside the maps; one around every
        pixel, zeros outside; or the same with the opposite border outside.
    clip : bool, default=False
        Where there are fewer than `n_kernels`: take as many, with a warning, instead of
        raising.
    random_state : int, RandomState instance or None, default=None
        An int makes the kernels reproducible. More kernels then go on where fewer ended.

    Attributes
    ----------
    kernels_ : ndarray of float32 of shape (n_kernels, kernel_height, kernel_width, channels)
        ``W d``.
    biases_ : ndarray of float32 of shape (n_kernels,)
        ``-W d . m``.
    directions_ : ndarray of float32 of shape (n_kernels, n_entries)
        ``d``: whitened patches of unit length.
    whitening_ : Whitening
        ``W`` and ``m``.

    References
    ----------
    L. Thiry, M. Arbel, E. Belilovsky, E. Oyallon, "The unreasonable effectiveness of patches
    in deep convolutional kernels methods", ICLR 2021.

    A. Coates, A. Y. Ng, "The importance of encoding versus training with sparse coding and
    vector quantization", ICML 2011.

    Examples
    --------
    >>> import numpy as np
    >>> from skconv.kernels import PatchKernels
    >>> maps = np.random.default_rng(0).integers(0, 256, size=(20, 8, 8, 1)).astype(np.uint8)
    >>> source = PatchKernels(n_kernels=4, kernel_size=3, random_state=0).fit(maps)
    >>> source.kernels_.shape, source.biases_.shape
    ((4, 3, 3, 1), (4,))
    >>> np.linalg.norm(source.directions_, axis=1).round(4)
    array([1., 1., 1., 1.], dtype=float32)
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "n_kernels": [Interval(Integral, 1, None, closed="left")],
        "kernel_size": ["array-like", Interval(Integral, 1, None, closed="left")],
        "eps": [Interval(Real, 0, None, closed="left"), None],
        "remove_mean": [StrOptions({"channel", "patch"}), None],
        "padding": [StrOptions(set(PADDINGS))],
        "clip": ["boolean"],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        *,
        n_kernels: int = 64,
        kernel_size: int | Pair = 6,
        eps: float | None = 0.01,
        remove_mean: RemoveMean = None,
        padding: Padding = "valid",
        clip: bool = False,
        random_state: Any = None,
    ) -> None:
        self.n_kernels = n_kernels
        self.kernel_size = kernel_size
        self.eps = eps
        self.remove_mean = remove_mean
        self.padding = padding
        self.clip = clip
        self.random_state = random_state

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, maps: Maps, y: Any = None) -> PatchKernels:
        """Draw the kernels from maps ``(n_samples, height, width, channels)``.

        Raises
        ------
        ValueError
            Where ``maps`` is not such an array of finite numbers, the kernel does not fit
            in it, or it has patches of fewer directions than `n_kernels`.
        """
        maps, size = check_maps(maps, self.kernel_size, self.padding)
        if not self.clip:
            available = count_patches(maps.shape, size, self.padding)
            limited(self.n_kernels, available, "patch(es) of the maps", clip=False)
        whitening = learn_whitening(
            maps, size, eps=self.eps, remove_mean=self.remove_mean, padding=self.padding
        )
        directions = self._directions(maps, size, whitening)
        self.kernels_, self.biases_ = whitening.fold(directions, (*size, maps.shape[3]))
        self.directions_ = directions.astype(np.float32)
        self.whitening_ = whitening
        return self

    def _directions(self, maps: Maps, size: Pair, whitening: Whitening) -> NDArray[np.float64]:
        """``d`` of the first different patches that have one, in the order of the draw."""
        seed = check_random_state(self.random_state).randint(2**31)
        available = count_patches(maps.shape, size, self.padding)
        most = min(available, max(_MOST_CANDIDATES, 16 * self.n_kernels))
        n_candidates = min(most, 4 * self.n_kernels)
        while True:
            patches, _ = sample_patches(maps, size, n_candidates, seed, self.padding)
            flat = patches.reshape(len(patches), -1)
            white = whitening.apply(flat)
            lengths = np.linalg.norm(white, axis=1)
            no_length = max(_NO_LENGTH * lengths.max(), whitening.rounding(flat))
            directions = unit_rows(white[lengths > no_length])
            first = first_of_equals(directions)
            if len(first) >= self.n_kernels or n_candidates >= most:
                what = f"different directions of {n_candidates} patches drawn, the mean left out"
                n_kernels = limited(self.n_kernels, len(first), what, clip=self.clip)
                return directions[first[:n_kernels]]
            n_candidates = min(2 * n_candidates, most)
