"""Sound files and tables of sensors as recordings, and windows of them."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from math import gcd
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

_TIMES = {"time", "timestamp", "t", "ms", "millis", "seconds"}
_DELIMITERS = (",", ";", "\t")


# ------------------------------------------------------------------------------- sounds


def read_sounds(paths: Sequence[Path], rate: int | None) -> tuple[list[NDArray[np.int16]], int]:
    """Sounds of one channel in 16 bits, and their samples a second.

    Several channels become their mean. With a ``rate`` sounds of another one are resampled;
    without it all must have the same.

    Raises
    ------
    ValueError
        Where a file cannot be read, holds no sample, or rates differ.
    """
    found = [_read_sound(path) for path in paths]
    wanted = rate or found[0][1]
    for path, (_, each) in zip(paths, found, strict=True):
        if rate is None and each != wanted:
            raise ValueError(
                f"{path} has {each} samples a second and {paths[0]} {wanted}, expected one rate. "
                f"Write --rate {min(each, wanted)} (rate={min(each, wanted)} in Python) to "
                "resample them."
            )
    return [_resampled(sound, each, wanted) for sound, each in found], wanted


def _read_sound(path: Path) -> tuple[NDArray[np.float64], int]:
    """Samples in units of 16 bits, and the rate."""
    from scipy.io import wavfile

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", wavfile.WavFileWarning)  # Chunks of other programs.
            rate, data = wavfile.read(path)
    except Exception as error:
        raise ValueError(f"{path} cannot be read as a WAV file: {error}") from error
    if not data.size:
        raise ValueError(f"{path} holds no sample of sound")
    return _in_16_bits(data).reshape(len(data), -1).mean(axis=1), int(rate)


def _in_16_bits(data: Array) -> NDArray[np.float64]:
    if data.dtype.kind == "f":
        return data.astype(np.float64) * 2**15
    if data.dtype == np.uint8:  # Silence is 128.
        return (data.astype(np.float64) - 128) * 2**8
    return data.astype(np.float64) / 2.0 ** (8 * data.dtype.itemsize - 16)


def _resampled(sound: NDArray[np.float64], rate: int, wanted: int) -> NDArray[np.int16]:
    if rate != wanted:
        from scipy.signal import resample_poly

        common = gcd(rate, wanted)
        sound = resample_poly(sound, wanted // common, rate // common)
    return np.clip(np.rint(sound), -(2**15), 2**15 - 1).astype(np.int16)


# ------------------------------------------------------------------------------ signals


def read_table(path: Path) -> Array:
    """Numbers of a CSV or npy file: a row for each time, a column for each channel.

    Raises
    ------
    ValueError
        Where the file holds no numbers, or NaN or infinity.
    """
    array = _read_npy(path) if path.suffix.lower() == ".npy" else _read_csv(path)
    if array.dtype.kind not in "buif" or array.ndim not in (1, 2, 3) or not array.size:
        raise ValueError(
            f"{path} holds an array of dtype {array.dtype} and shape {array.shape}, expected "
            "numbers of one sample"
        )
    if not np.isfinite(array).all():
        raise ValueError(f"{path} holds NaN or infinity, expected finite numbers")
    return array


def _read_npy(path: Path) -> Array:
    try:
        return np.asarray(np.load(path, allow_pickle=False))
    except Exception as error:
        raise ValueError(f"{path} cannot be read as an array: {error}") from error


def _read_csv(path: Path) -> Array:
    """Columns of numbers; a first line of names is taken as such, a column of times left out."""
    try:
        text = path.read_text(encoding="utf-8-sig")
        lines = [line for line in text.splitlines() if line.strip()]
        delimiter = next((d for d in _DELIMITERS if lines and d in lines[0]), None)
        names = _names(lines, delimiter)
        table = np.loadtxt(lines[bool(names) :], delimiter=delimiter, ndmin=2)
    except (ValueError, OSError) as error:
        raise ValueError(f"{path} cannot be read as a table of numbers: {error}") from error
    kept = [i for i, name in enumerate(names) if name not in _TIMES]
    if names and kept and len(kept) < len(names):
        warnings.warn(f"{path}: the column of times is left out", stacklevel=2)
        return table[:, kept]
    return table


def _names(lines: list[str], delimiter: str | None) -> list[str]:
    """Names of columns in the first line; none where it holds numbers."""
    words = [word.strip(' "').lower() for word in lines[0].split(delimiter)] if lines else []
    try:
        [float(word) for word in words]
    except ValueError:
        return words
    return []


def as_numbers(samples: Array) -> Array:
    """int16 where all numbers are whole and have room in it, uint8 as it is, else float32."""
    if samples.dtype in (np.uint8, np.int16):
        return samples
    if (samples == np.rint(samples)).all() and np.abs(samples).max() < 2**15:
        return samples.astype(np.int16)
    return samples.astype(np.float32)


# ------------------------------------------------------------------------------ windows


def cut(recording: Array, length: int, pad: bool) -> list[Array]:
    """Windows of a recording, one behind the other; what is left at its end is left out.

    With ``pad`` a recording that is shorter becomes one window with zeros behind it; without,
    it has none.

    Examples
    --------
    >>> import numpy as np
    >>> from skconv.folders.recordings import cut
    >>> cut(np.arange(5), 2, pad=True)
    [array([0, 1]), array([2, 3])]
    >>> cut(np.arange(1, 3), 4, pad=True)
    [array([1, 2, 0, 0])]
    """
    if len(recording) < length:
        short = [(0, length - len(recording))] + [(0, 0)] * (recording.ndim - 1)
        return [np.pad(recording, short)] if pad else []
    return [recording[i : i + length] for i in range(0, len(recording) - length + 1, length)]
