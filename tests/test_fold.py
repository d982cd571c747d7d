"""fold: the same numbers before and after, in the nodes that are expected."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skconv.graph import (
    INPUT,
    Abs,
    Affine,
    ArgMax,
    BlockHistogram,
    Concat,
    Graph,
    KernelMachine,
    Linear,
    Node,
    Normalize,
    Permute,
    Relu,
    Reshape,
    Select,
    TensorSpec,
)
from skconv.passes.fold import fold
from skconv.runtime import reference


def affine(rng, n):
    return Affine(rng.normal(size=n).astype(np.float32), rng.normal(size=n).astype(np.float32))


def linear(rng, n_outputs, n_inputs):
    return Linear(
        rng.normal(size=(n_outputs, n_inputs)).astype(np.float32),
        rng.normal(size=n_outputs).astype(np.float32),
    )


def select(*indices):
    return Select(np.array(indices, np.uint16))


def chain(shape, *ops):
    graph = Graph(TensorSpec(shape))
    for op in ops:
        graph = graph.append(op)
    return graph


def kinds(graph):
    return [type(node.op).__name__ for node in graph.nodes]


def assert_same(graph, folded, n_samples=7):
    x = np.random.default_rng(0).normal(size=(n_samples, *graph.input.shape))
    before, after = reference.run(graph, x), reference.run(folded, x)
    size = np.abs(before).max(initial=1)
    np.testing.assert_allclose(after, before, rtol=0, atol=1e-5 * size)


rng = np.random.default_rng(1)

PAIRS = [
    pytest.param((5,), [affine(rng, 5), affine(rng, 5)], ["Affine"], id="affine-affine"),
    pytest.param((5,), [affine(rng, 5), linear(rng, 3, 5)], ["Linear"], id="affine-linear"),
    pytest.param((5,), [linear(rng, 3, 5), affine(rng, 3)], ["Linear"], id="linear-affine"),
    pytest.param((9,), [linear(rng, 4, 9), linear(rng, 2, 4)], ["Linear"], id="linear-linear"),
    pytest.param(
        (9,), [linear(rng, 2, 9), linear(rng, 8, 2)], ["Linear", "Linear"], id="bottleneck"
    ),
    pytest.param((5,), [affine(rng, 5), select(4, 0)], ["Select", "Affine"], id="affine-select"),
    pytest.param((5,), [linear(rng, 6, 5), select(5, 0, 2)], ["Linear"], id="linear-select"),
    pytest.param((9,), [select(1, 2), linear(rng, 4, 2)], ["Select", "Linear"], id="select-linear"),
    pytest.param((3,), [select(2, 0, 1), linear(rng, 2, 3)], ["Linear"], id="permuted-linear"),
    pytest.param((2,), [select(1, 1, 0), linear(rng, 2, 3)], ["Linear"], id="doubled-linear"),
    pytest.param((5,), [select(4, 3, 0), select(2, 1)], ["Select"], id="select-select"),
    pytest.param((2, 3, 2), [Reshape((4, 3, 1)), Reshape((12,))], ["Reshape"], id="reshapes"),
    pytest.param((2, 3, 4), [Permute((1, 2, 0)), Permute((1, 0, 2))], ["Permute"], id="permutes"),
    pytest.param((2, 3, 4), [Permute((1, 2, 0)), Permute((2, 0, 1))], [], id="permuted-back"),
    pytest.param((2, 3, 4), [Permute((0, 1, 2)), Abs()], ["Abs"], id="same-permute"),
    pytest.param((4,), [Abs(), Reshape((4,))], ["Abs"], id="same-reshape"),
    pytest.param((4,), [select(0, 1, 2, 3), Abs()], ["Abs"], id="select-all"),
    pytest.param((4,), [Relu(), affine(rng, 4)], ["Relu", "Affine"], id="nonlinear-stays"),
    pytest.param(
        (4,), [affine(rng, 4), Normalize()], ["Affine", "Normalize"], id="normalize-stays"
    ),
]


@pytest.mark.parametrize(("shape", "ops", "wanted"), PAIRS)
def test_rule(shape, ops, wanted):
    graph = chain(shape, *ops)
    folded = fold(graph)
    assert kinds(folded) == wanted
    assert folded.parameter_bytes <= graph.parameter_bytes
    assert folded.macs <= graph.macs
    assert_same(graph, folded)


def test_affine_pair_is_exact_in_small_integers():
    first = Affine(np.float32([2, 3]), np.float32([1, -1]))
    second = Affine(np.float32([5, -1]), np.float32([0, 4]))
    (node,) = fold(chain((2,), first, second)).nodes
    assert node.op.factors.tolist() == [10, -3]
    assert node.op.offsets.tolist() == [5, 5]


def test_whole_classifier_becomes_one_product():
    graph = chain(
        (30,),
        affine(rng, 30),
        select(*range(0, 30, 2)),
        affine(rng, 15),
        linear(rng, 8, 15),
        affine(rng, 8),
        linear(rng, 3, 8),
        ArgMax(),
    )
    folded = fold(graph)
    assert [node.name for node in folded.nodes] == ["select", "linear_2", "argmax"]
    assert folded.output_name == graph.output_name
    x = rng.normal(size=(50, 30))
    np.testing.assert_array_equal(reference.run(folded, x), reference.run(graph, x))


def test_a_tensor_that_two_nodes_read_stays():
    graph = chain((4,), affine(rng, 4))
    graph = graph.append(linear(rng, 2, 4)).append(linear(rng, 3, 4), "affine")
    graph = graph.append(Concat(), "linear", "linear_2")
    folded = fold(graph)
    assert kinds(folded) == ["Affine", "Linear", "Linear", "Concat"]
    assert_same(graph, folded)


def test_branches_fold_each_for_itself():
    graph = chain((6,), affine(rng, 6)).append(linear(rng, 2, 6))
    graph = graph.append(select(5, 3, 1), INPUT).append(select(0, 2))
    graph = graph.append(Concat(), "linear", "select_2")
    folded = fold(graph)
    assert kinds(folded) == ["Linear", "Select", "Concat"]
    assert_same(graph, folded)


def test_an_identity_inside_a_branch_is_bypassed():
    graph = chain((3,), select(0, 1, 2)).append(Abs(), INPUT)
    graph = graph.append(Concat(), "select", "abs")
    folded = fold(graph)
    assert folded.nodes[-1].inputs == (INPUT, "abs")
    assert_same(graph, folded)


def test_nodes_that_nobody_reads_are_removed():
    graph = chain((4,), Abs(), affine(rng, 4)).append(linear(rng, 2, 4), "abs")
    assert kinds(fold(graph)) == ["Abs", "Linear"]


def test_select_after_block_histogram_stays():
    graph = chain(
        (4, 4, 1), Abs(), BlockHistogram((2, 2), (2, 2), 3), Reshape((12,)), select(1, 2, 7)
    )
    assert kinds(fold(graph)) == ["Abs", "BlockHistogram", "Reshape", "Select"]


def test_what_precedes_a_kernel_machine_stays():
    machine = KernelMachine(
        "rbf",
        np.ones((2, 2), np.float32),
        np.ones((1, 2), np.float32),
        np.zeros(1, np.float32),
        (1, 1),
    )
    graph = chain((3,), affine(rng, 3), select(0, 2), machine)
    folded = fold(graph)
    assert kinds(folded) == ["Select", "Affine", "KernelMachine"]
    assert folded.parameter_bytes < graph.parameter_bytes
    assert_same(graph, folded)


def test_classes_and_the_graph_itself_are_kept():
    graph = Graph(TensorSpec((2,)), classes=np.array(["a", "b"]))
    graph = graph.append(linear(rng, 2, 2)).append(affine(rng, 2)).append(ArgMax())
    nodes = graph.nodes
    folded = fold(graph)
    assert folded.classes is graph.classes
    assert graph.nodes is nodes


def test_integer_graph_folds_its_layout():
    graph = Graph(TensorSpec((4, 3, 1), "int8", 0.5))
    graph = graph.append(Reshape((2, 6, 1))).append(Reshape((12,))).append(select(5, 6))
    folded = fold(graph)
    assert kinds(folded) == ["Reshape", "Select"]
    assert folded.output == graph.output


def test_an_illegal_graph_is_refused():
    graph = Graph(TensorSpec((2,)), (Node("a", Abs(), (INPUT,)), Node("a", Abs(), ("a",))))
    with pytest.raises(ValueError, match="name is taken"):
        fold(graph)


def random_select(draw, numbers, size):
    return [select(*draw(st.lists(st.integers(0, size - 1), min_size=1, max_size=6)))]


STEPS = {
    "abs": lambda draw, numbers, size: [Abs()],
    "affine": lambda draw, numbers, size: [affine(numbers, size)],
    "layout": lambda draw, numbers, size: [
        Reshape((size, 1, 1)),
        Permute((2, 0, 1)),
        Reshape((size,)),
    ],
    "linear": lambda draw, numbers, size: [linear(numbers, draw(st.integers(1, 6)), size)],
    "select": random_select,
}


@st.composite
def chains(draw, n_inputs, numbers):
    graph = Graph(TensorSpec((n_inputs,)))
    for kind in draw(st.lists(st.sampled_from(sorted(STEPS)), min_size=1, max_size=8)):
        for op in STEPS[kind](draw, numbers, graph.output.size):
            graph = graph.append(op)
    return graph


@settings(max_examples=150, deadline=None)
@given(st.integers(1, 6), st.data())
def test_random_chains_keep_their_output(n_inputs, data):
    numbers = np.random.default_rng(data.draw(st.integers(0, 99)))
    graph = data.draw(chains(n_inputs, numbers))
    folded = fold(graph)
    assert len(folded.nodes) <= len(graph.nodes)
    assert folded.parameter_bytes <= graph.parameter_bytes
    assert_same(graph, folded)
    assert kinds(fold(folded)) == kinds(folded)
