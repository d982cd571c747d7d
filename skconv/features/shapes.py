"""What the axes of ``X`` mean: samples as the parameters say, and shapes that can mean two things.

An array does not say whether 64 numbers are an image of 8 x 8 or a signal, nor whether 28 x 28
numbers are one image or 28 signals. What is certainly wrong is refused here; what can be read in
two ways is read in one, and a `ShapeWarning` says which, and what to write for the other.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skconv.exceptions import ShapeWarning, warn

Shape = tuple[int, ...]
Shape3 = tuple[int, int, int]

# The shortest side of an array that may be taken for an image.
_LEAST_SIDE = 8
# A signal has at most this many channels, and is at least this many times as long as wide.
_MOST_CHANNELS = 16
_LEAST_LENGTH = 4
# The longer side of an image is less than this many times the shorter.
_LONGEST_SIDE = 2
# How many samples are looked at.
_LOOKED_AT = 200


def checked_input_shape(input_shape: Any) -> Shape | None:
    if input_shape is None:
        return None
    shape = tuple(input_shape)
    if not 1 <= len(shape) <= 3 or not all(
        isinstance(n, int | np.integer) and n > 0 for n in shape
    ):
        raise ValueError(
            f"input_shape={input_shape!r} must be (length,), (height, width) or (height, "
            "width, channels), positive integers; in the order of data_format"
        )
    return tuple(int(n) for n in shape)


def with_three_axes(shape: Shape, channels_first: bool) -> Shape3:
    """A sample's axes in full: a signal gets height 1, a lone channel its axis."""
    if len(shape) == 1:
        shape = (1, *shape)
    if len(shape) == 2:
        shape = (1, *shape) if channels_first else (*shape, 1)
    first, second, third = shape
    return first, second, third


def check_samples(shape: Shape, sample: Shape3) -> None:
    """ValueError unless ``X`` of this shape holds samples of shape `sample`.

    Axes of length 1 may be left out, and samples may be flat.
    """
    found = shape[1:]
    if len(found) == 1:
        if found[0] != math.prod(sample):
            check_no_lone_sample(shape, sample)
            raise ValueError(
                f"X has {found[0]} features, but input_shape={sample} needs {math.prod(sample)}"
            )
    elif _without_ones(found) != _without_ones(sample):
        check_no_lone_sample(shape, sample)
        raise ValueError(f"X has samples of shape {found}, expected {sample}")


def check_stated_shape(shape: Shape, sample: Shape3) -> None:
    """Warn of two axes with channels first: of an image of one channel neither order matters."""
    if len(shape) == 2 and 1 not in shape and sample == (1, *shape):
        height, width = shape
        warn(
            f"input_shape={shape} with data_format='channels_first' is taken for images of "
            f"{height} x {width} pixels. For signals of {height} channels write "
            f"input_shape={(height, 1, width)}, or take MiniRocketFeatures or "
            "TemporalConvFeatures, which read two axes as signals; write "
            f"input_shape={(1, height, width)} for images",
            ShapeWarning,
        )


def check_no_lone_sample(shape: Shape, sample: Shape3) -> None:
    """ValueError where ``X``, which holds no samples of shape `sample`, is itself one of them."""
    if _without_ones(shape) == _without_ones(sample):
        raise ValueError(
            f"X of shape {shape} is one sample, not an array of them: write X[None] in place of X"
        )


def _without_ones(shape: Shape) -> Shape:
    return tuple(n for n in shape if n != 1)


def check_unstated_shape(
    X: Any, flat: NDArray[Any], y: Any, *, channels_first: bool = False
) -> None:
    """Where no ``input_shape`` says what a sample is: refuse one image, warn of what is ambiguous.

    Parameters
    ----------
    X : array
        As it was given, of two axes or more.
    flat : ndarray of shape (n_samples, n_features)
        Its samples, valid.
    y : array-like or None
        Labels: as many as ``X`` is long say that it holds samples.
    channels_first : bool
        Whether channels stand first, as ``data_format`` says.
    """
    shape = tuple(X.shape)
    if not _has_labels(y, shape[0]) and _looks_like_one_image(shape, flat):
        doubt: str | None = _one_image(shape, flat.dtype)
    elif len(shape) == 2:
        doubt = _flat_images(flat)
    elif len(shape) == 3:
        doubt = _channels(shape)
    else:
        doubt = None if channels_first else _planes(shape)
    if doubt is not None:
        warn(doubt, ShapeWarning)


