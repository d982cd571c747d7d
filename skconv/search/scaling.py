"""An extractor made larger or smaller by one number."""

from __future__ import annotations

from functools import singledispatch
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, clone

from skconv.features.base import StageExtractor
from skconv.signals import HydraFeatures, MiniRocketFeatures, QuantFeatures, TemporalConvFeatures

# Grids of windows, from one to many: each has about four times the windows of the one before.
GRIDS = ("global", "quadrants", "sixteenths")


@singledispatch
def scaled(extractor: BaseEstimator, phi: float) -> Any:
    """A clone with about ``2**phi`` times the multiplications.

    One number grows all that a stage can grow by, as of EfficientNet: half of the factor goes into
    the number of kernels, half into their area; windows of the pooling become as many more as
    kernels do. Sizes are whole numbers, so small steps are uneven.

    Parameters
    ----------
    extractor : estimator
        `RandomConvFeatures`, `GaborFeatures` and others with a number of kernels, their size and
        windows; `HydraFeatures`, `MiniRocketFeatures`, `QuantFeatures`, `TemporalConvFeatures`.
    phi : float
        0 changes nothing, 1 doubles, -1 halves.

    Returns
    -------
    extractor : estimator
        Not fitted.

    Raises
    ------
    TypeError
        Where the extractor is none of these.

    References
    ----------
    M. Tan, Q. V. Le, "EfficientNet: rethinking model scaling for convolutional neural networks",
    ICML 2019.

    Examples
    --------
    >>> from skconv import RandomConvFeatures
    >>> from skconv.search import scaled
    >>> scaled(RandomConvFeatures(n_kernels=16, kernel_size=5, pool_size=8), 2)
    RandomConvFeatures(kernel_size=7, n_kernels=33, pool_size=6)
    """
    raise TypeError(
        f"extractor is a {type(extractor).__name__}, expected one with n_kernels, kernel_size and "
        "pool_size, such as RandomConvFeatures, or features of signals"
    )


@scaled.register
def _(extractor: StageExtractor, phi: float) -> Any:
    given = extractor.get_params()
    number = next((name for name in ("n_kernels", "n_orientations") if name in given), None)
    if number is None:
        return scaled.dispatch(object)(extractor, phi)
    size = _times(given["kernel_size"], 2 ** (phi / 4))
    # What rounding the size gave or took, kernels give back.
    factor = 2**phi * _area(given["kernel_size"]) / _area(size)
    return clone(extractor).set_params(
        **{number: _times(given[number], factor)},
        kernel_size=size,
        pool_size=_finer(given["pool_size"], phi),
    )


@scaled.register
def _(extractor: HydraFeatures, phi: float) -> Any:
    return clone(extractor).set_params(n_groups=_times(extractor.n_groups, 2**phi))


@scaled.register
def _(extractor: MiniRocketFeatures, phi: float) -> Any:
    # 84 kernels, each of which has as many features as the others.
    n_a_kernel = _times(max(1, extractor.n_features // 84), 2**phi)
    return clone(extractor).set_params(n_features=84 * n_a_kernel)


@scaled.register
def _(extractor: QuantFeatures, phi: float) -> Any:
    # Each level halves the intervals of the one before.
    return clone(extractor).set_params(interval_depth=max(1, round(extractor.interval_depth + phi)))


@scaled.register
def _(extractor: TemporalConvFeatures, phi: float) -> Any:
    size = _times(extractor.kernel_size, 2 ** (phi / 2))
    factor = 2**phi * extractor.kernel_size / size
    return clone(extractor).set_params(
        n_kernels=_times(extractor.n_kernels, factor), kernel_size=size
    )


def _area(size: Any) -> int:
    return size**2 if isinstance(size, int) else int(np.prod(size))


def _times(size: Any, factor: float) -> Any:
    """A size, or one of each axis, times a factor: a whole number, and at least 1."""
    if isinstance(size, tuple | list):
        return tuple(_times(each, factor) for each in size)
    return max(1, round(size * factor))


def _finer(pool_size: Any, phi: float) -> Any:
    """Windows of which there are about ``2**(phi / 2)`` times as many."""
    if pool_size is None or (pool_size not in GRIDS and isinstance(pool_size, str)):
        return pool_size
    if isinstance(pool_size, str):
        place = GRIDS.index(pool_size) + round(phi / 4)
        return GRIDS[min(max(place, 0), len(GRIDS) - 1)]
    return _times(pool_size, 2 ** (-phi / 4))
