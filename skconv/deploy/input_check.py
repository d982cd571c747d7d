"""Checks of samples that the device would clip or round."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skconv.deploy.arguments import check_samples
from skconv.exceptions import InputRangeWarning, warn
from skconv.graph import Graph, TensorSpec

# Share of the width of a calibrated range: new samples may reach a little beyond it.
TOLERANCE = 0.1


def checked_samples(graph: Graph, X: Any, n_samples: int | None = None) -> NDArray[Any]:
    """The first samples, flat; raises if they do not fit and warns if they change."""
    samples = check_samples("X", X, graph.input.size)[:n_samples]
    check_input(graph.input, samples)
    return samples


def check_input(spec: TensorSpec, x: NDArray[Any]) -> None:
    """Warn if flat samples are clipped or rounded to the input of a graph.

    - An input of scale 1 is what the device delivers: whole numbers within the limits of its
      type. All others change.
    - Where calibration chose the scale, rounding and a little clipping are expected. Numbers far
      outside the range are in another unit.
    """
    if spec.domain == "float":
        _check_float(x)
        return
    changes = list(_changes(spec, x))
    if changes:
        warn(
            f"X holds {' and '.join(changes)}. The C reads {spec.dtype}, which covers "
            f"{_limits_text(spec)}; give such numbers, or call to_c with calibration samples "
            "like these",
            InputRangeWarning,
        )


def _check_float(x: NDArray[Any]) -> None:
    most = float(np.finfo(np.float32).max)
    if x.dtype.itemsize > 4 and len(x) and (largest := float(np.abs(x).max())) > most:
        raise ValueError(f"X holds {largest:g}, expected numbers of at most {most:.1e}, as float32")


def _changes(spec: TensorSpec, x: NDArray[Any]) -> Iterator[str]:
    low, high = _limits(spec)
    if _is_counted(spec):
        if x.dtype == spec.dtype:
            return
        fractions = 0 if x.dtype.kind in "bui" else int((x != np.rint(x)).sum())
        if fractions:
            yield f"{fractions:,} of {x.size:,} values that are not whole and will be rounded"
        slack: Any = 0
    else:
        slack = TOLERANCE * (high - low)
    if int(((x < low - slack) | (x > high + slack)).sum()):
        outside = int(((x < low) | (x > high)).sum())
        yield f"{outside:,} of {x.size:,} values that are out of range and will be clipped"


def _is_counted(spec: TensorSpec) -> bool:
    return bool(np.all(spec.outer_scale == 1) and np.all(spec.outer_zero_point == 0))


def _limits(spec: TensorSpec) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The least and the largest numbers that stand for integers of the input."""
    least, largest = spec.limits
    return spec.real(np.asarray(least)), spec.real(np.asarray(largest))


def _limits_text(spec: TensorSpec) -> str:
    low, high = _limits(spec)
    kind = "whole numbers from " if _is_counted(spec) else ""
    each = " (a range for each feature)" if low.size > 1 else ""
    return f"{kind}{low.min():g} to {high.max():g}{each}"
