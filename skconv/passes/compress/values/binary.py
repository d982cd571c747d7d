"""Kernels of signs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from skconv.graph import Graph
from skconv.passes.compress.base import Pass, Samples
from skconv.passes.compress.second_order import DAMPING
from skconv.passes.compress.values.chosen import Layers, with_values


@dataclass
class BinaryKernels(Pass):
    """Make the weights of convolutions signs, times one number a kernel, without training.

    XNOR-Net takes the sign of every weight, and the mean of their magnitudes as the number. Here
    the error of each sign is handed on to the weights that have none yet, by the second moments of
    the patches, and the number is the one of the least squares. The head is fitted anew.

    Signs are stored five in a byte, as weights of three values are, and the C for these reads them.

    Parameters
    ----------
    layers : {"all", "inner"}, default="all"
        Which convolutions: all, or those behind another one. XNOR-Net leaves the first as it is.
    damping : float, default=0.01
        Added to the diagonal of the Hessian, in units of its mean.

    References
    ----------
    Rastegari, Ordonez, Redmon, Farhadi, "XNOR-Net: ImageNet Classification Using Binary
    Convolutional Neural Networks", ECCV 2016, section 3.1.

    Examples
    --------
    >>> import numpy as np
    >>> from skconv import BinaryKernels
    >>> from skconv.graph import Conv, Graph, TensorSpec
    >>> from skconv.passes.compress import Samples
    >>> X = np.random.default_rng(0).normal(size=(50, 5, 5, 1)).astype("float32")
    >>> kernel = np.float32([0.9, -1.1, 1.0, -0.8]).reshape(1, 2, 2, 1)
    >>> graph = Graph(TensorSpec((5, 5, 1))).append(Conv(kernel, np.zeros(1, "float32")))
    >>> np.sign(BinaryKernels()(graph, Samples(X)).nodes[0].op.weights).ravel().tolist()
    [1.0, -1.0, 1.0, -1.0]
    """

    layers: Layers = "all"
    damping: float = DAMPING

    def __call__(self, graph: Graph, samples: Samples) -> Graph:
        """The graph with kernels of signs.

        Parameters
        ----------
        graph : Graph
            A float graph.
        samples : Samples

        Returns
        -------
        Graph
        """
        return with_values(self, graph, samples, np.array([-1, 1]))
