"""Example images and signals, read from installed packages and never downloaded."""

from __future__ import annotations

import gzip
import os
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import Bunch

from skconv.utils.ts_file import read_ts

_DEBIAN_FOLDER = Path("/usr/share/datasets/fashion-mnist")
_FASHION_CLASSES = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)


def _read_idx(path: Path) -> NDArray[np.uint8]:
    """An array of bytes in the IDX format: sizes as big-endian int32, then the bytes."""
    with gzip.open(path) as file:
        data = file.read()
    n_axes = data[3] if data[:3] == b"\x00\x00\x08" else 0
    shape = np.frombuffer(data, ">i4", n_axes, offset=4) if len(data) > 4 * n_axes + 4 else ()
    if n_axes == 0 or len(data) != 4 + 4 * n_axes + int(np.prod(shape, dtype=np.int64)):
        raise ValueError(f"{path} is not a whole IDX file of bytes")
    return np.frombuffer(data, np.uint8, offset=4 + 4 * n_axes).reshape(shape).copy()


def _fashion_mnist_folder(data_home: Any) -> Path:
    # Where sklearn.datasets.get_data_home() is; that function would make the folder.
    home = data_home or os.environ.get("SCIKIT_LEARN_DATA") or Path.home() / "scikit_learn_data"
    folders = [Path(home).expanduser() / "fashion-mnist"]
    if data_home is None:
        folders.insert(0, _DEBIAN_FOLDER)
    for folder in folders:
        if (folder / "train-images-idx3-ubyte.gz").is_file():
            return folder
    raise FileNotFoundError(
        f"Fashion-MNIST is not in {' or '.join(map(str, folders))}. On Debian and Ubuntu: "
        "apt-get install dataset-fashion-mnist. Elsewhere put train-images-idx3-ubyte.gz and "
        f"train-labels-idx1-ubyte.gz into {folders[-1]}"
    )


def load_fashion_mnist(*, data_home: Any = None, return_X_y: bool = True) -> Any:
    """The 60,000 training images of Fashion-MNIST (Xiao, Rasul, Vollgraf 2017).

    Ten kinds of clothes, 6,000 images each. The 10,000 test images are left for a final
    report: hold out some of these, for instance the last 10,000.

    Parameters
    ----------
    data_home : str or path-like, default=None
        Look into its subfolder ``fashion-mnist`` alone. ``None``: the place of Debian's
        package ``dataset-fashion-mnist``, then scikit-learn's data home.
    return_X_y : bool, default=True
        Return ``(X, y)`` instead of a `Bunch` with ``data``, ``target``, ``target_names``.

    Returns
    -------
    X : ndarray of uint8 of shape (60000, 28, 28)
        Images, 0 is background.
    y : ndarray of uint8 of shape (60000,)
        Classes 0 to 9.

    Raises
    ------
    FileNotFoundError
        Where the files are not found; it says what to install.
    ValueError
        Where a file is damaged.

    References
    ----------
    H. Xiao, K. Rasul, R. Vollgraf, "Fashion-MNIST: a novel image dataset for benchmarking
    machine learning algorithms", arXiv 1708.07747, 2017.

    Examples
    --------
    >>> from skconv.datasets import load_fashion_mnist
    >>> X, y = load_fashion_mnist()  # doctest: +SKIP
    >>> X.shape, X.dtype  # doctest: +SKIP
    ((60000, 28, 28), dtype('uint8'))
    """
    folder = _fashion_mnist_folder(data_home)
    X = _read_idx(folder / "train-images-idx3-ubyte.gz")
    y = _read_idx(folder / "train-labels-idx1-ubyte.gz")
    if return_X_y:
        return X, y
    return Bunch(data=X, target=y, target_names=np.array(_FASHION_CLASSES))


