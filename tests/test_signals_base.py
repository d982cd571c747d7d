"""How signals may lie in X: axes, order of channels, unequal lengths; and files of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from skconv import datasets
from skconv.exceptions import ShapeWarning
from skconv.graph import Conv, Graph, TensorSpec
from skconv.signals.base import SignalExtractor

SIGNALS = np.random.default_rng(0).normal(size=(6, 20, 3)).astype(np.float32)
WEIGHTS = np.random.default_rng(1).normal(size=(2, 1, 4, 3)).astype(np.float32)


class Responses(SignalExtractor):
    """Responses of fixed kernels: the least that an extractor of signals can be."""

    def __init__(self, *, input_shape=None, data_format="channels_last", pad_to=None):
        self.input_shape = input_shape
        self.data_format = data_format
        self.pad_to = pad_to
        self.device, self.batch_size, self.n_jobs = "cpu", "auto", None

    def _fit_graph(self, maps: Any, y: Any) -> Graph:
        kernels = np.tile(WEIGHTS, 7)[..., : maps.shape[3]]
        return Graph(TensorSpec(maps.shape[1:])).append(Conv(kernels, np.zeros(2, np.float32)))


WANTED = Responses().fit(SIGNALS).transform(SIGNALS)


def test_three_axes_are_signals_without_a_warning():
    fitted = Responses().fit(SIGNALS)
    assert fitted.map_shape_ == (1, 20, 3)
    assert WANTED.shape == (6, 2 * 17)
    np.testing.assert_array_equal(fitted.transform(SIGNALS.reshape(6, -1)), WANTED)
    flat = Responses(input_shape=(20, 3)).fit(SIGNALS.reshape(6, -1))
    np.testing.assert_array_equal(flat.transform(SIGNALS), WANTED)


@pytest.mark.parametrize("shape", [None, (3, 20)])
def test_channels_first_as_in_aeon(shape):
    first = SIGNALS.transpose(0, 2, 1)
    fitted = Responses(data_format="channels_first", input_shape=shape).fit(first)
    assert fitted.map_shape_ == (1, 20, 3)
    np.testing.assert_array_equal(fitted.transform(first), WANTED)


def test_two_axes_are_signals_of_one_channel():
    row = SIGNALS[..., 0]
    for shape in (None, (20,), (20, 1)):
        assert Responses(input_shape=shape).fit(row).map_shape_ == (1, 20, 1)
    first = Responses(data_format="channels_first").fit(row)
    np.testing.assert_array_equal(first.transform(row), Responses().fit(row).transform(row))


def test_channels_on_the_other_side_are_warned_of():
    first = np.zeros((6, 3, 20), np.float32)
    with pytest.warns(ShapeWarning, match=r"write data_format='channels_first' for signals of 20"):
        Responses().fit(np.zeros((6, 4, 20), np.float32))
    with pytest.warns(ShapeWarning, match="data_format='channels_last'"):
        Responses(data_format="channels_first").fit(np.zeros((6, 20, 4), np.float32))
    Responses(data_format="channels_first").fit(first)


def test_one_signal_is_warned_of():
    signal = np.sin(np.arange(100)[:, None] / 20 + np.arange(6)).astype(np.float32)
    with pytest.warns(ShapeWarning, match=r"write X\[None\] if it is one signal of 6 channels"):
        Responses().fit(signal)
    Responses(input_shape=(6,)).fit(signal)
    Responses().fit(signal, np.zeros(100))


def test_images_are_refused():
    with pytest.raises(ValueError, match=r"reads signals .* got samples of shape \(5, 4, 3\)"):
        Responses().fit(SIGNALS.reshape(6, 5, 4, 3))


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_unequal_lengths(data_format):
    """Zeros behind the short ones; the longest of fit is that of transform, too."""
    cut = [signal[:length] for signal, length in zip(SIGNALS, (20, 7, 9, 20, 15, 10), strict=True)]
    padded = SIGNALS.copy()
    for signal, short in zip(padded, cut, strict=True):
        signal[len(short) :] = 0
    wanted = Responses().fit(padded).transform(padded)
    if data_format == "channels_first":
        cut = [signal.T for signal in cut]
    with pytest.raises(ValueError, match=r"7 to 20 numbers: write pad_to='longest'"):
        Responses(data_format=data_format).fit(cut)
    fitted = Responses(data_format=data_format, pad_to="longest").fit(cut)
    np.testing.assert_array_equal(fitted.transform(cut), wanted)
    np.testing.assert_array_equal(fitted.transform(cut[1:3]), wanted[1:3])


def test_a_length_cuts_and_pads():
    fitted = Responses(pad_to=12).fit(SIGNALS)
    np.testing.assert_array_equal(
        fitted.transform(SIGNALS), Responses().fit(SIGNALS[:, :12]).transform(SIGNALS[:, :12])
    )
    assert Responses(pad_to=24).fit(SIGNALS).map_shape_ == (1, 24, 3)
    rows = [[1.0, 2.0, 3.0, 4.0], [1.0, 2.0, 3.0, 4.0, 5.0]]
    assert Responses(pad_to="longest").fit(rows).map_shape_ == (1, 5, 1)


def test_unequal_channels_are_refused():
    signals = [SIGNALS[0], SIGNALS[1, :, :2]]
    for pad_to in (None, 5):
        with pytest.raises(ValueError, match="same channels"):
            Responses(pad_to=pad_to).fit(signals)


def test_int16_is_kept():
    whole = (SIGNALS * 100).astype(np.int16)
    fitted = Responses().fit(whole)
    assert fitted.input_range_.is_whole
    np.testing.assert_allclose(
        fitted.transform(whole), fitted.transform(whole.astype(np.float32)), rtol=1e-6
    )


def test_read_ts(tmp_path):
    path = tmp_path / "Two" / "Two_TRAIN.ts"
    path.parent.mkdir()
    path.write_text("# words\n@classLabel true a b\n@data\n1,2,3:4,5,6:a\n7,8,9:1,1,1:b\n\n")
    X, y = datasets.load_ucr("Two", data_home=tmp_path)
    assert X.shape == (2, 3, 2)
    assert X[0].tolist() == [[1, 4], [2, 5], [3, 6]]
    assert y.tolist() == ["a", "b"]
    path.write_text("@data\n1,2,3:a\n4,5:b\n")
    X, _ = datasets.load_ts(path)
    assert [x.tolist() for x in X] == [[1, 2, 3], [4, 5]]


def test_files_that_cannot_be_read(tmp_path):
    path = tmp_path / "x.ts"
    path.write_text("# words\n@data\n1,2:a\n1,x:b\n")
    with pytest.raises(ValueError, match=r"x\.ts, line 4: expected channels"):
        datasets.load_ts(path)
    path.write_text("1,2:a\n")
    with pytest.raises(ValueError, match="no line @data"):
        datasets.load_ts(path)
    with pytest.raises(FileNotFoundError, match="pip install --no-deps aeon"):
        datasets.load_ucr("GunPoint", data_home=tmp_path)
    with pytest.raises(ValueError, match="split='all'"):
        datasets.load_ucr("GunPoint", "all")
