"""Kernels that are given: as an array, or as the weights of a layer of a trained network."""

from __future__ import annotations

from collections.abc import Mapping
from numbers import Real
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, _fit_context
from sklearn.utils import check_array

from skconv.kernels.base import check_maps
from skconv.kernels.moments import Maps


def _checked_kernels(
    kernels: Any, biases: Any, maps: Maps, name: str
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Kernels and biases that fit the maps; ValueError where they do not."""
    kernels = check_array(
        kernels,
        dtype=np.float64,
        ensure_2d=False,
        allow_nd=True,
        ensure_min_samples=0,
        input_name=name,
    )
    if kernels.ndim != 4 or 0 in kernels.shape:
        raise ValueError(
            f"{name} has shape {kernels.shape}, expected (n_kernels, height, width, channels)"
        )
    maps, _ = check_maps(maps, kernels.shape[1:3])
    if kernels.shape[3] != maps.shape[3]:
        raise ValueError(
            f"{name} has {kernels.shape[3]} channel(s), expected the {maps.shape[3]} of the maps"
        )
    if biases is None:
        return kernels, np.zeros(len(kernels))
    biases = check_array(biases, ensure_2d=False, dtype=np.float64, input_name="biases")
    if biases.shape != (len(kernels),):
        raise ValueError(
            f"biases has shape {biases.shape}, expected ({len(kernels)},): one a kernel"
        )
    return kernels, biases


class ArrayKernels(BaseEstimator):
    """Kernels given as an array.

    Parameters
    ----------
    kernels : array-like of shape (n_kernels, height, width, channels)
        The weights; cross-correlated with the maps, not flipped.
    biases : array-like of shape (n_kernels,), default=None
        What is added to each response. None: nothing.

    Attributes
    ----------
    kernels_ : ndarray of float32 of shape (n_kernels, height, width, channels)
        The weights.
    biases_ : ndarray of float32 of shape (n_kernels,)
        The biases.

    Examples
    --------
    >>> import numpy as np
    >>> from skconv.kernels import ArrayKernels
    >>> mean = np.full((1, 3, 3, 1), 1 / 9)
    >>> ArrayKernels(kernels=mean).fit(np.zeros((1, 8, 8, 1))).kernels_.shape
    (1, 3, 3, 1)
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "kernels": ["array-like"],
        "biases": ["array-like", None],
    }

    def __init__(self, *, kernels: ArrayLike, biases: ArrayLike | None = None) -> None:
        self.kernels = kernels
        self.biases = biases

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, maps: Maps, y: Any = None) -> ArrayKernels:
        """Check the kernels against maps ``(n_samples, height, width, channels)``.

        Raises
        ------
        ValueError
            Where the kernels are not such an array of finite numbers, there is not one bias
            a kernel, or the maps are smaller or have other channels.
        """
        kernels, biases = _checked_kernels(self.kernels, self.biases, maps, "kernels")
        self.kernels_ = np.ascontiguousarray(kernels, np.float32)
        self.biases_ = biases.astype(np.float32)
        return self


