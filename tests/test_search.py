"""`BudgetSearchCV`: what fits is found, what does not is never fitted, and a kill loses nothing."""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import Any, ClassVar

import joblib
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.stats import loguniform, norm
from sklearn.base import clone
from sklearn.datasets import load_diabetes, load_iris
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GroupKFold, ParameterSampler
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

import skconv
from skconv import BudgetSearchCV, Compressed, KMeansConvFeatures
from skconv.datasets import load_digits
from skconv.search import study
from skconv.search.budget import Budget, Costs
from skconv.search.candidate import Candidate
from skconv.search.costs import Plan, exported, plan, trial_rows
from skconv.search.jobs import measure_job
from skconv.search.levels import Level
from skconv.search.optuna_sampler import OptunaSampler
from skconv.search.pareto import is_dominated, layers
from skconv.search.proxy import with_random_kernels
from skconv.search.spaces import default_space, kind_of

X, y = load_digits(return_X_y=True)
X, y = X[:240], y[:240]
IRIS, SPECIES = load_iris(return_X_y=True)
FEATURES = skconv.RandomConvFeatures(random_state=0, pool_size=4)
PIPELINE = make_pipeline(FEATURES, skconv.BatchRidgeClassifier(alpha=10.0))
KERNELS = {"randomconvfeatures__n_kernels": [2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 40]}
SMALL: dict[str, Any] = {"n_candidates": 5, "cv": 2, "random_state": 0}


def searched(**options: Any) -> BudgetSearchCV:
    return BudgetSearchCV(PIPELINE, KERNELS, **{**SMALL, **options}).fit(X, y)


@pytest.fixture(scope="module")
def search() -> BudgetSearchCV:
    return searched(flash_bytes=3800, chip="atmega328p", n_candidates=8)


def test_the_best_model_is_within_the_budget(search: BudgetSearchCV) -> None:
    cost = Costs.of(search.best_model_)
    assert cost.flash_bytes <= 3800
    assert cost.ram_bytes <= 2048
    assert search.best_model_.target.name == "avr"
    assert search.score(X, y) > 0.9
    assert_array_equal(search.best_model_.classes_, search.classes_)


def test_what_is_over_the_budget_is_refused_with_figures(search: BudgetSearchCV) -> None:
    table = pd.DataFrame(search.cv_results_)
    refused = table[table.refused != ""]
    assert len(refused) == search.n_refused_ > 0
    assert refused.flash_bytes.min() > 3800
    assert (refused.level == -1).all()
    assert refused.refused.str.contains("bytes of flash, more than 3,800").all()


def test_the_third_best_of_each_level_climb(search: BudgetSearchCV) -> None:
    reached = search.cv_results_["level"]
    assert len(search.levels_) == 2  # A third of so few samples tells nothing.
    assert np.count_nonzero(reached >= 0) == 8
    # Of all eight: without a limit of time the last level waits until all are scored.
    assert np.count_nonzero(reached == 1) == 3
    assert search.cv_results_["rank_test_score"][search.best_index_] == 1


def test_nothing_betters_a_point_of_the_front(search: BudgetSearchCV) -> None:
    results = search.cv_results_
    finished = results["level"] == len(search.levels_) - 1
    names = ("ram_bytes", "flash_bytes", "instructions")
    costs = np.column_stack([-results["mean_test_score"], *(results[name] for name in names)])
    wanted = np.flatnonzero(finished)[~is_dominated(costs[finished])]
    _, first = np.unique(costs[wanted], axis=0, return_index=True)  # Of equal ones the first.
    wanted = np.sort(wanted[first])
    assert sorted(point.index for point in search.pareto_front_) == wanted.tolist()
    assert search.pareto_front_[0].score == search.best_score_
    assert f"{search.best_score_:.4f}" in str(search.pareto_front_)
    assert len(search.pareto_front_.to_frame()) == len(wanted)
    assert "<table>" in search.pareto_front_._repr_html_()


class Counted(skconv.RandomConvFeatures):
    """Notes how many samples it is fitted to."""

    fits: ClassVar[list[tuple[int, int]]] = []

    def fit(self, X: Any, y: Any = None) -> Counted:
        self.fits.append((self.n_kernels, len(X)))
        return super().fit(X, y)


