"""Biases without the mean error of integer layers.

The roundings of the weights of a kernel meet maps that are never negative: their errors do not
cancel, and a channel is shifted as a whole. So are the layers behind it, and the scores.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skconv.graph import (
    INPUT,
    Conv,
    Graph,
    Linear,
    Node,
    Op,
    QConv,
    QLinear,
    verify,
)
from skconv.passes.calibrate import FloatRun, Ranges
from skconv.passes.quantize import quantize
from skconv.runtime import fixed
from skconv.runtime.windows import chunks, convolve

Array = NDArray[Any]


def correct_biases(
    graph: Graph, ranges: Ranges, x: Array, *, seen: FloatRun | None = None, **options: Any
) -> Graph:
    """A float graph whose integer form has the means of ``graph``.

    Layer after layer, the integer graph is run on the samples; what the mean of a channel's
    accumulators has more than that of the float graph is taken off its bias. A layer sees the
    layers before it corrected.

    Parameters
    ----------
    graph : Graph
        A float graph.
    ranges : dict of str to (float, float)
        Range of every tensor, from `skconv.passes.calibrate.calibrate`.
    x : ndarray of shape (n_samples, *graph.input.shape) or flat
        Calibration samples.
    seen : FloatRun, optional
        A run of the graph on just these samples, where there was one.
    **options
        Of `skconv.passes.quantize.quantize`, which the result is meant for. It proves the
        accumulators of the new biases.

    Returns
    -------
    graph : Graph
        With other biases of its `Conv` and `Linear`.

    References
    ----------
    Nagel, van Baalen, Blankevoort, Welling, "Data-Free Quantization Through Weight
    Equalization and Bias Correction", ICCV 2019, section 4.2, the empirical form.

    Examples
    --------
    >>> import numpy as np
    >>> from skconv.graph import Graph, Linear, TensorSpec
    >>> from skconv.passes.biases import correct_biases
    >>> layer = Linear(np.float32([[127, 0.4]]), np.float32([0]))
    >>> graph = Graph(TensorSpec((2,))).append(layer)
    >>> x, ranges = np.full((1, 2), 100.0), {"input": (0, 255), "linear": (0, 40_000)}
    >>> corrected = correct_biases(graph, ranges, x, input_scale=1.0, linear_bits=8)
    >>> corrected.nodes[0].op.bias  # 100 inputs times 0.4, which the integers have as 0
    array([40.], dtype=float32)
    """
    integer = quantize(graph, ranges, **options)
    specs = integer.specs
    layers = dict(_layers(graph, integer))
    means = _means(seen or FloatRun(graph, x), layers.values())
    rows = list(chunks(integer, len(x)))
    found = {INPUT: fixed.quantize_input(integer.input, x).reshape(-1, *integer.input.shape)}
    corrected: dict[str, Node] = {}
    for node in integer.nodes:
        inputs = [found[name] for name in node.inputs]
        op = node.op
        if node.name in layers:
            layer = layers[node.name]
            error = _accumulator_mean(op, *inputs) - means[layer.name]
            corrected[layer.name] = _with_bias(layer, layer.op.bias - error)  # type: ignore[attr-defined]
            op = _with_integer_bias(op, error)
        for name in node.inputs:
            if integer.users(name)[-1] is node:
                found.pop(name, None)
        found[node.name] = _evaluated(op, inputs, rows).astype(specs[node.name].dtype)
    nodes = tuple(corrected.get(node.name, node) for node in graph.nodes)
    return verify(replace(graph, nodes=nodes))


def _layers(graph: Graph, integer: Graph) -> Iterator[tuple[str, Node]]:
    """Names of integer nodes, and the float node whose bias each holds."""
    for node in graph.nodes:
        if not isinstance(node.op, Conv | Linear):
            continue
        users = graph.users(node.name)
        # The limit behind a layer is a part of its integer node.
        is_limited = len(users) == 1 and users[0].op.clip_limits is not None
        name = users[0].name if is_limited and node.name not in integer.by_name else node.name
        found = integer.by_name.get(name)
        op = found.op if found else None
        if isinstance(op, QLinear) or (isinstance(op, QConv) and not op.shared):
            yield name, node


def _means(seen: FloatRun, layers: Iterable[Node]) -> dict[str, Array]:
    """Mean of every channel of what layers of a float graph yield.

    They are linear: it is what they make of the mean of their inputs.
    """
    sums, n_samples = seen.sums, len(seen.x)
    return {node.name: _channel_means(node.op, sums[node.inputs[0]] / n_samples) for node in layers}


def _channel_means(op: Any, mean: Array) -> Array:
    """The mean of what a linear layer makes of samples, from the mean of the samples."""
    if isinstance(op, Conv | QConv):
        return np.asarray(convolve(mean[None], op).mean(axis=(0, 1, 2)))
    return np.asarray(op.weights.astype(np.float64) @ mean.ravel() + op.bias)


# ------------------------------------------------------------------------ integer layers


def _unit(op: QConv | QLinear) -> Array:
    """What one unit of the accumulators is worth, by the rule that leads back from them."""
    rule = op.requantization
    if rule is None:
        return op.units  # type: ignore[union-attr]
    units = rule.multiplier.astype(np.float64) * 2.0 ** (rule.shift - 32) * rule.scale
    return np.broadcast_to(units, len(op.bias))


def _accumulator_mean(op: Any, x: Array) -> Array:
    return np.asarray(_channel_means(op, x.mean(axis=0, dtype=np.float64)) * _unit(op))


def _with_bias(node: Node, bias: Array) -> Node:
    return replace(node, op=replace(node.op, bias=bias.astype(np.float32)))  # type: ignore[call-arg]


def _with_integer_bias(op: Any, error: Array) -> Op:
    return replace(op, bias=np.rint(op.bias - error / _unit(op)).astype(np.int32))


def _evaluated(op: Op, inputs: list[Array], rows: list[slice]) -> Array:
    if len(rows) == 1:
        return fixed.evaluate(op, *inputs)
    return np.concatenate([fixed.evaluate(op, *(x[r] for x in inputs)) for r in rows])
