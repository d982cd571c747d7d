"""The predictions of a fitted estimator, to compare with its C."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import is_regressor
from sklearn.pipeline import Pipeline


@dataclass(frozen=True)
class Answers:
    """The predictions of an estimator.

    Attributes
    ----------
    values : ndarray
        Labels ``(n_valid,)`` where a class is decided, else numbers ``(n_valid, n_outputs)``.
    valid : ndarray of bool of shape (n_samples,)
        The samples that the estimator can answer.
    reason : str
        What becomes of the others; empty where there are none.
    """

    values: NDArray[Any]
    valid: NDArray[np.bool_]
    reason: str = ""


def answers(
    estimator: Any, X: Any, classes: NDArray[Any] | None = None, method: str = ""
) -> Answers:
    """Labels of a classifier, values of a regressor, features of a transformer.

    Parameters
    ----------
    estimator : estimator
        Fitted.
    X : array-like of shape (n_samples, ...)
        Samples, as the estimator takes them. Samples of several axes are made flat, which
        extractors take too.
    classes : ndarray, optional
        The labels to decide between. The largest feature of a transformer decides, or the sign
        of its only feature.
    method : str
        The method that answers, where it is not one of those.
    """
    X = _rows(X)
    with _quiet():
        valid, reason = np.ones(len(X), bool), ""
        try:
            values = _answer(estimator, X, classes, method)
            if values.dtype.kind == "f" and not np.isfinite(values).all():
                raise ValueError("the estimator's answers are not finite")
        except ValueError:
            # An estimator that meets a NaN of its own refuses all samples.
            valid, reason = _answerable(estimator, X)
            if valid.all():
                raise
            left = _taken(X, valid)
            values = _answer(estimator, left, classes, method) if valid.any() else np.empty(0)
    return Answers(values, valid, reason)


def _rows(X: Any) -> Any:
    """Samples with two axes; a data frame stays one, so that its column names are seen."""
    if not hasattr(X, "shape"):
        X = np.asarray(X)
    return X.reshape(len(X), -1) if len(X.shape) > 2 else X


@contextmanager
def _quiet() -> Iterator[None]:
    """No word of scikit-learn about column names, nor of numpy about roots of negatives."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        yield


def _answer(estimator: Any, X: Any, classes: NDArray[Any] | None, method: str) -> NDArray[Any]:
    if method:
        return _dense(getattr(estimator, method)(X)).reshape(len(X), -1)
    if classes is not None and hasattr(estimator, "predict"):
        return np.asarray(estimator.predict(X))
    use = estimator.predict if is_regressor(estimator) else estimator.transform
    values = _dense(use(X)).reshape(len(X), -1)
    if classes is None:
        return values
    index = values.argmax(axis=1) if values.shape[1] > 1 else (values[:, 0] > 0).astype(int)
    return np.asarray(classes[index])


def _dense(values: Any) -> NDArray[Any]:
    return np.asarray(values.toarray() if hasattr(values, "toarray") else values)


def _taken(X: Any, rows: NDArray[np.bool_]) -> Any:
    return X.loc[rows] if hasattr(X, "loc") else X[rows]


def _answerable(estimator: Any, X: Any) -> tuple[NDArray[np.bool_], str]:
    """Samples of which every step of a Pipeline makes finite numbers, and what spoils others."""
    valid, reasons = np.ones(len(X), bool), []
    for name, step in _transformers(estimator):
        X = step.transform(X)
        finite = np.isfinite(_dense(X)).reshape(len(_dense(X)), -1).all(axis=1)
        if finite.all():
            continue
        n_spoilt = int((~finite).sum())
        reasons.append(
            f"the estimator itself yields NaN or infinity for {n_spoilt:,} of {len(valid):,} "
            f"samples, in step {name!r} ({step}): they are left out of the agreement; "
            "give samples like those that it was fitted on"
        )
        valid[np.flatnonzero(valid)[~finite]] = False
        if not finite.any():
            break
        X = _taken(X, finite)
    return valid, "\n".join(reasons)


def _transformers(estimator: Any) -> list[tuple[str, Any]]:
    """The steps, by name, that make the features; of other estimators themselves."""
    estimator = getattr(estimator, "best_estimator_", estimator)
    if isinstance(estimator, Pipeline):
        return [(name, step) for name, step in estimator.steps if hasattr(step, "transform")]
    own = hasattr(estimator, "transform") and not hasattr(estimator, "predict")
    return [(type(estimator).__name__, estimator)] if own else []
