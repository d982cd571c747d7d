"""What a model would cost with other options."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import get_args

from skconv.codegen.estimates import code_bytes
from skconv.codegen.interface import Input, Interface
from skconv.codegen.program import Program
from skconv.codegen.routines.base import Optimize
from skconv.codegen.samples import computed
from skconv.graph import Graph
from skconv.graph.tables import table_bytes
from skconv.target.cost import Alternative, input_bytes
from skconv.target.memory import plan_memory
from skconv.target.targets import Target


@dataclass(frozen=True)
class Options:
    """The options of `to_c` that change memory and code, but no number."""

    optimize: Optimize
    interface: Interface

    def changed(self) -> Iterator[tuple[str, Options]]:
        """Every single change of an option, and how it is written."""
        for optimize in get_args(Optimize):
            if optimize != self.optimize:
                yield f'optimize="{optimize}"', replace(self, optimize=optimize)
        for input_ in get_args(Input):
            # The windows of a stream are no fact of the model.
            if input_ not in (self.interface.input, "samples"):
                interface = replace(self.interface, input=input_, window=None)
                yield f'input="{input_}"', replace(self, interface=interface)


def alternatives(graph: Graph, target: Target, options: Options) -> Iterator[Alternative]:
    """What other options would cost, where that differs from ``options``.

    Parameters
    ----------
    graph : Graph
        Op by op; a float graph has no alternatives.
    target : Target
    options : Options
        What the model was exported with.
    """
    if graph.domain == "float":
        return
    here = _cost("", graph, target, options)
    for written, changed in options.changed():
        try:
            found = _cost(written, graph, target, changed)
        except ValueError:  # The input of this graph cannot come row by row.
            continue
        if replace(found, option="") != here:
            yield found


def _cost(written: str, graph: Graph, target: Target, options: Options) -> Alternative:
    built = computed(graph, target, options.optimize, options.interface)
    plan = plan_memory(built)
    probabilities = options.interface.probabilities
    ops = [node.op for node in built.nodes] + ([] if probabilities is None else [probabilities])
    tables = sum(table_bytes(ops))
    code = code_bytes(Program(built, "m", plan, options.interface), target) or 0
    return Alternative(written, tables, code, plan.arena_bytes, input_bytes(built))
