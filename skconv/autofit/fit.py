"""From samples to a model: search, held-out accuracy, and C."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.utils import Bunch, shuffle

from skconv.autofit.spaces import space_of
from skconv.autofit.split import HELD_OUT, folds, held_out
from skconv.deploy import CModel, to_c
from skconv.search import BudgetSearchCV, Costs
from skconv.search.costs import N_CALIBRATION
from skconv.utils.columns import aligned

KIB = 1024
# What a model may take where no chip is named.
FLASH_BYTES, RAM_BYTES = 256 * KIB, 64 * KIB
# Samples that the shape of a spectrogram is found out with.
N_EXAMPLE = 4


@dataclass(frozen=True)
class Fitted:
    """A model, and how good and how large it is.

    Attributes
    ----------
    estimator : estimator
        Fitted to all samples, or to all but the held-out ones where they are a folder of their own.
    model : CModel
        Its C.
    costs : Costs
    chip : str or None
    y_held_out, predicted : ndarray of str
        Labels of held-out samples, and what the C said of them; it was made without them.
    n_samples : int
        That the estimator is fitted to.
    samples : Bunch
        As `skconv.datasets.load_folder` gives them.
    """

    estimator: Any
    model: CModel
    costs: Costs
    chip: str | None
    y_held_out: NDArray[Any]
    predicted: NDArray[Any]
    n_samples: int
    samples: Bunch

    @property
    def accuracy(self) -> float:
        """Share of held-out samples that the C gets right."""
        return float(np.mean(self.predicted == self.y_held_out))

    @property
    def standard_error(self) -> float:
        """Of the accuracy, after its binomial distribution."""
        p = self.accuracy
        return float(np.sqrt(p * (1 - p) / len(self.y_held_out)))

    def recalls(self) -> dict[str, float]:
        """Share of the held-out samples of each class that the C gets right."""
        labels = np.unique(self.y_held_out)
        right = self.predicted == self.y_held_out
        return {str(label): float(right[self.y_held_out == label].mean()) for label in labels}

    def to_dict(self) -> dict[str, Any]:
        """The table as plain numbers and strings, ready for JSON."""
        report = self.model.report(chip=self.chip)
        return {
            "accuracy": self.accuracy,
            "standard_error": self.standard_error,
            "recalls": self.recalls(),
            "n_held_out": len(self.y_held_out),
            "n_samples": self.n_samples,
            "flash_bytes": self.costs.flash_bytes,
            "ram_bytes": self.costs.ram_bytes,
            "instructions": self.costs.instructions,
            "target": self.model.target.name,
            "chip": self.chip,
            "fits": None if self.chip is None else report.fits,
            "kind": self.samples.kind,
            "shape": list(self.samples.data.shape[1:]),
            "dtype": str(self.samples.data.dtype),
            "rate": self.samples.rate,
            "pipeline": _pipeline(self.estimator),
        }

    def __str__(self) -> str:
        return "\n".join(aligned(self._rows(), ()))

    def _rows(self) -> Iterator[tuple[str, str]]:
        costs, n = self.costs, len(self.y_held_out)
        yield (
            "held-out accuracy",
            f"{self.accuracy:.3f} +- {self.standard_error:.3f} ({n} samples that it never saw)",
        )
        yield (
            "  of each class",
            ", ".join(f"{label} {found:.2f}" for label, found in self.recalls().items()),
        )
        yield "flash", f"about {costs.flash_bytes:,} bytes ({costs.table_bytes:,} of tables)"
        yield "RAM", f"{costs.ram_bytes:,} bytes, with input and output"
        yield (
            "instructions",
            f"about {float(f'{costs.instructions:.2g}'):,.0f} an inference (estimated)",
        )
        if self.chip is not None:
            yield "chip", self.model.report(chip=self.chip).verdict
        yield "target", self.model.target.name
        yield "input", _input(self.samples)
        yield "Pipeline", _pipeline(self.estimator)
        yield "fitted to", f"{self.n_samples} samples"


def fit_samples(
    samples: Bunch,
    *,
    test: Bunch | None = None,
    chip: str | None = None,
    time_limit: float = 60,
    n_candidates: int | None = None,
    n_jobs: int | None = None,
    seed: int = 0,
    name: str = "model",
    verbose: int = 0,
) -> Fitted:
    """Choose the best Pipeline within a budget, measure it on held-out samples, make its C.

    Parameters
    ----------
    samples : Bunch
        As `skconv.datasets.load_folder` gives them.
    test : Bunch or None
        The held-out samples. None: a quarter of the samples, by files; the model is fitted to all
        of them once the accuracy is known.
    chip : str or None
        What the model must fit; None is 256 kB of flash, 64 kB of RAM and a Cortex-M4.
    time_limit : float
        Seconds after which no further candidate is begun.
    n_candidates, n_jobs, verbose
        As of `BudgetSearchCV`.
    seed : int
        Of the split, the candidates and the extractors.
    name : str
        Of the C.

    Raises
    ------
    ValueError
        Where ``test`` has other classes or other shapes, or nothing fits the budget.
    """
    order = shuffle(np.arange(len(samples.target)), random_state=seed)
    X, y, files = (np.asarray(samples[each])[order] for each in ("data", "target", "files"))
    if test is None:
        train, rest = held_out(y, files, seed)
        X_test, y_test = X[rest], y[rest]
    else:
        _check_test(samples, test)
        train, X_test, y_test = np.arange(len(y)), test.data, test.target
    pipeline, space = space_of(samples.kind, X.shape[1:], samples.rate, seed, X[:N_EXAMPLE])
    search = BudgetSearchCV(
        pipeline,
        space,
        chip=chip,
        flash_bytes=FLASH_BYTES if chip is None else None,
        ram_bytes=RAM_BYTES if chip is None else None,
        time_limit=time_limit,
        n_candidates=n_candidates,
        cv=folds(y[train], files[train], seed),
        n_jobs=n_jobs,
        random_state=seed,
        verbose=verbose,
    ).fit(X[train], y[train])
    predicted = search.best_model_.predict(X_test)
    best = search.best_estimator_ if test is not None else clone(search.best_estimator_).fit(X, y)
    model = to_c(best, X[:N_CALIBRATION], name=name, **search.best_options_)
    return Fitted(best, model, Costs.of(model), chip, y_test, predicted, len(y), samples)


def least_files(test: bool) -> int:
    """How many files a class needs, with a folder of held-out samples and without."""
    return HELD_OUT - test


def _check_test(samples: Bunch, test: Bunch) -> None:
    for what, found, wanted in (
        ("samples of shape", test.data.shape[1:], samples.data.shape[1:]),
        ("samples of the kind", test.kind, samples.kind),
        ("sounds of the rate", test.rate, samples.rate),
    ):
        if found != wanted:
            raise ValueError(f"the folder of --test has {what} {found}, expected {wanted}")
    if more := set(test.target) - set(samples.target):
        raise ValueError(
            f"the folder of --test has the classes {sorted(map(str, more))}, which the other "
            f"folder has not, expected only {sorted(map(str, set(samples.target)))}"
        )


def _pipeline(estimator: Any) -> str:
    return ", ".join(" ".join(str(step).split()) for _, step in estimator.steps)


def _input(samples: Bunch) -> str:
    shape, dtype = samples.data.shape[1:], samples.data.dtype
    size = " x ".join(map(str, shape))
    if samples.kind == "sounds":
        return f"{dtype}, {shape[0]} samples of sound, {samples.rate} a second"
    colors = {2: ", grey", 3: ", red, green and blue"}.get(len(shape), "")
    return f"{dtype}, {size}{colors if samples.kind == 'images' else ''}"
