"""Every op in every backend: one walk, so that nothing is forgotten."""

from __future__ import annotations

import inspect

import numpy as np
import pytest

import skconv.graph as graph_package
from skconv.codegen.emit import emit
from skconv.graph import Graph, Op, QSoftmax, Quantized, from_dict, to_dict, verify
from skconv.passes.fuse import fuse
from skconv.passes.lower import lower
from skconv.runtime import fixed, reference, torch_engine
from skconv.testing import (
    assert_runtimes_agree,
    chain,
    example_graphs,
    example_samples,
    quantized_example,
)

OPS = [
    value
    for value in vars(graph_package).values()
    if inspect.isclass(value) and issubclass(value, Op) and value is not Op
]
FLOAT_OPS = [op for op in OPS if "float" in op.domains]
INTEGER_OPS = [op for op in OPS if "integer" in op.domains]
FLOAT_GRAPHS = example_graphs()
INTEGER_GRAPHS = {
    f"{name}, {dtype} input, {bits}-bit linear": quantized_example(
        graph, input_dtype=dtype, linear_bits=bits
    )
    for name, graph in FLOAT_GRAPHS.items()
    for dtype, bits in (("int8", 8), ("int16", 16))
}
INTEGER_GRAPHS |= {f"{name}, fused": fuse(graph) for name, graph in INTEGER_GRAPHS.items()}


def ops_of(graphs: dict[str, Graph]) -> set[type[Op]]:
    return {type(node.op) for graph in graphs.values() for node in graph.nodes}


def registered(dispatcher, op: type[Op]) -> bool:
    return dispatcher.dispatch(op) is not dispatcher.dispatch(object)


def test_examples_hold_every_op():
    assert ops_of(FLOAT_GRAPHS) | {Quantized} == set(FLOAT_OPS)
    # Probabilities stand beside a graph: tests/test_interface.py.
    assert ops_of(INTEGER_GRAPHS) | {QSoftmax} == set(INTEGER_OPS)


@pytest.mark.parametrize("op", FLOAT_OPS, ids=lambda op: op.__name__)
def test_every_float_op_is_in_every_backend(op):
    assert registered(reference.evaluate, op)
    assert registered(torch_engine.apply, op)
    assert registered(lower, op)
    assert op is Quantized or registered(emit, op)


@pytest.mark.parametrize("op", INTEGER_OPS, ids=lambda op: op.__name__)
def test_every_integer_op_is_in_every_backend(op):
    assert registered(fixed.evaluate, op)
    assert registered(emit, op)


@pytest.mark.parametrize("name", FLOAT_GRAPHS)
def test_numpy_and_torch_are_the_reference(name):
    graph = FLOAT_GRAPHS[name]
    assert_runtimes_agree(graph, example_samples(graph))


@pytest.mark.parametrize("name", INTEGER_GRAPHS)
def test_c_is_the_integer_definition(name):
    graph = INTEGER_GRAPHS[name]
    assert_runtimes_agree(graph, example_samples(graph))


@pytest.mark.parametrize("graphs", [FLOAT_GRAPHS, INTEGER_GRAPHS], ids=["float", "integer"])
def test_every_graph_is_legal_has_facts_and_survives_a_round_trip(graphs):
    for graph in graphs.values():
        verify(graph)
        assert graph.macs >= 0
        copy = from_dict(to_dict(graph))
        assert repr(copy) == repr(graph)
        x = example_samples(graph)
        run = reference.run if graph.domain == "float" else fixed.run
        assert np.array_equal(run(copy, x), run(graph, x))


def test_quantized_features_are_an_op_of_floats():
    features = chain(*(node.op for node in FLOAT_GRAPHS["conv"].nodes))
    integer = quantized_example(features)
    graph = Graph(features.input).append(Quantized(integer))
    x = example_samples(graph)
    wanted = fixed.run(integer, fixed.quantize_input(integer.input, x))
    assert np.array_equal(reference.run(graph, x), wanted)
    assert np.array_equal(torch_engine.run(graph, x), wanted)
