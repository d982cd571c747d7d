"""Log-mel spectrograms and MFCC: closed forms, scipy's transforms, integers and C."""

from __future__ import annotations

import subprocess
import sys

import joblib
import numpy as np
import pytest
from scipy.fft import dct, rfft
from scipy.signal import lfilter
from sklearn.base import clone
from sklearn.linear_model import RidgeClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skconv import MFCC, LogMelSpectrogram, to_c
from skconv.exceptions import NotConvertibleError, ShapeWarning
from skconv.sound.mel import frequency_of_mel, mel, mel_bank, mel_edges

RATE = 16000
RNG = np.random.default_rng(0)


def tones(n_sounds: int = 40, length: int = 2000) -> tuple[np.ndarray, np.ndarray]:
    """Low and high tones in noise, as int16."""
    rng = np.random.default_rng(1)
    y = np.arange(n_sounds) % 2
    pitch = np.where(y == 1, 900, 700)[:, None] * (1 + 0.1 * rng.random((n_sounds, 1)))
    t = np.arange(length) / RATE
    X = np.sin(2 * np.pi * pitch * t) + rng.normal(size=(n_sounds, length))
    return np.rint(2000 * X).astype(np.int16), y


# ---------------------------------------------------------------------------------- mel


def test_mel_is_that_of_htk():
    assert mel(700) == pytest.approx(2595 * np.log10(2))
    assert mel(1000) == pytest.approx(999.9856, abs=1e-4)
    assert np.allclose(frequency_of_mel(mel([0, 123, 8000])), [0, 123, 8000])
    assert np.ptp(np.diff(mel(mel_edges(40, 20, 8000)))) < 1e-9


def test_bands_are_triangles_that_sum_to_1():
    bank, edges = mel_bank(4096, RATE, 20, 100, 7000), mel_edges(20, 100, 7000)
    bins = np.arange(2049) * RATE / 4096
    inside = (bins > edges[1]) & (bins < edges[-2])
    assert np.allclose(bank[inside].sum(axis=1), 1, atol=1e-6)
    for band in range(20):
        wanted = np.interp(bins, edges[band : band + 3], [0, 1, 0])
        assert np.allclose(bank[:, band], wanted, atol=1e-6)


def test_bands_between_two_bins_are_refused():
    with pytest.raises(ValueError, match=r"n_bands=80: band \d+ from .* holds no frequency"):
        mel_bank(256, RATE, 80, 20, 8000)


# ------------------------------------------------------------------------- spectrograms


def test_features_are_the_logarithms_that_scipy_gives():
    X, _ = tones(3)
    spectrogram = LogMelSpectrogram(frame_length=400, hop_length=160, preemphasis=0).fit(X)
    hann = np.hanning(401)[:-1]
    frames = np.stack([X[:, i : i + 400] for i in range(0, 1601, 160)], axis=1)
    power = np.abs(rfft(frames * hann, 512)) ** 2 @ mel_bank(512, RATE, 40, 20, 8000)
    floor = power.max() / 1e8
    assert spectrogram.floor_ == pytest.approx(floor, rel=1e-5)
    wanted = np.log(np.maximum(power / floor, 1))
    assert spectrogram.output_shape_ == (11, 40)
    np.testing.assert_allclose(spectrogram.transform(X), wanted.reshape(3, -1), atol=2e-4)


def test_mfcc_are_scipys_cosine_transform_of_the_bands():
    X, _ = tones(3)
    bands = LogMelSpectrogram().fit(X)
    wanted = dct(bands.transform(X).reshape(3, -1, 40), norm="ortho")[..., :13]
    found = MFCC().fit(X)
    assert found.output_shape_ == (11, 13)
    np.testing.assert_allclose(found.transform(X), wanted.reshape(3, -1), atol=1e-4)


def test_preemphasis_is_the_filter_in_the_time_of_samples():
    x = RNG.normal(size=(1, 8000)).astype(np.float32)
    filtered = lfilter([1, -0.97], [1], x).astype(np.float32)
    options = {"window": "hann", "frame_length": 4000, "n_bands": 20}
    found = LogMelSpectrogram(preemphasis=0.97, **options).fit(x)
    other = LogMelSpectrogram(preemphasis=0, **options).fit(filtered)
    assert np.abs(found.transform(x) - other.transform(filtered)).max() < 0.02


def test_features_do_not_depend_on_the_unit_of_samples():
    X, _ = tones(4)
    found = LogMelSpectrogram().fit_transform(X / 32768)
    np.testing.assert_allclose(found, LogMelSpectrogram().fit_transform(X), atol=1e-3)


def test_silence_is_0_and_so_is_all_of_a_silent_set():
    X, _ = tones(4)
    assert not LogMelSpectrogram().fit(X).transform(np.zeros_like(X)).any()
    assert not LogMelSpectrogram().fit_transform(np.zeros((2, 1600))).any()


