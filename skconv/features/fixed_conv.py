"""Known kernels (Sobel, Laplace, Laws, ...), a nonlinearity and pooling."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.utils._param_validation import StrOptions

from skconv.exceptions import ShapeWarning, warn
from skconv.features.base import STAGE_CONSTRAINTS, ConvExtractor, StageExtractor
from skconv.graph import Concat, Conv, Graph, Median
from skconv.kernels.base import KernelSource, Padding, Pair, border
from skconv.kernels.fixed import FixedKernels
from skconv.stages.spec import Pool

# The longest kernel for signals.
_LONGEST = 5
_MEDIAN = "median"


class FixedConvFeatures(StageExtractor):
    """Convolve with known kernels, apply a nonlinearity, and pool.

    Nothing is learned (`skconv.kernels.FixedKernels` lists the kernels): with the default
    magnitudes and means these are the classic energies of edges and textures.

    - ``z = kernel (cross-correlated with) sample``, for every kernel and place;
    - nonlinearity on every ``z``;
    - pooling over windows; the result is flattened row by row, kernels fastest.

    There is no bias: features scale with the input (by a square with
    ``nonlinearity="square"`` and max, mean or sum pooling). Put a `StandardScaler` behind.

    Parameters
    ----------
    names : str or sequence of str, default="all"
        Names of kernels and of groups: ``"sobel"``, ``"scharr"``, ``"prewitt"``,
        ``"gauss"``, ``"laplace"``, ``"laws"``, ``"rows"``. ``"all"``: 40 kernels on images,
        those of one row on signals. Without ``input_shape`` kernels longer than the signal
        are cut to it, with a warning. ``"median"`` beside at least one kernel: the median of
        3 x 3 pixels of every channel, on images. It is no kernel; its maps come last.
    normalize : bool, default=True
        Divide each kernel by the sum of the magnitudes of its entries, which are integers
        otherwise.
    channels : {"mean", "each"}, default="each"
        For samples of several channels: each kernel sees their mean, or each channel alone.
    stride : int or (int, int), default=1
        Step of the kernels.
    padding : {"valid", "same", "full", "circular"}, default="same"
        ``"same"`` adds zeros, ``"circular"`` goes on at the opposite border. ``"full"``
        adds zeros so that every pixel lies under all weights of a kernel: maps grow by a
        kernel less one.
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
        The kernels in the order of their names.
    names_ : list of str
        Name of every map: of every kernel, and ``"median"`` for each channel.
    biases_ : ndarray of float32 of shape (n_kernels,)
        Zeros.
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
    GaborFeatures : Kernels by formula.

    References
    ----------
    K. I. Laws, "Rapid texture identification", Image Processing for Missile Guidance, Proc.
    SPIE 238, 1980.

    Examples
    --------
    >>> from skconv import FixedConvFeatures
    >>> from skconv.datasets import load_digits
    >>> X, y = load_digits(return_X_y=True)
    >>> features = FixedConvFeatures(names=["sobel", "laplace"], pool_size="quadrants")
    >>> features.fit_transform(X).shape
    (1797, 24)
    >>> features.names_[:3]
    ['sobel_0', 'sobel_45', 'sobel_90']
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **ConvExtractor._parameter_constraints,
        **STAGE_CONSTRAINTS,
        "names": [str, "array-like"],
        "normalize": ["boolean"],
        "channels": [StrOptions({"mean", "each"})],
    }

    _fit_reads_maps = False

    names_: list[str]

    def __init__(
        self,
        *,
        names: str | Sequence[str] = "all",
        normalize: bool = True,
        channels: Literal["mean", "each"] = "each",
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
        self.names = names
        self.normalize = normalize
        self.channels = channels
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

    def _fit_kernels(self, maps: NDArray[Any], y: Any) -> KernelSource:
        names = self._linear_names(signal=maps.shape[1] == 1)
        source = FixedKernels(names=names, normalize=self.normalize, channels=self.channels)
        height, width, channels = maps.shape[1:]
        if self.input_shape is None and height == 1 and width < _LONGEST:
            source.fit(np.empty((1, 1, _LONGEST, channels), np.float32))
            source.kernels_ = _cut(source.kernels_, width)
        elif self._may_cut("names") and height > 1 and min(height, width) < _LONGEST:
            source.fit(np.empty((1, _LONGEST, _LONGEST, channels), np.float32))
            _leave_out_larger(source, (min(height, _LONGEST), min(width, _LONGEST)))
        else:
            source.fit(maps)
        self.names_ = source.names_
        if self._has_median:
            self.names_ = [*source.names_, *[_MEDIAN] * channels]
        return source

    @property
    def _has_median(self) -> bool:
        return not isinstance(self.names, str) and _MEDIAN in list(self.names)

    def _linear_names(self, *, signal: bool) -> Any:
        """Names without the median, which is no kernel; ValueError where it cannot be."""
        if not self._has_median:
            return self.names
        if signal:
            raise ValueError(f"names={self.names!r}: the median is one of images, not of signals")
        names = [name for name in self.names if name != _MEDIAN]
        if not names or len(names) < len(self.names) - 1:
            raise ValueError(f"names={self.names!r}: expected the median once, beside a kernel")
        return names

    def _responses(self, graph: Graph, source: KernelSource) -> Graph:
        maps = graph.output_name
        graph = super()._responses(graph, source)
        if not self._has_median:
            return graph
        conv, responses = graph.nodes[-1].op, graph.output_name
        assert isinstance(conv, Conv)
        window = (3, 3)
        padding = border(window, self.padding)
        graph = graph.append(Median(window, conv.stride, padding, conv.pad_mode), maps)
        wanted, found = graph.specs[responses].shape[:2], graph.output.shape[:2]
        if wanted != found:
            raise ValueError(
                f"padding='valid' makes maps {wanted} of the kernels {conv.weights.shape[1:3]}, "
                f"and {found} of the median: expected padding='same', or kernels of 3 x 3 alone"
            )
        return graph.append(Concat(), responses, graph.output_name)


def _leave_out_larger(source: FixedKernels, size: Pair) -> None:
    """Keep the kernels of a source that are no larger than `size`, with a warning."""
    rows, columns = ((_LONGEST - length) // 2 for length in size)
    middle = source.kernels_[:, rows : rows + size[0], columns : columns + size[1]]
    fits = np.abs(middle).sum(axis=(1, 2, 3)) == np.abs(source.kernels_).sum(axis=(1, 2, 3))
    if not fits.any():
        raise ValueError(
            f"no known kernel fits samples of {size[0]}x{size[1]}: expected at least 3x3"
        )
    warn(
        f"names='all' has kernels larger than the samples: the {fits.sum()} of at most "
        f"{size[0]}x{size[1]} pixels are used",
        ShapeWarning,
    )
    source.kernels_, source.biases_ = np.ascontiguousarray(middle[fits]), source.biases_[fits]
    source.names_ = [name for name, is_kept in zip(source.names_, fits, strict=True) if is_kept]


def _cut(kernels: NDArray[np.float32], width: int) -> NDArray[np.float32]:
    """The middle of kernels of one row that are longer than a signal."""
    excess = kernels.shape[2] - width
    if excess <= 0:
        return kernels
    warn(f"kernels are longer than the signal: {width} is used", ShapeWarning)
    return np.ascontiguousarray(kernels[:, :, excess // 2 : excess // 2 + width])
