"""Channels of a map brought closer to one range, so that 8 bits for the map suit each.

In a deep network the channels of a map differ in range by factors of ten, and those of a
small range are left few of the 255 steps. A convolution may divide a kernel by a positive
number where all that reads its channel multiplies it back: ReLU, pooling and sums commute
with that.
"""

from __future__ import annotations

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
    Reshape,
    SeparableConv,
    verify,
)
from skconv.graph.storage.coded import coded_of
from skconv.runtime import reference
from skconv.runtime.windows import chunks

Array = NDArray[Any]

SMALLEST_FACTOR = 1 / 64


def equalize(graph: Graph, x: Array) -> Graph:
    """A float graph whose channels differ less in range.

    - Maps between convolutions form a group where one scale for each channel must serve all
      of them: those before and after a ReLU, those that are added.
    - The kernels that write a group are divided by the factors of its channels, and the
      weights that read it multiplied.
    - A factor is the root of the share of a channel's largest magnitude in that of the map.
      A channel of a sixteenth of the range gets a quarter: half of its bits are won, half are
      left for numbers beyond those that were seen.
    - So no channel becomes larger than the largest, and a clip at a positive limit, such as
      ReLU6, acts as before on all numbers that were seen.

    Parameters
    ----------
    graph : Graph
        A float graph.
    x : ndarray of shape (n_samples, *graph.input.shape) or flat
        Samples that the magnitudes are measured on.

    Returns
    -------
    graph : Graph
        The same function of ``x``, to rounding.

    References
    ----------
    Nagel, van Baalen, Blankevoort, Welling, "Data-Free Quantization Through Weight
    Equalization and Bias Correction", ICCV 2019, section 4.1. The factors here are those of
    the maps alone: every kernel has a scale of its own, so weights need not agree.

    Examples
    --------
    >>> import numpy as np
    >>> from skconv.graph import Conv, Graph, Relu, TensorSpec
    >>> from skconv.passes.equalize import equalize
    >>> first = Conv(np.float32([1, 16]).reshape(2, 1, 1, 1), np.zeros(2, "float32"))
    >>> second = Conv(np.ones((1, 1, 1, 2), "float32"), np.zeros(1, "float32"))
    >>> graph = Graph(TensorSpec((1, 1, 1))).append(first).append(Relu()).append(second)
    >>> equal = equalize(graph, np.ones((1, 1, 1, 1)))
    >>> [node.op.weights.ravel().tolist() for node in (equal.nodes[0], equal.nodes[2])]
    [[4.0, 16.0], [0.25, 1.0]]
    """
    found = groups(graph)
    if not found:
        return graph
    largest = _channel_magnitudes(graph, x)
    nodes = dict(graph.by_name)
    for group in found:
        factors = _factors(graph, group, largest)
        readers = {node.name: node for name in group for node in graph.users(name)}
        for name in group:
            if isinstance(op := nodes[name].op, Conv):
                nodes[name] = replace(nodes[name], op=_divided(op, factors))
        for reader in _weighted(graph, readers.values()):
            nodes[reader] = replace(nodes[reader], op=_multiplied(nodes[reader].op, factors))
    return verify(replace(graph, nodes=tuple(nodes[node.name] for node in graph.nodes)))


def groups(graph: Graph) -> list[list[str]]:
    """Maps, by name, that have to share one factor for each channel, where they may have any."""
    leaders = {name: name for name in graph.specs}

    def leader(name: str) -> str:
        while leaders[name] != name:
            name = leaders[name]
        return name

    bound = {INPUT, graph.output_name}  # tensors that keep their numbers
    for node in graph.nodes:
        if node.op.passes_factors:
            for name in node.inputs:
                leaders[leader(name)] = leader(node.name)
        elif _is_flattened_for_linear(graph, node):
            bound.add(node.name)
        elif not isinstance(node.op, Conv) or node.op.shared:
            bound |= {node.name, *node.inputs}
        elif _keeps_its_weights(node.op):
            bound |= set(node.inputs)  # A kernel has one factor, its channels have none.
    found: dict[str, list[str]] = {}
    for name in graph.specs:
        found.setdefault(leader(name), []).append(name)
    kept = {leader(name) for name in bound}
    return [names for name, names in found.items() if name not in kept]


def _keeps_its_weights(op: Conv) -> bool:
    """Whether the weights of a kernel may have one factor, and its channels none."""
    has_few_levels = op.levels > 0 and op.weights.shape[3] > 1
    return op.coded is not None or has_few_levels or isinstance(op, SeparableConv)


def _is_flattened_for_linear(graph: Graph, node: Node) -> bool:
    """Whether linear layers read it that may be changed: few levels and coded weights may not."""
    users = graph.users(node.name)
    return (
        isinstance(node.op, Reshape)
        and len(graph.specs[node.inputs[0]].shape) == 3
        and len(graph.specs[node.name].shape) == 1
        and bool(users)
        and all(isinstance(user.op, Linear) and user.op.levels == 0 for user in users)
        and all(coded_of(user.op) is None for user in users)
    )


def _weighted(graph: Graph, readers: Any) -> set[str]:
    """Names of the nodes whose weights meet the channels: behind a `Reshape`, its readers."""
    names = {node.name for node in readers if isinstance(node.op, Conv)}
    flat = (node.name for node in readers if isinstance(node.op, Reshape))
    return names.union(*({user.name for user in graph.users(name)} for name in flat))


# -------------------------------------------------------------------------- the factors


def _channel_magnitudes(graph: Graph, x: Array) -> dict[str, Array]:
    largest: dict[str, Array] = {}
    for rows in chunks(graph, len(x)):
        for name, values in reference.tensors(graph, x[rows]).items():
            # The border of a `Pad` may be minus infinity.
            found = np.abs(values).reshape(-1, values.shape[-1])
            highest = found.max(axis=0, initial=0.0, where=np.isfinite(found))
            largest[name] = np.maximum(largest.get(name, 0.0), highest)
    return largest


def _factors(graph: Graph, group: list[str], largest: dict[str, Array]) -> Array:
    """Root of the share of each channel in the largest of its map; of maps, the largest share."""
    shares = [
        largest[name] / largest[name].max()
        for name in group
        if largest[name].any() and not _is_limited(graph, name)
    ]
    if not shares:
        return np.ones(graph.specs[group[0]].shape[-1])
    factors = np.sqrt(np.max(shares, axis=0))
    return np.where(factors > 0, np.maximum(factors, SMALLEST_FACTOR), 1.0)


def _is_limited(graph: Graph, name: str) -> bool:
    """Whether a ReLU or clip is all that reads a map: no integers stand for it then."""
    users = graph.users(name)
    return len(users) == 1 and users[0].op.clip_limits is not None


# ----------------------------------------------------------------------------- the weights


def _divided(op: Conv, factors: Array) -> Conv:
    return replace(
        op,
        weights=(op.weights / factors[:, None, None, None]).astype(np.float32),
        bias=(op.bias / factors).astype(np.float32),
    )


def _multiplied(op: Op, factors: Array) -> Op:
    if isinstance(op, Linear):
        repeated = np.tile(factors, op.weights.shape[1] // len(factors))
        return replace(op, weights=(op.weights * repeated).astype(np.float32))
    assert isinstance(op, Conv)
    # The input channels of every kernel: those of its group.
    groups_of = np.arange(len(op.weights)) // (len(op.weights) // op.groups)
    of_kernel = factors.reshape(op.groups, -1)[groups_of]
    return replace(op, weights=(op.weights * of_kernel[:, None, None, :]).astype(np.float32))
