"""Graphs for tests of stages and routines: `skconv.codegen.select` without weighing memory."""

from __future__ import annotations

from dataclasses import replace

from skconv.codegen.routines.base import Optimize, Wish
from skconv.codegen.routines.registry import planned
from skconv.codegen.select import joined, ladders, select
from skconv.graph import Graph
from skconv.target.targets import Target, get_target


def fuse(graph: Graph) -> Graph:
    """With its stages as `Fused` ops: what a core without routines computes."""
    return select(graph, get_target("avr"), "speed")


def fastest(
    graph: Graph, target: Target, optimize: Optimize = "balanced", *, by_rows: bool = False
) -> Graph:
    """With the first form of every chain."""
    forms = ladders(graph, target, optimize, by_rows=by_rows)
    return joined(graph, [of_chain[0] for of_chain in forms])


def op_by_op(graph: Graph, target: Target, optimize: Optimize = "balanced") -> Graph:
    """With the routine of every op, where there is one; stages are neither made nor undone."""
    specs, wish = graph.specs, Wish(optimize)
    nodes = (
        replace(node, op=planned(node.op, specs[node.inputs[0]], target, wish))
        for node in graph.nodes
    )
    return replace(graph, nodes=tuple(nodes))
