"""Weights that share a few numbers by a hash: kernels by frequency, linear layers as they are."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from numbers import Integral
from typing import Literal, get_args

import numpy as np
from scipy import sparse

from skconv.graph import Graph, Linear, Node
from skconv.graph.limits import INT8_MAX
from skconv.graph.storage.coded import coded_of
from skconv.graph.storage.hashed import Buckets, Hashed
from skconv.passes.compress.base import Array, Pass, Samples, head_of, with_op
from skconv.passes.compress.frequency.layers import Kernels, full_gain, kernel_layers, taken
from skconv.passes.compress.loss import hessians, refitted
from skconv.passes.compress.refit import refit_head
from skconv.passes.compress.second_order import DAMPING
from skconv.utils.progress import report

Layers = Literal["kernels", "linear", "all"]

# Values are solved for together: with more of them, each is the mean of its places.
MOST_BUCKETS = 4096


@dataclass
class HashedFrequencies(Pass):
    """Let weights share a few numbers, in buckets that a hash tells: nothing else is stored.

    The cosine coefficients of kernels share buckets with those of the same frequency, and there are
    fewer for high frequencies (FreshNets). The weights of a linear layer share buckets as they are
    (HashedNets). A hash gives each its bucket and a sign. The numbers are those with the least
    squares of what changes in the answers of the layer, in closed form; of a logistic head with the
    least loss, to second order. Each kernel has a scale of its own. A layer of kernels stays as
    it is where less than 400 bytes would be saved.

    Without training a linear layer loses much by it (docs/compression.md). Up to 4,096 numbers of a
    layer are solved for together; of more each is the weighted mean of its places, which is worse.

    Parameters
    ----------
    share : float, default=0.5
        Numbers in buckets for each weight.
    layers : {"kernels", "linear", "all"}, default="kernels"
        Which layers: convolutions whose kernels have 2 to 64 taps, linear layers, or both.
    damping : float, default=0.01
        Added to the diagonal of the second moments, in units of its mean.
    seed : int, default=0
        Of the hash.

    References
    ----------
    Chen, Wilson, Tyree, Weinberger, Chen, "Compressing Convolutional Neural Networks in the
    Frequency Domain", KDD 2016 (FreshNets); the same, "Compressing Neural Networks with the Hashing
    Trick", ICML 2015 (HashedNets). Both train the numbers; here they are solved for.

    Examples
    --------
    >>> import numpy as np
    >>> from skconv import HashedFrequencies
    >>> from skconv.graph import Graph, Linear, TensorSpec
    >>> from skconv.passes.compress import Samples
    >>> rng = np.random.default_rng(0)
    >>> head = Linear(rng.normal(size=(10, 64)).astype("f4"), np.zeros(10, "f4"))
    >>> graph, X = Graph(TensorSpec((64,))).append(head), rng.normal(size=(200, 64)).astype("f4")
    >>> found = HashedFrequencies(share=1 / 16, layers="linear")(graph, Samples(X)).nodes[0].op
    >>> len(found.coded.values)
    40
    """

    share: float = 0.5
    layers: Layers = "kernels"
    damping: float = DAMPING
    seed: int = 0

    def __call__(self, graph: Graph, samples: Samples) -> Graph:
        """The graph with weights in buckets.

        Parameters
        ----------
        graph : Graph
            A float graph.
        samples : Samples

        Returns
        -------
        Graph
        """
        self._check()
        kernels = kernel_layers(graph) if self.layers != "linear" else []
        linear = _linear_layers(graph) if self.layers != "kernels" else []
        if not kernels and not linear:
            raise ValueError(f"HashedFrequencies: the graph has no layers for {self.layers!r}")
        before = graph
        for node in kernels:
            found = Kernels.of(graph, graph.by_name[node.name], samples, before)
            op = found.coded(self._kernels(found))
            graph = taken(graph, node, op, op.weights.size)
            report(f"{node.name} in {self.share:.3g} of its numbers")
        graph = refit_head(graph, before, samples) if graph is not before else graph
        for node in linear:
            graph = with_op(graph, node.name, self._linear(graph, node, samples))
            report(f"{node.name} in {self.share:.3g} of its numbers")
        return graph

    def _check(self) -> None:
        if not 0 < self.share <= 1:
            raise ValueError(f"share={self.share!r}, expected more than 0 and at most 1")
        if self.layers not in get_args(Layers):
            raise ValueError(f"layers={self.layers!r}, expected one of {get_args(Layers)}")
        if not self.damping > 0:
            raise ValueError(f"damping={self.damping!r}, expected more than 0")
        if not isinstance(self.seed, Integral) or not 0 <= self.seed < 2**32:
            raise ValueError(f"seed={self.seed!r}, expected a whole number of 32 bits")

    def _kernels(self, kernels: Kernels) -> Hashed:
        coefficients, moments = kernels.in_cosines()
        shape = (len(kernels.op.weights), *kernels.plane_shape)
        buckets = Buckets(shape, bucket_sizes(shape, self.share), self.seed)
        sizes = np.linalg.norm(coefficients, axis=2).ravel()
        flat = coefficients.reshape(shape[0], -1)
        of_group = np.repeat(np.arange(len(moments)), coefficients.shape[1])
        of_kernels = (moments[group] for group in of_group)
        values = _in_buckets(buckets, flat, sizes, of_kernels, self.damping)
        whole, _ = _integers(values)
        q = buckets.signs * whole[buckets.indices]
        gain = full_gain(q)
        return Hashed(
            kernels.op.weights.shape, values=whole, sizes=buckets.sizes, seed=self.seed, gain=gain
        )

    def _linear(self, graph: Graph, node: Node, samples: Samples) -> Linear:
        op = graph.by_name[node.name].op
        assert isinstance(op, Linear)
        head = head_of(graph)
        loss = samples.loss if head is not None and head.name == node.name else "squared"
        inputs = samples.tensor(graph, node.inputs[0])
        scores = inputs @ op.weights.T + op.bias
        shape = (*op.weights.shape, 1, 1)
        buckets = Buckets(shape, bucket_sizes(shape, self.share), self.seed)
        sizes = np.linalg.norm(op.weights, axis=1).astype(np.float64)
        found = _repeated(hessians(inputs, scores, loss), len(sizes), loss == "squared")
        values = _in_buckets(buckets, op.weights.astype(np.float64), sizes, found, self.damping)
        whole, _ = _integers(values)
        coded = Hashed(op.weights.shape, values=whole, sizes=buckets.sizes, seed=self.seed)
        weights = coded.weights().astype(np.float32)
        scales, biases = refitted(inputs @ weights.T, scores, samples.y, loss)
        scales = np.where(scales > 0, scales, sizes / np.linalg.norm(weights, axis=1).clip(1))
        weights = (weights * scales[:, None]).astype(np.float32)
        return replace(op, weights=weights, bias=biases.astype(np.float32), levels=0, coded=coded)


def _linear_layers(graph: Graph) -> list[Node]:
    return [
        node for node in graph.nodes if isinstance(node.op, Linear) and coded_of(node.op) is None
    ]


def _repeated(found: Iterable[Array], count: int, is_shared: bool) -> Iterable[Array]:
    """A Hessian for each output."""
    if not is_shared:
        return found
    only = next(iter(found))
    return (only for _ in range(count))


def bucket_sizes(shape: tuple[int, ...], share: float) -> tuple[int, ...]:
    """Buckets of each frequency: those of the sum of indices ``j`` have a share of ``1/(1+j)``.

    Examples
    --------
    >>> from skconv.passes.compress.frequency.hashed import bucket_sizes
    >>> bucket_sizes((16, 1, 3, 3), 1 / 4)
    (10, 10, 10, 5, 2)
    """
    n_kernels, channels, height, width = shape
    u, v = np.mgrid[:height, :width]
    places = np.bincount((u + v).ravel()) * n_kernels * channels
    wanted = places / (1.0 + np.arange(len(places)))
    total = share * places.sum()
    low, high = 0.0, float(len(places) + 1)
    for _ in range(50):  # The factor at which no frequency has more buckets than places.
        factor = (low + high) / 2
        low, high = (
            (factor, high) if np.minimum(factor * wanted, places).sum() < total else (low, factor)
        )
    sizes = np.minimum(np.maximum(1, np.rint(np.minimum(low * wanted, places))), 2**16 - 1)
    return tuple(map(int, sizes))


def _in_buckets(
    buckets: Buckets, rows: Array, sizes: Array, moments: Iterable[Array], damping: float
) -> Array:
    """The numbers in buckets, of rows of size 1, with the least squares of what changes.

    A row is ``sizes * A b``, where ``A`` has one 1 or -1 a line; ``sum A' H A b = sum A' H w``.
    """
    count = int(buckets.firsts[-1])
    indices = buckets.indices.reshape(len(rows), -1)
    signs = buckets.signs.reshape(len(rows), -1)
    are_together = count <= MOST_BUCKETS
    matrix = np.zeros((count, count)) if are_together else np.zeros(count)
    right = np.zeros(count)
    places = np.arange(rows.shape[1])
    for row, index, sign, size, of in zip(rows, indices, signs, sizes, moments, strict=True):
        if are_together:
            of_row = sparse.csr_matrix((sign * size, (places, index)), (len(row), count))
            matrix += of_row.T @ (of @ of_row)
            right += of_row.T @ (of @ row)
        else:
            importance = np.diag(of)
            matrix += np.bincount(index, importance * size**2, count)
            right += np.bincount(index, sign * size * importance * row, count)
    if not are_together:
        return np.asarray(right / np.maximum(matrix, 1e-12))
    mean = float(np.trace(matrix)) / count
    matrix[np.diag_indices(count)] += damping * mean if mean > 0 else 1.0
    return np.asarray(np.linalg.solve(matrix, right))


def _integers(values: Array) -> tuple[Array, float]:
    """Int8 values, and what one is worth."""
    scale = float(np.abs(values).max()) / INT8_MAX or 1.0
    return np.rint(values / scale).astype(np.int8), scale
