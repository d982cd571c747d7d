"""`skconv fit`: from class folders to a model, a table and C, or one line that says why not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
from scipy.io import wavfile

from skconv.cli import main

Image = pytest.importorskip("PIL.Image")
QUICK = ("--n-candidates", "2", "--time-limit", "20")


@pytest.fixture(scope="module")
def stripes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two classes of 12 images: stripes that lie, and stripes that stand."""
    folder = tmp_path_factory.mktemp("data") / "stripes"
    rng = np.random.default_rng(0)
    for label, axis in (("lying", 0), ("standing", 1)):
        (folder / label).mkdir(parents=True)
        for i in range(12):
            waves = np.sin(np.indices((12, 12))[axis] * rng.uniform(1.2, 1.6) + rng.uniform(0, 6))
            pixels = 128 + 60 * waves + rng.normal(0, 9, (12, 12))
            Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(folder / label / f"{i}.png")
    return folder


def test_a_folder_of_images_becomes_a_model_and_c(
    stripes: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    options = ("--chip", "stm32g031k8", *QUICK, "--json")
    assert main(["fit", str(stripes), "-o", "my model.joblib", *options]) == 0
    printed, error = capsys.readouterr()
    found = json.loads(printed)  # Nothing else is there.
    assert error.startswith("skconv: reading 24 files of")
    assert found["accuracy"] == 1
    assert found["fits"] is True
    assert (found["n_held_out"], found["n_samples"], found["target"]) == (6, 24, "cortex-m0plus")
    assert found["differing_bytes"] in (0, None)  # None without a compiler.
    estimator = joblib.load("my model.joblib")
    assert estimator.predict(np.asarray(Image.open(stripes / "lying" / "3.png"))[None]) == "lying"
    assert "accuracy" in (tmp_path / "firmware" / "README.md").read_text()
    assert (tmp_path / "firmware" / "my_model.c").is_file()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["firmware", "my model.joblib"]


def test_sounds_with_a_folder_of_their_own_to_measure_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rng = np.random.default_rng(0)
    for part, n in (("train", 4), ("test", 2)):
        for label, pitch in (("low", 200), ("high", 900)):
            (tmp_path / part / label).mkdir(parents=True)
            for i in range(n):
                tone = np.sin(2 * np.pi * pitch * np.arange(1000) / 4000) * 5000
                noisy = (tone + rng.normal(0, 500, 1000)).astype(np.int16)
                wavfile.write(tmp_path / part / label / f"{i}.wav", 4000, noisy)
    output = str(tmp_path / "tone.joblib")
    options = ("--length", "0.25", "--test", str(tmp_path / "test"), *QUICK)
    assert main(["fit", str(tmp_path / "train"), "-o", output, *options]) == 0
    printed = capsys.readouterr().out
    assert "held-out accuracy  1.000 +- 0.000 (4 samples that it never saw)" in printed
    assert "int16, 1000 samples of sound, 4000 a second" in printed
    assert "fitted to          8 samples" in printed


def test_too_few_files_are_told_before_any_is_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for label in "ab":
        (tmp_path / label).mkdir()
        (tmp_path / label / "1.png").write_bytes(b"no image")
    assert main(["fit", str(tmp_path), "-o", str(tmp_path / "m.joblib")]) == 2
    assert "class 'a' has 1 file(s), expected 4 or more" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("-o", "."), "-o: . is a folder. Write -o model.joblib."),
        (("-o", "absent/m.joblib"), "-o: there is no folder"),
        (("-o", "m.joblib", "--firmware", "file"), "--firmware: file is a file"),
        (("-o", "m.joblib", "--test", "absent"), "no folder absent"),
    ],
)
def test_outputs_are_looked_at_first(
    options: tuple[str, ...],
    message: str,
    stripes: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: Any,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("file").touch()
    assert main(["fit", str(stripes), *options]) == 2
    assert message in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_nothing_is_written_where_a_folder_holds_files_of_others(
    stripes: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "firmware").mkdir()
    (tmp_path / "firmware" / "m.c").write_text("mine")
    assert main(["fit", str(stripes), "-o", str(tmp_path / "m.joblib"), *QUICK]) == 2
    error = capsys.readouterr().err
    assert "no earlier export of 'm' wrote: m.c" in error
    assert "reading" not in error  # Before the search.
    assert [path.name for path in tmp_path.iterdir()] == ["firmware"]


@pytest.mark.parametrize("size", ["32", "0x8", "axb"])
def test_a_size_is_two_numbers(size: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["fit", "images", "-o", "m.joblib", "--size", size])
    assert "is no size, expected HxW such as 32x32" in capsys.readouterr().err
