"""Power-normalised spectrograms: their closed forms, and what noise does to them."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import RidgeClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skconv import NotConvertibleError, PowerNormalizedSpectrogram, to_c
from skconv.graph import Graph, NoiseSuppression, TensorSpec
from skconv.graph.power_normalization import PowerNormalize
from skconv.passes.calibrate import calibrate
from skconv.passes.quantize import quantize
from skconv.runtime import fixed, reference
from skconv.runtime.noise_suppression import asymmetric, masked
from skconv.runtime.power_normalization import (
    background,
    band_mean,
    log_ratio,
    medium_power,
)
from skconv.sound.gammatone import (
    centre_frequencies,
    erb,
    erb_rate,
    gammatone_bank,
)

CHANGING = np.tile([1.0, 100.0], 10).reshape(1, 20, 1)


def normalized(op, power):
    """What an op makes of powers ``(n_frames, n_bands)``."""
    graph = Graph(TensorSpec((1, *power.shape))).append(op)
    return reference.run(graph, power[None, None])[0, 0]


def plain(n_bands, **changes):
    """No background is taken off: every power has the ratio 0 or more."""
    return PowerNormalize(0, 0, targets=np.zeros(n_bands), **changes)


# ---------------------------------------------------------------------------- closed forms


def test_the_bank_lies_on_the_erb_scale():
    assert erb(1000) == pytest.approx(132.639)
    assert erb_rate(1000) == pytest.approx(15.6214, abs=5e-5)
    centres = centre_frequencies(40, 100, 7200)
    assert centres[[0, -1]] == pytest.approx([100, 7200])
    np.testing.assert_allclose(np.ptp(np.diff(erb_rate(centres))), 0, atol=1e-9)


def test_bands_peak_at_their_centre_and_leave_out_what_lies_40_db_below():
    centres = centre_frequencies(20, 200, 7000)
    bank = gammatone_bank(centres, 512, 16000)
    np.testing.assert_allclose(bank.sum(axis=0), 1)
    np.testing.assert_array_equal(bank.argmax(axis=0), np.rint(centres / (16000 / 512)))
    wide = np.abs(np.arange(257)[:, None] * 16000 / 512 - centres) > 3.1 * 1.019 * erb(centres)
    assert not bank[wide].any()


def test_the_ratio_of_means():
    assert log_ratio(np.full((1, 9, 1), 7.0))[0, 0] == pytest.approx(0)
    assert log_ratio(CHANGING)[0, 0] == pytest.approx(np.log(5.05)) == pytest.approx(1.619388)
    assert np.exp(log_ratio(CHANGING + 10)[0, 0]) == pytest.approx(1.739253)


def test_a_noise_floor_that_was_added_is_found():
    found = background(CHANGING + 10, np.log([5.05]), 1e-3, 40)
    assert found[0, 0, 0] == pytest.approx(10)
    target = 3.0
    a, b = 11, 110
    wanted = (a + b) / 2 - (b - a) / 2 * target / np.sqrt(target**2 - 1)
    assert background(CHANGING + 10, np.log([target]), 1e-3, 40)[0, 0, 0] == pytest.approx(wanted)
    assert background(CHANGING, np.log([5.0]), 1e-3, 40)[0, 0, 0] == 0  # It has more already.


def test_a_gain_changes_nothing_and_would_without_the_mean():
    power = np.random.RandomState(0).gamma(0.5, size=(30, 4))
    op = PowerNormalize(2, 1, targets=np.full(4, 1.0), lowest=1e-30)
    np.testing.assert_allclose(normalized(op, 10 * power), normalized(op, power), rtol=1e-9)
    np.testing.assert_allclose(
        normalized(plain(4), power), (power / power.mean()) ** 0.1, rtol=1e-9
    )
    np.testing.assert_allclose(
        normalized(plain(2), np.array([[1.0, 10]]))[0, 1], 10**0.1 / 5.5**0.1
    )


def test_silence_is_even():
    np.testing.assert_allclose(normalized(plain(3), np.zeros((8, 3))), 1)
    np.testing.assert_array_equal(normalized(NoiseSuppression(), np.zeros((8, 3))), 0)


def test_averages_over_frames_and_bands():
    power = np.arange(10.0).reshape(1, 5, 2)
    np.testing.assert_allclose(medium_power(power, 1)[0, :, 0], [2 / 3, 2, 4, 6, 22 / 3])
    weights = np.array([[[0.0, 3, 6, 9]]])
    np.testing.assert_allclose(band_mean(weights, 1), [[[1.5, 3, 6, 7.5]]])


def test_asymmetric_suppression_follows_its_recursion():
    x = np.array([10.0, 8, 20])[None, :, None]
    first = 0.999 * 9 + 0.001 * 10
    second = 0.5 * first + 0.5 * 8
    third = 0.999 * second + 0.001 * 20
    np.testing.assert_allclose(asymmetric(x)[0, :, 0], [first, second, third])
    np.testing.assert_allclose(
        masked(np.array([10.0, 1, 9])[None, :, None])[0, :, 0], [10, 0.2 * 10, 9]
    )


# ------------------------------------------------------------------------------- the class


def speech(n, seed=0):
    """Tones of changing loudness, with pauses: what a steady noise hides."""
    rng = np.random.RandomState(seed)
    t = np.arange(8000) / 8000
    tones = np.sin(2 * np.pi * rng.uniform(200, 3000, (n, 4, 1)) * t)
    loudness = np.maximum(np.sin(2 * np.pi * rng.uniform(2, 6, (n, 4, 1)) * t), 0) ** 2
    return 3000 * (tones * loudness).sum(axis=1) + 30 * rng.normal(size=(n, 8000))


def model(**params):
    return PowerNormalizedSpectrogram(8000, n_bands=20, **params)


def test_the_target_is_learnt_from_clean_sound():
    clips = speech(10)
    fitted = model().fit(clips)
    assert fitted.output_shape_ == (98, 20)
    assert fitted.targets_.shape == (20,)
    assert (fitted.targets_ > 0.2).all()
    noisy = model().fit(clips + np.random.RandomState(1).normal(size=clips.shape) * 500)
    assert (noisy.targets_ < fitted.targets_).all()
    np.testing.assert_array_equal(model(target=1.5).fit(clips).targets_, 1.5)
    assert model(variant="pncc2016").fit(clips).targets_ is None


def test_a_gain_of_the_sound_changes_nothing_that_can_be_heard():
    clips = speech(3)
    fitted = model().fit(clips)
    found, wanted = fitted.transform(2 * clips), fitted.transform(clips)
    loud = wanted > 0.5
    assert loud.mean() > 0.25
    np.testing.assert_allclose(found[loud], wanted[loud], atol=5e-3)


def test_noise_changes_it_less_than_the_plain_power_spectrogram():
    clips = speech(10)
    noisy = clips + np.random.RandomState(1).normal(size=clips.shape) * 300

    def distance(spectrogram):
        clean, found = spectrogram.transform(clips), spectrogram.transform(noisy)
        return 1 - np.mean([np.corrcoef(a, b)[0, 1] for a, b in zip(clean, found, strict=True)])

    assert distance(model().fit(clips)) < 0.8 * distance(model(target=0.0).fit(clips))


def test_asymmetric_suppression_takes_steady_noise_and_leaves_a_burst():
    power = np.ones((100, 1))
    power[50:53] = 100
    found = normalized(NoiseSuppression(0, 0), power)[:, 0]
    suppressed = (found[40] / found[50]) ** 15
    assert suppressed < 0.01 * 0.1  # The powers alone are 0.01.


def test_the_variants_are_not_mixed():
    clips = speech(3)
    ops = {variant: model(variant=variant).fit(clips).graph_ for variant in ("pns", "pncc2016")}
    found = {
        v: [
            type(n.op)
            for n in g.nodes
            if "Power" in type(n.op).__name__ or "Noise" in type(n.op).__name__
        ][1:]
        for v, g in ops.items()
    }
    assert found == {"pns": [PowerNormalize], "pncc2016": [NoiseSuppression]}
    exponents = {
        v: next(n.op.exponent for n in g.nodes if hasattr(n.op, "exponent")) for v, g in ops.items()
    }
    assert exponents == {"pns": 0.1, "pncc2016": 1 / 15}


@pytest.mark.parametrize(("low", "high"), [(3700.0, 3600.0), (100.0, 5000.0)])
def test_bands_lie_below_half_the_sample_rate(low, high):
    with pytest.raises(ValueError, match=rf"low_frequency={low} and high_frequency={high}"):
        model(low_frequency=low, high_frequency=high).fit(speech(2))


# -------------------------------------------------------------------------- integers and C


def as_int16(clips):
    return np.clip(np.rint(clips), -32768, 32767).astype(np.int16)


@pytest.fixture(scope="module")
def voices():
    """Steady tones at two places, of changing loudness, and a Pipeline that tells them apart."""
    clips, y = speech(30, seed=3)[:, :3000], np.arange(30) % 2
    t = np.arange(3000) / 8000
    swing = np.sin(2 * np.pi * 6 * t) ** 2
    X = as_int16(clips / 4 + 3000 * swing * np.sin(2 * np.pi * (500 + 1500 * y[:, None]) * t))
    return X, y, make_pipeline(model(), StandardScaler(), RidgeClassifier()).fit(X, y)


def test_integers_are_near_the_floats(voices):
    X, _, pipe = voices
    graph = pipe[0].graph_
    integer = quantize(graph, calibrate(graph, X), input_dtype="int16", output_bits=16)
    found = fixed.run(integer, fixed.quantize_input(integer.input, X)) * integer.output.scale
    wanted = reference.run(graph, X)
    assert np.ptp(wanted) > 1
    assert np.abs(found - wanted).max() < 0.01
    assert np.abs(found - wanted).mean() < 0.001


def test_c_gives_the_bytes_of_the_definition(voices):
    X, _, pipe = voices
    noisy = as_int16(X + np.random.RandomState(1).normal(size=X.shape) * 300)
    exported = to_c(pipe, X, name="voices")
    others = np.concatenate([noisy, np.zeros_like(X[:1]), np.full_like(X[:1], -32768)])
    assert exported.verify(others).differing_bytes == 0
    assert np.mean(exported.predict(noisy) == pipe.predict(noisy)) > 0.95


def test_float_c_is_near_the_floats(voices):
    X, _, pipe = voices
    exported = to_c(pipe[0], X, name="floats", dtype="float32")
    np.testing.assert_allclose(exported.predict(X), pipe[0].transform(X), atol=1e-3)


@pytest.fixture(scope="module")
def suppressed(voices):
    X, _, _ = voices
    return model(variant="pncc2016").fit(X)


def test_integers_of_the_variant_of_2016_are_near_the_floats(voices, suppressed):
    X, graph = voices[0], suppressed.graph_
    integer = quantize(graph, calibrate(graph, X), input_dtype="int16", output_bits=16)
    found = fixed.run(integer, fixed.quantize_input(integer.input, X)) * integer.output.scale
    wanted = reference.run(graph, X)
    assert np.ptp(wanted) > 0.8
    # Where a comparison just goes the other way, single numbers differ by more.
    assert np.abs(found - wanted).mean() < 0.001
    assert np.quantile(np.abs(found - wanted), 0.99) < 0.02


@pytest.mark.needs("cc")
def test_c_of_the_variant_of_2016_gives_the_bytes_of_the_definition(voices, suppressed):
    X, _, _ = voices
    exported = to_c(suppressed, X, name="suppressed")
    others = np.concatenate([X, np.zeros_like(X[:1]), np.full_like(X[:1], -32768)])
    others[0, :1000] = 0
    assert exported.verify(others).differing_bytes == 0
    floats = to_c(suppressed, X, name="floats", dtype="float32")
    np.testing.assert_allclose(floats.predict(X), suppressed.transform(X), atol=2e-3)


def test_integers_of_many_frames_are_refused():
    X = as_int16(speech(2).repeat(6, axis=1))
    with pytest.raises(NotConvertibleError, match="of 598 frames with reach=2; use windows of at"):
        to_c(model().fit(X), X)
