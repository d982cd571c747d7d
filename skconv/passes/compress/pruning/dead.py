"""What nobody reads is not computed: from features without a weight back to the input."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from skconv.graph import INPUT, Graph, Node, Select, verify, without_dead_nodes
from skconv.passes.compress.base import Pass, Samples
from skconv.passes.compress.pruning.keep import Kept, restricted
from skconv.passes.compress.pruning.places import steps
from skconv.passes.compress.pruning.read import Mask, entries_read


def prune_dead(graph: Graph) -> Graph:
    """The same function, without what is not read.

    An entry is read where its readers have a weight for it and are read themselves. Channels of
    maps and entries of vectors that nobody reads go, with the kernels, factors and thresholds
    that are theirs, down to the input; so do rows and columns at the border of a map, as far as
    the padding of its convolution can follow. Layers whose weights are
    stored in another form stay whole.

    Parameters
    ----------
    graph : Graph
        A float graph.

    Returns
    -------
    Graph
        Of the same input and output; this one, where all of it is read.

    Examples
    --------
    >>> import numpy as np
    >>> from skconv.graph import Conv, Graph, Linear, Reshape, TensorSpec
    >>> graph = Graph(TensorSpec((2, 2, 1))).append(Conv(np.ones((3, 2, 2, 1), "f4"), np.zeros(3)))
    >>> graph = graph.append(Reshape((3,))).append(Linear(np.float32([[0, 1, 2]]), np.zeros(1)))
    >>> [node.op.describe() for node in prune_dead(graph).nodes]
    ['Conv 2x2 1->2', 'Flatten', 'Linear 2->1']
    """
    masks = _all_read(graph)
    if all(mask.all() for name, mask in masks.items() if name != INPUT):
        return graph
    return verify(without_dead_nodes(_without(graph, masks)))


def _all_read(graph: Graph) -> dict[str, Mask]:
    """Which entries of every tensor are read."""
    masks = {name: np.zeros(spec.shape, bool) for name, spec in graph.specs.items()}
    masks[graph.output_name][:] = True
    for node in reversed(graph.nodes):
        if not masks[node.name].any():
            continue
        inputs = [graph.specs[name] for name in node.inputs]
        found = entries_read(node.op, masks[node.name], *inputs)
        if not any(mask.any() for mask in found):
            found[0].flat[0] = True  # of zeros alone, but a node has to have an input
        for name, mask in zip(node.inputs, found, strict=True):
            masks[name] |= mask
    return masks


def _without(graph: Graph, masks: dict[str, Mask]) -> Graph:
    """The graph without what is not read."""
    specs, by = graph.specs, steps(graph)
    kept = {INPUT: Kept.whole(graph.input)}
    names = {INPUT: INPUT}
    nodes: list[Node] = []
    for node in graph.nodes:
        mask = masks[node.name]
        if not mask.any():
            kept[node.name] = Kept(specs[node.name], np.arange(0))
            continue
        inputs = [kept[name] for name in node.inputs]
        found = restricted(node.op, mask, by[node.name], *inputs)
        kept[node.name] = Kept(specs[node.name], found.channels, found.places)
        sources = [names[name] for name in node.inputs if len(kept[name].channels)]
        for i, wanted in found.selected.items():
            selected = graph.free_name(f"{node.name}_select")
            nodes.append(Node(selected, Select(wanted), (sources[i],)))
            sources[i] = selected
        names[node.name] = node.name if found.op is not None else sources[0]
        if found.op is not None:
            nodes.append(Node(node.name, found.op, tuple(sources)))
    return replace(graph, nodes=tuple(nodes))


@dataclass
class PruneDead(Pass):
    """Leave out what nobody reads: kernels, channels, windows at the border, down to the input.

    The answers stay what they were. `skconv.PruneFeatures` and `skconv.PruneKernels` end with
    it.

    Examples
    --------
    >>> import numpy as np
    >>> from skconv import PruneDead
    >>> from skconv.graph import Graph, Linear, TensorSpec
    >>> from skconv.passes.compress import Samples
    >>> first = Linear(np.ones((3, 2), "f4"), np.zeros(3, "f4"))
    >>> second = Linear(np.float32([[1, 0, 0]]), np.zeros(1, "f4"))
    >>> graph = Graph(TensorSpec((2,))).append(first).append(second)
    >>> PruneDead()(graph, Samples(np.zeros((1, 2)))).nodes[0].op.describe()
    'Linear 2->1'
    """

    def __call__(self, graph: Graph, samples: Samples | None = None) -> Graph:
        """The graph without what is not read.

        Parameters
        ----------
        graph : Graph
            A float graph.
        samples : Samples, optional
            Not needed.

        Returns
        -------
        Graph
        """
        return prune_dead(graph)
