"""What is searched where the user says nothing: Pipelines of extractors and heads that convert."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
from scipy.stats import loguniform
from sklearn.linear_model import Ridge
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import MaxAbsScaler, StandardScaler

from skconv.classifiers.logistic import PreconditionedLogisticRegression
from skconv.classifiers.ridge import BatchRidgeClassifier
from skconv.compression import Compressed
from skconv.features import KMeansConvFeatures, PCAConvFeatures, RandomConvFeatures
from skconv.passes.compress import SecondOrderRounding
from skconv.signals import MiniRocketFeatures, QuantFeatures, TemporalConvFeatures

Kind = Literal["images", "signals"]
Space = tuple[Any, list[Mapping[str, Any]]]

N_KERNELS = [4, 6, 8, 12, 16, 20, 24, 32, 40, 48, 56, 64, 80, 96, 128]
# Heads as they are, and rounded to 15, to 7 and to 3 levels.
PASSES: list[tuple[Any, ...]] = [
    (),
    *((SecondOrderRounding(levels, hessian="shared"),) for levels in (7, 3, 1)),
]
# An image with so few columns may as well be a signal of that many channels.
FEW_COLUMNS = 16


def kind_of(shape: tuple[int, ...]) -> Kind:
    """Whether samples of that shape are images or signals.

    Raises
    ------
    ValueError
        Where they may be either.

    Examples
    --------
    >>> from skconv.search.spaces import kind_of
    >>> kind_of((28, 28)), kind_of((32, 32, 3)), kind_of((150,))
    ('images', 'images', 'signals')
    """
    if len(shape) == 1:
        return "signals"
    if len(shape) == 2 and shape[1] <= FEW_COLUMNS < shape[0]:
        raise ValueError(
            f"samples have shape {shape}: signals of {shape[1]} channels, or images? "
            "Write estimator='signals' or estimator='images'."
        )
    if len(shape) in (2, 3):
        return "images"
    raise ValueError(
        f"samples have shape {shape}, expected (height, width) of images, (height, "
        "width, channels), (length,) of signals, or (length, channels)"
    )


def default_space(kind: Kind, is_classification: bool, random_state: int) -> Space:
    """A Pipeline, and the distributions of its parameters.

    Parameters
    ----------
    kind : {"images", "signals"}
    is_classification : bool
    random_state : int
        Of every extractor: a child's first kernels are its parent's.

    Returns
    -------
    estimator : estimator
    distributions : list of dict
        As `sklearn.model_selection.RandomizedSearchCV` takes them.
    """
    features = _images(random_state) if kind == "images" else _signals(random_state)
    heads = _classifiers() if is_classification else _regressors()
    pairs = [(each, head) for head in heads for each in features]
    first = {**features[0], **heads[0]}
    steps = [(name, first[name][0]) for name in ("features", "scale", "head")]
    estimator = Compressed(Pipeline(steps), passes=(), with_costs=False)
    distributions: list[Mapping[str, Any]] = [
        {f"estimator__{name}": value for name, value in {**each, **head}.items()}
        | {"passes": PASSES}
        for each, head in pairs
    ]
    return estimator, distributions


def _images(random_state: int) -> list[dict[str, Any]]:
    """Kernels of three kinds pooled by tents, and whitened patches by boxes."""
    kernels = {
        "features__n_kernels": N_KERNELS,
        "features__kernel_size": [4, 5, 6, 7],
        "features__nonlinearity": ["soft_threshold", "abs", "both_signs"],
        "features__threshold": [0.2, 0.3, 0.5],
    }
    tents = {**kernels, "features__pool_size": [5, 6, 8, 10, 12]}
    boxes = {**kernels, "features__pool_size": [3, 4, 5, 6, 8, "quadrants", "sixteenths"]}
    full: dict[str, Any] = {"padding": "full", "pool": "tent"}
    patches: dict[str, Any] = {"weights": "patches", "random_state": random_state}
    return [
        {"features": [RandomConvFeatures(**patches, **full)], **tents},
        {"features": [PCAConvFeatures(**full)], **tents},
        {"features": [KMeansConvFeatures(random_state=random_state, **full)], **tents},
        {"features": [RandomConvFeatures(**patches)], **boxes},
    ]


def _signals(random_state: int) -> list[dict[str, Any]]:
    return [
        {
            "features": [MiniRocketFeatures(random_state=random_state)],
            "features__n_features": [84, 168, 336, 672, 1344],
        },
        {"features": [QuantFeatures()], "features__interval_depth": [2, 3, 4, 5]},
        {
            "features": [TemporalConvFeatures(random_state=random_state)],
            "features__n_kernels": N_KERNELS,
        },
    ]


def _classifiers() -> list[dict[str, Any]]:
    return [
        {
            "scale": [MaxAbsScaler()],
            "head": [PreconditionedLogisticRegression(max_iter=40)],
            "head__C": loguniform(0.1, 10),
        },
        {
            "scale": [StandardScaler()],
            "head": [BatchRidgeClassifier()],
            "head__alpha": loguniform(1, 1000),
        },
    ]


def _regressors() -> list[dict[str, Any]]:
    return [{"scale": [StandardScaler()], "head": [Ridge()], "head__alpha": loguniform(1, 1000)}]


def sample_shape(X: Any) -> tuple[int, ...]:
    """Shape of one sample."""
    return tuple(np.shape(X)[1:])


def as_spaces(distributions: Any) -> list[Mapping[str, Any]]:
    """Checked ``param_distributions``: a dict, or a list of them."""
    found = [distributions] if isinstance(distributions, Mapping) else distributions
    if not isinstance(found, list | tuple) or not found:
        raise TypeError(
            f"param_distributions={distributions!r}, expected a dict of lists and distributions, "
            "or a list of such dicts"
        )
    for each in found:
        if not isinstance(each, Mapping) or not each:
            raise TypeError(f"param_distributions has {each!r}, expected a dict with parameters")
    return list(found)
