"""Data that is read from installed packages."""

from __future__ import annotations

import gzip
import struct

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
