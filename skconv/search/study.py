"""The run of a search: propose, refuse what does not fit, measure, promote the best."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import numpy as np
from joblib import effective_n_jobs
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.utils import _safe_indexing
from sklearn.utils.parallel import Parallel, delayed

from skconv.compression import Compressed
from skconv.search.alike import without_head, without_penalties
from skconv.search.budget import Budget
from skconv.search.candidate import Candidate
from skconv.search.code import encoded
from skconv.search.costs import Options
from skconv.search.growth import grown
from skconv.search.jobs import Facts, joined, measure_job, plan_job, take_measured, take_plan
from skconv.search.journal import Entry, Journal
from skconv.search.levels import FACTOR, Level, Scorer
from skconv.search.others import PLAN, Others, level_key
from skconv.search.pareto import layers
from skconv.search.proxy import with_random_kernels
from skconv.search.sampling import Distributions, Sampler, log_costs
from skconv.utils.progress import report

# A batch is never less: promotions compare candidates.
BATCH = 6
# Batches in a row without a candidate that fits and was not seen before.
PATIENCE = 10


@dataclass
class Study:
    """Candidates, and what is needed to measure them.

    Parameters
    ----------
    estimator : estimator
        What parameters are set of.
    spaces : sequence of mapping
        What parameters are drawn from.
    X, y : array-like
    rows : ndarray of int
        Samples of the trial fits that find out costs.
    levels : sequence of Level
    budget : Budget
    options : mapping
        Arguments of `to_c`.
    scorer : callable
    journal : Journal
    memory : joblib.Memory
        Where features are cached.
    cache_bytes : int
        How large the cache may grow.
    n_jobs : int or None
    proxy : {"ridge", "random"}
        What the first level replaces: the head, or learned kernels, too.
    most_features : int or None
        What a head may read.

    Attributes
    ----------
    candidates : list of Candidate
        All that were proposed, here or by other searches of the same study, in their order.
    """

    estimator: Any
    spaces: Sequence[Distributions]
    X: Any
    y: NDArray[Any]
    rows: NDArray[np.intp]
    levels: Sequence[Level]
    budget: Budget
    options: Options
    scorer: Scorer
    journal: Journal
    memory: Any
    cache_bytes: int
    n_jobs: int | None
    proxy: str = "ridge"
    most_features: int | None = None
    candidates: list[Candidate] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._others = Others(self.spaces, self.budget)
        self._shared: dict[str, Facts] = {}
        self._ridges: dict[str, Facts] = {}
        self._n_rounds = 0
        self._end = float("inf")

    def run(self, sampler: Sampler, n_candidates: int | None, time_limit: float | None) -> None:
        """Search until so many candidates were scored, or that many seconds went by."""
        self._end = float("inf") if time_limit is None else time.perf_counter() + time_limit
        batch = batch_size(self.n_jobs)
        idle = 0
        while not (self._is_over and self.finished):
            before = self._n_scored_here
            n = batch if n_candidates is None else min(batch, n_candidates - before)
            n = 0 if self._is_over or idle == PATIENCE else n
            n_begun = self._round(sampler, n)
            if not n_begun and not n:
                break  # Nothing is left to climb.
            if n:
                idle = idle + 1 if self._n_scored_here == before else 0
            report(self._progress(self._end - time.perf_counter()))
        self.journal.read()
        self._take_others(self.journal.entries)

    @property
    def _is_over(self) -> bool:
        return time.perf_counter() >= self._end

    @property
    def scored(self) -> list[Candidate]:
        """Candidates that were fitted and scored."""
        return [c for c in self.candidates if c.scores]

    @property
    def _n_scored_here(self) -> int:
        return sum(c.is_ours for c in self.scored)

    @property
    def finished(self) -> list[Candidate]:
        """Candidates that were measured in integers on all samples, and fit."""
        return [c for c in self.scored if c.level == len(self.levels) - 1 and not c.refused]

    @property
    def trial_samples(self) -> tuple[Any, NDArray[Any]]:
        """The few samples that costs are found out with."""
        return _safe_indexing(self.X, self.rows), self.y[self.rows]

    def build(self, candidate: Candidate) -> Any:
        """An estimator with the parameters of a candidate, not fitted."""
        found = clone(self.estimator).set_params(**clone(dict(candidate.params), safe=False))
        is_empty = isinstance(found, Compressed) and not found.passes
        return found.estimator if is_empty else found

    def _built(self, candidate: Candidate, place: int | None = None) -> Any:
        """What a job fits, at a level or, without one, for a trial."""
        found = self.build(candidate)
        if isinstance(found, Compressed):
            found.set_params(with_costs=False)  # Nobody reads what each pass bought.
        is_drawn = place == 0 and self.proxy == "random"
        return with_random_kernels(found) if is_drawn else found

    def _round(self, sampler: Sampler, n: int) -> int:
        """Measure new candidates, and at the same time those that climb; how many there were."""
        self._n_rounds += 1
        known = self.journal.before(f"batch {self._n_rounds}")
        self._take_others(e for e in known if e.writer != self.journal.writer)
        places = dict(self._climbing(are_more=n > 0))
        if n:
            self._propose(sampler, n)
            waiting = [c for c in self.candidates if c.is_ours and not c.refused and not c.scores]
            places |= dict.fromkeys(sampler.keep(n, waiting, self.scored), 0)
        self._measure(places if effective_n_jobs(self.n_jobs) == 1 else dearest_first(places))
        self.memory.reduce_size(bytes_limit=self.cache_bytes)
        return len(places)

    def _propose(self, sampler: Sampler, n: int) -> None:
        """Find out the costs of as many new candidates as it takes to keep some."""
        asked = sampler.ask(n, self.scored)
        how = (self.spaces, self.budget, self._plan, lambda: self._is_over)
        new = self._unseen(grown(asked, *how))
        self._plan(new)
        self.candidates += new

    def _climbing(self, *, are_more: bool) -> Iterator[tuple[Candidate, int]]:
        """Candidates that go on to their next level; the dearest first.

        Without a limit of time the last level waits until all others are done: the best third is
        known then, and no candidate is fitted to all samples that a later one betters.
        """
        last = len(self.levels) - 1
        before = [(c, level) for level in range(last - 1, 0, -1) for c in self._promoted(level)]
        if not np.isinf(self._end) or not (are_more or before):
            yield from ((c, last) for c in self._promoted(last))
        yield from before

    def _take_others(self, entries: Iterable[Entry]) -> None:
        ours = (c.code for c in self.candidates if c.is_ours)
        self.candidates += self._others.take(entries, ours)

    def _unseen(self, asked: Iterable[Candidate]) -> list[Candidate]:
        found = {c.code for c in self.candidates}
        new = []
        for candidate in asked:
            candidate.code = encoded(candidate, self.spaces)
            if candidate.code not in found:
                found.add(candidate.code)
                new.append(candidate)
        return new

    # ------------------------------------------------------------------------- jobs

    def _plan(self, candidates: Sequence[Candidate]) -> None:
        X, y = self.trial_samples
        for candidate in candidates:
            candidate.code = encoded(candidate, self.spaces)

        def jobs(c: Candidate) -> list[Any]:
            more = (self.options, self.budget, self.most_features)
            return [delayed(plan_job)(self._built(c), X, y, *more)]

        # One trial fit of all that differ in a penalty alone, where it holds for all of them.
        alike = {c: without_penalties(c.code, self.estimator) for c in candidates}
        firsts = {name: c for c, name in reversed(alike.items()) if name not in self._shared}
        found = self._computed({c: f"{PLAN} {c.code}" for c in firsts.values()}, jobs)
        self._shared |= {alike[c]: f for c, f in found.items() if f.get("any_penalty")}
        for candidate, name in alike.items():
            if name in self._shared:
                self.journal.agreed(f"{PLAN} {candidate.code}", self._shared[name])
        found |= self._computed({c: f"{PLAN} {c.code}" for c in candidates}, jobs)
        for candidate, facts in found.items():
            take_plan(candidate, facts, self.budget)

    def _measure(self, places: dict[Candidate, int]) -> None:
        """Measure every candidate at its level, all at the same time, a job a fold."""

        def jobs(c: Candidate) -> list[Any]:
            if self._is_over and self.finished:
                return []  # Nothing is begun any more.
            options = {} if c.plan is None else c.plan.options
            more = (self.scorer, options, self.memory)
            estimator, level = self._built(c, places[c]), self.levels[places[c]]
            folds = [Level(level.kind, [fold]) for fold in level.folds]
            return [delayed(measure_job)(estimator, self.X, self.y, fold, *more) for fold in folds]

        keys = {c: f"{level_key(place)} {c.code}" for c, place in places.items()}
        found = self._computed(self._unlike(keys, places), jobs)
        # The first level puts a ridge in place of the head: candidates that differ in it are alike.
        for candidate in (c for c, place in places.items() if place == 0):
            name = without_head(candidate.code, self.estimator)
            if candidate in found:
                self._ridges.setdefault(name, found[candidate])
            elif name in self._ridges:
                facts = {**self._ridges[name], "seconds": 0.0}
                found[candidate] = self.journal.agreed(keys[candidate], facts)
        for candidate, facts in found.items():
            take_measured(candidate, facts, self.budget)

    def _unlike(
        self, keys: dict[Candidate, str], places: dict[Candidate, int]
    ) -> dict[Candidate, str]:
        """Candidates to measure: at the first level one for each set of features."""
        seen, found = set(self._ridges), {}
        for candidate, key in keys.items():
            name = without_head(candidate.code, self.estimator)
            if places[candidate] > 0 or name not in seen:
                found[candidate] = key
                seen |= {name} if places[candidate] == 0 else set()
        return found

    def _computed(
        self, keys: dict[Candidate, str], jobs: Callable[[Candidate], list[Any]]
    ) -> dict[Candidate, Facts]:
        """What jobs find out, and what the journal knows already; each is noted as it comes."""
        begun: list[tuple[str, int]] = []

        def all_jobs() -> Iterator[Any]:
            for candidate, key in keys.items():
                self.journal.read()  # Another search may have measured it meanwhile.
                if self.journal.known(key) is None and (mine := jobs(candidate)):
                    begun.append((key, len(mine)))
                    yield from mine

        results = iter(Parallel(n_jobs=self.n_jobs, return_as="generator")(all_jobs()))
        for place, first in enumerate(results):
            key, n = begun[place]
            self.journal.add(key, joined([first, *islice(results, n - 1)]))
        return {c: found for c, key in keys.items() if (found := self.journal.known(key))}

    # -------------------------------------------------------------------- promotion

    def _promoted(self, place: int) -> list[Candidate]:
        """The best third of a level whose next one, at that place, is still to come.

        Every second one by its score alone, the others by what they cost, too.

        References
        ----------
        L. Li et al., "A system for massively parallel hyperparameter tuning", MLSys 2020 (ASHA).
        """
        there = [c for c in self.scored if c.level >= place - 1 and not c.refused]
        if not there:
            return []
        scores = np.array([c.scores[place - 1] for c in there])
        by_score = np.argsort(-scores, kind="stable")
        by_layer = np.lexsort((-scores, layers(self._objectives(there, scores))))
        chosen = list(by_turns(by_score, by_layer))[: -(-len(there) // FACTOR)]
        # Those of other searches climb where they were proposed, and not twice.
        return [c for c in (there[i] for i in chosen) if c.is_ours and c.level == place - 1]

    def _objectives(
        self, candidates: Sequence[Candidate], scores: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """What to make small: the score with its sign turned, and costs without a limit."""
        return np.column_stack([-scores, log_costs(candidates, self.budget.objectives)])

    def _progress(self, seconds_left: float) -> str:
        refused = sum(bool(c.plan and c.plan.excess) for c in self.candidates)
        n_others = len(self._others.candidates)
        text = f"{len(self.candidates)} candidates, "
        text += f"{n_others} of them by other searches, " if n_others else ""
        text += f"{refused} over the budget, "
        text += f"{len(self.scored)} fitted, {len(self.finished)} measured in integers"
        if self.finished:
            text += f"; best {max(self.finished, key=lambda c: c.scores[-1])}"
        return text if np.isinf(seconds_left) else f"{text}; {max(0, seconds_left):.0f} s left"


def batch_size(n_jobs: int | None) -> int:
    """Candidates that are measured before the next are proposed."""
    return max(BATCH, effective_n_jobs(n_jobs))


def dearest_first(places: dict[Candidate, int]) -> dict[Candidate, int]:
    """Higher levels and larger models first: workers that share them end at about the same time."""

    def cost(each: tuple[Candidate, int]) -> tuple[int, int]:
        candidate, place = each
        return place, 0 if candidate.plan is None else candidate.plan.costs.instructions

    return dict(sorted(places.items(), key=cost, reverse=True))


def by_turns(first: Iterable[int], second: Iterable[int]) -> Iterator[int]:
    """Both lists by turns, each number once.

    Examples
    --------
    >>> from skconv.search.study import by_turns
    >>> list(by_turns([0, 1, 2], [2, 1, 0]))
    [0, 2, 1]
    """
    seen: set[int] = set()
    for pair in zip(first, second, strict=True):
        for each in map(int, pair):
            if each not in seen:
                seen.add(each)
                yield each
