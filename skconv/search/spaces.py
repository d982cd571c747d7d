"""What is searched where the user says nothing: Pipelines of extractors and heads that convert."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np
from scipy.stats import loguniform
from sklearn.linear_model import Ridge
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import MaxAbsScaler, StandardScaler
from sklearn.utils.multiclass import type_of_target

from skconv.classifiers.logistic import PreconditionedLogisticRegression
from skconv.classifiers.ridge import BatchRidgeClassifier
from skconv.compression import Compressed
from skconv.features import KMeansConvFeatures, PCAConvFeatures, RandomConvFeatures
from skconv.passes.compress import SecondOrderRounding
from skconv.search.candidate import Candidate
from skconv.search.portfolio import Kind, portfolio
from skconv.signals import MiniRocketFeatures, QuantFeatures, TemporalConvFeatures


@dataclass(frozen=True)
class Space:
    """What is searched.

    Attributes
    ----------
    estimator : estimator
        What parameters are set of.
    distributions : list of mapping
        As `sklearn.model_selection.RandomizedSearchCV` takes them.
    starts : list of Candidate
        What is tried first.
    most_features : int or None
        What a head may read.
    """

    estimator: Any
    distributions: list[Mapping[str, Any]]
    starts: list[Candidate] = field(default_factory=list)
    most_features: int | None = None


# In steps of an eighth: a budget is to be filled.
N_KERNELS = [4, 5, 6, 7, 8, 9, 10, 11, 12, 14, 16, 18, 20, 22, 25, 28, 32, 36, 40, 45, 50, 56, 64]
N_KERNELS += [72, 80, 90, 104, 116, 128]
# The time of rounding grows with the cube of features, its memory with the square: .3 GB here. Few
# classes would leave room for many more.
MOST_FEATURES = 6000
# Heads as they are, and rounded to 15, to 7 and to 3 levels.
PASSES: list[tuple[Any, ...]] = [
    (),
    *((SecondOrderRounding(levels, hessian="shared"),) for levels in (7, 3, 1)),
]
# Sides of windows in sides of an image: of tents, which overlap by half, and of boxes.
TENTS = (0.18, 0.21, 0.29, 0.36, 0.43, 0.5)
BOXES = (0.11, 0.14, 0.18, 0.21, 0.29)
LOGISTIC: dict[str, Any] = {
    "scale": [MaxAbsScaler()],
    "head": [PreconditionedLogisticRegression(max_iter=40)],
    "head__C": loguniform(0.1, 10),
}
RIDGE: dict[str, Any] = {
    "scale": [StandardScaler()],
    "head": [BatchRidgeClassifier()],
    "head__alpha": loguniform(1, 1000),
}
RIDGE_REGRESSION: dict[str, Any] = {
    "scale": [StandardScaler()],
    "head": [Ridge()],
    "head__alpha": loguniform(1, 1000),
}
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


def default_space(
    kind: Kind, shape: tuple[int, ...], is_classification: bool, random_state: int
) -> Space:
    """A Pipeline, and the distributions of its parameters.

    Parameters
    ----------
    kind : {"images", "signals"}
    shape : tuple of int
        Of one sample; kernels and windows of images are chosen for it.
    is_classification : bool
    random_state : int
        Of every extractor: a child's first kernels are its parent's.

    Returns
    -------
    Space
    """
    is_images = kind == "images"
    features = images(min(shape[:2]), random_state) if is_images else signals(random_state)
    pairs = list(_pairs(features, is_classification, is_images))
    first = {**pairs[0][0], **pairs[0][1]}
    steps = [(name, first[name][0]) for name in ("features", "scale", "head")]
    estimator = Compressed(Pipeline(steps), passes=(), with_costs=False)
    distributions: list[Mapping[str, Any]] = [
        {f"estimator__{name}": value for name, value in {**each, **head}.items()}
        | {"passes": PASSES}
        for each, head in pairs
    ]
    starts = portfolio(kind, distributions, min(shape[:2]))
    return Space(estimator, distributions, starts, MOST_FEATURES)


def _pairs(
    features: list[dict[str, Any]], is_classification: bool, is_images: bool
) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Extractors and the heads behind them."""
    if not is_classification:
        yield from ((each, RIDGE_REGRESSION) for each in features)
        return
    yield from ((each, LOGISTIC) for each in features)
    # On images a logistic regression scores higher in the same flash; a ridge is fitted sooner.
    yield from ((each, RIDGE) for each in (features[:1] if is_images else features))


