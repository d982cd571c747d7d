"""A candidate: one setting of the parameters, and what is known of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from skconv.search.costs import Plan


@dataclass(eq=False)
class Candidate:
    """One setting of the parameters.

    Attributes
    ----------
    params : mapping
        As `set_params` takes them.
    space : int
        Which of the distributions they were drawn from.
    plan : Plan or None
        How it would be exported and what it costs; None where that failed.
    failed : str
        The error of a fit or of an export; empty where there was none.
    scores : list of float
        Its score at each level that it reached, the first level first.
    seconds : float
        What fits and scores took.
    fold_scores : list of float
        Of each fold at the last level.
    float_score : float
        Mean score of the fitted estimator itself at the last level, where ``scores`` holds that
        of its C.
    code : str
        Its name in the journal: see `skconv.search.code`.
    is_ours : bool
        Whether this search proposed it; others of the same study may have.
    fills : bool
        Whether it is to be made as large as the budget has room for: see `skconv.search.growth`.
    """

    params: Mapping[str, Any]
    space: int = 0
    plan: Plan | None = None
    failed: str = ""
    scores: list[float] = field(default_factory=list)
    seconds: float = 0.0
    fold_scores: list[float] = field(default_factory=list)
    float_score: float = float("nan")
    code: str = ""
    is_ours: bool = True
    fills: bool = False

    @property
    def refused(self) -> str:
        """Why it is out: over the budget, or failed. Empty where it is not."""
        return self.failed or ("" if self.plan is None else self.plan.excess)

    @property
    def level(self) -> int:
        """The last level that it reached; -1 where it reached none."""
        return len(self.scores) - 1

    def __str__(self) -> str:
        score = f"{self.scores[-1]:.4f}" if self.scores else "not scored"
        return score if self.plan is None else f"{score} ({self.plan.costs})"
