"""A network slid over larger samples says at each window what it says about that crop."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from skconv import NotConvertibleError, PretrainedFeatures, to_c
from skconv.pretrained import import_module
from skconv.pretrained.sliding import slid
from skconv.runtime import reference

RNG = np.random.default_rng(0)
WINDOW = (12, 12)


class Branches(nn.Module):
    """Channels shuffled, a residual sum, two branches side by side, a mean over the whole map."""

    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(2, 6, 3, stride=2)
        self.left, self.right = nn.Conv2d(6, 6, 1), nn.Conv2d(6, 3, 1)
        self.head = nn.Sequential(nn.Linear(9, 8), nn.GELU(), nn.Linear(8, 4))

    def forward(self, x):
        x = torch.channel_shuffle(torch.relu(self.first(x)), 2)
        x = x + self.left(x)
        return self.head(torch.cat([x, self.right(x)], 1).mean((2, 3)))


class Gate(nn.Module):
    """Squeeze and excite: every window has another gate."""

    def __init__(self):
        super().__init__()
        self.first, self.gate = nn.Conv2d(2, 4, 3), nn.Conv2d(4, 4, 1)

    def forward(self, x):
        x = self.first(x)
        return x * torch.sigmoid(self.gate(x.mean((2, 3), keepdim=True)))


def flatten_and_linear():
    return nn.Sequential(
        nn.Conv2d(2, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Dropout(), nn.Linear(100, 16), nn.ReLU6(), nn.Linear(16, 5),
    )  # fmt: skip


def whole_map_convolution():
    return nn.Sequential(
        nn.Conv2d(2, 4, (3, 5), stride=(1, 2), dilation=(2, 1)), nn.ReLU(),
        nn.Conv2d(4, 4, (8, 4), groups=2), nn.Flatten(), nn.ReLU(), nn.Linear(4, 3),
    )  # fmt: skip


def global_max():
    return nn.Sequential(
        nn.Conv2d(2, 4, 3, bias=False), nn.AvgPool2d(3, 2), nn.Hardswish(),
        nn.AdaptiveMaxPool2d(1), nn.Flatten(), nn.Linear(4, 3), nn.BatchNorm1d(3),
    )  # fmt: skip


NETWORKS = {
    network.__name__: network
    for network in (flatten_and_linear, whole_map_convolution, global_max, Branches)
}


def made(network):
    torch.manual_seed(0)
    module = network()
    for part in module.modules():
        if isinstance(part, nn.BatchNorm1d | nn.BatchNorm2d):
            nn.init.uniform_(part.running_mean, -0.3, 0.3)
            nn.init.uniform_(part.running_var, 0.5, 2)
    return module.eval()


def crops(maps, stride, n_windows):
    """Every window of a batch of maps: (n_samples, rows, columns, channels, height, width)."""
    (down, right), (height, width) = stride, WINDOW
    # A window may reach over the end where the network leaves its last pixels unread.
    maps = np.pad(maps, ((0, 0), (0, 1), (0, 1), (0, 0)), constant_values=1e6)
    rows = [
        [
            maps[:, i * down : i * down + height, j * right : j * right + width]
            for j in range(n_windows[1])
        ]
        for i in range(n_windows[0])
    ]
    return np.array(rows).transpose(2, 0, 1, 5, 3, 4).astype(np.float32)


@pytest.mark.parametrize(
    ("name", "stride", "n_windows"),
    [
        ("flatten_and_linear", (2, 2), (3, 6)),
        ("whole_map_convolution", (1, 2), (6, 7)),
        ("global_max", (2, 2), (4, 7)),
        ("Branches", (2, 2), (4, 7)),
    ],
)
def test_each_score_is_that_of_the_crop(name, stride, n_windows):
    module = made(NETWORKS[name])
    maps = RNG.normal(size=(3, 17, 23, 2)).astype(np.float32)
    features = PretrainedFeatures(module, layer="output", window_size=WINDOW, pool=None)
    found = features.fit_transform(maps)
    windows = crops(maps, stride, n_windows)
    with torch.inference_mode():
        wanted = module(torch.from_numpy(windows.reshape(-1, 2, *WINDOW))).numpy()
    assert features.window_strides_ == [stride]
    assert features.layers()[-1].shape == (*n_windows, wanted.shape[1])
    np.testing.assert_allclose(found.reshape(wanted.shape), wanted, rtol=1e-5, atol=1e-5)


def test_a_signal():
    torch.manual_seed(0)
    module = nn.Sequential(
        nn.Conv1d(1, 4, 5, stride=2), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 8, 3)
    ).eval()
    signals = RNG.normal(size=(2, 30)).astype(np.float32)
    features = PretrainedFeatures(module, layer="output", window_size=20, pool=None)
    found = features.fit_transform(signals).reshape(2, -1, 3)
    assert features.window_strides_ == [(1, 2)]
    with torch.inference_mode():
        wanted = [module(torch.from_numpy(signals[:, None, i : i + 20])) for i in range(0, 11, 2)]
    np.testing.assert_allclose(found, np.stack(wanted, 1), rtol=1e-5, atol=1e-5)


def test_a_window_as_large_as_the_sample_is_the_network():
    module = made(flatten_and_linear)
    network = import_module(module, (2, *WINDOW))
    maps = RNG.normal(size=(4, *WINDOW, 2))
    wanted = reference.run(network.cut("8"), maps)
    found = reference.run(slid(network, WINDOW).cut("8"), maps)
    np.testing.assert_allclose(found.reshape(wanted.shape), wanted, rtol=1e-12)


def test_a_layer_that_flattens_is_the_map():
    network = slid(import_module(made(flatten_and_linear), (2, *WINDOW)), (14, 16))
    assert network.cut("4").output.shape == network.cut("3").output.shape == (6, 7, 4)
    assert network.failures == {}


def test_the_last_layer_is_the_map_of_scores():
    maps = RNG.normal(size=(2, 16, 16, 2))
    features = PretrainedFeatures(made(flatten_and_linear), window_size=12, pool="max")
    found = features.fit_transform(maps)
    every = PretrainedFeatures(made(flatten_and_linear), window_size=12, pool=None)
    np.testing.assert_allclose(found, every.fit_transform(maps).reshape(2, 9, 5).max(axis=1))


@pytest.mark.needs("cc")
@pytest.mark.parametrize("name", NETWORKS)
def test_the_map_of_scores_is_c(name):
    images = RNG.integers(0, 256, (40, 16, 18, 2), dtype=np.uint8)
    features = PretrainedFeatures(
        made(NETWORKS[name]), layer="output", window_size=12, pool=None, scale=1 / 128, mean=1.0
    ).fit(images)
    found = to_c(features, images).verify(images)
    assert found.differing_bytes == 0
    assert found.agreement > 0.95


def test_two_parameters_say_the_size_of_samples_and_of_windows():
    images = RNG.integers(0, 256, (2, 10, 10, 2))
    features = PretrainedFeatures(made(global_max), window_size=12, input_size=(20, 16), pool=None)
    assert features.fit(images).layers()[-1].shape == (5, 3, 3)


# ----------------------------------------------------------------------------- refused


def test_a_gate_of_every_window_cannot_be_slid():
    maps = np.zeros((1, 16, 16, 2))
    features = PretrainedFeatures(made(Gate), layer="output", window_size=12)
    with pytest.raises(NotConvertibleError, match="window_size: output: Multiply of maps of diff"):
        features.fit(maps)
    assert features.set_params(layer="first").fit_transform(maps).shape == (1, 16)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"window_size": 17}, "window_size is 17x17, larger than the samples of 16x16"),
        ({"window_size": (4, 5, 6)}, r"window_size=\(4, 5, 6\) must be a positive integer or"),
        ({"window_size": 12, "engine": "module"}, "window_size must be None"),
        ({"window_size": 0}, "'window_size' parameter of PretrainedFeatures must be"),
    ],
)
def test_refused(parameters, message):
    with pytest.raises(ValueError, match=message):
        PretrainedFeatures(made(global_max), **parameters).fit(np.zeros((1, 16, 16, 2)))


def test_a_program_has_one_window(tmp_path):
    module = made(flatten_and_linear)
    program = torch.export.export(module, (torch.zeros(2, 2, *WINDOW),))
    torch.export.save(program, path := str(tmp_path / "net.pt2"))
    maps = RNG.normal(size=(2, 16, 16, 2))
    features = PretrainedFeatures(path, layer="output", window_size=12, pool=None)
    wanted = PretrainedFeatures(module, layer="output", window_size=12, pool=None)
    np.testing.assert_allclose(
        features.fit_transform(maps), wanted.fit_transform(maps), rtol=1e-5, atol=1e-6
    )
    with pytest.raises(ValueError, match=r"window_size=\(10, 10\), the program takes \(12, 12\)"):
        features.set_params(window_size=10).fit(maps)
