"""Greedy choice: steps equal refits, by brute force; costs, order, and bad input."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.linear_model import Ridge
from sklearn.model_selection import KFold, ShuffleSplit

from skconv import ConvFeatures, ConvStage
from skconv.kernels import (
    ArrayKernels,
    GaborKernels,
    GreedyKernels,
    LDAKernels,
    MapBatches,
    PatchKernels,
    RandomKernels,
    UnionKernels,
)
from skconv.kernels.backward_ridge import BackwardRidge, RidgeOfBlocks
from skconv.kernels.base import centred
from skconv.kernels.block_moments import BlockMoments
from skconv.kernels.forward_ridge import ForwardRidge
from tests.patch_matrix import random_maps

Floats = NDArray[np.float64]
PENALTY = 0.7


def error_of(columns: Floats, targets: Floats, splits: Any, blocks: list[int]) -> float:
    """Squared error on held-out samples of ridge regressions on some blocks."""
    flat = columns[:, blocks].reshape(len(columns), -1)
    missed = 0.0
    for fit, held in splits:
        predicted: Any = targets[fit].mean(axis=0)
        if blocks:
            ridge = Ridge(alpha=PENALTY * len(fit), solver="cholesky").fit(flat[fit], targets[fit])
            predicted = ridge.predict(flat[held]).reshape(len(held), -1)
        missed += float(np.sum((targets[held] - predicted) ** 2))
    return missed


@settings(max_examples=60, deadline=None)
@given(
    n_blocks=st.integers(1, 6),
    width=st.integers(1, 4),
    n_targets=st.integers(1, 3),
    n_samples=st.integers(6, 40),
    cv=st.sampled_from([KFold(3), ShuffleSplit(2, test_size=0.3, train_size=0.5, random_state=0)]),
    forward=st.booleans(),
    seed=st.integers(0, 99),
)
def test_steps_equal_refits(
    n_blocks: int, width: int, n_targets: int, n_samples: int, cv: Any, forward: bool, seed: int
) -> None:
    draw = np.random.default_rng(seed)
    columns = draw.normal(size=(n_samples, n_blocks, width))
    targets = draw.normal(size=(n_samples, n_targets))
    splits = list(cv.split(columns))
    ridge: ForwardRidge | BackwardRidge
    if forward:
        ridge = ForwardRidge(BlockMoments(columns, targets, splits), PENALTY, n_blocks)
    else:
        ridge = BackwardRidge(columns, targets, splits, PENALTY)
    inside: list[int] = [] if forward else list(range(n_blocks))
    outside = list(range(n_blocks))
    while outside:
        before = error_of(columns, targets, splits, inside)
        changed = [sorted({*inside} ^ {block}) for block in outside]
        after = [error_of(columns, targets, splits, blocks) for blocks in changed]
        scale = max(before, *after)
        assert ridge.left.tolist() == outside
        assert_allclose(ridge.error, before, atol=1e-8 * scale)
        assert_allclose(ridge.gains(), before - np.array(after), atol=1e-8 * scale)
        chosen = int(draw.integers(len(outside)))
        ridge.step(chosen)
        inside = sorted({*inside} ^ {outside.pop(chosen)})
    assert_allclose(ridge.error, error_of(columns, targets, splits, inside), rtol=1e-8)


def test_a_sample_may_be_drawn_twice_and_left_out() -> None:
    draw = np.random.default_rng(0)
    columns, targets = draw.normal(size=(20, 3, 2)), draw.normal(size=(20, 2))
    splits = [(draw.integers(0, 15, 30), np.array([15, 16, 16]))]
    ridge = ForwardRidge(BlockMoments(columns, targets, splits), PENALTY, 1)
    before = error_of(columns, targets, splits, [])
    after = [error_of(columns, targets, splits, [block]) for block in range(3)]
    assert_allclose(ridge.gains(), before - np.array(after), rtol=1e-8)


@pytest.mark.parametrize("n_samples", [8, 30])
def test_a_block_that_leaves_raises_the_loss_by_its_coefficients(n_samples: int) -> None:
    draw = np.random.default_rng(0)
    columns, targets = draw.normal(size=(n_samples, 4, 3)), draw.normal(size=(n_samples, 2))
    ridge = RidgeOfBlocks.of_all(columns, targets, columns, targets, PENALTY)

    def loss(blocks: list[int]) -> float:
        flat = columns[:, blocks].reshape(n_samples, -1)
        model = Ridge(alpha=PENALTY, fit_intercept=False).fit(flat, targets)
        errors = targets - model.predict(flat)
        return float(np.sum(errors**2) + PENALTY * np.sum(model.coef_**2))

    for block in range(4):
        coefficients = ridge.coefficients[block]
        rise = np.sum(coefficients * np.linalg.solve(ridge.inverse[block, :, block], coefficients))
        rest = [other for other in range(4) if other != block]
        assert_allclose(rise, loss(rest) - loss([0, 1, 2, 3]), rtol=1e-9)


def oriented(n_samples: int = 60, channels: int = 1) -> tuple[Floats, NDArray[np.int64]]:
    """Noise, and in three classes of it stripes: none, of rows, of columns."""
    maps = 0.7 * random_maps(n_samples, 8, 8, channels)
    lines = random_maps(n_samples, 1, 8, channels, seed=1)
    y = np.arange(n_samples) % 3
    maps[y == 1] += lines[y == 1]
    maps[y == 2] += lines[y == 2].transpose(0, 2, 1, 3)
    return maps, y


MAPS, Y = oriented()


def refit_score(kernels: Any, biases: Any, cv: Any, alpha: float, maps: Any, y: Any) -> float:
    """What `GreedyKernels` calls the score, of features scaled the same, by scikit-learn."""
    stage = ConvStage(
        kernels=ArrayKernels(kernels=kernels, biases=biases),
        nonlinearity="both_signs",
        pool_size="quadrants",
    )
    features = ConvFeatures([stage]).fit_transform(maps).astype(np.float64)
    blocks = features.reshape(len(maps), -1, len(kernels))
    blocks = blocks / np.sqrt(blocks.var(axis=0).mean(axis=0))
    flat = blocks.reshape(len(maps), -1)
    targets = (np.asarray(y)[:, None] == np.unique(y)).astype(np.float64)
    missed = total = 0.0
    for fit, held in cv.split(flat, y):
        ridge = Ridge(alpha=alpha * len(fit)).fit(flat[fit], targets[fit])
        missed += float(np.sum((targets[held] - ridge.predict(flat[held])) ** 2))
        total += float(np.sum((targets[held] - targets[fit].mean(axis=0)) ** 2))
    return 1 - missed / total


def chooser(**parameters: Any) -> GreedyKernels:
    return GreedyKernels(
        **{
            "source": RandomKernels(n_kernels=6, kernel_size=3, random_state=0),
            "nonlinearity": "both_signs",
            "n_kernels": 2,
            "random_state": 0,
            **parameters,
        }
    )


@pytest.mark.parametrize("direction", ["forward", "backward"])
def test_choice_is_that_of_brute_force(direction: Any) -> None:
    source = chooser(direction=direction, cv=KFold(3), n_kernels=3).fit(MAPS, Y)
    # Maps are drawn in an order of their own, which decides the folds.
    rows = np.random.RandomState(np.random.RandomState(0).randint(2**31)).permutation(len(MAPS))
    candidates = source.source_

    def score(subset: list[int]) -> float:
        chosen = candidates.kernels_[subset], candidates.biases_[subset]
        return refit_score(*chosen, KFold(3), 1e-3, MAPS[rows], Y[rows])

    inside: set[int] = set() if direction == "forward" else set(range(6))
    for chosen, found in zip(source.order_, source.scores_, strict=True):
        options = set(range(6)) - inside if direction == "forward" else inside
        scores = {option: score(sorted(inside ^ {option})) for option in options}
        assert_allclose(found, scores[chosen], atol=1e-5)
        assert scores[chosen] >= max(scores.values()) - 1e-5
        inside ^= {int(chosen)}
    assert set(source.selected_.tolist()) == inside
    assert_array_equal(source.kernels_, candidates.kernels_[source.selected_])
    assert_array_equal(source.biases_, candidates.biases_[source.selected_])


def test_fewer_are_the_first_of_more() -> None:
    many, few = chooser(n_kernels=6).fit(MAPS, Y), chooser(n_kernels=2).fit(MAPS, Y)
    assert_array_equal(few.order_, many.order_[:2])
    assert_array_equal(few.kernels_, many.kernels_[:2])
    assert_array_equal(few.scores_, many.scores_[:2])
    assert sorted(many.order_) == list(range(6))


def test_all_candidates_backward_are_themselves() -> None:
    source = chooser(direction="backward", n_kernels=6).fit(MAPS, Y)
    assert_array_equal(source.kernels_, source.source_.kernels_)
    assert len(source.order_) == len(source.scores_) == 0


def test_costs_are_extents() -> None:
    small, large = random_maps(3, 1, 3, 1), random_maps(3, 5, 4, 1, seed=1)
    union = ArrayKernels(kernels=np.concatenate([centred(small, (5, 4)), large]))
    source = chooser(source=union, cost="macs", n_kernels=6).fit(MAPS, Y)
    assert source.costs_.tolist() == [3, 3, 3, 20, 20, 20]
    assert chooser(source=union).fit(MAPS, Y).costs_.tolist() == [1] * 6


@pytest.mark.parametrize("n_classes", [2, 3])
def test_flash_is_weights_bias_and_what_the_classifier_has_for_the_features(n_classes: int) -> None:
    small, large = random_maps(3, 1, 3, 1), random_maps(3, 5, 4, 1, seed=1)
    union = ArrayKernels(kernels=np.concatenate([centred(small, (5, 4)), large]))
    source = chooser(source=union, cost="flash").fit(MAPS, Y % n_classes)
    head = 2 * 8 * (1 if n_classes == 2 else 3)  # of 4 windows and 2 signs
    assert source.costs_.tolist() == [3 + 4 + head] * 3 + [20 + 4 + head] * 3


def test_too_few_candidates_are_all_chosen_where_that_is_told() -> None:
    with pytest.warns(UserWarning, match=r"n_kernels=7 is more than the 6 candidate.* 6 is used"):
        source = chooser(n_kernels=7, clip=True).fit(MAPS, Y)
    assert sorted(source.selected_) == list(range(6))


@pytest.mark.parametrize("direction", ["forward", "backward"])
def test_a_choice_is_by_gain_for_its_cost(direction: Any) -> None:
    # Of two that answer alike (the second is the first, and one pixel that hardly counts)
    # what costs less comes, or stays, and by number alone the one that is a little better.
    cheap = centred(random_maps(1, 3, 3, 1), (7, 7))
    dear = cheap.copy()
    dear[0, 0, 0] = 1e-3
    source = ArrayKernels(kernels=np.concatenate([dear, cheap]))
    parameters = {"source": source, "direction": direction, "n_kernels": 1}
    greedy = chooser(cost="macs", **parameters).fit(MAPS, Y)
    assert greedy.costs_.tolist() == [49, 9]
    assert greedy.selected_.tolist() == [1]
    assert greedy.kernels_.shape == (1, 3, 3, 1)


@settings(max_examples=40, deadline=None)
@given(
    small=st.tuples(st.integers(1, 4), st.integers(1, 4)),
    more=st.tuples(st.integers(0, 3), st.integers(0, 3)),
)
def test_zeros_around_the_chosen_are_left_out(
    small: tuple[int, int], more: tuple[int, int]
) -> None:
    kernels = 1 + np.abs(random_maps(2, *small, 1))
    padded = centred(kernels, (small[0] + more[0], small[1] + more[1]))
    source = chooser(source=ArrayKernels(kernels=padded), cost="macs").fit(MAPS, Y)
    assert source.kernels_.shape == (2, *small, 1)
    assert_array_equal(source.kernels_, kernels[source.selected_].astype(np.float32))
    assert source.costs_.tolist() == [small[0] * small[1]] * 2


@pytest.mark.parametrize("source", [GaborKernels(kernel_size=3), PatchKernels(kernel_size=3)])
@pytest.mark.parametrize("nonlinearity", ["abs", "square", "relu", "both_signs", "soft_threshold"])
@pytest.mark.parametrize("pool_size", ["global", "pyramid", (3, 2)])
def test_every_stage(source: Any, nonlinearity: str, pool_size: Any) -> None:
    if isinstance(source, PatchKernels):
        source.set_params(n_kernels=7, random_state=0)
    maps, y = oriented(channels=2)
    greedy = chooser(source=source, nonlinearity=nonlinearity, pool_size=pool_size, alpha=10).fit(
        maps, y
    )
    assert len(greedy.kernels_) == 2 and np.isfinite(greedy.scores_).all()
    assert greedy.scores_[-1] > 0


class OfOneChannel(BaseEstimator):  # type: ignore[misc]
    """Three kernels for every channel alone, the second of them zeros."""

    def fit(self, maps: Any, y: Any = None) -> OfOneChannel:
        self.kernels_ = random_maps(3, 3, 3, 1).astype(np.float32)
        self.kernels_[1] = 0
        self.biases_ = np.zeros(3, np.float32)
        return self


@pytest.mark.parametrize("nonlinearity", ["abs", "both_signs"])
def test_a_kernel_of_every_channel_goes_as_a_whole(nonlinearity: str) -> None:
    maps, y = oriented(channels=2)
    parameters = {"source": OfOneChannel(), "nonlinearity": nonlinearity, "alpha": 10}
    shared = chooser(**parameters).fit(maps, y)
    assert sorted(shared.selected_) == [0, 2]
    assert shared.kernels_.shape == (2, 3, 3, 1)


def test_in_a_stage_of_features_and_of_many_maps_a_few() -> None:
    maps, y = oriented(400)
    union = UnionKernels(
        sources=[
            ("lda", LDAKernels(n_kernels=2, kernel_size=3)),
            ("patches", PatchKernels(n_kernels=6, kernel_size=4, random_state=0)),
        ]
    )
    stage = ConvStage(kernels=chooser(source=union, max_samples=90), pool_size="quadrants")
    features = ConvFeatures([stage]).set_params(stage1__kernels__source__patches__n_kernels=9)
    features.fit(maps, y)
    batches = MapBatches(maps.shape, lambda: np.split(maps, [100, 250]))
    greedy = features.stages[0].kernels.fit(batches, y)
    assert len(greedy.costs_) == 11
    assert_allclose(greedy.kernels_, features.kernels_[0], atol=1e-5)


def test_a_kernel_that_always_answers_0_is_the_last() -> None:
    kernels = np.concatenate([np.zeros((1, 3, 3, 1)), random_maps(2, 3, 3, 1)])
    source = chooser(source=ArrayKernels(kernels=kernels), n_kernels=3, cv=2).fit(MAPS, Y)
    assert np.isfinite(source.scores_).all()
    backward = chooser(source=ArrayKernels(kernels=kernels), direction="backward", alpha=10)
    assert backward.fit(MAPS, Y).selected_.tolist() == [1, 2]


@pytest.mark.parametrize(
    ("parameters", "y", "message"),
    [
        ({}, None, "GreedyKernels is supervised: y=None, expected a label"),
        ({}, Y[:5], "inconsistent numbers of samples"),
        ({}, np.linspace(0, 1, 60), "Unknown label type"),
        (
            {},
            np.zeros(60, int),
            r"y holds one class \(.*0.*\) among the samples, expected at least 2",
        ),
        ({"n_kernels": 7}, Y, r"n_kernels=7 is more than the 6 candidate\(s\) of source, a Random"),
        ({"pool_size": 9}, Y, "pool_size=9 is larger than the 8x8 map"),
        ({"pool_stride": 2}, Y, "pool_stride=2 with pool_size='quadrants'"),
        ({"pool_size": None}, Y, "pool_size"),
        ({"alpha": 0}, Y, "alpha"),
        ({"source": "gabor"}, Y, "source"),
        ({"cost": "bytes"}, Y, "cost"),
        ({"nonlinearity": "triangle"}, Y, "nonlinearity"),
        ({"direction": "both"}, Y, "direction"),
        ({"cv": 50}, Y, "n_splits=50 cannot be greater"),
    ],
)
def test_bad_input(parameters: dict[str, Any], y: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        chooser(**parameters).fit(MAPS, y)
