"""Bagging: means of members that read columns of their own, and may lack classes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_diabetes, load_digits
from sklearn.ensemble import BaggingClassifier, BaggingRegressor
from sklearn.kernel_ridge import KernelRidge
from sklearn.linear_model import LogisticRegression, Ridge, RidgeClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor
from sklearn.utils.validation import has_fit_parameter

from skconv import NotConvertibleError, to_c, to_graph
from skconv.codegen.estimates import plain
from skconv.graph import Linear, QTreeEnsemble, TreeEnsemble, Winner
from skconv.runtime import reference

DIGITS, LABELS = load_digits(return_X_y=True)
PIXELS, LABELS = DIGITS[:500].astype(np.uint8), LABELS[:500]
X, VALUES = (numbers[:200] for numbers in load_diabetes(return_X_y=True))
FEW: dict[str, Any] = {"n_estimators": 4, "random_state": 0}
COLUMNS: list[dict[str, Any]] = [{}, {"max_features": 0.6, "bootstrap_features": True}]

MEMBERS = [
    DecisionTreeClassifier(max_depth=4, random_state=0),
    LogisticRegression(C=0.01),
    RidgeClassifier(),
    make_pipeline(MinMaxScaler(), LogisticRegression()),
    KNeighborsClassifier(4, algorithm="brute"),
]
# Of neighbours at equal distances scikit-learn takes others where it is given columns.
PAIRS = [(member, columns) for columns in COLUMNS for member in MEMBERS][:-1]


def of(member: Any, columns: dict[str, Any], n_classes: int = 10) -> BaggingClassifier:
    """Fitted; what takes no weights is fitted on so few samples that it misses classes."""
    is_few = not has_fit_parameter(member, "sample_weight")
    bagging = BaggingClassifier(member, max_samples=25 if is_few else 1.0, **FEW, **columns)
    return bagging.fit(PIXELS, LABELS % n_classes)


@pytest.mark.parametrize(("member", "columns"), PAIRS, ids=str)
@pytest.mark.parametrize("n_classes", [2, 10])
def test_classes_and_probabilities(member: Any, columns: dict[str, Any], n_classes: int) -> None:
    bagging = of(member, columns, n_classes)
    graph = to_graph(bagging)
    found = graph.classes[reference.run(graph, PIXELS)[:, 0].astype(int)]
    wanted = bagging.predict(PIXELS)
    assert (found == wanted).all()
    model = to_c(bagging, PIXELS, probabilities=True)
    assert (model.predict(PIXELS, engine="fixed") == wanted).mean() > 0.99
    off = np.abs(model.predict_proba(PIXELS, "fixed") - bagging.predict_proba(PIXELS))
    assert np.quantile(off, 0.99) < 1e-3


@pytest.mark.parametrize("member", MEMBERS[3:], ids=str)
def test_members_that_lack_classes_are_among_them(member: Any) -> None:
    bagging = of(member, {})
    assert min(len(member.classes_) for member in bagging.estimators_) < 10


@pytest.mark.parametrize("columns", COLUMNS, ids=str)
def test_hard_votes_of_trees_are_one_op_that_decides_as_scikit_learn(
    columns: dict[str, Any],
) -> None:
    """Trees grow until each leaf is of one class."""
    bagging = BaggingClassifier(**FEW, **columns)
    model = to_c(bagging.fit(PIXELS, LABELS), PIXELS)
    assert [type(plain(node.op)) for node in model.graph.nodes[:-1]] == [QTreeEnsemble]
    assert (model.predict(PIXELS, engine="fixed") == bagging.predict(PIXELS)).all()


def test_a_member_without_probabilities_votes() -> None:
    graph = to_graph(of(MEMBERS[2], {}))
    assert sum(isinstance(node.op, Winner) for node in graph.nodes) == FEW["n_estimators"]


REGRESSORS = [
    DecisionTreeRegressor(max_depth=4, random_state=0),
    Ridge(),
    KernelRidge(alpha=0.1, kernel="rbf", gamma=5),
]


@pytest.mark.parametrize("columns", COLUMNS, ids=str)
@pytest.mark.parametrize("member", REGRESSORS, ids=str)
@pytest.mark.parametrize("n_outputs", [1, 2])
def test_values(member: Any, columns: dict[str, Any], n_outputs: int) -> None:
    targets = VALUES if n_outputs == 1 else np.column_stack([VALUES, -3 * VALUES])
    bagging = BaggingRegressor(member, **FEW, **columns).fit(X, targets)
    wanted = bagging.predict(X).reshape(len(X), -1)
    graph = to_graph(bagging)
    np.testing.assert_allclose(reference.run(graph, X), wanted, rtol=1e-5, atol=1e-3)
    if not isinstance(member, KernelRidge):
        assert [type(node.op) for node in graph.nodes] in ([TreeEnsemble], [Linear])
    found = to_c(bagging, X).predict(X, engine="fixed").reshape(wanted.shape)
    assert np.median(np.abs(found - wanted) / np.ptp(wanted, axis=0)) < 1e-3


def test_members_that_do_not_convert_are_named() -> None:
    bagging = BaggingClassifier(SVC(kernel="sigmoid"), **FEW).fit(PIXELS, LABELS)
    with pytest.raises(NotConvertibleError, match=r"estimators_\[0\].*SVC.*kernel"):
        to_graph(bagging)


def test_samples_of_one_class_are_refused() -> None:
    neighbours = KNeighborsClassifier(1)
    bagging = BaggingClassifier(neighbours, max_samples=1, **FEW).fit(PIXELS, LABELS)
    with pytest.raises(NotConvertibleError, match=r"one class.*more max_samples"):
        to_graph(bagging)


@pytest.mark.needs("cc")
@pytest.mark.parametrize("member", [MEMBERS[0], MEMBERS[2]], ids=str)
def test_the_c_gives_the_bytes_of_the_definition(member: Any) -> None:
    model = to_c(of(member, COLUMNS[1]), PIXELS, probabilities=True)
    assert model.verify(PIXELS).differing_bytes == 0
