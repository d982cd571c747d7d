"""The integer form of `TreeEnsemble`, and its nodes and leaves as bytes."""

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

# Of an entry of a leaf: the bit of the last one, and the outputs that the others tell apart.
LAST = 0x80
MOST_OUTPUTS = 0x80


@dataclass(frozen=True)
class QTreeEnsemble(Trees, IntegerOp):
    """Trees on integers: ``x <= t`` is ``x <= floor(t)``, so thresholds lose nothing.

    Leaves are integers too, and so are their sums. ``scale`` is what one unit of a sum is worth:
    ``scales``, where every output has its own. Where leaf ``i`` adds 1 to output ``i`` and nothing
    to others, it is a vote, and no values are stored.

    Notes
    -----
    In memory a node is bytes that follow each other:

    - the feature; the highest bit says that the right child is a leaf, the next one that the left
      child is. One byte, where features have up to 6 bits;
    - the threshold: one byte, or two;
    - the right leaf, or how many bytes further, behind this number, the right child begins. Seven
      bits a byte, the low ones first; the highest bit says that more follow;
    - the left leaf in the same form, where it is one. A left child that is a node follows at once.

    ``starts`` says where each tree begins. Values of leaves that are mostly zeros are entries: an
    output, whose highest bit says that it is the last one of its leaf, and a value. The number of
    a leaf is then the place of its first entry. Leaves that many nodes have get low numbers.
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
    def decides(self) -> bool:
        """Whether the number of a leaf is that of the class: one tree of votes."""
        is_one = len(self.roots) == 1 and len(self.constant) > 1
        return is_one and self.are_votes and not self.constant.any()

    @property
    def is_signed(self) -> bool:
        """Whether thresholds are read with a sign."""
        return bool(self.thresholds.min() < 0)

    @cached_property
    def is_wide(self) -> bool:
        """Whether a threshold takes two bytes."""
        low, high = int(self.thresholds.min()), int(self.thresholds.max())
        return low < -(2**7) or high >= (2**7 if low < 0 else 2**8)

    @cached_property
    def head_bytes(self) -> int:
        """Of a feature and two bits."""
        return -(-(int(self.features.max()).bit_length() + 2) // 8)

    @cached_property
    def entries(self) -> tuple[Array, Array] | None:
        """Outputs and values of what is not 0, leaf by leaf; None where that is not smaller."""
        leaves = self._by_count(self.leaves)
        is_entry = leaves != 0
        is_entry[~is_entry.any(axis=1), 0] = True
        values = narrowest(leaves[is_entry])
        n_bytes = values.nbytes + len(values)
        if leaves.shape[1] > MOST_OUTPUTS or n_bytes >= narrowest(leaves).nbytes:
            return None
        outputs = np.nonzero(is_entry)[1].astype(np.uint8)
        outputs[np.cumsum(is_entry.sum(axis=1)) - 1] |= LAST
        return outputs, values

    @cached_property
    def _order(self) -> Array:
        """The leaves that most nodes have, first; votes in their order."""
        if self.are_votes:
            return np.arange(len(self.leaves))
        found = ~self.children[self.children < 0]
        return np.argsort(-np.bincount(found, minlength=len(self.leaves)), kind="stable")

    def _by_count(self, leaves: Array) -> Array:
        return leaves[self._order]

    @cached_property
    def _numbers(self) -> Array:
        """What stands for each leaf in a node."""
        numbers = np.arange(len(self.leaves))
        if not self.are_votes and self.entries is not None:
            is_last = self.entries[0] >= LAST
            numbers = np.concatenate([[0], np.flatnonzero(is_last)[:-1] + 1])
        found = np.empty_like(numbers)
        found[self._order] = numbers
        return found

    @cached_property
    def _places_and_bytes(self) -> tuple[Array, Array]:
        """Where each node begins, and the bytes of all of them."""
        parts: list[bytes] = []
        sizes = np.zeros(len(self.features), np.int64)
        for node in reversed(range(len(self.features))):
            left, right = self.children[node].tolist()
            left_leaf = _number(int(self._numbers[~left])) if left < 0 else b""
            before = len(left_leaf) if left < 0 else int(sizes[left])
            way = _number(int(self._numbers[~right]) if right < 0 else before)
            flags = (right < 0) << 1 | (left < 0)
            head = int(self.features[node]) | flags << 8 * self.head_bytes - 2
            test = int(self.thresholds[node]) & (0xFFFF if self.is_wide else 0xFF)
            own = head.to_bytes(self.head_bytes, "little")
            own += test.to_bytes(2 if self.is_wide else 1, "little") + way + left_leaf
            parts.append(own)
            sizes[node] = len(own) + sum(int(sizes[c]) for c in (left, right) if c >= 0)
        lengths = [len(part) for part in reversed(parts)]
        places = np.concatenate([[0], np.cumsum(lengths)[:-1]])
        return places, np.frombuffer(b"".join(reversed(parts)), np.uint8)

    @property
    def parameters(self) -> dict[str, Array]:
        places, nodes = self._places_and_bytes
        tables = {"nodes": nodes, "starts": narrowest(places[self.roots])}
        if not self.are_votes:
            if self.entries is None:
                tables["leaves"] = narrowest(self._by_count(self.leaves))
            else:
                tables["outputs"], tables["leaves"] = self.entries
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


def _number(value: int) -> bytes:
    """Seven bits a byte, the low ones first; the highest bit says that more follow."""
    found = []
    while value >= 0x80:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*found, value])
