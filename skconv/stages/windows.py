"""Windows on a map: their sizes checked, and grids of them that cover it."""

from __future__ import annotations

from typing import Any

from skconv.exceptions import ShapeWarning, warn
from skconv.stages.geometry import Pair, pair

# Windows along each axis; those of several grids come one after the other.
GRIDS: dict[str, tuple[int, ...]] = {
    "global": (1,),
    "quadrants": (2,),
    "sixteenths": (4,),
    "pyramid": (1, 2, 4),
}


def fit_window(
    size: Any, map_shape: tuple[int, ...], name: str, *, signal: bool, clip: bool = False
) -> Pair:
    """Height and width of a window that fits a map; ValueError where it is larger.

    On a signal (a map of height 1) the window has height 1. With `clip` a window longer
    than a signal is cut to it, with a warning: a plain row of numbers has no shape that
    could be wrong.
    """
    rows, columns = pair(size, name)
    height, width = map_shape[:2]
    if signal:
        rows = 1
        if clip and columns > width:
            warn(f"{name}={size!r} is longer than the signal: {width} is used", ShapeWarning)
            columns = width
    if rows > height or columns > width:
        raise ValueError(
            f"{name}={size!r} is larger than the {height}x{width} map: want at most "
            f"({height}, {width})"
        )
    return rows, columns


def grid_windows(
    name: str, map_shape: tuple[int, ...], *, signal: bool, clip: bool = False
) -> list[tuple[Pair, Pair]]:
    """Size and stride of the windows of every grid of `GRIDS`.

    The windows of a grid are equal and cover the map. Where it cannot be divided evenly
    they overlap, by as little as that allows. A signal has grids of one row; with `clip`
    grids finer than a plain row are cut to it, with a warning.
    """
    grids = []
    for n in GRIDS[name]:
        counts = (1 if signal else n, n)
        if signal and clip and n > map_shape[1]:
            warn(
                f"pool_size={name!r} is finer than the signal: a grid of {map_shape[1]} is used",
                ShapeWarning,
            )
            counts = (1, map_shape[1])
        if counts[0] > map_shape[0] or counts[1] > map_shape[1]:
            raise ValueError(
                f"pool_size={name!r} wants maps of at least {counts[0]}x{counts[1]}, got "
                f"{map_shape[0]}x{map_shape[1]}"
            )
        (rows, down), (columns, right) = (
            covering(length, count) for length, count in zip(map_shape, counts, strict=False)
        )
        grids.append(((rows, columns), (down, right)))
    return grids


def covering(length: int, count: int) -> Pair:
    """Size and step of `count` equal windows that cover an axis with the least overlap."""
    step = length // count
    return length - (count - 1) * step, step
