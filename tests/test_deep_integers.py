"""Deep networks in integers: equal channels, biases without mean errors, what they gain."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from numpy.typing import NDArray

from skconv.deploy.compiled import CompiledGraph
from skconv.graph import (
    Abs,
    Add,
    Clip,
    Conv,
    Graph,
    Linear,
    MeanPool,
    QConv,
    Relu,
    Reshape,
    TensorSpec,
)
from skconv.passes.biases import correct_biases
from skconv.passes.calibrate import calibrate
from skconv.passes.equalize import SMALLEST_FACTOR, equalize, groups
from skconv.passes.integers import integer_graph, is_deep
from skconv.passes.quantize import device_input, quantize
from skconv.runtime import fixed, reference
from skconv.testing import example_samples
from tests.random_networks import mobile_network, networks
from tests.selecting import fuse


def normal(*shape: int, seed: int = 0) -> NDArray[np.float32]:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def images(shape: tuple[int, ...], n: int = 20, seed: int = 0) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, (n, *shape), dtype=np.uint8)


def point(n: int, channels: int, scales: Any = 1.0, seed: int = 0) -> Conv:
    """A 1 x 1 convolution whose kernels have ranges of their own."""
    weights = normal(n, 1, 1, channels, seed=seed) * np.reshape(scales, (-1, 1, 1, 1))
    return Conv(weights.astype(np.float32), (0.1 * normal(n, seed=seed + 1)).astype(np.float32))


def uneven(scale: float = 1.0) -> Graph:
    """Two branches that are added, ReLU6, a kernel for each channel, pooling, a linear layer."""
    scales = scale * 4.0 ** -np.arange(6)
    graph = Graph(TensorSpec((6, 6, 3))).append(point(6, 3, scales)).append(Clip(0.0, 6.0))
    first = graph.output_name
    each = Conv(normal(6, 3, 3, 1), normal(6, seed=3), groups=6, padding=((1, 1), (1, 1)))
    graph = graph.append(each).append(Clip(0.0, 6.0)).append(point(6, 6, scales, seed=5))
    graph = graph.append(Add(), first, graph.output_name).append(MeanPool((3, 3), (3, 3)))
    return graph.append(Reshape((24,))).append(Linear(normal(4, 24), normal(4)))


def with_uneven_channels(graph: Graph) -> Graph:
    """About the same function, but channels behind depthwise kernels differ in range 16-fold."""
    nodes = {node.name: node for node in graph.nodes}
    for node in graph.nodes:
        if isinstance(node.op, Conv) and node.op.groups > 1:
            shares = 2.0 ** -np.linspace(0, 4, node.op.groups)[:, None, None, None]
            nodes[node.name] = replace(node, op=times(node.op, shares, shares.ravel()))
            (project,) = graph.users(graph.users(node.name)[0].name)
            factors = 1 / shares.reshape(1, 1, 1, -1)
            nodes[project.name] = replace(project, op=times(project.op, factors, 1.0))
    return replace(graph, nodes=tuple(nodes[node.name] for node in graph.nodes))


def times(op: Any, weights: Any, bias: Any) -> Conv:
    """A convolution whose weights and biases are multiplied."""
    arrays = {"weights": op.weights * weights, "bias": op.bias * bias}
    return replace(op, **{name: array.astype(np.float32) for name, array in arrays.items()})


def magnitudes(graph: Graph, x: NDArray[Any]) -> dict[str, NDArray[Any]]:
    found = reference.tensors(graph, x)
    return {name: abs(v).reshape(-1, v.shape[-1]).max(axis=0) for name, v in found.items()}


def decibels(wanted: NDArray[Any], found: NDArray[Any]) -> float:
    return float(10 * np.log10(np.mean(wanted**2) / np.mean((found - wanted) ** 2)))


def scores(graph: Graph, integer: Graph, x: NDArray[Any]) -> tuple[Any, Any]:
    """Scores of a float graph, and those of its integers in the same units."""
    name = integer.scores_name
    found = fixed.tensors(integer, fixed.quantize_input(integer.input, x), (name,))[name]
    return reference.tensors(graph, x)[graph.scores_name], found * integer.specs[name].scale


# -------------------------------------------------------------------------- equal channels


@settings(max_examples=40, deadline=None)
@given(networks())
def test_equal_channels_are_the_same_function(graph: Graph) -> None:
    x = example_samples(graph, 10)
    wanted, found = reference.run(graph, x), reference.run(equalize(graph, x), x)
    if graph.is_classifier:
        assert np.array_equal(found, wanted)
    else:
        np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-5 * abs(wanted).max())


@pytest.mark.parametrize("scale", [0.01, 1.0, 100.0])
def test_a_channel_has_the_root_of_its_share(scale: float) -> None:
    """At a scale of 100 the clip acts on most pixels, and still where it did."""
    graph, x = uneven(scale), normal(30, 6, 6, 3)
    equal = equalize(graph, x)
    wanted = reference.run(graph, x)
    np.testing.assert_allclose(
        reference.run(equal, x), wanted, rtol=1e-4, atol=1e-5 * abs(wanted).max()
    )
    before, after = magnitudes(graph, x), magnitudes(equal, x)
    alone = "clip_2"  # No other map shares its factors.
    share, found = (found[alone] / found[alone].max() for found in (before, after))
    assert share.min() < 0.5
    np.testing.assert_allclose(found, np.sqrt(share), rtol=1e-4)
    np.testing.assert_allclose(after[alone].max(), before[alone].max(), rtol=1e-5)


def test_a_channel_that_was_never_seen_keeps_its_numbers() -> None:
    first = Conv(np.float32([1, -1, 1e-9]).reshape(3, 1, 1, 1), np.zeros(3, np.float32))
    graph = Graph(TensorSpec((2, 2, 1))).append(first).append(Relu()).append(point(2, 3))
    found = equalize(graph, np.ones((1, 2, 2, 1))).nodes[0].op
    assert isinstance(found, Conv)
    wanted = [1, -1, 1e-9 / SMALLEST_FACTOR]
    np.testing.assert_allclose(found.weights.ravel(), wanted, rtol=1e-6)


def test_maps_that_are_added_share_their_factors() -> None:
    found = groups(uneven())
    assert {"conv", "clip", "conv_3", "add", "meanpool"} in [set(names) for names in found]
    assert {"conv_2", "clip_2"} in [set(names) for names in found]
    kept = {"input", "reshape", "linear"}
    assert kept.isdisjoint(name for names in found for name in names)


@pytest.mark.parametrize("op", [Abs(), Clip(-1.0, 1.0)])
def test_maps_that_others_read_keep_their_numbers(op: Any) -> None:
    graph = Graph(TensorSpec((4, 4, 2))).append(point(3, 2)).append(op).append(point(2, 3))
    assert groups(graph) == []


# --------------------------------------------------------------------------------- biases


def test_the_integers_have_the_means_of_the_floats() -> None:
    graph, x = mobile_network(), images((16, 16, 3))
    ranges, options = calibrate(graph, x), device_input(x)
    corrected = correct_biases(graph, ranges, x, **options)
    errors = []
    for biased in (graph, corrected):
        wanted, found = scores(graph, quantize(biased, ranges, **options), x)
        errors.append(np.abs((found - wanted).mean(axis=0)).max())
    assert errors[1] < 1e-3 * np.abs(wanted).max()
    assert errors[1] < errors[0] / 10


def test_biases_alone_are_changed() -> None:
    graph, x = mobile_network(), images((16, 16, 3))
    corrected = correct_biases(graph, calibrate(graph, x), x, **device_input(x))
    changed = 0
    for before, after in zip(graph.nodes, corrected.nodes, strict=True):
        for name, array in before.op.parameters.items():
            same = np.array_equal(array, after.op.parameters[name])
            assert same or name == "bias"
            changed += not same
    assert changed == sum(isinstance(node.op, Conv | Linear) for node in graph.nodes)


# ------------------------------------------------------------------------------- together


def test_a_deep_network_gains_and_its_c_is_its_integers() -> None:
    graph = with_uneven_channels(mobile_network())
    x, new = images((16, 16, 3)), images((16, 16, 3), 200, seed=1)
    plain = quantize(graph, calibrate(graph, x), **device_input(x))
    better, finer = integer_graph(graph, x), integer_graph(graph, x, conv_bits=16)
    quality = [decibels(*scores(graph, integer, new)) for integer in (plain, better, finer)]
    assert quality[1] > quality[0] + 5
    assert quality[2] > quality[1] + 3
    for integer in (better, finer):
        wanted = fixed.tensors(integer, new[:20], (integer.scores_name,))[integer.scores_name]
        np.testing.assert_array_equal(CompiledGraph(fuse(integer)).run(new[:20]), wanted)


def test_one_convolution_stays_as_it_is() -> None:
    conv = point(6, 3, 4.0 ** -np.arange(6))
    graph = (
        Graph(TensorSpec((6, 6, 3))).append(conv).append(Relu()).append(MeanPool((3, 3), (3, 3)))
    )
    graph = graph.append(Reshape((24,))).append(Linear(normal(4, 24), normal(4)))
    x = images((6, 6, 3))
    assert not is_deep(graph)
    found = integer_graph(graph, x)
    wanted = quantize(graph, calibrate(graph, x), **device_input(x))
    ops = [next(n.op for n in g.nodes if isinstance(n.op, QConv)) for g in (found, wanted)]
    assert np.array_equal(ops[0].weights, ops[1].weights)
    assert np.array_equal(ops[0].bias, ops[1].bias)
    assert np.array_equal(fixed.run(found, x), fixed.run(wanted, x))


@pytest.mark.parametrize(
    ("x", "message"),
    [(np.zeros((0, 768)), "at least one"), (np.full((1, 768), np.inf), "finite")],
)
def test_samples_that_are_of_no_use(x: NDArray[Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        integer_graph(mobile_network(), x)
