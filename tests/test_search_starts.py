"""What a search begins with: settings of the default spaces, made as large as the budget allows."""

from __future__ import annotations

from typing import Any

import joblib
import numpy as np
import pytest
from sklearn.base import BaseEstimator, clone

from skconv.search.budget import Budget, Costs
from skconv.search.candidate import Candidate
from skconv.search.code import decoded, encoded
from skconv.search.costs import Plan
from skconv.search.growth import grown
from skconv.search.jobs import plan_job
from skconv.search.sampling import DensitySampler
from skconv.search.spaces import default_space

SIZES = [4, 5, 6, 8, 10, 12, 16, 20, 24, 32, 48, 64, 128]
SPACE: list[Any] = [{"n_kernels": SIZES, "C": [1, 2]}]
FLASH = Budget(flash_bytes=8000)


class Planner:
    """Costs by a formula; notes what was asked for."""

    def __init__(self, flash: Any, most: int = 1000) -> None:
        self.flash, self.most = flash, most
        self.sizes: list[int] = []

    def __call__(self, candidates: list[Candidate]) -> None:
        for each in candidates:
            n = each.params["n_kernels"]
            self.sizes.append(n)
            if n > self.most:
                each.failed = "more than the rank"
            else:
                costs = Costs(100, int(self.flash(n)), 10, 10)
                each.plan = Plan(costs, {}, FLASH.excess(costs))


def filled(planner: Planner, budget: Budget = FLASH, **more: Any) -> Candidate:
    start = Candidate({"n_kernels": 12, "C": 2}, fills=True)
    (found,) = grown([start], SPACE, budget, planner, **more)
    assert found.params["C"] == 2
    return found


@pytest.mark.parametrize(
    ("flash", "most", "wanted"),
    [
        (lambda n: 1500 + 250 * n, 1000, 24),
        (lambda n: 100 * n, 1000, 64),
        (lambda n: n * n, 1000, 64),
        (lambda n: 500 + 1900 * np.sqrt(n), 1000, 12),
        (lambda n: 10 * n, 1000, 128),
        (lambda n: 10 * n, 20, 20),
    ],
)
def test_the_largest_size_that_fits(flash: Any, most: int, wanted: int) -> None:
    planner = Planner(flash, most)
    assert filled(planner).params["n_kernels"] == wanted
    assert len(planner.sizes) == len(set(planner.sizes)) <= 5


def test_growth_ends_where_it_has_to() -> None:
    """With the smallest size where none fits, and at once where time is over."""
    too_large = Planner(lambda n: 9000 + n)
    assert filled(too_large).params["n_kernels"] == min(too_large.sizes) == 4
    assert filled(Planner(lambda n: 10 * n), is_over=lambda: True).params["n_kernels"] == 12
    nobody = Planner(lambda n: n)
    assert filled(nobody, Budget(ram_bytes=1000)).fills
    assert nobody.sizes == []


@pytest.mark.parametrize("is_classification", [True, False])
@pytest.mark.parametrize(
    ("kind", "shape"),
    [("images", (8, 8)), ("images", (28, 28)), ("images", (96, 64, 3)), ("signals", (150,))],
)
def test_starts_are_settings_of_their_spaces(
    kind: Any, shape: tuple[int, ...], is_classification: bool
) -> None:
    found = default_space(kind, shape, is_classification, random_state=0)
    assert len(found.starts) >= 3
    codes = [encoded(start, found.distributions) for start in found.starts]
    assert len(set(codes)) == len(codes)
    for start, code in zip(found.starts, codes, strict=True):
        again = decoded(code, found.distributions)
        assert set(again.params) == set(found.distributions[start.space])
        clone(found.estimator).set_params(**again.params)


def test_starts_come_first() -> None:
    starts = [Candidate({"n_kernels": n, "C": 1}, fills=True) for n in (4, 5, 6)]
    sampler = DensitySampler(SPACE, np.random.RandomState(0), starts)
    assert sampler.ask(2, []) == starts[:2]
    assert sampler.ask(2, []) == starts[2:]
    assert len(sampler.ask(2, [])) == 4


class Nested(BaseEstimator):
    """Says how many jobs it would take."""

    def fit(self, X: Any, y: Any) -> None:
        raise RuntimeError(f"{joblib.effective_n_jobs()} jobs")


def test_a_job_keeps_to_itself() -> None:
    """What an estimator shared out would go through the whole cluster."""
    with joblib.parallel_config("threading", n_jobs=2):
        found = plan_job(Nested(), None, np.zeros(1), {}, FLASH)
    assert found["failed"] == "RuntimeError: 1 jobs"


def test_a_head_that_would_read_too_much() -> None:
    space = default_space("images", (12, 12), is_classification=True, random_state=0)
    estimator = space.estimator.set_params(estimator__features__n_kernels=9)
    images, labels = np.random.default_rng(0).random((30, 12, 12)), np.arange(30) % 3
    found = plan_job(estimator, images, labels, {}, FLASH, 100)
    assert "features, more than 100: too slow to round" in found["failed"]
