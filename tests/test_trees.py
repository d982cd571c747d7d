"""Trees and forests: decisions of integers are those of scikit-learn."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_diabetes, load_digits
from sklearn.ensemble import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    GradientBoostingClassifier,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.feature_selection import VarianceThreshold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, RobustScaler, StandardScaler
from sklearn.tree import (
    DecisionTreeClassifier,
    DecisionTreeRegressor,
    ExtraTreeClassifier,
    ExtraTreeRegressor,
)

from skconv import NotConvertibleError, RandomConvFeatures, compress, emulator, to_c, to_graph
from skconv.codegen.estimates import plain
from skconv.codegen.routines.base import Optimize
from skconv.codegen.routines.trees import PrintedTrees
from skconv.codegen.routines.trees.classes import class_tree
from skconv.emulator.build import tools
from skconv.graph import (
    Graph,
    QTreeEnsemble,
    TensorSpec,
    Threshold,
    Tree,
    TreeEnsemble,
    ensemble_of,
)
from skconv.passes.fold import fold
from skconv.passes.lower_trees import integer_trees
from skconv.runtime import fixed, reference

DIGITS, LABELS = load_digits(return_X_y=True)
PIXELS = DIGITS.astype(np.uint8)
TRAIN, TEST = slice(0, 1200), slice(1200, None)
SMALL: dict[str, Any] = {"n_estimators": 8, "max_depth": 6, "random_state": 0}
HARD = [
    DecisionTreeClassifier(random_state=0),
    DecisionTreeClassifier(max_leaf_nodes=200, min_samples_leaf=3, random_state=0),
    ExtraTreeClassifier(random_state=0),
    RandomForestClassifier(9, bootstrap=False, random_state=0),
    ExtraTreesClassifier(9, random_state=0),
]
SOFT = [RandomForestClassifier(**SMALL), ExtraTreesClassifier(**SMALL)]
SCALERS = [StandardScaler(), MinMaxScaler(), RobustScaler(), VarianceThreshold(5.0)]


def ops(graph: Graph, kind: type) -> list[Any]:
    return [plain(node.op) for node in graph.nodes if isinstance(plain(node.op), kind)]


def disagreeing(pipeline: Any) -> int:
    """Decisions of the integers that scikit-learn does not share, of all digits."""
    model = to_c(pipeline, PIXELS[TRAIN])
    return int((model.predict(PIXELS, engine="fixed") != pipeline.predict(PIXELS)).sum())


@pytest.mark.parametrize("estimator", HARD, ids=str)
def test_hard_votes_on_pixels_are_those_of_scikit_learn(estimator: Any) -> None:
    assert disagreeing(estimator.fit(PIXELS[TRAIN], LABELS[TRAIN])) == 0


@pytest.mark.parametrize("step", SCALERS, ids=str)
@pytest.mark.parametrize("estimator", [HARD[0], HARD[3]], ids=str)
def test_what_stands_in_front_goes_into_the_trees(step: Any, estimator: Any) -> None:
    pipeline = make_pipeline(step, estimator).fit(PIXELS[TRAIN], LABELS[TRAIN])
    graph = fold(to_graph(pipeline))
    assert isinstance(graph.nodes[0].op, TreeEnsemble)
    assert disagreeing(pipeline) == 0


@pytest.mark.parametrize("probabilities", [False, True])
@pytest.mark.parametrize("estimator", SOFT, ids=str)
def test_soft_votes_agree_within_the_bound_of_their_rounding(
    estimator: Any, probabilities: bool
) -> None:
    """Each tree is off by half a unit at most, so margins of a unit a tree decide alike."""
    estimator = estimator.fit(PIXELS[TRAIN], LABELS[TRAIN])
    model = to_c(estimator, PIXELS[TRAIN], probabilities=probabilities)
    (op,) = ops(model.graph, QTreeEnsemble)
    bound = len(op.roots) * op.scale / 2
    wanted = estimator.predict_proba(PIXELS)
    found = model.inference.scores(PIXELS, "fixed")
    assert np.abs(found - wanted).max() <= bound
    least, most = np.sort(wanted)[:, -2:].T
    is_sure = most - least > 2 * bound
    same = model.predict(PIXELS, engine="fixed") == estimator.predict(PIXELS)
    assert same[is_sure].all() and is_sure.mean() > 0.98 and same.mean() >= 0.999
    assert int(op.leaves.max()).bit_length() == (15 if probabilities else 8)
    if probabilities:
        assert np.abs(model.predict_proba(PIXELS, "fixed") - wanted).max() <= bound + 2**-15


REGRESSORS = [
    DecisionTreeRegressor(max_depth=6, random_state=0),
    ExtraTreeRegressor(max_depth=6, random_state=0),
    RandomForestRegressor(**SMALL),
    ExtraTreesRegressor(**SMALL),
]


@pytest.mark.parametrize("estimator", REGRESSORS, ids=str)
@pytest.mark.parametrize("n_outputs", [1, 2])
def test_values(estimator: Any, n_outputs: int) -> None:
    X, y = load_diabetes(return_X_y=True)
    y = y if n_outputs == 1 else np.column_stack([y, -100 * y])
    estimator = estimator.fit(X, y)
    wanted = estimator.predict(X).reshape(len(X), -1)
    np.testing.assert_allclose(reference.run(fold(to_graph(estimator)), X), wanted, rtol=1e-6)
    found = to_c(estimator, X).predict(X, engine="fixed").reshape(len(X), -1)
    off = np.abs(found - wanted) / np.abs(wanted).max(axis=0)
    assert np.median(off) < 1e-3  # A sample that lies on a threshold may go the other way.


@pytest.mark.needs("cc")
@pytest.mark.parametrize(("optimize", "is_printed"), [("size", False), ("balanced", True)])
@pytest.mark.parametrize("estimator", [HARD[0], SOFT[0], REGRESSORS[2]], ids=str)
def test_the_c_gives_the_bytes_of_the_definition(
    estimator: Any, optimize: Any, is_printed: bool
) -> None:
    """As a table, or as nested ``if``."""
    fitted = estimator.fit(PIXELS[TRAIN], LABELS[TRAIN])
    model = to_c(fitted, PIXELS[TRAIN], optimize=optimize)
    assert isinstance(model.graph.nodes[0].op, PrintedTrees) == is_printed
    assert model.verify(PIXELS[TEST]).differing_bytes == 0


def test_a_stump_takes_less_flash_as_code_and_the_report_names_the_layout() -> None:
    stump = DecisionTreeClassifier(max_depth=1, random_state=0).fit(PIXELS[TRAIN], LABELS[TRAIN])
    larger = HARD[0].fit(PIXELS[TRAIN], LABELS[TRAIN])
    found = [str(to_c(tree, PIXELS[TRAIN], optimize="size").report()) for tree in (stump, larger)]
    assert ["nested if" in text for text in found] == [True, False]


def test_the_code_of_printed_trees_is_estimated_by_their_nodes() -> None:
    """27 kB for 29,584 bytes at -O2 and 22,432 at -Os, as `bench_trees.py` measured."""
    forest = RandomForestClassifier(20, max_depth=8, random_state=0).fit(
        PIXELS[:1000], LABELS[:1000]
    )
    report = to_c(forest, PIXELS[:1000], target="cortex-m4").report()
    assert 22_000 < (report.code_bytes or 0) < 30_000


@pytest.mark.needs(*tools("cortex-m4"))
def test_printed_trees_take_a_third_of_the_instructions_of_a_table() -> None:
    forest = SOFT[0].fit(PIXELS[TRAIN], LABELS[TRAIN])
    pixels = ", ".join(map(str, PIXELS[TEST][0]))
    prelude = f'#include "m.h"\nstatic const m_input_t x[M_INPUT_SIZE] = {{{pixels}}};'
    wishes: tuple[Optimize, ...] = ("size", "balanced")
    counts = []
    for optimize in wishes:
        model = to_c(forest, PIXELS[TRAIN], name="m", target="cortex-m4", optimize=optimize)
        statement = "m_predict(x)"
        counts.append(emulator.count_instructions(model.files, statement, prelude=prelude))
    assert 3 * counts[1] < counts[0]


ALONE = [
    (DecisionTreeClassifier(random_state=0), "balanced"),
    (DecisionTreeClassifier(random_state=0), "size"),
    (DecisionTreeClassifier(max_depth=4, random_state=0), "balanced"),
    (GradientBoostingClassifier(n_estimators=1, random_state=0), "balanced"),
]


@pytest.mark.needs("cc")
@pytest.mark.parametrize(("estimator", "optimize"), ALONE, ids=str)
def test_one_tree_needs_no_scores_to_decide(estimator: Any, optimize: Optimize) -> None:
    """Votes, as code and as a table; leaves of shares; one score with a constant."""
    y = LABELS if isinstance(estimator, DecisionTreeClassifier) else LABELS % 2
    fitted = estimator.fit(PIXELS[TRAIN], y[TRAIN])
    model = to_c(fitted, PIXELS[TRAIN], name="m", optimize=optimize)
    assert model.sources.program.class_call is not None and model.plan.arena_bytes == 0
    assert "output" not in model.files["m.c"].split("int32_t m_predict(")[1]
    assert model.verify(PIXELS[TEST]).differing_bytes == 0
    wanted = model.predict(PIXELS[TEST], engine="fixed")
    assert (model.predict(PIXELS[TEST], engine="c") == wanted).all()


def test_nodes_between_leaves_of_one_class_are_left_out_of_the_decision() -> None:
    """Leaves of 5, 6 and -1 behind a threshold: two nodes give scores, one the class."""
    left, right = np.array([1, 3, -1, -1, -1]), np.array([2, 4, -1, -1, -1])
    tree = Tree(
        left,
        right,
        np.array([0, 1, 0, 0, 0]),
        np.full(5, 2.5),
        np.array([[0], [0], [-1], [5], [6]]),
    )
    x = TensorSpec((2,), "uint8", 1.0, minimum=0, maximum=255)
    op = integer_trees(ensemble_of([tree], 2, [0.0]), x)
    assert len(op.features) == 2
    nodes, root = class_tree(op, Threshold())
    assert root == 0 and nodes.features.tolist() == [0] and nodes.children.tolist() == [[~1, ~0]]


@pytest.mark.needs(*tools("cortex-m4"))
def test_the_class_of_a_printed_tree_takes_four_instructions_a_node() -> None:
    tree = HARD[1].fit(PIXELS[TRAIN], LABELS[TRAIN])
    model = to_c(tree, PIXELS[TRAIN], name="m", target="cortex-m4")
    pixels = ", ".join(map(str, PIXELS[TEST][0]))
    prelude = f'#include "m.h"\nstatic const m_input_t x[M_INPUT_SIZE] = {{{pixels}}};'
    count = emulator.count_instructions(model.files, "m_predict(x)", prelude=prelude)
    passed = int(tree.decision_path(PIXELS[TEST][:1]).sum()) - 1
    assert count < 4 * passed + 10


def test_the_table_holds_what_nodes_decide_and_no_zeros() -> None:
    """x[2] <= 5 leads to leaf 0; above it x[1] <= -1 leads to leaf 1, else to leaf 0."""
    features, thresholds = np.array([2, 1], np.uint16), np.array([5, -1], np.int32)
    children, leaves = np.array([[~0, 1], [~1, ~0]], np.int32), np.eye(3, dtype=np.int32)[1:]
    first, roots = np.zeros(1, np.uint16), np.zeros(1, np.int32)
    sums = np.zeros(3, np.int32)
    op = QTreeEnsemble(features, thresholds, children, roots, 9 * leaves, first, sums, 3)
    left, right = 0x40, 0x80
    assert op.parameters["nodes"].tolist() == [2 | left, 5, 1, 0, 1 | left | right, 255, 0, 1]
    assert op.parameters["outputs"].tolist() == [1 | 0x80, 2 | 0x80]
    assert op.parameters["leaves"].tolist() == [9, 9]
    far = replace(op, features=features + 70, n_features=73)
    assert far.head_bytes == 2 and len(far.parameters["nodes"]) == 10


def test_a_node_of_a_forest_takes_four_bytes() -> None:
    forest = RandomForestClassifier(20, max_depth=8, random_state=0).fit(
        PIXELS[:1000], LABELS[:1000]
    )
    (op,) = ops(to_c(forest, PIXELS[:1000], optimize="size").graph, QTreeEnsemble)
    tables = op.parameters
    assert tables["nodes"].nbytes < 4 * len(op.features)
    assert sum(table.nbytes for table in tables.values()) < 8400


@pytest.mark.needs("cc")
def test_the_c_of_floats_decides_as_scikit_learn() -> None:
    X = DIGITS + np.random.default_rng(0).normal(size=DIGITS.shape)
    forest = RandomForestClassifier(**SMALL).fit(X[TRAIN], LABELS[TRAIN])
    model = to_c(forest, dtype="float32")
    assert (model.predict(X) == forest.predict(X)).all()


def test_features_that_no_node_reads_need_not_be_computed() -> None:
    features = RandomConvFeatures(n_kernels=8, input_shape=(8, 8), random_state=0)
    stump = DecisionTreeClassifier(max_depth=2, random_state=0)
    pipeline = make_pipeline(features, StandardScaler(), stump).fit(PIXELS[TRAIN], LABELS[TRAIN])
    small = compress(pipeline, PIXELS[TRAIN], LABELS[TRAIN], passes=["PruneDead"])
    assert small.graph_.macs < to_graph(pipeline).macs / 2
    assert (small.predict(PIXELS) == pipeline.predict(PIXELS)).all()


def test_nodes_that_decide_nothing_on_integers_are_left_out() -> None:
    """2.2 and 2.7 part no whole numbers, and nothing lies above the largest input."""
    left, right = np.array([1, 3, -1, -1, -1]), np.array([2, 4, -1, -1, -1])
    thresholds, values = np.array([2.7, 2.2, 0, 0, 0]), np.arange(5.0)[:, None]
    tree = Tree(left, right, np.zeros(5, int), thresholds, values)
    x = TensorSpec((1,), "uint8", 1.0, minimum=0, maximum=255)
    op = integer_trees(ensemble_of([tree], 1, [0.0]), x)
    assert op.thresholds.tolist() == [2]
    found = fixed.run(Graph(x).append(op), np.array([[0], [2], [3], [255]], np.uint8))
    assert (found[:, 0] * op.scale).tolist() == pytest.approx([3, 3, 2, 2], rel=1e-4)


def test_one_class() -> None:
    tree = DecisionTreeClassifier().fit(PIXELS[:9], np.full(9, 7))
    model = to_c(tree, PIXELS[:9])
    assert (model.predict(PIXELS[:9], engine="fixed") == 7).all()
    with pytest.raises(NotConvertibleError, match="one class"):
        to_c(tree, PIXELS[:9], probabilities=True)
