"""The files that a command reads: a fitted model, and samples."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path
from typing import Any

from skconv.cli.errors import UsageError

SAVE_MODEL = "Write joblib.dump(pipe, 'model.joblib') in Python, with pipe the fitted Pipeline."
_ARRAY, _ARRAYS = "an array (.npy)", "an archive of arrays (.npz)"


def save_samples(option: str) -> str:
    """The samples that a command reads."""
    if not option.startswith("-"):  # The place of a file, which has no name in the command.
        return f"Write np.save('{option}.npy', {option}_train) in Python, and {option}.npy there."
    return f"Write np.save('X.npy', X_train[:500]) in Python, and {option} X.npy in the command."


SAVE_SAMPLES = save_samples("--calibration")


def load_model(path: Path) -> Any:
    """The fitted estimator that a file holds."""
    _check_file(path, "model", SAVE_MODEL)
    if kind := _other_kind(path):
        raise UsageError(f"model: {path} is {kind}, expected a joblib file. {SAVE_MODEL}")
    import joblib

    try:
        model = joblib.load(path)
    except ImportError as error:
        raise UsageError(
            f"model: {path} needs Python code that is not installed here ({one_line(error)}). "
            "Install it, or put its folder on PYTHONPATH."
        ) from error
    except Exception as error:
        raise UsageError(
            f"model: {path} is not a joblib file ({one_line(error)}). {SAVE_MODEL}"
        ) from error
    if isinstance(model, type) or not hasattr(model, "fit"):
        raise UsageError(
            f"model: {path} holds {_described(model)}, expected a fitted estimator. {SAVE_MODEL}"
        )
    return model


def save_model(estimator: Any, path: Path) -> None:
    """Write a joblib file of a fitted estimator: all of it, or nothing."""
    import joblib

    part = path.with_name(f".{path.name}.part")
    try:
        joblib.dump(estimator, part)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def load_labels(given: str, option: str) -> Any:
    """Labels of samples, numbers or words: the array in a file as `load_samples` reads it."""
    found = load_samples(given, option, kinds="buifU")
    if found.ndim != 1:
        raise UsageError(
            f"{option}: {given} has shape {found.shape}, expected (n_samples,): a label for each "
            f"sample. {save_samples(option)}"
        )
    return found


def load_samples(given: str, option: str = "--calibration", kinds: str = "buif") -> Any:
    """The array in ``FILE.npy``, ``FILE.npz`` or ``FILE.npz:NAME``."""
    file, name = _split(given)
    path = Path(file)
    _check_file(path, option, save_samples(option))
    import numpy as np

    try:
        with path.open("rb") as opened:
            found = np.load(opened, allow_pickle=False)
            array = found if isinstance(found, np.ndarray) else _member(found, path, name, option)
    except UsageError:
        raise
    except Exception as error:
        raise UsageError(
            f"{option}: {path} is not a .npy or .npz file of numbers "
            f"({_reason(path, error)}). {save_samples(option)}"
        ) from error
    if array.dtype.kind not in kinds:
        raise UsageError(
            f"{option}: {given} holds dtype {array.dtype}, expected numbers. {save_samples(option)}"
        )
    return array


def _reason(path: Path, error: Exception) -> str:
    """Why a file of samples cannot be read."""
    kind = _other_kind(path)
    if kind and kind not in (_ARRAY, _ARRAYS):
        return f"it is {kind}"
    return "it holds Python objects" if "pickle" in str(error) else one_line(error)


def _split(given: str) -> tuple[str, str | None]:
    """A path, and the name of an array behind ``.npz:``."""
    found = re.fullmatch(r"(.*\.npz):([^:/\\]+)", given, re.IGNORECASE)
    return (found[1], found[2]) if found else (given, None)


def _member(archive: Any, path: Path, name: str | None, option: str) -> Any:
    with archive:
        stored = archive.zip.namelist()
        names = [name for name in archive.files if f"{name}.npy" in stored]
        if not names:
            raise UsageError(f"{option}: {path} holds no array. {save_samples(option)}")
        if name is None and len(names) > 1:
            raise UsageError(
                f"{option}: {path} holds the arrays {', '.join(names)}. "
                f"Write {option} {path}:{names[0]} to take that one."
            )
        if name is not None and name not in names:
            raise UsageError(
                f"{option}: {path} has no array {name!r}, it holds {', '.join(names)}. "
                f"Write {option} {path}:{names[0]} to take that one."
            )
        return archive[name or names[0]]


def _check_file(path: Path, option: str, advice: str) -> None:
    if path.is_dir():
        raise UsageError(f"{option}: {path} is a folder, expected a file. {advice}")
    if not path.exists():
        raise UsageError(f"{option}: no file {path}. {advice}")
    if path.is_file() and path.stat().st_size == 0:
        raise UsageError(f"{option}: {path} is empty. {advice}")


def _other_kind(path: Path) -> str | None:
    """The kind of a file that is not a joblib file, by its name or first bytes; None if unknown."""
    with path.open("rb") as file:
        first = file.read(8)
    if path.suffix == ".onnx":
        return (
            "an ONNX network, which skconv does not read; give PretrainedFeatures its torch module"
        )
    if path.suffix in (".keras", ".h5", ".hdf5", ".tflite") or first.startswith(b"\x89HDF"):
        return (
            "a Keras, HDF5 or TensorFlow Lite file, which skconv does not read; rebuild the "
            "network in torch and give it to PretrainedFeatures"
        )
    if first.startswith(b"\x93NUMPY"):
        return _ARRAY
    if zipfile.is_zipfile(path):
        return _kind_of_archive(path)
    return None


def _kind_of_archive(path: Path) -> str:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, OSError):
        return "a broken zip archive"
    if any(name.endswith(".npy") for name in names):
        return _ARRAYS
    if any(name.endswith(("data.pkl", "model.json", "models/model.json")) for name in names):
        return "a torch file; give PretrainedFeatures the module or the saved program"
    if "schema.json" in names:
        return "a skops file; load it in Python and save it with joblib"
    return "a zip archive"


def _described(value: Any) -> str:
    """What a file holds, in a few words."""
    kind = type(value).__name__
    if isinstance(value, dict):
        return f"a dict with the keys {', '.join(map(repr, list(value)[:5]))}"
    if isinstance(value, type):
        return f"the class {value.__name__}, not an instance of it"
    if hasattr(value, "shape"):
        return f"an array of shape {value.shape}"
    return f"an object of type {kind}"


def one_line(error: BaseException) -> str:
    """An error's message without line breaks; its type where it has none."""
    return " ".join(str(error).split()) or type(error).__name__
