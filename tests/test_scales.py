"""Outputs and inputs whose entries have scales of their own."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest
from sklearn.datasets import load_diabetes
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import r2_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skconv import QuantizedFeatures, to_c
from skconv.deploy import CModel
from skconv.graph import Abs, Graph, QLinear, TensorSpec, from_dict, to_dict

SIZES = np.array([1.0, 1e-4, 1e3])


def targets_of_many_sizes():
    X, y = load_diabetes(return_X_y=True)
    return X, np.c_[y, X[:, 2] + X[:, 8], y**2] * SIZES


@pytest.fixture(scope="module")
def regressor():
    X, y = targets_of_many_sizes()
    pipe = make_pipeline(StandardScaler(), Ridge()).fit(X, y)
    return X, pipe, to_c(pipe, X, name="reg")


def test_every_output_of_a_regressor_has_its_own_scale(regressor):
    X, pipe, model = regressor
    found = model.predict(X, engine="fixed")
    assert min(r2_score(pipe.predict(X), found, multioutput="raw_values")) > 0.999
    assert len(set(model.graph.output.scales)) == 3


def test_c_of_a_regressor_with_many_scales_gives_the_same_bytes(regressor):
    X, _, model = regressor
    found = model.verify(X[:50])
    assert found.differing_bytes == 0
    assert found.agreement > 0.999
    np.testing.assert_array_equal(model.predict(X[:50]), model.predict(X[:50], engine="fixed"))


def test_agreement_is_that_of_the_worst_output(regressor):
    X, pipe, model = regressor
    scales = model.graph.output.scales
    (node,) = model.graph.nodes
    wrong = (scales[0], 2 * scales[1], scales[2])
    op = node.op.op if hasattr(node.op, "op") else node.op
    graph = Graph(model.graph.input).append(QLinear(op.weights, op.bias, scales=wrong))
    broken = CModel(pipe, graph, "reg", model.target, X)
    assert broken.verify(X[:50]).agreement < 0.5 < model.verify(X[:50]).agreement


def test_header_states_every_scale(regressor):
    _, _, model = regressor
    text = model.files["reg.h"]
    (found,) = re.findall(r"REG_OUTPUT_SCALES \{ \\\n(.*) \\\n\}", text)
    numbers = [float(number.strip().rstrip("f")) for number in found.split(",") if number.strip()]
    np.testing.assert_allclose(numbers, model.graph.output.scales, rtol=1e-6)
    assert "real = scale[i] * q" in text


def test_scores_of_a_classifier_share_a_scale():
    X, y = targets_of_many_sizes()
    labels = np.digitize(y[:, 0], [100, 200])
    model = to_c(LogisticRegression().fit(X, labels), X)
    assert model.graph.specs[model.graph.scores_name].scales == ()


def test_quantized_components_reach_the_classifier_with_scale_1():
    X, y = load_diabetes(return_X_y=True)
    pipe = make_pipeline(QuantizedFeatures(PCA(4)), StandardScaler(), Ridge()).fit(X, y)
    assert r2_score(pipe.predict(X), to_c(pipe, X).predict(X, engine="fixed")) > 0.99


def test_scales_of_entries_survive_json_and_say_what_integers_mean():
    spec = TensorSpec((2,), "int16", scales=(0.5, 2.0), zero_points=(10, -1))
    graph = from_dict(json.loads(json.dumps(to_dict(Graph(spec)))))
    assert graph.input == spec
    np.testing.assert_array_equal(spec.real(np.array([[12, 3]])), [[1.0, 8.0]])


def test_graphs_written_with_zero_points_of_0_are_read():
    graph = Graph(TensorSpec((2,), "uint8")).append(Abs())
    older = to_dict(graph)
    older["graph"]["input"]["zero_point"] = 0
    assert from_dict(older) == graph
    older["graph"]["input"]["zero_point"] = 3
    with pytest.raises(ValueError, match="zero_point"):
        from_dict(older)
