"""Graphs in the forms of several cores, and what each node takes there under an emulator."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from skconv import emulator
from skconv.codegen.render import CSources, program_of, render
from skconv.deploy.bench import node_counts
from skconv.graph import Graph
from skconv.passes.refusal import NoIntegerFormError
from skconv.target.targets import get_target
from skconv.testing import example_graphs, example_samples, quantized_example
from tests import (
    estimate_graphs,
    estimate_layers,
    estimate_maps,
    estimate_models,
    estimate_signals,
    estimate_stored,
)
from tests.selecting import fastest, fuse

# Cores whose instructions are counted, and those whose code is measured besides.
COUNTED = ("cortex-m4", "cortex-m0")
OTHERS = ("cortex-m3", "rv32imc", "avr")
FLAGS = ("-O2",)
Form = Literal["ops", "fused", "balanced", "size", "speed"]
FORMS: tuple[Form, ...] = get_args(Form)
# Seeds from here on have no part in any coefficient: they are for the figures.
FIRST_HELD_OUT = 2000


def example(seed: int) -> Graph:
    """One of the graphs that together have every op."""
    graphs = list(example_graphs().values())
    if seed >= len(graphs):
        raise ValueError(f"there are {len(graphs)} examples")
    return quantized_example(graphs[seed])


DRAWN: dict[str, Callable[[int], Graph]] = {
    "example": example,
    "coded": estimate_graphs.coded,
    "drawn": estimate_graphs.drawn,
    "heads": estimate_graphs.heads,
    "layers": estimate_layers.layers,
    "maps": estimate_maps.maps,
    "patches": estimate_maps.patches,
    "pools": estimate_graphs.pools,
    "sizes": estimate_layers.sizes,
    "smaller": estimate_graphs.smaller,
    "stages": estimate_maps.stages,
    "stored": estimate_stored.stored,
    "special": estimate_graphs.special,
    "typical": estimate_graphs.typical,
}


# Of these kinds only what `skconv.to_c` makes of a graph is measured.
PLAIN = (
    "heads", "layers", "maps", "patches", "pools",
    "signals", "sizes", "stages", "stored", "typical",
)  # fmt: skip


@dataclass(frozen=True)
class Measured:
    """A graph in one form on one core.

    Attributes
    ----------
    kind : str
    seed : int
        Of one kind and seed are all forms of a graph.
    core, form : str
    graph : Graph
    counts : ndarray of shape (n_nodes,), or None
        Instructions of each node, the mean over samples.
    code_bytes : int, or None
    """

    kind: str
    seed: int
    core: str
    form: str
    graph: Graph
    counts: np.ndarray | None
    code_bytes: int | None

    @property
    def is_held_out(self) -> bool:
        """Whether it has no part in any coefficient."""
        return self.seed >= FIRST_HELD_OUT


def measured(kind: str, first: int, last: int) -> Iterator[Measured]:
    """All forms of the graphs of a kind, on all cores."""
    for seed in range(first, last):
        with suppress(ValueError, TypeError, NoIntegerFormError):  # A window may be too small, say.
            if kind == "random":
                yield from _pipelines_measured(seed)
            else:
                yield from _forms_measured(kind, seed, *graph_of(kind, seed))


def graph_of(kind: str, seed: int) -> tuple[Graph, np.ndarray]:
    """An integer graph, and samples of its input."""
    if kind == "fitted":
        return estimate_models.fitted(seed)
    if kind == "signals":
        return estimate_signals.signals(seed)
    graph = DRAWN[kind](seed)
    return graph, example_samples(graph, 1)


def _pipelines_measured(seed: int) -> Iterator[Measured]:
    """A random Pipeline as it is exported for each core."""
    for core in COUNTED:
        yield from _measured("random", seed, core, "exported", *estimate_models.drawn(seed, core))


def _forms_measured(kind: str, seed: int, graph: Graph, x: np.ndarray) -> Iterator[Measured]:
    """Only what `skconv.to_c` makes of those that are plain, or held out; else all forms.

    Large graphs are not measured op by op, and their code not on every core.
    """
    is_plain, is_large = (
        kind in PLAIN or seed >= FIRST_HELD_OUT,
        kind in ("drawn", "smaller", "special"),
    )
    for core in COUNTED:
        target = get_target(core)
        found = [("balanced", fastest(graph, target))] if is_plain else forms(graph, core)
        for form, built in found:
            if not (is_large and form == "ops"):
                yield from _measured(kind, seed, core, form, built, x)
    for core in () if is_plain or (is_large and seed % 3) else OTHERS:
        with suppress(emulator.BuildError):
            fused = fuse(graph)
            yield Measured(kind, seed, core, "fused", fused, None, _code_of(fused, core))


def _measured(
    kind: str, seed: int, core: str, form: str, graph: Graph, x: np.ndarray
) -> Iterator[Measured]:
    """One, or none where it does not fit the board."""
    sources = CSources(program_of(graph, "m"), get_target(core))
    try:
        counts = node_counts(sources, x, flags=FLAGS).mean(axis=0)
        code = _code_of(graph, core)
    except (emulator.BuildError, RuntimeError) as error:
        print(f"{kind} {seed}, {core}, {form}: {error}", file=sys.stderr)
        return
    yield Measured(kind, seed, core, form, graph, counts, code)


def form_of(graph: Graph, core: str, name: Form) -> Graph:
    """A graph op by op, with stages, or as it is chosen for a core."""
    if name == "ops":
        return graph
    return fuse(graph) if name == "fused" else fastest(graph, get_target(core), name)


def forms(graph: Graph, core: str) -> Iterator[tuple[str, Graph]]:
    """The forms of a graph that differ."""
    found = {name: form_of(graph, core, name) for name in FORMS}
    seen = set()
    for name, form in found.items():
        described = tuple((type(node.op), node.op.describe()) for node in form.nodes)
        if described not in seen:
            seen.add(described)
            yield name, form


def _code_of(graph: Graph, core: str) -> int:
    """Bytes without the tables."""
    sizes = emulator.object_sizes(render(graph, "m"), target=core, flags=FLAGS, hosted=True)
    return sizes.text + sizes.rodata - sizes.tables
