"""What the passes of this folder share: moments of coefficients, and a layer of coded weights."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from skconv.graph import Conv, Graph, Linear, Node
from skconv.graph.limits import INT8_MAX
from skconv.graph.storage.coded import Coded, coded_of
from skconv.graph.storage.frequency import MOST_TAPS, cosines
from skconv.passes.compress.base import Array, Samples, with_op
from skconv.passes.compress.seen import Seen, seen

# Bytes of a layer. The C that expands it takes about as many, and no stage takes it in.
LEAST_SAVED = 400


@dataclass(frozen=True)
class Kernels:
    """Kernels by group, and the second moments of what they see.

    Attributes
    ----------
    op : Conv
    weights : ndarray of shape (n_groups, kernels of a group, n_weights)
        Those that answer best, in the order of a kernel: tap by tap, channels last.
    moments : ndarray of shape (n_groups, n_weights, n_weights)
    seen : Seen
    """

    op: Conv
    weights: Array
    moments: Array
    seen: Seen

    @classmethod
    def of(cls, graph: Graph, node: Node, samples: Samples, before: Graph) -> Kernels:
        op = node.op
        assert isinstance(op, Conv)
        found = seen(graph, node, samples, before)
        groups = len(found.rows)
        flat = op.weights.reshape(groups, len(op.weights) // groups, -1).astype(np.float64)
        return cls(op, found.best_weights(flat), found.covariance, found)

    @property
    def plane_shape(self) -> tuple[int, int, int]:
        """Channels, height and width of a kernel."""
        _, height, width, channels = self.op.weights.shape
        return channels, height, width

    @property
    def transform(self) -> Array:
        """Orthonormal: of a kernel as it lies, its coefficients, channel by channel."""
        channels, height, width = self.plane_shape
        one = np.kron(cosines(height), cosines(width))
        n_taps = height * width
        found = np.zeros((channels, n_taps, n_taps, channels))
        for channel in range(channels):
            found[channel, :, :, channel] = one
        return found.reshape(channels * n_taps, n_taps * channels)

    def in_cosines(self) -> tuple[Array, Array]:
        """Coefficients ``(n_groups, kernels, n_weights)``, and their second moments."""
        turn = self.transform
        return self.weights @ turn.T, turn @ self.moments @ turn.T

    def _variances(self, weights: Array) -> Array:
        """Of the answers of weights, one for each kernel."""
        return np.asarray(
            np.einsum("gki,gij,gkj->gk", weights, self.moments, weights, optimize=True)
        )

    def coded(self, coded: Coded) -> Conv:
        """The convolution with coded weights: answers keep their mean and their variance.

        Least squares would shrink a kernel that is met badly, and integers of its map with it.
        """
        whole = coded.weights().reshape(self.weights.shape).astype(np.float64)
        wanted, given = self._variances(self.weights), self._variances(whole)
        sizes = np.linalg.norm(self.weights, axis=2) / np.maximum(np.linalg.norm(whole, axis=2), 1)
        scales = np.sqrt(wanted / np.where(given > 0, given, 1))
        scales = np.where((given > 0) & (wanted > 0), scales, np.maximum(sizes, 1e-12))
        weights = whole * scales[:, :, None]
        biases = self.seen.biases(weights)
        return replace(
            self.op,
            weights=weights.reshape(self.op.weights.shape).astype(np.float32),
            bias=biases.ravel().astype(np.float32),
            levels=0,
            coded=coded,
        )


def kernel_layers(graph: Graph, fewest_taps: int = 2) -> list[Node]:
    """Convolutions whose kernels have so many taps, and no other form."""
    return [
        node
        for node in graph.nodes
        if isinstance(node.op, Conv)
        and coded_of(node.op) is None
        and fewest_taps <= node.op.weights.shape[1] * node.op.weights.shape[2] <= MOST_TAPS
    ]


def planes(flat: Array, kernels: Kernels) -> Array:
    """Coefficients as ``(n_kernels, channels, height, width)``."""
    return flat.reshape(len(kernels.op.weights), *kernels.plane_shape)


def full_gain(whole: Array) -> float:
    """What brings the largest weight of whole coefficients ``(..., height, width)`` to 127."""
    height, width = whole.shape[-2:]
    weights = np.einsum("...uv,uy,vx->...yx", whole, cosines(height), cosines(width))
    return INT8_MAX / max(float(np.abs(weights).max()), 1e-6)


def taken(graph: Graph, node: Node, op: Conv | Linear, plain_bytes: int) -> Graph:
    """The graph with a coded layer, where that saves what its C takes."""
    coded = coded_of(op)
    if coded is None or coded.nbytes + LEAST_SAVED > plain_bytes:
        return graph
    return with_op(graph, node.name, op)
