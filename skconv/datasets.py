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

from skconv.folders import load_folder as load_folder
from skconv.utils.ts_file import read_ts
from skconv.utils.wav_file import read_wav

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
    """Handwritten digits of scikit-learn as images.

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


# ------------------------------------------------------------------------------- voices

VOICE_RATE = 8000
_SOUNDS_FOLDER = Path("/usr/share/asterisk/sounds")
# The folder of each voice. The same speaker has recorded the first two.
_VOICES = {
    "Allison, English": "en_US_f_Allison",
    "Allison, Spanish": "es_MX_f_Allison",
    "June, French": "fr_CA_f_June",
    "Menardi, Italian": "it_IT_f_Menardi",
    "Carlo, Italian": "it_IT_m_Carlo",
    "IvrvoiceRU, Russian": "ru_RU_f_IvrvoiceRU",
}
_VOICE_PACKAGES = (
    "asterisk-core-sounds-en-wav asterisk-core-sounds-es-wav asterisk-core-sounds-fr-wav "
    "asterisk-core-sounds-it-wav asterisk-core-sounds-ru-wav asterisk-prompt-it-menardi-wav"
)
_NO_SPEECH = ("silence/", "beep", "ascending-", "descending-", "tt-monkeys")


def load_prompts(*, data_home: Any = None) -> Bunch:
    """Recorded prompts of a telephone exchange, in six voices and five languages.

    Read speech from a studio, 8,000 samples a second, as Debian's packages of Asterisk's core
    sounds hold them (CC-BY-SA): "extension", "the number you have dialled", digits. Each voice
    says a prompt once, in its own language. One speaker has recorded both English and Spanish.
    Silences and tones are left out.

    Parameters
    ----------
    data_home : str or path-like, default=None
        A folder with a subfolder for each voice. None: where Debian's packages are.

    Returns
    -------
    prompts : Bunch
        ``data``: a list of int16 arrays. ``target``: the voice of each. ``target_names``: the
        voices. ``names``: the prompt of each, such as ``"digits/3"``, the same for all voices.

    Raises
    ------
    FileNotFoundError
        Where a voice is not found; it says what to install.
    ValueError
        Where a file is damaged.

    Examples
    --------
    >>> from skconv.datasets import load_prompts
    >>> prompts = load_prompts()  # doctest: +SKIP
    >>> len(prompts.data), len(prompts.target_names)  # doctest: +SKIP
    (3289, 6)
    """
    home = Path(data_home).expanduser() if data_home else _SOUNDS_FOLDER
    data, target, names = [], [], []
    for voice, folder in enumerate(_VOICES.values()):
        paths = sorted((home / folder).rglob("*.wav"))
        if not paths:
            raise FileNotFoundError(
                f"{home / folder} holds no recording. On Debian and Ubuntu: "
                f"apt-get install {_VOICE_PACKAGES}"
            )
        for path in paths:
            name = path.relative_to(home / folder).with_suffix("").as_posix()
            samples = None if name.startswith(_NO_SPEECH) else read_wav(path, VOICE_RATE)
            if samples is not None and samples.size:
                data.append(samples)
                target.append(voice)
                names.append(name)
    return Bunch(
        data=data,
        target=np.array(target),
        target_names=np.array(list(_VOICES)),
        names=np.array(names),
    )


def load_voices(
    *, seconds: float = 1.0, data_home: Any = None
) -> tuple[NDArray[np.int16], NDArray[np.int64], NDArray[np.str_]]:
    """Clips of the prompts of `load_prompts`, for the identification of a voice.

    Every prompt is cut into clips from its beginning; what is left at its end is left out.
    The mean spectrum of a clip tells the studio and its microphone, not the voice: take it off,
    for example by ``SpectroTemporalGaborFeatures(remove_mean=True)``, or most of the score is
    the studio's. Split by prompt, or the same words are on both sides.

    Parameters
    ----------
    seconds : float, default=1.0
        Length of a clip.
    data_home : str or path-like, default=None
        As of `load_prompts`.

    Returns
    -------
    X : ndarray of int16 of shape (n_clips, 8000 * seconds)
        The clips.
    y : ndarray of int of shape (n_clips,)
        Voices 0 to 5.
    prompts : ndarray of str of shape (n_clips,)
        The prompt of each clip, for ``groups`` of `sklearn.model_selection.GroupKFold`.

    Raises
    ------
    FileNotFoundError
        Where a voice is not found; it says what to install.
    ValueError
        Where ``seconds`` is not above 0, or no prompt is that long.

    Examples
    --------
    >>> from skconv.datasets import load_voices
    >>> X, y, prompts = load_voices()  # doctest: +SKIP
    >>> X.shape  # doctest: +SKIP
    (7099, 8000)
    """
    length = round(seconds * VOICE_RATE)
    if length < 1:
        raise ValueError(f"seconds={seconds!r}, expected a number above 0")
    found = load_prompts(data_home=data_home)
    counts = [len(samples) // length for samples in found.data]
    if not any(counts):
        raise ValueError(f"seconds={seconds!r} is longer than every prompt")
    whole = [x[: n * length].reshape(n, length) for x, n in zip(found.data, counts, strict=True)]
    return np.concatenate(whole), np.repeat(found.target, counts), np.repeat(found.names, counts)
