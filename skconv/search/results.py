"""``cv_results_`` and ``pareto_front_`` of a search, out of its candidates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.ma import MaskedArray
from numpy.typing import NDArray
from scipy.stats import rankdata

from skconv.search.budget import UNITS, Costs
from skconv.search.candidate import Candidate
from skconv.search.pareto import is_dominated
from skconv.search.sampling import log_costs
from skconv.search.table import ParetoFront, ParetoPoint

Results = dict[str, Any]


def cv_results(candidates: Sequence[Candidate], n_folds: int) -> Results:
    """A dict of columns, as those of scikit-learn's searches; pandas makes a frame of it.

    Parameters
    ----------
    candidates : sequence of Candidate
    n_folds : int
        At the last level.

    Examples
    --------
    >>> from skconv.search.candidate import Candidate
    >>> from skconv.search.results import cv_results
    >>> found = cv_results([Candidate({"C": 1}), Candidate({"C": 2}, failed="no such C")], 1)
    >>> found["refused"].tolist(), found["param_C"].tolist()
    (['', 'no such C'], [1, 2])
    """
    names = sorted({name for c in candidates for name in c.params})
    scores = np.array([c.scores[-1] if c.scores else np.nan for c in candidates])
    found: Results = {f"param_{name}": _column(candidates, name) for name in names}
    found["params"] = [dict(c.params) for c in candidates]
    found["level"] = np.array([c.level for c in candidates])
    found["mean_test_score"] = scores
    found["std_test_score"] = np.array([np.std(c.fold_scores or [np.nan]) for c in candidates])
    for fold in range(n_folds):
        of_fold = [c.fold_scores[fold] if fold < len(c.fold_scores) else np.nan for c in candidates]
        found[f"split{fold}_test_score"] = np.array(of_fold)
    found["mean_float_score"] = np.array([c.float_score for c in candidates])
    found["rank_test_score"] = _ranks(candidates, scores)
    for name in UNITS:
        costs = [np.nan if c.plan is None else getattr(c.plan.costs, name) for c in candidates]
        found[name] = np.array(costs, float)
    found["options"] = [{} if c.plan is None else dict(c.plan.options) for c in candidates]
    found["refused"] = np.array([c.refused for c in candidates], object)
    found["elsewhere"] = np.array([not c.is_ours for c in candidates])
    found["seconds"] = np.array([c.seconds for c in candidates])
    return found


def pareto_front(candidates: Sequence[Candidate], finished: Sequence[Candidate]) -> ParetoFront:
    """What no other finished candidate betters in score, RAM, flash and instructions.

    Of several that are equal in all of them, the first.
    """
    if not finished:
        return ParetoFront()
    scores = np.array([[-c.scores[-1]] for c in finished])
    out = is_dominated(np.hstack([scores, log_costs(finished)]))
    places = {c: i for i, c in enumerate(candidates)}
    points: dict[tuple[float, Costs], ParetoPoint] = {}
    for c, dominated in zip(finished, out, strict=True):
        if c.plan is not None and not dominated:
            point = ParetoPoint(places[c], c.scores[-1], c.plan.costs, dict(c.params))
            points.setdefault((point.score, point.costs), point)
    return ParetoFront(sorted(points.values(), key=lambda point: -point.score))


def _column(candidates: Sequence[Candidate], name: str) -> MaskedArray[Any, Any]:
    """Values of a parameter, masked where a candidate has none."""
    values = np.empty(len(candidates), object)
    for i, candidate in enumerate(candidates):
        values[i] = candidate.params.get(name)
    return MaskedArray(values, mask=[name not in c.params for c in candidates])


def _ranks(candidates: Sequence[Candidate], scores: NDArray[np.float64]) -> NDArray[np.intp]:
    """1 is best: what got further comes first, what is refused last."""
    orders = [
        (bool(c.refused), -c.level, -score if c.scores else 0.0)
        for c, score in zip(candidates, scores, strict=True)
    ]
    places = {order: place for place, order in enumerate(sorted(set(orders)))}
    return np.asarray(rankdata([places[order] for order in orders], method="min"), np.intp)
