"""Estimates of instructions and code: measures them, writes their file, prints their error.

    OMP_NUM_THREADS=1 python tests/benchmarks/bench_estimates.py [--graphs 60] [--write]

Graphs are drawn by `tests/estimate_graphs.py`. Each is measured op by op, fused, and with the
routines of "balanced" and "size": instructions of every node on Cortex-M4 under QEMU, bytes of
code on five cores, all with -O2. Coefficients are those, not below 0, whose relative errors have
the least sum of squares. The errors that are printed are those of graphs that had no part in the
coefficients: of every fifth graph, fitted on the others; and of code also of the sixteen
pipelines of `tests/pipelines.py` with the coefficients that are written.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from scipy.optimize import nnls

sys.path.insert(0, str(Path(__file__).parents[2]))

from skconv import emulator
from skconv.codegen import estimates
from skconv.codegen.render import CSources, program_of, render
from skconv.deploy.bench import benchmark
from skconv.graph import Graph
from skconv.target.targets import get_target
from skconv.testing import example_graphs, example_samples, quantized_example
from tests.estimate_graphs import drawn, hashed
from tests.pipelines import PAIRS, exported
from tests.selecting import fastest, fuse

CORES = ("cortex-m4", "cortex-m0", "cortex-m3", "rv32imc", "avr")
FOLDS = 5
FEWEST_INSTRUCTIONS = 300

Weights = dict[str, float]


@dataclass
class Samples:
    """What there is to do, what it took, and the graph that it is of."""

    features: list[Mapping[str, float]] = field(default_factory=list)
    taken: list[float] = field(default_factory=list)
    seeds: list[int] = field(default_factory=list)

    def add(self, features: Mapping[str, float], taken: float, seed: int) -> None:
        self.features.append(features)
        self.taken.append(taken)
        self.seeds.append(seed)

    def fit(self, left_out: int | None = None) -> Weights:
        """Coefficients; those that come out as 0 are left out."""
        used = [i for i, seed in enumerate(self.seeds) if seed % FOLDS != left_out]
        names = sorted({name for features in self.features for name in features})
        taken = np.array([self.taken[i] for i in used])
        table = np.array([[self.features[i].get(n, 0.0) for n in names] for i in used])
        relative = table / taken[:, None]
        scale = np.maximum(relative.max(axis=0), 1e-12)
        found, _ = nnls(relative / scale, np.ones(len(used)))
        return {n: float(c) for n, c in zip(names, found / scale, strict=True) if c > 0}

    def ratios(self) -> np.ndarray:
        """Estimated over taken, of every sample by coefficients of the others."""
        found = np.empty(len(self.taken))
        for fold in range(FOLDS):
            here = [i for i, seed in enumerate(self.seeds) if seed % FOLDS == fold]
            weights = self.fit(fold) if len(here) < len(self.taken) else {}
            for i in here:
                found[i] = estimates.dot(self.features[i], weights) / self.taken[i]
        return found


def graphs(n_drawn: int) -> Iterator[tuple[int, Graph]]:
    """Numbered graphs: those that are drawn, and one at least of every op."""
    for seed in range(n_drawn):
        with suppress(ValueError):  # A window may be larger than the map.
            yield seed, drawn(seed)
    examples = [quantized_example(graph) for graph in example_graphs().values()]
    examples += [hashed(size, n_bits) for size in (3, 5, 7) for n_bits in (4, 6)]
    yield from enumerate(examples, n_drawn)


def forms(graph: Graph) -> Iterator[tuple[str, Graph]]:
    """The forms of a graph that differ."""
    fused = fuse(graph)
    plain, dsp = get_target("portable"), get_target("cortex-m4")
    found = {
        "ops": graph,
        "fused": fused,
        "blocked": fastest(fused, plain),
        "balanced": fastest(fused, dsp),
        "size": fastest(fused, dsp, "size"),
    }
    seen = set()
    for name, form in found.items():
        described = tuple((type(node.op), node.op.describe()) for node in form.nodes)
        if described not in seen:
            seen.add(described)
            yield name, form


def measure(found: Iterable[tuple[int, Graph]]) -> tuple[dict[str, Samples], dict[str, Samples]]:
    """Instructions of routines, and code of cores."""
    instructions: dict[str, Samples] = defaultdict(Samples)
    code: dict[str, Samples] = defaultdict(Samples)
    for number, graph in found:
        for name, form in forms(graph):
            others = CORES[1:] if name in ("ops", "fused") else ()
            try:
                measure_form(form, number, instructions, code, others)
            except emulator.BuildError as error:
                print(f"{number} {name}: {str(error).splitlines()[1]}", file=sys.stderr)
        print(f"graph {number}", file=sys.stderr, flush=True)
    return instructions, code


def measure_form(
    graph: Graph,
    seed: int,
    instructions: dict[str, Samples],
    code: dict[str, Samples],
    others: Sequence[str],
) -> None:
    """Nodes and code on Cortex-M4, code on other cores."""
    x = example_samples(graph, 1)
    program = program_of(graph, "m")
    found = benchmark(CSources(program, get_target(CORES[0])), x)
    specs = graph.specs
    for node, count in zip(graph.nodes, found.nodes, strict=True):
        if count.count >= FEWEST_INSTRUCTIONS:
            work = estimates.work(node.op, specs[node.inputs[0]], specs[node.name])
            for name in (estimates.routine(node.op), "other"):
                instructions[name].add(work, count.count, seed)
    parts = estimates.parts(program)
    code[CORES[0]].add(parts, found.code_bytes, seed)
    for core in others:
        code[core].add(parts, code_of(graph, core), seed)


def code_of(graph: Graph, core: str) -> int:
    """Bytes without the tables."""
    sizes = emulator.object_sizes(render(graph, "m"), target=core, flags=("-O2",), hosted=True)
    return sizes.text + sizes.rodata - sizes.tables


def show(title: str, samples: Mapping[str, Samples]) -> None:
    print(f"{title}: estimate over measurement, of graphs without a part in it")
    print(f"{'':22s} {'n':>4s} {'10 %':>6s} {'median':>6s} {'90 %':>6s} {'mean error':>10s}")
    for name, each in sorted(samples.items()):
        low, middle, high = np.percentile(ratios := each.ratios(), (10, 50, 90))
        error = np.mean(np.abs(ratios - 1))
        print(
            f"{name:22s} {len(ratios):4d} {low:6.2f} {middle:6.2f} {high:6.2f} {100 * error:8.0f} %"
        )


def show_pipelines() -> None:
    """Code of the sixteen pipelines on Cortex-M4, estimated and compiled."""
    errors, shares = [], []
    print(f"{'pipeline':26s} {'estimated':>9s} {'compiled':>9s} {'tables':>9s}")
    for extractor, classifier in PAIRS:
        model = exported(extractor, classifier).model
        report, compiled = model.report(), code_of(model.graph, "cortex-m4")
        assert report.code_bytes is not None
        errors.append(abs(report.code_bytes / compiled - 1))
        total = report.flash_bytes + compiled
        shares.append(abs(report.code_bytes - compiled) / total)
        name = f"{extractor}, {classifier}"
        print(f"{name:26s} {report.code_bytes:9,d} {compiled:9,d} {report.flash_bytes:9,d}")
    print(f"mean error {100 * np.mean(errors):.0f} %, largest {100 * np.max(errors):.0f} %")
    print(f"of tables and code: {100 * np.mean(shares):.1f} %, {100 * np.max(shares):.1f} %")


def rounded(weights: Weights) -> Weights:
    return {name: float(f"{value:.3g}") for name, value in weights.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--graphs", type=int, default=60)
    parser.add_argument("--write", action="store_true", help="write the file of coefficients")
    options = parser.parse_args()
    instructions, code = measure(graphs(options.graphs))
    show("instructions", instructions)
    show("bytes of code", code)
    if options.write:
        found = {
            kind: {name: rounded(each.fit()) for name, each in sorted(samples.items())}
            for kind, samples in (("instructions", instructions), ("code", code))
        }
        estimates.FILE.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
        estimates.coefficients.cache_clear()
    show_pipelines()


if __name__ == "__main__":
    main()
