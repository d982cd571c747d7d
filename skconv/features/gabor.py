"""Gabor kernels, even, odd or their energy, and pooling."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from numbers import Integral, Real
from typing import Any, ClassVar, Literal

from sklearn.base import clone
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions

from skconv.features.base import StageExtractor
from skconv.graph import Concat, Graph, Magnitude
from skconv.kernels.base import KernelSource, Pair
from skconv.kernels.gabor import GaborKernels, checked_wavelengths
from skconv.kernels.modulated import ModulatedKernels
from skconv.kernels.union import UnionKernels
from skconv.stages.spec import Padding, Pool, StageSpec

Phase = Literal["even", "odd", "both", "energy"]


class GaborFeatures(StageExtractor):
    """Convolve with a bank of Gabor kernels, take their energy, and pool.

    - every wave (orientation x wavelength) is an even and an odd kernel, each of sum 0, so
      that a constant image gives 0 (away from zero-padded borders);
    - energy: ``sqrt(even^2 + odd^2)``, which does not depend on where in its period a
      pattern lies; or a nonlinearity on the maps themselves;
    - pooling over windows; the result is flattened row by row, kernels fastest.

    Every channel of a sample is filtered alone, by the same bank.

    With ``modulate`` the bank is made of the kernels of another source, which see all
    channels: each is multiplied, entry by entry, with an even Gabor kernel of every
    orientation and wavelength (see `skconv.kernels.ModulatedKernels`).

    Parameters
    ----------
    n_orientations : int, default=8
        Directions ``i * pi / n_orientations``. The y axis points down: the wave of direction
        ``theta`` runs along ``x cos(theta) + y sin(theta)``. On a signal there is one.
    wavelengths : sequence of float, default=(3.0, 4.5, 6.75)
        Pixels from crest to crest, each at least 2.
    kernel_size : int or (int, int), default=7
        Height and width of a kernel, in pixels. A signal uses the width alone. Without
        ``input_shape`` a kernel longer than the signal is cut to it, with a warning.
    bandwidth : float, default=1.0
        Half-response bandwidth in octaves. A wider band is a narrower envelope.
    gamma : float, default=1.0
        Aspect of the envelope: below 1 it is longer along the stripes. 1 makes every kernel
        a sum of two separable ones.
    phase : {"energy", "both", "even", "odd"}, default="energy"
        What is made of the two kernels of a wave. Not for ``modulate``.
    modulate : kernel source, default=None
        An estimator of `skconv.kernels` whose kernels are modulated; its ``kernel_size`` is
        that above. `bandwidth`, `gamma` and `phase` are not used then. None: Gabor kernels
        themselves.
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
        ``"soft_threshold"`` (``max(z - t, 0)`` and ``max(-z - t, 0)``). The energy is one
        already.
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
    kernels_ : ndarray of float32 of shape (n_kernels, kernel_height, kernel_width, 1)
        The kernels: even ones first, then odd ones; wavelength, then orientation (fastest).
        With ``modulate``, of all channels: wavelength, kernel, orientation (fastest).
    biases_ : ndarray of float32 of shape (n_kernels,)
        Zeros; with ``modulate`` those of the source, modulated.
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
    RandomConvFeatures : Kernels by chance instead.

    References
    ----------
    J. G. Daugman, "Uncertainty relation for resolution in space, spatial frequency, and
    orientation optimized by two-dimensional visual cortical filters", J. Opt. Soc. Am. A
    2(7), 1985.

    E. H. Adelson, J. R. Bergen, "Spatiotemporal energy models for the perception of
    motion", J. Opt. Soc. Am. A 2(2), 1985 (energy of a quadrature pair).

    S. Luan, C. Chen, B. Zhang, J. Han, J. Liu, "Gabor convolutional networks", IEEE
    Transactions on Image Processing 27(9), 2018 (modulation).

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
        "modulate": [HasMethods(["fit", "get_params"]), None],
    }

    _fit_reads_maps = False

    def __init__(
        self,
        *,
        n_orientations: int = 8,
        wavelengths: Sequence[float] = (3.0, 4.5, 6.75),
        kernel_size: Any = 7,
        bandwidth: float = 1.0,
        gamma: float = 1.0,
        phase: Phase = "energy",
        modulate: Any = None,
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
        self.n_orientations = n_orientations
        self.wavelengths = wavelengths
        self.kernel_size = kernel_size
        self.bandwidth = bandwidth
        self.gamma = gamma
        self.phase = phase
        self.modulate = modulate
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

    def _kernel_source(self, kernel_size: Pair) -> KernelSource:
        if self.modulate is not None:
            return self._modulated(kernel_size)
        return GaborKernels(
            n_orientations=self.n_orientations,
            wavelengths=self.wavelengths,
            kernel_size=kernel_size,
            bandwidth=self.bandwidth,
            gamma=self.gamma,
            phase="both" if self.phase == "energy" else self.phase,
        )

    def _modulated(self, kernel_size: Pair) -> UnionKernels:
        """Kernels of the source times the waves, a modulated source for each wavelength."""
        source = clone(self.modulate).set_params(kernel_size=kernel_size)
        banks = [
            ModulatedKernels(
                source=source, n_orientations=self.n_orientations, wavelength=wavelength
            )
            for wavelength in checked_wavelengths(self.wavelengths)
        ]
        return UnionKernels(sources=[(f"wave{i}", bank) for i, bank in enumerate(banks)])

    def _stage(self) -> StageSpec:
        stage = super()._stage()
        is_energy = self.modulate is None and self.phase == "energy"
        return replace(stage, nonlinearity="identity") if is_energy else stage

    def _responses(self, graph: Graph, source: KernelSource) -> Graph:
        if self.modulate is not None:
            return super()._responses(graph, source)
        if self.phase == "energy":
            return self._energy(graph)
        height, _, channels = graph.output.shape
        conv = self._stage().conv(
            self.kernels_, self.biases_, signal=height == 1, shared=channels > 1
        )
        return graph.append(conv)

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
