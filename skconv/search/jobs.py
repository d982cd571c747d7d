"""What one job of joblib computes: numbers that fit into a line of the journal."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, replace
from typing import Any

from joblib import effective_n_jobs, parallel_config
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.utils import _safe_indexing

from skconv.compression import Compressed
from skconv.search.alike import is_as_large_with_any_penalty
from skconv.search.budget import Budget, Costs
from skconv.search.candidate import Candidate
from skconv.search.costs import Options, Plan, planned, trial
from skconv.search.levels import Level, Measured, Scorer, measure
from skconv.utils.progress import quietly

Facts = dict[str, Any]


@contextmanager
def _alone() -> Iterator[None]:
    """A job neither warns nor shares out its own work: dask would send it through the cluster."""
    nested = parallel_config("sequential") if effective_n_jobs() > 1 else nullcontext()
    with quietly(), warnings.catch_warnings(), nested:
        warnings.simplefilter("ignore")
        yield


def plan_job(
    estimator: Any,
    X: Any,
    y: NDArray[Any],
    options: Options,
    budget: Budget,
    most_features: int | None = None,
) -> Facts:
    """`plan`, and whether it holds with any penalty; where it fails or reads too much, why."""
    try:
        with _alone():
            if most_features is not None:
                estimator = _with_features(estimator, X, y, most_features)
            fitted = trial(estimator, X, y)
            found = planned(fitted, X, options, budget)
    except Exception as error:  # Of whatever kind: other candidates may do.
        return {"failed": _words(error)}
    return {
        "failed": "",
        "costs": asdict(found.costs),
        "options": dict(found.options),
        "any_penalty": is_as_large_with_any_penalty(fitted),
    }


def _with_features(estimator: Any, X: Any, y: NDArray[Any], most: int) -> Any:
    """A clone whose extractor is fitted, where a head can read what it makes, and stays so."""
    found = clone(estimator)
    pipeline = found.estimator if isinstance(found, Compressed) else found
    name, extractor = pipeline.steps[0]
    n_features = extractor.fit(X, y).transform(_safe_indexing(X, [0])).shape[1]
    if n_features > most:
        raise ValueError(f"{n_features:,} features, more than {most:,}: too slow to round")
    pipeline.steps[0] = (name, FrozenEstimator(extractor))
    return found


def take_plan(candidate: Candidate, facts: Facts, budget: Budget) -> None:
    """Note in a candidate what `plan_job` found."""
    candidate.failed = facts["failed"]
    if not candidate.failed:
        costs = Costs(**facts["costs"])
        candidate.plan = Plan(costs, facts["options"], budget.excess(costs))


def measure_job(
    estimator: Any,
    X: Any,
    y: NDArray[Any],
    level: Level,
    scorer: Scorer,
    options: Options,
    memory: Any,
) -> Facts:
    """`measure`; where it fails, why."""
    try:
        with _alone():
            found = measure(estimator, X, y, level, scorer, options, memory)
    except Exception as error:
        return {"failed": _words(error)}
    return {"failed": "", **asdict(found)}


def joined(folds: Sequence[Facts]) -> Facts:
    """What jobs found on each fold, as if one had measured all.

    Examples
    --------
    >>> from skconv.search.jobs import joined
    >>> fold = {"failed": "", "fold_scores": [0.5], "float_scores": [0.5], "seconds": 1}
    >>> joined([fold, {**fold, "fold_scores": [0.75]}])["fold_scores"]
    [0.5, 0.75]
    """
    failed = [each for each in folds if each["failed"]]
    if failed or len(folds) == 1:
        return [*failed, *folds][0]
    found = dict(folds[-1])
    for name in ("fold_scores", "float_scores"):
        found[name] = [score for fold in folds for score in fold[name]]
    found["seconds"] = sum(fold["seconds"] for fold in folds)
    return found


def take_measured(candidate: Candidate, facts: Facts, budget: Budget) -> None:
    """Note in a candidate what `measure_job` found."""
    candidate.failed = facts["failed"]
    if candidate.failed:
        return
    found = Measured(**{name: value for name, value in facts.items() if name != "failed"})
    candidate.scores.append(found.score)
    candidate.fold_scores = found.fold_scores
    candidate.float_score = found.float_score
    candidate.seconds += found.seconds
    if found.costs is not None and candidate.plan is not None:
        # Of the fitted model: tables of a support vector machine grow with the samples.
        costs = Costs(**found.costs)
        candidate.plan = replace(candidate.plan, costs=costs, excess=budget.excess(costs))


def _words(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
