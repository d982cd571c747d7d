"""Which of several levels a number exceeds: the share of the time above one is a feature."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from skconv.graph.base import BOTH, Array, Op, TensorSpec, require
from skconv.graph.facts import Facts
from skconv.graph.limits import INT16_MAX

__all__ = ["Above"]


@dataclass(frozen=True)
class Above(Op):
    """1 where an entry is above a level of its channel, else 0.

    Parameters
    ----------
    levels : ndarray of shape (n_levels, n_channels)
        The result has all channels at the first level, then all at the second, and so on.
        On integers they are int16: ``x > t`` is ``q > floor(t / scale)``, exactly.

    References
    ----------
    A. Dempster, F. Petitjean, G. I. Webb, "ROCKET: exceptionally fast and accurate time series
    classification using random convolutional kernels", Data Mining and Knowledge Discovery 34,
    2020 (the proportion of positive values is the mean of this over time).

    Examples
    --------
    >>> import numpy as np
    >>> from skconv.graph import Above, Graph, MeanPool, TensorSpec
    >>> from skconv.runtime import reference
    >>> levels = np.array([[0.0], [2.0]], np.float32)
    >>> graph = Graph(TensorSpec((1, 4, 1))).append(Above(levels)).append(MeanPool((1, 4)))
    >>> reference.run(graph, np.array([[-1, 1, 2, 3]])).ravel()
    array([0.75, 0.25])
    """

    facts = Facts("pixelwise", reads="fine", stage="pixel")
    domains = BOTH
    levels: Array

    def in_units(self, x: TensorSpec) -> Above:
        whole = np.floor(self.levels.astype(np.float64) / x.scale)
        return replace(self, levels=np.clip(whole, -INT16_MAX - 1, INT16_MAX).astype(np.int16))

    def output(self, *inputs: TensorSpec) -> TensorSpec:
        (x,) = inputs
        channels = x.shape[-1]
        require(
            self.levels.ndim == 2 and self.levels.shape[1] == channels and self.levels.size > 0,
            f"Above needs levels (n_levels, {channels}), got {self.levels.shape}",
        )
        shape = (*x.shape[:-1], self.levels.size)
        if x.domain == "float":
            return TensorSpec(shape)
        require(x.magnitude <= INT16_MAX, f"Above compares 16 bits, got integers in {x.limits}")
        return TensorSpec(shape, "uint8", minimum=0, maximum=1)

    def describe(self) -> str:
        return f"Above {len(self.levels)} levels"
