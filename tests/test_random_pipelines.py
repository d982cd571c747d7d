"""Random Pipelines on random data with random options: exact, or refused in clear words.

A failure names its seed; ``run_seed(seed)`` of `tests.pipeline_fuzz` is the case again, and
``tests/benchmarks/fuzz_pipelines.py`` runs as many as are wanted.
"""

from __future__ import annotations

from collections import Counter

import pytest

from tests.pipeline_fuzz import FITTED, Outcome, run_seed, table
from tests.random_data import N_SAMPLES
from tests.random_pipelines import draw_case

N_CASES = 200
PART = 25


@pytest.mark.needs("cc")
@pytest.mark.parametrize("first", range(0, N_CASES, PART))
def test_random_pipelines_are_exact_or_refused_clearly(first: int) -> None:
    outcomes = [run_seed(seed) for seed in range(first, first + PART)]
    if wrong := [outcome for outcome in outcomes if outcome.is_wrong]:
        pytest.fail("\n\n".join(f"{o.verdict}: {o.detail}" for o in wrong), pytrace=False)
    counts = Counter(outcome.verdict for outcome in outcomes)
    assert counts["exact"] > PART / 2, counts


def test_a_seed_is_the_same_case_again() -> None:
    assert str(draw_case(7)) == str(draw_case(7)) != str(draw_case(8))
    assert (draw_case(7).data.X == draw_case(7).data.X).all()


def test_all_kinds_of_data_and_of_steps_are_drawn() -> None:
    cases = [draw_case(seed) for seed in range(N_CASES)]
    assert all(len(case.data.X) >= N_SAMPLES > FITTED for case in cases)
    kinds = Counter(case.data.kind.partition(":")[0] for case in cases)
    assert {"image", "signal", "table", "digits"} <= set(kinds)
    steps = Counter(type(step).__name__ for case in cases for _, step in case.pipeline.steps)
    assert len(steps) >= 30
    drawn = [str(case) for case in cases]
    for text in ("pool='tent'", "padding='full'"):
        assert sum(text in case for case in drawn) >= 5, text
    options = Counter(
        (name, value) for case in cases for name, value in case.options.items() if name != "name"
    )
    assert len(options) > 20


def test_the_table_counts_every_verdict() -> None:
    outcomes = [Outcome(0, "exact", "", 10), Outcome(1, "refused"), Outcome(2, "exact", "", 5)]
    text = table(outcomes)
    assert "exact            2" in text
    assert "bytes compared: 15" in text
