"""Spectro-temporal Gabor filters: their bank in closed form, their features, their C."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import correlate2d
from sklearn.linear_model import RidgeClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import skconv
from skconv import SpectroTemporalGaborFeatures
from skconv.exceptions import ShapeWarning
from skconv.graph import Conv, Graph, TensorSpec
from skconv.runtime import reference
from skconv.sound.gabor_bank import (
    OMEGA_MAX,
    centre_frequencies,
    filter_1d,
    filter_2d,
    filter_bank,
    profile,
)
from skconv.sound.gabor_graph import GaborBank, kept_bands
from skconv.sound.selection import sparse_pca_choice

N_FRAMES, N_BANDS = 60, 23


@pytest.fixture(scope="module")
def spectrograms():
    return np.random.RandomState(0).normal(size=(6, N_FRAMES, N_BANDS)).astype(np.float32)


def bank_of(filters, **options):
    return GaborBank(np.array(filters), (3.5, 3.5), (40, 69), time_step=1, **options)


def responses(bank, maps):
    """Of every node of a bank: its filters, and its map ``(n, n_times, n_bands, n_filters)``."""
    graph, nodes = bank.append(Graph(TensorSpec((*maps.shape[1:], 1))))
    found = reference.tensors(graph, maps[..., None], tuple(node for node, _ in nodes))
    return [(members, found[node]) for node, members in nodes]


# ------------------------------------------------------------------------------- the bank


def test_centre_frequencies_are_the_published_ones():
    temporal = centre_frequencies(OMEGA_MAX, 40, 3.5, 0.2) * 100 / (2 * np.pi)
    np.testing.assert_allclose(temporal, [25, 15.698, 9.857, 6.189], atol=5e-4)
    spectral = centre_frequencies(OMEGA_MAX, 3 * N_BANDS, 3.5, 0.3) / (2 * np.pi)
    np.testing.assert_allclose(spectral, [0.25, 0.12234, 0.05987, 0.02930], atol=5e-6)


def test_the_bank_has_41_filters_and_no_wave_twice():
    bank = filter_bank(np.array([1.5, 0.9, 0.6, 0.4]), np.array([1.5, 0.8, 0.4, 0.2]))
    assert bank.shape == (41, 2)
    assert len({tuple(f) for f in bank} | {tuple(-f) for f in bank}) == 2 * 41 - 1  # (0, 0) once


@pytest.mark.parametrize("omega", [1.5, 0.7, 0.2])
def test_a_profile_has_nu_half_waves_and_no_mean(omega):
    found = profile(omega, 3.5, 100)
    assert len(found.envelope) == pytest.approx(3.5 * np.pi / omega, abs=2)
    assert abs(filter_1d(found).sum()) < 1e-12
    assert np.abs(filter_1d(found)).sum() == pytest.approx(1)


def test_a_ripple_excites_its_filter_at_half_the_envelope_and_not_the_mirrored_one():
    """Periods of 10 frames and 6 bands under a Hann window of 41 x 21."""
    omegas = 2 * np.pi / 10, 2 * np.pi / 6
    n, k = np.mgrid[-20:21, -10:11]
    ripple = np.cos(omegas[0] * n + omegas[1] * k + 0.3)
    time = profile(omegas[0], 1e9, 42)
    matched, mirrored = (
        filter_2d(time, profile(omegas[1], 1e9, 22)._replace(omega=sign * omegas[1]))
        for sign in (1, -1)
    )
    assert matched.shape == (41, 21)
    assert abs((ripple * matched).sum()) == pytest.approx(0.5, abs=1e-3)
    assert abs((ripple * mirrored).sum()) < 1e-3


@pytest.mark.parametrize("separable", [True, False])
def test_responses_are_correlations_with_the_filters(spectrograms, separable):
    bank = bank_of(filter_bank(np.array([0.99, 0.62]), np.array([0.77, 0.38])), separable=separable)
    for members, maps in responses(bank, spectrograms[:1]):
        for channel, i in enumerate(members):
            t, s = bank.filters[i]
            time, bands = bank.temporal(t), bank.spectral(abs(s), N_BANDS)._replace(omega=s)
            wave = np.outer(filter_1d(time), filter_1d(bands))
            wave = wave if separable else filter_2d(time, bands)
            (left, right), step = kept_bands(N_BANDS, wave.shape[1])
            padded = np.pad(spectrograms[0], ((0, 0), (left, right)))
            wanted = np.abs(correlate2d(padded, np.conj(wave), "valid"))[:, ::step]
            np.testing.assert_allclose(maps[0, :, :, channel], wanted, atol=1e-6)


@pytest.mark.parametrize("separable", [True, False])
def test_a_constant_spectrogram_gives_nothing_away_from_the_edges(separable):
    filters = filter_bank(np.array([0.62]), np.array([0.77]))[1:]
    maps = np.full((1, N_FRAMES, N_BANDS), 5.0)
    for _, found in responses(bank_of(filters, separable=separable), maps):
        middle = found.shape[2] // 2
        np.testing.assert_allclose(found[:, :, middle], 0, atol=1e-6)


def test_a_shift_in_time_shifts_the_responses(spectrograms):
    bank = bank_of([[0.62, 0.38], [0.99, -0.77]])
    whole, later = responses(bank, spectrograms), responses(bank, spectrograms[:, 7:])
    for (_, a), (_, b) in zip(whole, later, strict=True):
        np.testing.assert_allclose(a[:, 7:], b, atol=1e-6)


def test_kept_bands_hold_the_middle_one():
    for n_bands, length in [(40, 7), (40, 15), (23, 29), (40, 79), (3, 5)]:
        (left, right), step = kept_bands(n_bands, length)
        assert min(left, right) >= 0
        places = np.arange(-left, n_bands + right - length + 1, step) + length // 2
        assert n_bands // 2 in places
        assert places[0] < step
        assert places[-1] + step >= n_bands


# -------------------------------------------------------------------------- the features


def test_features_are_pooled_responses(spectrograms):
    model = SpectroTemporalGaborFeatures(
        pool=("mean", "std", "max", "quarters"), remove_mean=False, time_step=1
    ).fit(spectrograms)
    found, at = model.transform(spectrograms), 0
    bank = GaborBank(model.filters_, (3.5, 3.5), (40, 3 * N_BANDS), time_step=1)
    for members, maps in responses(bank, spectrograms):
        quarter = maps.shape[1] // 4
        parts = [maps[:, i * quarter : (i + 1) * quarter].mean(axis=1) for i in range(4)]
        wanted = [maps.mean(axis=1), maps.std(axis=1), maps.max(axis=1), np.stack(parts, axis=1)]
        for pool in wanted:
            size = pool[0].size
            np.testing.assert_allclose(
                found[:, at : at + size], pool.reshape(len(pool), -1), atol=2e-6
            )
            filters = np.broadcast_to(members, pool.shape[1:]).ravel()
            np.testing.assert_array_equal(model.feature_filters_[at : at + size], filters)
            at += size
    assert at == found.shape[1]


def test_the_mean_of_every_band_goes(spectrograms):
    gains = np.linspace(-3, 8, N_BANDS)
    model = SpectroTemporalGaborFeatures().fit(spectrograms)
    wanted = model.transform(spectrograms)
    np.testing.assert_allclose(model.transform(spectrograms + gains), wanted, atol=1e-5)
    kept = model.set_params(remove_mean=False).fit(spectrograms)
    assert np.abs(kept.transform(spectrograms + gains) - wanted).max() > 0.1


def test_flat_frames_are_the_same_spectrograms(spectrograms):
    flat = spectrograms.reshape(len(spectrograms), -1)
    model = SpectroTemporalGaborFeatures(pool="max")
    wanted = model.fit_transform(spectrograms)
    np.testing.assert_array_equal(model.set_params(n_bands=N_BANDS).fit_transform(flat), wanted)


def test_sparse_components_choose_filters_and_the_others_are_not_computed(spectrograms):
    whole = SpectroTemporalGaborFeatures().fit(spectrograms)
    few = SpectroTemporalGaborFeatures(n_filters=5, random_state=0).fit(spectrograms)
    assert len(few.filters_) == len(np.unique(few.feature_filters_)) == 5
    chosen = [list(map(tuple, whole.filters_)).index(tuple(f)) for f in few.filters_]
    kept = np.isin(whole.feature_filters_, chosen)
    np.testing.assert_allclose(
        few.transform(spectrograms), whole.transform(spectrograms)[:, kept], atol=1e-6
    )

    def kernels(model):
        return sum(len(n.op.weights) for n in model.graph_.nodes if isinstance(n.op, Conv))

    assert kernels(few) < kernels(whole) / 3


def test_the_choice_prefers_what_varies_to_what_repeats():
    a, b, c = np.random.RandomState(0).normal(size=(3, 80))
    columns = np.stack([a, a + 0.01 * c, b, a - 0.01 * c], axis=1)
    assert 2 in sparse_pca_choice(columns, 2, random_state=0)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"nu": (3.5,)}, r"nu=\(3.5,\), expected two numbers"),
        ({"omega_max": (0, 1)}, r"omega_max=\(0, 1\), expected two numbers above 0"),
        ({"omega_max": (4, 1)}, "expected at most pi"),
        ({"distance": (0.9, 0.3)}, "expected less than nu / 4"),
        ({"pool": ("mean", "median")}, "expected some of mean, std, max, quarters"),
        ({"n_bands": 7}, "n_bands=7 with spectrograms"),
        ({"pool": "quarters"}, "pool='quarters' of 3 responses"),
    ],
)
def test_what_does_not_fit_is_refused(spectrograms, params, message):
    with pytest.raises(ValueError, match=message):
        SpectroTemporalGaborFeatures(**params).fit(spectrograms)


def test_what_would_go_wrong_silently_warns_or_is_refused(spectrograms):
    with pytest.warns(ShapeWarning, match=r"longer than spectrograms of 20 frames: 20 is used"):
        SpectroTemporalGaborFeatures().fit(spectrograms[:, :20])
    with pytest.warns(ShapeWarning, match="one band is used"):
        SpectroTemporalGaborFeatures().fit(spectrograms.reshape(6, -1))
    with pytest.warns(ShapeWarning, match="is about 0 whatever the sound"):
        SpectroTemporalGaborFeatures(part="real", pool="mean").fit(spectrograms)
    with pytest.raises(ValueError, match="does not divide the 1380 numbers"):
        SpectroTemporalGaborFeatures(n_bands=40).fit(spectrograms.reshape(6, -1))
    with pytest.raises(ValueError, match="reads spectrograms"):
        SpectroTemporalGaborFeatures().fit(np.zeros((2, 50, 8, 3)))


def ripples(n, seed):
    """Waves that rise or fall, in noise: the class is the direction."""
    rng = np.random.RandomState(seed)
    y = rng.randint(2, size=n)
    frames, bands = np.mgrid[:N_FRAMES, :N_BANDS]
    phases = rng.uniform(0, 7, (n, 1, 1))
    waves = np.cos(0.62 * frames + np.where(y, 0.38, -0.38)[:, None, None] * bands + phases)
    return (1000 * (waves + rng.normal(size=waves.shape))).astype(np.int16), y


def test_c_gives_the_bytes_of_the_definition_and_the_answers_of_the_pipeline():
    X, y = ripples(80, 0)
    model = make_pipeline(
        SpectroTemporalGaborFeatures(n_filters=4, random_state=0),
        StandardScaler(),
        RidgeClassifier(),
    ).fit(X, y)
    X_test, y_test = ripples(60, 1)
    assert model.score(X_test, y_test) > 0.95
    exported = skconv.to_c(model, X, name="ripples")
    exported.verify(X_test)
    assert np.mean(exported.predict(X_test) == model.predict(X_test)) > 0.98
