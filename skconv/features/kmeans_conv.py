"""Centroids of whitened patches as kernels, a nonlinearity and pooling (Coates, Lee, Ng)."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any, ClassVar

from sklearn.utils._param_validation import Interval, StrOptions

from skconv.features.base import StageExtractor
from skconv.features.partial import PartialFitExtractor
from skconv.features.triangle import triangle
from skconv.graph import Graph
from skconv.kernels.base import KernelSource, Padding, Pair
from skconv.kernels.kmeans import Algorithm, KMeansKernels
from skconv.kernels.moments import RemoveMean
from skconv.stages.spec import NONLINEARITY_NAMES, Pool


class KMeansConvFeatures(PartialFitExtractor):
    """Convolve with centroids of whitened patches, apply a nonlinearity, and pool.

    The kernels are learned from the samples without labels (see
    `skconv.kernels.KMeansKernels`):

    - ``z = kernel (cross-correlated with) sample + bias``, for every kernel and place: the
      dot product of the whitened patch and a centroid of unit length;
    - nonlinearity on every ``z``;
    - pooling over windows; the result is flattened row by row, kernels fastest.

    Put a `StandardScaler` behind.

    Parameters
    ----------
    n_kernels : int, default=64
        How many centroids. Without ``input_shape`` more than a signal has patches are cut to
        them, with a warning.
    kernel_size : int or (int, int), default=5
        Height and width of a kernel, in pixels. A signal uses the width alone. Without
        ``input_shape`` a kernel longer than the signal is cut to it, with a warning.
    eps : float or None, default=0.1
        Strength of whitening, relative to the mean variance of an entry of a normalised
        patch. None: no whitening.
    contrast_eps : float or None, default=0.005
        What is added to the variance of every patch before its root divides it, relative to
        the mean of these variances. None: contrast is kept.
    remove_mean : {"channel", "patch"} or None, default="patch"
        What each patch is made free of first: the mean of each channel, that over all
        channels, or nothing.
    n_patches : int, default=50000
        How many patches are drawn to learn from; bounds the memory.
    algorithm : {"minibatch", "lloyd"}, default="minibatch"
        `sklearn.cluster.MiniBatchKMeans` or `sklearn.cluster.KMeans`.
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
        ``"soft_threshold"`` (``max(z - t, 0)`` and ``max(-z - t, 0)``). Or ``"triangle"``,
        not of ``z`` but of the distances ``d`` of the whitened patch to the centroids:
        ``max(mean(d) - d, 0)``, the mean over all centroids. It costs as many more kernels
        as a patch has entries.
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

    Attributes
    ----------
    kernels_ : ndarray of float32 of shape (n_kernels, kernel_height, kernel_width, channels)
        The centroids at unit length, whitening folded in; the largest cluster first.
    biases_ : ndarray of float32 of shape (n_kernels,)
        What takes off the mean of the patches.
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
    RandomConvFeatures : With ``weights="patches"``, patches in place of centroids.

    References
    ----------
    A. Coates, H. Lee, A. Y. Ng, "An analysis of single-layer networks in unsupervised feature
    learning", AISTATS 2011.

    A. Coates, A. Y. Ng, "The importance of encoding versus training with sparse coding and
    vector quantization", ICML 2011 (soft threshold).

    Examples
    --------
    >>> from skconv import KMeansConvFeatures
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.linear_model import RidgeClassifier
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> X, y = load_digits(return_X_y=True)
    >>> features = KMeansConvFeatures(
    ...     n_kernels=32, kernel_size=4, input_shape=(8, 8), random_state=0
    ... )
    >>> model = make_pipeline(features, StandardScaler(), RidgeClassifier(alpha=100.0))
    >>> model.fit(X[:1000], y[:1000]).score(X[1000:], y[1000:]) > 0.93
    True
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **StageExtractor._parameter_constraints,
        "nonlinearity": [StrOptions(NONLINEARITY_NAMES | {"triangle"})],
        "n_kernels": [Interval(Integral, 1, None, closed="left")],
        "eps": [Interval(Real, 0, None, closed="left"), None],
        "contrast_eps": [Interval(Real, 0, None, closed="neither"), None],
        "remove_mean": [StrOptions({"channel", "patch"}), None],
        "n_patches": [Interval(Integral, 1, None, closed="left")],
        "algorithm": [StrOptions({"minibatch", "lloyd"})],
        "random_state": ["random_state"],
    }

    _fit_reads_maps = False

    def __init__(
        self,
        *,
        n_kernels: int = 64,
        kernel_size: Any = 5,
        eps: float | None = 0.1,
        contrast_eps: float | None = 0.005,
        remove_mean: RemoveMean = "patch",
        n_patches: int = 50_000,
        algorithm: Algorithm = "minibatch",
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
    ) -> None:
        self.n_kernels = n_kernels
        self.kernel_size = kernel_size
        self.eps = eps
        self.contrast_eps = contrast_eps
        self.remove_mean = remove_mean
        self.n_patches = n_patches
        self.algorithm = algorithm
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

    def _responses(self, graph: Graph, source: KernelSource) -> Graph:
        if self.nonlinearity != "triangle":
            return super()._responses(graph, source)
        assert isinstance(source, KMeansKernels)
        return triangle(graph, self._stage(), source)

    def _kernel_source(self, kernel_size: Pair) -> KMeansKernels:
        return KMeansKernels(
            n_kernels=self.n_kernels,
            kernel_size=kernel_size,
            eps=self.eps,
            contrast_eps=self.contrast_eps,
            remove_mean=self.remove_mean,
            n_patches=self.n_patches,
            algorithm=self.algorithm,
            clip=self._clip,
            random_state=self.random_state,
        )
