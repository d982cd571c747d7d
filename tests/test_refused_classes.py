"""Every estimator of scikit-learn converts, or is refused with what to use in its place."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from sklearn.base import ClassifierMixin, RegressorMixin
from sklearn.ensemble import AdaBoostRegressor
from sklearn.experimental import enable_halving_search_cv  # noqa: F401  (listed only then)
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.utils import all_estimators

from skconv import NotConvertibleError, to_graph
from skconv.convertible import convertible_classes

rng = np.random.default_rng(0)
X = np.abs(rng.normal(size=(40, 5)))
Y = np.arange(40) % 2 + 1

# Parameters without which a class cannot be built, or takes long.
_NEEDED: dict[str, dict[str, Any]] = {
    "ClassifierChain": {"estimator": LogisticRegression()},
    "ColumnTransformer": {"transformers": [("a", "passthrough", [0])]},
    "FixedThresholdClassifier": {"estimator": LogisticRegression()},
    "HalvingGridSearchCV": {"estimator": LogisticRegression(), "param_grid": {"C": [1.0, 2.0]}},
    "HalvingRandomSearchCV": {
        "estimator": LogisticRegression(),
        "param_distributions": {"C": [1.0, 2.0]},
    },
    "MultiOutputClassifier": {"estimator": LogisticRegression()},
    "MultiOutputRegressor": {"estimator": Ridge()},
    "OneVsOneClassifier": {"estimator": LogisticRegression()},
    "OneVsRestClassifier": {"estimator": LogisticRegression()},
    "OutputCodeClassifier": {"estimator": LogisticRegression()},
    "QuantileTransformer": {"n_quantiles": 10},
    "RANSACRegressor": {"estimator": AdaBoostRegressor(n_estimators=2)},
    "RegressorChain": {"estimator": Ridge()},
    "SelfTrainingClassifier": {"estimator": LogisticRegression()},
    "SparseCoder": {"dictionary": np.eye(5)},
    "StackingClassifier": {"estimators": [("a", LogisticRegression())]},
    "StackingRegressor": {"estimators": [("a", Ridge())]},
    "TunedThresholdClassifierCV": {"estimator": LogisticRegression()},
    "VotingClassifier": {"estimators": [("a", LogisticRegression())]},
    "VotingRegressor": {"estimators": [("a", Ridge())]},
}
# They are not fitted on numbers in rows, or no part of a Pipeline that predicts.
_NO_ROWS = {
    "CountVectorizer", "DictVectorizer", "FeatureHasher", "HashingVectorizer",
    "LabelBinarizer", "LabelEncoder", "MultiLabelBinarizer", "PatchExtractor", "TfidfVectorizer",
    "ClassicalMDS", "IsotonicRegression", "KernelCenterer", "SpectralBiclustering", "TSNE",
}  # fmt: skip
_CONVERTIBLE = {cls for classes in convertible_classes().values() for cls in classes}
REFUSED = [
    (name, cls)
    for name, cls in all_estimators()
    if cls not in _CONVERTIBLE and name not in _NO_ROWS
]


@pytest.mark.parametrize(("name", "cls"), REFUSED, ids=[name for name, _ in REFUSED])
def test_class_is_refused_with_advice(name: str, cls: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Few samples, defaults that will change.
        estimator = cls(**_NEEDED.get(name, {}))
        for parameter, value in (("n_estimators", 3), ("max_iter", 5), ("n_components", 2)):
            if parameter in estimator.get_params(deep=False):
                estimator.set_params(**{parameter: value})
        several = name in ("ClassifierChain", "RegressorChain")
        several = several or name.startswith("MultiOutput")
        estimator.fit(X, np.column_stack([Y, Y]) if several else Y)
    with pytest.raises(NotConvertibleError) as caught:
        to_graph(estimator)
    error = caught.value
    assert error.advice.split()[0] in ("use", "write", "convert", "fill", "for"), error
    assert "register a converter" not in error.advice, "no advice for this class"
    if issubclass(cls, ClassifierMixin | RegressorMixin):
        assert "PCA" not in error.advice, "advice for transformers"


def test_at_least_forty_classes_are_refused() -> None:
    assert len(REFUSED) >= 40
