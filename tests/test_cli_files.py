"""Wrong files at the command line: one line that says what to write, and no traceback."""

from __future__ import annotations

import pickle
import re
import zipfile
from pathlib import Path

import joblib
import numpy as np
import pytest
from sklearn.linear_model import Ridge
from sklearn.svm import SVC

from skconv.cli import main

X = np.random.default_rng(0).integers(0, 255, (30, 4)).astype(np.uint8)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of right and wrong files, which is the current one."""
    joblib.dump(Ridge().fit(X, X[:, 0]), tmp_path / "model.joblib")
    np.save(tmp_path / "x.npy", X)
    np.save(tmp_path / "objects.npy", np.array([{}, None]), allow_pickle=True)
    np.save(tmp_path / "words.npy", np.array(["a", "b"]))
    np.save(tmp_path / "wide.npy", np.zeros((5, 9)))
    np.save(tmp_path / "nan.npy", np.full((5, 4), np.nan))
    np.savez(tmp_path / "x.npz", X=X)
    np.savez(tmp_path / "none.npz")
    for name, value in {"dict": {"model": Ridge()}, "class": SVC, "array": X, "none": None}.items():
        joblib.dump(value, tmp_path / f"{name}.joblib")
    joblib.dump(Ridge(), tmp_path / "unfitted.joblib")
    whole = (tmp_path / "model.joblib").read_bytes()
    (tmp_path / "half.joblib").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "half.npy").write_bytes((tmp_path / "x.npy").read_bytes()[:-40])
    (tmp_path / "half.npz").write_bytes((tmp_path / "x.npz").read_bytes()[:-40])
    (tmp_path / "garbage.bin").write_bytes(bytes(range(256)))
    (tmp_path / "empty").write_bytes(b"")
    (tmp_path / "text.txt").write_text("a model of digits\n")
    (tmp_path / "net.onnx").write_bytes(b"\x08\x07\x12\x04test")
    (tmp_path / "net.h5").write_bytes(b"\x89HDF\r\n\x1a\n")
    (tmp_path / "foreign.joblib").write_bytes(b"cno_such_package\nModel\n.")
    with zipfile.ZipFile(tmp_path / "net.pt", "w") as archive:
        archive.writestr("net/data.pkl", b"")
    with zipfile.ZipFile(tmp_path / "some.zip", "w") as archive:
        archive.writestr("a.txt", b"")
    (tmp_path / "subfolder").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


JOBLIB = r"Write joblib\.dump\(pipe, 'model\.joblib'\) in Python"
MODELS = {
    "absent.joblib": "model: no file absent.joblib",
    "subfolder": "is a folder, expected a file",
    "empty": "is empty",
    "garbage.bin": "is not a joblib file",
    "text.txt": "is not a joblib file",
    "half.joblib": "is not a joblib file",
    "x.npy": r"is an array \(\.npy\), expected a joblib file",
    "x.npz": r"is an archive of arrays \(\.npz\)",
    "some.zip": "is a zip archive",
    "net.pt": "is a torch file; give PretrainedFeatures the module",
    "net.onnx": "is an ONNX network, which skconv does not read",
    "net.h5": "is a Keras, HDF5 or TensorFlow Lite file",
    "dict.joblib": "holds a dict with the keys 'model', expected a fitted estimator",
    "class.joblib": "holds the class SVC, not an instance of it",
    "array.joblib": r"holds an array of shape \(30, 4\)",
    "none.joblib": "holds an object of type NoneType",
}
NPY = r"Write np\.save\('X\.npy', X_train\[:500\]\) in Python, and --calibration X\.npy"
SAMPLES = {
    "absent.npy": "--calibration: no file",
    "absent.npz:X": "--calibration: no file absent.npz",
    "subfolder": "is a folder",
    "empty": "is empty",
    "garbage.bin": "is not a .npy or .npz file of numbers",
    "text.txt": "is not a .npy or .npz file",
    "half.npy": "is not a .npy or .npz file",
    "half.npz": "is not a .npy or .npz file",
    "model.joblib": "is not a .npy or .npz file",
    "objects.npy": "it holds Python objects",
    "words.npy": "holds dtype <U1, expected numbers",
    "none.npz": "holds no array",
    "some.zip": "holds no array|is not a .npy",
    "net.h5": "it is a Keras, HDF5",
}


def failed(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """The one line that a command which cannot work prints."""
    assert main(arguments) == 2
    printed, error = capsys.readouterr()
    assert error.startswith("skconv: ")
    assert error.count("\n") == 1
    assert printed == ""
    return error


@pytest.mark.parametrize("name", MODELS)
def test_wrong_model(name: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    error = failed(capsys, "export", name, "--calibration", "x.npy", "-o", "firmware")
    assert re.search(MODELS[name], error), error
    assert re.search(JOBLIB, error), error
    assert not (folder / "firmware").exists()


@pytest.mark.parametrize("name", SAMPLES)
def test_wrong_samples(name: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    error = failed(capsys, "verify", "model.joblib", "--calibration", name)
    assert re.search(SAMPLES[name], error), error
    assert re.search(NPY, error), error


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["report", "foreign.joblib"], "needs Python code that is not installed here .*PYTHONPATH"),
        (["report", "unfitted.joblib", "--calibration", "x.npy"], "not fitted"),
        (["report", "model.joblib"], "no --calibration: integers need .*Or write --dtype float32"),
        (["bench", "model.joblib", "--dtype", "float32"], "no sample to run.*--calibration X.npy"),
        (["verify", "model.joblib", "--dtype", "float32"], "Write --samples X_test.npy"),
        (["report", "model.joblib", "--calibration", "wide.npy"], "9 numbers a sample"),
        (["report", "model.joblib", "--calibration", "nan.npy"], "NaN or infinite"),
        (["report", "model.joblib", "--calibration", "x.npy", "--name", "a b"], "a b"),
        (["export", "model.joblib", "--calibration", "x.npy", "-o", "text.txt"], "is a file"),
        (["bench", "model.joblib", "--calibration", "x.npy", "--samples", "0"], "--samples is 0"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_use(
    arguments: list[str], message: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert re.search(message, failed(capsys, *arguments))


@pytest.mark.parametrize("seed", range(40))
def test_damaged_files(seed: int, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Bytes overwritten, cut off or put in front: never a traceback, and one line at most."""
    rng = np.random.default_rng(seed)
    for name in ("model.joblib", "x.npy", "x.npz"):
        (folder / name).write_bytes(damaged((folder / name).read_bytes(), rng))
    samples = ("x.npy", "x.npz")[seed % 2]
    code = main(["report", "model.joblib", "--calibration", samples])
    error = capsys.readouterr().err
    assert code in (0, 2), error
    assert error.count("\n") == (1 if code else 0)


def damaged(data: bytes, rng: np.random.Generator) -> bytes:
    noise = rng.integers(0, 256, 8).astype(np.uint8).tobytes()
    place = int(rng.integers(len(data)))
    kind = rng.integers(3)
    if kind == 0:
        return data[:place] + noise + data[place + 8 :]
    return data[:place] if kind == 1 else noise + data


def test_a_pickle_that_is_no_joblib_file_of_an_estimator(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "list.pkl").write_bytes(pickle.dumps([1, 2]))
    error = failed(capsys, "report", "list.pkl")
    assert "holds an object of type list, expected a fitted estimator" in error


def test_advice_names_the_option(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    error = failed(capsys, "verify", "model.joblib", "--calibration", "x.npy", "--samples", "a.npy")
    assert re.search(r"--samples: no file a\.npy\. Write .*, and --samples X\.npy in the", error)
