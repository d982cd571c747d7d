"""Random kernels, a nonlinearity and pooling (Saxe et al. 2011)."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any, ClassVar, Literal

from sklearn.utils._param_validation import Interval, StrOptions

from skconv.features.base import StageExtractor
from skconv.kernels.base import KernelSource, Pair
from skconv.kernels.random import RandomKernels, Weights
from skconv.kernels.random_patches import PatchKernels
from skconv.stages.spec import Padding, Pool


class RandomConvFeatures(StageExtractor):
    """Convolve with random kernels, apply a nonlinearity, and pool.

    Random kernels with pooled magnitudes select frequencies and do not mind small shifts,
    so that a linear classifier on them is a strong start, with nothing to train. The square
    pooling of Saxe et al. is ``nonlinearity="square", pool="l2", root=False``.

    - ``z = kernel (cross-correlated with) sample``, for every kernel and place;
    - nonlinearity on every ``z``;
    - pooling over windows; the result is flattened row by row, kernels fastest.

    There is no bias, unless patches are whitened: features scale with the input (by a
    square with ``nonlinearity="square"`` and max, mean or sum pooling). Put a
    `StandardScaler` behind.

    Parameters
    ----------
    n_kernels : int, default=96
        How many kernels. Without ``input_shape`` more than a signal has different patches,
        where these are the kernels, are cut to them, with a warning.
    kernel_size : int or (int, int), default=5
        Height and width of a kernel, in pixels. A signal uses the width alone. Without
        ``input_shape`` a kernel longer than the signal is cut to it, with a warning.
    weights : {"normal", "signs", "ternary", "patches"}, default="normal"
        Standard normal; -1 or 1; -1, 0 or 1 (these two need no multiplication on a
        microcontroller); or whitened patches of the samples seen in `fit` (see
        `skconv.kernels.PatchKernels`).
    zero_mean : bool or "auto", default="auto"
        Subtract each kernel's mean in every channel, so that a constant image gives 0; of
        patches, the mean of each in every channel before it is whitened. Only for normal
        weights and patches. ``"auto"`` is True for normal weights, else False.
    eps : float or None, default=0.01
        For patches: strength of whitening, relative to the mean variance of an entry of a
        patch. None: no whitening.
    stride : int or (int, int), default=1
        Step of the kernels.
    padding : {"valid", "same", "full", "circular"}, default="same"
        ``"same"`` adds zeros, ``"circular"`` goes on at the opposite border. A kernel of
        even size reaches one row (column) further down (right) than up (left). ``"full"``
        adds zeros so that every pixel lies under all weights of a kernel: maps grow by a
        kernel less one.
    nonlinearity : str, default="abs"
        What is done to every entry of the maps: ``"identity"``, ``"abs"``, ``"square"``,
        ``"relu"``, ``"sign"``, ``"both_signs"`` (``max(z, 0)`` and ``max(-z, 0)``) or
        ``"soft_threshold"`` (``max(z - t, 0)`` and ``max(-z - t, 0)``).
    threshold : float in [0, 1), default=0.5
        For the soft threshold: the share of the entries of each map that become 0.
    pool : {"max", "mean", "sum", "l2", "tent"}, default="mean"
        How a window becomes one number. ``"l2"`` is ``sqrt(sum z^2)``; with it
        ``"identity"``, ``"abs"`` and ``"square"`` are one and the same. ``"tent"`` is a
        mean whose weights fall from the middle of a window to its border, by a straight
        line along each axis.
    pool_size : int, (int, int), str or None, default="sixteenths"
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

    Attributes
    ----------
    kernels_ : ndarray of float32 of shape (n_kernels, kernel_height, kernel_width, channels)
        The kernels.
    biases_ : ndarray of float32 of shape (n_kernels,)
        Zeros; of whitened patches, what takes off their mean.
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
    GaborFeatures : Kernels by formula instead.
    KMeansConvFeatures : Centroids of patches in place of patches.

    References
    ----------
    A. Saxe, P. W. Koh, Z. Chen, M. Bhand, B. Suresh, A. Ng, "On random weights and
    unsupervised feature learning", ICML 2011, section 2 (square pooling).

    L. Thiry, M. Arbel, E. Belilovsky, E. Oyallon, "The unreasonable effectiveness of patches
    in deep convolutional kernels methods", ICLR 2021 (whitened patches).

    Examples
    --------
    >>> from skconv import RandomConvFeatures
    >>> from skconv.datasets import load_digits
    >>> from sklearn.linear_model import RidgeClassifier
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> X, y = load_digits(return_X_y=True)
    >>> features = RandomConvFeatures(
    ...     n_kernels=32, kernel_size=3, pool_size=2, random_state=0
    ... )
    >>> model = make_pipeline(features, StandardScaler(), RidgeClassifier(alpha=100.0))
    >>> model.fit(X[:1000], y[:1000]).score(X[1000:], y[1000:]) > 0.93
    True
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **StageExtractor._parameter_constraints,
        "n_kernels": [Interval(Integral, 1, None, closed="left")],
        "weights": [StrOptions({"normal", "signs", "ternary", "patches"})],
        "zero_mean": ["boolean", StrOptions({"auto"})],
        "eps": [Interval(Real, 0, None, closed="left"), None],
        "random_state": ["random_state"],
    }

    _fit_reads_maps = False

    def __init__(
        self,
        *,
        n_kernels: int = 96,
        kernel_size: Any = 5,
        weights: Weights | Literal["patches"] = "normal",
        zero_mean: bool | Literal["auto"] = "auto",
        eps: float | None = 0.01,
        stride: Any = 1,
        padding: Padding = "same",
        nonlinearity: str = "abs",
        threshold: float = 0.5,
        pool: Pool = "mean",
        pool_size: Any = "sixteenths",
        pool_stride: Any = None,
        root: bool = True,
        input_shape: Any = None,
        data_format: str = "channels_last",
        device: str = "cpu",
        batch_size: Any = "auto",
        n_jobs: int | None = None,
        random_state: Any = None,
    ) -> None:
        self.n_kernels = n_kernels
        self.kernel_size = kernel_size
        self.weights = weights
        self.zero_mean = zero_mean
        self.eps = eps
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

    def _kernel_source(self, kernel_size: Pair) -> KernelSource:
        automatic = isinstance(self.zero_mean, str)
        zero_mean = self.weights == "normal" if automatic else bool(self.zero_mean)
        if self.weights == "patches":
            return PatchKernels(
                n_kernels=self.n_kernels,
                kernel_size=kernel_size,
                eps=self.eps,
                remove_mean="channel" if zero_mean else None,
                clip=self._clip,
                random_state=self.random_state,
            )
        return RandomKernels(
            n_kernels=self.n_kernels,
            kernel_size=kernel_size,
            weights=self.weights,
            zero_mean=zero_mean,
            random_state=self.random_state,
        )
