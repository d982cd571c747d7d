"""The four networks of MLPerf Tiny, with int8 weights and after second-order rounding to 4 bits.

    OMP_NUM_THREADS=1 python tests/benchmarks/bench_narrow_networks.py [NAME ...]

Shapes of the networks with random weights and random images: bytes and instructions depend on
nothing else. Tables and instructions (not cycles) are those of Cortex-M4 under QEMU, -O2, of one
inference. ``error`` is what the rounded integers lose beside those of int8, of the standard
deviation of the scores: noise through random weights has no structure that rounding could use.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))

from skconv.deploy.model import CModel
from skconv.exceptions import CalibrationWarning
from skconv.graph import (
    Add,
    Conv,
    Graph,
    Linear,
    MeanPool,
    Relu,
    Reshape,
    TensorSpec,
    verify,
)
from skconv.passes.compress import Samples, SecondOrderRounding
from skconv.passes.integers import integer_graph
from skconv.runtime import engine, fixed
from skconv.target.targets import get_target

MOST_FLASH, MOST_INSTRUCTIONS = 0.55, 1.15
N_SAMPLES = 64


class Network:
    """A float graph in the making: layers with random weights, each followed by a ReLU."""

    def __init__(self, *shape: int) -> None:
        self.graph = Graph(TensorSpec(shape))
        self.rng = np.random.default_rng(0)

    def random(self, *shape: int) -> tuple[np.ndarray, np.ndarray]:
        size = np.prod(shape[1:])
        weights = self.rng.normal(size=shape) * np.sqrt(2 / size)
        return weights.astype(np.float32), (0.1 * self.rng.normal(size=shape[0])).astype("f4")

    def conv(self, n: int, size: tuple[int, int], stride: int = 1, *, relu: bool = True) -> None:
        """As TensorFlow pads it: the map keeps its size, or has a ``stride``-th of it."""
        height, width, channels = self.graph.output.shape
        padding = (_same(height, size[0], stride), _same(width, size[1], stride))
        op = Conv(*self.random(n, *size, channels), stride=(stride, stride), padding=padding)
        self._append(op, relu)

    def depthwise(self, stride: int = 1) -> None:
        height, width, channels = self.graph.output.shape
        padding = (_same(height, 3, stride), _same(width, 3, stride))
        weights = self.random(channels, 3, 3, 1)
        op = Conv(*weights, stride=(stride, stride), padding=padding, groups=channels)
        self._append(op, True)

    def _append(self, op: Conv, relu: bool) -> None:
        self.graph = self.graph.append(op)
        if relu:
            self.graph = self.graph.append(Relu())

    def residual(self, n: int, stride: int) -> None:
        source = self.graph.output_name
        self.conv(n, (3, 3), stride)
        self.conv(n, (3, 3), relu=False)
        inner, shortcut = self.graph.output_name, source
        if stride > 1:
            weights = self.random(n, 1, 1, self.graph.specs[source].shape[2])
            self.graph = self.graph.append(Conv(*weights, stride=(stride, stride)), source)
            shortcut = self.graph.output_name
        self.graph = self.graph.append(Add(), inner, shortcut).append(Relu())

    def dense(self, n: int, *, relu: bool) -> None:
        self.graph = self.graph.append(Linear(*self.random(n, self.graph.output.size)))
        if relu:
            self.graph = self.graph.append(Relu())

    def classes(self, n: int) -> Graph:
        height, width, channels = self.graph.output.shape
        self.graph = self.graph.append(MeanPool((height, width), (height, width)))
        self.graph = self.graph.append(Reshape((channels,)))
        self.dense(n, relu=False)
        return verify(self.graph)


def _same(size: int, kernel: int, stride: int) -> tuple[int, int]:
    pads = max(0, (-(-size // stride) - 1) * stride + kernel - size)
    return pads // 2, pads - pads // 2


def keyword_spotting() -> Graph:
    """DS-CNN."""
    net = Network(49, 10, 1)
    net.conv(64, (10, 4), 2)
    for _ in range(4):
        net.depthwise()
        net.conv(64, (1, 1))
    return net.classes(12)


def image_classification() -> Graph:
    """ResNet-8."""
    net = Network(32, 32, 3)
    net.conv(16, (3, 3))
    for n, stride in ((16, 1), (32, 2), (64, 2)):
        net.residual(n, stride)
    return net.classes(10)


def visual_wake_words() -> Graph:
    """MobileNet v1, a quarter of the channels."""
    net = Network(96, 96, 3)
    net.conv(8, (3, 3), 2)
    for n, stride in ((16, 1), (32, 2), (32, 1), (64, 2), (64, 1), (128, 2), *((128, 1),) * 5,
                      (256, 2), (256, 1)):  # fmt: skip
        net.depthwise(stride)
        net.conv(n, (1, 1))
    return net.classes(2)


def anomaly_detection() -> Graph:
    """An autoencoder."""
    net = Network(640)
    for n in (128, 128, 128, 128, 8, 128, 128, 128, 128):
        net.dense(n, relu=True)
    net.dense(640, relu=False)
    return verify(net.graph)


NETWORKS = (keyword_spotting, image_classification, visual_wake_words, anomaly_detection)


def images(graph: Graph) -> np.ndarray:
    """Random bytes, neighbours alike where they are images."""
    x = np.random.default_rng(0).normal(size=(N_SAMPLES, *graph.input.shape))
    if x.ndim == 4:
        x = x + np.roll(x, 1, 1) + np.roll(x, 1, 2) + np.roll(x, (1, 1), (1, 2))
    return np.clip(np.rint(128 + 40 * x), 0, 255).astype(np.uint8)


def measured(graph: Graph, x: np.ndarray) -> tuple[np.ndarray, int, int, int, int]:
    """Scores, bytes of tables and of RAM, instructions, results that differ from the definition."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CalibrationWarning)
        integer = integer_graph(graph, x, linear_bits=8)
    model = CModel(None, integer, "net", get_target("cortex-m4"), x)
    found = model.benchmark(n_samples=1)
    output = integer.output
    scores = fixed.run(integer, x) * np.asarray(output.scales or output.scale)
    return scores, found.table_bytes, found.static_bytes, found.per_inference, found.wrong or 0


def rows(name: str, graph: Graph) -> Iterator[str]:
    x = images(graph)
    scaled = Samples(x.astype(np.float32))
    wanted = engine.run(graph, scaled.X)
    rounded = SecondOrderRounding(7, layers="all")(graph, scaled)
    _, *before = measured(graph, x)
    scores, *after = measured(rounded, x)
    error = np.std(scores.reshape(wanted.shape) - wanted) / np.std(wanted)
    for what, (tables, ram, instructions, wrong) in (("int8", before), ("4 bits", after)):
        yield f"{name:22s} {what:7s} {tables:8,d} {ram:8,d} {instructions:12,d} {wrong:6d}"
    flash, work = after[0] / before[0], after[2] / before[2]
    yield (
        f"{name:22s} {'ratio':7s} {flash:8.3f} {after[1] / before[1]:8.3f} {work:12.3f}"
        f"         wanted {MOST_FLASH} and {MOST_INSTRUCTIONS}; error {error:.3f}"
    )


def main() -> None:
    chosen = sys.argv[1:]
    print("network                         tables      RAM instructions  wrong")
    for network in NETWORKS:
        if not chosen or network.__name__ in chosen:
            for line in rows(network.__name__, network()):
                print(line, flush=True)


if __name__ == "__main__":
    main()
