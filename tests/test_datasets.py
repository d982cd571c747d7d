"""Data that is read from installed packages."""

from __future__ import annotations

import gzip
import struct
import wave

import numpy as np
import pytest

from skconv import datasets


def write_idx(path, array, *, cut=0):
    header = struct.pack(f">BBBB{array.ndim}i", 0, 0, 8, array.ndim, *array.shape)
    data = header + array.tobytes()
    path.write_bytes(gzip.compress(data[: len(data) - cut]))


@pytest.fixture
def small_set(tmp_path):
    folder = tmp_path / "fashion-mnist"
    folder.mkdir()
    X = np.random.default_rng(0).integers(0, 256, (5, 28, 28)).astype(np.uint8)
    y = np.arange(5, dtype=np.uint8)
    write_idx(folder / "train-images-idx3-ubyte.gz", X)
    write_idx(folder / "train-labels-idx1-ubyte.gz", y)
    return tmp_path, X, y


def test_fashion_mnist_is_read_from_a_folder(small_set):
    home, X, y = small_set
    found = datasets.load_fashion_mnist(data_home=home)
    np.testing.assert_array_equal(found[0], X)
    np.testing.assert_array_equal(found[1], y)
    assert found[0].flags.writeable
    bunch = datasets.load_fashion_mnist(data_home=str(home), return_X_y=False)
    np.testing.assert_array_equal(bunch.data, X)
    assert len(bunch.target_names) == 10


def test_scikit_learns_data_home_is_searched(small_set, monkeypatch, tmp_path):
    home, X, _ = small_set
    monkeypatch.setattr(datasets, "_DEBIAN_FOLDER", tmp_path / "nowhere")
    monkeypatch.setenv("SCIKIT_LEARN_DATA", str(home))
    np.testing.assert_array_equal(datasets.load_fashion_mnist()[0], X)


def test_missing_data_says_what_to_install_and_makes_no_folder(tmp_path, monkeypatch):
    home = tmp_path / "home"
    monkeypatch.setattr(datasets, "_DEBIAN_FOLDER", tmp_path / "nowhere")
    monkeypatch.setenv("SCIKIT_LEARN_DATA", str(home))
    with pytest.raises(FileNotFoundError, match="apt-get install dataset-fashion-mnist"):
        datasets.load_fashion_mnist()
    assert not home.exists()


@pytest.mark.parametrize("cut", [1, 500, 3935])
def test_a_damaged_file_is_named(small_set, cut):
    home, X, _ = small_set
    path = home / "fashion-mnist" / "train-images-idx3-ubyte.gz"
    write_idx(path, X, cut=cut)
    with pytest.raises(ValueError, match=r"train-images-idx3-ubyte.gz is not a whole IDX file"):
        datasets.load_fashion_mnist(data_home=home)


def test_fashion_mnist(fashion_mnist):
    X, y = fashion_mnist
    assert (X.shape, X.dtype, y.shape, y.dtype) == ((60000, 28, 28), np.uint8, (60000,), np.uint8)
    np.testing.assert_array_equal(np.bincount(y), np.full(10, 6000))


def test_digits():
    from sklearn.datasets import load_digits

    X, y = datasets.load_digits()
    wanted = load_digits()
    np.testing.assert_array_equal(X, wanted.images)
    np.testing.assert_array_equal(y, wanted.target)
    assert X.dtype == np.uint8
    assert datasets.load_digits(return_X_y=False).data.shape == (1797, 8, 8)


def write_wav(path, samples, *, rate=8000, channels=1):
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(np.asarray(samples, "<i2").tobytes())


@pytest.fixture
def sounds(tmp_path):
    """Two prompts of each voice, and files that are no speech."""
    for voice, folder in enumerate(datasets._VOICES.values()):
        write_wav(tmp_path / folder / "digits" / "3.wav", np.full(9000, voice))
        write_wav(tmp_path / folder / "hello.wav", np.full(17000, -voice))
        write_wav(tmp_path / folder / "silence" / "1.wav", np.zeros(8000))
        write_wav(tmp_path / folder / "beep.wav", np.ones(8000))
        write_wav(tmp_path / folder / "empty.wav", [])
    return tmp_path


def test_prompts_have_a_voice_and_a_name(sounds):
    prompts = datasets.load_prompts(data_home=sounds)
    assert sorted(set(prompts.names)) == ["digits/3", "hello"]
    np.testing.assert_array_equal(np.bincount(prompts.target), [2] * 6)
    assert len(prompts.target_names) == 6
    assert {x.dtype for x in prompts.data} == {np.dtype(np.int16)}


def test_voices_are_cut_into_clips(sounds):
    X, y, prompts = datasets.load_voices(seconds=0.5, data_home=sounds)
    assert X.shape == (6 * (2 + 4), 4000)
    np.testing.assert_array_equal(X[prompts == "digits/3"][:, 0], y[prompts == "digits/3"])
    np.testing.assert_array_equal(X[prompts == "hello"][:, -1], -y[prompts == "hello"])
    with pytest.raises(ValueError, match="seconds=3 is longer than every prompt"):
        datasets.load_voices(seconds=3, data_home=sounds)
    with pytest.raises(ValueError, match="seconds=0, expected a number above 0"):
        datasets.load_voices(seconds=0, data_home=sounds)


def test_missing_voices_say_what_to_install(tmp_path):
    with pytest.raises(FileNotFoundError, match="apt-get install asterisk-core-sounds-en-wav"):
        datasets.load_voices(data_home=tmp_path)


def test_a_wrong_sound_file_is_named(sounds):
    path = sounds / "fr_CA_f_June" / "hello.wav"
    write_wav(path, np.zeros(100), rate=16000)
    with pytest.raises(ValueError, match=r"hello\.wav has 1 channel\(s\) of 16 bits at 16000 Hz"):
        datasets.load_prompts(data_home=sounds)
    path.write_bytes(b"RIFF")
    with pytest.raises(ValueError, match=r"hello\.wav is not a WAV file"):
        datasets.load_prompts(data_home=sounds)
