"""Estimates of instructions: what they count, and that nothing is left out silently."""

from __future__ import annotations

import inspect
from collections import defaultdict
from dataclasses import replace

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline

import skconv
import skconv.graph as graph_package
from skconv import RandomConvFeatures, emulator, to_c
from skconv.codegen import estimates
from skconv.codegen.render import CSources, program_of
from skconv.codegen.routines.registry import ROUTINES
from skconv.codegen.routines.stage import DspStage
from skconv.codegen.work import work
from skconv.codegen.work.machines import visits
from skconv.compression.table import PassCost, PassTable
from skconv.deploy.bench import node_counts
from skconv.graph import (
    Abs,
    Graph,
    MeanPool,
    Op,
    QNeighbourVotes,
    Relu,
    Reshape,
    Tree,
    ensemble_of,
)
from skconv.graph.nested import Streamed
from skconv.graph.ring import Ring
from skconv.graph.serialize import op_classes
from skconv.target.targets import get_target
from skconv.testing import chain, conv, example_samples, linear, pruned, quantized_example
from skconv.testing.coded import codebook, coded_conv, hashed
from tests.selecting import fastest

M4, M0 = get_target("cortex-m4"), get_target("cortex-m0")
CORES = {core: get_target(core) for core in (*estimates.CODE_OF, "cortex-m4")}
RNG = np.random.default_rng(0)

# -------------------------------------------------------------------- nothing is left out


def measured_names(kind: str, core: str) -> set[str]:
    return {name.split()[0] for name in estimates.coefficients()[kind][core]}


def routines() -> dict[str, set[str]]:
    """Every routine, and the measured cores of targets that take it."""
    found: dict[str, set[str]] = defaultdict(set)
    for routine in ROUTINES:
        cores = {estimates.core_of(t) for t in CORES.values() if routine.cores(t)}
        for name in inspect.get_annotations(routine.plan)["return"].split(" | "):
            found[name] |= set() if name.startswith("Streamed") else cores
    return found


def test_every_op_has_an_entry():
    ops = [op for op in vars(graph_package).values() if inspect.isclass(op) and issubclass(op, Op)]
    names = {op.__name__ for op in ops if "integer" in op.domains}
    for core in ("cortex-m4", "cortex-m0"):
        assert not names - measured_names("instructions", core)


def test_every_routine_has_an_entry():
    found = routines()
    assert found.keys() >= {"DspSeparableStage", "CountedConv", "PlainWinograd", "SparseConv"}
    for name, cores in found.items():
        for core in cores:
            assert name in measured_names("instructions", core)
            assert name in measured_names("code", core)


def test_what_was_never_measured_is_named_and_counts(monkeypatch):
    known = estimates.coefficients()
    instructions = known["instructions"]["cortex-m4"]
    without = {name: parts for name, parts in instructions.items() if name != "Relu"}
    changed = known | {"instructions": known["instructions"] | {"cortex-m4": without}}
    monkeypatch.setattr(estimates, "coefficients", lambda: changed)
    graph = quantized_example(chain(Relu(), shape=(50,)))
    names = estimates.unmeasured(graph, M4)
    assert names == ["Relu"] and estimates.instructions(graph, M4) > 50
    cost = PassCost("as fitted", 10, 20, 30, 40.0, None, tuple(names))
    note = "never measured, so code and instructions are rough: Relu"
    assert str(PassTable([cost])).endswith(note) and note in PassTable([cost])._repr_html_()


def test_a_part_that_was_never_measured_counts_as_those_like_it():
    known = {"macs of int8 in 1": 2.0, "macs of int16 in 1": 3.0, "lines": 9.0}
    assert estimates.factor_of("macs of int8 in 1", known) == 2
    assert estimates.factor_of("macs of uint8 in runs", known) == 2.5
    assert estimates.factor_of("pixels", known) == 0


def test_a_ring_is_estimated_by_the_stream():
    ring = {op for op in op_classes() if issubclass(op, Ring)}
    assert ring == {Ring}  # `skconv.codegen.samples` has its formula


# ------------------------------------------------------------------------- what is counted


def stage(step: int = 0) -> Graph:
    """A stage with a head, on a map of one channel; of a pruned one every so many inputs left."""
    graph = chain(
        conv(np.random.default_rng(1), (8, 5, 5, 1)), Abs(), MeanPool((4, 4), (4, 4)),
        Reshape((8 * 36,)), shape=(28, 28, 1),
    )  # fmt: skip
    head = linear(np.random.default_rng(2), 10, 8 * 36)
    return quantized_example(graph.append(pruned(head, step) if step else head))


def coded(make: object = None) -> Graph:
    rng = np.random.default_rng(3)
    shape = (16, 3, 3, 8)
    layer = conv(rng, shape) if make is None else coded_conv(rng, make(rng, shape))
    return quantized_example(chain(layer, shape=(10, 10, 8)))


