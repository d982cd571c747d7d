"""Every op in every backend: one walk, so that nothing is forgotten."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import numpy as np
import pytest

import skconv.codegen
import skconv.graph as graph_package
from skconv.codegen.emit import emit
from skconv.codegen.node import c_name
from skconv.graph import Graph, Op, QSoftmax, Quantized, from_dict, to_dict, verify
from skconv.graph.nested import Packed
from skconv.graph.serialize import op_classes
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


def of_skconv() -> set[type[Op]]:
    """All ops but the bases that others are derived from; packed ones too."""
    classes = {op for op in op_classes() if op.__module__.startswith("skconv.")}
    return {op for op in classes if op in OPS or issubclass(op, Packed) or not op.__subclasses__()}


def test_every_op_is_exported():
    in_graph = {op for op in of_skconv() if op.__module__.startswith("skconv.graph.")}
    assert {op for op in in_graph if not issubclass(op, Packed)} == set(OPS)


@pytest.mark.parametrize("op", sorted(of_skconv(), key=str), ids=lambda op: op.__name__)
def test_every_op_states_its_facts(op):
    assert hasattr(op, "facts")


def parts_of_a_stage(part: str) -> set[str]:
    return {c_name(op) for op in INTEGER_OPS if op.facts.stage == part}


@pytest.mark.parametrize(
    ("header", "prefix", "names"),
    [
        ("stage.h", "SK_STAGE_", {"PLAIN", *parts_of_a_stage("entry")}),
        ("pool.h", "SK_POOL_", {name.removesuffix("_POOL") for name in parts_of_a_stage("pool")}),
    ],
)
def test_a_stage_in_c_knows_the_parts_that_ops_can_be(header, prefix, names):
    text = (Path(skconv.codegen.__path__[0]) / "core" / header).read_text()
    (members,) = re.findall(rf"typedef enum \{{([^}}]*{prefix}[^}}]*)\}}", text)
    assert set(re.findall(rf"{prefix}(\w+)", members)) == names


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
