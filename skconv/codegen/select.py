"""The one place that fuses, packs and streams: what a target computes of an integer graph.

Each chain of nodes that may become one stage has a few forms, from the fastest to the smallest
(`skconv.codegen.forms`): op by op, as one stage in portable C, by a routine of the target
(`skconv.codegen.routines`), sample by sample, or row by row as the input is pushed
(`skconv.codegen.streams`). ``optimize`` chooses among them:

- "speed": the fastest, whatever memory it takes.
- "size": whatever takes the least memory.
- "balanced": the fastest, as long as it is worth its memory. The graph may take twice the RAM of
  "size". It may take more if it saves more than a third of the instructions of "size", but no
  more than `MOST_TIMES` as much or `MOST_BYTES`. Where that does not hold, chains step back to
  their next form one by one, the one with the most memory of its own first.

RAM is that of the arena, as it is planned; instructions are those of `skconv.codegen.estimates`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from skconv.codegen.estimates import instructions
from skconv.codegen.forms import Chain, Form
from skconv.codegen.routines.base import Optimize
from skconv.codegen.streams import with_streams
from skconv.graph import Graph, verify
from skconv.passes.fuse import chains
from skconv.target.memory import plan_memory
from skconv.target.targets import Target

TIMES = 2
MOST_TIMES = 16
MOST_BYTES = 4096
LEAST_SAVED = 1 / 3

NOTHING = float("-inf")


def select(
    graph: Graph, target: Target, optimize: Optimize = "balanced", *, by_rows: bool = False
) -> Graph:
    """What a target computes of an integer graph: the same numbers.

    Parameters
    ----------
    graph : Graph
        An integer graph, op by op. A float graph stays as it is.
    target : Target
    optimize : {"size", "balanced", "speed"}
        Whether to save memory or instructions.
    by_rows : bool
        Whether rows of the input are pushed. The input is the map itself then, even where it
        was a vector.

    Returns
    -------
    Graph
        Of portable ops, `Fused` stages and the `Packed` ops of routines.

    Raises
    ------
    ValueError
        Where rows of the input cannot be pushed.

    Examples
    --------
    >>> from skconv.codegen.select import select
    >>> from skconv.target.targets import get_target
    >>> from skconv.testing import example_graphs, quantized_example
    >>> graph = quantized_example(example_graphs()["conv"])
    >>> [type(node.op).__name__ for node in select(graph, get_target("cortex-m4")).nodes]
    ['DspRowStage']
    """
    if graph.domain == "float" and not by_rows:
        return graph
    return _weighed(graph, ladders(graph, target, optimize, by_rows=by_rows), target)


def ladders(
    graph: Graph, target: Target, optimize: Optimize, *, by_rows: bool = False
) -> list[tuple[Form, ...]]:
    """The forms of each chain of an integer graph, from the fastest to the smallest."""
    specs = graph.specs
    whole = [Chain(nodes, specs[nodes[0].inputs[0]], target) for nodes in chains(graph)]
    parts = with_streams(graph, whole) if by_rows else whole
    return [tuple(part.forms(optimize)) for part in parts]


def _weighed(graph: Graph, steps: list[tuple[Form, ...]], target: Target) -> Graph:
    """The first form of each chain, or as many steps further as make it worth its memory."""
    small = joined(graph, [forms[-1] for forms in steps])
    while True:
        built = joined(graph, [forms[0] for forms in steps])
        surplus = [forms[0].ram - forms[-1].ram if len(forms) > 1 else NOTHING for forms in steps]
        largest = max(surplus, default=NOTHING)
        if largest == NOTHING or _is_worth_it(built, small, target):
            return built
        index = surplus.index(largest)
        steps = [*steps[:index], steps[index][1:], *steps[index + 1 :]]


def _is_worth_it(graph: Graph, small: Graph, target: Target) -> bool:
    """Whether a graph may take its RAM, where ``small`` would take less."""
    ram, least = plan_memory(graph).arena_bytes, plan_memory(small).arena_bytes
    if ram <= TIMES * least:
        return True
    saved = 1 - instructions(graph, target) / instructions(small, target)
    return saved > LEAST_SAVED and ram <= max(MOST_TIMES * least, MOST_BYTES)


def joined(graph: Graph, forms: Sequence[Form]) -> Graph:
    """A graph with the nodes of forms for its own; it reads what the first of them reads."""
    nodes = tuple(node for form in forms for node in form.nodes)
    return verify(replace(graph, input=forms[0].input if forms else graph.input, nodes=nodes))