class PretrainedKernels(BaseEstimator):
    """Kernels of a convolutional layer of a trained network.

    A network saw inputs ``(x - mean) / std``, which folds into the kernels ``k`` and biases
    ``b`` of its first layer::

        kernel = k / std,    bias = b - sum(k * mean / std)        (channel by channel)

    That is exact wherever no zeros are added around the maps.

    Once fitted, what is pickled are arrays: of `weights` no more than those of the layer is
    written, so that a file holds no network and no other library is needed to read it.

    Parameters
    ----------
    weights : torch.nn.Module or mapping of str to array
        The network, or what its ``state_dict()`` gives: arrays (or tensors) by name.
    layer : str
        Name of the layer: ``"features.0"`` takes ``"features.0.weight"`` of shape
        ``(n_kernels, channels, height, width)``, or ``(n_kernels, channels, length)`` for
        signals, and ``"features.0.bias"`` if there is one.
    mean, std : float or array-like of shape (channels,), default=0.0 and 1.0
        What the network's inputs were standardised with, in units of the maps.

    Attributes
    ----------
    kernels_ : ndarray of float32 of shape (n_kernels, height, width, channels)
        The weights, channels last.
    biases_ : ndarray of float32 of shape (n_kernels,)
        The biases.

    Examples
    --------
    >>> import numpy as np
    >>> from skconv.kernels import PretrainedKernels
    >>> weights = {"conv.weight": np.ones((4, 3, 5, 5)), "conv.bias": np.zeros(4)}
    >>> source = PretrainedKernels(weights=weights, layer="conv")
    >>> source.fit(np.zeros((1, 8, 8, 3))).kernels_.shape
    (4, 5, 5, 3)
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "weights": "no_validation",  # type: ignore[dict-item]
        "layer": [str],
        "mean": [Real, "array-like"],
        "std": [Real, "array-like"],
    }

    def __init__(
        self, *, weights: Any, layer: str, mean: ArrayLike = 0.0, std: ArrayLike = 1.0
    ) -> None:
        self.weights = weights
        self.layer = layer
        self.mean = mean
        self.std = std

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, maps: Maps, y: Any = None) -> PretrainedKernels:
        """Take the kernels, for maps ``(n_samples, height, width, channels)``.

        Raises
        ------
        ValueError
            Where there is no such layer, it is not convolutional, `std` is not positive,
            or the maps are smaller or have other channels than the kernels.
        """
        arrays = self._layer_arrays()
        weight = arrays[f"{self.layer}.weight"]
        if weight.ndim == 3:
            weight = weight[:, :, None]
        if weight.ndim != 4:
            raise ValueError(
                f"layer={self.layer!r} has weights of shape {weight.shape}, expected those of a "
                "convolution: (n_kernels, channels, height, width)"
            )
        kernels, biases = _checked_kernels(
            weight.transpose(0, 2, 3, 1), arrays.get(f"{self.layer}.bias"), maps, "weights"
        )
        mean, std = (
            self._per_channel(name, kernels.shape[3], positive=name == "std")
            for name in ("mean", "std")
        )
        self.kernels_ = np.ascontiguousarray(kernels / std, np.float32)
        self.biases_ = (biases - (kernels * (mean / std)).sum(axis=(1, 2, 3))).astype(np.float32)
        return self

    def _layer_arrays(self) -> dict[str, NDArray[Any]]:
        """Weight and bias of the layer by name, as arrays."""
        weights = self.weights
        if hasattr(weights, "state_dict"):
            weights = weights.state_dict()
        if not isinstance(weights, Mapping):
            raise ValueError(f"weights={weights!r} is neither a module nor a mapping of arrays")
        if f"{self.layer}.weight" not in weights:
            layers = [name.removesuffix(".weight") for name in weights if name.endswith(".weight")]
            raise ValueError(f"layer={self.layer!r} has no weight, expected one of {layers}")
        names = (f"{self.layer}.weight", f"{self.layer}.bias")
        return {name: _as_array(weights[name]) for name in names if name in weights}

    def _per_channel(self, name: str, channels: int, *, positive: bool) -> NDArray[np.float64]:
        value = getattr(self, name)
        values = np.asarray(value, np.float64)
        right = values.shape in ((), (channels,)) and np.isfinite(values).all()
        if not right or (positive and not (values > 0).all()):
            raise ValueError(
                f"{name}={value!r} must be one {'positive ' * positive}number, or one for each "
                f"of {channels} channel(s)"
            )
        return values

    def __getstate__(self) -> dict[str, Any]:
        state: dict[str, Any] = super().__getstate__()
        if "kernels_" in state:
            state = {**state, "weights": self._layer_arrays()}
        return state


def _as_array(value: Any) -> NDArray[Any]:
    """An array of its own of an array or a tensor."""
    return np.array(value.detach().cpu().numpy() if hasattr(value, "detach") else value)
