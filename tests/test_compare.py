"""`CModel.compare`: the loss of the integers layer by layer, as a table and as a chart."""

from __future__ import annotations

from collections.abc import Iterator

import matplotlib
import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from skconv import QuantizationDisplay, RandomConvFeatures, to_c, to_graph
from skconv.deploy.comparison import ComparedTensor, Comparison
from skconv.graph import Conv, Fused, Graph, Linear, Relu, Reshape, TensorSpec
from skconv.passes.fold import fold
from skconv.runtime import fixed, reference

PIXELS, DIGITS = load_digits(return_X_y=True)
IMAGES = PIXELS.astype(np.uint8).reshape(-1, 8, 8)


@pytest.fixture(autouse=True)
def no_window() -> Iterator[None]:
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    yield
    plt.close("all")


@pytest.fixture(scope="module")
def model():
    features = RandomConvFeatures(
        n_kernels=8, kernel_size=3, nonlinearity="relu", pool="max", pool_size=2, random_state=0
    )
    return to_c(make_pipeline(features, RidgeClassifier()).fit(IMAGES, DIGITS), IMAGES[:200])


@pytest.fixture(scope="module")
def found(model):
    return model.compare(IMAGES[200:500])


def by_name(comparison):
    return {row.node: row for row in comparison.rows}


def test_fused_stages_are_taken_apart(model, found):
    assert any(isinstance(node.op, Fused) for node in model.for_target("portable").graph.nodes)
    names = [row.node for row in found.rows]
    assert names[0] == "input"
    assert {"relu", "maxpool", "linear"} <= set(names)
    assert set(names) <= set(fold(to_graph(model.estimator)).specs)


def test_rows_are_what_the_definitions_differ_by(model, found):
    """Scores and maps, computed once more without chunks and sums."""
    x = IMAGES[200:500].reshape(300, -1)
    wanted = reference.tensors(fold(to_graph(model.estimator)), x)
    q = fixed.tensors(model._any_target, x)
    scores = model._any_target.scores_name
    real = model._any_target.specs[scores].real(q[scores].astype(np.float64))
    noise = np.sqrt(np.mean((real - wanted[scores]) ** 2))
    signal = np.sqrt(np.mean(wanted[scores] ** 2))
    row = by_name(found)[scores]
    assert row.relative_error == pytest.approx(noise / signal, rel=1e-6)
    assert row.snr_db == pytest.approx(20 * np.log10(signal / noise), rel=1e-6)


def test_input_of_the_device_is_exact_and_noise_grows(found):
    rows = by_name(found)
    assert rows["input"].snr_db == float("inf")
    assert rows["input"].relative_error == 0
    assert np.isfinite(rows["relu"].snr_db)
    assert rows["relu"].snr_db > 30


def test_agreement_is_that_of_the_decisions(model, found):
    x = IMAGES[200:500]
    same = model.predict(x, engine="fixed") == model.estimator.predict(x)
    assert found.agreement == np.mean(same)
    assert found.n_samples == 300


