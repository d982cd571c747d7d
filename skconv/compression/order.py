"""Passes in an order in which a later one undoes what an earlier one has done."""

from __future__ import annotations

from skconv.exceptions import PassOrderWarning, warn
from skconv.graph import Graph, Op
from skconv.passes.compress import Pass


def warn_of_undone(each: Pass, before: Graph, after: Graph) -> None:
    """Warn where a pass has given plain weights to layers that were rounded or coded."""
    ops = {node.name: node.op for node in after.nodes}
    undone = [
        node.name
        for node in before.nodes
        if _is_small(node.op) and node.name in ops and not _is_small(ops[node.name])
    ]
    if undone:
        warn(
            f"{each} fits {', '.join(undone)} anew: its weights were rounded or coded before, and "
            f"are not any more. Put {type(each).__name__} before the passes that round or code",
            PassOrderWarning,
        )


def _is_small(op: Op) -> bool:
    """Whether the weights of an op are whole multiples of a number, or coded."""
    return getattr(op, "levels", 0) > 0 or getattr(op, "coded", None) is not None
