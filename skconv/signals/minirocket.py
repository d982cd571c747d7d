"""MiniRocket: how often fixed dilated kernels answer more than learnt thresholds."""

from __future__ import annotations

from numbers import Integral
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval
from sklearn.utils.validation import _check_feature_names_in, check_is_fitted

from skconv.exceptions import ShapeWarning, warn
from skconv.graph import Affine, Graph, MiniRocket, Pad, TensorSpec
from skconv.graph.limits import UINT8_MAX, UINT16_MAX
from skconv.graph.minirocket import KERNEL_LENGTH, TRIPLES
from skconv.runtime.minirocket import counted, shares
from skconv.signals.base import SignalExtractor
from skconv.signals.lengths import PadTo
from skconv.signals.rocket_kernels import N_KERNELS, fitted_kernels


class MiniRocketFeatures(SignalExtractor):
    """Count how often each of 84 fixed kernels, dilated, answers more than a bias (MiniRocket).

    A kernel has nine taps, six of weight -1 and three of weight 2. It is spread over the signal
    by dilations up to its whole length. A feature is the proportion of positive values (PPV)
    of such a convolution less a bias, and biases are quantiles of the convolution of a training
    signal drawn at random. Every other convolution counts only where it meets no zeros beside
    the signal. Signals need not be normalised.

    With a ridge behind, it is among the most accurate classifiers of short series, and by far
    the cheapest of these. Write::

        make_pipeline(
            MiniRocketFeatures(random_state=0),
            StandardScaler(with_mean=False),
            RidgeClassifierCV(np.logspace(-3, 3, 10)),
        )

    In C there are additions and comparisons only, and the counts are exact: features of the
    integers that a device delivers have no rounding. What a later step leaves out is not
    computed there: ``RFE(RidgeClassifier(), n_features_to_select=300, step=0.3)`` behind the
    scaler keeps those that matter.

    Parameters
    ----------
    n_features : int, default=10_000
        How many features, at least 84; rounded down to a multiple of 84.
    max_dilations_per_kernel : int, default=32
        Most dilations of a kernel.
    input_shape : (length,), (length, channels) or None, default=None
        Shape of one signal, of 9 steps of time or more; ``None`` takes that of ``X``. Shorter
        rows that nobody stated a shape of get zeros behind them, with a `ShapeWarning`.
    data_format : {"channels_last", "channels_first"}, default="channels_last"
        Where the channels of a signal lie in ``X`` and in ``input_shape``.
    pad_to : int, "longest" or None, default=None
        Signals get zeros at their end, or lose it, until they are this long. ``None`` refuses
        signals of unequal lengths.
    device : {"cpu", "cuda", "auto"}, default="cpu"
        Ignored: it is computed by numpy, on the processor.
    batch_size : int or "auto", default="auto"
        Samples computed at a time; ``"auto"`` takes as many as fit the cache.
    n_jobs : int or None, default=None
        Threads that `transform` shares the samples out among. ``None`` is 1, unless a
        `joblib.parallel_config` says otherwise; -1 takes all processors.
    random_state : int, RandomState instance or None, default=None
        Chooses the channels that convolutions read, and the signals that biases come from. An
        int gives the same features each time, and the same as aeon's ``MiniRocket``.

    Attributes
    ----------
    kernels_ : ndarray of float32 of shape (84, 1, 9, 1)
        The kernels.
    dilations_ : ndarray of int of shape (n_convolutions,)
        Of each convolution: 84 kernels for every dilation.
    biases_ : ndarray of float32 of shape (n_features_out,)
        Of each feature.
    graph_ : Graph
        From a flat sample to its features.
    map_shape_ : tuple of int
        ``(1, length, channels)`` of a signal.
    n_features_in_ : int
        Numbers in one sample.
    feature_names_in_ : ndarray of str
        Columns of ``X``, where it is a data frame.

    See Also
    --------
    HydraFeatures : Random kernels that compete; both together are better than either.

    References
    ----------
    A. Dempster, D. F. Schmidt, G. I. Webb, "MiniRocket: a very fast (almost) deterministic
    transform for time series classification", KDD 2021.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import RidgeClassifier
    >>> from sklearn.pipeline import make_pipeline
    >>> from skconv import MiniRocketFeatures
    >>> rng = np.random.default_rng(0)
    >>> y = np.repeat([0, 1], 30)
    >>> X = rng.normal(size=(60, 50)) + np.sin(np.arange(50) * (1 + y[:, None] / 5))
    >>> features = MiniRocketFeatures(n_features=840, random_state=0)
    >>> model = make_pipeline(features, RidgeClassifier())
    >>> model.fit(X[::2], y[::2]).score(X[1::2], y[1::2]) > 0.9
    True
    >>> features.get_feature_names_out()[[0, 5]].tolist()
    ['minirocket0_d1_b0', 'minirocket1_d1_b1']
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **SignalExtractor._parameter_constraints,
        "n_features": [Interval(Integral, N_KERNELS, None, closed="left")],
        "max_dilations_per_kernel": [Interval(Integral, 1, None, closed="left")],
        "random_state": ["random_state"],
    }

    _prefers: ClassVar[Literal["threads"] | None] = "threads"

    dilations_: NDArray[np.int64]

    def __init__(
        self,
        *,
        n_features: int = 10_000,
        max_dilations_per_kernel: int = 32,
        input_shape: Any = None,
        data_format: str = "channels_last",
        pad_to: PadTo = None,
        device: str = "cpu",
        batch_size: Any = "auto",
        n_jobs: int | None = None,
        random_state: Any = None,
    ) -> None:
        self.n_features = n_features
        self.max_dilations_per_kernel = max_dilations_per_kernel
        self.input_shape = input_shape
        self.data_format = data_format
        self.pad_to = pad_to
        self.device = device
        self.batch_size = batch_size
        self.n_jobs = n_jobs
        self.random_state = random_state

    def _fit_graph(self, maps: NDArray[Any], y: Any) -> Graph:
        _, _, length, channels = maps.shape
        if length > UINT16_MAX or channels > UINT8_MAX:
            raise ValueError(
                f"X has signals of {length} steps and {channels} channels, expected at most "
                f"{UINT16_MAX} and {UINT8_MAX}"
            )
        graph = Graph(TensorSpec(maps.shape[1:]))
        missing = self._missing(length, channels)
        if missing:
            graph = graph.append(Pad(((0, 0), (0, missing))))
            maps = with_zeros_behind(maps, missing)
        seed = _seed(self.random_state)
        op = fitted_kernels(maps, self.n_features, self.max_dilations_per_kernel, seed)
        self.kernels_ = _kernels()
        self.dilations_ = op.dilations.astype(np.int64)
        self.biases_ = op.biases
        factors = shares(op)
        return graph.append(op).append(Affine(factors, np.zeros_like(factors)))

    def _missing(self, length: int, channels: int) -> int:
        """Steps of time that a row lacks, where nobody said how long it is."""
        missing = max(KERNEL_LENGTH - length, 0)
        is_stated = channels > 1 or self.input_shape is not None or self.pad_to is not None
        if missing and is_stated:
            raise ValueError(
                f"signals have {length} steps of time, MiniRocketFeatures needs at least "
                f"{KERNEL_LENGTH}: write pad_to={KERNEL_LENGTH} to put zeros behind them"
            )
        if missing:
            warn(
                f"signals have {length} steps of time, and MiniRocketFeatures needs at least "
                f"{KERNEL_LENGTH}: with {missing} zeros behind each, {KERNEL_LENGTH} is used",
                ShapeWarning,
            )
        return missing

    def _run(self, flat: NDArray[Any]) -> NDArray[np.float32]:
        """Integers are not made floats: they are faster, and exact."""
        height, length, channels = self.map_shape_
        first = self.data_format == "channels_first"
        maps = self._maps(flat, (channels, height, length) if first else self.map_shape_)
        op = self._convolutions
        if op.length > length:
            maps = with_zeros_behind(maps, op.length - length)
        batch_size = None if self.batch_size == "auto" else self.batch_size
        return counted(op, maps, shares(op), batch_size)

    @property
    def _convolutions(self) -> MiniRocket:
        return next(n.op for n in self.graph_.nodes if isinstance(n.op, MiniRocket))

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[Any]:
        """Feature names that tell the kernel, the dilation and the bias.

        ``minirocket5_d3_b0`` is the first bias of kernel 5 with dilation 3, all from 0.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Checked against the names seen in `fit`, otherwise ignored.

        Returns
        -------
        names : ndarray of str of shape (n_features_out,)
            One name a feature.
        """
        check_is_fitted(self)
        _check_feature_names_in(self, input_features, generate_names=False)
        op = self._convolutions
        names = [
            f"minirocket{kernel}_d{dilation}_b{i}"
            for kernel, dilation, n in zip(op.kernels, op.dilations, op.n_biases, strict=True)
            for i in range(n)
        ]
        return np.array(names, dtype=object)


def with_zeros_behind(maps: NDArray[Any], missing: int) -> NDArray[Any]:
    """Signals ``(n, 1, length, channels)`` made longer."""
    return np.pad(maps, ((0, 0), (0, 0), (0, missing), (0, 0)))


def _seed(random_state: Any) -> int:
    """An int is the seed itself."""
    if isinstance(random_state, Integral):
        return int(random_state)
    return int(check_random_state(random_state).randint(np.iinfo(np.int32).max))


def _kernels() -> NDArray[np.float32]:
    kernels = np.full((N_KERNELS, 1, KERNEL_LENGTH, 1), -1, np.float32)
    for kernel, triple in zip(kernels, TRIPLES, strict=True):
        kernel[0, list(triple)] = 2
    return kernels
