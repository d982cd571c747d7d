"""Class folders: what is read, and errors that name the file and say what to write."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from scipy.io import wavfile

from skconv.datasets import load_folder

Image = pytest.importorskip("PIL.Image")
RNG = np.random.default_rng(0)


def write(folder: Path, files: dict[str, object]) -> Path:
    """Files by their path in a folder: bytes, arrays as npy, images, sounds with their rate."""
    for name, what in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(what, bytes):
            path.write_bytes(what)
        elif isinstance(what, tuple):
            wavfile.write(path, *what)
        elif path.suffix == ".npy":
            np.save(path, what)
        else:
            Image.fromarray(what).save(path)
    return folder


GREY = RNG.integers(0, 256, (6, 8), dtype=np.uint8)
COLOR = RNG.integers(0, 256, (6, 8, 3), dtype=np.uint8)
SOUND = (800, RNG.integers(-999, 999, 400, dtype=np.int16))
TABLE = b"t,x,y\n0,1,2\n1,3,4\n2,5,6\n"


def test_images_are_pixels_and_names_of_folders(tmp_path: Path) -> None:
    write(tmp_path, {"b/1.png": GREY, "a/2.png": 255 - GREY, ".git/x": b"", "a/Thumbs.db": b""})
    found = load_folder(tmp_path)
    assert (found.kind, found.target.tolist()) == ("images", ["a", "b"])
    np.testing.assert_array_equal(found.data, np.stack([255 - GREY, GREY]))
    assert load_folder(tmp_path, color=True).data.shape == (2, 6, 8, 3)
    small = load_folder(tmp_path, size=(3, 4)).data  # Means of 2 x 2 pixels.
    means = GREY.reshape(3, 2, 4, 2).mean(axis=(1, 3))
    assert np.abs(small[1] - means).max() <= 1  # Rounded across, then down.


def test_grey_of_16_bits_and_a_photo_on_its_side(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # Turned by a quarter.
    write(tmp_path, {"a/deep.png": GREY.astype(np.uint16) << 8, "b/1.png": GREY})
    np.testing.assert_array_equal(load_folder(tmp_path).data[0], GREY)
    Image.fromarray(GREY).save(tmp_path / "b" / "1.png", exif=exif)
    np.testing.assert_array_equal(load_folder(tmp_path, size=(8, 6)).data[1], np.rot90(GREY, -1))


def test_sounds_are_16_bits_of_one_channel_at_one_rate(tmp_path: Path) -> None:
    stereo = np.stack([SOUND[1], SOUND[1]], axis=1)
    floats = (SOUND[1] / 2**15).astype(np.float32)
    write(tmp_path, {"a/1.wav": (800, stereo), "b/2.wav": (800, floats), "b/3.wav": SOUND})
    found = load_folder(tmp_path)
    assert (found.kind, found.rate, found.data.dtype) == ("sounds", 800, np.int16)
    assert (found.data == SOUND[1]).all()
    cut = load_folder(tmp_path, length=0.3)  # 240 of 400 samples: one window.
    assert cut.data.shape == (3, 240)
    assert load_folder(tmp_path, length=0.75).data[:, 400:].any() == np.False_
    assert load_folder(tmp_path, rate=400).data.shape == (3, 200)


def test_windows_of_tables_know_their_file(tmp_path: Path) -> None:
    write(tmp_path, {"a/1.csv": TABLE, "b/2.csv": b"1.5 2\n3 4\n5 6\n"})
    with pytest.warns(UserWarning, match="column of times is left out"):
        found = load_folder(tmp_path, length=1)
    assert (found.kind, found.data.dtype, found.data.shape) == ("signals", np.float32, (6, 1, 2))
    assert [Path(file).name for file in found.files] == ["1.csv"] * 3 + ["2.csv"] * 3
    assert found.data[:3, 0].tolist() == [[1, 2], [3, 4], [5, 6]]


def test_arrays_are_signals_or_images(tmp_path: Path) -> None:
    write(tmp_path, {"a/1.npy": np.zeros((20, 3)), "b/1.npy": np.ones((20, 3))})
    assert load_folder(tmp_path).kind == "signals"
    assert load_folder(tmp_path).data.dtype == np.int16
    assert load_folder(tmp_path, kind="images").kind == "images"


Files = dict[str, object]
WRONG: dict[str, tuple[Files, dict[str, object], str]] = {
    "no folder": ({}, {}, "no folder .*x, expected one with a subfolder for each class"),
    "empty": ({"x/.keep": b""}, {}, r"x has 0 class\(es\) \(none\), expected two or more"),
    "one class": ({"x/a/1.png": GREY}, {}, r"x has 1 class\(es\) \(a\), expected two or more"),
    "no files": ({"x/a/.keep": b"", "x/b/1.png": GREY}, {}, r"x/a is empty, expected files"),
    "loose": ({"x/1.png": GREY}, {}, r"x/1.png lies in no class folder"),
    "deep": ({"x/train/a/1.png": GREY}, {}, r"x/train/a is a folder inside the class folder"),
    "suffix": ({"x/a/1.gif": b"", "x/b/1.png": GREY}, {}, r"1\.gif ends in '\.gif', expected one"),
    "kinds": ({"x/a/1.wav": SOUND, "x/b/1.png": GREY}, {}, r"several kinds \(\.png \.wav\)"),
    "broken": ({"x/a/1.png": b"GIF8", "x/b/1.png": GREY}, {}, r"a/1\.png cannot be read as an im"),
    "sizes": (
        {"x/a/1.png": GREY, "x/b/1.png": GREY.T},
        {},
        r"1\.png has 8x6 pixels .*--size 32x32",
    ),
    "colors": ({"x/a/1.png": GREY, "x/b/1.png": COLOR}, {}, r"is in colour .* in grey.*--gray"),
    "large": (
        {"x/a/1.png": np.zeros((200, 100), "u1"), "x/b/1.png": np.zeros((200, 100), "u1")},
        {},
        r"images have 200x100 pixels.*--size 32x32 .*--size 200x100 to keep",
    ),
    "no sound": ({"x/a/1.wav": b"RIFF", "x/b/1.wav": SOUND}, {}, "cannot be read as a WAV file"),
    "rates": (
        {"x/a/1.wav": SOUND, "x/b/1.wav": (1600, SOUND[1])},
        {},
        r"has 1600 samples a second and .* 800, expected one rate. Write --rate 800",
    ),
    "lengths": (
        {"x/a/1.wav": SOUND, "x/b/1.wav": (800, SOUND[1][:99])},
        {},
        r"has shape \(99,\), expected \(400,\), .*write --length SECONDS",
    ),
    "words": ({"x/a/1.csv": b"a,b\n1,c\n", "x/b/1.csv": TABLE}, {}, "as a table of numbers"),
    "nan": ({"x/a/1.csv": b"1,nan\n", "x/b/1.csv": TABLE}, {}, "holds NaN or infinity"),
    "short": (
        {"x/a/1.npy": np.zeros(9), "x/b/1.npy": np.zeros(5)},
        {"length": 7},
        r"b/1\.npy has 5 rows, fewer than the 7 of a window. Write --length 5",
    ),
    "needless": ({"x/a/1.npy": GREY, "x/b/1.npy": GREY}, {"rate": 5}, "rate=5, but the files are"),
    "rate": ({}, {"rate": 0.5}, "rate=0.5, expected a number above 0"),
    "size": ({}, {"size": (3, 0)}, r"size=\(3, 0\), expected height and width"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_said(case: str, tmp_path: Path) -> None:
    files, options, message = WRONG[case]
    write(tmp_path, files)
    with pytest.raises((ValueError, OSError)) as caught:
        load_folder(tmp_path / "x", **options)
    assert re.search(message, str(caught.value)), str(caught.value)
