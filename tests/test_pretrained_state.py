"""What a fitted `PretrainedFeatures` keeps, where its network comes from, and its engines."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
import time
from pathlib import Path

import joblib
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from torch import nn

import skconv
from skconv import NotConvertibleError, PretrainedFeatures, to_c, to_graph
from skconv.datasets import load_digits
from tests.random_modules import first, flat, randomized, small

X, y = load_digits()
X, y = X[:200].astype(np.uint8), y[:200]


class Normalized(nn.Module):
    """What has no form as a graph, behind a layer that has one."""

    def __init__(self):
        super().__init__()
        self.conv, self.norm = nn.Conv2d(1, 4, 3), nn.GroupNorm(2, 4)

    def forward(self, x):
        return self.norm(self.conv(x)).relu_()


# -------------------------------------------------------------------------- fitted state


def test_nothing_of_torch_is_kept(tmp_path):
    features = PretrainedFeatures(small()).fit(X)
    joblib.dump(features, tmp_path / "features.joblib")
    assert b"torch" not in (tmp_path / "features.joblib").read_bytes()


SCRIPT = """
import sys
sys.modules["weights_of_somebody"] = None
import joblib, numpy
features, X = joblib.load(sys.argv[1])
assert "torch" not in sys.modules
numpy.save(sys.argv[2], features.transform(X))
try:
    features.fit(X)
except ValueError as error:
    print(error)
"""


def test_a_new_process_needs_nothing_of_the_package_that_held_the_weights(tmp_path, monkeypatch):
    (tmp_path / "weights_of_somebody.py").write_text(
        "from torch import nn\n\nclass Net(nn.Conv2d):\n    pass\n\n"
        "def make():\n    return nn.Sequential(Net(1, 4, 3), nn.ReLU())\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    import weights_of_somebody

    net = weights_of_somebody.make()
    features = PretrainedFeatures(net).fit(X)
    joblib.dump((features, X), tmp_path / "features.joblib")
    result = subprocess.run(
        [sys.executable, "-c", SCRIPT, tmp_path / "features.joblib", tmp_path / "found.npy"],
        check=True,
        capture_output=True,
        text=True,
        cwd=Path(skconv.__file__).parents[1],
    )
    found = np.load(tmp_path / "found.npy")
    np.testing.assert_allclose(found, features.transform(X), rtol=1e-5, atol=1e-5)
    assert f"Sequential with weights {features.fingerprint_} is not kept" in result.stdout


IN_THREADS = """
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
import numpy, torch
from skconv import PretrainedFeatures

class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = torch.nn.Conv2d(1, 4, 3)
    def forward(self, x):  # torch.fx cannot follow the if, torch.export can.
        return self.conv(x) if x.shape[0] > 0 else x

together = Barrier(4)
def fit(net):
    together.wait()
    features = PretrainedFeatures(net, layer="conv", engine="graph")
    return features.fit_transform(numpy.zeros((2, 8, 8), "uint8")).shape

with ThreadPoolExecutor(4) as pool:
    print(*pool.map(fit, [Net() for _ in range(4)]))
