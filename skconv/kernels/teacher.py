"""What teaches a mimic: activations, and the patches of the maps that they belong to."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone

from skconv.graph import Graph
from skconv.graph.axes import Axis
from skconv.graph.places import MapPlaces, places_of_output
from skconv.kernels.base import Padding, Pair, border, grid
from skconv.kernels.batches import batches_of
from skconv.kernels.moments import Maps
from skconv.kernels.patches import patches_at

Floats = NDArray[np.float64]

_CHUNK_BYTES = 2**24
# Places are sums of a few halves and quarters, or read off a resampling in float32.
_DECIMALS = 5


@dataclass(frozen=True)
class Matched:
    """The patches along one axis that lie on pixels of a teacher.

    Attributes
    ----------
    patches : ndarray of int64 of shape (n_matched,)
        Their numbers, ascending.
    weights : ndarray of float64 of shape (n_matched, n_pixels)
        Linear interpolation of the teacher's pixels at their places.
    """

    patches: NDArray[np.int64]
    weights: Floats


def matched(teacher: Axis, n_pixels: int, first_patch: float, n_patches: int) -> Matched:
    """Of every pixel of the teacher the patch that lies nearest, as far as there is one.

    Examples
    --------
    >>> from skconv.graph.axes import Axis
    >>> from skconv.kernels.teacher import matched
    >>> match = matched(Axis(0.25, 2), 3, 0.0, 6)  # pixels at 0.25, 2.25, 4.25
    >>> match.patches
    array([0, 2, 4])
    >>> match.weights
    array([[1.   , 0.   , 0.   ],
           [0.125, 0.875, 0.   ],
           [0.   , 0.125, 0.875]])
    """
    places = teacher.start + teacher.step * np.arange(n_pixels) - first_patch
    nearest = np.floor(places.round(_DECIMALS) + 0.5).astype(np.int64)
    patches = np.unique(nearest[(nearest >= 0) & (nearest < n_patches)])
    wanted = ((first_patch + patches - teacher.start) / teacher.step).round(_DECIMALS)
    wanted = np.clip(wanted, 0, n_pixels - 1)
    return Matched(patches, np.maximum(1 - np.abs(wanted[:, None] - np.arange(n_pixels)), 0))


@dataclass(frozen=True)
class Lesson:
    """The patches that a teacher has activations for, and these, batch by batch.

    Attributes
    ----------
    maps : ndarray or MapBatches
    size, padding
        Of the patches.
    activations : callable
        Gives of some maps, and of the number of the first of them, the activations.
    places : MapPlaces or None
        Where these lie on the maps. None: as patches do, at stride 1.
    """

    maps: Maps
    size: Pair
    padding: Padding
    activations: Callable[[NDArray[Any], int], Any]
    places: MapPlaces | None = None

    @property
    def n_patches(self) -> Pair:
        """Rows and columns of patches at stride 1."""
        _, height, width, _ = self.maps.shape
        return grid((height, width), self.size, self.padding)

    def matches(self) -> tuple[Matched, Matched] | None:
        """Rows and columns of the patches that are learnt from; None: all, as they come."""
        if self.places is None:
            return None
        rows, columns = (
            matched(axis, n_pixels, (size - 1) / 2 - before, n_patches)
            for axis, n_pixels, size, (before, _), n_patches in zip(
                self.places.axes,
                self.places.shape[:2],
                self.size,
                border(self.size, self.padding),
                self.n_patches,
                strict=True,
            )
        )
        if not (len(rows.patches) and len(columns.patches)):
            raise ValueError(
                f"no patch of kernel_size={self.size}, padding={self.padding!r} lies where teacher "
                f"has activations: these are maps of shape {self.places.shape}"
            )
        return rows, columns

    @property
    def is_everywhere(self) -> bool:
        """Whether all patches are learnt from."""
        matches = self.matches()
        found = None if matches is None else tuple(len(match.patches) for match in matches)
        return found in (None, self.n_patches)

    def patches(self, batch: NDArray[Any]) -> Floats:
        """The patches of some maps that are learnt from, as rows."""
        n_rows, n_columns = self.n_patches
        rows, columns = np.arange(n_rows), np.arange(n_columns)
        if (matches := self.matches()) is not None:
            rows, columns = (match.patches for match in matches)
        lines = np.arange(len(batch))[:, np.newaxis] * n_rows + rows
        places = (lines[:, :, np.newaxis] * n_columns + columns).ravel()
        patches, _ = patches_at(batch, self.size, self.padding, places)
        return patches.reshape(len(patches), -1).astype(np.float64)

    def batches(self) -> Iterator[tuple[NDArray[Any], Floats]]:
        """Maps, and their activations ``(n, rows, columns, n_activations)``, checked."""
        matches, start = self.matches(), 0
        for batch in batches_of(self.maps, self._batch_bytes()):
            found = np.asarray(self.activations(batch, start), np.float64)
            start += len(batch)
            if matches is not None and self.places is not None:
                rows, columns = (match.weights for match in matches)
                found = found.reshape(len(batch), *self.places.shape)
                found = np.einsum("yi,nijc,xj->nyxc", rows, found, columns, optimize=True)
            else:
                self._check(found, len(batch))
            if not np.isfinite(found).all():
                raise ValueError("teacher gives activations that are not finite, expected numbers")
            yield batch, found

    def _batch_bytes(self) -> int:
        """Of maps, so that neither activations nor patches take much more than a chunk."""
        numbers = math.prod(self.maps.shape[1:])
        if self.places is None:
            return _CHUNK_BYTES
        largest = max(numbers * math.prod(self.size), math.prod(self.places.shape))
        return max(1, _CHUNK_BYTES * numbers // largest)

    def _check(self, activations: Floats, n_maps: int) -> None:
        wanted = (n_maps, *self.n_patches)
        if activations.ndim != 4 or activations.shape[:3] != wanted:
            raise ValueError(
                f"teacher gives activations of shape {activations.shape}, expected {wanted} "
                f"and their number: kernel_size={self.size}, padding={self.padding!r}"
            )


def lesson_of(teacher: Any, maps: Maps, y: Any, size: Pair, padding: Padding) -> Lesson:
    """What is learnt from activations, or from what makes them.

    Raises
    ------
    ValueError
        Where there are not as many activations as maps, or a graph yields no map.
    """
    lesson = partial(Lesson, maps, size, padding)
    if isinstance(teacher, Graph):
        if teacher.input.size != math.prod(maps.shape[1:]):
            raise ValueError(
                f"teacher is a graph for samples of shape {teacher.input.shape}, maps have "
                f"shape {maps.shape[1:]}"
            )
        return lesson(partial(_run, teacher), _places(teacher))
    if hasattr(teacher, "transform"):
        fitted = clone(teacher).fit(maps, y)
        graph = getattr(fitted, "graph_", None)
        places = None if graph is None else _places(graph)
        return lesson(lambda batch, start: fitted.transform(batch), places)
    if callable(teacher):
        return lesson(lambda batch, start: teacher(batch))
    given = np.asarray(teacher)
    if len(given) != len(maps):
        raise ValueError(f"teacher has activations of {len(given)} maps, expected {len(maps)}")
    return lesson(lambda batch, start: given[start : start + len(batch)])


def _run(graph: Graph, batch: NDArray[Any], start: int) -> NDArray[np.float32]:
    from skconv.runtime import engine

    return engine.run(graph, batch.reshape(len(batch), *graph.input.shape))


def _places(graph: Graph) -> MapPlaces:
    try:
        return places_of_output(graph)
    except ValueError as error:
        raise ValueError(
            f"teacher must yield one map: {error}; with PretrainedFeatures expected one layer that "
            "returns a map, pool=None and normalize=False"
        ) from error