def test_what_is_over_the_budget_is_never_fitted_to_all_samples() -> None:
    Counted.fits.clear()
    pipeline = make_pipeline(Counted(random_state=0, pool_size=4), Ridge())
    space = {"counted__n_kernels": [2, 90]}
    search = BudgetSearchCV(pipeline, space, flash_bytes=5000, **{**SMALL, "n_candidates": 1})
    search.fit(X, y.astype(float))
    assert search.n_refused_ == 1
    assert max(n for kernels, n in Counted.fits if kernels == 90) == 64
    assert max(n for kernels, n in Counted.fits if kernels == 2) == len(X)


@pytest.mark.parametrize("seed", range(4))
def test_costs_are_known_before_the_fit(seed: int) -> None:
    """To the byte, where the size of tables does not hang on their values."""
    images = np.random.default_rng(0).integers(0, 256, (300, 12, 12)).astype(np.uint8)
    labels = np.arange(300) % 3
    default = default_space("images", (12, 12), is_classification=True, random_state=0)
    estimator, spaces = default.estimator, default.distributions
    space = {**spaces[seed % len(spaces)], "estimator__features__n_kernels": [3, 6]}
    space["passes"] = [()]
    (params,) = ParameterSampler(space, 1, random_state=seed)
    estimator.set_params(**params)
    rows = trial_rows(estimator, labels)
    images[rows, :5] = 0  # Features that are constant in these samples, and vary in others.
    before = plan(estimator, images[rows], labels[rows], {}, Budget()).costs
    after = Costs.of(exported(estimator.fit(images, labels), images, {}))
    assert before == after


def test_a_study_is_not_written_over(tmp_path: Path) -> None:
    path = tmp_path / "study.jsonl"
    path.write_text("results of last night")
    with pytest.raises(ValueError, match=r"exists already. Write resume=True"):
        searched(study=path)
    with pytest.raises(ValueError, match=r"is not a study: it begins with 'results of l'"):
        searched(study=path, resume=True)
    assert path.read_text() == "results of last night"


def test_a_budget_that_nothing_fits() -> None:
    with pytest.raises(ValueError, match=r"no candidate of \d+ is within the budget; .* flash"):
        searched(flash_bytes=900)


