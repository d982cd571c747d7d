"""The encoder of an autoencoder of patches as kernels, a nonlinearity and pooling."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.utils._param_validation import Interval

from skconv.features.base import StageExtractor
from skconv.kernels.autoencoder import AutoencoderKernels
from skconv.kernels.base import Padding, Pair
from skconv.stages.spec import Pool


class AutoencoderFeatures(StageExtractor):
    """Convolve with the encoder of an autoencoder of patches, apply a nonlinearity, and pool.

    The kernels are learned from the samples without labels, by gradient descent on patches
    alone (see `skconv.kernels.AutoencoderKernels`): no gradient goes through the features.

    - ``z = kernel (cross-correlated with) sample + bias``, for every kernel and place: the
      code of the patch before it is shrunk;
    - nonlinearity on every ``z``;
    - pooling over windows; the result is flattened row by row, kernels fastest.

    Put a `StandardScaler` behind.

    Parameters
    ----------
    n_kernels : int, default=64
        How many kernels.
    kernel_size : int or (int, int), default=5
        Height and width of a kernel, in pixels. A signal uses the width alone. Without
        ``input_shape`` a kernel longer than the signal is cut to it, with a warning.
    eps : float or None, default=None
        Strength of whitening, relative to the mean variance of an entry of a patch. None: no
        whitening.
    shrinkage : float, default=1.0
        What the code of a patch is shrunk by before it is decoded; codes have a root mean
        square near 1. More makes kernels that answer to fewer patches each.
    n_patches : int, default=50000
        How many patches are drawn to learn from; bounds the memory.
    n_epochs : int, default=10
        Passes over the patches.
    stride : int or (int, int), default=1
        Step of the kernels.
    padding : {"valid", "same", "full", "circular"}, default="same"
        ``"same"`` adds zeros, ``"circular"`` goes on at the opposite border. A kernel of
        even size reaches one row (column) further down (right) than up (left). Kernels
        are learned from patches inside the samples. ``"full"`` adds zeros so that every
        pixel lies under all weights of a kernel: maps grow by a kernel less one.
    nonlinearity : str, default="abs"
        What is done to every entry of the maps: ``"identity"``, ``"abs"``, ``"square"``,
        ``"relu"``, ``"sign"``, ``"both_signs"`` (``max(z, 0)`` and ``max(-z, 0)``) or
        ``"soft_threshold"`` (``max(z - t, 0)`` and ``max(-z - t, 0)``).
    threshold : float in [0, 1), default=0.5
        For the soft threshold: the share of the entries of each map that become 0.
    pool : {"max", "mean", "sum", "l2", "tent"}, default="mean"
        How a window becomes one number. ``"l2"`` is ``sqrt(sum z^2)``. ``"tent"`` is a
        mean whose weights fall from the middle of a window to its border, by a straight
        line along each axis.
    pool_size : int, (int, int), str or None, default="overlapping"
        Height and width of a window, or a grid that covers the map: ``"global"`` one
        window, ``"quadrants"`` 2 x 2, ``"sixteenths"`` 4 x 4, ``"pyramid"`` 1 x 1, 2 x 2
        and 4 x 4, ``"overlapping"`` 6 x 6, each about twice its step. ``None``: no pooling.
    pool_stride : int, (int, int) or None, default=None
        Step of the windows; ``None`` is ``pool_size``, for tents half of it. Windows that
        do not fit whole are left out.
    root : bool, default=True
        Take ``sign(f) sqrt(|f|)`` of what comes of the pooling: power normalisation, which
        evens out large and small features.
    input_shape : tuple of int, default=None
        Shape of one sample: ``(length,)``, ``(height, width)``, ``(height, width,
        channels)``, ``(1, length, channels)``. ``None`` takes that of ``X``; a flat row is
        then a signal of one channel.
    data_format : {"channels_last", "channels_first"}, default="channels_last"
        Where the channels lie in ``X`` and in ``input_shape``.
    device : {"cpu", "cuda", "auto"}, default="cpu"
        Where `transform` computes.
    batch_size : int or "auto", default="auto"
        Samples computed at a time; ``"auto"`` takes as many as fit the cache.
    n_jobs : int or None, default=None
        Jobs of joblib that `transform` shares the samples out among. ``None`` is 1, unless
        a `joblib.parallel_config` says otherwise; -1 takes all processors. With 1 torch
        uses all of them itself.
    random_state : int, RandomState instance or None, default=None
        An int makes the kernels reproducible.
    verbose : bool or int, default=False
        Print the error after every epoch.

    Attributes
    ----------
    kernels_ : ndarray of float32 of shape (n_kernels, kernel_height, kernel_width, channels)
        The encoder, whitening folded in.
    biases_ : ndarray of float32 of shape (n_kernels,)
        Its biases.
    errors_ : ndarray of float64 of shape (n_epochs,)
        Mean squared error during each epoch: 1 is that of no code at all.
    thresholds_ : ndarray of float32 of shape (n_maps,) or None
        Threshold of every map, for the soft threshold.
    graph_ : Graph
        From a flat sample to its features.
    map_shape_ : tuple of int
        ``(height, width, channels)`` of a sample.
    n_features_in_ : int
        Numbers in one sample.
    feature_names_in_ : ndarray of str
        Columns of ``X``, where it is a data frame.

    See Also
    --------
    KMeansConvFeatures : Centroids of patches in place of an encoder.

    References
    ----------
    J. Masci, U. Meier, D. Ciresan, J. Schmidhuber, "Stacked convolutional auto-encoders for
    hierarchical feature extraction", ICANN 2011.

    Examples
    --------
    >>> from skconv import AutoencoderFeatures
    >>> from skconv.datasets import load_digits
    >>> from sklearn.linear_model import RidgeClassifier
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> X, y = load_digits()
    >>> features = AutoencoderFeatures(n_kernels=16, kernel_size=4, n_epochs=2, random_state=0)
    >>> model = make_pipeline(features, StandardScaler(), RidgeClassifier(alpha=100.0))
    >>> model.fit(X[:1000], y[:1000]).score(X[1000:], y[1000:]) > 0.93
    True
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **StageExtractor._parameter_constraints,
        "n_kernels": [Interval(Integral, 1, None, closed="left")],
        "eps": [Interval(Real, 0, None, closed="left"), None],
        "shrinkage": [Interval(Real, 0, None, closed="left")],
        "n_patches": [Interval(Integral, 1, None, closed="left")],
        "n_epochs": [Interval(Integral, 1, None, closed="left")],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    _fit_reads_maps = False

    errors_: NDArray[np.float64]

    def __init__(
        self,
        *,
        n_kernels: int = 64,
        kernel_size: Any = 5,
        eps: float | None = None,
        shrinkage: float = 1.0,
        n_patches: int = 50_000,
        n_epochs: int = 10,
        stride: Any = 1,
        padding: Padding = "same",
        nonlinearity: str = "abs",
        threshold: float = 0.5,
        pool: Pool = "mean",
        pool_size: Any = "overlapping",
        pool_stride: Any = None,
        root: bool = True,
        input_shape: Any = None,
        data_format: str = "channels_last",
        device: str = "cpu",
        batch_size: Any = "auto",
        n_jobs: int | None = None,
        random_state: Any = None,
        verbose: bool | int = False,
    ) -> None:
        self.n_kernels = n_kernels
        self.kernel_size = kernel_size
        self.eps = eps
        self.shrinkage = shrinkage
        self.n_patches = n_patches
        self.n_epochs = n_epochs
        self.stride = stride
        self.padding = padding
        self.nonlinearity = nonlinearity
        self.threshold = threshold
        self.pool = pool
        self.pool_size = pool_size
        self.pool_stride = pool_stride
        self.root = root
        self.input_shape = input_shape
        self.data_format = data_format
        self.device = device
        self.batch_size = batch_size
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose

    def _kernel_source(self, kernel_size: Pair) -> AutoencoderKernels:
        return AutoencoderKernels(
            n_kernels=self.n_kernels,
            kernel_size=kernel_size,
            eps=self.eps,
            shrinkage=self.shrinkage,
            n_patches=self.n_patches,
            n_epochs=self.n_epochs,
            random_state=self.random_state,
            verbose=self.verbose,
        )

    def _fit_kernels(self, maps: NDArray[Any], y: Any) -> AutoencoderKernels:
        source = super()._fit_kernels(maps, y)
        assert isinstance(source, AutoencoderKernels)
        self.errors_ = source.errors_
        return source