def images(side: int, random_state: int) -> list[dict[str, Any]]:
    """Kernels of three kinds pooled by tents, and whitened patches by boxes.

    Parameters
    ----------
    side : int
        The shorter one of an image, in pixels.
    random_state : int

    Examples
    --------
    >>> from skconv.search.spaces import images
    >>> for side in (8, 28, 96):
    ...     tents, *_, boxes = images(side, 0)
    ...     print(tents["features__pool_size"], boxes["features__pool_size"][:-3])
    [3, 4] [2]
    [5, 6, 8, 10, 12, 14] [3, 4, 5, 6, 8]
    [17, 20, 28, 35, 41, 48] [11, 13, 17, 20, 28]
    """
    kernels = {
        "features__n_kernels": N_KERNELS,
        "features__kernel_size": [size for size in range(3, 8) if size <= max(side // 2, 3)],
        "features__nonlinearity": ["soft_threshold", "abs", "both_signs"],
        "features__threshold": [0.2, 0.3, 0.5],
    }
    tents = {**kernels, "features__pool_size": _shares(side, 3, TENTS)}
    grids: list[Any] = ["sixteenths", "quadrants", "global"]
    boxes = {**kernels, "features__pool_size": [*_shares(side, 2, BOXES), *grids]}
    full: dict[str, Any] = {"padding": "full", "pool": "tent"}
    patches: dict[str, Any] = {"weights": "patches", "random_state": random_state}
    return [
        {"features": [RandomConvFeatures(**patches, **full)], **tents},
        {"features": [PCAConvFeatures(**full)], **tents},
        {"features": [KMeansConvFeatures(random_state=random_state, **full)], **tents},
        {"features": [RandomConvFeatures(**patches)], **boxes},
    ]


def _shares(side: int, least: int, shares: tuple[float, ...]) -> list[int]:
    """Windows that are so large beside the image."""
    return sorted({max(least, round(share * side)) for share in shares})


def signals(random_state: int) -> list[dict[str, Any]]:
    """MiniRocket, quantiles of intervals, and kernels over time."""
    return [
        {
            "features": [MiniRocketFeatures(random_state=random_state)],
            "features__n_features": [84, 168, 252, 336, 504, 672, 1008, 1344, 2016, 2688],
        },
        {"features": [QuantFeatures()], "features__interval_depth": [2, 3, 4, 5]},
        {
            "features": [TemporalConvFeatures(random_state=random_state)],
            "features__n_kernels": N_KERNELS,
        },
    ]


def sample_shape(X: Any) -> tuple[int, ...]:
    """Shape of one sample."""
    return tuple(np.shape(X)[1:])


def space_of(given: Any, distributions: Any, X: Any, y: Any, random_state: int) -> Space:
    """The space of the user's estimator and distributions, or a default one.

    Parameters
    ----------
    given : estimator, {"images", "signals"} or None
    distributions : dict, list of dict or None
    X, y : array-like
    random_state : int
        Of the extractors of a default space.

    Raises
    ------
    ValueError
        Where one is given without the other.
    """
    if given is not None and not isinstance(given, str):
        if distributions is None:
            raise ValueError(
                "param_distributions=None with an estimator, expected a dict of parameters "
                "and the lists or distributions that they are drawn from"
            )
        return Space(given, as_spaces(distributions))
    if distributions is not None:
        raise ValueError(
            f"param_distributions is given with estimator={given!r}, expected an estimator "
            "whose parameters they are"
        )
    shape = sample_shape(X)
    kind = cast(Kind, given) or kind_of(shape)
    is_classification = type_of_target(y) in ("binary", "multiclass")
    return default_space(kind, shape, is_classification, random_state)


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
