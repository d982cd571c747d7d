"""Classifiers of several outputs: scikit-learn, the float graph, the integers and the C agree."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression, RidgeClassifier
from sklearn.multiclass import OneVsRestClassifier
from sklearn.multioutput import ClassifierChain, MultiOutputClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

from skconv import NotConvertibleError, to_c, to_graph
from skconv.codegen.labels import several_labels_function
from skconv.exceptions import CalibrationWarning
from skconv.graph import Decisions, TensorSpec
from skconv.runtime import reference

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, digits = load_digits(return_X_y=True)
X = X.astype(np.uint8)
HELD, X = X[400:500], X[:400]
digits = digits[:400]
# Two, three and two classes; three labels that a sample has or has not.
OUTPUTS = np.column_stack([digits % 2, digits % 3, 2 * (digits > 4) + 1])
LABELS = np.column_stack([digits % 2, digits > 4, digits % 5 == 0]).astype(int)
LOGISTIC = LogisticRegression(max_iter=200)
SMALL = {"max_depth": 6, "random_state": 0}
FOREST = RandomForestClassifier(5, **SMALL)

MODELS = {
    "linear": (MultiOutputClassifier(LOGISTIC), OUTPUTS, 1.0),
    "forests": (MultiOutputClassifier(FOREST), OUTPUTS, 1.0),
    "machines": (MultiOutputClassifier(SVC()), OUTPUTS, 0.97),
    "scaled": (make_pipeline(StandardScaler(), MultiOutputClassifier(LOGISTIC)), OUTPUTS, 0.97),
    "chain of linear": (ClassifierChain(LOGISTIC, order=[2, 0, 1]), LABELS, 0.97),
    "chain of forests": (ClassifierChain(FOREST, order=(1, 2, 0)), LABELS, 1.0),
    "chain of three classes": (ClassifierChain(FOREST, order=(1, 2, 0)), OUTPUTS, 0.97),
    "tree": (DecisionTreeClassifier(**SMALL), OUTPUTS, 1.0),
    "forest": (FOREST, OUTPUTS, 1.0),
    "neighbours": (KNeighborsClassifier(4), OUTPUTS, 0.97),
    "near ones": (KNeighborsClassifier(4, weights="distance"), OUTPUTS, 0.97),
    "network": (MLPClassifier((6,), random_state=0, max_iter=30), LABELS, 0.97),
    "ridge": (RidgeClassifier(), LABELS, 1.0),
    "one against the rest": (OneVsRestClassifier(LOGISTIC), LABELS, 1.0),
    "forests of labels": (OneVsRestClassifier(FOREST), LABELS, 1.0),
}


def fitted(name: str) -> Any:
    estimator, y, _ = MODELS[name]
    model = clone(estimator)
    return model.fit(X, y)


@pytest.mark.parametrize("name", MODELS)
def test_labels_are_those_of_scikit_learn(name: str) -> None:
    """The float graph gives them all, and the integers as many as is said above."""
    model, agreement = fitted(name), MODELS[name][2]
    wanted = model.predict(HELD)
    graph = to_graph(model)
    indices = reference.run(graph, HELD.astype(np.float64))
    assert graph.decisions is not None
    labels = zip(graph.decisions.labels, indices.T, strict=True)
    found = np.column_stack([classes[index] for classes, index in labels])
    assert (found == wanted).all()
    converted = to_c(model, X)
    found = converted.predict(HELD, engine="fixed")
    assert found.shape == wanted.shape
    assert (found == wanted).all(axis=1).mean() >= agreement


@pytest.mark.parametrize(("name", "dtype"), [("chain of forests", "int8"), ("linear", "float32")])
def test_the_c_is_its_definition(name: str, dtype: Any) -> None:
    model = to_c(fitted(name), X, dtype=dtype)
    found = model.verify(HELD)
    assert found.differing_bytes == (0 if dtype == "int8" else None)
    assert found.agreement == 1.0
    assert (model.predict(HELD, engine="c") == model.predict(HELD, engine="fixed")).all()


def test_a_model_is_scored_compared_and_saved(tmp_path: Path) -> None:
    model = to_c(fitted("linear"), X, name="three")
    right = (model.predict(X) == OUTPUTS).all(axis=1)
    assert model.score(X, OUTPUTS) == right.mean() < 1
    assert model.score(X, OUTPUTS, sample_weight=right + 0.0) == 1
    assert [labels.tolist() for labels in model.classes_] == [[0, 1], [0, 1, 2], [1, 3]]
    assert model.compare(X).agreement == 1.0
    model.save(tmp_path)
    assert json.loads((tmp_path / "manifest.json").read_text())["classes"][2] == [1, 3]
    header = (tmp_path / "three.h").read_text()
    assert "void three_predict(const three_input_t *input, three_output_t *classes)" in header
    assert "int32_t three_label(int32_t output, int32_t class_index)" in header
    assert "OUTPUT_SCALE" not in header, "an index has no scale"
    assert "static int32_t classes[THREE_OUTPUT_SIZE];" in (tmp_path / "README.md").read_text()


def test_labels_of_outputs_are_text_where_one_is() -> None:
    words, numbers = np.array(["a", "b"]), np.array([1, 2])
    assert "return 2;" in "".join(several_labels_function("m", [numbers, numbers]))
    lines = list(several_labels_function("m", [words, words]))
    assert sum("switch" in line for line in lines) == 1, "equal labels are printed once"
    lines = list(several_labels_function("m", [words, np.array(["c"])]))
    assert sum("switch" in line for line in lines) == 3
    assert '            return "c";' in lines


def test_a_stream_decides_on_several_outputs() -> None:
    x = np.random.default_rng(0).integers(-99, 99, (40, 8), dtype=np.int16)
    y = np.column_stack([x.sum(axis=1) > 0, x[:, 0] > x[:, 1]])
    model = to_c(MultiOutputClassifier(RidgeClassifier()).fit(x, y), x, input="samples", hop=8)
    found = model.stream(engine="fixed").push(x.ravel())
    assert found.shape == (40, 2)
    assert (found == model.predict(x, engine="fixed")).all()
    assert model.verify(x).differing_bytes == 0


def test_integers_that_give_other_labels_warn() -> None:
    """Of 8 bits little is left of the small feature that decides."""
    x = np.random.default_rng(0).normal(size=(100, 2)) * [1e5, 1.0]
    y = np.column_stack([x[:, 1] > 0, x[:, 1] > 0.5])
    model = MultiOutputClassifier(DecisionTreeClassifier()).fit(x, y)
    with pytest.warns(CalibrationWarning, match=r"only \d\d\.\d% of the labels"):
        to_c(model, x, input_type="int8")


@pytest.mark.parametrize("name", ["linear", "chain of linear", "tree", "neighbours", "network"])
@pytest.mark.parametrize("option", ["probabilities", "scores"])
def test_numbers_of_several_outputs_are_refused(name: str, option: str) -> None:
    with pytest.raises(NotConvertibleError, match=r"for each output|scores=True out"):
        to_c(fitted(name), X, **{option: True})


@pytest.mark.parametrize("name", ["ridge", "one against the rest"])
def test_scores_of_many_labels_are_refused(name: str) -> None:
    with pytest.raises(NotConvertibleError, match=r"several outputs.*no scores"):
        to_c(fitted(name), X, scores=True)


def test_values_that_decide_on_labels_are_refused() -> None:
    model = OneVsRestClassifier(LinearRegression()).fit(X, LABELS)
    with pytest.raises(NotConvertibleError, match=r"estimators_\[0\].*use a classifier"):
        to_graph(model)


def test_labels_that_all_samples_have_or_none() -> None:
    y = np.column_stack([LABELS[:, 0], np.ones(len(X), int), np.zeros(len(X), int)])
    for estimator in (RidgeClassifier(), FOREST):
        with pytest.warns(UserWarning, match="present in all training"):
            model = OneVsRestClassifier(estimator).fit(X, y)
        found = to_c(model, X).predict(HELD, engine="fixed")
        assert (found == model.predict(HELD)).all()


def test_an_output_of_one_class() -> None:
    y = np.column_stack([digits % 2, np.full(len(X), 7)])
    for estimator in (FOREST, ClassifierChain(FOREST, order=[1, 0])):
        model = clone(estimator).fit(X, y)
        assert (to_c(model, X).predict(HELD, engine="fixed") == model.predict(HELD)).all()


@pytest.mark.parametrize(
    ("sizes", "widths", "words"),
    [
        ((2,), (2,), "2 scores for 3 classes of output 0"),
        ((3, 3), (4, 2), "those of an output stand in two"),
        ((3,), (4,), "some are left over"),
    ],
)
def test_scores_that_do_not_fit(sizes: Any, widths: Any, words: str) -> None:
    op = Decisions((np.arange(3),) * len(sizes), sizes)
    with pytest.raises(ValueError, match=words):
        op.output(*(TensorSpec((width,)) for width in widths))
