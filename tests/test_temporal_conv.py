"""Temporal convolutions: in closed form, causal, learnt from dilated patches, and as C."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import RidgeClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from skconv import TemporalConvFeatures, to_c
from skconv.exceptions import ShapeWarning
from skconv.graph import Fused
from skconv.kernels import ArrayKernels, PCAKernels
from skconv.signals.dilation import phases, powers_of_two

RNG = np.random.default_rng(0)
X = RNG.normal(size=(12, 40, 2)).astype(np.float32)


def waves(seed: int, n: int = 60) -> tuple[np.ndarray, np.ndarray]:
    """Three classes of two channels: bursts of periods 5, 8 and 13, at any time, in noise."""
    rng = np.random.default_rng(seed)
    y = np.arange(n) % 3
    turns = np.arange(60) / np.array([5, 8, 13])[y, None] + rng.random((n, 1))
    burst = np.exp(-(((np.arange(60) - rng.integers(10, 50, (n, 1))) / 10) ** 2))
    signal = np.stack([np.sin(2 * np.pi * turns), np.cos(2 * np.pi * turns)], axis=-1)
    signal = burst[..., None] * signal + 0.3 * rng.normal(size=signal.shape)
    return (1000 * signal).astype(np.int16), y


def responses(x: np.ndarray, kernel: np.ndarray, dilation: int, causal: bool) -> np.ndarray:
    """``z[t] = sum_i kernel[i] x[t - (taps - 1 - i) dilation]``, term by term."""
    reach = (len(kernel) - 1) * dilation
    steps = range(0 if causal else reach, x.shape[1])
    z = np.zeros((len(x), len(steps)))
    for place, t in enumerate(steps):
        for i, tap in enumerate(kernel):
            if (seen := t - reach + i * dilation) >= 0:
                z[:, place] += x[:, seen] @ tap
    return z


@pytest.mark.parametrize("padding", ["causal", "valid"])
def test_features_in_closed_form(padding):
    kernels = RNG.normal(size=(3, 1, 4, 2)).astype(np.float32)
    features = TemporalConvFeatures(
        kernels=ArrayKernels(kernels=kernels),
        dilations=(1, 3),
        pool=("ppv", "max", "mean", "last"),
        n_levels=3,
        padding=padding,
    ).fit(X)
    found = features.transform(X)
    wanted = []
    for dilation, levels in zip((1, 3), features.levels_, strict=True):
        z = np.stack([responses(X, k[0], dilation, padding == "causal") for k in kernels])
        z /= z.std(axis=(1, 2), keepdims=True)
        wanted += [np.mean(z[i] > level[i], axis=1) for level in levels for i in range(3)]
        wanted += [*z.max(axis=2), *z.mean(axis=2), *z[:, :, -1]]
    np.testing.assert_allclose(found, np.stack(wanted, axis=1), rtol=1e-4, atol=1e-5)
    names = features.get_feature_names_out()
    assert len(names) == len(set(names)) == found.shape[1]
    assert names[[0, 3, 9, 18]].tolist() == [
        "stage0_conv0_ppv0",
        "stage0_conv0_ppv1",
        "stage0_conv0_max",
        "stage1_conv0_ppv0",
    ]


def test_levels_part_the_responses_evenly():
    features = TemporalConvFeatures(n_kernels=4, n_levels=3, random_state=0).fit(X)
    shares = features.transform(X).reshape(len(X), -1, 3, 4).mean(axis=0)
    np.testing.assert_allclose(
        shares, np.broadcast_to([[0.75], [0.5], [0.25]], (3, 3, 4)), atol=1e-2
    )


@pytest.mark.parametrize(("stacked", "wanted"), [(False, 10), (True, 16)])
def test_the_last_response_rests_on_the_receptive_field(stacked, wanted):
    features = TemporalConvFeatures(
        n_kernels=6,
        kernel_size=4,
        dilations=(1, 3, 1),
        pool="last",
        stacked=stacked,
        random_state=0,
    ).fit(X)
    assert features.receptive_field_ == wanted
    before = features.transform(X)
    changed = X.copy()
    changed[:, : 40 - wanted] += 5
    np.testing.assert_allclose(features.transform(changed), before, rtol=1e-5, atol=1e-6)
    changed[:, 40 - wanted] += 5
    assert np.abs(features.transform(changed) - before).max() > 1e-3


def test_kernels_are_learnt_from_dilated_patches():
    source = PCAKernels(n_kernels=2, kernel_size=(1, 3))
    learnt = TemporalConvFeatures(kernels=source, dilations=(4,)).fit(X)
    rows = X[:, :, None].transpose(0, 2, 1, 3)
    windows = [rows[:, :, start : start + 9 : 4] for start in range(40 - 8)]
    wanted = PCAKernels(n_kernels=2, kernel_size=(1, 3)).fit(np.concatenate(windows))
    found = learnt.kernels_[0].reshape(2, -1)
    found /= np.linalg.norm(found, axis=1, keepdims=True)
    products = np.abs(np.sum(found * wanted.kernels_.reshape(2, -1), axis=1))
    np.testing.assert_allclose(products, 1, atol=1e-4)


def test_phases_shorter_than_a_kernel_begin_with_zeros():
    (batch,) = phases(np.arange(1.0, 6).reshape(1, 1, 5, 1), 2, 4)
    assert batch[:, 0, :, 0].tolist() == [[0, 0, 2, 4], [0, 1, 3, 5]]


@pytest.mark.parametrize("kernels", ["random", "patches", "pca", "kmeans"])
@pytest.mark.parametrize("stacked", [False, True])
def test_every_source_learns_in_stages(kernels, stacked):
    features = TemporalConvFeatures(
        n_kernels=4, kernel_size=5, kernels=kernels, stacked=stacked, random_state=0
    )
    found = features.fit(X).transform(X)
    assert found.shape == (12, 4 * 4 * 8)
    assert np.isfinite(found).all()
    np.testing.assert_array_equal(features.fit(X).transform(X), found)


def test_waves_are_laid_on_every_channel_alone():
    features = TemporalConvFeatures(n_kernels=4, kernels="gabor", pool="max").fit(X)
    assert features.transform(X).shape == (12, 3 * 2 * 4)
    assert "stage1_conv3ch1_max" in features.get_feature_names_out()
    with pytest.raises(ValueError, match="stacked=True with kernels of one channel"):
        TemporalConvFeatures(kernels="gabor", stacked=True).fit(X)


def test_it_beats_raw_samples_as_it_comes():
    (fitted, y), (held, labels) = waves(0), waves(1)
    fitted, held = fitted[..., 0], held[..., 0]
    model = make_pipeline(TemporalConvFeatures(random_state=0), StandardScaler(), RidgeClassifier())
    raw = SVC().fit(fitted, y).score(held, labels)
    assert model.fit(fitted, y).score(held, labels) >= max(0.95, raw + 0.05)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"stacked": True, "pool": ("ppv", "max")},
        {"padding": "valid", "pool": ("mean", "last"), "kernels": "kmeans"},
    ],
)
def test_the_c_gives_the_same_bytes(options):
    (fitted, y), (held, labels) = waves(0), waves(1)
    features = TemporalConvFeatures(n_kernels=6, kernel_size=5, random_state=0, **options)
    pipe = make_pipeline(features, StandardScaler(), RidgeClassifier()).fit(fitted, y)
    model = to_c(pipe, fitted)
    assert model.verify(held[:20]).differing_bytes == 0
    assert abs(model.score(held, labels) - pipe.score(held, labels)) <= 0.02


def test_shares_of_time_keep_no_map():
    fitted, y = waves(0)
    features = TemporalConvFeatures(n_kernels=8, n_levels=4, random_state=0)
    pipe = make_pipeline(features, StandardScaler(), RidgeClassifier()).fit(fitted, y)
    model = to_c(pipe, fitted, optimize="size")
    stages = [node for node in model.graph.nodes if isinstance(node.op, Fused)]
    assert len(stages) == len(features.dilations_)
    assert model.report().ram_bytes < 60 * 8


def test_floats_as_c():
    fitted, y = waves(0)
    features = TemporalConvFeatures(n_kernels=4, kernel_size=5, pool=("ppv", "max"), random_state=0)
    pipe = make_pipeline(features, StandardScaler(), RidgeClassifier()).fit(fitted, y)
    model = to_c(pipe, fitted, dtype="float32")
    assert (model.predict(fitted) == pipe.predict(fitted)).mean() >= 0.98


def test_parameters_of_a_source_are_searched():
    fitted, y = waves(0)
    features = TemporalConvFeatures(
        kernels=PCAKernels(n_kernels=2, kernel_size=5), dilations=(1, 2)
    )
    search = GridSearchCV(
        make_pipeline(features, RidgeClassifier()),
        {"temporalconvfeatures__kernels__n_kernels": [1, 4]},
        cv=2,
    ).fit(fitted, y)
    best = search.best_params_["temporalconvfeatures__kernels__n_kernels"]
    assert len(search.best_estimator_[0].kernels_[0]) == best


def test_dilations_follow_the_signal():
    assert powers_of_two(150, 9) == (1, 2, 4, 8, 16)
    assert powers_of_two(9, 9) == (1,)
    assert powers_of_two(17, 9) == (1, 2)
    with pytest.warns(ShapeWarning, match="kernel_size=9 is longer than the signal"):
        assert TemporalConvFeatures(n_kernels=2).fit(X[:, :6]).dilations_ == (1,)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"pool": ("ppv", "median")}, r"pool=\('ppv', 'median'\), expected some of"),
        ({"pool": ("max", "max")}, "each once"),
        ({"pool": ()}, "expected some of"),
        ({"dilations": (1, 0)}, "dilations=.*expected 'auto' or positive integers"),
        ({"dilations": (1.5,)}, "positive integers"),
        ({"dilations": (64,)}, "with 64 steps between taps .* a signal of 40"),
        ({"dilations": (16,), "padding": "valid"}, "9 taps, 16 apart, is longer than the 40"),
        (
            {"kernels": PCAKernels(), "n_kernels": 3},
            "n_kernels=3 with kernels=.*kernels__n_kernels",
        ),
        ({"kernel_size": 41, "input_shape": (40, 2)}, "kernel_size=41 is larger than the 1x40 map"),
    ],
)
def test_what_it_refuses(options, message):
    with pytest.raises(ValueError, match=message):
        TemporalConvFeatures(**options).fit(X)
