"""The C function that an ensemble of trees is printed as.

Several outputs share a word where their sums are small and never negative: what a leaf adds to an
output is then one constant, shifted to its field.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from skconv.codegen.text import CTYPES
from skconv.graph import QTreeEnsemble, TensorSpec
from skconv.graph.base import Array
from skconv.graph.tree_nodes import Nodes

WORD = 32
# A comparison with its branch, and an addition to a word, as measured.
NODE_BYTES, ADDED_BYTES = 8, 6
STEP = "  "
# Deeper nodes are not indented further.
MOST_STEPS = 20


@dataclass(frozen=True)
class Fields:
    """Where sums of ``width`` outputs are while trees add to them.

    Attributes
    ----------
    width : int
    bits : int
        Of a field: 8, 16 or 32.
    """

    width: int
    bits: int

    @property
    def per_word(self) -> int:
        return WORD // self.bits

    @property
    def words(self) -> int:
        return -(-self.width // self.per_word)

    def added(self, values: Array) -> Iterator[str]:
        """The statements that add the values of a leaf."""
        for word in range(self.words):
            fields = values[word * self.per_word : (word + 1) * self.per_word].tolist()
            total = sum(int(v) << (self.bits * i) for i, v in enumerate(fields))
            if total:
                yield f"s{word} += {total};" if self.bits == WORD else f"s{word} += 0x{total:X}u;"

    def read(self, output: int) -> str:
        """The sum of an output."""
        word, field = divmod(output, self.per_word)
        if self.bits == WORD:
            return f"s{word}"
        shift = self.bits * field
        moved = f"s{word} >> {shift}" if shift else f"s{word}"
        is_last = shift + self.bits == WORD
        return f"(int32_t)({moved})" if is_last else f"(int32_t)({moved} & 0x{2**self.bits - 1:X}u)"


def tree_function(op: QTreeEnsemble, x: TensorSpec) -> tuple[str, tuple[str, ...]]:
    """The name and the lines of a function ``(input, sums)``."""
    return _function("trees", f"const {CTYPES[x.dtype]} *x, int32_t *sums", tuple(_body(op)))


def _function(prefix: str, parameters: str, body: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    """The name of a function, equal ones have one, and its lines."""
    name = f"{prefix}_{zlib.crc32(repr(body).encode()):08x}"
    return name, (f"static void {name}({parameters})", "{", *body, "}")


def printed_bytes(op: QTreeEnsemble) -> int:
    """Estimate of its code on a Cortex-M4."""
    fields = Fields(op.leaves.shape[1], _field_bits(op))
    added = np.array([sum(1 for _ in fields.added(values)) for values in op.leaves])
    return NODE_BYTES * len(op.features) + ADDED_BYTES * int(
        added[~op.children[op.children < 0]].sum()
    )


def _body(op: QTreeEnsemble) -> Iterator[str]:
    width, firsts = op.leaves.shape[1], np.unique(op.first_outputs).tolist()
    # Outputs that no block writes, or several blocks add to.
    blocks = np.bincount(np.add.outer(firsts, range(width)).ravel(), minlength=len(op.constant))
    for output in np.flatnonzero(blocks != 1).tolist():
        yield f"    sums[{output}] = {int(op.constant[output])};"
    for first in firsts:
        fields = Fields(width, _field_bits(op))
        yield "    {"
        kind = "int32_t" if fields.bits == WORD else "uint32_t"
        for word in range(fields.words):
            yield f"        {kind} s{word} = 0;"
        for tree in np.flatnonzero(op.first_outputs == first).tolist():
            yield from (f"        SK_OPAQUE(s{word});" for word in range(fields.words))
            yield from _tree(op, int(op.roots[tree]), fields)
        for output in range(width):
            if blocks[first + output] > 1:
                yield f"        sums[{first + output}] += {fields.read(output)};"
                continue
            constant = int(op.constant[first + output])
            value = fields.read(output) + (f" + {constant}" if constant else "")
            yield f"        sums[{first + output}] = {value};"
        yield "    }"


def _field_bits(op: QTreeEnsemble) -> int:
    low, high = op.leaf_limits
    if int(low.min()) < 0:
        return WORD
    return next(bits for bits in (8, 16, WORD) if int(high.max()) < 2**bits)


def _tree(op: QTreeEnsemble, root: int, fields: Fields) -> Iterator[str]:
    """A tree whose leaves add their values."""
    yield from nested(op.nodes, root, lambda leaf: fields.added(op.leaves[leaf]), depth=1)


def nested(
    nodes: Nodes, node: int, at_leaf: Callable[[int], Iterable[str]], depth: int = 0
) -> Iterator[str]:
    """A node and what is below it as ``if``; ``at_leaf`` gives the statements of a leaf."""
    indent = " " * 4 + STEP * min(depth, MOST_STEPS)
    if node < 0:
        yield from (indent + line for line in at_leaf(~node))
        return
    left, right = nodes.children[node].tolist()
    yield f"{indent}if (x[{nodes.features[node]}] <= {nodes.thresholds[node]}) {{"
    yield from nested(nodes, left, at_leaf, depth + 1)
    yield f"{indent}}} else {{"
    yield from nested(nodes, right, at_leaf, depth + 1)
    yield f"{indent}}}"


def leaf_sums(op: QTreeEnsemble, x: TensorSpec, leaf_of: str) -> tuple[str, tuple[str, ...]]:
    """`tree_function` of one tree of votes whose leaf the function ``leaf_of`` finds."""
    body = (
        f"    const int32_t leaf = {leaf_of}(x);",
        f"    for (int32_t i = 0; i < {len(op.constant)}; i++) {{",
        "        sums[i] = i == leaf;",
        "    }",
    )
    return _function("trees", f"const {CTYPES[x.dtype]} *x, int32_t *sums", body)
