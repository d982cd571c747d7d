"""All ops, grouped by what they are to a graph."""

from __future__ import annotations

import sys
import textwrap
from typing import get_args

from skconv.graph.base import BOTH, FLOAT, INTEGER, Op
from skconv.graph.facts import Role
from skconv.graph.serialize import op_classes
from skconv.utils.columns import aligned

__all__ = ["catalogue"]

DOMAINS = {"float": FLOAT, "both": BOTH, "integer": INTEGER}
WIDTH = 70


def catalogue() -> str:
    """The ops that can stand in a graph: by role, and by the numbers that they take.

    Examples
    --------
    >>> from skconv.graph import catalogue
    >>> print(catalogue())
    role       numbers  ops
    layout     both     Permute, Reshape, Select
    joining    float    Add, Divide, Multiply
    ...
    decision   both     ArgMax, Threshold
    decisions  both     Decisions
    nested     float    Quantized
               integer  Fused
    """
    rows = [("role", "numbers", "ops")]
    for role in get_args(Role):
        first = role
        for word, domains in DOMAINS.items():
            names = sorted(
                op.__name__ for op in _exported() if (op.facts.role, op.domains) == (role, domains)
            )
            for line in textwrap.wrap(", ".join(names), WIDTH):
                rows.append((first, word, line))
                first = word = ""
    return "\n".join(aligned(rows, set()))


def _exported() -> set[type[Op]]:
    """The ops that a module of this package names in its ``__all__``."""
    mine = {op for op in op_classes() if op.__module__.startswith(f"{__package__}.")}
    # A module of packed ops, which codegen makes, need not have one.
    named = {
        name: getattr(sys.modules[name], "__all__", ()) for name in {op.__module__ for op in mine}
    }
    return {op for op in mine - {Op} if op.__name__ in named[op.__module__]}
