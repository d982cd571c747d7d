"""Graphs of fitted models and Pipelines of scikit-learn, that estimates are measured on."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_iris

import skconv
from skconv.convert import to_graph
from skconv.graph import Graph
from skconv.passes.fold import fold
from skconv.passes.integers import integer_graph
from skconv.runtime import fixed
from tests.classical import families
from tests.classical.base import Case
from tests.random_pipelines import draw_case

LOADERS = {
    "digits": load_digits,
    "iris": load_iris,
    "breast cancer": load_breast_cancer,
    "diabetes": load_diabetes,
}
N_SAMPLES = 4
# Options of `skconv.to_c` that change what is computed, and work for every Pipeline.
OPTIONS = ("optimize", "calibration", "linear_bits", "conv_bits")
# A prime that divides no number of cases.
STEP = 1009


def cases() -> list[tuple[Case, str]]:
    """Every case of every family with every data set that costs no time to fit."""
    found = [case for name in sorted(families()) for case in families()[name]]
    return [(case, data) for case in found for data in case.data if data in LOADERS]


def fitted(seed: int) -> tuple[Graph, np.ndarray]:
    """The integer graph of a case, fitted on a part of its data set, and samples of its input.

    Seeds that follow each other take cases of all families.
    """
    every = cases()
    case, data = every[STEP * seed % len(every)]
    rng = np.random.default_rng(seed // len(every))
    X, y = _part(rng, *LOADERS[data](return_X_y=True))
    pipeline = case.pipeline(data).fit(X, y)
    graph = integer_graph(fold(to_graph(pipeline)), X)
    chosen = X[rng.choice(len(X), N_SAMPLES)]
    return graph, fixed.quantize_input(graph.input, chosen)


def _part(rng: np.random.Generator, X: Any, y: Any) -> tuple[np.ndarray, np.ndarray]:
    """Some of the samples, of each class as many as there are."""
    rows = rng.permutation(len(X))[: int(rng.integers(60, 300))]
    X = X.astype(np.uint8) if X.max() <= 16 and (np.rint(X) == X).all() else X
    return X[rows], y[rows]


def drawn(seed: int, core: str) -> tuple[Graph, np.ndarray]:
    """What `skconv.to_c` makes of a random Pipeline for a core, and samples of its input.

    Raises
    ------
    ValueError
        Where the Pipeline cannot be fitted or exported: the seed has no graph.
    """
    case = draw_case(seed)
    X, options = case.data.X, {name: case.options[name] for name in OPTIONS}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fitted = case.pipeline.fit(X, case.data.y)
        graph = skconv.to_c(fitted, X, target=core, **options).graph
    chosen = np.random.default_rng(seed).choice(len(X), N_SAMPLES)
    return graph, fixed.quantize_input(graph.input, X[chosen].reshape(-1, *graph.input.shape))
