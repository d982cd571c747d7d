"""Gabor kernels, even, odd or their energy, and pooling."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral, Real
from typing import Any, ClassVar, Literal

from numpy.typing import NDArray
from sklearn.utils._param_validation import Interval, StrOptions

from skconv.features.base import StageExtractor
from skconv.features.stages import Padding, Pool
from skconv.graph import Concat, Graph, Magnitude, TensorSpec
from skconv.kernels.base import Pair
from skconv.kernels.gabor import GaborKernels

Phase = Literal["even", "odd", "both", "energy"]


class GaborFeatures(StageExtractor):
    """Convolve with a bank of Gabor kernels, take their energy, and pool.

    - every wave (orientation x wavelength) is an even and an odd kernel, each of sum 0, so
      that a constant image gives 0 (away from zero-padded borders);
    - energy: ``sqrt(even^2 + odd^2)``, which does not depend on where in its period a
      pattern lies; or a nonlinearity on the maps themselves;
    - pooling over windows; the result is flattened row by row, kernels fastest.

    Every channel of a sample is filtered alone, by the same bank.

    Parameters
    ----------
    n_orientations : int, default=8
        Directions ``i * pi / n_orientations``. The y axis points down: the wave of direction
        ``theta`` runs along ``x cos(theta) + y sin(theta)``. On a signal there is one.
    wavelengths : sequence of float, default=(3.0, 4.5, 6.75)
        Pixels from crest to crest, each at least 2.
    kernel_size : int or (int, int), default=9
        Height and width of a kernel, in pixels. A signal uses the width alone. Without
        ``input_shape`` a kernel longer than the signal is cut to it, with a warning.
    bandwidth : float, default=1.0
        Half-response bandwidth in octaves. A wider band is a narrower envelope.
    gamma : float, default=1.0
        Aspect of the envelope: below 1 it is longer along the stripes. 1 makes every kernel
        a sum of two separable ones.
    phase : {"energy", "both", "even", "odd"}, default="energy"
        What is made of the two kernels of a wave.
    stride : int or (int, int), default=1
        Step of the kernels.
    padding : {"valid", "same", "circular"}, default="same"
        ``"same"`` adds zeros, ``"circular"`` goes on at the opposite border. A kernel of
        even size reaches one row (column) further down (right) than up (left).
    nonlinearity : {"identity", "abs", "square", "relu", "both_signs"}, default="abs"
        What is done to the maps of ``phase`` even, odd and both. The energy is one already.
    pool : {"max", "mean", "l2"}, default="mean"
        How a window becomes one number. ``"l2"`` is ``sqrt(sum z^2)``.
    pool_size : int, (int, int) or None, default=7
        Height and width of a window; ``None``: no pooling.
    pool_stride : int, (int, int) or None, default=None
        Step of the windows; ``None`` is ``pool_size``. Windows that do not fit whole are
        left out.
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

    Attributes
    ----------
    kernels_ : ndarray of float32 of shape (n_kernels, kernel_height, kernel_width, 1)
        The kernels: even ones first, then odd ones; wavelength, then orientation (fastest).
    biases_ : ndarray of float32 of shape (n_kernels,)
        Zeros.
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
    RandomConvFeatures : Kernels by chance instead.

    References
    ----------
    J. G. Daugman, "Uncertainty relation for resolution in space, spatial frequency, and
    orientation optimized by two-dimensional visual cortical filters", J. Opt. Soc. Am. A
    2(7), 1985.

    E. H. Adelson, J. R. Bergen, "Spatiotemporal energy models for the perception of
    motion", J. Opt. Soc. Am. A 2(2), 1985 (energy of a quadrature pair).

    Examples
    --------
    >>> from skconv import GaborFeatures
    >>> from skconv.datasets import load_digits
    >>> X, y = load_digits(return_X_y=True)
    >>> gabor = GaborFeatures(
    ...     n_orientations=4, wavelengths=(4.0,), kernel_size=5, pool_size=4
    ... )
    >>> gabor.fit_transform(X).shape
    (1797, 16)
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **StageExtractor._parameter_constraints,
        "n_orientations": [Interval(Integral, 1, None, closed="left")],
        "wavelengths": ["array-like"],
        "bandwidth": [Interval(Real, 0, None, closed="neither")],
        "gamma": [Interval(Real, 0, None, closed="neither")],
        "phase": [StrOptions({"even", "odd", "both", "energy"})],
    }

    _fit_reads_maps = False

    def __init__(
        self,
        *,
        n_orientations: int = 8,
        wavelengths: Sequence[float] = (3.0, 4.5, 6.75),
        kernel_size: Any = 9,
        bandwidth: float = 1.0,
        gamma: float = 1.0,
        phase: Phase = "energy",
        stride: Any = 1,
        padding: Padding = "same",
        nonlinearity: str = "abs",
        pool: Pool = "mean",
        pool_size: Any = 7,
        pool_stride: Any = None,
        input_shape: Any = None,
        data_format: str = "channels_last",
        device: str = "cpu",
        batch_size: Any = "auto",
    ) -> None:
        self.n_orientations = n_orientations
        self.wavelengths = wavelengths
        self.kernel_size = kernel_size
        self.bandwidth = bandwidth
        self.gamma = gamma
        self.phase = phase
        self.stride = stride
        self.padding = padding
        self.nonlinearity = nonlinearity
        self.pool = pool
        self.pool_size = pool_size
        self.pool_stride = pool_stride
        self.input_shape = input_shape
        self.data_format = data_format
        self.device = device
        self.batch_size = batch_size

    def _kernel_source(self, kernel_size: Pair) -> GaborKernels:
        return GaborKernels(
            n_orientations=self.n_orientations,
            wavelengths=self.wavelengths,
            kernel_size=kernel_size,
            bandwidth=self.bandwidth,
            gamma=self.gamma,
            phase="both" if self.phase == "energy" else self.phase,
        )

    def _fit_graph(self, maps: NDArray[Any], y: Any) -> Graph:
        source = self._fit_kernels(maps, y)
        self.kernels_, self.biases_ = source.kernels_, source.biases_
        graph = Graph(TensorSpec(maps.shape[1:]))
        clip = self.input_shape is None
        if self.phase == "energy":
            signal = maps.shape[1] == 1
            return self._stage().pooled(self._energy(graph), signal=signal, clip=clip)
        return self._stage().build(
            graph, self.kernels_, self.biases_, clip=clip, shared=maps.shape[3] > 1
        )

    def _energy(self, graph: Graph) -> Graph:
        """``graph`` with ``sqrt(even^2 + odd^2)`` of every wave and channel behind it."""
        signal = graph.output.shape[0] == 1
        stage = self._stage()
        if graph.output.shape[2] == 1:
            conv = stage.conv(self.kernels_, self.biases_, signal=signal)
            return graph.append(conv).append(Magnitude())
        n_waves = len(self.kernels_) // 2
        names = []
        for half, name in ((slice(n_waves), "even"), (slice(n_waves, None), "odd")):
            conv = stage.conv(self.kernels_[half], self.biases_[half], signal=signal, shared=True)
            graph = graph.append(conv, "input", name=name)
            names.append(graph.output_name)
        return graph.append(Concat(), *names).append(Magnitude())
