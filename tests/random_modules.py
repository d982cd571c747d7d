"""Random small torch networks, and a network held against its graph."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from hypothesis import strategies as st
from torch import Tensor, nn

from skconv.pretrained import import_module
from skconv.runtime import reference, torch_engine


class Residual(nn.Module):
    """``x + body(x)``."""

    def __init__(self, body: nn.Module) -> None:
        super().__init__()
        self.body = body

    def forward(self, x: Tensor) -> Tensor:
        return x + self.body(x)


class Beside(nn.Module):
    """Two bodies on one map, their channels one behind the other."""

    def __init__(self, first: nn.Module, second: nn.Module) -> None:
        super().__init__()
        self.first, self.second = first, second

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([self.first(x), self.second(x)], dim=1)


class Shuffled(nn.Module):
    """A body on half of the channels, and then the two halves interleaved (ShuffleNet V2)."""

    def __init__(self, body: nn.Module) -> None:
        super().__init__()
        self.body = body

    def forward(self, x: Tensor) -> Tensor:
        first, second = x.chunk(2, dim=1)
        whole = torch.cat([self.body(first), second], dim=1)
        return F.channel_shuffle(whole, 2)


class SqueezeExcite(nn.Module):
    """A gate for every channel (Hu, Shen, Sun 2018)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.down, self.up = nn.Linear(channels, 3), nn.Linear(3, channels)

    def forward(self, x: Tensor) -> Tensor:
        squeezed = x.mean((2, 3))
        gate = torch.sigmoid(self.up(torch.relu(self.down(squeezed))))
        return x * gate.view(x.size(0), -1, 1, 1)


ACTIVATIONS = (
    nn.ReLU,
    nn.ReLU6,
    nn.LeakyReLU,
    nn.Hardswish,
    nn.SiLU,
    nn.Sigmoid,
    nn.GELU,
    nn.Tanh,
    nn.Hardsigmoid,
    nn.ELU,
)


def randomized(module: nn.Module, seed: int) -> nn.Module:
    """Weights and the statistics of batch normalisations drawn anew, evaluation mode."""
    generator = torch.Generator().manual_seed(seed)
    for name, tensor in module.state_dict().items():
        if name.endswith("running_var"):
            tensor.uniform_(0.5, 2.0, generator=generator)
        elif tensor.is_floating_point():
            fan_in = tensor[0].numel() if tensor.ndim > 1 else 4
            tensor.normal_(0, 1.0 / fan_in**0.5, generator=generator)
    return module.eval()


def tiny() -> nn.Module:
    """A network that takes maps of any size."""
    return randomized(nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.ReLU()), 0)


def small(channels: int = 1) -> nn.Module:
    """Two convolutions and a classifier."""
    return randomized(
        nn.Sequential(
            nn.Sequential(nn.Conv2d(channels, 4, 3), nn.BatchNorm2d(4), nn.ReLU()),
            nn.Sequential(nn.Conv2d(4, 6, 3, padding=1), nn.ReLU6()),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.Linear(6, 3),
        ),
        0,
    )


@st.composite
def convolutions(draw: Any, inputs: int, outputs: int, keeps_size: bool = False) -> nn.Module:
    """A convolution of any geometry, perhaps normalised, perhaps with an activation."""
    depthwise = inputs == outputs and draw(st.booleans())
    size = draw(st.sampled_from([1, 2, 3, (3, 2)]))
    dilation = draw(st.sampled_from([1, 2]))
    layers: list[nn.Module] = [
        nn.Conv2d(
            inputs,
            outputs,
            size,
            stride=1 if keeps_size else draw(st.sampled_from([1, 2, (2, 1)])),
            padding="same" if keeps_size else draw(st.sampled_from([1, 2, (1, 2)])),
            dilation=dilation,
            groups=inputs if depthwise else 1,
            bias=draw(st.booleans()),
        )
    ]
    if not keeps_size and draw(st.booleans()):
        layers.insert(0, nn.ZeroPad2d((0, 1, 0, 1)))
    if draw(st.booleans()):
        layers.append(nn.BatchNorm2d(outputs))
    if draw(st.booleans()):
        activation = draw(st.sampled_from(ACTIVATIONS))
        layers.append(activation())
    return nn.Sequential(*layers)


@st.composite
def blocks(draw: Any, channels: int) -> tuple[nn.Module, int]:
    """A block and how many channels it returns."""
    kinds = ["chain", "residual", "beside", "pool", "gate", "upsample"]
    kind = draw(st.sampled_from([*kinds, "shuffled"] if channels % 2 == 0 else kinds))
    if kind == "chain":
        outputs = draw(st.sampled_from([channels, 4, 6]))
        return draw(convolutions(channels, outputs)), outputs
    if kind == "residual":
        return Residual(draw(convolutions(channels, channels, True))), channels
    if kind == "shuffled":
        return Shuffled(draw(convolutions(channels // 2, channels // 2, True))), channels
    if kind == "beside":
        first = draw(convolutions(channels, 3, True))
        return Beside(first, draw(convolutions(channels, 2, True))), 5
    pools = [nn.MaxPool2d(3, 2, 1), nn.AvgPool2d(2, 1), nn.MaxPool2d(2, ceil_mode=True)]
    others = {
        "pool": draw(st.sampled_from(pools)),
        "gate": SqueezeExcite(channels),
        "upsample": nn.Upsample(scale_factor=2),
    }
    return others[kind], channels


@st.composite
def networks(draw: Any) -> nn.Module:
    """One to four blocks and an end, for samples of shape (3, 9, 11)."""
    layers: list[nn.Module] = []
    channels = 3
    for _ in range(draw(st.integers(1, 4))):
        block, channels = draw(blocks(channels))
        layers.append(block)
    ends = [
        [],
        [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(), nn.Linear(channels, 3)],
        [nn.AdaptiveAvgPool2d((2, 3)), nn.Flatten(), nn.Linear(6 * channels, 3)],
        [nn.AdaptiveMaxPool2d((1, 1)), nn.Flatten(), nn.Hardtanh()],
    ]
    layers += draw(st.sampled_from(ends))
    return randomized(nn.Sequential(*layers), draw(st.integers(0, 1000)))


def last(array: Any) -> Any:
    """A batch of torch with its channels last, as a graph has it."""
    array = np.asarray(array)
    if array.ndim == 3:
        array = array[:, :, None]
    return np.ascontiguousarray(np.moveaxis(array, 1, -1))


def first(x: Any) -> Tensor:
    """Images as torch has them."""
    tensor = torch.from_numpy(np.asarray(x, np.float32))
    return tensor[:, None] if tensor.ndim == 3 else tensor.permute(0, 3, 1, 2)


def flat(maps: Tensor) -> Any:
    """Maps of torch as features."""
    return last(maps.detach()).reshape(len(maps), -1)


def assert_is_its_graph(
    module: nn.Module, shape: tuple[int, ...], *, layer: Any = "output", seed: int = 0
) -> Any:
    """The graph of a module returns what the module does, by both engines; it is returned."""
    x = torch.randn(3, *shape, generator=torch.Generator().manual_seed(seed))
    network = import_module(module, shape)
    graph = network.cut(layer)
    with torch.inference_mode():
        wanted = last(module.eval()(x))
    atol = 1e-4 * max(1.0, float(np.abs(wanted).max()))
    for engine in (reference, torch_engine):
        found = engine.run(graph, last(x))
        np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=atol)
    return graph
