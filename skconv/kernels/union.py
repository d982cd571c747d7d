"""Kernels of several sources side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from sklearn.base import _fit_context, clone
from sklearn.utils.metaestimators import _BaseComposition

from skconv.kernels.base import KernelSource, centred
from skconv.kernels.moments import Maps


class UnionKernels(_BaseComposition):
    """Kernels of several sources, side by side.

    Each source is fitted to the same maps. Where sizes differ, zeros are added around the
    smaller kernels: their responses stay at the same pixels (with ``padding="same"``; with
    ``"valid"`` there are as many as the largest kernel has).

    Parameters
    ----------
    sources : sequence of (str, kernel source)
        Names and sources. Parameters are reached as ``name__parameter``, and a source is
        replaced by ``set_params(name=source)``.

    Attributes
    ----------
    kernels_ : ndarray of float32 of shape (n_kernels, kernel_height, kernel_width, channels)
        The kernels in the order of the sources.
    biases_ : ndarray of float32 of shape (n_kernels,)
        Their biases.
    sources_ : list of (str, kernel source)
        The fitted sources.
    origins_ : ndarray of str of shape (n_kernels,)
        Name of the source that each kernel comes from.

    Examples
    --------
    >>> import numpy as np
    >>> from skconv.kernels import FixedKernels, RandomKernels, UnionKernels
    >>> union = UnionKernels(
    ...     sources=[
    ...         ("edges", FixedKernels(names="sobel")),
    ...         ("random", RandomKernels(n_kernels=4, kernel_size=5)),
    ...     ]
    ... )
    >>> union.fit(np.zeros((1, 8, 8, 1))).kernels_.shape
    (8, 5, 5, 1)
    >>> union.set_params(random__n_kernels=12).fit(np.zeros((1, 8, 8, 1))).kernels_.shape
    (16, 5, 5, 1)
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {"sources": [list, tuple]}

    def __init__(self, *, sources: Sequence[tuple[str, KernelSource]]) -> None:
        self.sources = sources

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Parameters; with `deep` also those of the sources."""
        return self._get_params("sources", deep=deep)

    def set_params(self, **params: Any) -> UnionKernels:
        """Set parameters, replace sources, or set parameters of sources by name."""
        self._set_params("sources", **params)
        return self

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, maps: Maps, y: Any = None) -> UnionKernels:
        """Fit every source to maps ``(n_samples, height, width, channels)``.

        Raises
        ------
        ValueError
            Where there is no source, names are not different words, or channels of the
            kernels differ; and what a source raises.
        """
        if not self.sources or any(len(pair) != 2 for pair in self.sources):
            raise ValueError(f"sources={self.sources!r}, expected at least one (name, source)")
        names, sources = zip(*self.sources, strict=True)
        self._validate_names(names)
        fitted = [clone(source).fit(maps, y) for source in sources]
        shapes = {name: source.kernels_.shape for name, source in zip(names, fitted, strict=True)}
        if len({shape[3] for shape in shapes.values()}) > 1:
            raise ValueError(f"sources give kernels of different channels: {shapes}")
        size = tuple(max(shape[axis] for shape in shapes.values()) for axis in (1, 2))
        self.kernels_ = np.concatenate(
            [centred(source.kernels_, (size[0], size[1])) for source in fitted]
        )
        self.biases_ = np.concatenate([source.biases_ for source in fitted])
        self.sources_ = list(zip(names, fitted, strict=True))
        self.origins_ = np.repeat(names, [shape[0] for shape in shapes.values()])
        return self
