"""What has no integer form is refused by name: step, class, parameter, and what to do."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from skconv import NotConvertibleError, QuantizedFeatures, to_c
from skconv.graph import Abs, Graph, Op, TensorSpec
from skconv.graph.facts import Facts
from skconv.passes.calibrate import calibrate
from skconv.passes.quantize import quantize
from skconv.passes.refusal import NoIntegerFormError
from skconv.passes.scales import row_scales
from skconv.runtime import reference

RNG = np.random.default_rng(0)
X = RNG.normal(size=(40, 3))
Y = (X[:, 0] > 0).astype(int)


@dataclass(frozen=True)
class Cube(Op):
    """An op that only floats have."""

    facts = Facts("entrywise")

    def output(self, *inputs: TensorSpec) -> TensorSpec:
        return inputs[0]


@reference.evaluate.register
def _(op: Cube, x: np.ndarray) -> np.ndarray:
    return x**3


class CubeFeatures(TransformerMixin, BaseEstimator):
    """A transformer with a graph that has no integer form."""

    def fit(self, X, y=None):
        self.n_features_in_ = X.shape[1]
        self.graph_ = Graph(TensorSpec((X.shape[1],))).append(Cube())
        return self

    def transform(self, X):
        return np.asarray(X) ** 3


def refusal(pipe, x=X, **options) -> NotConvertibleError:
    with pytest.raises(NotConvertibleError) as caught:
        to_c(pipe, x, **options)
    return caught.value


def test_an_op_of_floats_alone_names_the_step_and_the_class():
    inner = make_pipeline(StandardScaler(), CubeFeatures())
    error = refusal(Pipeline([("inner", inner), ("svc", SVC())]).fit(X, Y))
    assert error.step == "inner.cubefeatures"
    assert error.class_name == "CubeFeatures"
    assert "dtype='float32'" in str(error)


def test_a_kernel_that_is_too_narrow_names_gamma():
    search = GridSearchCV(make_pipeline(StandardScaler(), SVC()), {"svc__gamma": [1e12]}, cv=2)
    error = refusal(search.fit(X, Y))
    assert (error.step, error.class_name, error.parameter) == ("svc", "SVC", "gamma")
    assert "smaller gamma" in error.advice


def test_an_estimator_that_stands_alone_has_no_step():
    error = refusal(SVC(gamma=1e12).fit(X, Y))
    assert (error.step, error.class_name, error.parameter) == ("", "SVC", "gamma")


def test_quantized_features_refuse_what_has_no_integers():
    with pytest.raises(NotConvertibleError, match="CubeFeatures"):
        QuantizedFeatures(CubeFeatures()).fit(X)


def test_sums_that_do_not_fit_int32_say_so():
    x = TensorSpec((70_000,), "int32", minimum=-(10**6), maximum=10**6)
    message = "70,000 weights times inputs up to 1,000,000 do not fit int32; use fewer features"
    with pytest.raises(NoIntegerFormError, match=message):
        row_scales(np.ones((1, 70_000)), np.zeros(1), x, 127, per_row=True)


def test_what_an_op_refuses_has_no_integer_form():
    graph = Graph(TensorSpec((3,))).append(Abs())
    x = np.array([[-128, 0, 1]], np.int8)
    with pytest.raises(NoIntegerFormError, match="node 'abs', Abs: Abs of int8"):
        quantize(graph, calibrate(graph, x), input_dtype="int8", input_scale=1.0)
