"""The file of a study: a kill loses nothing, and two searches share what they measure."""

from __future__ import annotations

import json
import signal
import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from scipy.stats import uniform
from sklearn.decomposition import PCA

from skconv import BudgetSearchCV
from skconv.search.budget import Budget, Costs
from skconv.search.candidate import Candidate
from skconv.search.code import decoded, encoded
from skconv.search.journal import Entry, Journal
from skconv.search.others import Others
from tests.search_process import Scorer, searched, started, wait_for

Lines = list[dict[str, Any]]
EXTRACTORS = [PCA(2), PCA(3)]


def lines_of(text: str) -> Lines:
    return [json.loads(line) for line in text.splitlines()]


def measured(lines: Iterable[dict[str, Any]]) -> Counter[str]:
    """How often each candidate was measured at each level."""
    return Counter(line["key"] for line in lines if line["key"].startswith("level"))


@dataclass
class TwoProcesses:
    """A search here that another process joined, and the file of one that was killed there."""

    here: BudgetSearchCV
    there: str
    lines: Lines
    killed: Path
    exit_code: int


@pytest.fixture(scope="module")
def processes(tmp_path_factory: pytest.TempPathFactory) -> TwoProcesses:
    folder = tmp_path_factory.mktemp("studies")
    study, killed = folder / "study.jsonl", folder / "killed.jsonl"
    with started(study, killed) as process:
        here = searched(study, 0, Scorer(lambda: wait_for(study.with_suffix(".joined")), middle=3))
        there, _ = process.communicate(timeout=60)
    lines = lines_of(study.read_text())
    return TwoProcesses(here, there, lines, killed, process.returncode)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_a_search_that_is_killed_goes_on(processes: TwoProcesses, tmp_path: Path) -> None:
    """Nothing is lost or measured twice, and the winner is that of a search without a kill."""
    assert processes.exit_code == -signal.SIGKILL
    *kept, torn = processes.killed.read_text().splitlines()
    assert len(measured(lines_of("\n".join(kept)))) == 7
    study = tmp_path / "study.jsonl"
    study.write_text("\n".join([*kept, torn[:-20]]))

    resumed, whole = searched(study, 0), searched(tmp_path / "another.jsonl", 0)
    assert resumed.best_params_ == whole.best_params_
    for name in ("params", "level", "mean_test_score", "refused", "elsewhere"):
        assert_array_equal(resumed.cv_results_[name], whole.cv_results_[name])
    found = study.read_text().splitlines()
    assert found[: len(kept) + 1] == [*kept, torn[:-20]]
    lines = [*kept, *found[len(kept) + 1 :]]
    assert set(measured(lines_of("\n".join(lines))).values()) == {1}


def test_two_processes_share_a_study(processes: TwoProcesses) -> None:
    """Each takes the other's candidates for its own front, and the samples of levels are common."""
    writers = [line["writer"] for line in processes.lines]
    places = {w: [i for i, each in enumerate(writers) if each == w] for w in set(writers)}
    first, second = sorted(places.values())
    assert first[-1] > second[0]  # They ran at the same time.
    n_from_here, best_there = processes.there.split()
    n_from_there = processes.here.cv_results_["elsewhere"].sum()
    assert int(n_from_here) > 0 or n_from_there > 0
    finished = [line["measured"] for line in processes.lines if line["key"].startswith("level 1")]
    best = max(np.mean(each["fold_scores"]) for each in finished)
    assert max(processes.here.best_score_, float(best_there)) == best


def test_what_another_search_measured_is_not_measured_again(tmp_path: Path) -> None:
    """The other one runs whole while this one is in the middle of its first level."""
    study = tmp_path / "study.jsonl"
    outer = searched(study, 0, Scorer(lambda: searched(study, 0), middle=3))
    # Only the one that this search had begun.
    assert sum(n - 1 for n in measured(lines_of(study.read_text())).values()) == 1
    assert outer.best_params_ == searched(tmp_path / "alone.jsonl", 0).best_params_


def test_a_search_knows_after_a_kill_what_it_knew_before(tmp_path: Path) -> None:
    path = tmp_path / "study.jsonl"
    journals = [Journal(path, "digits", writer) for writer in ("here", "there")]
    for i in range(3):
        journals[1].add(f"candidate {i}", {})
        known = [e.key for e in journals[0].before(f"batch {i}") if e.writer == "there"]
        again = Journal(path, "digits", "here")
        for j in range(i + 1):
            assert len([e for e in again.before(f"batch {j}") if e.writer == "there"]) == j + 1
        assert known == [f"candidate {j}" for j in range(i + 1)]


def test_names_of_candidates() -> None:
    """A place in a list or a number is enough to build it again."""
    lists = {"kernel": ["poly", "rbf"], "tol": np.array([0.5, 0.25]), "pca": EXTRACTORS}
    spaces: list[Any] = [{"C": [True, 1, 1.0]}, {**lists, "C": uniform()}]
    params = {"kernel": "rbf", "tol": np.float64(0.25), "pca": EXTRACTORS[1], "C": np.float64(0.1)}
    code = encoded(Candidate(params, 1), spaces)
    assert code == '[1, {"C": 0.1, "kernel": 1, "pca": 1, "tol": 1}]'
    found = decoded(code, spaces)
    assert found.params["pca"] is EXTRACTORS[1]
    assert not found.is_ours
    codes = {encoded(Candidate({"C": value}), spaces) for value in (True, 1, 1.0)}
    assert len(codes) == 3


def test_a_candidate_that_json_cannot_name() -> None:
    class Shapes:
        def rvs(self, **_: Any) -> tuple[int, int]:
            return (3, 3)

    code = encoded(Candidate({"shape": (3, 3)}), [{"shape": Shapes()}])
    others = Others([{"shape": Shapes()}], Budget())
    costs = vars(Costs(1, 2, 3, 4))
    planned = Entry("there", f"plan {code}", {"failed": "", "costs": costs, "options": {}})
    assert others.take([planned], []) == []


def test_storage_without_locks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(file: Any) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr("skconv.utils.locked._wait_for", refuse)
    journal = Journal(tmp_path / "study.jsonl", "digits")
    with pytest.warns(UserWarning, match=r"cannot be locked \(Operation not supported\): let only"):
        journal.add("a candidate", {"score": 1})
    assert Journal(tmp_path / "study.jsonl", "digits").known("a candidate") == {"score": 1}