"""


def test_the_first_fits_of_a_process_may_be_side_by_side():
    result = subprocess.run(
        [sys.executable, "-c", IN_THREADS],
        check=True,
        capture_output=True,
        text=True,
        cwd=Path(skconv.__file__).parents[1],
    )
    assert result.stdout.split() == ["(2,", "16)"] * 4


def test_an_unfitted_extractor_takes_its_module_along():
    features = PretrainedFeatures(small(), layer="0")
    found = pickle.loads(pickle.dumps(features)).fit_transform(X)
    np.testing.assert_array_equal(found, features.fit_transform(X))


def test_a_copy_in_this_process_can_be_fitted_again():
    features = PretrainedFeatures(small(), layer="0").fit(X)
    twin = copy.deepcopy(features)
    assert twin.model is features.model
    np.testing.assert_array_equal(twin.set_params(layer="1").fit_transform(X).shape, (200, 24))
    assert "not kept" in repr(features.__getstate__()["model"])


def test_the_fingerprint_is_of_the_weights():
    net = small()
    one = PretrainedFeatures(net).fit(X).fingerprint_
    assert PretrainedFeatures(copy.deepcopy(net), layer="0").fit(X).fingerprint_ == one
    with torch.no_grad():
        net[4].bias[0] += 1
    assert PretrainedFeatures(net).fit(X).fingerprint_ != one
    assert len(one) == 64


def test_skops_takes_it(tmp_path):
    skops = pytest.importorskip("skops.io")
    features = PretrainedFeatures(small()).fit(X)
    skops.dump(features, tmp_path / "features.skops")
    trusted = skops.get_untrusted_types(file=tmp_path / "features.skops")
    assert all(name.startswith("skconv.") for name in trusted)
    again = skops.load(tmp_path / "features.skops", trusted=trusted)
    np.testing.assert_array_equal(again.transform(X), features.transform(X))


def test_the_first_kernels_are_kept():
    net = small()
    features = PretrainedFeatures(net, layer="0.0").fit(X)
    wanted = net[0][0].weight.detach().numpy().transpose(0, 2, 3, 1)
    np.testing.assert_array_equal(features.kernels_, wanted)
    np.testing.assert_array_equal(features.biases_, net[0][0].bias.detach().numpy())


def test_the_module_is_left_in_its_mode_and_is_evaluated():
    net = small().train()
    features = PretrainedFeatures(net, layer="0").fit(X)
    assert net.training
    wanted = PretrainedFeatures(net.eval(), layer="0").fit_transform(X)
    np.testing.assert_array_equal(features.transform(X), wanted)


# --------------------------------------------------------------------------- other sources


def test_a_factory_and_a_program_are_the_module(tmp_path):
    wanted = PretrainedFeatures(small(), layer="1").fit_transform(X)
    features = PretrainedFeatures("tests.random_modules:small", layer="1")
    np.testing.assert_array_equal(features.fit_transform(X), wanted)
    program = torch.export.export(small(), (torch.zeros(2, 1, 8, 8),))
    torch.export.save(program, tmp_path / "net.pt2")
    for path in (tmp_path / "net.pt2", str(tmp_path / "net.pt2")):
        saved = PretrainedFeatures(path, layer="1").fit(X)
        np.testing.assert_allclose(saved.transform(X), wanted, rtol=1e-4, atol=1e-4)
    assert saved.layers(1)[1].shape == (6, 6, 6)
    large = X.repeat(2, axis=1).repeat(2, axis=2)
    resized = saved.set_params(interpolation="nearest").fit_transform(large)
    np.testing.assert_allclose(resized, wanted, rtol=1e-4, atol=1e-4)


# ------------------------------------------------------------------------ engine="module"


def test_a_module_without_a_graph_is_run_and_it_says_so():
    net = randomized(Normalized(), 0)
    features = PretrainedFeatures(net, pool="max 2x2", layer=["output", "conv"])
    with pytest.warns(UserWarning, match="engine='module'.*group_norm of module 'norm'"):
        features.fit(X)
    assert features.engine_ == "module"
    with torch.no_grad():
        maps = [net(first(X)), net.conv(first(X))]
    wanted = np.concatenate([flat(F.max_pool2d(one, 3)) for one in maps], axis=1)
    np.testing.assert_allclose(features.transform(X), wanted, rtol=1e-4, atol=1e-4)
    assert len(features.get_feature_names_out()) == 32
    features.batch_size = 7
    np.testing.assert_allclose(features.transform(X), wanted, rtol=1e-4, atol=1e-4)
    again = pickle.loads(pickle.dumps(features))
    np.testing.assert_array_equal(again.transform(X), features.transform(X))
    pipe = make_pipeline(features, LogisticRegression(max_iter=100))
    with pytest.warns(UserWarning):
        pipe.fit(X, y)
    for convert in (to_graph, lambda pipe: to_c(pipe, X)):
        with pytest.raises(NotConvertibleError, match="is run as a torch module"):
            convert(pipe)


def test_what_the_module_cannot_do_either_is_no_reason_to_run_it():
    with pytest.raises(NotConvertibleError, match="kernel 3x3 is larger than the 2x2 map"):
        PretrainedFeatures(small(), input_size=2).fit(X)


def test_without_a_layer_nothing_before_what_has_no_graph_is_taken_in_silence():
    with pytest.warns(UserWarning, match="group_norm"):
        features = PretrainedFeatures(Normalized()).fit(X)
    assert features.layers_ == ["output"]


def test_a_graph_before_what_has_none_is_a_graph():
    features = PretrainedFeatures(Normalized(), layer="conv").fit(X)
    assert features.engine_ == "graph"
    with pytest.raises(NotConvertibleError, match="group_norm"):
        features.set_params(layer="output", engine="graph").fit(X)
    assert features.layers_ == ["conv"]


def test_the_engines_agree():
    net = small()
    for layer in ("0", "0.0", "1", "output"):
        graph = PretrainedFeatures(net, layer=layer, input_size=9).fit(X)
        module = PretrainedFeatures(net, layer=layer, input_size=9, engine="module").fit(X)
        found = module.transform(X)
        np.testing.assert_allclose(found, graph.transform(X), rtol=1e-4, atol=1e-4)
        assert not hasattr(module, "graph_")
    assert not hasattr(module.set_params(engine="graph").fit(X), "module_")


class Slow(Normalized):
    """Takes its time before the first layer, so that two threads meet there."""

    def __init__(self):
        super().__init__()
        self.batch_norm = nn.BatchNorm2d(4)

    def forward(self, x):
        time.sleep(0.01)
        return self.norm(self.batch_norm(self.conv(x)))


@pytest.fixture
def slow():
    net = randomized(Slow(), 0).train()
    return net, PretrainedFeatures(net, layer=["conv", "output"], engine="module").fit(X)


def test_threads_share_a_module(slow):
    _, features = slow
    wanted = features.transform(X)
    features.set_params(n_jobs=2, batch_size=10)
    with joblib.parallel_config("threading"):
        np.testing.assert_allclose(features.transform(X), wanted, rtol=1e-4, atol=1e-5)


def test_a_fitted_module_stays_when_its_model_is_trained_on(slow):
    net, features = slow
    wanted = features.transform(X)
    randomized(net, 1).train()
    np.testing.assert_array_equal(features.transform(X), wanted)
    assert net.training and not features.module_.training
    assert pickle.loads(pickle.dumps(features)).model is net