def load_digits(*, return_X_y: bool = True) -> Any:
    """scikit-learn's handwritten digits as images.

    Parameters
    ----------
    return_X_y : bool, default=True
        Return ``(X, y)`` instead of a `Bunch` with ``data`` and ``target``.

    Returns
    -------
    X : ndarray of uint8 of shape (1797, 8, 8)
        Images of values 0 to 16.
    y : ndarray of int of shape (1797,)
        Classes 0 to 9.

    Examples
    --------
    >>> from skconv.datasets import load_digits
    >>> X, y = load_digits()
    >>> X.shape, X.dtype
    ((1797, 8, 8), dtype('uint8'))
    """
    from sklearn.datasets import load_digits as load

    digits = load()
    X, y = digits.images.astype(np.uint8), digits.target
    return (X, y) if return_X_y else Bunch(data=X, target=y)


def load_ts(path: Any) -> tuple[Any, NDArray[Any]]:
    """Signals and labels of a file in the format ``.ts`` of the UCR and UEA archives.

    Parameters
    ----------
    path : str or path-like
        The file.

    Returns
    -------
    X : ndarray of float32 of shape (n_samples, length) or (n_samples, length, channels)
        Signals, channels last. Where their lengths differ, a list of arrays; write
        ``pad_to="longest"`` for the extractors.
    y : ndarray of str of shape (n_samples,)
        Labels.

    Raises
    ------
    ValueError
        Where the file cannot be read; it names the line.

    Examples
    --------
    >>> from skconv.datasets import load_ts
    >>> X, y = load_ts("GunPoint_TRAIN.ts")  # doctest: +SKIP
    >>> X.shape, y[:3]  # doctest: +SKIP
    ((50, 150), array(['2', '2', '1'], dtype='<U1'))
    """
    series, y = read_ts(Path(path))
    if len({signal.shape[1] for signal in series}) == 1 and series[0].shape[1] == 1:
        series = [signal[:, 0] for signal in series]
    same = len({signal.shape for signal in series}) == 1
    return (np.stack(series) if same else series), y


def load_ucr(name: str, split: str = "train", *, data_home: Any = None) -> tuple[Any, NDArray[Any]]:
    """A set of the UCR and UEA archives (Dau et al. 2019), in its official split.

    Parameters
    ----------
    name : str
        For example ``"GunPoint"``. The package aeon holds GunPoint, ItalyPowerDemand, ArrowHead,
        OSULeaf, ACSF1, BasicMotions, JapaneseVowels and PickupGestureWiimoteZ.
    split : {"train", "test"}
        Which half.
    data_home : str or path-like, default=None
        A folder that holds ``name/name_TRAIN.ts``. None: that of the installed package aeon,
        which is not imported, then ``ucr`` in scikit-learn's data home.

    Returns
    -------
    X, y
        As of `load_ts`.

    Raises
    ------
    FileNotFoundError
        Where the file is not found; it says what to install.

    References
    ----------
    H. A. Dau et al., "The UCR time series archive", IEEE/CAA Journal of Automatica Sinica 6(6),
    2019.

    Examples
    --------
    >>> from skconv.datasets import load_ucr
    >>> X, y = load_ucr("BasicMotions")  # doctest: +SKIP
    >>> X.shape  # doctest: +SKIP
    (40, 100, 6)
    """
    if split not in ("train", "test"):
        raise ValueError(f"split={split!r}, expected 'train' or 'test'")
    folders = [Path(data_home).expanduser()] if data_home else _ucr_folders()
    for folder in folders:
        path = folder / name / f"{name}_{split.upper()}.ts"
        if path.is_file():
            return load_ts(path)
    raise FileNotFoundError(
        f"{name}_{split.upper()}.ts is not in {' or '.join(map(str, folders))}. Some sets come "
        f"with aeon: pip install --no-deps aeon. Others: put the file into {folders[-1] / name}"
    )


def _ucr_folders() -> list[Path]:
    aeon = find_spec("aeon")
    homes = list(aeon.submodule_search_locations or ()) if aeon else []
    home = os.environ.get("SCIKIT_LEARN_DATA") or Path.home() / "scikit_learn_data"
    return [Path(h) / "datasets" / "data" for h in homes] + [Path(home).expanduser() / "ucr"]
