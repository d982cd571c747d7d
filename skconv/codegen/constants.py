"""The constant tables of a program: their C names, and where each of them is printed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from skconv.codegen.names import Names
from skconv.graph import Op
from skconv.graph.base import Array
from skconv.graph.tables import shared_tables


class Table(NamedTuple):
    """A table: its C name, the node and the parameter that it is, and its values."""

    name: str
    node: str
    parameter: str
    values: Array


@dataclass(frozen=True)
class Constants:
    """Tables of a program.

    Attributes
    ----------
    printed : tuple of Table
        Each table once, also where several nodes read it.
    names : tuple of dict of str to str
        For each op the C name of each of its parameters.
    """

    printed: tuple[Table, ...]
    names: tuple[dict[str, str], ...]


def constants(ops: Sequence[tuple[str, Op]], names: Names) -> Constants:
    """The tables of ops, each with the name of its node: equal ones are one."""
    printed = {}
    named: tuple[dict[str, str], ...] = tuple({} for _ in ops)
    for place, first in shared_tables(op for _, op in ops).items():
        i, parameter = place
        node, op = ops[i]
        if place == first:
            name = names.give(f"{node}_{parameter}")
            printed[place] = Table(name, node, parameter, op.parameters[parameter])
        named[i][parameter] = printed[first].name
    return Constants(tuple(printed.values()), named)
