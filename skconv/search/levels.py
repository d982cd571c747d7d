"""How well a candidate does: cheaply first, with all samples and in integers last."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone, is_classifier
from sklearn.linear_model import Ridge
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import _safe_indexing

from skconv.classifiers.ridge import BatchRidgeClassifier
from skconv.compression import Compressed
from skconv.search.budget import Costs
from skconv.search.costs import Options, exported

Rows = NDArray[np.intp]
Scorer = Callable[[Any, Any, Any], float]
Kind = Literal["ridge", "float", "integer"]

# Of what a level sees, the share that the one before it sees.
FACTOR = 3
# Fewer training samples tell nothing about a candidate.
AT_LEAST = 500
# Samples that the definition scores before the C of a model is compiled.
FEW = 2000
# Penalty of the ridge head for each sample: the best of .01 to 1 on 400 to 1,400 features of 500 to
# 1,000 images, where it scores like a logistic regression.
RIDGE_ALPHA = 0.1


@dataclass(frozen=True)
class Level:
    """One measurement of a candidate.

    Attributes
    ----------
    kind : {"ridge", "float", "integer"}
        The head replaced by ridge regression, which has a closed form; the estimator as it is;
        its C.
    folds : sequence of (ndarray, ndarray)
        Samples to fit and to score.
    """

    kind: Kind
    folds: Sequence[tuple[Rows, Rows]]

    def __str__(self) -> str:
        n = len(self.folds[0][0])
        folds = f"{len(self.folds)} folds of " if len(self.folds) > 1 else ""
        return f"{self.kind}, {folds}{n:,} samples"


@dataclass(frozen=True)
class Measured:
    """Scores at one level: of each fold, and without integers; costs of the last fold's C."""

    fold_scores: list[float]
    float_scores: list[float]
    seconds: float
    costs: dict[str, int] | None = None

    @property
    def score(self) -> float:
        return float(np.mean(self.fold_scores))

    @property
    def float_score(self) -> float:
        return float(np.mean(self.float_scores))


def levels(folds: Sequence[tuple[Rows, Rows]], random: np.random.RandomState) -> list[Level]:
    """From a ninth of the first fold with a ridge head to all folds in integers.

    Examples
    --------
    >>> import numpy as np
    >>> from skconv.search.levels import levels
    >>> fold = np.arange(9000), np.arange(9000, 12000)
    >>> print(*levels([fold, fold], np.random.RandomState(0)), sep="; ")
    ridge, 1,000 samples; float, 3,000 samples; integer, 2 folds of 9,000 samples
    """
    train, held_out = (random.permutation(rows) for rows in folds[0])
    found = []
    kinds: tuple[Kind, ...] = ("ridge", "float")
    for kind, share in zip(kinds, (FACTOR**2, FACTOR), strict=True):
        n = max(len(train) // share, min(AT_LEAST, len(train)))
        # A score of a thousand samples is known to a percent; more of them cost time.
        n_held_out = min(len(held_out), max(1000, n))
        found.append(Level(kind, [(np.sort(train[:n]), np.sort(held_out[:n_held_out]))]))
    if len(found[1].folds[0][0]) == len(train):
        del found[1]
    return [*found, Level("integer", folds)]


def measure(
    estimator: Any, X: Any, y: Any, level: Level, scorer: Scorer, options: Options, memory: Any
) -> Measured:
    """Fit a clone on every fold of a level, and score it."""
    start = time.perf_counter()
    scores, floats, costs = [], [], None
    for train, held_out in level.folds:
        fitted = _for_level(estimator, level.kind, len(train), memory)
        fitted.fit(_safe_indexing(X, train), y[train])
        x = _safe_indexing(X, held_out)
        floats.append(float(scorer(fitted, x, y[held_out])))
        if level.kind == "integer":
            model = exported(fitted, _safe_indexing(X, train), options)
            model.inference.compiles = len(held_out) > FEW
            scores.append(float(scorer(model, x, y[held_out])))
            costs = asdict(Costs.of(model))
    return Measured(scores or floats, floats, time.perf_counter() - start, costs)


def _for_level(estimator: Any, kind: Kind, n_samples: int, memory: Any) -> Any:
    """A clone that caches its features, and at the first level ends in a ridge."""
    found = clone(estimator)
    if kind == "ridge" and isinstance(found, Compressed):
        found = found.estimator  # Passes would only round what the ridge replaces.
    pipeline = found.estimator if isinstance(found, Compressed) else found
    if not isinstance(pipeline, Pipeline):
        return found
    if pipeline.memory is None:
        pipeline.memory = memory
    if kind == "ridge":
        pipeline.steps[-1] = (pipeline.steps[-1][0], _ridge(pipeline, n_samples))
    return found


def _ridge(pipeline: Pipeline, n_samples: int) -> Any:
    if is_classifier(pipeline):
        return BatchRidgeClassifier(alpha=RIDGE_ALPHA * n_samples, standardize=True)
    return make_pipeline(StandardScaler(), Ridge(RIDGE_ALPHA * n_samples))
