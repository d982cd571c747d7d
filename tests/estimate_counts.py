"""Counts of every routine, which are kept in a file: estimates are held to them without a core.

A count is the instructions of a node on a simulated core;
`tests/benchmarks/bench_estimate_counts.py` takes them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import product
from pathlib import Path

import numpy as np

from skconv.codegen import estimates
from skconv.codegen.render import CSources, program_of
from skconv.deploy.bench import node_counts
from skconv.graph import Graph
from skconv.target.targets import get_target
from skconv.testing import example_graphs, example_samples, quantized_example
from tests.estimate_measures import COUNTED, FLAGS, Form, form_of, graph_of

FILE = Path(__file__).with_name("estimate_counts.json")

Counts = dict[str, dict[str, list[float]]]

# What `skconv.to_c` makes by default.
BALANCED: Form = "balanced"
# Graphs besides the examples, and forms of examples, for routines that no example has so.
ALONE = (
    "rbf", "laplacian", "hash", "trees", "rocket", "winners",
    "l1 nearest", "l1 means", "l1 votes", "l1 margin",
)  # fmt: skip
DRAWN: tuple[tuple[str, int, Form], ...] = (
    ("special", 0, BALANCED), ("special", 0, "ops"), ("special", 1, BALANCED),
    ("special", 2, "speed"), ("special", 3, BALANCED), ("special", 4, "speed"),
    ("special", 10, "ops"), ("layers", 3, BALANCED), ("layers", 20, BALANCED),
    ("smaller", 1, BALANCED), ("smaller", 1, "fused"), ("smaller", 13, BALANCED),
)  # fmt: skip


@dataclass(frozen=True)
class Counted:
    """A graph in one form on one core, by the name under which its counts are kept."""

    name: str
    core: str
    graph: Graph

    @property
    def kept(self) -> list[float] | None:
        """Counts of the file; None where there are none of so many nodes."""
        found = kept_counts().get(self.core, {}).get(self.name)
        return found if found and len(found) == len(self.graph.nodes) else None

    def routines(self) -> list[str]:
        """Of each node."""
        return [estimates.routine(node.op) for node in self.graph.nodes]

    def estimated(self) -> list[float]:
        """Instructions of each node without a core."""
        specs, target = self.graph.specs, get_target(self.core)
        return [
            estimates.node_instructions(node, specs[node.inputs[0]], specs[node.name], target)
            for node in self.graph.nodes
        ]

    def counted(self) -> list[float]:
        """The same of one random sample on the simulated core."""
        sources = CSources(program_of(self.graph, "m"), get_target(self.core))
        samples = example_samples(self.graph, 1)
        counts: np.ndarray = node_counts(sources, samples, flags=FLAGS)[0]
        return counts.tolist()


@cache
def graphs() -> tuple[Counted, ...]:
    """All graphs whose counts are kept, on every core."""
    return tuple(_graphs())


def _graphs() -> Iterator[Counted]:
    for name, example in example_graphs().items():
        integer = quantized_example(example)
        kept: tuple[Form, ...] = (BALANCED, "ops") if name in ALONE else (BALANCED,)
        yield from _of(name, integer, kept)
    for kind, seed, form in DRAWN:
        yield from _of(f"{kind} {seed}", graph_of(kind, seed)[0], (form,))


def _of(name: str, graph: Graph, kept: tuple[Form, ...]) -> Iterator[Counted]:
    for core, form in product(COUNTED, kept):
        yield Counted(f"{name}, {form}", core, form_of(graph, core, form))


@cache
def kept_counts() -> Counts:
    """By core and name, the counts of all nodes."""
    found: Counts = json.loads(FILE.read_text(encoding="utf-8")) if FILE.exists() else {}
    return found


def write(counts: Counts) -> None:
    """Keeps counts, a graph a line."""
    cores = (
        f'"{core}": {{\n'
        + ",\n".join(f"{json.dumps(name)}: {json.dumps(of)}" for name, of in by_name.items())
        + "\n}"
        for core, by_name in counts.items()
    )
    FILE.write_text("{\n" + ",\n".join(cores) + "\n}\n", encoding="utf-8")
    kept_counts.cache_clear()
