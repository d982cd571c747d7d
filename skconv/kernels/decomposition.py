"""Kernels that a decomposition of scikit-learn finds: ICA, sparse dictionaries, any other."""

from __future__ import annotations

import math
from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, _fit_context, clone
from sklearn.decomposition import FastICA
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions

from skconv.kernels.base import PADDINGS, Padding, Pair, check_maps
from skconv.kernels.moments import Maps, RemoveMean
from skconv.kernels.patches import sample_patches
from skconv.kernels.pca import max_rank
from skconv.kernels.whitening import learn_whitening

_N_COMPONENTS = 16


class DecompositionKernels(BaseEstimator):
    """The components that a decomposition finds in patches, as kernels.

    The decomposition is fitted to patches ``x = W (p - m)``, whitened or only made free of
    their means (see `skconv.kernels.whitening.learn_whitening`). Its components ``V``, and
    the mean ``u`` that it takes off where it has one, fold::

        response = V (x - u) = kernel . p + bias
        kernel   = W V^T,    bias = -kernel . m - V u

    For `FastICA` and `PCA` this is what their ``transform`` gives. A sparse dictionary's
    ``transform`` solves a problem for each patch; the response is the correlation with the
    atoms instead.

    Parameters
    ----------
    estimator : estimator, default=None
        Has ``fit`` and then ``components_`` of shape ``(n_kernels, n_entries)``:
        `sklearn.decomposition.FastICA`, `MiniBatchDictionaryLearning`, `SparsePCA`, ... None
        is ``FastICA(16, whiten="unit-variance")``, fewer where patches have a lower rank.
        Its ``random_state``, where that is None, comes from `random_state` below. The
        number of kernels is its ``n_components``.
    kernel_size : int or (int, int), default=6
        Height and width, in pixels.
    eps : float or None, default=None
        Strength of whitening, relative to the mean variance of an entry of a patch. None:
        none, and no mean patch is taken off (``m = 0``). `FastICA` whitens by itself; a
        dictionary of natural images wants 0.01 or so.
    remove_mean : {"channel", "patch"} or None, default="patch"
        What each patch is made free of: the mean of each channel, that over all channels,
        or nothing (which a factorisation without negative numbers needs).
    padding : {"valid", "same", "full", "circular"}, default="valid"
        Where patches lie: inside the maps; around every pixel, zeros outside; or the same
        with the opposite border outside.
    n_patches : int, default=20000
        How many patches are drawn to learn from; bounds the memory.
    random_state : int, RandomState instance or None, default=None
        An int makes the kernels reproducible.

    Attributes
    ----------
    kernels_ : ndarray of float32 of shape (n_kernels, kernel_height, kernel_width, channels)
        The components, folded.
    biases_ : ndarray of float32 of shape (n_kernels,)
        Zeros where nothing is taken off but the mean of the patch itself.
    estimator_ : estimator
        The clone that was fitted to the patches.
    whitening_ : Whitening
        ``W`` and ``m``.

    References
    ----------
    A. J. Bell, T. J. Sejnowski, "The 'independent components' of natural scenes are edge
    filters", Vision Research 37(23), 1997.

    B. A. Olshausen, D. J. Field, "Emergence of simple-cell receptive field properties by
    learning a sparse code for natural images", Nature 381, 1996.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.decomposition import FastICA
    >>> from skconv.kernels import DecompositionKernels
    >>> maps = np.random.default_rng(0).exponential(size=(30, 8, 8, 1))
    >>> ica = FastICA(4, whiten="unit-variance")
    >>> source = DecompositionKernels(estimator=ica, kernel_size=3, random_state=0).fit(maps)
    >>> source.kernels_.shape
    (4, 3, 3, 1)
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "estimator": [HasMethods(["fit"]), None],
        "kernel_size": ["array-like", Interval(Integral, 1, None, closed="left")],
        "eps": [Interval(Real, 0, None, closed="left"), None],
        "remove_mean": [StrOptions({"channel", "patch"}), None],
        "padding": [StrOptions(set(PADDINGS))],
        "n_patches": [Interval(Integral, 1, None, closed="left")],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        *,
        estimator: Any = None,
        kernel_size: int | Pair = 6,
        eps: float | None = None,
        remove_mean: RemoveMean = "patch",
        padding: Padding = "valid",
        n_patches: int = 20_000,
        random_state: Any = None,
    ) -> None:
        self.estimator = estimator
        self.kernel_size = kernel_size
        self.eps = eps
        self.remove_mean = remove_mean
        self.padding = padding
        self.n_patches = n_patches
        self.random_state = random_state

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, maps: Maps, y: Any = None) -> DecompositionKernels:
        """Learn the kernels from maps ``(n_samples, height, width, channels)``.

        Raises
        ------
        ValueError
            Where ``maps`` is not such an array of finite numbers, the kernel does not fit
            in it, all patches are equal, or the estimator once fitted has no finite
            ``components_``, of one number for each of a patch.
        """
        maps, size = check_maps(maps, self.kernel_size, self.padding)
        patch = (*size, maps.shape[3])
        random_state = check_random_state(self.random_state)
        estimator = self._estimator(max_rank(patch, self.remove_mean), random_state)
        whitening = learn_whitening(
            maps, size, eps=self.eps, remove_mean=self.remove_mean, padding=self.padding
        )
        patches, _ = sample_patches(maps, size, self.n_patches, random_state, self.padding)
        flat = patches.reshape(len(patches), -1)
        white = whitening.apply(flat)
        if np.ptp(white, axis=0).max() <= whitening.rounding(flat):
            raise ValueError("maps have patches that are all equal: there is nothing to learn")
        estimator.fit(white)
        components = _components(estimator, math.prod(patch))
        kernels, biases = whitening.fold(components, patch)
        if (mean := getattr(estimator, "mean_", None)) is not None:
            biases = biases - (components @ mean).astype(np.float32)
        self.kernels_, self.biases_ = kernels, biases
        self.estimator_, self.whitening_ = estimator, whitening
        return self

    def _estimator(self, rank: int, random_state: np.random.RandomState) -> Any:
        """The estimator to fit, its random numbers decided."""
        if self.estimator is None:
            estimator: Any = FastICA(min(_N_COMPONENTS, rank), whiten="unit-variance")
        else:
            estimator = clone(self.estimator)
        if estimator.get_params(deep=False).get("random_state", 0) is None:
            estimator.set_params(random_state=random_state.randint(2**31))
        return estimator


def _components(estimator: Any, n_entries: int) -> NDArray[np.float64]:
    components = np.asarray(getattr(estimator, "components_", ()), np.float64)
    if components.shape[1:] != (n_entries,):
        raise ValueError(
            f"estimator={estimator!r} has components_ of shape {components.shape} once "
            f"fitted, expected (n_kernels, {n_entries})"
        )
    if not np.isfinite(components).all():
        raise ValueError(
            f"estimator={estimator!r} has components_ that are not finite: expected fewer than the "
            f"{len(components)}, or patches of higher rank"
        )
    return components
