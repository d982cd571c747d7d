"""Which candidates to try next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.stats import gaussian_kde
from sklearn.model_selection import ParameterGrid, ParameterSampler

from skconv.search.budget import UNITS
from skconv.search.candidate import Candidate
from skconv.search.pareto import is_dominated

Distributions = Mapping[str, Any]

# Children for each one that is kept: costs are cheap to find, scores are not.
CHILDREN = 2
# Of all candidates, those drawn anew and not changed from a parent.
DRAWN = 0.3
# Of all children, those that are made as large as the budget has room for.
FILLED = 0.5
# Candidates of lists that are shuffled as a whole.
MOST_LISTED = 10_000


class Sampler(Protocol):
    """What proposes candidates."""

    def ask(self, n: int, known: Sequence[Candidate]) -> list[Candidate]:
        """Candidates to find the costs of: as many as it takes to keep ``n``."""
        ...

    def keep(
        self, n: int, planned: Sequence[Candidate], known: Sequence[Candidate]
    ) -> list[Candidate]:
        """Those of them, whose costs are known and within the budget, that are to be fitted."""
        ...


class RandomSampler:
    """Draws as `sklearn.model_selection.RandomizedSearchCV` makes them.

    They are independent, but from a space of lists alone, which gives each of its candidates once,
    if there are no more than 10,000.

    Examples
    --------
    >>> import numpy as np
    >>> from skconv.search.sampling import RandomSampler
    >>> sampler = RandomSampler([{"C": [1, 10]}, {"alpha": [5]}], np.random.RandomState(0))
    >>> [dict(candidate.params) for candidate in sampler.ask(6, [])]
    [{'alpha': 5}, {'C': 1}, {'C': 10}]
    """

    def __init__(self, spaces: Sequence[Distributions], random: np.random.RandomState) -> None:
        self.spaces = spaces
        self.random = random

    def ask(self, n: int, known: Sequence[Candidate]) -> list[Candidate]:
        return [each for _ in range(n) if (each := self._next()) is not None]

    @cached_property
    def _orders(self) -> list[list[int] | None]:
        return [self._order(space) for space in self.spaces]

    def _order(self, space: Distributions) -> list[int] | None:
        """Places in the grid of a space, in the order in which they are taken; None: draws."""
        if any(hasattr(values, "rvs") for values in space.values()):
            return None
        size = len(ParameterGrid(space))
        return self.random.permutation(size).tolist() if size <= MOST_LISTED else None

    def _next(self) -> Candidate | None:
        """One of a space that has more."""
        left = [i for i, order in enumerate(self._orders) if order is None or order]
        if not left:
            return None
        space = left[int(self.random.randint(len(left)))]
        order = self._orders[space]
        if order is None:
            return Candidate(self.values(self.spaces[space]), space)
        return Candidate(ParameterGrid(self.spaces[space])[order.pop()], space)

    def keep(
        self, n: int, planned: Sequence[Candidate], known: Sequence[Candidate]
    ) -> list[Candidate]:
        return list(planned[:n])

    def drawn(self) -> Candidate:
        """One candidate."""
        space = int(self.random.randint(len(self.spaces)))
        return Candidate(self.values(self.spaces[space]), space)

    def values(self, distributions: Distributions) -> dict[str, Any]:
        """One value of each."""
        (found,) = ParameterSampler(distributions, 1, random_state=self.random)
        return dict(found)


class DensitySampler(RandomSampler):
    """Children of the best so far, most where the front is thin.

    A parent of the front, and of its children those to fit, are chosen with probabilities inverse
    to the density of the front at their costs. A child differs from its parent in one or two
    parameters, so it inherits the rest: with the same seed its first kernels are its parent's.
    Every second child is made as large as the budget has room for: a smaller head leaves room for
    more kernels.

    Parameters
    ----------
    spaces : sequence of mapping
    random : RandomState
    starts : sequence of Candidate
        What is proposed first.

    References
    ----------
    T. Elsken, J. H. Metzen, F. Hutter, "Efficient multi-objective neural architecture search via
    Lamarckian evolution", ICLR 2019 (LEMONADE, algorithm 1).
    """

    def __init__(
        self,
        spaces: Sequence[Distributions],
        random: np.random.RandomState,
        starts: Sequence[Candidate] = (),
    ) -> None:
        super().__init__(spaces, random)
        self._starts = list(starts)

    def ask(self, n: int, known: Sequence[Candidate]) -> list[Candidate]:
        if self._starts:
            found, self._starts = self._starts[:n], self._starts[n:]
            return found
        parents = front(known)
        if len(parents) < 2:
            return [self.drawn() for _ in range(CHILDREN * n)]
        chances = self._chances(parents, parents)
        return [
            self.drawn()
            if self.random.rand() < DRAWN
            else self.child(parents[self.random.choice(len(parents), p=chances)])
            for _ in range(CHILDREN * n)
        ]

    def keep(
        self, n: int, planned: Sequence[Candidate], known: Sequence[Candidate]
    ) -> list[Candidate]:
        parents = front(known)
        if len(planned) <= n or len(parents) < 2:
            return list(planned[:n])
        chances = self._chances(planned, parents)
        chosen = self.random.choice(len(planned), size=n, replace=False, p=chances)
        return [planned[i] for i in chosen]

    def child(self, parent: Candidate) -> Candidate:
        """The parent with one or two parameters drawn anew."""
        distributions = self.spaces[parent.space]
        names = sorted(distributions)
        n = min(len(names), 1 + int(self.random.randint(2)))
        changed = self.random.choice(names, size=n, replace=False)
        values = self.values({name: distributions[name] for name in changed})
        fills = bool(self.random.rand() < FILLED)
        return Candidate({**parent.params, **values}, parent.space, fills=fills)

    def _chances(
        self, candidates: Sequence[Candidate], front: Sequence[Candidate]
    ) -> NDArray[np.float64]:
        """Inverse to the density of the front."""
        inverse = 1 / (density(log_costs(front), log_costs(candidates)) + 1e-12)
        return np.asarray(inverse / inverse.sum())


def front(known: Sequence[Candidate]) -> list[Candidate]:
    """Candidates that none at their level or a later one betters in score and costs."""
    scored = [c for c in known if c.scores and c.plan is not None]
    if not scored:
        return []
    top = max(c.level for c in scored)
    # At each level scores are comparable among themselves only.
    for level in range(top, -1, -1):
        there = [c for c in scored if c.level >= level]
        scores = np.array([[-c.scores[level]] for c in there])
        dominated = is_dominated(np.hstack([scores, log_costs(there)]))
        found = [c for c, out in zip(there, dominated, strict=True) if not out]
        if len(found) > 1:
            return found
    return found


def log_costs(
    candidates: Sequence[Candidate], names: Sequence[str] = tuple(UNITS)
) -> NDArray[np.float64]:
    """RAM, flash and instructions, a row a candidate; twice as much is one step of log 2."""
    costs = [c.plan.costs for c in candidates if c.plan is not None]
    return np.log([[max(1, getattr(cost, name)) for name in names] for cost in costs])


def density(points: NDArray[np.float64], at: NDArray[np.float64]) -> NDArray[np.float64]:
    """Density of the points, estimated with Gaussian kernels along each axis that they spread on.

    Examples
    --------
    >>> import numpy as np
    >>> from skconv.search.sampling import density
    >>> near, far = density(np.array([[0.0], [0.1], [0.2], [1.0]]), np.array([[0.1], [0.9]]))
    >>> bool(near > far)
    True
    """
    found = np.ones(len(at))
    for axis in range(points.shape[1]):
        if np.ptp(points[:, axis]) > 0:
            found *= gaussian_kde(points[:, axis])(at[:, axis])
    return found
