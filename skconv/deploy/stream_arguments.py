"""What `to_c` is told of the windows of a stream."""

from __future__ import annotations

from numbers import Integral
from typing import Any

import numpy as np

from skconv.codegen.input_layout import sample_of
from skconv.codegen.interface import Input, Window
from skconv.codegen.samples import samples_of
from skconv.graph import Graph


def check_windows(input_: Input, window: int | None, hop: int | None) -> Input:
    """The way in which input comes; ValueError where these options do not go together."""
    given = {"window": window, "hop": hop}
    for name, value in given.items():
        if value is not None and input_ != "samples":
            raise ValueError(f"{name}={value!r} with input={input_!r}, expected input='samples'")
        is_count = isinstance(value, Integral) and not isinstance(value, bool) and value >= 1
        if value is not None and not is_count:
            raise ValueError(f"{name}={value!r}, expected a whole number of samples, 1 or more")
    if input_ == "samples" and hop is None:
        raise ValueError(
            "hop is None with input='samples', expected the number of samples from one window to "
            "the next, such as hop=10"
        )
    return input_


def windows_of(
    graph: Graph, X_calibration: Any, window: int | None, hop: int | None
) -> Window | None:
    """The windows of a stream; None where there is none.

    Parameters
    ----------
    graph : Graph
        Of a whole window.
    X_calibration : array-like
        Its second axis is that of time, where the graph takes windows flat.
    window, hop : int or None
        As they were given.
    """
    if hop is None:
        return None
    shape = np.shape(X_calibration)
    if window is None and len(sample_of(graph).shape) == 1 and len(shape) == 3:
        window = shape[1] if shape[1] * shape[2] == graph.input.size else None
    return Window(samples_of(graph, None if window is None else int(window)).length, int(hop))


def sample_size(graph: Graph, window: Window | None) -> int | None:
    """Numbers of one sample of a stream; None where there is no stream."""
    return None if window is None else samples_of(graph, window.length).size
