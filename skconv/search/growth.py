"""Candidates as large as the budget has room for, found by their costs alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from skconv.search.budget import Budget
from skconv.search.candidate import Candidate
from skconv.search.sampling import Distributions

# Names of parameters that say how many there are of something, as scikit-learn has them.
SIZE = "n_"
# Of a limit: what is taken so far needs no further look.
FULL = 0.95
# So many sizes are taken from a line through costs; then halves follow.
MOST_STRAIGHT = 4


def size_parameter(space: Distributions) -> str | None:
    """The parameter that says how large a model is: ascending whole numbers called ``n_...``.

    Examples
    --------
    >>> from skconv.search.growth import size_parameter
    >>> size_parameter({"features__n_kernels": [4, 8], "head__C": [1, 10]})
    'features__n_kernels'
    """
    for name, values in space.items():
        if name.split("__")[-1].startswith(SIZE) and not hasattr(values, "rvs"):
            is_whole = all(isinstance(each, int | np.integer) for each in values)
            if len(values) > 1 and is_whole and list(values) == sorted(values):
                return name
    return None


def grown(
    candidates: Iterable[Candidate],
    spaces: Sequence[Distributions],
    budget: Budget,
    plan: Callable[[list[Candidate]], object],
    is_over: Callable[[], bool] = bool,
) -> list[Candidate]:
    """Candidates, those that are to fill the budget with the largest size that does not exceed it.

    Without a limit of flash there is nothing to fill.

    Parameters
    ----------
    candidates : iterable of Candidate
    spaces : sequence of mapping
    budget : Budget
    plan : callable
        Finds out the costs of several candidates at a time.
    is_over : callable
        Whether no time is left: what fits so far is then taken.
    """
    found = list(candidates)
    growths = {}
    for place, candidate in enumerate(found):
        name = size_parameter(spaces[candidate.space])
        if candidate.fills and name is not None and budget.flash_bytes is not None:
            growths[place] = _Growth(candidate, name, spaces[candidate.space][name], budget)
    while asked := {place: tried for place, each in growths.items() if (tried := each.next)}:
        plan(list(asked.values()))
        for place in asked:
            growths[place].take()
        if is_over():
            break
    for place, each in growths.items():
        found[place] = each.largest
    return found


@dataclass
class _Growth:
    """The largest size that fits, between one that does and one that does not."""

    candidate: Candidate
    name: str
    values: Sequence[int]
    budget: Budget
    planned: dict[int, Candidate] = field(default_factory=dict)
    shares: dict[int, float] = field(default_factory=dict)

    @property
    def next(self) -> Candidate | None:
        """A candidate whose costs are to be found; None at the end."""
        if self._is_full or self._exceeds - self._fits < 2:
            return None
        guess = min(max(self._guess, self._fits + 1), self._exceeds - 1)
        params: dict[str, Any] = {**self.candidate.params, self.name: self.values[guess]}
        self.planned[guess] = Candidate(params, self.candidate.space)
        return self.planned[guess]

    def take(self) -> None:
        """Note what the last candidate costs."""
        place, last = [*self.planned.items()][-1]
        costs = None if last.failed or last.plan is None else last.plan.costs
        self.shares[place] = np.inf if costs is None else self.budget.share(costs)

    @property
    def largest(self) -> Candidate:
        """The largest that fits, or the smallest that was tried."""
        return self.planned[self._fits if self._fits >= 0 else min(self.planned)]

    @property
    def _fits(self) -> int:
        return max((place for place, share in self.shares.items() if share <= 1), default=-1)

    @property
    def _exceeds(self) -> int:
        beyond = (place for place, share in self.shares.items() if share > 1)
        return min(beyond, default=len(self.values))

    @property
    def _is_full(self) -> bool:
        return self.shares.get(self._fits, 0.0) > FULL

    @property
    def _guess(self) -> int:
        """Costs grow by a straight line with sizes; where that leads nowhere new, halves."""
        known = {self.values[place]: share for place, share in self.shares.items()}
        if not known:
            return list(self.values).index(self.candidate.params[self.name])
        if len(known) > MOST_STRAIGHT or np.inf in known.values():
            return (self._fits + self._exceeds) // 2
        (n, share), *rest = sorted(known.items(), key=lambda item: abs(item[1] - 1))
        rise = (share - rest[0][1]) / (n - rest[0][0]) if rest else share / n
        wanted = n + (1 - share) / rise if rise > 0 else np.inf
        return int(np.searchsorted(self.values, wanted, side="right")) - 1