def test_skipped_windows_are_not_counted():
    whole, half, few = (fastest(stage(step), M4) for step in (0, 2, 30))
    assert all(isinstance(graph.nodes[0].op, DspStage) for graph in (whole, half, few))
    found = [estimates.instructions(graph, M4) for graph in (whole, half, few)]
    assert found[2] < 0.3 * found[0] < 0.3 * found[1] / 0.5
    node = few.nodes[0]
    parts = work(node.op, few.input, few.specs[node.name])
    assert 0 < parts["results of QMeanPool"] < 288 / 6


@pytest.mark.parametrize("make", [codebook, hashed])
def test_expanding_is_counted(make):
    plain, expanded = (fastest(coded(m), M0) for m in (None, make))
    name = "Codebook" if make is codebook else "Hashed"
    parts = work(expanded.nodes[0].op, expanded.input, expanded.output)
    assert parts[f"weights of {name}"] == 16 * 72
    known = estimates.coefficients()["instructions"]["cortex-m0"]["QConv"]
    taken = sum(n * estimates.factor_of(part, known) for part, n in parts.items() if name in part)
    assert 2 * 16 * 72 < taken < estimates.instructions(expanded, M0)
    slower = estimates.instructions(expanded, M0) / estimates.instructions(plain, M0)
    assert 1.1 < slower < 2.5


def test_visits_of_trees():
    """One node, and with even chances one more on its left, then one more."""
    tree = Tree(
        np.array([1, 2, -1, -1, -1]), np.array([4, 3, -1, -1, -1]), np.zeros(5, int),
        np.array([0.5, -0.5, 0, 0, 0]), np.arange(5.0)[:, None],
    )  # fmt: skip
    op = ensemble_of([tree, tree], 1, np.zeros(1))
    graph = quantized_example(chain(op, shape=(1,)))
    (node,) = (n for n in graph.nodes if type(n.op).__name__ == "QTreeEnsemble")
    assert estimates.routine(node.op) == "QTreeEnsemble"
    parts = work(node.op, graph.input, graph.output)
    assert parts["trees"] == 2 and sum(n for p, n in parts.items() if p.startswith("nodes")) == 3


def test_the_code_of_a_plain_stage_by_rows_is_not_that_of_unrolled_taps():
    images = RNG.integers(0, 256, (40, 10, 10)).astype(np.uint8)
    features = RandomConvFeatures(n_kernels=2, nonlinearity="relu", pool="tent", pool_size=4)
    pipe = make_pipeline(features, Ridge()).fit(images, np.arange(40.0))
    model = to_c(pipe, images, target="portable", input="rows", optimize="size")
    assert isinstance(model.graph.nodes[0].op, Streamed)
    found = estimates.parts(model.sources.program)
    assert not [name for name in found if "taps" in name or "columns" in name]
    assert "by rows" in found


@pytest.mark.needs(*emulator.tools("cortex-m4"))
@pytest.mark.parametrize("target", [M4, M0], ids=lambda target: target.name)
@pytest.mark.parametrize(
    ("graph", "off"), [(stage(), 0.15), (stage(7), 0.15), (coded(codebook), 0.25)],
    ids=["stage", "pruned", "coded"],
)  # fmt: skip
def test_the_estimate_is_near_the_count(graph, off, target):
    found = fastest(graph, target)
    x = example_samples(found, 1)
    count = node_counts(CSources(program_of(found, "m"), target), x).sum()
    assert estimates.instructions(found, target) == pytest.approx(count, rel=off)


def test_the_report_shows_the_instructions_and_their_core():
    X = RNG.normal(size=(40, 20))
    model = skconv.to_c(LogisticRegression().fit(X, X[:, 0] > 0), X)
    cost = model.report()
    assert cost.instructions == round(estimates.instructions(model.graph, model.target))
    assert " an inference on a Cortex-M4 (estimated)" in str(cost)
    slower = model.for_target("cortex-m0plus").report().to_dict()
    assert slower["core"] == "Cortex-M0" and slower["instructions"] > 2 * cost.instructions


def test_the_report_of_a_stream_counts_a_hop():
    X = RNG.normal(size=(40, 20))
    pipe = LogisticRegression().fit(X, X[:, 0] > 0)
    whole, stream = (skconv.to_c(pipe, X, **how) for how in ({}, {"input": "samples", "hop": 5}))
    cost = stream.report()
    assert cost.instructions > whole.report().instructions  # a ring takes each sample besides
    assert " a hop of 5 samples on a Cortex-M4 (estimated)" in str(cost)
    assert cost.to_dict()["counted"] == "a hop of 5 samples"


# ------------------------------------------------------------------------------ what is near


def test_fewer_turns_where_samples_are_far():
    """Of two clusters far apart, samples of the other one are left at once."""
    near = RNG.integers(-3, 4, (40, 16))
    together = QNeighbourVotes("l1", near.astype("i1"), 2, np.zeros(40, "u1"), 2)
    shift = np.repeat([0, 100], 20)[:, None]
    apart = replace(together, prototypes=(near + shift).astype("i1"))
    found = [np.mean([visits(op, q, 4, 1)[0] for q in (0, 19)]) for op in (together, apart)]
    assert 40 < found[1] < 0.8 * found[0] <= 0.8 * 39 * 4
