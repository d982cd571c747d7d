"""Kernels by their cosine transform: a common part, and a sparse rest in few bits."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Integral

import numpy as np
from scipy.cluster.vq import ClusterError, kmeans2

from skconv.graph import Graph
from skconv.graph.limits import INT8_MAX
from skconv.graph.storage.frequency import Frequency
from skconv.passes.compress.base import Array, Pass, Samples
from skconv.passes.compress.frequency.layers import (
    Kernels,
    full_gain,
    kernel_layers,
    planes,
    taken,
)
from skconv.passes.compress.refit import refit_head
from skconv.passes.compress.second_order import DAMPING, curvature, handed_on
from skconv.utils.progress import report

ITERATIONS = 30


@dataclass
class DCTCompression(Pass):
    """Store kernels by their cosine transform: a common part, and a sparse rest in few bits.

    The coefficients of each channel of a kernel are those of the nearest of a few common ones,
    found by k-means, plus a rest. Of the rest what is below a threshold becomes 0, and all else
    smaller by it; what is left is rounded, and stored as a Huffman code with runs of zeros. The
    error of each coefficient is handed on to those not yet rounded, through the second moments of
    the patches. Scales, biases and the head are then fitted anew, in closed form where the loss is
    squared. It takes no back-propagation. A layer stays as it is where less than 400 bytes would be
    saved: the C that expands it takes about as many, and it stands alone, without a stage.

    Parameters
    ----------
    bits : int, default=4
        The largest coefficient of a kernel is ``2 ** (bits - 1) - 1`` steps.
    threshold : float, default=0.25
        In steps.
    n_common : int, default=8
        Common parts: a power of two, or 0. A layer has none where that takes fewer bytes.
    damping : float, default=0.01
        Added to the diagonal of the second moments, in units of its mean.

    References
    ----------
    Wang, Xu, You, Tao, Xu, "CNNpack: Packing Convolutional Neural Networks in the Frequency
    Domain", NeurIPS 2016. It trains the network after each step; here nothing is trained.

    Examples
    --------
    >>> import numpy as np
    >>> from skconv import DCTCompression
    >>> from skconv.graph import Conv, Graph, Relu, TensorSpec
    >>> from skconv.passes.compress import Samples
    >>> rng = np.random.default_rng(0)
    >>> kernels = rng.normal(size=(32, 5, 5, 2)).astype("float32")
    >>> graph = Graph(TensorSpec((9, 9, 2))).append(Conv(kernels, np.zeros(32, "f4")))
    >>> X = rng.normal(size=(50, 162)).astype("float32")
    >>> found = DCTCompression()(graph.append(Relu()), Samples(X)).nodes[0].op
    >>> found.coded.nbytes < kernels.size
    True
    """

    bits: int = 4
    threshold: float = 0.25
    n_common: int = 8
    damping: float = DAMPING

    def __call__(self, graph: Graph, samples: Samples) -> Graph:
        """The graph with coded kernels.

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
        layers = kernel_layers(graph)
        if not layers:
            raise ValueError("DCTCompression needs kernels of 2 to 64 taps, and the graph has none")
        before = graph
        for node in layers:
            kernels = Kernels.of(graph, graph.by_name[node.name], samples, before)
            op = kernels.coded(self._smallest(kernels))
            graph = taken(graph, node, op, op.weights.size)
            report(f"{node.name} in cosines")
        return refit_head(graph, before, samples) if graph is not before else graph

    def _check(self) -> None:
        if not isinstance(self.bits, Integral) or not 2 <= self.bits <= 8:
            raise ValueError(f"bits={self.bits!r}, expected a whole number from 2 to 8")
        if not 0 <= self.threshold < 64:
            raise ValueError(f"threshold={self.threshold!r}, expected 0 to 64 steps")
        count = self.n_common
        if not isinstance(count, Integral) or not 0 <= count <= 256 or count & (count - 1):
            raise ValueError(f"n_common={count!r}, expected 0 or a power of two up to 256")
        if not self.damping > 0:
            raise ValueError(f"damping={self.damping!r}, expected more than 0")

    def _smallest(self, kernels: Kernels) -> Frequency:
        """With common parts, or without where that takes fewer bytes."""
        counts = {0, self.n_common if self.n_common <= _n_planes(kernels) else 0}
        return min((self._coded(kernels, n) for n in sorted(counts)), key=lambda c: c.nbytes)

    def _coded(self, kernels: Kernels, n_common: int) -> Frequency:
        coefficients, moments = kernels.in_cosines()
        largest = np.abs(coefficients).max(axis=2, keepdims=True)
        steps = np.where(largest > 0, largest, 1.0) / (2 ** (self.bits - 1) - 1)
        centres, indices = _common(planes(coefficients / steps, kernels), n_common)
        common = np.zeros_like(coefficients)
        if indices is not None:
            common = centres[indices].reshape(coefficients.shape).astype(np.float64)
        whole = np.empty_like(coefficients)
        for group, of in enumerate(moments):
            found = self._rounded(coefficients[group], of, steps[group], common[group])
            whole[group] = found
        rest = planes(whole - common, kernels).astype(np.int64)
        gain = full_gain(planes(whole, kernels))
        return Frequency(
            kernels.op.weights.shape, residual=rest, centres=centres, indices=indices, gain=gain
        )

    def _rounded(self, rows: Array, moments: Array, steps: Array, common: Array) -> Array:
        """Whole coefficients of the kernels of a group."""
        of = curvature(moments, self.damping)

        def rounded(left: Array, place: int) -> Array:
            rest = left / steps[:, 0] - common[:, place]
            shrunk = np.sign(rest) * np.maximum(np.abs(rest) - self.threshold, 0)
            return np.asarray(steps[:, 0] * (common[:, place] + np.rint(shrunk)))

        return np.rint(handed_on(rows, of, rounded) / steps)


def _n_planes(kernels: Kernels) -> int:
    return int(kernels.op.weights.shape[0] * kernels.op.weights.shape[3])


def _common(steps: Array, n_common: int) -> tuple[Array, Array | None]:
    """Common parts of coefficients in steps, and which one each channel of a kernel has."""
    if not n_common:
        return np.zeros((0, 1, 1), np.int8), None
    flat = steps.reshape(-1, steps.shape[2] * steps.shape[3])
    rng = np.random.default_rng(0)
    try:
        found, indices = kmeans2(flat, n_common, ITERATIONS, minit="++", rng=rng, missing="raise")
    except ClusterError:  # Fewer different channels than common parts.
        return _common(steps, 0)
    whole = np.clip(np.rint(found), -INT8_MAX, INT8_MAX).astype(np.int8)
    return whole.reshape(-1, *steps.shape[2:]), indices.reshape(steps.shape[:2])
