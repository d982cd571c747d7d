"""Kernels of an autoencoder of patches, its decoder the transpose of its encoder."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, _fit_context
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, StrOptions

from skconv.kernels.base import PADDINGS, Padding, Pair, check_maps
from skconv.kernels.moments import Maps, RemoveMean
from skconv.kernels.patches import sample_patches
from skconv.kernels.whitening import learn_whitening
from skconv.utils.descent import Adam

Floats = NDArray[np.float64]


class AutoencoderKernels(BaseEstimator):
    """The encoder of an autoencoder of patches with tied weights.

    With ``x = W (p - m) / s`` a patch, whitened or only made free of its mean (see
    `skconv.kernels.whitening.learn_whitening`) and brought to a mean square of 1::

        response  = K x + b = kernel . p + bias
        code      = sign(response) max(|response| - shrinkage, 0)
        minimise    |x - K^T code - c|^2        over K, b and c, by Adam

    and the kernels are ``K W / s``. Without a nonlinearity the kernels span what the leading
    eigenvectors of the covariance of patches do, and are no better; one that makes small
    responses 0 lets each kernel answer to fewer patches.

    Parameters
    ----------
    n_kernels : int, default=64
        How many.
    kernel_size : int or (int, int), default=6
        Height and width, in pixels.
    nonlinearity : {"soft_threshold", "relu", "identity"}, default="soft_threshold"
        What makes a code of the responses. ``"relu"``, ``max(response, 0)``, finds kernels in
        pairs of both signs: half of them are wasted on a stage that keeps both signs itself.
    shrinkage : float, default=1.0
        Of the soft threshold. Responses have a root mean square near 1.
    eps : float or None, default=None
        Strength of whitening, relative to the mean variance of an entry of a patch. None:
        none, and no mean patch is taken off (``m = 0``); the error then counts most what varies
        most, which are broad shades.
    remove_mean : {"channel", "patch"} or None, default="patch"
        What each patch is made free of first: the mean of each channel, that over all
        channels, or nothing.
    padding : {"valid", "same", "full", "circular"}, default="valid"
        Where patches lie: inside the maps; around every pixel, zeros outside; or the same
        with the opposite border outside.
    n_patches : int, default=50000
        How many patches are drawn to learn from; bounds the memory.
    n_epochs : int, default=10
        Passes over the patches.
    batch_size : int, default=256
        Patches a step.
    learning_rate : float, default=0.01
        At the start; it falls to 0 as half a cosine.
    random_state : int, RandomState instance or None, default=None
        Draws patches, first kernels, and batches. An int makes the kernels reproducible.
    verbose : bool or int, default=False
        Print the error after every epoch.

    Attributes
    ----------
    kernels_ : ndarray of float32 of shape (n_kernels, kernel_height, kernel_width, channels)
        ``K W / s``.
    biases_ : ndarray of float32 of shape (n_kernels,)
        ``b - K W m / s``.
    errors_ : ndarray of float64 of shape (n_epochs,)
        Mean squared error of an entry of ``x`` during each epoch: 1 is that of no code at all.
    whitening_ : Whitening
        ``W`` and ``m``.

    References
    ----------
    Y. Bengio, P. Lamblin, D. Popovici, H. Larochelle, "Greedy layer-wise training of deep
    networks", NIPS 2006.

    J. Masci, U. Meier, D. Ciresan, J. Schmidhuber, "Stacked convolutional auto-encoders for
    hierarchical feature extraction", ICANN 2011.

    Examples
    --------
    >>> import numpy as np
    >>> from skconv.kernels import AutoencoderKernels
    >>> maps = np.random.default_rng(0).integers(0, 256, size=(20, 8, 8, 1)).astype(np.uint8)
    >>> source = AutoencoderKernels(n_kernels=4, kernel_size=3, n_epochs=5, random_state=0)
    >>> source.fit(maps).kernels_.shape
    (4, 3, 3, 1)
    >>> bool(source.errors_[-1] < source.errors_[0])
    True
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "n_kernels": [Interval(Integral, 1, None, closed="left")],
        "kernel_size": ["array-like", Interval(Integral, 1, None, closed="left")],
        "nonlinearity": [StrOptions({"soft_threshold", "relu", "identity"})],
        "shrinkage": [Interval(Real, 0, None, closed="left")],
        "eps": [Interval(Real, 0, None, closed="left"), None],
        "remove_mean": [StrOptions({"channel", "patch"}), None],
        "padding": [StrOptions(set(PADDINGS))],
        "n_patches": [Interval(Integral, 1, None, closed="left")],
        "n_epochs": [Interval(Integral, 1, None, closed="left")],
        "batch_size": [Interval(Integral, 1, None, closed="left")],
        "learning_rate": [Interval(Real, 0, None, closed="neither")],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    def __init__(
        self,
        *,
        n_kernels: int = 64,
        kernel_size: int | Pair = 6,
        nonlinearity: Literal["soft_threshold", "relu", "identity"] = "soft_threshold",
        shrinkage: float = 1.0,
        eps: float | None = None,
        remove_mean: RemoveMean = "patch",
        padding: Padding = "valid",
        n_patches: int = 50_000,
        n_epochs: int = 10,
        batch_size: int = 256,
        learning_rate: float = 0.01,
        random_state: Any = None,
        verbose: bool | int = False,
    ) -> None:
        self.n_kernels = n_kernels
        self.kernel_size = kernel_size
        self.nonlinearity = nonlinearity
        self.shrinkage = shrinkage
        self.eps = eps
        self.remove_mean = remove_mean
        self.padding = padding
        self.n_patches = n_patches
        self.n_epochs = n_epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.random_state = random_state
        self.verbose = verbose

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, maps: Maps, y: Any = None) -> AutoencoderKernels:
        """Learn the kernels from maps ``(n_samples, height, width, channels)``.

        Raises
        ------
        ValueError
            Where ``maps`` is not such an array of finite numbers, the kernel does not fit
            in it, or all patches are flat; where the error is no longer finite, because
            `learning_rate` is too large.
        """
        maps, size = check_maps(maps, self.kernel_size, self.padding)
        random_state = check_random_state(self.random_state)
        whitening = learn_whitening(
            maps, size, eps=self.eps, remove_mean=self.remove_mean, padding=self.padding
        )
        patches, _ = sample_patches(maps, size, self.n_patches, random_state, self.padding)
        flat = patches.reshape(len(patches), -1)
        white = whitening.apply(flat)
        if np.abs(white).max() <= whitening.rounding(flat):
            raise ValueError("maps have patches that are all flat: there is nothing to learn")
        scale = np.sqrt(np.mean(white**2))
        encoder, offsets, errors = self._descend(white / scale, random_state)
        if not np.isfinite(errors[-1]):
            raise ValueError(
                f"learning_rate={self.learning_rate!r} lets the error grow without end: "
                f"expected less"
            )
        self.kernels_, biases = whitening.fold(encoder / scale, (*size, maps.shape[3]))
        self.biases_ = (biases + offsets).astype(np.float32)
        self.errors_, self.whitening_ = errors, whitening
        return self

    def _descend(
        self, patches: Floats, random_state: np.random.RandomState
    ) -> tuple[Floats, Floats, Floats]:
        """``K``, ``b``, and the mean error of every epoch."""
        n_entries = patches.shape[1]
        kernels = random_state.normal(size=(self.n_kernels, n_entries)) / np.sqrt(n_entries)
        biases, offset = np.zeros(self.n_kernels), np.zeros(n_entries)
        n_batches = -(-len(patches) // self.batch_size)
        rates = [self.learning_rate] * 3
        adam = Adam([kernels, biases, offset], rates, self.n_epochs * n_batches)
        errors = np.zeros(self.n_epochs)
        with np.errstate(over="ignore", invalid="ignore"):  # an error without end is refused
            for epoch in range(self.n_epochs):
                for rows in np.array_split(random_state.permutation(len(patches)), n_batches):
                    error, gradients = self._error(patches[rows], kernels, biases, offset)
                    adam.step(gradients)
                    errors[epoch] += error * len(rows) / len(patches)
                if self.verbose:
                    print(f"epoch {epoch + 1}/{self.n_epochs}: error {errors[epoch]:.4f}")
        return kernels, biases, errors

    def _error(
        self, batch: Floats, kernels: Floats, biases: Floats, offset: Floats
    ) -> tuple[float, tuple[Floats, Floats, Floats]]:
        """The mean squared error of a batch, and its gradients."""
        codes, slopes = self._codes(batch @ kernels.T + biases)
        left = codes @ kernels + offset - batch
        slope = left * (2 / left.size)
        by_response = (slope @ kernels.T) * slopes
        by_kernel = codes.T @ slope + by_response.T @ batch
        return float(np.mean(left**2)), (by_kernel, by_response.sum(axis=0), slope.sum(axis=0))

    def _codes(self, responses: Floats) -> tuple[Floats, Any]:
        """What responses become before they are decoded, and the slope of each there."""
        if self.nonlinearity == "identity":
            return responses, 1.0
        if self.nonlinearity == "relu":
            return np.maximum(responses, 0), responses > 0
        codes = responses - np.clip(responses, -self.shrinkage, self.shrinkage)
        return codes, np.abs(responses) > self.shrinkage
