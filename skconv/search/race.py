"""Who need not run the other folds of the last level: another one was better for no more."""

from __future__ import annotations

from collections.abc import Mapping

from skconv.search.budget import UNITS, Costs
from skconv.search.candidate import Candidate


def bettered(
    racing: Mapping[Candidate, float], finished: Mapping[Candidate, float], place: int
) -> set[Candidate]:
    """Candidates that a rival beat in the first fold, not having lost the level before.

    A rival costs no more of anything, so whoever leaves would not be on the front.

    Parameters
    ----------
    racing, finished : mapping of Candidate to float
        Scores of the first fold, of those who have run no other one and of those who have.
    place : int
        Which level is the last one.

    References
    ----------
    O. Maron, A. W. Moore, "Hoeffding races: accelerating model selection search for classification
    and function approximation", NeurIPS 1993: here two results stand for a test.

    Examples
    --------
    >>> from skconv.search.budget import Costs
    >>> from skconv.search.candidate import Candidate
    >>> from skconv.search.costs import Plan
    >>> from skconv.search.race import bettered
    >>> plan = Plan(Costs(100, 1000, 10_000, 800), {}, "")
    >>> a, b, c = (Candidate({"C": s}, plan=plan, scores=[s]) for s in (0.8, 0.9, 0.7))
    >>> [found.params for found in bettered({a: 0.8, b: 0.85, c: 0.9}, {}, 1)]
    [{'C': 0.8}]
    """
    rivals = {**finished, **racing}
    return {
        candidate
        for candidate, score in racing.items()
        if any(
            score < other
            and candidate.scores[place - 1] <= rival.scores[place - 1]
            and costs_no_more(rival, candidate)
            for rival, other in rivals.items()
        )
    }


def costs_no_more(rival: Candidate, candidate: Candidate) -> bool:
    return all(getattr(costs(rival), name) <= getattr(costs(candidate), name) for name in UNITS)


def costs(candidate: Candidate) -> Costs:
    assert candidate.plan is not None
    return candidate.plan.costs
