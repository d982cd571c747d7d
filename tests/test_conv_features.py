"""Stacks of stages: learnt one after the other, reached by name, grown, and bounded."""

from __future__ import annotations

import pickle
import tracemalloc
from typing import Any

import numpy as np
import pytest
from sklearn.base import BaseEstimator, clone
from sklearn.linear_model import RidgeClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skconv import ConvFeatures, ConvStage, to_c
from skconv.datasets import load_digits
from skconv.features import graph_maps
from skconv.kernels import (
    FixedKernels,
    GaborKernels,
    KMeansKernels,
    LDAKernels,
    MapBatches,
    ModulatedKernels,
    PatchKernels,
    PCAKernels,
    RandomKernels,
)

X, y = load_digits()
X, y = X[:150], y[:150]
SMALL: dict[str, Any] = {"n_kernels": 4, "kernel_size": 3}


def stack(second: Any = None, **params: Any) -> Any:
    """Two stages; the second has the source given."""
    return ConvFeatures(
        [
            ConvStage(kernels=PatchKernels(**SMALL, random_state=0), pool_size=2),
            ConvStage(kernels=second or PCAKernels(**SMALL), pool_size="quadrants"),
        ],
        **params,
    )


def first_stage(**params: Any) -> Any:
    return ConvFeatures(stack().stages[:1], **params)


class Spy(BaseEstimator):
    """A source that remembers what it was fitted to."""

    last: Any = None

    def __init__(self, n_kernels: int = 2) -> None:
        self.n_kernels = n_kernels

    def fit(self, maps, y=None):
        Spy.last = self
        self.seen_, self.y_ = maps, y
        self.kernels_ = np.ones((self.n_kernels, 2, 2, maps.shape[3]), np.float32)
        self.biases_ = np.arange(self.n_kernels, dtype=np.float32)
        return self


class FirstChannel(BaseEstimator):
    """The first channel of another source's kernels."""

    def __init__(self, source: Any) -> None:
        self.source = source

    def fit(self, maps, y=None):
        fitted = clone(self.source).fit(maps)
        self.kernels_, self.biases_ = fitted.kernels_[..., :1], fitted.biases_
        return self


# ------------------------------------------------------------------------- layer by layer


