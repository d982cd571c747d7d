"""The extractors named after a source: each is a stage with that source."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import RidgeClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skconv import (
    AutoencoderFeatures,
    ConvFeatures,
    ConvStage,
    FixedConvFeatures,
    GaborFeatures,
    GreedyConvFeatures,
    KMeansConvFeatures,
    PCANetFeatures,
    QuantizedFeatures,
    RandomConvFeatures,
    to_c,
)
from skconv.datasets import load_digits
from skconv.exceptions import ShapeWarning
from skconv.kernels import (
    AutoencoderKernels,
    FixedKernels,
    GreedyKernels,
    KMeansKernels,
    LDAKernels,
    ModulatedKernels,
    PatchKernels,
    RandomKernels,
    UnionKernels,
)

X, y = load_digits()
X, y = X[:400].astype(np.uint8), y[:400]
STAGE: dict[str, Any] = {
    "nonlinearity": "soft_threshold",
    "padding": "same",
    "pool": "mean",
    "pool_size": 4,
    "root": True,
}
SMALL: dict[str, Any] = {"n_kernels": 8, "kernel_size": 3}
SEEDED: dict[str, Any] = {**SMALL, "random_state": 0}
TRIANGLE: dict[str, Any] = {**STAGE, "nonlinearity": "triangle"}
PAIRS: dict[str, tuple[Any, Any]] = {
    "patches": (
        RandomConvFeatures(**SEEDED, **STAGE, weights="patches"),
        PatchKernels(**SEEDED),
    ),
    "patches without means": (
        RandomConvFeatures(**SEEDED, **STAGE, weights="patches", zero_mean=True, eps=None),
        PatchKernels(**SEEDED, remove_mean="channel", eps=None),
    ),
    "k-means": (
        KMeansConvFeatures(**SEEDED, **STAGE, eps=0.2, contrast_eps=0.1, n_patches=1000),
        KMeansKernels(**SEEDED, eps=0.2, contrast_eps=0.1, n_patches=1000),
    ),
    "k-means by Lloyd": (
        KMeansConvFeatures(**SEEDED, **STAGE, remove_mean=None, algorithm="lloyd"),
        KMeansKernels(**SEEDED, remove_mean=None, algorithm="lloyd"),
    ),
    "triangle": (KMeansConvFeatures(**SEEDED, **TRIANGLE), KMeansKernels(**SEEDED)),
    "fixed": (
        FixedConvFeatures(names=["sobel", "gauss"], normalize=False, **STAGE),
        FixedKernels(names=["sobel", "gauss"], normalize=False),
    ),
    "autoencoder": (
        AutoencoderFeatures(**SEEDED, **STAGE, eps=0.1, shrinkage=0.5, n_patches=1000, n_epochs=2),
        AutoencoderKernels(**SEEDED, eps=0.1, shrinkage=0.5, n_patches=1000, n_epochs=2),
    ),
    "greedy": (
        GreedyConvFeatures(
            **STAGE,
            source=RandomKernels(n_kernels=12, kernel_size=3, random_state=0),
            n_kernels=4,
            cost="flash",
            max_samples=200,
            random_state=0,
        ),
        GreedyKernels(
            source=RandomKernels(n_kernels=12, kernel_size=3, random_state=0),
            n_kernels=4,
            cost="flash",
            pool_size=4,
            max_samples=200,
            random_state=0,
        ),
    ),
    "gabor, modulated": (
        GaborFeatures(
            modulate=RandomKernels(n_kernels=3, random_state=0),
            n_orientations=2,
            wavelengths=(3.0, 5.0),
            kernel_size=5,
            **STAGE,
        ),
        UnionKernels(
            sources=[
                (
                    f"wave{wavelength}",
                    ModulatedKernels(
                        source=RandomKernels(n_kernels=3, kernel_size=5, random_state=0),
                        n_orientations=2,
                        wavelength=wavelength,
                    ),
                )
                for wavelength in (3, 5)
            ]
        ),
    ),
}


@pytest.mark.parametrize("name", PAIRS)
def test_a_preset_is_a_stage_of_its_source(name):
    preset, source = PAIRS[name]
    options = {**STAGE, "nonlinearity": preset.nonlinearity}
    stage = ConvFeatures([ConvStage(kernels=source, **options)])
    np.testing.assert_array_equal(preset.fit_transform(X, y), stage.fit_transform(X, y))
    np.testing.assert_array_equal(preset.kernels_, stage.kernels_[0])
    np.testing.assert_array_equal(preset.biases_, stage.biases_[0])
    np.testing.assert_array_equal(preset.thresholds_, stage.thresholds_[0])


@pytest.mark.parametrize("name", PAIRS)
@pytest.mark.needs("cc")
def test_a_preset_is_the_same_in_c(name):
    preset, _ = PAIRS[name]
    for features in (preset, QuantizedFeatures(preset)):
        pipe = make_pipeline(features, StandardScaler(), RidgeClassifier(alpha=100.0))
        found = to_c(pipe.fit(X, y), X[:200]).verify(X[200:])
        assert found.differing_bytes == 0
        assert found.compared_bytes >= 200 * 10


def test_every_preset_tells_digits_apart() -> None:
    presets: dict[str, Any] = {
        "patches": RandomConvFeatures(weights="patches", random_state=0, **STAGE),
        "k-means": KMeansConvFeatures(random_state=0),
        "fixed": FixedConvFeatures(pool_size=4),
        "autoencoder": AutoencoderFeatures(random_state=0),
        "greedy": GreedyConvFeatures(random_state=0),
        "modulated": GaborFeatures(modulate=PatchKernels(n_kernels=8, random_state=0), pool_size=4),
    }
    for name, features in presets.items():
        pipe = make_pipeline(
            features.set_params(input_shape=(8, 8)), StandardScaler(), RidgeClassifier(alpha=100.0)
        )
        if "kernel_size" in features.get_params():
            features.set_params(kernel_size=4)
        score = pipe.fit(X[:300], y[:300]).score(X[300:], y[300:])
        assert score > 0.85, name


def test_numbers_of_kernels_are_multiples_of_4():
    presets = RandomConvFeatures(), KMeansConvFeatures(), AutoencoderFeatures()
    for estimator in (*presets, GreedyConvFeatures(), PatchKernels(), KMeansKernels()):
        assert estimator.n_kernels % 4 == 0
    assert len(FixedConvFeatures().fit(X).kernels_) % 4 == 0


def test_parameters_of_a_modulated_source_are_reached_by_name():
    gabor = GaborFeatures(modulate=PatchKernels(random_state=0), kernel_size=3)
    gabor.set_params(modulate__n_kernels=2, n_orientations=2).fit(X)
    assert gabor.kernels_.shape == (3 * 2 * 2, 3, 3, 1)
    assert gabor.modulate.kernel_size == 6
    with pytest.raises(ValueError, match=r"wavelengths=.* each at least 2"):
        gabor.set_params(wavelengths=()).fit(X)


def test_a_modulated_source_sees_all_channels():
    colour = np.stack([X, X[::-1]], axis=3)
    gabor = GaborFeatures(
        modulate=RandomKernels(n_kernels=2, random_state=0), n_orientations=2, kernel_size=3
    ).fit(colour)
    assert gabor.kernels_.shape == (12, 3, 3, 2)
    assert gabor.graph_.specs["conv"].shape == (8, 8, 12)


# ------------------------------------------------------------------ greedy, seeds, plain rows


def test_the_candidates_are_of_all_kinds():
    greedy = GreedyConvFeatures(random_state=0).fit(X[:200], y[:200]).greedy_
    names, counts = np.unique(greedy.source_.origins_, return_counts=True)
    found = dict(zip(names.tolist(), counts.tolist(), strict=True))
    assert found == {"patches": 64, "centroids": 64, "components": 16, "known": 40, "waves": 32}
    colour = np.stack([X, X[::-1]], axis=3)[:200]
    greedy = GreedyConvFeatures(n_kernels=4, kernel_size=3).fit(colour, y[:200]).greedy_
    assert set(greedy.source_.origins_) == {"patches", "centroids", "components", "known"}
    assert np.sum(greedy.source_.origins_ == "components") == 16
    small = GreedyConvFeatures(n_kernels=4, kernel_size=2).fit(X[:200], y[:200]).greedy_
    assert np.sum(small.source_.origins_ == "components") == 3


def test_one_seed_is_enough():
    sources = UnionKernels(
        sources=[
            ("patches", PatchKernels(**SMALL)),
            ("random", RandomKernels(n_kernels=4, random_state=7)),
        ]
    )

    def stack(*sources):
        return ConvFeatures([ConvStage(kernels=source) for source in sources], random_state=3).fit(
            X
        )

    once, again = stack(sources, None), stack(sources, None)
    np.testing.assert_array_equal(once.transform(X), again.transform(X))
    np.testing.assert_array_equal(stack(sources).kernels_[0], once.kernels_[0])
    alone = RandomKernels(n_kernels=4, random_state=7).fit(X[..., None])
    np.testing.assert_array_equal(once.kernels_[0][8:], alone.kernels_)
    assert once.stages[1].kernels is None
    greedy = GreedyConvFeatures(source=sources, n_kernels=4, random_state=0)
    np.testing.assert_array_equal(
        greedy.fit(X, y).kernels_, GreedyConvFeatures(**greedy.get_params(False)).fit(X, y).kernels_
    )


@pytest.mark.filterwarnings("ignore:.*_size=.* is used:UserWarning")
@pytest.mark.parametrize(
    "features",
    [
        RandomConvFeatures(weights="patches", random_state=0),
        KMeansConvFeatures(random_state=0),
        GreedyConvFeatures(random_state=0),
        ConvFeatures(random_state=0),
    ],
    ids=lambda features: type(features).__name__,
)
# More than one thing is cut.
@pytest.mark.filterwarnings("ignore::skconv.exceptions.ShapeWarning")
def test_more_kernels_than_a_plain_row_has_are_cut_with_a_warning(features):
    rows = np.random.default_rng(0).normal(size=(12, 2))
    labels = np.arange(12) % 2
    with pytest.warns(UserWarning, match="n_kernels=.* is more than .*: .* is used"):
        features.fit(rows, labels)
    assert len(np.concatenate([*features.kernels_])) < 64
    with pytest.warns(ShapeWarning, match="n_kernels=.* is more than .*: .* is used"):
        features.set_params(input_shape=(2,)).fit(rows, labels)


# --------------------------------------------------------------------------------- triangle


@pytest.mark.parametrize("contrast_eps", [0.1, None])
@pytest.mark.parametrize("remove_mean", ["patch", "channel", None])
def test_the_triangle_is_that_of_the_source(contrast_eps, remove_mean):
    colour = np.stack([X, X // 2], axis=3)
    params: dict[str, Any] = {**SEEDED, "contrast_eps": contrast_eps, "remove_mean": remove_mean}
    features = KMeansConvFeatures(
        **params, nonlinearity="triangle", padding="valid", pool_size=None, root=False
    ).fit(colour)
    found = features.transform(colour[:20]).reshape(-1, 8)
    windows = np.lib.stride_tricks.sliding_window_view(colour[:20], (3, 3), axis=(1, 2))
    patches = windows.transpose(0, 1, 2, 4, 5, 3).reshape(-1, 18)
    wanted = KMeansKernels(**params).fit(colour).distances_.triangle(patches)
    np.testing.assert_allclose(found, wanted, rtol=1e-3, atol=1e-4 * wanted.max())
    assert features.thresholds_ is None


@pytest.mark.needs("cc")
@pytest.mark.parametrize("pool", ["mean", "max", "l2"])
@pytest.mark.parametrize("contrast_eps", [0.1, None])
def test_the_triangle_is_the_same_in_c(pool, contrast_eps):
    features = KMeansConvFeatures(
        **SEEDED, nonlinearity="triangle", contrast_eps=contrast_eps, pool=pool, input_shape=(8, 8)
    )
    pipe = make_pipeline(features, StandardScaler(), RidgeClassifier(alpha=100.0))
    model = to_c(pipe.fit(X[:300], y[:300]), X[:200])
    assert model.verify(X[200:]).differing_bytes == 0
    assert np.mean(model.predict(X[300:]) == pipe.predict(X[300:])) > 0.9


# ----------------------------------------------------------------------------------- LDANet


def test_the_first_stage_of_an_ldanet_is_lda():
    features = PCANetFeatures(
        output="float32", n_kernels=(3,), kernel_size=3, block_size=4, learn="lda"
    ).fit(X, y)
    source = LDAKernels(n_kernels=3, kernel_size=3, padding="same").fit(X[..., None], y)
    np.testing.assert_array_equal(features.kernels_[0], source.kernels_)
    np.testing.assert_array_equal(features.eigenvalues_[0], source.eigenvalues_)


def test_the_second_stage_sees_every_map_as_a_sample_of_its_class():
    features = PCANetFeatures(
        output="float32", n_kernels=(3, 2), kernel_size=3, block_size=4, learn="lda"
    ).fit(X, y)
    first = ConvStage(
        kernels=LDAKernels(n_kernels=3, kernel_size=3, padding="same"), nonlinearity="identity"
    )
    maps = ConvFeatures([first]).fit(X, y).transform(X).reshape(400, 8, 8, 3)
    alone = maps.transpose(0, 3, 1, 2).reshape(-1, 8, 8, 1)
    source = LDAKernels(n_kernels=2, kernel_size=3, padding="same").fit(alone, np.repeat(y, 3))
    np.testing.assert_allclose(features.kernels_[1], source.kernels_, atol=1e-5)


def test_ldanet_is_the_same_in_c_and_tells_digits_apart():
    features = PCANetFeatures(
        n_kernels=(4, 4),
        kernel_size=3,
        block_size=4,
        learn="lda",
        output="float32",
        input_shape=(8, 8),
    )
    pipe = make_pipeline(features, StandardScaler(), RidgeClassifier(alpha=100.0))
    assert pipe.fit(X[:300], y[:300]).score(X[300:], y[300:]) > 0.85
    assert to_c(pipe, X[:200]).verify(X[200:]).differing_bytes == 0


@pytest.mark.parametrize(
    ("preset", "message"),
    [
        (GreedyConvFeatures(), "GreedyConvFeatures requires y"),
        (AutoencoderFeatures(kernel_size=9), "kernel_size=9 is larger than the 8x8 map"),
        (RandomConvFeatures(n_kernels=99, kernel_size=8, weights="patches"), "n_kernels=99 is"),
        (KMeansConvFeatures(n_kernels=500, kernel_size=8, n_patches=100), "n_kernels=500 is"),
        (FixedConvFeatures(names="sobl"), "names has 'sobl'"),
        (FixedConvFeatures(names="gauss", input_shape=(8, 8, 1), pool_size=9), "pool_size=9"),
        (KMeansConvFeatures(kernel_size=9), "kernel_size=9 is larger than the 8x8 map"),
        (RandomConvFeatures(weights="signs", zero_mean=True), "zero_mean=True needs"),
    ],
)
def test_bad_input_is_named(preset, message):
    with pytest.raises(ValueError, match=message):
        preset.fit(X[:50])
    assert not hasattr(preset, "graph_")
