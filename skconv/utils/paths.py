"""Errors for samples that are file names, or images that are not arrays yet."""

from __future__ import annotations

import os
from typing import Any

HOW_TO = "Write {name} = np.stack([np.asarray(Image.open(path)) for path in paths]), with Pillow."


def refuse_paths(name: str, X: Any) -> None:
    """ValueError where samples are paths, or images of Pillow that do not fit one array.

    Parameters
    ----------
    name : str
        Of the parameter.
    X : object
        What was given for samples.
    """
    if isinstance(X, str | os.PathLike):
        if str(X).endswith((".npy", ".npz")):
            raise ValueError(
                f"{name} is the path {str(X)!r}, expected an array. Write np.load(path)."
            )
        raise ValueError(
            f"{name} is the path {str(X)!r}, expected an array. {HOW_TO.format(name=name)}"
        )
    first = _first(X)
    if isinstance(first, str | os.PathLike):
        raise ValueError(
            f"{name} holds paths ({str(first)!r}, ...), expected an array of pixels. "
            + HOW_TO.format(name=name)
        )
    if _is_picture(first) and len({(image.size, image.mode) for image in X}) > 1:
        raise ValueError(
            f"{name} holds images of several sizes or modes, expected one for all. Write "
            f"{name} = np.stack([np.asarray(i.convert('L').resize((28, 28))) for i in images])."
        )


def _first(X: Any) -> Any:
    """The first entry of a list, or of an array or series with one axis; None of all else."""
    if isinstance(X, list | tuple):
        return X[0] if X else None
    if getattr(X, "ndim", None) == 1 and len(X):
        return X.iloc[0] if hasattr(X, "iloc") else X[0]
    return None


def _is_picture(value: Any) -> bool:
    return type(value).__module__.startswith("PIL.") and hasattr(value, "mode")
