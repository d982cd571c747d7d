"""Every op in every backend: one walk, so that nothing is forgotten."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import skconv.codegen
import skconv.graph as graph_package
from skconv.codegen.emit import emit
from skconv.codegen.node import c_name
from skconv.graph import (
    BlockHistogram,
    Graph,
    Node,
    Op,
    Quantized,
    TensorSpec,
    from_dict,
    to_dict,
    verify,
)
from skconv.graph.base import BOTH
from skconv.graph.nested import Packed
from skconv.graph.serialize import op_classes
from skconv.passes.lower import lower
from skconv.runtime import fixed, reference, torch_engine
from skconv.testing import (
    assert_runtimes_agree,
    chain,
    example_graphs,
    example_samples,
    quantized_example,
)
from tests.selecting import fuse

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
    """All but those of routines."""
    found = {type(node.op) for graph in graphs.values() for node in graph.nodes}
    return {op for op in found if not issubclass(op, Packed)}


def registered(dispatcher, op: type[Op]) -> bool:
    return dispatcher.dispatch(op) is not dispatcher.dispatch(object)


def test_examples_hold_every_op():
    assert ops_of(FLOAT_GRAPHS) | {Quantized} == set(FLOAT_OPS)
    assert ops_of(INTEGER_GRAPHS) == set(INTEGER_OPS)


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


@pytest.mark.parametrize("op", sorted(of_skconv(), key=str), ids=lambda op: op.__name__)
def test_only_what_may_be_none_is_none_by_default(op):
    assert all(f.default is not None or "None" in str(f.type) for f in fields(op))


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


def steps(graphs: dict[str, Graph], holds: Callable[[Node], bool]) -> list[Any]:
    """An example of every op with a property, and the graph that it stands in."""
    found = {
        type(node.op): (node, graph)
        for graph in graphs.values()
        for node in graph.nodes
        if holds(node)
    }
    return [pytest.param(*found[op], id=op.__name__) for op in sorted(found, key=str)]


def inputs_of(node: Node, graph: Graph) -> list[np.ndarray]:
    tensors = (reference if graph.domain == "float" else fixed).tensors(
        graph, example_samples(graph)
    )
    return [tensors[name].copy() for name in node.inputs]


def evaluated(op: Op, inputs: list[np.ndarray]) -> np.ndarray:
    is_float = inputs[0].dtype.kind == "f"
    return (reference if is_float else fixed).evaluate(op, *inputs)


@pytest.mark.parametrize(
    ("node", "graph"), steps(FLOAT_GRAPHS | INTEGER_GRAPHS, lambda node: node.op.in_place)
)
def test_an_entry_depends_on_one_entry_in_place(node, graph):
    inputs = inputs_of(node, graph)
    before = evaluated(node.op, inputs)
    for x in inputs:
        changed = x.reshape(len(x), -1)
        if changed.shape != before.reshape(len(x), -1).shape:
            continue  # the gate of a product: too small to be written over
        kept = changed[:, 1].copy()
        changed[:, 1] += 1
        differs = (evaluated(node.op, inputs) != before).reshape(len(x), -1)
        differs[:, 1] = False
        assert not differs.any()
        changed[:, 1] = kept


@pytest.mark.parametrize(
    ("node", "graph"), steps(FLOAT_GRAPHS, lambda node: node.op.passes_factors)
)
def test_factors_of_channels_pass(node, graph):
    # A limit above acts on large numbers alone: they do not count.
    highest = (node.op.clip_limits or (0, np.inf))[1]
    inputs = [x.clip(max=highest) for x in inputs_of(node, graph)]
    factors = 0.5 ** np.arange(1, 1 + inputs[0].shape[-1])
    scaled = evaluated(node.op, [x * factors for x in inputs])
    wanted = evaluated(node.op, inputs) * factors
    assert np.allclose(scaled, wanted)


def is_of_maps(node: Node, graph: Graph) -> bool:
    shapes = [graph.specs[name].shape for name in (*node.inputs, node.name)]
    return all(len(shape) == 3 for shape in shapes) and node.op.facts.role != "layout"


@pytest.mark.parametrize("name", FLOAT_GRAPHS)
def test_ops_turn_with_their_maps(name):
    graph = FLOAT_GRAPHS[name]
    tensors = reference.tensors(graph, example_samples(graph))
    for node in graph.nodes:
        if is_of_maps(node, graph):
            inputs = [tensors[name].swapaxes(1, 2) for name in node.inputs]
            turned = reference.evaluate(node.op.turned(), *inputs)
            assert np.allclose(turned.swapaxes(1, 2), tensors[node.name]), node.name


@pytest.mark.parametrize(
    ("node", "graph"),
    steps(FLOAT_GRAPHS, lambda node: node.op.domains == BOTH and node.op.n_inputs == 1),
)
def test_an_op_of_both_domains_is_the_same_on_both(node, graph):
    (shape,) = (graph.specs[name].shape for name in node.inputs)
    x = TensorSpec(shape, "int16", 1 / 64, minimum=-200, maximum=200)
    q = np.random.default_rng(0).integers(-200, 201, (8, *shape)).astype(np.int16)
    if isinstance(node.op, BlockHistogram):
        q, x = q.clip(0, node.op.n_bins - 1), replace(x, scale=1.0)
    integer = node.op.in_units(x)
    spec = integer.output(x)
    found = spec.scale * fixed.evaluate(integer, q)
    wanted = reference.evaluate(node.op, x.scale * q.astype(np.float64))
    assert np.abs(found - wanted).max() <= spec.scale


@pytest.mark.parametrize("op", FLOAT_OPS, ids=lambda op: op.__name__)
def test_every_float_op_is_in_every_backend(op):
    assert registered(reference.evaluate, op)
    assert op.domains == BOTH or registered(lower, op)
    assert op is Quantized or registered(emit, op)


@pytest.mark.parametrize("op", INTEGER_OPS, ids=lambda op: op.__name__)
def test_every_integer_op_is_in_every_backend(op):
    assert op.domains == BOTH or registered(fixed.evaluate, op)
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
