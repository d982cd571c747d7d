"""``to_c(classes=...)``: a transformer whose features are scores, as a classifier in C."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import nn

from skconv import PretrainedFeatures, datasets, to_c

X, Y = datasets.load_digits()


def network(n_scores):
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(36, n_scores)
    ).eval()


@pytest.fixture(scope="module")
def features():
    return PretrainedFeatures(network(3), layer="output", scale=1 / 16).fit(X)


@pytest.mark.needs("cc")
def test_the_largest_score_decides(features):
    names = np.array(["cat", "dog", "bird"])
    model = to_c(features, X[:200], name="pets", classes=names)
    found = model.verify(X[:300])
    assert found.differing_bytes == 0
    assert found.agreement > 0.95
    scores = model.decision_function(X[:300])
    np.testing.assert_array_equal(model.predict(X[:300]), names[scores.argmax(axis=1)])
    assert "pets_predict" in model.files["pets.h"]
    # Without the decision every score has a scale of its own: the roundings differ, no more.
    alone = to_c(features, X[:200]).transform(X[:300])
    np.testing.assert_allclose(scores, alone, rtol=0, atol=1e-4 * np.abs(alone).max())


@pytest.mark.needs("cc")
def test_one_score_decides_between_two():
    features = PretrainedFeatures(network(1), layer="output", scale=1 / 16).fit(X)
    model = to_c(features, X[:200], classes=["no", "yes"])
    scores = model.decision_function(X)
    np.testing.assert_array_equal(model.predict(X) == "yes", scores > 0)
    assert len(set(model.predict(X))) == 2
    assert model.verify(X[:50]).agreement > 0.95


@pytest.mark.needs("cc")
def test_probabilities_are_the_softmax(features):
    model = to_c(features, X[:200], classes=range(3), probabilities=True)
    wanted = torch.softmax(torch.from_numpy(model.decision_function(X)), dim=1)
    np.testing.assert_allclose(model.predict_proba(X), wanted, atol=0.01)


@pytest.mark.parametrize("dtype", ["int8", "float32"])
def test_the_last_step_of_a_pipeline(features, dtype):
    pipe = make_pipeline(features, StandardScaler()).fit(X)
    model = to_c(pipe, X[:200], classes=[10, 20, 30], dtype=dtype)
    wanted = np.array([10, 20, 30])[pipe.transform(X).argmax(axis=1)]
    assert np.mean(model.predict(X, engine="fixed") == wanted) > 0.95


@pytest.mark.parametrize(
    ("estimator", "classes", "message"),
    [
        (LogisticRegression(max_iter=500), range(10), "LogisticRegression is not a transformer"),
        (Ridge(), range(10), "Ridge is not a transformer, expected one whose features are scores"),
        (
            StandardScaler(),
            range(10),
            r"classes has shape \(10,\), expected a label for each of 64",
        ),
        (StandardScaler(), [range(64)], r"classes has shape \(1, 64\), expected"),
    ],
)
def test_refused(estimator, classes, message):
    flat = X.reshape(len(X), -1)
    with pytest.raises(ValueError, match=message):
        to_c(estimator.fit(flat, Y), flat[:20], classes=classes)


def test_one_score_wants_two_labels():
    features = PretrainedFeatures(network(1), layer="output").fit(X)
    with pytest.raises(ValueError, match="expected 2 labels for 1 score"):
        to_c(features, X[:20], classes=["yes"])
