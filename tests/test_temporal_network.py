"""A temporal convolutional network trained by torch, as features, as C, and causal."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import nn
from torch.nn.utils.parametrizations import weight_norm

from skconv import PretrainedFeatures, to_c, to_graph
from skconv.graph import Conv, Graph, Resize, TensorSpec
from skconv.graph.ring import runs_per_hop
from skconv.passes.fold import fold
from skconv.testing import chain, conv
from tests.test_temporal_conv import waves


class Chomp(nn.Module):
    """Takes the end off that a border on both sides has made."""

    def __init__(self, size):
        super().__init__()
        self.size = size

    def forward(self, x):
        return x[:, :, : -self.size].contiguous()


class Block(nn.Module):
    """The residual block of Bai, Kolter and Koltun, 2018."""

    def __init__(self, channels, kernels, dilation, taps=3):
        super().__init__()
        border = (taps - 1) * dilation
        parts = []
        for read in (channels, kernels):
            layer = nn.Conv1d(read, kernels, taps, padding=border, dilation=dilation)
            parts += [weight_norm(layer), Chomp(border), nn.ReLU(), nn.Dropout(0.2)]
        self.net = nn.Sequential(*parts)
        self.shortcut = nn.Conv1d(channels, kernels, 1) if channels != kernels else nn.Identity()

    def forward(self, x):
        return torch.relu(self.net(x) + self.shortcut(x))


def fit(blocks):
    """Blocks trained for a second, with a linear layer on the mean over time."""
    head = nn.Linear(8, 3)
    (X, y), parameters = waves(0, 90), [*blocks.parameters(), *head.parameters()]
    x = torch.from_numpy(X.astype(np.float32) / 1000).transpose(1, 2)
    optimizer = torch.optim.Adam(parameters, 0.02)
    for _ in range(40):
        loss = nn.functional.cross_entropy(head(blocks(x).mean(dim=2)), torch.from_numpy(y))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return blocks.eval()


@pytest.fixture(scope="module")
def trained():
    torch.manual_seed(0)
    return fit(nn.Sequential(Block(2, 8, 1), Block(8, 8, 2), Block(8, 8, 4)))


@pytest.fixture(scope="module")
def unpadded():
    """The same dilations without zeros beside the window: it reads nothing that is not there."""
    torch.manual_seed(0)
    layers = [nn.Conv1d(2 if d == 1 else 8, 8, 3, dilation=d) for d in (1, 2, 4)]
    return fit(nn.Sequential(*(part for layer in layers for part in (layer, nn.ReLU()))))


def signals(seed):
    X, y = waves(seed, 90)
    return (X / 1000).astype(np.float32), y


def test_features_are_those_of_torch_and_look_at_the_past(trained):
    X, _ = signals(1)
    features = PretrainedFeatures(trained, input_shape=(1, 60, 2), pool=None).fit(X)
    found = features.transform(X)
    with torch.no_grad():
        wanted = trained(torch.from_numpy(X).transpose(1, 2)).transpose(1, 2).reshape(90, -1)
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-4)
    later = X.copy()
    later[:, 30:] = 9
    maps = features.transform(later).reshape(90, 60, 8)
    np.testing.assert_array_equal(maps[:, :30], found.reshape(90, 60, 8)[:, :30])


def test_it_becomes_c_without_a_difference(trained):
    (X, y), (held, labels) = signals(0), signals(1)
    features = PretrainedFeatures(trained, input_shape=(1, 60, 2), pool="mean")
    pipe = make_pipeline(features, StandardScaler(), LogisticRegression()).fit(X, y)
    assert pipe.score(held, labels) > 0.9
    graph = fold(to_graph(pipe))
    convs = [node.op for node in graph.nodes if isinstance(node.op, Conv)]
    assert sorted({op.padding[1] for op in convs}) == [(0, 0), (2, 0), (4, 0), (8, 0)]
    assert not any(isinstance(node.op, Resize) for node in graph.nodes)
    model = to_c(pipe, X)
    assert model.verify(held[:20]).differing_bytes == 0
    assert model.score(held, labels) > pipe.score(held, labels) - 0.02


def streamed(network, hop):
    """The C of a network and a head, after its stream gave the answers of whole windows."""
    X, y = waves(0, 90)
    features = PretrainedFeatures(network, input_shape=(1, 60, 2), pool="mean")
    pipe = make_pipeline(features, StandardScaler(), LogisticRegression()).fit(X, y)
    model = to_c(pipe, X, input="samples", hop=hop)
    recording = np.concatenate(list(waves(1, 9)[0]))
    windows = np.stack([recording[i : i + 60] for i in range(0, len(recording) - 59, hop)])
    by_c, scores = model.stream("c").push(recording, return_scores=True)
    assert len(by_c) == len(windows) > 50
    assert len(set(by_c)) == 3
    assert np.array_equal(by_c, model.predict(windows, "fixed"))
    assert np.array_equal(scores, model.decision_function(windows, "fixed"))
    assert np.array_equal(by_c[:9], model.predict(windows[:9], "c"))
    defined = model.stream("fixed").push(recording, return_scores=True)
    assert np.array_equal(by_c, defined[0])
    assert np.array_equal(scores, defined[1])
    assert np.mean(by_c == pipe.predict(windows)) > 0.97
    return model


def maps_kept(model):
    """Steps of time and channels of each ring."""
    program = model.sources.program
    return [program.specs[ring.name].shape[1:] for ring in program.rings]


@pytest.mark.needs("gcc")
def test_zeros_beside_the_window_are_computed_anew_and_the_stream_is_right(trained):
    assert maps_kept(streamed(trained, hop=5)) == [(60, 2)]


@pytest.mark.needs("gcc")
def test_a_network_without_padding_is_computed_once(unpadded):
    model = streamed(unpadded, hop=5)
    # The 15 samples that the last layer sees, and what it made of them in a window.
    assert maps_kept(model)[-1] == (60 - 14, 8)
    program = model.sources.program
    runs, macs = runs_per_hop(program.graph), program.graph.node_macs()
    per_hop = sum(macs[name] * runs[name] for name in macs)
    assert per_hop < 0.5 * model.graph.macs


@pytest.mark.parametrize(
    ("kept", "padding"),
    [(slice(0, 10), (3, 0)), (slice(1, 10), (2, 0)), (slice(3, 13), (0, 3)), (slice(4, 13), None)],
)
def test_a_crop_takes_the_border_that_it_leaves_out(kept, padding):
    rng = np.random.default_rng(0)
    before = conv(rng, (2, 1, 4, 1), padding=((0, 0), (3, 3)))
    crop = Resize(np.eye(1, dtype="f4"), np.eye(13, dtype="f4")[kept])
    graph = Graph(TensorSpec((1, 10, 1))).append(before).append(crop)
    folded = fold(graph)
    if padding is None:
        assert len(folded.nodes) == 2
    else:
        assert [node.op.padding for node in folded.nodes] == [((0, 0), padding)]
    assert folded.output.shape == graph.output.shape


def test_another_resize_stays_behind_its_convolution():
    rng = np.random.default_rng(0)
    halves = Resize(np.eye(1, dtype="f4"), np.kron(np.eye(5), [[0.5, 0.5]]).astype("f4"))
    graph = chain(conv(rng, (2, 1, 3, 1), padding=((0, 0), (1, 1))), halves, shape=(1, 10, 1))
    assert len(fold(graph).nodes) == 2
