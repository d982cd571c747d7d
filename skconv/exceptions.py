"""Errors and warnings of skconv, each with a class to catch or filter."""

from __future__ import annotations

import sys
import warnings

__all__ = [
    "CalibrationWarning",
    "CompilerWarning",
    "InputRangeWarning",
    "MemoryLimitError",
    "NotConvertibleError",
    "PassOrderWarning",
    "ShapeWarning",
    "SkconvWarning",
    "StorageWarning",
]


class NotConvertibleError(ValueError):
    """A fitted estimator cannot be converted to a graph.

    Parameters
    ----------
    class_name : str
        Class of the estimator.
    reason : str
        Why it cannot be converted.
    advice : str
        What would work instead.
    parameter : str or None
        Name of the parameter, or of the fitted attribute, that stands in the way; None
        where it is the class.
    step : str
        Where the estimator stands: names of Pipeline steps from the outside in, joined by
        dots. Empty for an estimator that stands alone.

    Examples
    --------
    >>> from sklearn.svm import SVC
    >>> from skconv import NotConvertibleError, to_graph
    >>> try:
    ...     to_graph(SVC(kernel="sigmoid").fit([[0.0], [1.0]], [0, 1]))
    ... except NotConvertibleError as error:
    ...     print(error.parameter, "-", error.advice)
    kernel - use kernel='rbf', 'poly' or 'linear', or skconv.LaplacianNuSVC
    """

    def __init__(
        self,
        class_name: str,
        reason: str,
        advice: str,
        parameter: str | None = None,
        step: str = "",
    ) -> None:
        super().__init__(class_name, reason, advice, parameter, step)
        self.class_name = class_name
        self.reason = reason
        self.advice = advice
        self.parameter = parameter
        self.step = step

    def __str__(self) -> str:
        where = f"step {self.step!r}: " if self.step else ""
        what = f", parameter {self.parameter}" if self.parameter else ""
        return f"{where}{self.class_name}{what}: {self.reason}; {self.advice}"


class MemoryLimitError(ValueError):
    """A model takes more memory than `skconv.to_c` was told that there is."""


class SkconvWarning(UserWarning):
    """Base class of all warnings of skconv."""


class ShapeWarning(SkconvWarning):
    """The shape of samples can be read in more than one way."""


class CalibrationWarning(SkconvWarning):
    """Calibration samples do not fit the estimator, or its integers lose accuracy on them."""


class InputRangeWarning(SkconvWarning):
    """Samples hold numbers that the device cannot deliver."""


class CompilerWarning(SkconvWarning):
    """The C compiler cannot be used; the integer definition runs instead."""


class PassOrderWarning(SkconvWarning):
    """A pass of compression undoes what an earlier one has done."""


class StorageWarning(SkconvWarning):
    """A model is stored in more bytes than a pass of compression has made it for."""


def warn(message: str, kind: type[Warning]) -> None:
    """Warn at the user's line: outside of this package, and of scikit-learn that calls it."""
    packages = (__name__.partition(".")[0], "sklearn")
    depth = 2
    frame = sys._getframe(1)
    while frame.f_back and frame.f_globals.get("__name__", "").partition(".")[0] in packages:
        frame = frame.f_back
        depth += 1
    warnings.warn(message, kind, stacklevel=depth)
