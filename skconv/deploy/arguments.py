"""Checks of what a user gives to `to_c` and to a model."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from skconv.codegen.interface import Input
from skconv.exceptions import warn
from skconv.utils.paths import refuse_paths

# The former name of "whole", which does not fit signals and tables.
OldInput = Literal["image"]


def current_input(value: Input | OldInput) -> Input:
    """The value of ``input`` by its present name, with a warning where it is the old one."""
    if value != "image":
        return value
    warn('input="image" is now input="whole"; the old value goes with release 0.2', FutureWarning)
    return "whole"


def check_option(name: str, value: Any, options: tuple[Any, ...]) -> None:
    """Raise a ValueError that names the parameter where its value is none of the options."""
    if value not in options:
        raise ValueError(f"{name}={value!r}, expected one of {options}")


def check_samples(name: str, X: Any, n_features: int, at_least: int = 1) -> NDArray[Any]:
    """Samples as a flat, finite array; ValueError naming the parameter otherwise."""
    if X is None:
        raise ValueError(
            f"{name} is None, expected samples like those that the device will see. "
            "Write to_c(pipe, X_train[:500])."
        )
    refuse_paths(name, X)
    array = np.asarray(X)
    if array.ndim < 2 or len(array) < at_least:
        raise ValueError(
            f"{name} has shape {array.shape}, expected (n_samples, ...) with at least one sample. "
            "Write X[None] for a single sample X."
        )
    flat = array.reshape(len(array), int(np.prod(array.shape[1:])))
    if flat.shape[1] != n_features and array.size == n_features:
        raise ValueError(
            f"{name} of shape {array.shape} is one sample, not an array of them. "
            f"Write {name}[None]."
        )
    if flat.shape[1] != n_features:
        raise ValueError(
            f"{name} has {flat.shape[1]} numbers a sample (shape {array.shape}), "
            f"the estimator was fitted on {n_features}. Give samples of that size."
        )
    if flat.dtype.kind not in "buif":
        raise ValueError(f"{name} has dtype {array.dtype}, expected real numbers")
    if not np.isfinite(flat).all():
        raise ValueError(f"{name} has NaN or infinite entries, expected finite numbers")
    return flat
