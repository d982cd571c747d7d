"""How tree ensembles are printed in C."""

from __future__ import annotations

from collections.abc import Iterator

from skconv.codegen.node import Call, NodeCode, emit, emit_class
from skconv.codegen.text import call, struct
from skconv.graph import Op, QTreeEnsemble, TreeEnsemble


@emit.register
def _(op: TreeEnsemble, code: NodeCode) -> Iterator[Call]:
    children, child_type = code.weights("children")
    has_firsts = "first_outputs" in code.tables
    trees = struct(
        "sk_float_trees",
        count=len(op.roots),
        features=code.table("features", "uint16"),
        thresholds=code.table("thresholds", "float32"),
        children=children,
        child_type=child_type,
        roots=code.table("roots", "int32"),
        leaves=code.table("leaves", "float32"),
        width=op.leaves.shape[1],
        **({"first_outputs": code.table("first_outputs", "uint16")} if has_firsts else {}),
        constant=code.table("constant", "float32"),
    )
    y = code.output
    text = call("sk_float_tree_sums", code.input.pointer, trees, y.pointer, y.spec.size)
    yield Call("float_trees.h", text)


@emit.register
def _(op: QTreeEnsemble, code: NodeCode) -> Iterator[Call]:
    y = code.output
    text = call("sk_tree_sums", _nodes(op, code), tree_values(op, code), y.pointer, y.spec.size)
    yield Call("trees.h", text)


@emit_class.register
def _(op: QTreeEnsemble, decision: Op, code: NodeCode) -> Call:
    """The leaf of one tree of votes."""
    return Call("trees.h", call("sk_leaf", _nodes(op, code), 0))


def _nodes(op: QTreeEnsemble, code: NodeCode) -> str:
    """The C value of `sk_trees`."""
    return struct(
        "sk_trees",
        input=code.input.pointer,
        type=code.input.type,
        nodes=code.table("nodes", "uint8"),
        head=op.head_bytes,
        wide=op.is_wide,
        has_sign=op.is_signed,
    )


def tree_values(op: QTreeEnsemble, code: NodeCode) -> str:
    """The C value of `sk_tree_values`."""
    found: dict[str, object] = {"count": len(op.roots)}
    found["starts"], found["start_type"] = code.weights("starts")
    if "leaves" in code.tables:
        found["leaves"], found["leaf_type"] = code.weights("leaves")
        found["width"] = op.leaves.shape[1]
    if "outputs" in code.tables:
        found["outputs"] = code.table("outputs", "uint8")
    if "first_outputs" in code.tables:
        found["first_outputs"], found["first_type"] = code.weights("first_outputs")
    if "constant" in code.tables:
        found["constant"] = code.table("constant", "int32")
    return struct("sk_tree_values", **found)
