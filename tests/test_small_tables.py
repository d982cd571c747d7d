"""Tables, small samples and signals of 16 bits: the integers predict what the floats predict."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_digits, load_wine
from sklearn.decomposition import PCA, TruncatedSVD
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from skconv import LaplacianNuSVC, PCAConvFeatures, RandomConvFeatures, to_c
from skconv.graph import INPUT, Affine, Conv, Graph, KernelMachine, Linear, Reshape, TensorSpec
from skconv.passes.device import device_units
from skconv.passes.fold import fold
from skconv.passes.integers import integer_graph
from skconv.runtime import fixed, reference

RNG = np.random.default_rng(0)


def digits(offset=0.0):
    X, y = load_digits(return_X_y=True)
    return X / 16 + offset, y


def loss(pipe, X, y, **options):
    """Accuracy that the integers lose on the other half of the samples, and the model."""
    X, X_new, y, y_new = train_test_split(X, y, test_size=0.5, random_state=0, stratify=y)
    model = to_c(pipe.fit(X, y), X, **options)
    found = model.predict(X_new, engine="fixed")
    return pipe.score(X_new, y_new) - float(np.mean(found == y_new)), model


# ------------------------------------------------------------------- inputs of several scales


@pytest.mark.parametrize("load", [load_wine, load_breast_cancer])
@pytest.mark.parametrize("head", [SVC(), LogisticRegression()])
def test_a_table_of_many_units_loses_no_accuracy(load, head):
    lost, model = loss(make_pipeline(StandardScaler(), head), *load(return_X_y=True))
    assert lost <= 0.01
    assert model.graph.input.dtype == "int16"
    assert len(model.graph.input.scales) == model.graph.input.size


@pytest.mark.parametrize("steps", [[], [StandardScaler()]])
def test_digits_far_from_zero_lose_no_accuracy(steps):
    head = LogisticRegression(max_iter=2000)
    lost, model = loss(make_pipeline(*steps, head), *digits(offset=100.0))
    assert lost <= 0.01
    assert len(model.graph.input.zero_points) == 1


def test_convolutions_of_images_far_from_zero_lose_little():
    # A border of zeros would be an edge a hundred times as high as any in the image.
    features = RandomConvFeatures(
        n_kernels=8, kernel_size=3, padding="valid", pool_size=2, input_shape=(8, 8), random_state=0
    )
    pipe = make_pipeline(features, StandardScaler(), LogisticRegression(max_iter=2000))
    lost, _ = loss(pipe, *digits(offset=100.0))
    assert lost <= 0.01


def test_c_of_a_table_gives_the_same_bytes_and_states_its_scales():
    X, y = load_wine(return_X_y=True)
    model = to_c(make_pipeline(StandardScaler(), SVC()).fit(X, y), X, name="wine")
    found = model.verify(X)
    assert (found.differing_bytes, found.agreement) == (0, 1.0)
    assert "WINE_INPUT_SCALES" in model.files["wine.h"]
    assert "WINE_INPUT_ZERO_POINTS" in model.files["wine.h"]


FIRST_LAYERS = {
    "affine": Affine(RNG.normal(size=6).astype("f4"), RNG.normal(size=6).astype("f4")),
    "linear": Linear(RNG.normal(size=(3, 6)).astype("f4"), RNG.normal(size=3).astype("f4")),
    "machine": KernelMachine(
        "laplacian",
        RNG.normal(1000, 1, (5, 6)).astype("f4"),
        RNG.normal(size=(1, 5)).astype("f4"),
        np.zeros(1, "f4"),
        gamma=0.3,
    ),
}


@pytest.mark.parametrize("name", FIRST_LAYERS)
def test_the_first_layer_absorbs_scales_and_zero_points(name):
    x = RNG.normal(1000, 1, (50, 6)) * ([1] * 6 if name == "machine" else 10.0 ** np.arange(6))
    graph = Graph(TensorSpec((6,))).append(FIRST_LAYERS[name])
    in_units, device = device_units(graph, x)
    assert len(in_units.nodes) == 1
    found = reference.run(in_units, fixed.quantize_input(device, x).astype(float))
    wanted = reference.run(graph, x)
    np.testing.assert_allclose(found, wanted, atol=2e-3 * np.abs(wanted).max())
    assert np.abs(device.real(fixed.quantize_input(device, x)) - x).max() <= max(device.scales)


def test_channels_of_a_signal_have_their_own_scales():
    x = RNG.normal(size=(40, 20, 3)) * [1, 1e-3, 1e3]
    conv = Conv(RNG.normal(size=(4, 1, 5, 3)).astype("f4") * [1, 1e3, 1e-3], np.zeros(4, "f4"))
    graph = Graph(TensorSpec((60,))).append(Reshape((1, 20, 3))).append(conv)
    integer = integer_graph(graph, x.reshape(40, -1), output_bits=16)
    wanted = reference.run(graph, x.reshape(40, -1))
    found = integer.output.scale * fixed.run(integer, fixed.quantize_input(integer.input, x))
    assert np.abs(found - wanted).max() < 0.02 * np.abs(wanted).max()


def test_bytes_divided_by_255_stay_bytes():
    graph = Graph(TensorSpec((6,))).append(FIRST_LAYERS["linear"])
    x = RNG.integers(0, 256, (30, 6)) / 255
    assert integer_graph(graph, x).input == TensorSpec((6,), "uint8", 1 / 255, 0, 255)


def test_an_affine_of_one_factor_folds_into_distances():
    affine = Affine(np.full(6, 0.5, "f4"), RNG.normal(size=6).astype("f4"))
    graph = Graph(TensorSpec((6,))).append(affine).append(FIRST_LAYERS["machine"])
    folded = fold(graph)
    x = RNG.normal(2000, 1, (9, 6))
    assert [type(node.op) for node in folded.nodes] == [KernelMachine]
    np.testing.assert_allclose(reference.run(folded, x), reference.run(graph, x), rtol=1e-3)


# --------------------------------------------------------------------------- kernel machines


@pytest.mark.parametrize(
    "steps",
    [
        [StandardScaler(), PCA(16, random_state=0), SVC(kernel="poly", coef0=1.0)],
        [StandardScaler(), PCA(2, random_state=0), LaplacianNuSVC()],
        [PCA(2, random_state=0), LaplacianNuSVC()],
    ],
    ids=["poly", "scaled laplacian", "laplacian"],
)
def test_kernel_machines_on_components_lose_no_accuracy(steps):
    X, y = load_digits(return_X_y=True)
    lost, model = loss(make_pipeline(*steps), X, y)
    assert lost <= 0.005
    assert model.verify(X[:100]).differing_bytes == 0


def test_a_kernel_machine_on_pixels_reads_bytes():
    X, y = load_digits(return_X_y=True)
    model = to_c(SVC().fit(X[:500], y[:500]), X[:500].astype(np.uint8))
    assert [model.graph.specs[name].dtype for name in (INPUT,)] == ["uint8"]
    assert len(model.graph.nodes) == 3


# -------------------------------------------------------------------------- signals of 16 bits


def signals(n=600, length=64):
    """Two kinds of noise, each around a level a thousand times larger."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, n)
    noise = rng.normal(size=(n, length)) * np.where(y, 14, 8)[:, None]
    return np.rint(rng.uniform(-12_000, 12_000, (n, 1)) + noise).astype(np.int16), y


