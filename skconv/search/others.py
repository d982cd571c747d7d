"""Candidates that other searches of the same study have measured."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from skconv.search.budget import Budget
from skconv.search.candidate import Candidate
from skconv.search.code import decoded
from skconv.search.jobs import take_measured, take_plan
from skconv.search.journal import Entry
from skconv.search.sampling import Distributions

PLAN = "plan"


def level_key(place: int) -> str:
    """What a line of the journal about a level begins with."""
    return f"level {place}"


class Others:
    """Builds candidates out of the lines of a journal.

    Parameters
    ----------
    spaces : sequence of mapping
        The spaces that all searches of the study have.
    budget : Budget

    Attributes
    ----------
    candidates : list of Candidate
        Those that were scored. Those that were only planned are free for whoever proposes them.
    """

    def __init__(self, spaces: Sequence[Distributions], budget: Budget) -> None:
        self.spaces = spaces
        self.budget = budget
        self.candidates: list[Candidate] = []
        self._planned: dict[str, Candidate] = {}

    def take(self, entries: Iterable[Entry], ours: Iterable[str]) -> list[Candidate]:
        """Note what lines say of candidates that are not ours; those that are new."""
        before = len(self.candidates)
        out = set(ours)
        for entry in entries:
            words, _, code = entry.key.partition(" [")
            if code and f"[{code}" not in out:
                self._take(words, f"[{code}", entry)
        return self.candidates[before:]

    def _take(self, words: str, code: str, entry: Entry) -> None:
        if words == PLAN and code not in self._planned:
            self._planned[code] = decoded(code, self.spaces)
            take_plan(self._planned[code], entry.measured, self.budget)
        elif code in self._planned and words == level_key(self._planned[code].level + 1):
            # A line may come again, of a search that did not see the first.
            candidate = self._planned[code]
            take_measured(candidate, entry.measured, self.budget)
            if len(candidate.scores) == 1:
                self.candidates.append(candidate)
