"""Searches with a study in a process of their own: one shares its study, one is killed.

python -m tests.search_process STUDY KILLED_STUDY
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sklearn.decomposition import PCA
from sklearn.pipeline import make_pipeline

from skconv import BatchRidgeClassifier, BudgetSearchCV
from skconv.datasets import load_digits

ROOT = Path(__file__).parents[1]
X, y = load_digits(return_X_y=True)
X, y = X[:240].reshape(240, -1), y[:240]
# After seven scores at the first level and those of one candidate at the last.
MIDDLE = 7 + 4 + 2


class Scorer:
    """Accuracy; in the middle of a search something happens."""

    def __init__(self, in_the_middle: Callable[[], object] = bool, middle: int = MIDDLE) -> None:
        self.in_the_middle = in_the_middle
        self.middle = middle
        self.n_calls = 0

    def __call__(self, estimator: Any, X: Any, y: Any) -> float:
        self.n_calls += 1
        if self.n_calls == self.middle:
            self.in_the_middle()
        return float(estimator.score(X, y))


def searched(study: Path, random_state: int, scorer: Scorer | None = None) -> BudgetSearchCV:
    """A search that others may take part in, or that goes on after a kill."""
    return BudgetSearchCV(
        make_pipeline(PCA(random_state=0), BatchRidgeClassifier(alpha=10.0)),
        {"pca__n_components": [2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13]},
        chip="atmega328p",
        flash_bytes=1600,
        n_candidates=7,
        cv=2,
        scoring=scorer or Scorer(),
        study=study,
        resume=study.exists(),
        random_state=random_state,
    ).fit(X, y)


def started(study: Path, killed: Path) -> subprocess.Popen[str]:
    """`main` in a process of its own."""
    # Not with -m: the scorer would be one of `__main__`, and the study another.
    program = "from tests.search_process import main; main()"
    command = [sys.executable, "-c", program, str(study), str(killed)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def wait_for(file: Path) -> None:
    end = time.monotonic() + 60
    while not file.exists():
        if time.monotonic() > end:
            raise TimeoutError(f"the other process did not make {file}")
        time.sleep(0.01)


def main() -> None:
    study, killed = map(Path, sys.argv[1:])
    wait_for(study)
    search = searched(study, 1, Scorer(study.with_suffix(".joined").touch, middle=3))
    print(sum(search.cv_results_["elsewhere"]), search.best_score_, flush=True)
    searched(killed, 0, Scorer(lambda: os.kill(os.getpid(), signal.SIGKILL)))
