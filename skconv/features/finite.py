"""Errors for numbers that are too large for float32 arithmetic."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skconv.graph import Graph


def _is_finite(features: Any) -> bool:
    values = features.data if hasattr(features, "tocsr") else features
    return values.dtype.kind != "f" or bool(np.isfinite(values).all())


def check_finite_features(
    features: Any, samples: NDArray[Any], run: Callable[[NDArray[Any]], Any]
) -> None:
    """ValueError where features that ``run`` made of flat samples are infinite or not a number."""
    if _is_finite(features):
        return
    bad = next(i for i in range(features.shape[0]) if not _is_finite(features[i : i + 1]))
    sample = samples[bad : bad + 1].astype(np.float32)
    largest = limit = float(np.abs(sample).max())
    while limit > 1 and not _is_finite(run(sample * np.float32(limit / largest))):
        limit /= 10
    raise ValueError(
        f"X holds {largest:.3g} in sample {bad}, and its features are beyond what float32 holds "
        f"({np.finfo(np.float32).max:.3g}). Scale X so that no number is beyond {limit:.1g}."
    )


def check_finite_fit(graph: Graph, samples: Any) -> None:
    """ValueError where what was learnt of samples is infinite or not a number."""
    arrays = (value for node in graph.nodes for value in vars(node.op).values())
    if all(_is_finite(value) for value in arrays if isinstance(value, np.ndarray)):
        return
    largest = f"X reaches {np.abs(samples).max():.3g}: " if isinstance(samples, np.ndarray) else ""
    raise ValueError(
        f"{largest}what is learnt from it is beyond what float32 holds "
        f"({np.finfo(np.float32).max:.3g}). Scale X, for example by StandardScaler."
    )
