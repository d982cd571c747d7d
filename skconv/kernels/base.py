"""What a kernel source is, and the arguments that sources and extractors share."""

from __future__ import annotations

from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import check_array, check_consistent_length, column_or_1d
from sklearn.utils.multiclass import check_classification_targets

from skconv.exceptions import ShapeWarning, warn
from skconv.kernels.batches import MapBatches
from skconv.stages.geometry import PADDINGS, Padding, Pair, border, grid, pair

# Sources and stages lay kernels on maps alike; sources find these words here.
__all__ = [
    "PADDINGS",
    "KernelSource",
    "Padding",
    "Pair",
    "border",
    "centred",
    "check_labels",
    "check_maps",
    "first_of_equals",
    "grid",
    "limited",
    "on_channels",
    "pair",
    "unit_rows",
]

_DECIMALS = 5


class KernelSource(Protocol):
    """An estimator that makes kernels for maps ``(n_samples, height, width, channels)``.

    Maps are an array, a memory map among them, or `MapBatches`, which no memory need hold.
    """

    kernels_: NDArray[np.float32]
    biases_: NDArray[np.float32]

    def fit(self, maps: NDArray[Any] | MapBatches, y: Any = None) -> KernelSource:
        """Set ``kernels_`` (n_kernels, height, width, channels) and ``biases_``."""
        ...


def check_maps(
    maps: Any, kernel_size: Any, padding: Padding = "valid"
) -> tuple[NDArray[Any] | MapBatches, Pair]:
    """Maps as an array of finite numbers (or in batches), and the kernel's height and width.

    A memory map is looked at, not copied. ValueError where the maps have not four axes or
    no sample, or where a kernel is larger than they are and nothing is added around them.
    """
    if not isinstance(maps, MapBatches):
        maps = check_array(maps, ensure_2d=False, allow_nd=True)
    if len(maps.shape) != 4:
        raise ValueError(
            f"maps have shape {maps.shape}, expected (n_samples, height, width, channels)"
        )
    size = pair(kernel_size, "kernel_size")
    if padding == "valid" and (size[0] > maps.shape[1] or size[1] > maps.shape[2]):
        raise ValueError(
            f"kernel_size={kernel_size!r} is larger than the {maps.shape[1]}x{maps.shape[2]} maps"
        )
    return maps, size


def on_channels(
    kernels: NDArray[Any], n_channels: int, how: Literal["mean", "each"]
) -> NDArray[np.float32]:
    """Kernels of one channel for maps of several: on their mean, or on each alone."""
    if how == "mean":
        found = np.repeat(kernels / n_channels, n_channels, axis=3)
    else:
        found = np.einsum("khwo,cd->kchwd", kernels, np.eye(n_channels))
        found = found.reshape(-1, *kernels.shape[1:3], n_channels)
    return np.ascontiguousarray(found, np.float32)


def check_labels(y: Any, maps: Any, name: str) -> NDArray[Any]:
    """A label for every sample, as an array; ValueError where source `name` gets none."""
    if y is None:
        raise ValueError(f"{name} is supervised: y=None, expected a label for every sample")
    y = column_or_1d(y)
    check_consistent_length(y, maps)
    check_classification_targets(y)
    return y


def limited(n_kernels: int, most: int, what: str, *, clip: bool) -> int:
    """How many kernels to take of `most`; ValueError where there are too few.

    With `clip` as many as there are come, with a warning. `what` says what there is of them.
    """
    if n_kernels <= most:
        return n_kernels
    excess = f"n_kernels={n_kernels} is more than the {most} {what}"
    if not clip or most == 0:
        raise ValueError(excess)
    warn(f"{excess}: {most} is used", ShapeWarning)
    return most


def centred(kernels: NDArray[Any], size: Pair) -> NDArray[Any]:
    """Kernels with zeros around them up to `size`, their responses where they were.

    The middle of a kernel is the entry that lies on the pixel with ``padding="same"``: the
    upper (left) one of the two of an even size.
    """
    (top, bottom), (left, right) = (
        ((large - 1) // 2 - (small - 1) // 2, large // 2 - small // 2)
        for large, small in zip(size, kernels.shape[1:3], strict=True)
    )
    return np.pad(kernels, ((0, 0), (top, bottom), (left, right), (0, 0)))


def unit_rows(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Each row at length 1; a row of zeros stays one."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.where(lengths > 0, lengths, 1)


def first_of_equals(rows: NDArray[np.float64]) -> NDArray[np.int64]:
    """Indices, ascending, of rows that differ from all before them by more than rounding."""
    largest = np.abs(rows).max(initial=0.0) or 1.0
    rounded = np.round(rows / largest, _DECIMALS) + 0.0  # no -0.0
    return np.sort(np.unique(rounded, axis=0, return_index=True)[1])