def test_the_first_convolution_keeps_16_bits():
    X, y = signals()
    features = RandomConvFeatures(n_kernels=8, kernel_size=5, pool_size=4, random_state=0)
    features.set_params(input_shape=X.shape[1:], zero_mean=True)
    pipe = make_pipeline(features, StandardScaler(), LogisticRegression(max_iter=2000))
    pipe.fit(X[:400], y[:400])
    model = to_c(pipe, X[:400], name="waves")
    assert "Rescale" not in repr(model)
    found = model.predict(X[400:], engine="fixed")
    accuracy = pipe.score(X[400:], y[400:])
    assert accuracy > 0.9
    assert accuracy - np.mean(found == y[400:]) <= 0.01
    assert model.verify(X[:20]).differing_bytes == 0


# ------------------------------------------------------------------------------------- floats


def test_float32_convolutions_far_from_zero_keep_their_digits():
    X, y = digits(offset=1e4)
    features = PCAConvFeatures(n_kernels=4, kernel_size=3, padding="valid", pool="l2", pool_size=2)
    features.set_params(input_shape=(8, 8), root=False)
    pipe = make_pipeline(features, StandardScaler(), LogisticRegression(max_iter=100))
    pipe.fit(X[:300], y[:300])
    model = to_c(pipe, X[:300], dtype="float32")
    assert model.verify(X[300:400]).relative_error < 1e-5


def test_probabilities_behind_components_with_heavy_tails():
    rng = np.random.default_rng(0)
    X, y = rng.standard_t(1.0, size=(300, 40)), rng.integers(0, 10, 300)
    X[:, :3] += 3 * np.c_[y % 3, y % 4, y % 5]
    pipe = make_pipeline(TruncatedSVD(6, random_state=0), LogisticRegression(max_iter=500))
    model = to_c(pipe.fit(X, y), X, probabilities=True)
    found = model.predict_proba(X, engine="fixed")
    assert np.abs(found - pipe.predict_proba(X)).max() < 0.02
