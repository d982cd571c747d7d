"""Estimates of instructions and code: measures them, writes their file, prints their error.

    export OMP_NUM_THREADS=1
    python tests/benchmarks/bench_estimates.py measure FOLDER KIND FIRST LAST
    python tests/benchmarks/bench_estimates.py fit FOLDER [--write]
    python tests/benchmarks/bench_estimates.py fit FOLDER --only NAME ... [--parts NAME ...]
    python tests/benchmarks/bench_estimates.py pipelines FOLDER

*measure* counts the instructions of every node on Cortex-M4 and Cortex-M0 under QEMU, and bytes of
code on five cores, all with -O2, for the graphs of a kind (``example``, ``drawn``, ``smaller``,
``special``, ``coded``, ``typical``, ``fitted``, ``pools``, ``heads``, ``layers``, ``patches``,
``maps``, ``stages``, ``stored``, ``signals``, ``sizes``, ``random``) and a range of seeds: see
`tests/estimate_measures.py`. It takes 1 to 10 s a graph; ranges may be measured one by one.
*fit* reads all files of the folder. With
``--only`` it fits the instructions of the routines that are named, and leaves all others, and what
no graph of the folder has, as they are in the file. With ``--parts`` all coefficients that the file
has of them stay, too, but those whose names begin so; with ``--core`` those of other cores do.
Coefficients are those, not below 0, whose relative errors have the least sum. The errors of
routines are those of graphs that had no part in the coefficients: of every fifth graph, fitted on
the others. The errors of pipelines are those of whole graphs with seeds from 2,000 on, which have
no part in what is written; of those that are large, too, which take 1,000 instructions or more.
*pipelines* prints these alone, by the coefficients of the file.

The file was written from these ranges, each routine as it was when it was measured:

    example 0 147, drawn 0 54, smaller 0 70, special 0 40, coded 0 45, typical 0 160,
    typical 1000 1030, fitted 0 350, fitted 1000 1040, random 0 420, random 1000 1080
    and, for the figures of pipelines alone, random 2000 2064

    then, with --only all routines of cores that one of these has, but those of coded weights:
    random 0 500 and 1100 1220 (Pipelines without roots: their C was another when these were
    measured), random 500 826, random 1220 1580, heads 0 120, pools 0 40, maps 0 60, patches 0 80,
    stages 0 160 and layers 0 480; of Cortex-M4 DspSeparableStage from special 0 300 and SparseConv
    from special 0 150 besides, DspDepthwise as before

    then, each with the routines and parts that it is about:
    stored 0 220: what expands and reads stored weights in QConv, Fused and QLinear
    (where fours, products and runs are those of QConv); smaller 0 120 for CountedConv;
    signals 0 175 and sizes 0 180, both with the examples, for what
    `skconv.codegen.work.signals` and `maps` count, and for Sign, Relu, QResize, QAdd,
    QMultiply and QSubtractMean; Above in Fused, Rescale of int32 and QInterpolate likewise;
    stages and layers for KNearest and bytes in DspRowStage of Cortex-M4

QLog, QPower, Decisions and BlockHistogram alone, of which there is one example each, are
proportional to what they read. QBandRoot, likewise, is QBandLog with bands of its own, and
QWinnerCounts on Cortex-M4 that of Cortex-M0, scaled. Bytes of code of features of signals were
moved by the median of what is missing. Names of parts that are no longer counted were taken out by
hand.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import joblib
import numpy as np
from scipy.optimize import nnls

sys.path.insert(0, str(Path(__file__).parents[2]))

from skconv.codegen import estimates
from skconv.codegen.render import program_of
from skconv.codegen.work import work
from tests.estimate_measures import COUNTED, Measured, measured

FOLDS = 5
TURNS, SMALL = 8, 0.02
# Relative errors of fewer instructions count for less.
FULL_WEIGHT = 300
MEDIAN, WORST = 0.05, 0.15
# Pipelines of so many instructions have lines of their own.
LARGE = 1000

Weights = dict[str, float]


@dataclass
class Samples:
    """What there is to do, what it took, and the graph that it is of."""

    features: list[Mapping[str, float]] = field(default_factory=list)
    taken: list[float] = field(default_factory=list)
    graphs: list[int] = field(default_factory=list)

    def add(self, features: Mapping[str, float], taken: float, graph: int) -> None:
        if taken > 0:
            self.features.append(features)
            self.taken.append(taken)
            self.graphs.append(graph)

    def fit(self, kept: Weights, *, left_out: int | None = None, turns: int = TURNS) -> Weights:
        """Coefficients of all features that are not 0 throughout; some may be given.

        Each turn brings them nearer to those whose errors have the least sum, not that of their
        squares: a few odd graphs change little then.
        """
        used = [i for i, graph in enumerate(self.graphs) if graph % FOLDS != left_out]
        names = sorted({n for i in used for n, value in self.features[i].items() if value})
        names = [n for n in names if n not in kept]
        if not names:
            return kept
        taken = np.array([self.taken[i] for i in used])
        table = np.array([[self.features[i].get(n, 0.0) for n in names] for i in used])
        weight = np.minimum(1.0, taken / FULL_WEIGHT)
        relative = table * (weight / taken)[:, None]
        scale = np.maximum(relative.max(axis=0, initial=0.0), 1e-12)
        known = np.array([given(self.features[i], kept) for i in used]) if kept else 0.0
        wanted = weight * (1 - known / taken)
        found, _ = nnls(relative / scale, wanted)
        for _ in range(turns):
            error = np.abs(relative / scale @ found - wanted)
            share = 1 / np.sqrt(np.maximum(error, SMALL))
            found, _ = nnls(relative / scale * share[:, None], wanted * share)
        return kept | dict(zip(names, (found / scale).tolist(), strict=True))

    def ratios(self, kept: Weights) -> np.ndarray:
        """Estimated over taken, of every sample by coefficients of the others."""
        found = np.full(len(self.taken), np.nan)
        for fold in sorted({graph % FOLDS for graph in self.graphs}):
            here = [i for i, graph in enumerate(self.graphs) if graph % FOLDS == fold]
            if len(here) < len(self.taken):
                weights = self.fit(kept, left_out=fold)
                for i in here:
                    found[i] = dot(self.features[i], weights) / self.taken[i]
        return found[np.isfinite(found)]


def dot(features: Mapping[str, float], weights: Weights) -> float:
    return sum(value * estimates.factor_of(name, weights) for name, value in features.items())


def given(features: Mapping[str, float], weights: Weights) -> float:
    """The same of the parts that are given, and of no others."""
    return sum(value * weights.get(name, 0.0) for name, value in features.items())


def instruction_samples(found: Iterable[Measured]) -> dict[str, dict[str, Samples]]:
    """By core and routine; of all together only what any op has."""
    by_core: dict[str, dict[str, Samples]] = {c: defaultdict(Samples) for c in COUNTED}
    for each in found:
        if each.counts is None or each.is_held_out:
            continue
        specs, samples = each.graph.specs, by_core[each.core]
        for node, count in zip(each.graph.nodes, each.counts, strict=True):
            x, y = specs[node.inputs[0]], specs[node.name]
            of_any = {"call": 1, "entries": y.size, "macs": node.op.macs(x)}
            samples[estimates.routine(node.op)].add(work(node.op, x, y), count, each.seed)
            samples[estimates.OTHER].add(of_any, count, each.seed)
    return by_core


def code_samples(found: Iterable[Measured]) -> dict[str, Samples]:
    """By core."""
    by_core: dict[str, Samples] = defaultdict(Samples)
    for each in found:
        if each.code_bytes and not each.is_held_out:
            program = program_of(each.graph, "m")
            printed = sum(function.code_bytes for function in estimates.functions(program))
            parts = estimates.parts(program)
            by_core[each.core].add(parts, each.code_bytes - printed, each.seed)
    return by_core


def with_other(weights: Weights) -> Weights:
    """And what stands for a part that no graph has."""
    return weights | {estimates.OTHER: float(np.median([w for w in weights.values() if w > 0]))}


def show(title: str, samples: Mapping[str, Samples], kept: Mapping[str, Weights]) -> None:
    print(f"{title}: estimate over measurement, of graphs without a part in it")
    print(f"{'':28s} {'n':>4s} {'10 %':>6s} {'median':>6s} {'90 %':>6s} {'mean error':>10s}")
    for name, each in sorted(samples.items()):
        ratios = each.ratios(kept.get(name, {}))
        if not len(ratios):
            print(f"{name:28s} {len(each.taken):4d}  of one graph")
            continue
        low, middle, high = np.percentile(ratios, (10, 50, 90))
        error = 100 * np.mean(np.abs(ratios - 1))
        print(f"{name:28s} {len(ratios):4d} {low:6.2f} {middle:6.2f} {high:6.2f} {error:8.0f} %")


def show_pipelines(found: Iterable[Measured], instructions: dict[str, dict[str, Weights]]) -> None:
    """Whole graphs that have no part in the coefficients."""
    print(f"instructions of pipelines without a part in it (target: {MEDIAN:.0%}, {WORST:.0%})")
    errors: dict[tuple[str, str], list[float]] = defaultdict(list)
    for each in found:
        if each.counts is None or not each.is_held_out:
            continue
        specs, total = each.graph.specs, 0.0
        for node in each.graph.nodes:
            x, y = specs[node.inputs[0]], specs[node.name]
            weights = instructions[each.core].get(estimates.routine(node.op), {})
            total += dot(work(node.op, x, y), weights)
        error = total / float(each.counts.sum()) - 1
        kinds = [each.kind, "all"] + ["large"] * int(each.counts.sum() >= LARGE)
        for kind in kinds:
            errors[each.core, kind].append(error)
        if abs(error) > WORST:
            names = ", ".join(node.op.describe() for node in each.graph.nodes)
            print(f"  {error:+.0%} {each.kind} {each.seed} on {each.core}: {names}")
    show_errors(errors)


def show_code_of_pipelines(found: Iterable[Measured], code: Mapping[str, Weights]) -> None:
    """Bytes of code of the same graphs."""
    print("bytes of code of pipelines without a part in it")
    errors: dict[tuple[str, str], list[float]] = defaultdict(list)
    for each in found:
        if each.code_bytes and each.is_held_out:
            size = estimates.code_bytes_by(program_of(each.graph, "m"), code[each.core])
            errors[each.core, each.kind].append(size / each.code_bytes - 1)
    show_errors(errors)


def show_errors(errors: Mapping[tuple[str, str], list[float]]) -> None:
    """Of each core and kind the median and the largest."""
    for (core, kind), of_kind in sorted(errors.items()):
        sizes = np.abs(of_kind)
        print(
            f"{core:10s} {kind:8s} {len(sizes):3d} graphs: median {np.median(sizes):.1%}, "
            f"90 % {np.percentile(sizes, 90):.1%}, worst {sizes.max():.1%}"
        )


def rounded(weights: Weights) -> Weights:
    return {name: float(f"{value:.3g}") for name, value in weights.items()}


def read(folder: Path) -> list[Measured]:
    return [each for path in sorted(folder.glob("*.joblib")) for each in joblib.load(path)]


def pipelines(folder: Path) -> None:
    """Errors of the coefficients as they are in the file."""
    found, known = read(folder), estimates.coefficients()
    show_pipelines(found, known["instructions"])
    show_code_of_pipelines(found, known["code"])


def fit(folder: Path, options: argparse.Namespace) -> None:
    found, only = read(folder), options.only
    known = estimates.coefficients()
    instructions, of_code = known["instructions"] if only else {}, known["code"]
    for core, samples in instruction_samples(found).items():
        if options.core not in (None, core):
            continue
        of_file = known["instructions"][core] if only else {}
        chosen = {n: s for n, s in sorted(samples.items()) if not only or n in only}
        kept = {name: parts_kept(of_file.get(name, {}), options.parts) for name in chosen}
        show(f"instructions of {core}", chosen, kept)
        instructions[core] = merged(of_file, {n: fit_of(n, chosen[n], kept[n]) for n in chosen})
    if not only:
        code = code_samples(found)
        show("bytes of code", code, {})
        of_code = {core: rounded(with_other(each.fit({}))) for core, each in sorted(code.items())}
    show_pipelines(found, instructions)
    show_code_of_pipelines(found, of_code)
    if options.write:
        text = json.dumps({"instructions": instructions, "code": of_code}, indent=1)
        estimates.FILE.write_text(text + "\n", encoding="utf-8")
        print(f"wrote {estimates.FILE}")


def parts_kept(known: Weights, parts: list[str] | None) -> Weights:
    """What stays as it is in the file: nothing, or all that is not among the parts."""
    return (
        {} if parts is None else {n: c for n, c in known.items() if not n.startswith(tuple(parts))}
    )


def fit_of(name: str, samples: Samples, kept: Weights) -> Weights:
    """Coefficients of a routine."""
    return rounded(samples.fit(kept, turns=0 if name == estimates.OTHER else TURNS))


def merged(known: Mapping[str, Weights], fitted: Mapping[str, Weights]) -> dict[str, Weights]:
    """Coefficients of the file, those that were fitted anew in their place."""
    return {**known, **{name: {**known.get(name, {}), **new} for name, new in fitted.items()}}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("measure", "fit", "pipelines"))
    parser.add_argument("folder", type=Path)
    parser.add_argument("kind", nargs="?")
    parser.add_argument("first", type=int, nargs="?", default=0)
    parser.add_argument("last", type=int, nargs="?", default=0)
    parser.add_argument("--only", nargs="+", default=[], help="routines that are fitted anew")
    parser.add_argument("--parts", nargs="*", help="of those, what is fitted besides new parts")
    parser.add_argument(
        "--core", choices=COUNTED, help="whose instructions are fitted: by default all"
    )
    parser.add_argument("--write", action="store_true", help="write the file of coefficients")
    options = parser.parse_args()
    if options.what == "fit":
        fit(options.folder, options)
        return
    if options.what == "pipelines":
        pipelines(options.folder)
        return
    options.folder.mkdir(parents=True, exist_ok=True)
    done: list[Measured] = []
    path = options.folder / f"{options.kind}-{options.first}.joblib"
    for each in measured(options.kind, options.first, options.last):
        done.append(each)
        joblib.dump(done, path, compress=3)
        print(f"{each.kind} {each.seed}, {each.core}, {each.form}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
