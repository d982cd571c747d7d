"""The front end of TFLite-Micro: numbers of its own code, what it refuses, its C and its streams.

Golden numbers come from ``pymicro-features`` 2.0.2 (`tests/benchmarks/bench_micro_frontend.py`
compares with the package itself, on more sound).
"""

from __future__ import annotations

import zlib

import numpy as np
import pytest
from scipy.fft import rfft
from sklearn.base import clone
from sklearn.linear_model import RidgeClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skconv import MicroFrontendSpectrogram, RandomConvFeatures, to_c
from skconv.exceptions import InputRangeWarning
from skconv.graph import QMicroBands, QMicroLevels
from skconv.graph.micro_frontend import log_table
from skconv.runtime import fixed
from skconv.runtime.fft import places
from skconv.runtime.micro_fft import real_bins
from skconv.runtime.micro_frontend import gain_of, logarithm, rounded_root, shrunk
from skconv.sound.micro_tables import gain_table, log1p, mel_bank, window_table

RATE = 16000


def sounds() -> dict[str, np.ndarray]:
    """A second of each, by integers alone."""
    t = np.arange(RATE)
    noise = np.zeros(RATE, np.int64)
    state = 1
    for i in t:
        state = (1103515245 * state + 12345) % 2**31
        noise[i] = (state >> 15) - 2**15
    triangle = np.abs((t * (40 + t // 100)) % 4096 - 2048) - 1024
    return {
        "noise": noise // 16,
        "full scale": np.where(noise < 0, -32768, 32767),
        "sweep": 24 * triangle,
        "bursts": (noise * ((t // 2000) % 2)) >> (t // 1500 % 12),
        "silence": np.zeros(RATE, np.int64),
        "least": np.full(RATE, -32768),
        "quiet": noise >> 14,
    }


@pytest.fixture(scope="module")
def heard() -> dict[str, np.ndarray]:
    return {name: sound.astype(np.int16) for name, sound in sounds().items()}


def features(sound: np.ndarray, **params) -> np.ndarray:
    """The spectrogram of one sound."""
    spectrogram = MicroFrontendSpectrogram(**params)
    found = spectrogram.fit_transform(sound[None])
    return found.reshape(spectrogram.output_shape_).astype(np.int64)


# ------------------------------------------------------------------------- golden numbers

# Of all 98 x 40 features: their sum, and the checksum of their bytes as uint16.
GOLDEN = {
    "noise": (760556, 2814895507),
    "full scale": (820169, 36035492),
    "sweep": (893677, 2530657308),
    "bursts": (255461, 1410248787),
    "silence": (0, 2131203685),
    "least": (293132, 1651917949),
    "quiet": (57243, 1102208572),
}
# Frame 60.
NOISE = [222, 0, 0, 0, 0, 133, 0, 0, 0, 0, 369, 0, 0, 0, 0, 0, 362, 0, 0, 222]
NOISE += [292, 0, 287, 0, 357, 0, 0, 0, 349, 203, 248, 0, 0, 0, 274, 0, 0, 0, 0, 203]
SWEEP = [0, 0, 0, 0, 0, 0, 0, 404, 506, 393, 428, 378, 339, 353, 331, 0, 222, 287, 489, 351]
SWEEP += [385, 311, 351, 203, 452, 397, 381, 297, 377, 378, 402, 314, 390, 355, 364, 297]
SWEEP += [392, 297, 378, 322]


@pytest.mark.parametrize("name", GOLDEN)
def test_features_are_those_of_pymicro_features(heard, name):
    found = features(heard[name])
    assert (found.sum(), zlib.crc32(found.astype("<u2").tobytes())) == GOLDEN[name]


def test_frames_are_those_of_pymicro_features(heard):
    assert features(heard["noise"])[60].tolist() == NOISE
    assert features(heard["sweep"])[60].tolist() == SWEEP


# ---------------------------------------------------------------------------- closed forms


def test_the_window_is_a_hann_window_between_its_samples():
    t = (np.arange(480) + 0.5) / 480
    assert np.abs(window_table(480) - 4096 * np.sin(np.pi * t) ** 2).max() <= 0.51


def test_parts_of_a_bin_add_up_to_one_and_no_band_has_the_first_bin():
    bank = mel_bank(512, 16000, 40, 125, 7500).astype(int)
    inside = bank.sum(axis=1)[10:224]
    assert set(inside) <= {4095, 4096, 4097}
    assert not bank[:5].any()  # 125 Hz are bin 4.
    centres = 1127 * np.log1p(np.array([125, 7500]) / 700)
    steps = np.linspace(*centres, 42)[1:-1]
    peaks = 1127 * np.log1p(bank.argmax(axis=0) * 31.25 / 700)
    assert np.abs(peaks - steps).max() < 1127 * np.log1p(31.25 / 825)


def test_log1p_is_the_logarithm_to_the_last_bit_or_the_one_beside():
    x = np.geomspace(1e-4, 100, 5000).astype(np.float32)
    wanted = np.log1p(x.astype(np.float64))
    assert (np.abs(log1p(x) - wanted) / np.spacing(wanted.astype(np.float32))).max() < 1


def test_gains_are_a_power_of_the_noise():
    table = gain_table(0.95, 80.0, 3).astype(int)
    noise = np.array([0, 1, 2, 3, 100, 5000, 10**6, 2**31])
    wanted = 2**21 * (noise / 2**7 + 80.0) ** -0.95
    np.testing.assert_allclose(gain_of(noise, table), wanted, atol=1, rtol=0.01)


@pytest.mark.parametrize("n_fft", [8, 16, 64, 128, 512])
def test_the_transform_is_scipys_over_its_length(n_fft):
    x = np.random.default_rng(0).integers(-(2**14), 2**14, (20, n_fft))
    re, im = real_bins(x, places(n_fft // 2))
    wanted = rfft(x.astype(np.float64))[:, 1:-1] / n_fft
    assert np.abs(re + 1j * im - wanted).max() < 4


def test_roots_are_rounded_but_those_of_32_bits_have_16():
    x = np.array([0, 1, 2, 3, 6, 7, 2**32 - 1, 2**32, 2**50 - 1, 2**50 + 2**25 + 1])
    assert rounded_root(x).tolist() == [0, 1, 1, 2, 2, 3, 65535, 65536, 2**25, 2**25 + 1]


def test_the_logarithm_is_64_times_the_natural_one():
    x = np.unique(np.geomspace(2, 2**32 - 1, 3000).astype(np.int64))
    # Half for the rounding; between the entries of its table it hardly interpolates.
    step = 64 * np.log(2) * int(log_table()[1]) / 2**16
    assert np.abs(logarithm(x, 6) - 64 * np.log(x)).max() < 0.5 + 1.1 * step
    assert logarithm(np.array([0, 1]), 6).tolist() == [0, 0]
    assert log_table()[[0, 64, 128, 129]].tolist() == [0, round(2**16 * (np.log2(1.5) - 0.5)), 0, 0]


def test_gain_control_squares_what_is_small():
    assert shrunk(np.array([0, 4096, 8191, 8192, 4 * 4096])).tolist() == [0, 16, 63, 64, 192]


def test_a_steady_tone_becomes_quiet_and_a_new_one_is_heard(heard):
    t = np.arange(2 * RATE) / RATE
    tone = np.where(t < 1.5, np.sin(2 * np.pi * 500 * t), np.sin(2 * np.pi * 3000 * t))
    found = features(np.rint(8000 * tone).astype(np.int16), min_signal_remaining=0.0)
    first = found[0].argmax()
    assert found[140, first] < 0.2 * found[0, first]
    assert found[155].argmax() > first
    kept = features(np.rint(8000 * tone).astype(np.int16), min_signal_remaining=1.0, pcan=False)
    assert np.ptp(kept[:140, first]) <= 1  # The logarithm alone.


def test_without_logarithm_features_are_roots_of_energy(heard):
    t = np.arange(RATE) / RATE
    tone = np.rint(2000 * np.sin(2 * np.pi * 1000 * t)).astype(np.int16)
    plain = {"pcan": False, "log": False, "min_signal_remaining": 1.0}
    loud, quiet = features(tone, **plain), features(tone // 4, **plain)
    band = loud[0].argmax()
    assert loud[0, band] / quiet[0, band] == pytest.approx(4, rel=0.01)
    logged = features(tone, pcan=False, min_signal_remaining=1.0)
    np.testing.assert_allclose(logged[0, band], 64 * np.log(8 * loud[0, band]), atol=0.6)


# ------------------------------------------------------------------------------- the class


def test_every_sample_is_heard_by_a_new_front_end(heard):
    X = np.stack([heard[name] for name in ("sweep", "noise", "sweep")])
    found = MicroFrontendSpectrogram(batch_size=2).fit_transform(X)
    np.testing.assert_array_equal(found[0], found[2])
    np.testing.assert_array_equal(found[1].reshape(98, 40), features(heard["noise"]))


def test_numbers_of_any_type_are_the_same_and_others_are_rounded_with_a_warning(heard):
    wanted = features(heard["sweep"])
    np.testing.assert_array_equal(features(heard["sweep"].astype(np.float64)), wanted)
    with pytest.warns(InputRangeWarning, match=r"not whole, up to .* nearest integer is used"):
        near = features(heard["sweep"] + 0.25)
    np.testing.assert_array_equal(near, wanted)


def test_louder_sound_than_16_bits_is_refused(heard):
    with pytest.raises(ValueError, match=r"X reaches 40000, .* from -32768 to 32767: scale X"):
        features(np.full(RATE, 40000))


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"high_frequency": 8000.0}, "high_frequency=8000.0 reaches half of sample_rate=16000"),
        ({"low_frequency": 7600.0}, "low_frequency=7600.0, expected less than 7500, 15/32 of"),
        ({"low_frequency": 300.0, "high_frequency": 200.0}, "low_frequency=300.0 and high_freq"),
        ({"frame_length": 40000}, "frame_length=40000 is 40000 samples, expected at most 32768"),
        ({"log_scale_shift": 11}, "log_scale_shift"),
    ],
)
def test_parameters_without_a_front_end_are_refused(params, message, heard):
    with pytest.raises(ValueError, match=message):
        features(heard["noise"], **params)


def test_a_grid_search_over_its_parameters(heard):
    rng = np.random.default_rng(0)
    y = np.arange(12) % 2
    tones = np.sin(np.arange(2400) * np.where(y, 0.3, 0.5)[:, None])
    X = np.rint(3000 * tones + 300 * rng.normal(size=tones.shape)).astype(np.int16)
    pipe = make_pipeline(MicroFrontendSpectrogram(), RidgeClassifier())
    grid = {"microfrontendspectrogram__pcan": [True, False]}
    search = GridSearchCV(pipe, grid, cv=2, error_score="raise").fit(X, y)
    assert search.best_score_ == 1
    assert clone(search.best_estimator_[0]).get_params() == search.best_estimator_[0].get_params()


# -------------------------------------------------------------------------- integers and C


@pytest.fixture(scope="module")
def model(heard):
    """Kernels on a third of a second, and a linear head."""
    rng = np.random.default_rng(0)
    t = np.arange(5120) / RATE
    y = np.arange(16) % 2
    sound = np.sin(2 * np.pi * np.where(y, 700, 1900)[:, None] * t) * np.sin(2 * np.pi * 9 * t)
    X = np.rint(4000 * sound + 400 * rng.normal(size=sound.shape)).astype(np.int16)
    pipe = make_pipeline(
        MicroFrontendSpectrogram(),
        RandomConvFeatures(n_kernels=4, pool_size=(5, 10), input_shape=(30, 40), random_state=0),
        StandardScaler(),
        RidgeClassifier(),
    )
    return pipe.fit(X, y), X


def test_integers_are_the_features_themselves(heard):
    X = np.stack(list(heard.values()))
    spectrogram = MicroFrontendSpectrogram().fit(X)
    graph = to_c(spectrogram, X, name="front").graph
    assert [type(node.op) for node in graph.nodes][1:3] == [QMicroBands, QMicroLevels]
    np.testing.assert_array_equal(fixed.run(graph, X), spectrogram.transform(X))


@pytest.mark.needs("cc")
@pytest.mark.parametrize("params", [{}, {"sample_rate": 8000, "pcan": False, "log": False}])
def test_c_gives_the_features_to_the_last_bit(heard, params):
    X = np.stack([sound[2000:6000] for sound in heard.values()])
    spectrogram = MicroFrontendSpectrogram(**params).fit(X)
    wanted = spectrogram.transform(X)
    np.testing.assert_array_equal(to_c(spectrogram, X, name="front").predict(X), wanted)
    floats = to_c(spectrogram, X, name="floats", dtype="float32")
    np.testing.assert_array_equal(floats.predict(X), wanted)


@pytest.mark.needs("cc")
def test_a_model_in_c_is_its_definition_and_a_stream_decides_the_same(model, heard):
    pipe, X = model
    others = np.stack([sound[: X.shape[1]] for sound in heard.values()])
    exported = to_c(pipe, X, name="words", input="samples", hop=800)
    assert exported.verify(np.concatenate([X, others])).differing_bytes == 0
    assert np.mean(exported.predict(X) == pipe.predict(X)) == 1
    recording = np.concatenate([X[0], others[2], X[1]])
    found = list(exported.stream(engine="c").push(recording))
    starts = range(0, len(recording) - X.shape[1] + 1, 800)
    wanted = exported.predict(np.stack([recording[i : i + X.shape[1]] for i in starts]))
    np.testing.assert_array_equal(found, wanted)
