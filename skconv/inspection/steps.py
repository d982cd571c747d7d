"""The step of a Pipeline that is to be drawn."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
from sklearn.pipeline import FeatureUnion, Pipeline


class Step(NamedTuple):
    """An estimator inside others.

    Attributes
    ----------
    name : str
        Names of steps from the outside in, joined by dots; empty where it stands alone.
    estimator : object
        The estimator itself.
    before : tuple of transformers
        What samples go through first.
    """

    name: str
    estimator: Any
    before: tuple[Any, ...] = ()

    def samples(self, X: Any) -> Any:
        """The samples as the estimator gets them from the steps before it."""
        if self.before:
            X = np.asarray(X).reshape(len(X), -1)
        for transformer in self.before:
            X = transformer.transform(X)
        return X


def find_step(
    estimator: Any, step: str | None, is_wanted: Callable[[Any], bool], kind: str
) -> Step:
    """The one step of the wanted kind, or the step of a given name.

    Parameters
    ----------
    estimator : estimator
        Alone, or a Pipeline, FeatureUnion or search that holds it.
    step : str or None
        Its name; needed where several are of the kind that is wanted.
    is_wanted : callable
        Whether an estimator is of that kind.
    kind : str
        What the error calls it.

    Raises
    ------
    ValueError
        Where there is no such step, or several; it says what to write.
    """
    found = [one for one in _steps(Step("", estimator)) if is_wanted(one.estimator)]
    names = [one.name for one in found]
    if step is not None:
        if step not in names:
            raise ValueError(f"step={step!r}, expected one of {names}. {_advice(names)}".rstrip())
        return found[names.index(step)]
    if not found:
        raise ValueError(
            f"{_shown(estimator)} is not an {kind} and holds none. Write the fitted {kind}."
        )
    if len(found) > 1:
        raise ValueError(f"{_shown(estimator)} holds several: the steps {names}. {_advice(names)}")
    return found[0]


def _advice(names: list[str]) -> str:
    return f"Write step={names[0]!r}." if names else ""


def _shown(estimator: Any) -> str:
    """A class's name: a Pipeline prints over many lines."""
    return f"estimator={type(estimator).__name__}(...)"


def _steps(at: Step) -> Iterator[Step]:
    """An estimator and all that it holds, each with what comes before it."""
    inner = at.estimator
    for fitted in ("best_estimator_", "extractor_"):  # of a search, of QuantizedFeatures
        if hasattr(inner, fitted):
            yield from _steps(at._replace(estimator=getattr(inner, fitted)))
            return
    if isinstance(inner, Pipeline):
        before = at.before
        for name, step in inner.steps:
            if step is None or step == "passthrough":
                continue
            yield from _steps(Step(_joined(at.name, name), step, before))
            before = (*before, step)
    elif isinstance(inner, FeatureUnion):
        for name, step in inner.transformer_list:
            if step not in ("drop", "passthrough"):
                yield from _steps(Step(_joined(at.name, name), step, at.before))
    else:
        yield at


def _joined(outer: str, inner: str) -> str:
    return f"{outer}.{inner}" if outer else inner


def batch_of_one(X: Any, n_features: int, index: int) -> Any:
    """``X`` where it is one sample, else its sample at ``index``, as a batch.

    What has neither size stays as it is: the extractor says what is wrong with it.
    """
    array = np.asarray(X)
    if array.ndim > 1 and array.size == len(array) * n_features:
        if not -len(array) <= index < len(array):
            raise ValueError(f"index={index}, but there are {len(array)} samples. Write index=0.")
        return array[index][np.newaxis]
    return array[np.newaxis]
