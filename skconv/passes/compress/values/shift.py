"""Kernels of powers of two."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Integral

import numpy as np

from skconv.graph import Graph
from skconv.passes.compress.base import Array, Pass, Samples
from skconv.passes.compress.second_order import DAMPING
from skconv.passes.compress.values.chosen import Layers, with_values

MOST_EXPONENTS = 6


@dataclass
class ShiftKernels(Pass):
    """Make the weights of convolutions powers of two, or sums of two of them, without training.

    A weight is 0, or a power of two with a sign, or the sum or difference of two such powers; times
    one number a kernel. The error of each is handed on to the weights that have no power yet, by
    the second moments of the patches. The head is fitted anew.

    Up to 3 exponents, weights are stored two in a byte; more take a byte each.

    Parameters
    ----------
    terms : {1, 2}, default=1
        Powers in a weight.
    exponents : int from 1 to 6, default=3
        How many powers there are: 3 are 1, 2 and 4.
    layers : {"all", "inner"}, default="all"
        Which convolutions: all, or those behind another one.
    damping : float, default=0.01
        Added to the diagonal of the Hessian, in units of its mean.

    References
    ----------
    Elhoushi, Chen, Shafiq, Tian, Li, "DeepShift: Towards Multiplication-Less Neural Networks",
    CVPR Workshops 2021. Zhou, Yao, Guo, Xu, Chen, "Incremental Network Quantization", ICLR 2017.

    Examples
    --------
    >>> from skconv import ShiftKernels
    >>> ShiftKernels().values().tolist()
    [-4, -2, -1, 0, 1, 2, 4]
    >>> ShiftKernels(terms=2).values().tolist()
    [-6, -5, -4, -3, -2, -1, 0, 1, 2, 3, 4, 5, 6]
    """

    terms: int = 1
    exponents: int = 3
    layers: Layers = "all"
    damping: float = DAMPING

    def __call__(self, graph: Graph, samples: Samples) -> Graph:
        """The graph with kernels of powers of two.

        Parameters
        ----------
        graph : Graph
            A float graph.
        samples : Samples

        Returns
        -------
        Graph
        """
        if self.terms not in (1, 2):
            raise ValueError(f"terms={self.terms!r}, expected 1 or 2")
        if not isinstance(self.exponents, Integral) or not 1 <= self.exponents <= MOST_EXPONENTS:
            raise ValueError(
                f"exponents={self.exponents!r}, expected a whole number from 1 to {MOST_EXPONENTS}"
            )
        return with_values(self, graph, samples, self.values())

    def values(self) -> Array:
        """The weights that there may be.

        Returns
        -------
        values : ndarray
            In units of the smallest power, from the lowest to the highest.
        """
        powers = 2 ** np.arange(self.exponents)
        one = np.concatenate([-powers, [0], powers])
        if self.terms == 1:
            return np.unique(one)
        # Twice the same power is the next one.
        different = np.abs(one[:, None]) != np.abs(one)
        return np.unique(np.append((one[:, None] + one)[different], one))
