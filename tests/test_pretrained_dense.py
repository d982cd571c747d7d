"""Dense torch networks: torch's numbers, the graph's, the integers' and those of the C."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import nn

import skconv
from skconv import PretrainedFeatures
from skconv.pretrained import import_module

DIGITS, LABELS = load_digits(return_X_y=True)
X = DIGITS.astype(np.uint8)


def trained(*layers: nn.Module) -> nn.Sequential:
    """A classifier of digits in evaluation mode, after a few steps."""
    torch.manual_seed(0)
    net = nn.Sequential(*layers).train()
    optimizer = torch.optim.Adam(net.parameters(), 0.01)
    x, y = torch.from_numpy(DIGITS[:800]).float(), torch.from_numpy(LABELS[:800])
    for _ in range(60):
        optimizer.zero_grad()
        nn.functional.cross_entropy(net(x), y).backward()
        optimizer.step()
    return net.eval()


@pytest.fixture(scope="module")
def net() -> nn.Sequential:
    return trained(nn.Linear(64, 24), nn.BatchNorm1d(24), nn.ReLU(), nn.Linear(24, 10))


def by_torch(net: nn.Module, samples: Any) -> Any:
    with torch.no_grad():
        return net(torch.from_numpy(np.asarray(samples, np.float32))).numpy()


def test_features_are_the_output(net: nn.Sequential) -> None:
    features = PretrainedFeatures(net).fit(X)
    assert features.layers_ == ["output"]
    assert [str(node.op.describe()) for node in features.graph_.nodes] == [
        "Reshape",
        "Flatten",
        "Linear 64->24",
        "Relu",
        "Linear 24->10",
    ]
    assert_allclose(features.transform(X[:50]), by_torch(net, X[:50]), atol=1e-4)


def test_layers_are_known_before_fit(net: nn.Sequential) -> None:
    layers = PretrainedFeatures(net).layers()
    assert [(layer.name, layer.shape) for layer in layers][-1] == ("3", (10,))
    hidden = PretrainedFeatures(net, layer="2").fit(X)
    assert_allclose(hidden.transform(X[:9]), by_torch(net[:3], X[:9]), atol=1e-4)


def test_integers_and_c(net: nn.Sequential) -> None:
    features = PretrainedFeatures(net, layer="output").fit(X)
    model = skconv.to_c(features, X[:200], classes=range(10))
    found = model.verify(X[800:1000])
    assert found.differing_bytes == 0
    wanted = by_torch(net, X[800:1000]).argmax(axis=1)
    assert np.mean(model.predict(X[800:1000]) == wanted) >= 0.97


def test_a_scaler_in_front_and_a_classifier_behind(net: nn.Sequential) -> None:
    pipe = make_pipeline(
        StandardScaler(), PretrainedFeatures(net, layer="2"), LogisticRegression(max_iter=1000)
    ).fit(X[:400], LABELS[:400])
    found = skconv.to_c(pipe, X[:200]).verify(X[800:900])
    assert found.differing_bytes == 0
    assert found.agreement >= 0.97


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_maps_are_flattened_as_torch_does_it(data_format: str) -> None:
    torch.manual_seed(0)
    net = nn.Sequential(nn.Flatten(), nn.Linear(3 * 5 * 4, 6), nn.GELU()).eval()
    first = np.random.default_rng(0).normal(size=(7, 3, 5, 4)).astype(np.float32)
    samples = first if data_format == "channels_first" else first.transpose(0, 2, 3, 1)
    features = PretrainedFeatures(net, data_format=data_format)
    assert_allclose(features.fit_transform(samples), by_torch(net, first), atol=1e-6)
    by_module = PretrainedFeatures(net, data_format=data_format, engine="module")
    assert_allclose(by_module.fit_transform(samples), by_torch(net, first), atol=1e-6)


def test_images_are_prepared_first() -> None:
    net = nn.Sequential(nn.Linear(16, 3))
    features = PretrainedFeatures(net, input_size=4, scale=1 / 16, input_shape=(8, 8))
    assert features.fit_transform(X[:5]).shape == (5, 3)


def test_program_of_torch_export(net: nn.Sequential, tmp_path: Path) -> None:
    batch = torch.export.Dim("batch")
    program = torch.export.export(net, (torch.zeros(2, 64),), dynamic_shapes=({0: batch},))
    torch.export.save(program, tmp_path / "net.pt2")
    features = PretrainedFeatures(tmp_path / "net.pt2").fit(X)
    assert_allclose(features.transform(X[:9]), by_torch(net, X[:9]), atol=1e-4)


def test_pickle(net: nn.Sequential, tmp_path: Path) -> None:
    features = PretrainedFeatures(net).fit(X)
    joblib.dump(features, tmp_path / "f.joblib")
    assert_array_equal(
        joblib.load(tmp_path / "f.joblib").transform(X[:9]), features.transform(X[:9])
    )


def test_import_module_takes_a_vector(net: nn.Sequential) -> None:
    network = import_module(net, (64,))
    assert network.layers()[-1].shape == (10,)


@pytest.mark.parametrize(
    ("parameters", "samples", "message"),
    [
        ({}, X[:, :60], r"reads vectors of 64 numbers, samples have 60.*\(n_samples, 64\)"),
        ({"window_size": 3}, X, "reads vectors. Write window_size=None"),
        ({"layer": "7"}, X, "layer='7' is not a module of Sequential"),
    ],
    ids=["width", "window", "layer"],
)
def test_wrong_use(
    net: nn.Sequential, parameters: dict[str, Any], samples: Any, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        PretrainedFeatures(net, **parameters).fit(samples)
