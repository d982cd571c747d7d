"""The integer form of `TreeEnsemble`, and its nodes as units of 16 bits."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from skconv.graph.base import INTEGER, Array, TensorSpec, require
from skconv.graph.facts import Facts
from skconv.graph.integer import IntegerOp
from skconv.graph.limits import ACCUMULATOR_MAX
from skconv.graph.storage.narrowest import narrowest
from skconv.graph.trees import Trees

__all__ = ["QTreeEnsemble"]

# Of the unit, or the two units, that say where to go.
VALUE_BITS = {1: 14, 2: 30}


@dataclass(frozen=True)
class QTreeEnsemble(Trees, IntegerOp):
    """Trees on integers: ``x <= t`` is ``x <= floor(t)``, so thresholds lose nothing.

    Leaves are integers too, and so are their sums. ``scale`` is what one unit of a sum is worth:
    ``scales``, where every output has its own. Where leaf ``i`` adds 1 to output ``i`` and nothing
    to others, it is a vote, and no values are stored.

    Notes
    -----
    A node is two or three units of 16 bits, or four, where a tree is long:

    - its test: the feature in the low byte and the threshold in the high one, or a unit for each
      where one of them needs more bits;
    - where to go: the highest bit says whether the right child is a leaf, the next one whether the
      left child is. The others hold the right leaf, or how many units after the beginning of
      this node the right child begins. Two units, the low one first, where 14 bits are too few;
    - the left leaf, where it is one. A left child that is a node follows at once.

    ``starts`` says where each tree begins.
    """

    facts = Facts("vector", reads="fine")
    domains = INTEGER
    scale: float = 1.0
    scales: tuple[float, ...] = ()

    # ------------------------------------------------------------------------ in memory

    @cached_property
    def are_votes(self) -> bool:
        """Whether leaf ``i`` is one vote for output ``i``."""
        n_outputs = len(self.constant)
        one_each = np.eye(n_outputs, dtype=self.leaves.dtype)[: len(self.leaves)]
        return self.leaves.shape[1] == n_outputs and np.array_equal(self.leaves, one_each)

    @property
    def is_signed(self) -> bool:
        """Whether thresholds are read with a sign."""
        return bool(self.thresholds.min() < 0)

    @cached_property
    def is_wide(self) -> bool:
        """Whether a test takes two units."""
        low, high = int(self.thresholds.min()), int(self.thresholds.max())
        is_byte = low >= -(2**7) and high < (2**7 if low < 0 else 2**8)
        return int(self.features.max()) >= 2**8 or not is_byte

    @cached_property
    def is_far(self) -> bool:
        """Whether the way to a child takes two units."""
        if len(self.leaves) > 2 ** VALUE_BITS[1]:
            return True
        return int(self._distances(1).max()) >= 2 ** VALUE_BITS[1]

    @property
    def units(self) -> int:
        """How many units the way to a child takes."""
        return 2 if self.is_far else 1

    def _places(self, units: int) -> Array:
        """Where each node begins, and where the last one ends."""
        sizes = (2 if self.is_wide else 1) + units + units * (self.children[:, 0] < 0)
        return np.concatenate([[0], np.cumsum(sizes)])

    def _distances(self, units: int) -> Array:
        """From each node to its right child; 0, where that is a leaf."""
        places, right = self._places(units)[:-1], self.children[:, 1]
        return np.where(right < 0, 0, places[np.maximum(right, 0)] - places)

    @property
    def table(self) -> Array:
        """All nodes, in units of 16 bits."""
        units, places = self.units, self._places(self.units)
        left, right = self.children[:, 0].astype(np.int64), self.children[:, 1].astype(np.int64)
        bits = VALUE_BITS[units]
        go = np.where(right < 0, ~right | 2 << bits, self._distances(units))
        go |= np.where(left < 0, 1 << bits, 0)
        found = np.zeros(places[-1], np.uint16)
        at, tests = places[:-1], self._tests()
        for i, column in enumerate(tests):
            found[at + i] = column
        is_leaf = left < 0
        for unit in range(units):
            found[at + len(tests) + unit] = (go >> 16 * unit) & 0xFFFF
            after = (at + len(tests) + units + unit)[is_leaf]
            found[after] = (~left[is_leaf] >> 16 * unit) & 0xFFFF
        return found

    def _tests(self) -> list[Array]:
        features, thresholds = self.features.astype(np.int64), self.thresholds.astype(np.int64)
        if self.is_wide:
            return [features, thresholds & 0xFFFF]
        return [features | (thresholds & 0xFF) << 8]

    @property
    def parameters(self) -> dict[str, Array]:
        tables = {"nodes": self.table, "starts": narrowest(self._places(self.units)[self.roots])}
        if not self.are_votes:
            tables["leaves"] = narrowest(self.leaves)
        if self.first_outputs.any():
            tables["first_outputs"] = narrowest(self.first_outputs)
        if self.constant.any():
            tables["constant"] = self.constant.astype(np.int32)
        return tables

    # -------------------------------------------------------------------------- tensors

    def output(self, *inputs: TensorSpec) -> TensorSpec:
        (x,) = inputs
        self.check(x)
        low, high = int(self.thresholds.min()), int(self.thresholds.max())
        require(
            low >= -(2**15) and high < (2**15 if low < 0 else 2**16),
            f"{self.describe()}: thresholds from {low} to {high} do not fit 16 bits",
        )
        least, most = (sums + self.constant for sums in self.leaf_limits)
        minimum, maximum = int(least.min()), int(most.max())
        require(
            max(-minimum, maximum) <= ACCUMULATOR_MAX,
            f"{self.describe()}: sums from {minimum} to {maximum} do not fit int32",
        )
        shape = (len(self.constant),)
        return TensorSpec(shape, "int32", self.scale, minimum, maximum, scales=self.scales)