def _has_labels(y: Any, n_samples: int) -> bool:
    return y is not None and np.asarray(y).shape[:1] == (n_samples,)


def _looks_like_one_image(shape: Shape, flat: NDArray[Any]) -> bool:
    """Whether height, width and (of three axes) channels would be those of an image."""
    sides = shape[:2]
    if min(sides) < _LEAST_SIDE or max(sides) >= _LONGEST_SIDE * min(sides):
        return False
    if len(shape) == 2:
        # A square array of bytes is hardly a set of samples.
        pixels = flat.dtype == np.uint8 and shape[0] == shape[1]
        return pixels or neighbours_are_alike(flat)
    return len(shape) == 3 and shape[2] in (3, 4)


def _one_image(shape: Shape, dtype: Any) -> str:
    """What to say of what looks like one image; ValueError where it is one of pixels."""
    taken = f"{shape[0]} samples of shape {shape[1:]}"
    if dtype == np.uint8:
        raise ValueError(
            f"X of shape {shape} and dtype uint8 looks like one image, not like {taken}: write "
            f"X[None] in place of X, or input_shape={shape[1:]} if X holds samples"
        )
    return (
        f"X of shape {shape} is taken for {taken}, but looks like one image: write X[None] in "
        f"place of X if it is one, or input_shape={shape[1:]} if X holds samples"
    )


def neighbours_are_alike(flat: NDArray[Any]) -> bool:
    """Whether rows side by side are more alike than rows that are apart, as in an image."""
    near, far = (_difference(flat, step, axis=0) for step in (1, len(flat) // 2))
    return near < far / 2


def _difference(flat: NDArray[Any], step: int, axis: int) -> float:
    """Mean magnitude of the differences of entries that are `step` apart."""
    length = flat.shape[axis]
    first, second = (
        flat.take(range(start, start + length - step), axis).astype(np.float64)
        for start in (0, step)
    )
    return float(np.abs(first - second).mean())


def _flat_images(flat: NDArray[Any]) -> str | None:
    """What to say of rows that may be images made flat: square ones, of one or three channels."""
    length = flat.shape[1]
    for channels in (1, 3):
        side = math.isqrt(length // channels)
        is_square = side >= _LEAST_SIDE and channels * side**2 == length
        if is_square and not _is_smooth_along_rows(flat[:_LOOKED_AT], side * channels):
            image = (side, side) if channels == 1 else (side, side, channels)
            return (
                f"X of shape {flat.shape} is taken for signals of {length} numbers, but may hold "
                f"flat images: write input_shape={image} for images, or input_shape=({length},) "
                "for signals"
            )
    return None


def _is_smooth_along_rows(flat: NDArray[Any], width: int) -> bool:
    """Whether entries `width` apart differ by more than those half as far apart, as in signals.

    In an image they lie one above the other, and differ by less.
    """
    near, far = (_difference(flat, step, axis=1) for step in (width // 2, width))
    return far > 1.05 * near


def _channels(shape: Shape) -> str | None:
    """What to say of long and narrow samples: they may be signals of several channels."""
    _, height, width = shape
    channels, length = min(height, width), max(height, width)
    if height == 1 or channels > _MOST_CHANNELS or length < _LEAST_LENGTH * channels:
        return None
    signal, order = (1, height, width), "channels_last"
    if width > height:
        signal, order = (height, 1, width), "channels_first"
    return (
        f"X of shape {shape} is taken for images of {height} x {width} pixels, but may hold "
        f"signals of {channels} channel(s). For signals take MiniRocketFeatures or "
        f"TemporalConvFeatures with data_format={order!r}, which read three axes as signals, or "
        f"write input_shape={signal} and data_format={order!r} for signals; write "
        f"input_shape={(height, width)} for images"
    )


def _planes(shape: Shape) -> str | None:
    """What to say of few rows of many channels: they may be planes of colour."""
    first, *sides = shape[1:]
    if first not in (1, 3, 4) or min(sides) < _LEAST_SIDE:
        return None
    if max(sides) >= _LONGEST_SIDE * min(sides):
        return None
    return (
        f"X of shape {shape} is taken for images of {first} x {sides[0]} pixels and {sides[1]} "
        "channels, but may hold images whose channels come first: write "
        f"data_format='channels_first' for these, or input_shape={shape[1:]} for the others"
    )
