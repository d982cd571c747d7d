"""Principal components of patches as kernels, a nonlinearity and pooling (PCNN)."""

from __future__ import annotations

from numbers import Integral
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.utils._param_validation import Interval, StrOptions

from skconv.features.base import StageExtractor
from skconv.features.partial import PartialFitExtractor
from skconv.graph import Graph
from skconv.kernels.base import KernelSource, Padding, Pair
from skconv.kernels.pca import PCAKernels, RemoveMean
from skconv.stages.spec import Pool
from skconv.utils.merge import check_alike, merge


class PCAConvFeatures(PartialFitExtractor):
    """Convolve with the principal components of patches, apply a nonlinearity, and pool.

    The kernels are learned from the samples without labels and without iteration (see
    `skconv.kernels.pca.PCAKernels`):

    - ``z = kernel (cross-correlated with) sample``, for every kernel and place;
    - nonlinearity on every ``z``. Principal components have no preferred sign, so that
      ``"relu"`` would throw half away: ``"abs"`` keeps it, and ``"both_signs"`` apart;
    - pooling over windows; the result is flattened row by row, kernels fastest.

    There is no bias: features scale with the input (by a square with
    ``nonlinearity="square"`` and max or mean pooling). Put a `StandardScaler` behind.

    Parameters
    ----------
    n_kernels : int, default=32
        How many kernels, at most the rank of the patches: ``channels * (kernel_height *
        kernel_width - 1)`` once channel means are removed. Without ``input_shape`` more
        than a signal gives are cut to it, with a warning.
    kernel_size : int or (int, int), default=7
        Height and width of a kernel, in pixels. A signal uses the width alone. Without
        ``input_shape`` a kernel longer than the signal is cut to it, with a warning.
    remove_mean : {"channel", "patch"} or None, default="channel"
        Mean that each patch is made free of: of each channel, of all channels, none.
    stride : int or (int, int), default=1
        Step of the kernels in `transform`. They are learned from all patches.
    padding : {"valid", "same", "full", "circular"}, default="same"
        ``"same"`` adds zeros, ``"circular"`` goes on at the opposite border; in learning
        too. A kernel of even size reaches one row (column) further down (right) than up
        (left). ``"full"`` adds zeros so that every pixel lies under all weights of a
        kernel: maps grow by a kernel less one.
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

    Attributes
    ----------
    kernels_ : ndarray of float32 of shape (n_kernels, kernel_height, kernel_width, channels)
        The kernels, largest eigenvalue first; of each, the largest entry (the first one on
        ties) is positive.
    biases_ : ndarray of float32 of shape (n_kernels,)
        Zeros.
    thresholds_ : ndarray of float32 of shape (n_maps,) or None
        Threshold of every map, for the soft threshold.
    eigenvalues_ : ndarray of float64 of shape (n_kernels,)
        Mean square of ``z`` over all patches.
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
    PCANetFeatures : Two stages of such kernels, hashed to bits and counted.

    References
    ----------
    T. Li, X. Yang, Q. Chen, S. Zhu, "Chinese digit gesture recognition with a PCA
    convolutional network", ICCSN 2016, pages 620-624 (PCA kernels in a network that is not
    trained through them).

    T.-H. Chan, K. Jia, S. Gao, J. Lu, Z. Zeng, Y. Ma, "PCANet: a simple deep learning
    baseline for image classification?", IEEE Transactions on Image Processing 24(12),
    2015, equations 1 to 3 (the kernels).

    Examples
    --------
    >>> from skconv import PCAConvFeatures
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.linear_model import RidgeClassifier
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> X, y = load_digits(return_X_y=True)
    >>> features = PCAConvFeatures(n_kernels=8, kernel_size=3, input_shape=(8, 8))
    >>> model = make_pipeline(features, StandardScaler(), RidgeClassifier(alpha=100.0))
    >>> model.fit(X[:1000], y[:1000]).score(X[1000:], y[1000:]) > 0.93
    True
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **StageExtractor._parameter_constraints,
        "n_kernels": [Interval(Integral, 1, None, closed="left")],
        "remove_mean": [StrOptions({"channel", "patch"}), None],
    }

    _fit_reads_maps = False

    eigenvalues_: NDArray[np.float64]

    def __init__(
        self,
        *,
        n_kernels: int = 32,
        kernel_size: Any = 7,
        remove_mean: RemoveMean = "channel",
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
    ) -> None:
        self.n_kernels = n_kernels
        self.kernel_size = kernel_size
        self.remove_mean = remove_mean
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

    def _kernel_source(self, kernel_size: Pair) -> PCAKernels:
        return PCAKernels(
            n_kernels=self.n_kernels,
            kernel_size=kernel_size,
            padding=self.padding,
            remove_mean=self.remove_mean,
            clip=self._clip,
        )

    def _graph_of(self, source: KernelSource, maps: NDArray[Any]) -> Graph:
        assert isinstance(source, PCAKernels)
        self.eigenvalues_ = source.eigenvalues_
        return super()._graph_of(source, maps)

    def _add_sums(self, other: PCAConvFeatures) -> None:
        """What `skconv.merge` does, once both are known to be alike."""
        check_alike(self, other, "map_shape_", "n_features_in_", "feature_names_in_")
        if self.nonlinearity == "soft_threshold":
            raise ValueError(
                "merge with nonlinearity='soft_threshold', whose thresholds come from samples, not "
                "from sums: merge with another nonlinearity, or merge PCAKernels"
            )
        self._source = merge(self._source, other._source)
        self.input_range_ = self.input_range_.joined(other.input_range_)
        no_maps = np.empty((0, *self.map_shape_), np.float32)
        self.graph_ = self._sample_graph(self._graph_of(self._source, no_maps), self._sample_shape)
