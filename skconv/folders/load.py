"""`load_folder`: class folders as X and y."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Integral, Real
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import Bunch

from skconv.folders.images import MOST_PIXELS, read_images
from skconv.folders.recordings import as_numbers, cut, read_sounds, read_table
from skconv.folders.tree import IMAGES, SOUNDS, Kind, Tree, Wanted, read_tree

# A table with so few columns is a signal of that many channels, else an image.
FEW_COLUMNS = 16


@dataclass(frozen=True)
class _Samples:
    """What was read: samples, the place of the file of each, the kind, the rate of sounds."""

    X: NDArray[Any]
    places: NDArray[np.intp]
    kind: Kind
    rate: int | None = None


def load_folder(
    folder: Any,
    *,
    size: tuple[int, int] | None = None,
    color: bool | None = None,
    rate: int | None = None,
    length: float | None = None,
    kind: Wanted | None = None,
) -> Bunch:
    """Images, sounds or signals in a folder that has a subfolder for each class.

    Files are PNG, JPEG, BMP, PGM or PPM (images), WAV (sounds), or CSV or npy (signals, a row for
    each time and a column for each channel). Hidden files are not looked at.

    Parameters
    ----------
    folder : str or path-like
        For example ``"fruit"``, with ``fruit/apple/1.png`` and ``fruit/pear/a.png``.
    size : (int, int), default=None
        Height and width that all images are brought to, by means over areas. None: they must be
        alike, and have no more than 128 x 128 pixels.
    color : bool, default=None
        Whether images are in colour. Grey is ``.299 R + .587 G + .114 B``. None: as the files
        are, which must be alike.
    rate : int, default=None
        Samples a second that sounds are resampled to. None: they must be alike.
    length : float, default=None
        What recordings are cut into, one window behind the other: seconds of sounds, rows of
        signals. Sounds that are shorter get zeros behind them. None: recordings must be alike in
        length, and each is a sample.
    kind : {"images", "signals"}, default=None
        What npy and CSV files hold. None: arrays ``(length,)``, and ``(length, channels)`` of at
        most 16 channels, are signals, others images.

    Returns
    -------
    samples : Bunch
        ``data``, ``target`` (names of classes), ``target_names``, ``files`` (the file that each
        sample is of), ``kind`` (``"images"``, ``"sounds"`` or ``"signals"``), ``rate``.

    Raises
    ------
    ImportError
        Where there are images, and Pillow is not installed.
    FileNotFoundError
        Where there is no such folder.
    ValueError
        Where a file cannot be read, or files differ in what must be alike. It names the file,
        and says what to write.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from skconv.datasets import load_folder
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for name in ("rest", "walk"):
    ...         (Path(folder) / name).mkdir()
    ...         np.save(Path(folder) / name / "1.npy", np.zeros((100, 3), np.int16))
    ...     samples = load_folder(folder, length=50)
    >>> samples.data.shape, samples.target.tolist(), samples.kind
    ((4, 50, 3), ['rest', 'rest', 'walk', 'walk'], 'signals')
    """
    _check(size, rate, length)
    tree = read_tree(Path(folder))
    samples = _read(tree, size, color, rate, length, kind)
    labels = np.array(tree.labels)[samples.places]
    return Bunch(
        data=samples.X,
        target=labels,
        target_names=np.unique(labels),
        files=np.array([str(path) for path in tree.files])[samples.places],
        kind=samples.kind,
        rate=samples.rate,
    )


def _check(size: Any, rate: Any, length: Any) -> None:
    sides = () if size is None else tuple(size)
    if size is not None and (
        len(sides) != 2 or not all(isinstance(n, Integral) and int(n) > 0 for n in sides)
    ):
        raise ValueError(f"size={size!r}, expected height and width, such as (32, 32)")
    for name, value, least in (("rate", rate, Integral), ("length", length, Real)):
        is_number = isinstance(value, least) and not isinstance(value, bool)
        if value is not None and not (is_number and value > 0):
            raise ValueError(f"{name}={value!r}, expected a number above 0, or None")


def _read(
    tree: Tree,
    size: tuple[int, int] | None,
    color: bool | None,
    rate: int | None,
    length: float | None,
    kind: Wanted | None,
) -> _Samples:
    if tree.suffixes <= set(IMAGES):
        _refuse("images", length=length, rate=rate)
        return _images(tree.files, size, color)
    if tree.suffixes <= set(SOUNDS):
        _refuse("sounds", size=size, color=color)
        sounds, found = read_sounds(tree.files, rate)
        n = None if length is None else round(length * found)
        return _Samples(*_windows(tree.files, sounds, n, pad=True), "sounds", found)
    if not tree.suffixes & {*IMAGES, *SOUNDS}:
        _refuse("tables", size=size, color=color, rate=rate)
        return _tables(tree.files, length, kind)
    raise ValueError(
        f"the folder holds files of several kinds ({' '.join(sorted(tree.suffixes))}), expected "
        "images, sounds or tables alone"
    )


def _refuse(kind: str, **options: Any) -> None:
    """ValueError where an option is given that means nothing for what the files hold."""
    for name, value in options.items():
        if value is not None:
            raise ValueError(f"{name}={value!r}, but the files are {kind}: leave it out")


def _images(paths: list[Path], size: tuple[int, int] | None, color: bool | None) -> _Samples:
    X = read_images(paths, size, color)
    if size is None and X.shape[1] * X.shape[2] > MOST_PIXELS:
        raise ValueError(
            f"images have {X.shape[1]}x{X.shape[2]} pixels, more than a small microcontroller "
            "holds. Write --size 32x32 (size=(32, 32) in Python) to make them smaller, or "
            f"--size {X.shape[1]}x{X.shape[2]} to keep them."
        )
    return _Samples(X, np.arange(len(X)), "images")


def _tables(paths: list[Path], length: float | None, kind: Wanted | None) -> _Samples:
    arrays = [read_table(path) for path in paths]
    shape = arrays[0].shape
    if kind == "signals" and len(shape) > 2:
        raise ValueError(f"{paths[0]} has shape {shape}, expected (length, channels) of a signal")
    few = len(shape) == 1 or (len(shape) == 2 and shape[1] <= FEW_COLUMNS)
    if (kind or ("signals" if few else "images")) == "images":
        _refuse("images", length=length)
        _check_alike(paths, arrays, arrays[0].shape, "make them alike")
        return _Samples(as_numbers(np.stack(arrays)), np.arange(len(arrays)), "images")
    signals = [array[:, 0] if array.shape[1:] == (1,) else array for array in arrays]
    X, places = _windows(paths, signals, None if length is None else round(length), pad=False)
    return _Samples(as_numbers(X), places, "signals")


def _windows(
    paths: Sequence[Path], recordings: Sequence[NDArray[Any]], length: int | None, pad: bool
) -> tuple[NDArray[Any], NDArray[np.intp]]:
    """Windows of recordings, and the place of the recording of each."""
    channels = recordings[0].shape[1:]
    if length is None:
        shortest = min(len(each) for each in recordings)
        unit = "SECONDS" if pad else f"{shortest}"
        advice = f"write --length {unit} (length= in Python) to cut them into windows"
        _check_alike(paths, recordings, recordings[0].shape, advice)
        return np.stack(recordings), np.arange(len(recordings))
    windows, places = [], []
    for place, (path, recording) in enumerate(zip(paths, recordings, strict=True)):
        _check_alike([path], [recording[:1]], (1, *channels), "make their columns alike")
        found = cut(recording, length, pad)
        if not found:
            raise ValueError(
                f"{path} has {len(recording)} rows, fewer than the {length} of a window. Write "
                f"--length {len(recording)} (length={len(recording)} in Python), or take it away."
            )
        windows += found
        places += [place] * len(found)
    return np.stack(windows), np.array(places)


def _check_alike(
    paths: Sequence[Path], arrays: Sequence[NDArray[Any]], shape: tuple[int, ...], advice: str
) -> None:
    for path, array in zip(paths, arrays, strict=True):
        if array.shape != shape:
            raise ValueError(
                f"{path} has shape {array.shape}, expected {shape}, that of the first file: "
                f"{advice}"
            )
