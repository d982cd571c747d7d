"""Warnings of skconv, so that each can be filtered or made an error by its class."""

from __future__ import annotations

import sys
import warnings
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from skconv.convert import NotConvertibleError

__all__ = [
    "CalibrationWarning",
    "CompilerWarning",
    "InputRangeWarning",
    "NotConvertibleError",
    "ShapeWarning",
    "SkconvWarning",
]


class SkconvWarning(UserWarning):
    """Base of all warnings of skconv."""


class ShapeWarning(SkconvWarning):
    """The shape of samples can be read in more than one way."""


class CalibrationWarning(SkconvWarning):
    """Calibration samples do not fit the estimator, or its integers lose accuracy on them."""


class InputRangeWarning(SkconvWarning):
    """Samples hold numbers that the device cannot deliver."""


class CompilerWarning(SkconvWarning):
    """The C compiler cannot be used, and the integer definition runs in its place."""


def warn(message: str, kind: type[SkconvWarning]) -> None:
    """Warn at the user's line: outside of this package, and of scikit-learn that calls it."""
    packages = (__name__.partition(".")[0], "sklearn")
    depth = 2
    frame = sys._getframe(1)
    while frame.f_back and frame.f_globals.get("__name__", "").partition(".")[0] in packages:
        frame = frame.f_back
        depth += 1
    warnings.warn(message, kind, stacklevel=depth)


def __getattr__(name: str) -> object:
    # Imported on first use: it brings scikit-learn.
    if name == "NotConvertibleError":
        from skconv.convert import NotConvertibleError

        return NotConvertibleError
    raise AttributeError(f"module 'skconv.exceptions' has no attribute {name!r}")