def test_a_space_in_which_nothing_works() -> None:
    with pytest.raises(ValueError, match="n_kernels"):
        BudgetSearchCV(PIPELINE, {"randomconvfeatures__n_kernels": [0]}, **SMALL).fit(X, y)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"ram_bytes": 0}, "ram_bytes=0, expected a number above 0"),
        ({"flash_bytes": True}, "flash_bytes=True, expected a number above 0"),
        ({"chip": "stm32f103"}, "stm32f103c8"),
        ({"n_candidates": 0}, "n_candidates"),
        ({"sampler": "best"}, "sampler"),
        ({"estimator": "sounds"}, "estimator"),
        ({"estimator": LogisticRegression()}, "param_distributions=None with an estimator"),
        ({"param_distributions": {"C": [1]}}, "param_distributions is given with estimator=None"),
    ],
)
def test_bad_parameters(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        BudgetSearchCV(**{**SMALL, **options}).fit(X, y)


def test_images_and_signals_are_told_apart() -> None:
    assert kind_of((28, 28)) == kind_of((32, 32, 3)) == "images"
    assert kind_of((150,)) == "signals"
    with pytest.raises(ValueError, match=r"signals of 3 channels, or images.*estimator='signals'"):
        kind_of((128, 3))
    with pytest.raises(ValueError, match="expected"):
        kind_of((2, 3, 4, 5))


def test_a_regression_by_groups() -> None:
    target, groups = load_diabetes(return_X_y=True)[1][:150], np.arange(150) % 5
    diabetes = load_diabetes(return_X_y=True)[0][:150]
    search = BudgetSearchCV(
        make_pipeline(StandardScaler(), Ridge()),
        {"ridge__alpha": [1, 10, 100]},
        n_candidates=2, cv=GroupKFold(5), scoring="neg_mean_absolute_error", random_state=0,
    ).fit(diabetes, target, groups=groups)  # fmt: skip
    assert -60 < search.best_score_ < -30
    assert search.cv_results_["split4_test_score"][search.best_index_] < 0
    assert search.best_model_.predict(diabetes).shape == (150,)


def test_signals() -> None:
    rng = np.random.default_rng(0)
    labels = np.arange(90) % 2
    waves = np.sin(np.arange(48) * np.where(labels, 0.5, 0.7)[:, None] + rng.uniform(0, 6, (90, 1)))
    search = BudgetSearchCV(flash_bytes=16_384, n_candidates=2, cv=2, random_state=0)
    assert search.fit(waves, labels).best_score_ > 0.8


class Noting:
    """Accuracy; keeps every score."""

    def __init__(self) -> None:
        self.scores: list[float] = []

    def __call__(self, estimator: Any, X: Any, y: Any) -> float:
        self.scores.append(estimator.score(X, y))
        return self.scores[-1]


def test_a_list_is_tried_as_a_whole() -> None:
    """Random draws take each candidate of lists once, as `RandomizedSearchCV` does."""
    values = KERNELS["randomconvfeatures__n_kernels"][:6]
    space = {"randomconvfeatures__n_kernels": values, "batchridgeclassifier__alpha": [1.0, 10.0]}
    search = BudgetSearchCV(
        PIPELINE, space, sampler="random", n_candidates=12, cv=2, random_state=0, refit=False
    ).fit(X, y)
    found = {tuple(params.values()) for params in search.cv_results_["params"]}
    assert found == set(product(values, [1.0, 10.0]))
    assert len(search.cv_results_["params"]) == 12


def test_random_kernels_at_the_first_level() -> None:
    """Drawn in place of learned ones, and learned again at the next level."""
    learned = KMeansConvFeatures(n_kernels=3, kernel_size=3, pool_size=4, random_state=0)
    pipeline = make_pipeline(learned, skconv.BatchRidgeClassifier())
    found = with_random_kernels(Compressed(pipeline)).estimator[0]
    assert type(found) is skconv.RandomConvFeatures
    assert (found.n_kernels, found.kernel_size, found.pool_size) == (3, 3, 4)
    triangle = make_pipeline(clone(learned).set_params(nonlinearity="triangle"), Ridge())
    assert type(with_random_kernels(triangle)[0]) is KMeansConvFeatures

    space: dict[str, Any] = {"kmeansconvfeatures__n_kernels": [3]}
    first = {}
    for proxy in ("ridge", "random"):
        search = BudgetSearchCV(pipeline, space, proxy=proxy, cv=2, n_candidates=1, random_state=0)
        scores: list[float] = []
        search.set_params(
            scoring=lambda e, X, y, into=scores: into.append(e.score(X, y)) or into[-1]
        )
        search.fit(X, y)
        assert isinstance(search.best_estimator_[0], KMeansConvFeatures)
        first[proxy] = scores
    assert first["ridge"][0] != first["random"][0]
    assert first["ridge"][1:] == first["random"][1:]


def test_a_time_limit_ends_the_search_with_a_model() -> None:
    search = searched(time_limit=1e-3, n_candidates=None, sampler="random")
    assert search.best_model_.report().flash_bytes > 0


@pytest.mark.parametrize("sampler", ["tpe", "nsga2"])
def test_samplers_of_optuna(sampler: str) -> None:
    """The same seed proposes the same again; distributions that optuna has not are refused."""
    pytest.importorskip("optuna")
    spaces = {"C": loguniform(0.1, 10), "gamma": [0.1, 1.0], "kernel": ["rbf", "poly"]}
    options: dict[str, Any] = {"n_candidates": 8, "cv": 2, "sampler": sampler, "random_state": 3}
    first, again = (
        BudgetSearchCV(SVC(), spaces, flash_bytes=5000, **options).fit(IRIS, SPECIES)
        for _ in range(2)
    )
    assert first.cv_results_["params"] == again.cv_results_["params"]
    assert first.best_score_ > 0.9
    with pytest.raises(ValueError, match=r"'norm' for 'C', expected a list, uniform, loguniform"):
        BudgetSearchCV(SVC(), {"C": norm()}, **options).fit(IRIS, SPECIES)


def test_optuna_is_told_what_is_known() -> None:
    pytest.importorskip("optuna")
    sampler = OptunaSampler([{"C": [1, 2]}], np.random.RandomState(0), ["flash_bytes"], "tpe")
    asked = sampler.ask(3, [])
    asked[1].scores.append(0.75)
    asked[1].plan = Plan(Costs(100, 1000, 10, 900), {}, "")
    sampler.ask(1, asked[1:2])
    (told,) = [t for t in sampler.study.get_trials() if t.values]
    assert_allclose(told.values, [-0.75, np.log(1000)])

    # What another search of the study proposed is a trial, too.
    other = Candidate({"C": 2}, code='[0, {"C": 1}]', plan=asked[1].plan, scores=[0.5])
    sampler.ask(1, [asked[1], other])
    *_, told = [t for t in sampler.study.get_trials() if t.values]
    assert_allclose(told.values, [-0.5, np.log(1000)])
    assert told.params == {"space": 0, "0 C": 1}


def test_a_search_is_dumped_with_its_results(tmp_path: Path, search: BudgetSearchCV) -> None:
    joblib.dump(search, tmp_path / "search.joblib")
    loaded = joblib.load(tmp_path / "search.joblib")
    assert_array_equal(loaded.predict(X), search.predict(X))
    assert loaded.pareto_front_ == search.pareto_front_


def test_progress_says_how_it_stands(capsys: pytest.CaptureFixture[str]) -> None:
    searched(verbose=1, n_candidates=2, time_limit=100)
    *_, line = (each for each in capsys.readouterr().out.splitlines() if " fitted, " in each)
    for words in ("[BudgetSearchCV]", "over the budget", "best 0.", "RAM", "s left"):
        assert words in line


def test_display_draws_what_was_measured(search: BudgetSearchCV) -> None:
    display = skconv.ParetoDisplay.from_search(search)
    measured = search.cv_results_["level"] == len(search.levels_) - 1
    drawn = display.points_.get_offsets()
    assert_allclose(drawn[:, 0], search.cv_results_["flash_bytes"][measured] / 1024)
    assert display.line_.get_ydata()[-1] == search.best_score_
    assert list(display.ax_.lines[1].get_xdata()) == [3800 / 1024] * 2
    with pytest.raises(TypeError, match="expected a fitted BudgetSearchCV"):
        skconv.ParetoDisplay.from_search(BudgetSearchCV())


@given(st.lists(st.tuples(*[st.integers(0, 4)] * 3), min_size=1, max_size=20))
@settings(deadline=None, max_examples=30)
def test_layers_are_fronts_of_what_is_left(rows: list[tuple[int, ...]]) -> None:
    costs = np.array(rows, float)
    found = layers(costs)
    for layer in range(found.max() + 1):
        there = costs[found >= layer]
        front = [
            not any((other <= row).all() and (other < row).any() for other in there)
            for row in there
        ]
        assert_array_equal(found[found >= layer] == layer, front)


def test_candidates_that_differ_in_a_penalty_share_a_trial_fit() -> None:
    Counted.fits.clear()
    pipeline = make_pipeline(Counted(n_kernels=2, random_state=0, pool_size=4), Ridge())
    space = {"ridge__alpha": [0.1, 1.0, 10.0, 100.0]}
    search = BudgetSearchCV(pipeline, space, flash_bytes=9000, **{**SMALL, "n_candidates": 4})
    search.fit(X, y.astype(float))
    assert len(search.cv_results_["params"]) > 1
    assert len(set(search.cv_results_["flash_bytes"])) == 1
    assert sum(n == 64 for _, n in Counted.fits) == 1


def test_candidates_that_differ_in_their_head_share_the_first_level(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kinds = []

    def counted(estimator: Any, X: Any, y: Any, level: Level, *more: Any) -> Any:
        kinds.append(level.kind)
        return measure_job(estimator, X, y, level, *more)

    monkeypatch.setattr(study, "measure_job", counted)
    pipeline = make_pipeline(clone(FEATURES).set_params(n_kernels=2), Ridge())
    space = {"ridge__alpha": [0.1, 1.0, 10.0, 100.0]}
    search = BudgetSearchCV(pipeline, space, flash_bytes=9000, **{**SMALL, "n_candidates": 4})
    search.fit(X, y.astype(float))
    assert (search.cv_results_["level"] >= 0).all()
    assert len(search.cv_results_["level"]) == 4
    assert kinds.count("ridge") == 1
