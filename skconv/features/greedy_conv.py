"""Kernels chosen from many by what they help a classifier, a nonlinearity and pooling."""

from __future__ import annotations

from numbers import Integral
from typing import Any, ClassVar

from numpy.typing import NDArray
from sklearn.utils._param_validation import HasMethods, Interval

from skconv.features.base import StageExtractor
from skconv.features.seeds import seeded
from skconv.features.stack import sized
from skconv.kernels.base import KernelSource, Padding, Pair
from skconv.kernels.fixed import FixedKernels
from skconv.kernels.gabor import GaborKernels
from skconv.kernels.greedy import Cost, Direction, GreedyKernels
from skconv.kernels.kmeans import KMeansKernels
from skconv.kernels.pca import PCAKernels, max_rank
from skconv.kernels.random_patches import PatchKernels
from skconv.kernels.union import UnionKernels
from skconv.stages.spec import Pool
from skconv.utils.progress import reporting

# The size of the largest of the known kernels.
_LARGEST_FIXED = 5


class GreedyConvFeatures(StageExtractor):
    """Convolve with the best of many kernels, apply a nonlinearity, and pool; supervised.

    Of the candidates those are kept that help a linear classifier most for what they cost
    (see `skconv.kernels.GreedyKernels`), as features of this very stage:

    - ``z = kernel (cross-correlated with) sample + bias``, for every kernel and place;
    - nonlinearity on every ``z``;
    - pooling over windows; the result is flattened row by row, kernels fastest.

    The choice is made at a stride of 1, by means over the windows, without `root`. Put a
    `StandardScaler` behind.

    Parameters
    ----------
    source : kernel source, default=None
        Gives the candidates: an estimator of `skconv.kernels`, as a rule `UnionKernels`.
        None, on images: 64 whitened patches, 64 centroids of k-means, up to 16 principal
        components, 40 known kernels, and of one channel 32 Gabor kernels. On signals there
        are 8 known kernels and no Gabor kernels.
    n_kernels : int, default=32
        How many are chosen. Without ``input_shape`` more than there are candidates for a
        signal are cut to them, with a warning.
    kernel_size : int or (int, int), default=6
        Height and width, in pixels, of the candidates of ``source=None``; the known ones
        have 5 at most. A signal uses the width alone. Without ``input_shape`` a kernel longer
        than the signal is cut to it, with a warning; so are those of a source.
    cost : {"count", "macs", "flash"}, default="count"
        What a kernel costs: 1, multiplications, or bytes of a microcontroller.
    direction : {"forward", "backward"}, default="forward"
        Add kernels to none, or remove them from all.
    max_samples : int, default=5000
        How many samples are drawn to choose by; bounds the memory.
    stride : int or (int, int), default=1
        Step of the kernels.
    padding : {"valid", "same", "full", "circular"}, default="same"
        ``"same"`` adds zeros, ``"circular"`` goes on at the opposite border. A kernel of
        even size reaches one row (column) further down (right) than up (left). Kernels
        are learned from patches inside the samples. ``"full"`` adds zeros so that every
        pixel lies under all weights of a kernel: maps grow by a kernel less one.
    nonlinearity : str, default="abs"
        What is done to every entry of the maps: ``"abs"``, ``"square"``, ``"relu"``,
        ``"both_signs"`` (``max(z, 0)`` and ``max(-z, 0)``) or ``"soft_threshold"``
        (``max(z - t, 0)`` and ``max(-z - t, 0)``).
    threshold : float in [0, 1), default=0.5
        For the soft threshold: the share of the entries of each map that become 0.
    pool : {"max", "mean", "sum", "l2", "tent"}, default="mean"
        How a window becomes one number. ``"l2"`` is ``sqrt(sum z^2)``. ``"tent"`` is a
        mean whose weights fall from the middle of a window to its border, by a straight
        line along each axis.
    pool_size : int, (int, int) or str, default="sixteenths"
        Height and width of a window, or a grid that covers the map: ``"global"`` one
        window, ``"quadrants"`` 2 x 2, ``"sixteenths"`` 4 x 4, ``"pyramid"`` 1 x 1, 2 x 2
        and 4 x 4, ``"overlapping"`` 6 x 6, each about twice its step.
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
    verbose : int, default=0
        1 prints a line for each kernel that is chosen, with the seconds since the start.
    random_state : int, RandomState instance or None, default=None
        An int makes the kernels reproducible; it seeds sources that have none.

    Attributes
    ----------
    kernels_ : ndarray of float32 of shape (n_kernels, kernel_height, kernel_width, channels)
        The kernels, the first chosen first.
    biases_ : ndarray of float32 of shape (n_kernels,)
        Their biases.
    greedy_ : GreedyKernels
        The choice: scores after each step, costs, and the candidates.
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
    ConvFeatures : Takes `GreedyKernels` as the source of any stage.

    References
    ----------
    Y. C. Pati, R. Rezaiifar, P. S. Krishnaprasad, "Orthogonal matching pursuit: recursive
    function approximation with applications to wavelet decomposition", Asilomar Conference on
    Signals, Systems and Computers, 1993.

    Examples
    --------
    >>> from skconv import GreedyConvFeatures
    >>> from skconv.datasets import load_digits
    >>> from sklearn.linear_model import RidgeClassifier
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> X, y = load_digits()
    >>> features = GreedyConvFeatures(n_kernels=8, kernel_size=5, random_state=0)
    >>> model = make_pipeline(features, StandardScaler(), RidgeClassifier(alpha=100.0))
    >>> model.fit(X[:1000], y[:1000]).score(X[1000:], y[1000:]) > 0.93
    True
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **StageExtractor._parameter_constraints,
        "source": [HasMethods(["fit", "get_params"]), None],
        "n_kernels": [Interval(Integral, 1, None, closed="left")],
        **{
            name: GreedyKernels._parameter_constraints[name]
            for name in ("cost", "direction", "max_samples", "nonlinearity", "pool_size", "verbose")
        },
        "random_state": ["random_state"],
    }

    _fit_reads_maps = False

    greedy_: GreedyKernels

    def __init__(
        self,
        *,
        source: KernelSource | None = None,
        n_kernels: int = 32,
        kernel_size: Any = 6,
        cost: Cost = "count",
        direction: Direction = "forward",
        max_samples: int = 5000,
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
        verbose: int = 0,
        random_state: Any = None,
    ) -> None:
        self.source = source
        self.n_kernels = n_kernels
        self.kernel_size = kernel_size
        self.cost = cost
        self.direction = direction
        self.max_samples = max_samples
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
        self.verbose = verbose
        self.random_state = random_state

    def _kernel_source(self, kernel_size: Pair) -> GreedyKernels:
        source = self._candidates(kernel_size) if self.source is None else self.source
        source = sized(source, self.map_shape_, clip=self._may_cut("source"))
        return GreedyKernels(
            source=seeded(source, self.random_state),
            n_kernels=self.n_kernels,
            cost=self.cost,
            direction=self.direction,
            nonlinearity=self.nonlinearity,
            threshold=self.threshold,
            pool_size=self.pool_size,
            pool_stride=self.pool_stride,
            padding=self.padding,
            max_samples=self.max_samples,
            clip=self._clip,
            random_state=self.random_state,
        )

    def _candidates(self, kernel_size: Pair) -> UnionKernels:
        """Sources of all kinds."""
        height, width, channels = self.map_shape_
        sources: list[tuple[str, Any]] = [
            ("patches", PatchKernels(n_kernels=64, kernel_size=kernel_size)),
            ("centroids", KMeansKernels(n_kernels=64, kernel_size=kernel_size)),
        ]
        if rank := max_rank((*kernel_size, channels), "channel"):
            components = PCAKernels(n_kernels=min(16, rank), kernel_size=kernel_size)
            sources.append(("components", components))
        if width >= _LARGEST_FIXED and (height == 1 or height >= _LARGEST_FIXED):
            sources.append(("known", FixedKernels()))
        if height > 1 and channels == 1:
            sources.append(("waves", GaborKernels(wavelengths=(3.0, 4.5), kernel_size=kernel_size)))
        return UnionKernels(sources=sources)

    def _fit_kernels(self, maps: NDArray[Any], y: Any) -> GreedyKernels:
        if y is None:
            raise ValueError("GreedyConvFeatures requires y to be passed, but the target y is None")
        with reporting(type(self).__name__, self.verbose):
            self.greedy_ = super()._fit_kernels(maps, y)  # type: ignore[assignment]
        return self.greedy_

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        return tags