def test_clipping_shows(model):
    few = to_c(model.estimator, IMAGES[:200] // 3 * 2)  # calibrated on darker images
    rows, before = by_name(few.compare(IMAGES[200:500])), by_name(model.compare(IMAGES[200:500]))
    assert rows["relu"].saturated > before["relu"].saturated + 0.002
    assert rows["relu"].snr_db < before["relu"].snr_db - 3


def test_a_layer_that_loses_is_found():
    """8 bits in the linear layer: its scores lose, what is before it does not."""
    pipe = make_pipeline(StandardScaler(with_std=False), LogisticRegression(max_iter=2000))
    pipe.fit(PIXELS, DIGITS)
    fine, coarse = (
        by_name(to_c(pipe, IMAGES.reshape(-1, 64), linear_bits=bits).compare(PIXELS[:200]))
        for bits in (16, 8)
    )
    assert fine["input"].snr_db == coarse["input"].snr_db == float("inf")
    assert coarse["linear"].snr_db < fine["linear"].snr_db - 20


def test_features_and_votes():
    transformer = to_c(PCA(4).fit(PIXELS), IMAGES.reshape(-1, 64))
    assert transformer.compare(PIXELS[:50]).agreement is None
    machine = make_pipeline(StandardScaler(), SVC()).fit(PIXELS, DIGITS)
    rows = by_name(to_c(machine, IMAGES.reshape(-1, 64)).compare(PIXELS[:50]))
    assert rows["ovovote"].saturated == 0


class Estimator:
    """A transformer that is a graph, for networks of a few numbers."""

    def __init__(self, graph):
        self.graph_ = graph
        self.n_features_in_ = graph.input.size

    def fit(self, X, y=None):
        return self

    def __sklearn_is_fitted__(self):
        return True

    def __sklearn_tags__(self):
        return PCA().__sklearn_tags__()

    def transform(self, X):
        return reference.run(self.graph_, X)


def test_equalised_channels_are_compared_up_to_a_factor():
    """Two convolutions: channels of the first map are brought closer, by a factor each."""
    rng = np.random.default_rng(0)
    scales = np.float32([1, 16, 200, 3])[:, None, None, None]
    first = Conv((rng.normal(size=(4, 3, 3, 1)) * scales).astype("float32"), np.zeros(4, "float32"))
    second = Conv(rng.normal(size=(2, 3, 3, 4)).astype("float32"), np.zeros(2, "float32"))
    last = Linear(rng.normal(size=(3, 32)).astype("float32"), np.zeros(3, "float32"))
    graph = Graph(TensorSpec((64,))).append(Reshape((8, 8, 1))).append(first).append(Relu())
    graph = graph.append(second).append(Relu()).append(Reshape((32,))).append(last)
    comparison = to_c(Estimator(graph), IMAGES.reshape(-1, 64)[:300]).compare(PIXELS[:100])
    rows = by_name(comparison)
    assert comparison.equalized
    assert "up to one factor for each channel" in str(comparison)
    assert all(row.snr_db > 20 for row in comparison.rows)
    assert rows["linear"].snr_db < float("inf")


# ----------------------------------------------------------------------- tables and charts


def stated():
    rows = (
        ComparedTensor("input", "", "uint8", (4,), float("inf"), 0.0, 0.0),
        ComparedTensor("linear", "QLinear 4->2", "int16", (2,), 40.0, 0.01, 0.125),
    )
    return Comparison(rows, 7, 0.5)


def test_the_table():
    lines = str(stated()).splitlines()
    assert lines[0].split() == ["node", "op", "tensor", "SNR", "dB", "error", "at", "limits"]
    assert " ".join(lines[2].split()) == "linear QLinear 4->2 int16 (2,) 40.0 1.00% 12.50%"
    assert "7 samples" in lines[3]
    assert lines[4] == "same decision: 0.5000"
    assert "<td>QLinear 4-&gt;2</td>" in stated()._repr_html_()


def test_the_data_frame():
    pytest.importorskip("pandas")
    frame = stated().to_frame()
    assert frame.loc["linear", "snr_db"] == 40
    assert list(frame.index) == ["input", "linear"]


def test_the_chart(model, found):
    display = QuantizationDisplay.from_model(model, IMAGES[200:500])
    names = [label.get_text() for label in display.ax_.get_yticklabels()]
    assert names == [row.node for row in found.rows]
    lengths = [bar.get_width() for bar in display.bars_]
    finite = [row.snr_db for row in found.rows if np.isfinite(row.snr_db)]
    assert lengths[-1] == pytest.approx(found.rows[-1].snr_db)
    assert max(lengths) == pytest.approx(max(finite))
    assert "exact" in [text.get_text() for text in display.ax_.texts]
    assert f"{found.agreement:.1%}" in display.ax_.get_title()
    assert display.figure_ is display.ax_.figure


def test_the_chart_goes_where_it_is_told():
    import matplotlib.pyplot as plt

    figure, ax = plt.subplots()
    display = QuantizationDisplay(stated()).plot(ax, color="tab:red")
    assert display.ax_ is ax
    assert display.figure_ is figure


def test_wrong_use(model):
    with pytest.raises(TypeError, match=r"model is a Pipeline, .* write skconv\.to_c"):
        QuantizationDisplay.from_model(model.estimator, IMAGES)
    with pytest.raises(ValueError, match="X has 63 numbers a sample"):
        model.compare(PIXELS[:, 1:])
    floats = to_c(model.estimator, dtype="float32")
    with pytest.raises(ValueError, match="dtype='float32'"):
        floats.compare(IMAGES[:5])
