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
    from matplotlib.colorbar import Colorbar

_COUNT = [Interval(Integral, 1, None, closed="left"), None]
_CONSTRAINTS: dict[str, list[Any]] = {
    "ax": [HasMethods(["inset_axes"]), None],
    "n_images": _COUNT,
    "n_columns": _COUNT,
    "scale": [StrOptions({"all", "each"})],
    "title": [str, None],
    "colorbar": ["boolean", StrOptions({"auto"})],
}
_INCHES = 6.0  # the longer side of a grid
_BAR_INCHES, _TITLE_INCHES = 0.8, 0.4  # what a figure is larger
_FILLED = (0.9, 0.82)  # the part of a cell's width and height that its image may take
_MOST_NUMBERED = 64  # more images are too small for numbers


class Grid(NamedTuple):
    """What was drawn: the axes around the grid, the axes of every image, the colour bar."""

    bounding_ax: Axes
    axes: NDArray[np.object_]
    colorbar: Colorbar | None


def check_grid(caller: str, **parameters: Any) -> None:
    """ValueError where a parameter of `draw_grid` is not what it takes."""
    validate_parameter_constraints(_CONSTRAINTS, parameters, caller_name=caller)


def limits(images: Sequence[NDArray[Any]], scale: str) -> list[float]:
    """The magnitude that has the strongest colour in each image; 1 where all is zero."""
    magnitudes = [float(np.nanmax(np.abs(image))) for image in images]
    if scale == "all":
        magnitudes = [max(magnitudes)] * len(magnitudes)
    return [magnitude or 1.0 for magnitude in magnitudes]


class GridDisplay:
    """A display that draws one grid of images and keeps what it has drawn."""

    def _draw(
        self,
        images: Sequence[NDArray[Any]],
        ax: Axes | None,
        n_columns: int | None,
        scale: str,
        cmap: Any,
        title: str | None,
        colorbar: bool | str,
    ) -> None:
        grid = draw_grid(
            images,
            ax=ax,
            n_columns=n_columns,
            scale=scale,
            cmap=cmap,
            title=title,
            colorbar=colorbar,
        )
        self.bounding_ax_, self.axes_, self.colorbar_ = grid
        self.figure_ = grid.bounding_ax.figure


def counted(n_drawn: int, n_images: int) -> str:
    """How many images a title names: all of them, or some."""
    return f"{n_images}" if n_drawn == n_images else f"{n_drawn} of {n_images}"


def draw_grid(
    images: Sequence[NDArray[Any]],
    *,
    ax: Axes | None,
    n_columns: int | None,
    scale: str,
    cmap: Any,
    title: str | None = None,
    colorbar: bool | str = False,
) -> Grid:
    """Draw images of one size, row by row, with their numbers.

    An image is ``(height, width)`` and drawn by the colour map, its missing entries (NaN)
    left blank, or ``(height, width, 3)`` and drawn as red, green and blue about grey.

    A colour bar needs one scale and one colour map for all images; ``"auto"`` draws it where
    that is so.
    """
    one_scale = scale == "all" and images[0].ndim == 2
    if colorbar is True and not one_scale:
        raise ValueError(
            f"colorbar=True with scale={scale!r} on images of {images[0].ndim} axes, expected one "
            "scale and one number a pixel. Write scale='all', and channels='side_by_side' for RGB."
        )
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
        if len(images) <= _MOST_NUMBERED:
            _number(axes[i], i, beside=n_columns == 1)
    if title is not None:
        ax.set_title(title)
    drawn = ax.figure.colorbar(axes[0].images[0], ax=ax) if colorbar and one_scale else None
    return Grid(ax, axes, drawn)


def _new_axes(height: int, width: int) -> Axes:
    import matplotlib.pyplot as plt

    across, down = (max(1.0, _INCHES * side / max(height, width)) for side in (width, height))
    size = (across + _BAR_INCHES, down + _TITLE_INCHES)
    return plt.subplots(figsize=size, layout="constrained")[1]


def _cell(row: int, column: int, n_rows: int, n_columns: int) -> tuple[float, float, float, float]:
    """Left, bottom, width and height as parts of the bounding axes; row 0 is on top."""
    width, height = 1 / n_columns, 1 / n_rows
    across, down = _FILLED
    left = (column + (1 - across) / 2) * width
    bottom = (n_rows - 1 - row) * height  # What is left free above holds the number.
    return left, bottom, across * width, down * height


def _number(ax: Axes, i: int, beside: bool) -> None:
    """Number an image above it, or beside it where images form one column, as for signals."""
    if beside:
        ax.set_ylabel(str(i), fontsize="x-small", rotation=0, ha="right", va="center")
    else:
        ax.set_title(str(i), fontsize="x-small", pad=1)


def _draw(ax: Axes, image: NDArray[Any], limit: float, cmap: Any) -> None:
    if image.ndim == 3:
        ax.imshow(0.5 + image / (2 * limit))
    else:
        ax.imshow(image, cmap=cmap, vmin=-limit, vmax=limit)
    ax.set_xticks([])
    ax.set_yticks([])
