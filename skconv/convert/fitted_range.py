"""The range of the samples of `fit`, if the estimator or its first step knows it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import singledispatch
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MaxAbsScaler,
    MinMaxScaler,
    QuantileTransformer,
    RobustScaler,
    StandardScaler,
)
from sklearn.svm import SVC, SVR, NuSVC, NuSVR, OneClassSVM

N_DEVIATIONS = 3


@dataclass(frozen=True)
class Seen:
    """The range of the samples of `fit`.

    Attributes
    ----------
    low, high : ndarray of shape () or (n_features,)
        For all features together, or for each.
    by : str
        Class that knows it.
    is_whole : bool or None
        Whether all numbers were whole; None where that is not known.
    """

    low: NDArray[np.float64]
    high: NDArray[np.float64]
    by: str
    is_whole: bool | None = None


def _seen(estimator: Any, low: Any, high: Any) -> Seen:
    return Seen(np.asarray(low, np.float64), np.asarray(high, np.float64), type(estimator).__name__)


@singledispatch
def seen(estimator: Any) -> Seen | None:
    """The range that an estimator was fitted on; None where nothing tells it.

    Extractors remember it. Scalers and PCA keep limits, or means and deviations: then the range
    reaches three deviations to either side.
    """
    estimator = getattr(estimator, "extractor_", estimator)
    limits = getattr(estimator, "input_range_", None)
    if limits is None:
        return None
    low, high, is_whole = limits
    return Seen(np.float64(low), np.float64(high), type(estimator).__name__, is_whole)  # type: ignore[arg-type]


@seen.register
def _(pipeline: Pipeline) -> Seen | None:
    for _, step in pipeline.steps:
        is_identity = isinstance(step, FunctionTransformer) and step.func is None
        if step is not None and step != "passthrough" and not is_identity:
            return seen(step)
    return None


@seen.register
def _(union: FeatureUnion) -> Seen | None:
    found = (seen(step) for _, step in union.transformer_list if not isinstance(step, str))
    return next((known for known in found if known is not None), None)


@seen.register(GridSearchCV)
@seen.register(RandomizedSearchCV)
def _(search: Any) -> Seen | None:
    return seen(search.best_estimator_)


@seen.register
def _(scaler: StandardScaler) -> Seen | None:
    if scaler.mean_ is None or scaler.var_ is None:
        return None
    reach = N_DEVIATIONS * np.sqrt(scaler.var_)
    return _seen(scaler, scaler.mean_ - reach, scaler.mean_ + reach)


@seen.register
def _(scaler: RobustScaler) -> Seen | None:
    if scaler.center_ is None or scaler.scale_ is None:
        return None
    reach = N_DEVIATIONS * np.abs(scaler.scale_)
    return _seen(scaler, scaler.center_ - reach, scaler.center_ + reach)


@seen.register
def _(scaler: MinMaxScaler) -> Seen | None:
    return _seen(scaler, scaler.data_min_, scaler.data_max_)


@seen.register
def _(scaler: MaxAbsScaler) -> Seen | None:
    return _seen(scaler, -scaler.max_abs_, scaler.max_abs_)


@seen.register
def _(transformer: QuantileTransformer) -> Seen | None:
    return _seen(transformer, transformer.quantiles_[0], transformer.quantiles_[-1])


@seen.register
def _(pca: PCA) -> Seen | None:
    kept = np.maximum(pca.explained_variance_ - pca.noise_variance_, 0)
    reach = N_DEVIATIONS * np.sqrt(kept @ pca.components_**2 + pca.noise_variance_)
    return _seen(pca, pca.mean_ - reach, pca.mean_ + reach)


@seen.register(SVC)
@seen.register(NuSVC)
@seen.register(SVR)
@seen.register(NuSVR)
@seen.register(OneClassSVM)
def _(machine: Any) -> Seen | None:
    vectors = machine.support_vectors_
    return _seen(machine, vectors.min(), vectors.max())
