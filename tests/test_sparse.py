"""Convolutions that walk along the weights that are no zeros: bytes, tables, where it is taken."""

from __future__ import annotations

import subprocess
from dataclasses import replace

import numpy as np
import pytest

from skconv import emulator
from skconv.codegen.render import CSources, program_of, render
from skconv.codegen.routines.base import Wish
from skconv.codegen.routines.blocked import BlockedConv
from skconv.codegen.routines.conv import DspConv
from skconv.codegen.routines.sparse import SparseConv, packing, plan
from skconv.codegen.select import select
from skconv.deploy.bench import benchmark
from skconv.graph import ArgMax, Graph, Node, QConv, Reshape, TensorSpec
from skconv.target.targets import get_target
from skconv.utils.files import write_files
from tests.exactness import SANITIZERS, build
from tests.integer_graphs import input_spec, qconv, samples
from tests.selecting import op_by_op
from tests.test_csrc import TRACING_MAIN, wanted_traces

RNG = np.random.default_rng(0)
FORMS = [
    {"size": (3, 3), "padding": ((1, 1), (1, 1))},
    {"size": (2, 5), "stride": (2, 1), "padding": ((0, 1), (2, 2))},
    {"size": (1, 1), "stride": (1, 2)},
    {"size": (3, 2), "padding": ((2, 1), (1, 0)), "pad_mode": "circular"},
]


RESULTS = ["int8", "uint8", "int16", "int8"]


def thinned(op: QConv, share: float) -> QConv:
    """With so many weights left, and one kernel without any."""
    weights = op.weights * (RNG.random(op.weights.shape) < share)
    weights[-1] = 0
    return replace(op, weights=weights.astype(np.int8))


def layer(share: float, side: int = 8) -> Graph:
    x = input_spec((side, side, 16), "int8")
    op = qconv(RNG, x, 16, (3, 3), padding=((1, 1), (1, 1)))
    return Graph(x).append(thinned(op, share))


@pytest.mark.needs("gcc")
@pytest.mark.parametrize("dtype", ["uint8", "int8", "int16"])
def test_bytes_with_sanitizers(tmp_path, dtype):
    x = input_spec((5, 7, 40), dtype)
    nodes = []
    for i, form in enumerate(FORMS):
        for share in (0.0, 0.005, 0.3):
            op = thinned(qconv(RNG, x, 3, dtype=RESULTS[i], **form), share)
            assert packing.serves(op, x)
            nodes.append(Node(f"conv{len(nodes)}", plan(op, x, Wish()), ("input",)))
    graph = Graph(x, tuple(nodes))
    graph = graph.append(Reshape((graph.output.size,))).append(ArgMax())
    values = samples(RNG, graph.input)
    write_files(tmp_path, render(graph, "m") | {"main.c": TRACING_MAIN})
    built = build(tmp_path, ["m.c", "main.c"], ("-DM_TRACE", *SANITIZERS))
    done = subprocess.run([built], input=values.tobytes(), capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    assert done.stdout == wanted_traces(graph, values).tobytes()


def test_a_long_way_is_several_steps():
    x = TensorSpec((1, 1, 700), "int8", 1.0, minimum=-128, maximum=127)
    op = qconv(RNG, x, 2, (1, 1))
    weights = np.zeros_like(op.weights)
    weights[0, 0, 0, [3, 256, 699]] = 1, -2, 127
    found = packing.tables(replace(op, weights=weights), x)
    steps = found["entries"].reshape(-1, 2)
    assert steps[:, 0].tolist() == [3, 253, 255, 188]
    assert steps[:, 1].astype(np.int8).tolist() == [1, -2, 0, 127]
    assert found["counts"].tolist() == [4, 0]


def routine(share: float, target: str, optimize) -> type:
    return type(op_by_op(layer(share), get_target(target), optimize).nodes[0].op)


def test_it_is_taken_where_most_weights_are_zeros():
    assert routine(0.3, "cortex-m0", "balanced") is SparseConv
    assert routine(0.3, "cortex-m0", "speed") is SparseConv
    assert routine(0.7, "cortex-m0", "balanced") is BlockedConv
    assert routine(0.3, "cortex-m0", "size") is QConv
    assert routine(0.1, "cortex-m4", "balanced") is SparseConv
    assert routine(0.05, "cortex-m4", "speed") is SparseConv
    assert routine(0.3, "cortex-m4", "balanced") is DspConv


@pytest.mark.parametrize(
    ("target", "share", "other", "least"),
    [
        pytest.param(t, *rest, marks=pytest.mark.needs(*emulator.tools(t)))
        for t, *rest in [("cortex-m0", 0.3, 817_824, 1.5), ("cortex-m4", 0.1, 140_879, 1.3)]
    ],
)
def test_instructions(target, share, other, least):
    """Against the direct routine, which takes as many whatever the weights are."""
    graph = select(layer(share), get_target(target))
    assert isinstance(graph.nodes[0].op, SparseConv)
    x = samples(RNG, graph.input, 1)
    found = benchmark(CSources(program_of(graph, "m"), get_target(target)), x)
    assert found.wrong == 0
    assert found.per_inference < other / least
    dense, sparse = layer(0.999).nodes[0].op, graph.nodes[0].op
    assert sparse.macs(graph.input) < 1.2 * share * dense.macs(graph.input)
    assert sparse.parameters["entries"].nbytes < dense.weights.nbytes