def test_a_stage_is_fitted_to_the_maps_of_the_one_before():
    fitted = stack().fit(X)
    maps = first_stage().fit(X).transform(X).reshape(len(X), 4, 4, 8)
    source = PCAKernels(**SMALL).fit(maps)
    assert [stage.map_shape for stage in fitted.stages_] == [(8, 8, 1), (4, 4, 8)]
    np.testing.assert_allclose(fitted.kernels_[1], source.kernels_, atol=1e-5)
    second = ConvFeatures(stack().stages[1:]).fit(maps)
    np.testing.assert_allclose(fitted.transform(X), second.transform(maps), rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(fitted.thresholds_[1], second.thresholds_[0], rtol=1e-4)


def test_deeper_maps_come_in_batches_and_supervised_sources_get_labels(monkeypatch):
    monkeypatch.setattr(graph_maps, "CHUNK_BYTES", 40 * 4 * 4 * 8 * 4)
    stack(Spy()).fit(X, y)
    assert isinstance(Spy.last.seen_, MapBatches)
    assert [len(batch) for batch in Spy.last.seen_] == [40, 40, 40, 30]
    np.testing.assert_array_equal(Spy.last.y_, y)


def test_labels_reach_a_supervised_source():
    lda = stack(LDAKernels(**SMALL)).fit(X, y)
    maps = first_stage().fit(X).transform(X).reshape(len(X), 4, 4, 8)
    wanted = LDAKernels(**SMALL).fit(maps, y).kernels_
    np.testing.assert_allclose(lda.kernels_[1], wanted, atol=1e-4)
    with pytest.raises(ValueError, match="stage2: LDAKernels is supervised: y=None"):
        stack(LDAKernels(**SMALL)).fit(X)


@pytest.mark.parametrize(
    "source",
    [PCAKernels(**SMALL), KMeansKernels(**SMALL, random_state=0), LDAKernels(**SMALL)],
    ids=lambda source: type(source).__name__,
)
def test_batches_of_deeper_maps_change_nothing(source, monkeypatch):
    whole = stack(source).fit(X, y)
    monkeypatch.setattr(graph_maps, "CHUNK_BYTES", 1)
    one_by_one = stack(source, batch_size=1).fit(X, y)
    np.testing.assert_allclose(one_by_one.kernels_[1], whole.kernels_[1], rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(one_by_one.transform(X), whole.transform(X), rtol=1e-2, atol=1e-3)


def test_memory_of_deeper_stages_is_bounded():
    """All maps of stage 1 would be 2,000 x 32 x 32 x 16 x 4 bytes: 131 MB."""
    images = np.random.default_rng(0).integers(0, 256, (2000, 32, 32)).astype(np.uint8)
    features = ConvFeatures(
        [
            ConvStage(kernels=RandomKernels(n_kernels=8, kernel_size=3, random_state=0)),
            ConvStage(kernels=PCAKernels(n_kernels=4, kernel_size=3), pool_size="quadrants"),
        ]
    )
    features.fit(images[:10])  # imports and caches
    tracemalloc.start()
    features.fit(images)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2**26 + 2**25


def test_uint8_is_not_converted_as_a_whole():
    ConvFeatures([ConvStage(kernels=Spy())]).fit(X.astype(np.uint8))
    assert Spy.last.seen_.dtype == np.uint8


def test_what_only_learning_needs_is_not_kept():
    """The sums of LDA are 10 classes x 72 x 72 numbers: 415 kB."""
    fitted = stack(LDAKernels(**SMALL)).fit(X, y)
    assert len(pickle.dumps(fitted)) < 20_000


# ----------------------------------------------------------------------- parameters by name


def test_parameters_of_stages_are_reached_by_name():
    features = stack()
    params = features.get_params()
    assert params["stage1"] is features.stages[0]
    assert params["stage1__pool_size"] == 2
    assert params["stage2__kernels__n_kernels"] == 4
    features.set_params(stage2__kernels__n_kernels=7, stage1__pool_size=None)
    assert features.stages[1].kernels.n_kernels == 7
    assert features.stages[0].pool_size is None
    features.set_params(stage1=ConvStage(stride=2), stage1__padding="valid", batch_size=5)
    assert (features.stages[0].stride, features.stages[0].padding) == (2, "valid")
    features.set_params(stages=[ConvStage()], stage1__stride=3)
    assert [stage.stride for stage in features.stages] == [3]
    with pytest.raises(ValueError, match="Invalid parameter 'stage2'"):
        features.set_params(stage2__stride=1)


def test_a_clone_has_stages_of_its_own():
    features = stack()
    twin = clone(features).set_params(stage1__kernels__n_kernels=9)
    assert features.stages[0].kernels.n_kernels == 4
    assert repr(twin.set_params(stage1__kernels__n_kernels=4)) == repr(features)


def test_fit_leaves_the_stages_as_they_were():
    features = stack()
    before = repr(features)
    features.fit(X)
    assert repr(features) == before
    assert not hasattr(features.stages[0].kernels, "kernels_")


def test_grid_search_over_parameters_of_stages():
    pipe = make_pipeline(stack(input_shape=(8, 8)), StandardScaler(), RidgeClassifier())
    grid = {
        "convfeatures__stage1__pool_size": [2, 4],
        "convfeatures__stage1__kernels__n_kernels": [1, 4],
        "convfeatures__stage2": [
            ConvStage(kernels=PCAKernels(n_kernels=4, kernel_size=2)),
            ConvStage(kernels=RandomKernels(n_kernels=4, kernel_size=2), pool_size="global"),
        ],
    }
    search = GridSearchCV(pipe, grid, cv=2, error_score="raise").fit(X.reshape(150, -1), y)
    assert search.best_params_["convfeatures__stage1__pool_size"] == 2
    assert search.best_estimator_[0].kernels_[0].shape == (4, 3, 3, 1)
    assert search.best_score_ > 0.7


def test_no_stages_given_is_one_of_whitened_patches():
    features = ConvFeatures().fit(X)
    wanted = PatchKernels(random_state=0).fit(X[..., None])
    assert features.kernels_[0].shape == wanted.kernels_.shape
    assert repr(features.stages_[0].stage) == (
        "ConvStage(nonlinearity='abs', pool_size='overlapping', root=True)"
    )


# ------------------------------------------------------------------------------ warm start


def test_more_kernels_leave_those_there_are():
    features = stack(RandomKernels(**SMALL, random_state=0), warm_start=True).fit(X)
    old, thresholds = features.kernels_[1], features.thresholds_[1]
    first = features.stages_[0]
    features.set_params(stage2__kernels__n_kernels=6).fit(X[:100])
    assert features.stages_[0] is first
    np.testing.assert_array_equal(features.kernels_[1][:4], old)
    np.testing.assert_array_equal(features.thresholds_[1][:4], thresholds)
    anew = stack(RandomKernels(n_kernels=6, kernel_size=3, random_state=0)).fit(X)
    np.testing.assert_array_equal(features.kernels_[1][4:], anew.kernels_[1][4:])
    assert features.graph_.output.shape == (4 * 2 * 6,)


def test_more_kernels_of_patches_are_the_next_ones():
    features = first_stage(warm_start=True).fit(X)
    features.set_params(stage1__kernels__n_kernels=9).fit(X)
    anew = first_stage().set_params(stage1__kernels__n_kernels=9).fit(X)
    np.testing.assert_allclose(features.kernels_[0], anew.kernels_[0], rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(features.transform(X), anew.transform(X), rtol=1e-5, atol=1e-5)


def test_more_stages_leave_those_there_are():
    features = first_stage(warm_start=True).fit(X)
    (first,) = features.stages_
    features.set_params(stages=stack().stages).fit(X)
    assert features.stages_[0] is first
    np.testing.assert_array_equal(features.transform(X), stack().fit(X).transform(X))
    features.set_params(stages=stack().stages[:1]).fit(X)
    assert features.stages_ == (first,)


@pytest.mark.parametrize(
    "change",
    [
        {"stage1__pool_size": None},
        {"stage1__kernels__n_kernels": 5},
        {"stage1__kernels__eps": 0.1},
        {"stage1__kernels__kernel_size": 4},
    ],
    ids=str,
)
def test_from_a_changed_stage_on_all_are_fitted_anew(change):
    features = stack(warm_start=True).fit(X).set_params(**change).fit(X)
    anew = stack().set_params(**change).fit(X)
    np.testing.assert_array_equal(features.transform(X), anew.transform(X))


def test_a_triangle_is_fitted_anew_when_centroids_are_added():
    stage = ConvStage(kernels=KMeansKernels(**SMALL, random_state=0), nonlinearity="triangle")
    features = ConvFeatures([stage], warm_start=True).fit(X)
    features.set_params(stage1__kernels__n_kernels=6).fit(X)
    anew = clone(features).fit(X)
    np.testing.assert_array_equal(features.transform(X), anew.transform(X))
    assert features.graph_.output.shape == (8 * 8 * 6,)


def test_other_samples_in_another_shape_are_fitted_anew():
    features = stack(warm_start=True).fit(X)
    found = features.fit(X[:, :6]).transform(X[:, :6])
    np.testing.assert_array_equal(found, stack().fit(X[:, :6]).transform(X[:, :6]))


def test_without_warm_start_all_are_fitted_anew():
    features = stack().fit(X)
    first = features.stages_[0]
    assert features.fit(X).stages_[0] is not first


def test_kernels_are_not_taken_away():
    features = first_stage(warm_start=True).fit(X)
    with pytest.raises(ValueError, match=r"stage1: 3 kernels with warm_start=True.* 4 that"):
        features.set_params(stage1__kernels__n_kernels=3).fit(X)
    assert len(features.kernels_[0]) == 4


# ----------------------------------------------------------------------------------- groups


def test_groups_have_banks_of_their_own():
    pairs = ConvFeatures(
        [
            ConvStage(kernels=PatchKernels(**SMALL, random_state=0), nonlinearity="identity"),
            ConvStage(kernels=PCAKernels(**SMALL), groups=2, nonlinearity="identity"),
        ]
    ).fit(X)
    first = ConvFeatures(pairs.stages[:1]).fit(X)
    maps = first.transform(X).reshape(150, 8, 8, 4)
    banks = [PCAKernels(**SMALL).fit(maps[..., i : i + 2]) for i in (0, 2)]
    assert pairs.kernels_[1].shape == (8, 3, 3, 2)
    for i, bank in enumerate(banks):
        np.testing.assert_allclose(pairs.kernels_[1][4 * i :][:4], bank.kernels_, atol=1e-4)
    alone = [
        ConvFeatures([ConvStage(kernels=bank, nonlinearity="identity")]).fit(maps[..., i : i + 2])
        for i, bank in zip((0, 2), banks, strict=True)
    ]
    parts = [
        one.transform(maps[..., i : i + 2]).reshape(150, 8, 8, 4)
        for i, one in zip((0, 2), alone, strict=True)
    ]
    found = pairs.transform(X).reshape(150, 8, 8, 8)
    np.testing.assert_allclose(found, np.concatenate(parts, axis=3), rtol=1e-3, atol=1e-3)


def test_a_bank_of_one_channel_is_applied_to_every_channel():
    gabor = GaborKernels(n_orientations=2, wavelengths=(3.0,), kernel_size=3)
    features = ConvFeatures([*first_stage().stages, ConvStage(kernels=gabor)]).fit(X)
    maps = first_stage().fit(X).transform(X).reshape(150, 4, 4, 8)
    alone = [ConvFeatures([ConvStage(kernels=gabor)]).fit(maps[..., i]) for i in range(8)]
    thresholds = np.concatenate([one.thresholds_[0] for one in alone])
    np.testing.assert_allclose(features.thresholds_[1], thresholds, rtol=1e-4, atol=1e-4)
    found = features.transform(X).reshape(150, 4, 4, 2, 8, 4)
    for i, one in enumerate(alone):
        wanted = one.transform(maps[..., i]).reshape(150, 4, 4, 2, 4)
        np.testing.assert_allclose(found[..., i, :], wanted, rtol=1e-3, atol=1e-3)


def test_thresholds_of_a_shared_bank_grow_for_each_channel():
    random = RandomKernels(n_kernels=2, kernel_size=3, random_state=0)
    bank = FirstChannel(source=random)
    colour = np.stack([X, X.transpose(0, 2, 1)], axis=3)
    features = ConvFeatures([ConvStage(kernels=bank)], warm_start=True).fit(colour)
    old = features.thresholds_[0].reshape(2, 2)
    features.set_params(stage1__kernels__source__n_kernels=3).fit(colour[:70])
    np.testing.assert_array_equal(features.thresholds_[0].reshape(2, 3)[:, :2], old)


def test_groups_grow_each():
    colour = np.stack([X, X.transpose(0, 2, 1)], axis=3)
    features = first_stage(warm_start=True).set_params(stage1__groups=2).fit(colour)
    old = features.kernels_[0]
    features.set_params(stage1__kernels__n_kernels=6).fit(colour)
    grown = features.kernels_[0].reshape(2, 6, 3, 3, 1)
    np.testing.assert_array_equal(grown[:, :4].reshape(old.shape), old)


@pytest.mark.needs("cc")
def test_a_depthwise_stage_is_the_same_in_c():
    features = ConvFeatures(
        [
            ConvStage(kernels=PatchKernels(**SMALL, random_state=0), nonlinearity="relu"),
            ConvStage(kernels=RandomKernels(n_kernels=1, kernel_size=3, random_state=0), groups=4),
            ConvStage(
                kernels=PCAKernels(n_kernels=8, kernel_size=1, remove_mean=None),
                pool_size="pyramid",
            ),
        ]
    )
    # More features than samples: without a penalty the weights enlarge every rounding.
    pipe = make_pipeline(features, StandardScaler(), RidgeClassifier(alpha=1000)).fit(X, y)
    found = to_c(pipe, X).verify(X)
    assert found.differing_bytes == 0
    assert found.compared_bytes > 0


# -------------------------------------------------------------------------------- bad input

BAD = {
    "no stages": ({"stages": []}, r"stages=\[\], expected at least one ConvStage"),
    "no stage": ({"stages": [PCAKernels()]}, r"stages=\[PCAKernels\(\)\], expected"),
    "not a list": ({"stages": ConvStage()}, "'stages' parameter"),
    "threshold": ({"stage2__threshold": 1.0}, "stage2: The 'threshold' parameter"),
    "pool": ({"stage1__pool": "median"}, "stage1: The 'pool' parameter"),
    "pool size": ({"stage2__pool_size": "halves"}, "stage2: The 'pool_size' parameter"),
    "nonlinearity": ({"stage1__nonlinearity": "magnitude"}, "stage1: The 'nonlinearity' param"),
    "kernels": ({"stage1__kernels": 3}, "stage1: The 'kernels' parameter"),
    "larger than the samples": (
        {"stage1__kernels__kernel_size": 9},
        r"stage1: kernel_size=9 is larger than the 8x8 map: expected at most \(8, 8\)",
    ),
    "larger than the maps before": (
        {"stage2__kernels__kernel_size": 5},
        r"stage2: kernel_size=5 is larger than the 4x4 map: expected at most \(4, 4\)",
    ),
    "nested, larger than the maps before": (
        {"stage2__kernels": ModulatedKernels(source=PCAKernels(kernel_size=5))},
        r"stage2: source__kernel_size=5 is larger than the 4x4 map",
    ),
    "given, larger than the maps before": (
        {"stage2__kernels": FixedKernels(names="gauss_5")},
        r"stage2: kernel_size=\(5, 5\) is larger than the 4x4 maps",
    ),
    "pool larger than the maps": ({"stage2__pool_size": 5}, "stage2: pool_size=5 is larger than"),
    "pyramid in front": ({"stage1__pool_size": "pyramid"}, "stage1: pool_size='pyramid' gives no"),
    "groups": ({"stage2__groups": 3}, "stage2: groups=3 does not divide the 8 channels"),
    "triangle without centroids": (
        {"stage2__nonlinearity": "triangle"},
        r"stage2: nonlinearity='triangle' needs kernels=KMeansKernels\(\.\.\.\).*got PCAKernels",
    ),
    "rank": (
        {"stage2__kernels__n_kernels": 65},
        r"stage2: n_kernels=65 is more than .* \(samples of shape \(8, 8, 1\), 64 feature",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_named_with_its_stage(case):
    params, message = BAD[case]
    features = stack().set_params(**params)
    with pytest.raises(ValueError, match=message):
        features.fit(X, y)
    assert not hasattr(features, "graph_")


def test_windows_are_checked_before_anything_is_learnt(monkeypatch):
    def fail(*args):
        raise AssertionError("fitted before the check")

    monkeypatch.setattr(Spy, "fit", fail)
    stages = [ConvStage(kernels=Spy()), ConvStage(kernels=PCAKernels(kernel_size=9))]
    with pytest.raises(ValueError, match="stage2: kernel_size=9 is larger"):
        ConvFeatures(stages).fit(X)


def test_kernels_longer_than_a_plain_row_are_cut_with_a_warning():
    row = np.random.default_rng(0).normal(size=(20, 4))
    with pytest.warns(UserWarning, match="kernel_size=7 is longer than the signal: 4 is used"):
        features = ConvFeatures([ConvStage(kernels=PCAKernels(n_kernels=2, kernel_size=7))]).fit(
            row
        )
    assert features.kernels_[0].shape == (2, 1, 4, 1)


def test_the_stage_that_comes_by_default_is_reached_by_name():
    assert ConvFeatures().get_params()["stage1__pool_size"] == "overlapping"
    features = ConvFeatures().set_params(stage1__pool_size="quadrants")
    assert features.stages[0].pool_size == "quadrants"
    assert features.stages[0].nonlinearity == "abs"
    assert clone(ConvFeatures()).stages is None
    assert ConvFeatures().set_params(warm_start=True).stages is None
