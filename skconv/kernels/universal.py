"""One dictionary of 3 x 3 kernels for all networks."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, _fit_context
from sklearn.utils import check_array, check_random_state
from sklearn.utils._param_validation import Interval, StrOptions

from skconv.graph import Conv, Graph
from skconv.kernels.base import check_maps, on_channels
from skconv.kernels.moments import Maps
from skconv.kernels.orbits import best_clustered, nearest, orbit_of
from skconv.kernels.universal_table import UNIVERSAL

SIDE = 3
LARGEST = 127


class UniversalKernels(BaseEstimator):
    """The kernels of 3 x 3 that pretrained networks have most of.

    Trained networks share their kernels, up to a scale and a sign: the dictionary that comes along
    has 64 directions, those of spherical k-means over the 3 x 3 kernels of MobileNetV2 and
    EfficientNet-Lite0, the direction of most kernels first. Of the maps only the shape counts.

    Parameters
    ----------
    n_kernels : int, default=64
        The first so many kernels of the dictionary.
    dictionary : array-like of shape (n_entries, 3, 3), default=None
        Another dictionary, such as `from_models` makes. None: the one that comes along.
    channels : {"mean", "each"}, default="mean"
        What is done with maps of several channels: each kernel sees their mean; or each
        kernel is there for every channel alone, channels varying fastest.

    Attributes
    ----------
    kernels_ : ndarray of float32 of shape (n_kernels, 3, 3, channels)
        The kernels, each divided by the sum of the magnitudes of its entries.
    biases_ : ndarray of float32 of shape (n_kernels,)
        Zeros.

    See Also
    --------
    skconv.inspection.KernelDictionary : How much of the kernels of a network a dictionary explains.

    Notes
    -----
    The dictionary is a table of 64 x 9 whole numbers, a statistic of two sets of weights: those of
    MobileNetV2 as torchvision publishes them (BSD 3-Clause) and of EfficientNet-Lite0 (Apache 2.0).
    No weights come along. ``tests/benchmarks/universal_kernels.py`` computes it anew.

    References
    ----------
    S. Son, S. Nah, K. M. Lee, "Clustering convolutional kernels to compress deep neural networks",
    ECCV 2018. P. Gavrikov, J. Keuper, "CNN filter DB: an empirical investigation of trained
    convolutional filters", CVPR 2022.

    Examples
    --------
    >>> import numpy as np
    >>> from skconv.kernels import UniversalKernels
    >>> source = UniversalKernels(n_kernels=32).fit(np.zeros((1, 8, 8, 1)))
    >>> source.kernels_.shape
    (32, 3, 3, 1)
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "n_kernels": [Interval(Integral, 1, None, closed="left")],
        "dictionary": ["array-like", None],
        "channels": [StrOptions({"mean", "each"})],
    }

    def __init__(
        self,
        n_kernels: int = 64,
        *,
        dictionary: Any = None,
        channels: Literal["mean", "each"] = "mean",
    ) -> None:
        self.n_kernels = n_kernels
        self.dictionary = dictionary
        self.channels = channels

    @classmethod
    def from_models(
        cls, models: Sequence[Any], n_kernels: int = 64, *, random_state: Any = 0
    ) -> UniversalKernels:
        """A source whose dictionary is that of other networks.

        Parameters
        ----------
        models : sequence of Graph or fitted extractor
            What has convolutions of 3 x 3 taps in its graph.
        n_kernels : int, default=64
            Size of the dictionary.
        random_state : int, RandomState instance or None, default=0
            Starts of the clusters.

        Returns
        -------
        UniversalKernels

        Raises
        ------
        ValueError
            Where the models have fewer kernels than are wanted.
        """
        slices = np.concatenate([np.empty((0, SIDE, SIDE)), *map(_slices, models)])
        kernels = slices[np.any(slices != 0, axis=(1, 2))][..., None]
        if len(kernels) < n_kernels:
            raise ValueError(
                f"n_kernels={n_kernels} is more than the {len(kernels)} kernel(s) of "
                f"{SIDE}x{SIDE} that the models have"
            )
        orbit = orbit_of(kernels, ("sign",))
        found = best_clustered(orbit, n_kernels, check_random_state(random_state))
        counts = np.bincount(nearest(orbit, found)[0], minlength=n_kernels)
        ordered = found[np.argsort(-counts, kind="stable")]
        return cls(n_kernels, dictionary=_whole(ordered).reshape(-1, SIDE, SIDE))

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, maps: Maps, y: Any = None) -> UniversalKernels:
        """Look the kernels up, for maps ``(n_samples, height, width, channels)``.

        Raises
        ------
        ValueError
            Where the dictionary has fewer kernels than are wanted, or none of 3 x 3, or where the
            maps are smaller.
        """
        check_maps(maps, (SIDE, SIDE))
        dictionary = self._checked()[: self.n_kernels, :, :, None]
        gains = np.abs(dictionary).sum(axis=(1, 2, 3), keepdims=True)
        self.kernels_ = on_channels(dictionary / gains, maps.shape[3], self.channels)
        self.biases_ = np.zeros(len(self.kernels_), np.float32)
        return self

    def _checked(self) -> NDArray[np.float64]:
        given = UNIVERSAL if self.dictionary is None else self.dictionary
        found = check_array(
            given, ensure_2d=False, allow_nd=True, dtype=np.float64, input_name="dictionary"
        )
        if found.ndim != 3 or found.shape[1:] != (SIDE, SIDE):
            raise ValueError(
                f"dictionary has shape {found.shape}, expected (n_entries, {SIDE}, {SIDE})"
            )
        if not np.any(found != 0, axis=(1, 2)).all():
            raise ValueError("dictionary has a kernel of zeros, expected none")
        if len(found) < self.n_kernels:
            raise ValueError(
                f"n_kernels={self.n_kernels} is more than the {len(found)} of the dictionary"
            )
        return np.asarray(found)


def _slices(model: Any) -> NDArray[np.float64]:
    """Each channel of each kernel of 3 x 3 in a graph, as ``(n_slices, 3, 3)``."""
    graph = model if isinstance(model, Graph) else getattr(model, "graph_", None)
    if not isinstance(graph, Graph):
        raise ValueError(f"models has {model!r}, expected graphs or fitted extractors")
    banks = [node.op.weights for node in graph.nodes if isinstance(node.op, Conv)]
    slices = [w.transpose(0, 3, 1, 2) for w in banks if w.shape[1:3] == (SIDE, SIDE)]
    flat = [w.reshape(-1, SIDE, SIDE) for w in slices]
    return np.concatenate([np.empty((0, SIDE, SIDE)), *flat])


def _whole(kernels: NDArray[np.float64]) -> NDArray[np.int64]:
    """Rows in whole numbers, the entry of the largest magnitude ``LARGEST``."""
    largest = np.take_along_axis(kernels, np.abs(kernels).argmax(axis=1)[:, None], axis=1)
    return np.rint(kernels * (LARGEST / largest)).astype(np.int64)
