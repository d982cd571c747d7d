"""A case, the data sets that it is tried on, and what comes of it."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_iris
from sklearn.metrics import accuracy_score, r2_score
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from skconv import RandomConvFeatures, datasets, emulator, to_c
from skconv.deploy.model import CModel
from skconv.graph import Graph
from skconv.runtime import fixed
from tests import exactness

N_SAMPLES = 300
# An AVR reaches 32 kB of constants by one pointer. Next to a large model there is room for few.
AVR_VECTOR_BYTES = (24_000, 3_000)
AVR_CYCLES = 200_000_000  # Two seconds of simavr.
TOO_LARGE = ("overflow", "will not fit", "is too large")  # What compilers and linkers say.

CLASSIFICATION = ("digits", "iris", "breast cancer", "fashion")
REGRESSION = ("diabetes", "digits")
EVERY = (*CLASSIFICATION, "diabetes")


@dataclass(frozen=True)
class Case:
    """One setting of one class.

    Attributes
    ----------
    name : str
        Unique in its family.
    estimator : estimator
        Not fitted.
    data : tuple of str
        The data sets that it is tried on.
    scaled : bool
        Whether a StandardScaler stands in front.
    options : dict
        Of `skconv.to_c`.
    targets : callable, optional
        What makes several outputs of the labels.
    """

    name: str
    estimator: Any
    data: tuple[str, ...] = CLASSIFICATION
    scaled: bool = False
    options: dict[str, Any] = field(default_factory=dict)
    targets: Callable[[NDArray[Any]], NDArray[Any]] | None = None

    def pipeline(self, data: str) -> Any:
        """Not fitted; images of clothes become 64 features first."""
        steps = [extractor()] if data == "fashion" else []
        steps += [StandardScaler()] if self.scaled else []
        return make_pipeline(*steps, clone(self.estimator))


def extractor() -> RandomConvFeatures:
    return RandomConvFeatures(
        n_kernels=8, kernel_size=5, pool_size=12, input_shape=(28, 28), random_state=0
    )


@cache
def load(data: str) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Samples and labels to fit, samples and labels to score, in the type of a device."""
    if data == "fashion":
        X, y = datasets.load_fashion_mnist()
        chosen = np.r_[0:2000, 50_000 : 50_000 + N_SAMPLES]
        X, y = X[chosen].reshape(len(chosen), -1), y[chosen]
    else:
        loaders = {
            "digits": load_digits,
            "iris": load_iris,
            "breast cancer": load_breast_cancer,
            "diabetes": load_diabetes,
        }
        X, y = loaders[data](return_X_y=True)
        order = np.random.default_rng(0).permutation(len(X))
        X, y = X[order], y[order]
        X = X.astype(np.uint8) if data == "digits" else X
    n_scored = min(N_SAMPLES, len(X) // 3)
    return X[:-n_scored], y[:-n_scored], X[-n_scored:], y[-n_scored:]


@dataclass(frozen=True)
class Compared:
    """Bytes of scores and classes that differ, and of how many samples."""

    differing: int
    n_samples: int


@dataclass(frozen=True)
class Tried:
    """A case on a data set: the fitted Pipeline, its model, and the samples held out.

    Bytes are compared of ``more`` samples, too, where few are held out.
    """

    pipeline: Pipeline
    model: CModel
    X: NDArray[Any]
    y: NDArray[Any]
    options: dict[str, Any] = field(default_factory=dict)
    more: NDArray[Any] | None = None

    @property
    def scores(self) -> tuple[float, float] | None:
        """Of the Pipeline and of the integers: accuracy, or R^2; none without labels to meet."""
        if not (is_classifier(self.pipeline) or is_regressor(self.pipeline)):
            return None
        if not self.model._is_scored:
            return None
        if self.model.graph.decisions:
            own = (self.pipeline.predict(self.X) == self.y).all(axis=1).mean()
            return float(own), self.model.score(self.X, self.y)
        # Scored alike: what some regressors call their score is no R^2.
        measure = accuracy_score if is_classifier(self.pipeline) else r2_score
        own = measure(self.y, self.pipeline.predict(self.X))
        return float(own), self.model.score(self.X, self.y)

    def compared(self, target: str, avr_cycles: int = AVR_CYCLES) -> Compared | None:
        """C against definition, compiled for this machine or a board.

        None where the model does not fit the simulated AVR. There, no sample is begun after
        ``avr_cycles``.
        """
        model = to_c(self.pipeline, self.model.samples, target=target, **self.options)
        X = self.X if self.more is None else np.concatenate([self.X, self.more])
        x = fixed.quantize_input(model.graph.input, X.reshape(len(X), -1))
        if target == "avr":
            return _on_avr(model.graph, x, avr_cycles)
        return Compared(_differing(model.graph, x, target), len(x))


def _differing(graph: Graph, x: NDArray[Any], target: str) -> int:
    if target == "portable":
        with tempfile.TemporaryDirectory() as folder:
            return exactness.on_host(graph, x, ("-O1", exactness.APART), Path(folder))
    # Nested ifs compile three times as fast as at -Os.
    return exactness.on_target(exactness.program(graph, x, host=False), target, ("-O1",))


def _on_avr(graph: Graph, x: NDArray[Any], cycles: int) -> Compared | None:
    for nbytes in AVR_VECTOR_BYTES:
        try:
            return _in_parts(graph, np.array_split(x, 1 + x.nbytes // nbytes), cycles)
        except emulator.BuildError as error:
            if not any(word in str(error) for word in TOO_LARGE):
                raise
    return None


def _in_parts(graph: Graph, parts: list[NDArray[Any]], cycles: int) -> Compared:
    """Part after part, until the cycles are spent."""
    differing = n_samples = 0
    for part in parts:
        found, ran, took = exactness.within_cycles(graph, part, cycles)
        differing, n_samples, cycles = differing + found, n_samples + ran, cycles - took
        if ran < len(part) or cycles <= 0:
            break
    return Compared(differing, n_samples)


def tried(case: Case, data: str) -> Tried:
    """Fit a case on a data set, and convert it."""
    X, y, X_held, y_held = load(data)
    if case.targets is not None:
        y, y_held = case.targets(y), case.targets(y_held)
    pipeline = case.pipeline(data).fit(X, y)
    model = to_c(pipeline, X, **case.options)
    more = X[: max(0, N_SAMPLES - len(X_held))]
    return Tried(pipeline, model, X_held, y_held, case.options, more)
