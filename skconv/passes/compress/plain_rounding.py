"""Rounding that looks at one weight at a time: for trials, whose bytes are all that counts."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from skconv.graph import Graph, Linear, Node
from skconv.passes.compress.base import Loss, Samples
from skconv.passes.compress.rounding import SecondOrderRounding

# The largest weight that is told from others, in units of the mean: about as many are rounded to
# zero as by second moments.
REACH = 1.5


@dataclass
class PlainRounding(SecondOrderRounding):
    """The levels of `SecondOrderRounding` for linear layers without second moments.

    Tables are as long, and no Hessian is made: that of thousands of features takes seconds.
    """

    def _rounded(self, graph: Graph, node: Node, samples: Samples, loss: Loss) -> Linear:
        op = node.op
        assert isinstance(op, Linear)
        means = np.abs(op.weights).mean(axis=1, keepdims=True)
        scales = np.where(means > 0, REACH * means / self.levels, 1)
        whole = np.clip(np.rint(op.weights / scales), -self.levels, self.levels)
        # An input that had a weight keeps one: no tables are shorter than those of any rounding.
        lost = np.flatnonzero(op.weights.any(axis=0) & ~whole.any(axis=0))
        rows = np.abs(op.weights[:, lost]).argmax(axis=0)
        whole[rows, lost] = np.sign(op.weights[rows, lost])
        return replace(op, weights=(whole * scales).astype(np.float32), levels=self.levels)
