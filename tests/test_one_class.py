"""A classifier fitted on one class answers with that class, as scikit-learn's does."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import RidgeClassifier, RidgeClassifierCV
from sklearn.naive_bayes import ComplementNB, MultinomialNB

import skconv

X = np.random.default_rng(0).integers(0, 255, (30, 4)).astype(np.uint8)
ONE = np.full(30, "only")
CLASSIFIERS = [RidgeClassifier(), RidgeClassifierCV(), MultinomialNB(), ComplementNB()]


@pytest.mark.filterwarnings("ignore:Only one class")
@pytest.mark.parametrize("estimator", CLASSIFIERS, ids=str)
@pytest.mark.parametrize("dtype", ["int8", "float32"])
def test_one_class(estimator: Any, dtype: Any) -> None:
    model = estimator.fit(X, ONE)
    c_model = skconv.to_c(model, X, dtype=dtype)
    found = c_model.verify(X)
    assert found.differing_bytes == (0 if dtype == "int8" else None)
    assert found.agreement == 1
    np.testing.assert_array_equal(c_model.predict(X), model.predict(X))
    assert "#define MODEL_N_CLASSES 1\n" in c_model.files["model.h"]


def test_probabilities_of_one_class_are_refused() -> None:
    model = MultinomialNB().fit(X, ONE)
    with pytest.raises(skconv.NotConvertibleError, match="fit on two classes or more"):
        skconv.to_c(model, X, probabilities=True)