def test_a_shift_of_one_hop_is_a_shift_of_one_frame():
    x = RNG.normal(size=(1, 2160))
    spectrogram = LogMelSpectrogram().fit(x[:, :2000])
    early, late = (spectrogram.transform(x[:, i : i + 2000]).reshape(11, 40) for i in (0, 160))
    np.testing.assert_allclose(early[1:], late[:-1], atol=1e-5)


def test_lengths_are_seconds_or_samples():
    X, _ = tones(2)
    seconds = LogMelSpectrogram(frame_length=0.025, hop_length=0.01).fit_transform(X)
    samples = LogMelSpectrogram(frame_length=400, hop_length=160).fit_transform(X)
    assert np.array_equal(seconds, samples)


def test_names_tell_band_and_frame():
    X, _ = tones(2)
    names = LogMelSpectrogram(n_bands=3).fit(X).get_feature_names_out()
    assert names[:4].tolist() == ["mel0_0", "mel1_0", "mel2_0", "mel0_1"]
    assert MFCC().fit(X).get_feature_names_out()[-1] == "mfcc12_10"


def test_a_frame_longer_than_the_signal_is_cut_with_a_warning():
    x = RNG.normal(size=(3, 301))
    with pytest.warns(ShapeWarning, match=r"0\.025 is 400 samples, .*: one of 300 samples is used"):
        assert LogMelSpectrogram().fit(x).output_shape_ == (1, 40)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"n_fft": 256}, "n_fft=256, expected an even number that is at least"),
        ({"high_frequency": 9000.0}, "low < high <= 8000"),
        ({"low_frequency": 500.0, "high_frequency": 400.0}, "low < high"),
        ({"hop_length": 1e-5}, r"hop_length=1e-05 seconds are less than 2 samples"),
        ({"n_bands": 200}, "holds no frequency"),
        ({"input_shape": (2000, 1), "frame_length": 2001}, "2001 samples, the signal has 2000"),
    ],
)
def test_what_is_refused_and_why(params, message):
    with pytest.raises(ValueError, match=message):
        LogMelSpectrogram(**params).fit(tones(2)[0])


def test_two_channels_are_refused_with_a_way_out():
    with pytest.raises(ValueError, match=r"one channel, got 2: mix them"):
        LogMelSpectrogram().fit(RNG.normal(size=(2, 2000, 2)))


def test_more_coefficients_than_bands_are_refused():
    with pytest.raises(ValueError, match="n_coefficients=13, expected at most n_bands=10"):
        MFCC(n_bands=10).fit(tones(2)[0])


# ------------------------------------------------------------------------------ the ways


def test_a_grid_search_finds_its_parameters():
    X, y = tones()
    model = make_pipeline(LogMelSpectrogram(hop_length=400), StandardScaler(), RidgeClassifier())
    grid = GridSearchCV(clone(model), {"logmelspectrogram__n_bands": [4, 20]}, cv=2).fit(X, y)
    assert grid.best_score_ > 0.9


def test_a_saved_spectrogram_is_the_same_in_a_new_process(tmp_path):
    X, _ = tones(4)
    spectrogram = MFCC().fit(X)
    joblib.dump((spectrogram, X), tmp_path / "model")
    code = (
        "import sys, joblib, numpy as np; model, x = joblib.load(sys.argv[1]);"
        "np.save(sys.argv[1] + '.npy', model.transform(x))"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "model")], check=True)
    found = np.load(tmp_path / "model.npy")
    np.testing.assert_allclose(found, spectrogram.transform(X), atol=1e-5)


@pytest.mark.needs("cc")
def test_the_pipeline_is_the_same_in_c():
    X, y = tones()
    model = make_pipeline(MFCC(hop_length=400), StandardScaler(), RidgeClassifier()).fit(X, y)
    exported = to_c(model, X, name="tones")
    report = exported.verify(X)
    assert report.differing_bytes == 0
    assert report.agreement == 1.0


@pytest.mark.needs("cc")
def test_pushed_samples_give_the_answers_of_whole_windows():
    X, y = tones()
    model = make_pipeline(MFCC(hop_length=400), StandardScaler(), RidgeClassifier()).fit(X, y)
    whole, recording = to_c(model, X, name="tones"), X.reshape(-1)
    for hop, length in ((1, 2100), (160, 6000)):
        windows = np.lib.stride_tricks.sliding_window_view(recording[:length], 2000)[::hop]
        stream = to_c(model, X, name="tones", input="samples", hop=hop).stream(engine="c")
        labels, scores = stream.push(recording[:length], return_scores=True)
        assert np.array_equal(labels, whole.predict(windows))
        assert np.array_equal(scores.ravel(), whole.decision_function(windows).ravel())


def test_a_frame_of_odd_length_cannot_be_converted():
    X, y = tones()
    model = make_pipeline(LogMelSpectrogram(frame_length=401), RidgeClassifier()).fit(X, y)
    with pytest.raises(NotConvertibleError, match="frame_length=402"):
        to_c(model, X)
