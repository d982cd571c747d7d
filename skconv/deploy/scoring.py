"""What scorers and displays of scikit-learn ask of a fitted estimator."""

from __future__ import annotations

from copy import deepcopy
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray
from sklearn.base import is_regressor
from sklearn.metrics import accuracy_score, r2_score
from sklearn.utils import ClassifierTags, get_tags

from skconv.codegen.interface import Interface
from skconv.deploy.conditional_methods import available_where
from skconv.graph import Graph
from skconv.graph.smoothing import Events


class Scored:
    """The methods and attributes that make a model a fitted estimator for scikit-learn.

    The subclass has ``estimator``, ``graph`` and ``predict``.
    """

    estimator: Any
    graph: Graph
    interface: Interface

    @property
    def _finds_events(self) -> bool:
        return isinstance(self.interface.smoothing, Events)

    @property
    def _is_classifier(self) -> bool:
        return self.graph.is_classifier

    @property
    def _is_regressor(self) -> bool:
        return is_regressor(self.estimator)

    @property
    def _is_scored(self) -> bool:
        decides = self._is_classifier or self.graph.decisions is not None
        return (decides or self._is_regressor) and not self._finds_events

    def predict(self, X: Any) -> NDArray[Any]:
        raise NotImplementedError

    @available_where(
        lambda model: model._is_scored,
        "it makes features or finds events; call transform, compare(X) or skconv.signals."
        "count_events",
    )
    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Accuracy of a classifier, coefficient of determination of a regressor.

        Of a classifier of several outputs the share of samples of which all labels are right.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Samples, flat or not.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            True labels or values.
        sample_weight : array-like of shape (n_samples,), optional
            How much each sample counts; by default all count the same.

        Returns
        -------
        score : float
            1 at best.
        """
        if self.graph.decisions is not None:
            are_right = (np.asarray(y) == self.predict(X)).all(axis=1)
            return float(np.average(are_right, weights=sample_weight))
        measure = accuracy_score if self._is_classifier else r2_score
        return float(measure(y, self.predict(X), sample_weight=sample_weight))

    @property
    def classes_(self) -> Any:
        """Class labels; only of a classifier. Of several outputs a list, with those of each."""
        if op := self.graph.decisions:
            return list(op.labels)
        if not self._is_classifier:
            raise AttributeError("this model has no classes_: it is not a classifier")
        if self.graph.classes is None:
            return np.arange(max(2, self.graph.specs[self.graph.scores_name].size))
        return np.asarray(self.graph.classes)

    @property
    def n_features_in_(self) -> int:
        """Number of features of a sample."""
        return self.graph.input.size

    @property
    def feature_names_in_(self) -> NDArray[Any]:
        """Names of the columns of `fit`, if they had names."""
        return np.asarray(self.estimator.feature_names_in_)

    def fit(self, X: Any, y: Any = None) -> NoReturn:
        """Raise: a model is already fitted.

        It is here because scikit-learn takes nothing without it for an estimator.

        Parameters
        ----------
        X, y : object
            Not read.
        """
        raise TypeError(
            "a CModel is fitted and cannot be fitted again: fit the estimator and call to_c; "
            "where a tool wants to fit, give it sklearn.frozen.FrozenEstimator(model)"
        )

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def __sklearn_tags__(self) -> Any:
        tags = deepcopy(get_tags(self.estimator))
        if self._is_classifier and tags.estimator_type != "classifier":
            tags.estimator_type = "classifier"
            tags.classifier_tags = ClassifierTags()
        return tags
