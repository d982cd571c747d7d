"""Files of time series in the format ``.ts``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray


def read_ts(path: Path) -> tuple[list[NDArray[np.float32]], NDArray[Any]]:
    """Series ``(length, channels)`` of a ``.ts`` file, and the label of each.

    Lines before ``@data`` are comments and properties. A line behind it is a series: channels
    are separated by colons, numbers by commas, and the label comes last.

    Raises
    ------
    ValueError
        Where a line cannot be read; it names the line.
    """
    text = path.read_text(encoding="utf-8")
    head, found, data = text.partition("@data")
    if not found:
        raise ValueError(f"{path} is not a .ts file: it has no line @data")
    series, labels = [], []
    for number, line in enumerate(data.splitlines()[1:], head.count("\n") + 2):
        if not line.strip():
            continue
        *channels, label = line.strip().split(":")
        series.append(_series(channels, f"{path}, line {number}"))
        labels.append(label)
    return series, np.array(labels)


def _series(channels: list[str], place: str) -> NDArray[np.float32]:
    try:
        return np.array([channel.split(",") for channel in channels], np.float32).T
    except ValueError as error:
        raise ValueError(
            f"{place}: expected channels of equally many numbers, separated by colons"
        ) from error
