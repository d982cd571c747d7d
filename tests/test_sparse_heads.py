"""Linear layers that read some of their inputs: what is stored, and the C of each routine."""

from __future__ import annotations

import numpy as np
import pytest

from skconv.codegen.routines.linear import DspLinear
from skconv.codegen.routines.row_stage import DspRowStage
from skconv.codegen.routines.stage import DspStage
from skconv.graph import (
    ArgMax,
    Graph,
    Linear,
    MaxPool,
    MeanPool,
    Op,
    QLinear,
    Relu,
    Reshape,
    SoftThreshold,
    TensorSpec,
    Threshold,
)
from skconv.graph.storage.sparse import WORD, kept_table
from skconv.target.targets import get_target
from skconv.testing import chain, conv, example_samples, few_levels, linear, quantized_example
from tests import exactness
from tests.selecting import fastest, fuse, op_by_op

RNG = np.random.default_rng(0)
SOFT = SoftThreshold(np.full(5, 0.2, np.float32))


def with_holes(layer: Linear, is_read: np.ndarray) -> Linear:
    weights = layer.weights * is_read.astype(np.float32)
    return Linear(weights, layer.bias, layer.levels)


def staged(middle: Op, pool: Op, layer: Linear, n_channels: int = 1, seed: int = 0) -> Graph:
    """A stage whose head reads a quarter of the features, none of the second row of windows."""
    rng = np.random.default_rng(seed)
    graph = chain(conv(rng, (5, 3, 3, n_channels)), middle, pool, shape=(10, 13, n_channels))
    is_read = rng.random(graph.output.shape) < 0.25
    is_read[1] = False
    graph = graph.append(Reshape((is_read.size,)))
    graph = graph.append(with_holes(layer, is_read.ravel()))
    last = Threshold() if len(layer.bias) == 1 else ArgMax()
    return quantized_example(graph.append(last), input_dtype="int8", linear_bits=8)


# Middle, pooling, outputs and levels of the head, channels, the routine for it.
CASES = {
    "fours": (SOFT, MeanPool((4, 4), (4, 4)), 10, 0, 1, DspStage),
    "odd strides": (Relu(), MaxPool((3, 3), (3, 3)), 6, 1, 1, DspStage),
    "one output": (Relu(), MeanPool((2, 2), (2, 2)), 1, 7, 1, DspStage),
    "two outputs": (SOFT, MeanPool((3, 3), (3, 3)), 2, 7, 1, DspStage),
    "many channels": (SOFT, MeanPool((4, 4), (4, 4)), 10, 0, 3, DspRowStage),
    "overlapping": (Relu(), MeanPool((3, 3), (2, 2)), 7, 3, 2, DspRowStage),
}


def case(name: str) -> tuple[Graph, type]:
    middle, pool, n_outputs, levels, n_channels, routine = CASES[name]
    size = chain(
        conv(RNG, (5, 3, 3, n_channels)), middle, pool, shape=(10, 13, n_channels)
    ).output.size
    make = few_levels(RNG, n_outputs, size, levels) if levels else linear(RNG, n_outputs, size)
    return staged(middle, pool, make, n_channels), routine


def test_the_table_says_where_weights_are():
    is_kept = RNG.random(75) < 0.4
    bits, before = kept_table(is_kept).reshape(-1, 2).T
    for i, kept in enumerate(is_kept):
        low = int(bits[i // WORD]) & ((1 << i % WORD) - 1)
        assert int(before[i // WORD]) + low.bit_count() == is_kept[:i].sum()
        assert bool(bits[i // WORD] >> i % WORD & 1) == kept


def test_only_what_pays_is_left_out():
    """An eighth of the bytes has to be saved."""
    dense = QLinear(np.ones((3, 40), np.int8), np.zeros(3, np.int32))
    few = np.ones((3, 40), np.int8)
    few[:, :8] = 0  # 24 bytes of weights of 120, but 12 bytes of the table
    sparse = few.copy()
    sparse[:, 8] = 0
    assert dense.is_kept is None and QLinear(few, dense.bias).is_kept is None
    op = QLinear(sparse, dense.bias)
    assert op.parameters["weights"].shape == (3, 31) and op.parameters["kept"].nbytes == 12
    assert op.parameter_bytes == 3 * 31 + 12 + 12 and op.macs() == 93
    ternary = QLinear(sparse, dense.bias, levels=1)
    assert ternary.is_kept is None  # a byte an input, less than the table can save


@pytest.mark.needs("cc")
@pytest.mark.parametrize(
    ("n_unread", "packed"), [(12, {"speed", "balanced"}), (24, {"speed"}), (40, set())]
)
def test_zeros_are_stored_for_packed_arithmetic_where_most_inputs_are_read(
    n_unread, packed, tmp_path
):
    rng = np.random.default_rng(0)
    weights = rng.integers(1, 100, (10, 64)).astype(np.int8)
    weights[:, rng.permutation(64)[:n_unread]] = 0
    spec = TensorSpec((64,), "int8", minimum=-127, maximum=127)
    graph = Graph(spec).append(QLinear(weights, np.arange(10, dtype=np.int32)))
    assert graph.nodes[-1].op.is_kept is not None
    forms = {o: fastest(graph, get_target("cortex-m4"), o) for o in ("speed", "balanced", "size")}
    assert {o for o, f in forms.items() if isinstance(f.nodes[-1].op, DspLinear)} == packed
    for optimize, form in forms.items():
        x = example_samples(form, 4)
        assert exactness.on_host(form, x, ("-O1",), tmp_path / optimize) == 0


@pytest.mark.needs("cc")
@pytest.mark.parametrize("name", CASES)
def test_all_routines_give_the_bytes_of_the_definition(name, tmp_path):
    integer, routine = case(name)
    assert any(isinstance(n.op, QLinear) and n.op.is_kept is not None for n in integer.nodes)
    m4, x = get_target("cortex-m4"), example_samples(integer, 4)
    fast = fastest(integer, m4)
    assert any(isinstance(node.op, routine) for node in fast.nodes)
    forms = [fuse(integer), fast]
    if name in ("fours", "one output"):
        forms += [op_by_op(integer, m4), fastest(integer, m4, by_rows=True)]
    for i, graph in enumerate(forms):
        flags = ("-O1", exactness.APART)
        assert exactness.on_host(graph, x, flags, tmp_path / str(i)) == 0


@pytest.mark.parametrize(
    "target",
    [
        pytest.param(t, marks=pytest.mark.needs(*exactness.emulator.tools(t, "gcc")))
        for t in ("cortex-m4", "cortex-m0", "avr")
    ],
)
def test_targets(target):
    graph = fastest(case("fours")[0], get_target(target))
    sources = exactness.program(graph, example_samples(graph, 3), host=False)
    assert exactness.on_target(sources, target, ("-Os",)) == 0
