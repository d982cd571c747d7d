"""Images of signed numbers in a grid, their colours symmetric about zero.

matplotlib is imported when something is drawn.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from numbers import Integral
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.utils._param_validation import (
    HasMethods,
    Interval,
    StrOptions,
    validate_parameter_constraints,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_COUNT = [Interval(Integral, 1, None, closed="left"), None]
_CONSTRAINTS: dict[str, list[Any]] = {
    "ax": [HasMethods(["inset_axes"]), None],
    "n_images": _COUNT,
    "n_columns": _COUNT,
    "scale": [StrOptions({"all", "each"})],
}
_INCHES = 6.0  # the longer side of a figure
_FILLED = 0.9  # the part of a cell that its image may take


class Grid(NamedTuple):
    """What was drawn: the axes that bound the grid, and those of every image."""

    bounding_ax: Axes
    axes: NDArray[np.object_]


def check_grid(caller: str, **parameters: Any) -> None:
    """ValueError where a parameter of `draw_grid` is not what it takes."""
    validate_parameter_constraints(_CONSTRAINTS, parameters, caller_name=caller)


def limits(images: Sequence[NDArray[Any]], scale: str) -> list[float]:
    """The magnitude that has the strongest colour in each image; 1 where all is zero."""
    magnitudes = [float(np.nanmax(np.abs(image))) for image in images]
    if scale == "all":
        magnitudes = [max(magnitudes)] * len(magnitudes)
    return [magnitude or 1.0 for magnitude in magnitudes]


def draw_grid(
    images: Sequence[NDArray[Any]],
    *,
    ax: Axes | None,
    n_columns: int | None,
    scale: str,
    cmap: Any,
) -> Grid:
    """Draw images of one size, row by row.

    An image is ``(height, width)`` and drawn by the colour map, its missing entries (NaN)
    left blank, or ``(height, width, 3)`` and drawn as red, green and blue about grey.
    """
    height, width = images[0].shape[:2]
    if n_columns is None:  # about as wide as high
        n_columns = max(1, round(math.sqrt(len(images) * height / width)))
    n_columns = min(n_columns, len(images))
    n_rows = -(-len(images) // n_columns)
    if ax is None:
        ax = _new_axes(n_rows * height, n_columns * width)
    ax.set_axis_off()
    axes = np.empty(len(images), dtype=object)
    for i, (image, limit) in enumerate(zip(images, limits(images, scale), strict=True)):
        row, column = divmod(i, n_columns)
        axes[i] = ax.inset_axes(_cell(row, column, n_rows, n_columns))
        _draw(axes[i], image, limit, cmap)
    return Grid(ax, axes)


def _new_axes(height: int, width: int) -> Axes:
    import matplotlib.pyplot as plt

    inches = [max(1.0, _INCHES * side / max(height, width)) for side in (width, height)]
    return plt.subplots(figsize=inches)[1]


def _cell(row: int, column: int, n_rows: int, n_columns: int) -> tuple[float, float, float, float]:
    """Left, bottom, width and height as parts of the bounding axes; row 0 is on top."""
    width, height = 1 / n_columns, 1 / n_rows
    left = (column + (1 - _FILLED) / 2) * width
    bottom = (n_rows - 1 - row + (1 - _FILLED) / 2) * height
    return left, bottom, _FILLED * width, _FILLED * height


def _draw(ax: Axes, image: NDArray[Any], limit: float, cmap: Any) -> None:
    if image.ndim == 3:
        ax.imshow(0.5 + image / (2 * limit))
    else:
        ax.imshow(image, cmap=cmap, vmin=-limit, vmax=limit)
    ax.set_xticks([])
    ax.set_yticks([])
