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
    "overlapping": (6,),
}


def fit_window(
    size: Any, map_shape: tuple[int, ...], name: str, *, signal: bool, clip: bool = False
) -> Pair:
    """Height and width of a window that fits a map; ValueError where it is larger.

    On a signal (a map of height 1) the window has height 1. With `clip` a window larger than
    the map is cut to it, with a warning: where nobody chose its size, or a plain row of numbers
    has no shape that could be wrong.
    """
    rows, columns = pair(size, name)
    height, width = map_shape[:2]
    rows = 1 if signal else rows
    if clip and (rows > height or columns > width):
        rows, columns = min(rows, height), min(columns, width)
        what, used = f"larger than the {height}x{width} map", f"({rows}, {columns})"
        if signal:
            what, used = "longer than the signal", f"{columns}"
        warn(f"{name}={size!r} is {what}: {used} is used", ShapeWarning)
    if rows > height or columns > width:
        raise ValueError(
            f"{name}={size!r} is larger than the {height}x{width} map: expected at most "
            f"({height}, {width})"
        )
    return rows, columns


def grid_windows(
    name: str, map_shape: tuple[int, ...], *, signal: bool, clip: bool = False
) -> list[tuple[Pair, Pair]]:
    """Size and stride of the windows of every grid of `GRIDS`.

    The windows of a grid are equal and cover the map. Where it cannot be divided evenly
    they overlap, by as little as that allows; those of ``"overlapping"`` by about half. A
    signal has grids of one row; with `clip` grids finer than a map are cut to it, with a
    warning.
    """
    height, width = map_shape[:2]
    cover = overlapping if name == "overlapping" else covering
    grids = []
    for n in GRIDS[name]:
        down, across = (1 if signal else n), n
        if clip and (down > height or across > width):
            down, across = min(down, height), min(across, width)
            what, used = f"the {height}x{width} map", f"{down}x{across}"
            if signal:
                what, used = "the signal", f"{across}"
            warn(f"pool_size={name!r} is finer than {what}: a grid of {used} is used", ShapeWarning)
        if down > height or across > width:
            raise ValueError(
                f"pool_size={name!r} needs maps of at least {down}x{across}, got {height}x{width}"
            )
        (rows, row_step), (columns, column_step) = cover(height, down), cover(width, across)
        grids.append(((rows, columns), (row_step, column_step)))
    return grids


def overlapping(length: int, count: int) -> Pair:
    """Size and step of `count` equal windows that cover an axis, each about twice its step.

    >>> overlapping(28, 6)
    (8, 4)
    """
    step = max(1, length // (count + 1))
    return length - (count - 1) * step, step


def covering(length: int, count: int) -> Pair:
    """Size and step of `count` equal windows that cover an axis with the least overlap."""
    step = length // count
    return length - (count - 1) * step, step
