"""Torch modules become graphs that return the same."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from torch import Tensor, nn

from skconv import NotConvertibleError, PretrainedFeatures, to_c
from skconv.graph import Activation, Add, Affine, Clip, Conv, Linear, Pad, Permute, Relu, Upsample
from skconv.pretrained import import_module, import_program
from skconv.runtime import torch_engine
from skconv.torch_import.network import Layer
from tests.random_modules import (
    ACTIVATIONS,
    Residual,
    assert_is_its_graph,
    last,
    networks,
    randomized,
)

# Of torch itself, about its convolutions.
pytestmark = pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel lengths")

SHAPE = (3, 9, 11)


def ops(graph):
    return [type(node.op) for node in graph.nodes]


def reads_maps(network):
    """Only of a convolution can `PretrainedFeatures` tell that images go in."""
    return any(isinstance(module, nn.Conv2d) for module in network.modules())


@settings(max_examples=25, deadline=None)
@given(networks())
def test_a_random_network_is_its_graph(network):
    assert_is_its_graph(network, SHAPE)


# Networks of noise may lose much in 8 bits, and say so. Here it is their bytes that count.
@pytest.mark.filterwarnings("ignore::skconv.exceptions.CalibrationWarning")
@pytest.mark.needs("cc")
@settings(max_examples=25, deadline=None, derandomize=True)
@given(networks().filter(reads_maps))
def test_the_c_of_a_random_network_is_its_integers(network):
    images = np.random.default_rng(0).normal(size=(50, 9, 11, 3)).astype(np.float32)
    features = PretrainedFeatures(network, layer="output", pool=None).fit(images)
    model = to_c(features, images, dtype="int8")
    assert model.verify(images).differing_bytes == 0


# ----------------------------------------------------------------------------- single calls

MODULES = {
    "groups": nn.Conv2d(6, 4, 3, groups=2),
    "circular": nn.Conv2d(6, 4, 3, padding=1, padding_mode="circular"),
    "same, even": nn.Conv2d(6, 4, (4, 2), padding="same"),
    "normalised without conv": nn.Sequential(nn.BatchNorm2d(6), nn.Conv2d(6, 2, 3, padding=1)),
    "vector normalised": nn.Sequential(nn.Flatten(), nn.BatchNorm1d(54), nn.Linear(54, 3)),
    "flat, pointwise": nn.Sequential(nn.Flatten(), nn.ReLU(), nn.Dropout(), nn.Linear(54, 3)),
    "flat at the end": nn.Flatten(),
    "unflattened": nn.Sequential(nn.Flatten(), nn.Unflatten(1, (6, 3, 3)), nn.Conv2d(6, 2, 2)),
    "relu6": nn.ReLU6(),
    "elu": nn.ELU(),
    "gelu, tanh": nn.GELU("tanh"),
    "leaky": nn.LeakyReLU(0.3),
    "a slope": nn.PReLU(init=0.3),
    "slopes": nn.PReLU(6),
    "softplus": nn.Softplus(),
    "mean pool, padded": nn.AvgPool2d(2, 1, padding=1),
    "mean pool, border left out": nn.AvgPool2d(2, 1, padding=1, count_include_pad=False),
    "mean pool, ceil": nn.AvgPool2d(2, ceil_mode=True),
    "max pool, ceil and padding": nn.MaxPool2d(2, 2, 1, ceil_mode=True),
    "uneven means": nn.AdaptiveAvgPool2d(2),
    "one axis kept": nn.AdaptiveAvgPool2d((None, 1)),
    "bilinear": nn.Upsample(scale_factor=2, mode="bilinear"),
    "corners": nn.UpsamplingBilinear2d((5, 4)),
    "smaller, nearest": nn.Upsample((2, 2)),
    "scaled": nn.Upsample(scale_factor=1.5, mode="bilinear"),
    "scaled, nearest": nn.Upsample(scale_factor=(1.7, 2.3)),
    "scaled, recomputed": nn.Upsample(
        scale_factor=1.5, mode="bilinear", recompute_scale_factor=True
    ),
}


@pytest.mark.parametrize("name", MODULES)
def test_a_module_is_its_graph(name):
    assert_is_its_graph(randomized(MODULES[name], 0), (6, 3, 3))


@pytest.mark.parametrize("activation", ACTIVATIONS, ids=lambda a: a.__name__)
def test_an_activation_is_its_graph(activation):
    graph = assert_is_its_graph(nn.Sequential(nn.Conv2d(3, 4, 3), activation()), SHAPE)
    assert ops(graph)[1] in (Relu, Clip, Activation)


class Functions(nn.Module):
    """Calls of functions, methods and operators."""

    def __init__(self, body) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3, padding=1)
        self.scale = nn.Parameter(torch.randn(4, 1, 1))
        self.register_buffer("order", torch.tensor([2, 0, 0]))
        self.body = body

    def forward(self, x: Tensor) -> Tensor:
        return self.body(self.conv(x), self)


FUNCTIONS = {
    "operators": lambda x, m: (2 * x + 1 - x / 4) * m.scale - m.scale[None],
    "methods": lambda x, m: x.add(x.relu()).mul(x.sigmoid()).clamp(min=-1, max=2),
    "in place": lambda x, m: x.add_(1).relu_().mul(x),
    "in place, then read": lambda x, m: F.relu(x, inplace=True) + x,
    "assigned": lambda x, m: x.__iadd__(x.tanh()).__imul__(0.5),
    "negative": lambda x, m: 1 - (-x),
    "alpha": lambda x, m: torch.add(x, x.sigmoid(), alpha=3),
    "view": lambda x, m: x.view(x.shape[0], -1),
    "pooled by hand": lambda x, m: x.view(x.shape[0], 4, -1).mean(-1),
    "view by hand": lambda x, m: x.reshape(-1, x.size(1) * x.size(2) * x.size(3)),
    "one mean, one axis": lambda x, m: x.mean(3).mean(2),
    "mean, other axis": lambda x, m: x.mean(-2),
    "global max": lambda x, m: x.amax(dim=(2, 3), keepdim=True),
    "squeeze": lambda x, m: F.adaptive_avg_pool2d(x, 1).squeeze(-1).squeeze(-1),
    "concat": lambda x, m: torch.concat((x, x.tanh(), x), 1),
    "concat of vectors": lambda x, m: torch.cat([x.flatten(1), x.mean((2, 3))], dim=-1),
    "sum of flattened": lambda x, m: x.flatten(1) + x.tanh().flatten(1),
    "resized": lambda x, m: F.interpolate(x, scale_factor=3, mode="nearest"),
    "bicubic": lambda x, m: F.interpolate(x, (5, 4), mode="bicubic", antialias=True),
    "constant weights": lambda x, m: F.conv2d(x, m.conv.weight.transpose(0, 1) * 2),
    "asymmetric": lambda x, m: F.max_pool2d(F.pad(x, (0, 1, 2, 0)), 2),
    "dropout": lambda x, m: F.dropout(x, 0.5, m.training),
    "by name": lambda x, m: F.conv2d(
        input=torch.add(input=x, other=x.tanh()), weight=m.conv.weight.transpose(0, 1)
    ),
    "parts": lambda x, m: torch.cat([x.split([3, 1], 1)[1], x.chunk(3, dim=1)[0]], 1),
    "channel shuffle": lambda x, m: (
        x.view(x.shape[0], 2, 2, *x.shape[2:]).transpose(1, 2).contiguous().view(x.shape)
    ),
    "shuffle": lambda x, m: F.channel_shuffle(x, 2),
    "slices": lambda x, m: x[:, 1:3, 1:, ::2] + x[..., 1:, :-1, :6][:, :2],
    "one pixel": lambda x, m: x[:, :, 2, -1],
    "one row": lambda x, m: x[:, :, -1].relu(),
    "narrow": lambda x, m: x.narrow(2, 3, 4),
    "chosen": lambda x, m: x.index_select(1, m.order),
    "axes added": lambda x, m: x * x.mean((2, 3)).sigmoid().unsqueeze(2).unsqueeze(3),
    "axes added by index": lambda x, m: x * x.mean((2, 3)).sigmoid()[:, :, None, None],
    "more channels": lambda x, m: F.pad(x[:, :, ::2, ::2], (0, 1, 0, 0, 1, 2)),
    "sums": lambda x, m: x.sum(dim=(2, 3)),
    "gate of all pixels": lambda x, m: x * x.mean((2, 3), keepdim=True).sigmoid().expand_as(x),
    "gate of all channels": lambda x, m: x[:, :1].sigmoid() * x,
    "sum of a map and its means": lambda x, m: x - x.mean((2, 3), keepdim=True),
    "one of two axes": lambda x, m: x.mean(3, keepdim=True).expand(-1, -1, -1, 5),
    "shape check": lambda x, m: x if x.shape[-1] == 11 else x.relu(),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_is_its_graph(name):
    torch.manual_seed(0)
    assert_is_its_graph(Functions(FUNCTIONS[name]), SHAPE)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_an_exported_program_is_its_graph(name):
    torch.manual_seed(0)
    module = Functions(FUNCTIONS[name]).eval()
    x = torch.randn(2, *SHAPE)
    network = import_program(torch.export.export(module, (x,)))
    found = torch_engine.run(network.cut("output"), last(x))
    with torch.inference_mode():
        np.testing.assert_allclose(found, last(module(x)), rtol=1e-4, atol=1e-4)


def test_a_program_of_batches_of_any_length_is_its_graph():
    module = Functions(FUNCTIONS["view"]).eval()
    dynamic = {"x": {0: torch.export.Dim("n_samples")}}
    x = torch.randn(3, *SHAPE)
    program = torch.export.export(module, (x,), dynamic_shapes=dynamic)
    found = torch_engine.run(import_program(program).cut("output"), last(x))
    with torch.inference_mode():
        np.testing.assert_allclose(found, module(x), rtol=1e-4, atol=1e-4)


def test_a_part_may_be_changed_while_others_are_read():
    def body(x, m):
        first, second = x.chunk(2, 1)
        return F.relu_(first) + second

    assert_is_its_graph(Functions(body), SHAPE)


VIEWS = {
    "of all": lambda x: F.relu_(x.view(x.shape[0], -1)),
    "of some": lambda x: x[:, :2].add_(1),
    "of a part": lambda x: x.chunk(2, 1)[0].mul_(2),
    "assigned": lambda x: x.__setitem__((slice(None), 0), 1.0),  # x[:, 0] = 1
}


@pytest.mark.parametrize("name", VIEWS)
def test_what_was_changed_in_a_view_is_not_read(name):
    def body(x, m):
        VIEWS[name](x)
        return x.tanh()

    with pytest.raises(NotConvertibleError):
        import_module(Functions(body), SHAPE).cut("output")


def test_an_argument_with_a_default_has_it():
    class Scaled(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(3, 4, 3)

        def forward(self, x, scale=2.0):
            return self.conv(x) * scale

    assert_is_its_graph(Scaled(), SHAPE)


def test_a_network_of_signals_is_its_graph():
    module = nn.Sequential(
        nn.Conv1d(2, 5, 4, stride=2, padding=1),
        nn.BatchNorm1d(5),
        nn.ReLU(),
        nn.MaxPool1d(3, 2, padding=1),
        Residual(nn.Conv1d(5, 5, 3, padding="same", groups=5)),
        nn.AvgPool1d(2),
        nn.Flatten(),
        nn.Linear(20, 3),
    )
    graph = assert_is_its_graph(randomized(module, 0), (2, 32))
    assert graph.input.shape == (1, 32, 2)


# ------------------------------------------------------------------------------- the graph


def test_batch_normalisation_is_gone_and_exact():
    module = randomized(
        nn.Sequential(nn.Conv2d(3, 4, 3, bias=False), nn.BatchNorm2d(4, eps=1e-3), nn.ReLU()), 0
    )
    graph = import_module(module, SHAPE).cut("2")
    assert ops(graph) == [Conv, Relu]
    conv, norm = module[0], module[1]
    factors = norm.weight.double() / (norm.running_var.double() + 1e-3).sqrt()
    weights = conv.weight.double() * factors[:, None, None, None]
    bias = norm.bias.double() - norm.running_mean.double() * factors
    np.testing.assert_array_equal(
        graph.nodes[0].op.weights, weights.detach().numpy().transpose(0, 2, 3, 1).astype("f4")
    )
    np.testing.assert_array_equal(graph.nodes[0].op.bias, bias.detach().numpy().astype("f4"))


def test_a_convolution_that_is_read_twice_keeps_its_normalisation_apart():
    class Twice(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv, self.norm = nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)

        def forward(self, x):
            x = self.conv(x)
            return x + self.norm(x)

    graph = assert_is_its_graph(randomized(Twice(), 0), SHAPE)
    assert ops(graph) == [Conv, Affine, Add]


def test_a_flattened_map_goes_into_a_linear_layer_without_being_permuted():
    module = randomized(nn.Sequential(nn.Conv2d(3, 4, 3), nn.Flatten(), nn.Linear(252, 5)), 0)
    graph = assert_is_its_graph(module, SHAPE)
    assert Permute not in ops(graph)
    wanted = module[2].weight.detach().numpy().reshape(5, 4, 7, 9).transpose(0, 2, 3, 1)
    np.testing.assert_array_equal(graph.nodes[-1].op.weights, wanted.reshape(5, -1))


def test_a_border_goes_into_the_convolution():
    module = nn.Sequential(nn.ZeroPad2d((0, 1, 2, 3)), nn.Conv2d(3, 4, 3, padding=1))
    graph = assert_is_its_graph(randomized(module, 0), SHAPE)
    assert ops(graph) == [Conv]
    assert graph.nodes[0].op.padding == ((3, 4), (1, 2))
    assert ops(import_module(module, SHAPE).cut("0")) == [Pad]


def test_nodes_are_called_after_modules():
    first = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU())
    module = nn.Sequential(first, nn.Upsample(scale_factor=2))
    graph = import_module(module, SHAPE).cut("output")
    assert [node.name for node in graph.nodes] == ["0_0", "0_1", "1"]
    assert graph.nodes[-1].op == Upsample((2, 2))


def test_the_module_stays_as_it_is():
    module = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Dropout())
    module[1].eval()
    before = {name: tensor.clone() for name, tensor in module.state_dict().items()}
    import_module(module, SHAPE)
    assert [part.training for part in module] == [True, False, True]
    assert all(torch.equal(before[name], tensor) for name, tensor in module.state_dict().items())


# --------------------------------------------------------------------------- layers and cut


def two_stages():
    return randomized(
        nn.Sequential(
            nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU()),
            nn.Sequential(nn.Conv2d(4, 6, 3), nn.BatchNorm2d(6), nn.ReLU()),
            nn.Flatten(),
            nn.Linear(6 * 5 * 7, 2),
        ),
        0,
    )


def test_layers_say_what_it_costs_to_get_there():
    network = import_module(two_stages(), SHAPE)
    layers = network.layers(1)
    assert [layer.name for layer in layers] == ["0", "1", "2", "3"]
    assert layers[0] == Layer("0", (7, 9, 4), 7 * 9 * 4 * 27, 4 * (4 * 27 + 4))
    for layer in network.layers(None):
        graph = network.cut(layer.name)
        assert (graph.output.shape, graph.macs) == (layer.shape, layer.macs), layer
        assert graph.parameter_bytes == layer.parameter_bytes


def test_only_what_a_layer_needs_is_kept():
    network = import_module(two_stages(), SHAPE)
    assert ops(network.cut("0")) == [Conv, Relu]
    assert ops(network.cut("1.0")) == [Conv, Relu, Conv]
    assert ops(network.cut("3"))[-1] is Linear
    assert network.cut(layer=None).output.shape == (5, 7, 6)
    assert network.cut(-1).output.shape == (2,)
    assert network.cut(network.layers()[0]).output.shape == (7, 9, 4)


@pytest.mark.parametrize(
    ("layer", "tap", "wanted"),
    [
        ("0", "output", [Conv, Relu]),
        ("0", "before_activation", [Conv]),
        ("0.0", "output", [Conv]),
        ("0.0", "after_activation", [Conv, Relu]),
        ("0.1", "after_activation", [Conv, Relu]),
        ("0.2", "after_activation", [Conv, Relu]),
        ("3", "after_activation", [Conv, Relu, Conv, Relu, "Reshape", Linear]),
    ],
)
def test_a_tap_is_on_this_or_that_side_of_the_activation(layer, tap, wanted):
    found = ops(import_module(two_stages(), SHAPE).cut(layer, tap))
    assert [op if op in wanted else op.__name__ for op in found] == wanted


def test_a_module_that_runs_again_has_a_name_for_every_run():
    class Again(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv, self.relu = nn.Conv2d(3, 3, 3), nn.ReLU()

        def forward(self, x):
            return self.relu(self.conv(self.relu(self.conv(x))))

    for network in (
        import_module(Again(), SHAPE),
        import_program(torch.export.export(Again().eval(), (torch.zeros(2, *SHAPE),))),
    ):
        assert network.tensors.keys() == {"conv", "relu", "conv:2", "relu:2", "output"}
        assert network.cut("relu:2").output.shape == (5, 7, 3)


def test_what_a_layer_returned_is_not_what_was_made_of_it_later():
    module = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(inplace=True))
    assert ops(import_module(module, SHAPE).cut("0")) == [Conv]


# ------------------------------------------------------------------------------- bad input


class Grouped(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(3, 4, 3)
        self.norm = nn.GroupNorm(2, 4)

    def forward(self, x):
        return self.norm(self.first(x))


def test_a_call_without_an_op_is_named_with_its_module_and_line():
    network = import_module(Grouped(), SHAPE)
    assert network.cut("first").output.shape == (7, 9, 4)
    assert [layer.name for layer in network.layers()] == ["first"]
    message = (
        r"Grouped: group_norm of module 'norm', at test_pretrained_import.py:\d+: "
        r"return self.norm\(self.first\(x\)\): it has no form as an op; tap a layer before it"
    )
    with pytest.raises(NotConvertibleError, match=message):
        network.cut("output")


REFUSED = {
    "transposed": (nn.ConvTranspose2d(3, 4, 3), "conv_transpose2d"),
    "reflected": (nn.Conv2d(3, 4, 3, padding=1, padding_mode="reflect"), "mode='reflect'"),
    "no statistics": (nn.InstanceNorm2d(3), "instance_norm"),
    "of the batch": (nn.BatchNorm2d(3, track_running_stats=False), "statistics of the batch"),
    "divisor": (nn.AvgPool2d(3, 2, 1, count_include_pad=False, divisor_override=2), "divisor"),
    "dilated pool": (nn.MaxPool2d(2, dilation=2), "dilation"),
    "uneven max": (nn.AdaptiveMaxPool2d(4), "unequal windows"),
    "mixed axes": (nn.Flatten(1, 2), "mixes channels and space"),
    "too large": (nn.Conv2d(3, 4, 12), "kernel 12x12 is larger"),
    "linear on a map": (nn.Linear(11, 3), "linear layer on a map"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_converted_is_named(name):
    module, message = REFUSED[name]
    with pytest.raises(NotConvertibleError, match=message):
        import_module(module, SHAPE).cut("output")


def test_two_inputs_are_refused():
    class Two(nn.Module):
        def forward(self, x, y):
            return x + y

    with pytest.raises(NotConvertibleError, match=r"Two: .*2 inputs \(x, y\)"):
        import_module(Two(), SHAPE)


def test_control_flow_by_numbers_is_refused():
    class Choice(nn.Module):
        def forward(self, x):
            return x if x.mean() > 0 else -x

    with pytest.raises(NotConvertibleError, match=r"Choice: torch\.fx says: .*torch\.export says"):
        import_module(Choice(), SHAPE)


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        ("0.9", "layer='0.9' is not a module of Sequential.*near are"),
        (17, "layer=17, but Sequential has"),
        ([], r"layer=\[\] names no layer"),
    ],
)
def test_a_layer_that_is_not_there_is_named(layer, message):
    with pytest.raises(ValueError, match=message):
        import_module(two_stages(), SHAPE).cut(layer)
