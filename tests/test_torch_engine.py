"""torch and numpy in float32 against the plain reference, and what only torch promises."""

from __future__ import annotations

import gc
from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from skconv import RandomConvFeatures
from skconv.graph import (
    Abs,
    Affine,
    ArgMax,
    BlockHistogram,
    BothSigns,
    Concat,
    Conv,
    Graph,
    Hash,
    L2Pool,
    Linear,
    Magnitude,
    MaxPool,
    MeanPool,
    Op,
    OvoVote,
    Relu,
    Reshape,
    Square,
    SumPool,
    TensorSpec,
    verify,
)
from skconv.graph.base import Array
from skconv.graph.facts import Facts
from skconv.runtime import numpy_engine, reference, torch_engine

ENGINES = pytest.mark.parametrize("engine", [numpy_engine, torch_engine])


def conv(rng, shape, **options):
    weights = rng.normal(size=shape).astype(np.float32)
    return Conv(weights, rng.normal(size=shape[0]).astype(np.float32), **options)


def assert_like_reference(graph, x, **options):
    wanted = reference.run(verify(graph), x)
    for engine in (numpy_engine, torch_engine):
        found = engine.run(graph, x, **options)
        assert found.dtype == graph.output.dtype
        np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-5 * np.abs(wanted).max())


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 99),
    height=st.integers(1, 9),
    width=st.integers(1, 9),
    channels=st.sampled_from([1, 2, 4]),
    kernel=st.tuples(st.integers(1, 4), st.integers(1, 4)),
    stride=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    dilation=st.tuples(st.integers(1, 2), st.integers(1, 2)),
    pads=st.lists(st.integers(0, 3), min_size=4, max_size=4),
    pad_mode=st.sampled_from(["zero", "circular"]),
    kind=st.sampled_from(["plain", "groups", "shared"]),
)
def test_convolution(seed, height, width, channels, kernel, stride, dilation, pads, pad_mode, kind):
    rng = np.random.default_rng(seed)
    top, bottom, left, right = pads
    if pad_mode == "circular":
        top, bottom = min(top, height), min(bottom, height)
        left, right = min(left, width), min(right, width)
    op = conv(
        rng,
        (4, *kernel, channels if kind == "plain" else 1),
        stride=stride,
        dilation=dilation,
        padding=((top, bottom), (left, right)),
        pad_mode=pad_mode,
        groups=channels if kind == "groups" else 1,
        shared=kind == "shared",
    )
    graph = Graph(TensorSpec((height, width, channels)))
    rows, columns = op.window
    if rows > height + top + bottom or columns > width + left + right:
        with pytest.raises(ValueError, match="larger"):
            graph.append(op).output  # noqa: B018
        return
    assert_like_reference(graph.append(op), rng.normal(size=(3, height, width, channels)))


@pytest.mark.parametrize("stride", [(1, 2), (1, 3), (2, 3), (3, 2)])
@pytest.mark.parametrize("width", [3, 4])
def test_a_single_column_of_one_channel(stride, width):
    """oneDNN computes other numbers where it is given strides that differ."""
    rng = np.random.default_rng(0)
    op = conv(rng, (8, 3, 3, 1), stride=stride)
    graph = Graph(TensorSpec((6, width, 1))).append(op)
    assert_like_reference(graph, rng.normal(size=(3, 6, width, 1)))


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 99),
    shape=st.tuples(st.integers(1, 8), st.integers(1, 8), st.sampled_from([1, 2, 6])),
    size=st.tuples(st.integers(1, 4), st.integers(1, 4)),
    stride=st.tuples(st.integers(1, 5), st.integers(1, 5)),
    pool=st.sampled_from([MaxPool, MeanPool, SumPool, L2Pool]),
)
def test_pooling(seed, shape, size, stride, pool):
    size = tuple(np.minimum(size, shape[:2]).tolist())
    x = np.random.default_rng(seed).normal(size=(3, *shape))
    assert_like_reference(Graph(TensorSpec(shape)).append(pool(size, stride)), x)


@pytest.mark.parametrize("through_view", [False, True])
@pytest.mark.parametrize("op", [Relu(), Abs(), Square(), BothSigns(), Magnitude(), L2Pool()])
def test_a_tensor_that_is_read_again_is_not_written_over(op: Op, through_view):
    """`op` reads the maps, itself or through a view; a second branch reads them later."""
    rng = np.random.default_rng(0)
    graph = Graph(TensorSpec((6, 6, 2))).append(conv(rng, (4, 3, 3, 2)), name="maps")
    if through_view:
        graph = graph.append(Reshape((4, 4, 4)), name="view")
    graph = graph.append(op, name="changed")
    graph = graph.append(Reshape((graph.output.size,)), name="first")
    graph = graph.append(Reshape((64,)), "maps", name="second")
    graph = graph.append(Concat(), "first", "second")
    assert_like_reference(graph, rng.normal(size=(5, 6, 6, 2)))


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.uint8, np.int16, np.int64])
@pytest.mark.parametrize("op", [Abs(), Relu(), Square()])
@ENGINES
def test_the_callers_array_is_never_written(dtype, op, engine):
    x = np.arange(12).reshape(3, 4).astype(dtype)
    x.flags.writeable = False
    before = x.copy()
    found = engine.run(Graph(TensorSpec((4,))).append(op).append(Square()), x)
    np.testing.assert_array_equal(x, before)
    assert found.flags.c_contiguous
    assert found.flags.writeable


@ENGINES
def test_any_chunk_gives_the_same(engine, monkeypatch):
    rng = np.random.default_rng(1)
    graph = Graph(TensorSpec((12, 10, 1))).append(conv(rng, (8, 3, 3, 1))).append(L2Pool())
    x = rng.normal(size=(33, 12, 10, 1)).astype(np.float32)
    whole = engine.run(graph, x, batch_size=33)
    for batch_size in (1, 7, "auto"):
        found = engine.run(graph, x, batch_size=batch_size)
        np.testing.assert_allclose(found, whole, rtol=1e-5)
    is_torch = engine is torch_engine
    monkeypatch.setattr(engine, "CHUNK_BYTES", {"cpu": 10_000} if is_torch else 10_000)
    np.testing.assert_allclose(engine.run(graph, x), whole, rtol=1e-5)


def test_chunks_follow_the_largest_tensor(monkeypatch):
    rng = np.random.default_rng(1)
    graph = Graph(TensorSpec((10, 10, 1))).append(conv(rng, (16, 3, 3, 1))).append(MaxPool())
    sizes = []
    walk = torch_engine._walk

    def counted(plan, chunk):
        sizes.append(len(chunk))
        return walk(plan, chunk)

    monkeypatch.setattr(torch_engine, "_walk", counted)
    map_bytes = 4 * 8 * 8 * 16
    torch_engine.run(graph, np.zeros((10, 10, 10, 1)), chunk_bytes=4 * map_bytes)
    assert sizes == [4, 4, 2]


@ENGINES
def test_no_samples_give_no_rows(engine):
    graph = Graph(TensorSpec((4,))).append(Abs())
    assert engine.run(graph, np.empty((0, 4))).shape == (0, 4)


@ENGINES
def test_decisions_are_int32_and_take_the_first_of_equals(engine):
    graph = Graph(TensorSpec((3,))).append(ArgMax())
    found = engine.run(graph, np.array([[1, 2, 2], [0, 0, 0], [-1, -2, 5.0]]))
    assert found.dtype == np.int32
    np.testing.assert_array_equal(found, [[1], [0], [2]])


@ENGINES
def test_a_tied_pair_votes_for_the_second_class(engine):
    graph = Graph(TensorSpec((3,))).append(OvoVote(3))
    np.testing.assert_array_equal(engine.run(graph, np.zeros((1, 3))), [[0, 1, 2]])


@ENGINES
def test_zero_hashes_to_bit_0_and_the_first_channel_is_the_least_significant(engine):
    graph = Graph(TensorSpec((1, 1, 3))).append(Hash(3))
    x = np.array([[1, 0, 0], [0, 0, 2], [-1, 3, 1e-30]]).reshape(3, 1, 1, 3)
    np.testing.assert_array_equal(engine.run(graph, x).ravel(), [1, 4, 6])


@ENGINES
def test_histograms_are_map_major(engine):
    graph = Graph(TensorSpec((2, 2, 2))).append(BlockHistogram((2, 2), (2, 2), n_bins=3))
    x = np.array([[[0, 1], [0, 1]], [[0, 2], [2, 2]]])[None]
    np.testing.assert_array_equal(engine.run(graph, x).ravel(), [3, 0, 1, 0, 2, 2])


def test_wrong_input_is_named():
    graph = Graph(TensorSpec((4,))).append(Abs())
    for engine in (numpy_engine, torch_engine):
        with pytest.raises(ValueError, match=r"x has shape \(2, 5\), expected \(n_samples, 4\)"):
            engine.run(graph, np.zeros((2, 5)))
        with pytest.raises(ValueError, match="float graphs"):
            engine.run(Graph(TensorSpec((4,), "int8")), np.zeros((2, 4)))
    with pytest.raises(ValueError, match="'cuda' needs torch"):
        numpy_engine.run(graph, np.zeros((2, 4)), device="cuda")
    wide = Graph(TensorSpec((4,))).append(Affine(np.ones(4, "f4"), np.zeros(4, "f4")))
    if not torch.cuda.is_available():
        with pytest.raises(ValueError, match="finds no CUDA device"):
            torch_engine.run(wide, np.zeros((2, 4)), device="cuda")


@ENGINES
def test_auto_takes_what_there_is(engine):
    graph = Graph(TensorSpec((4,))).append(Abs())
    found = engine.run(graph, np.full((2, 4), -3.0), device="auto")
    np.testing.assert_array_equal(found, np.full((2, 4), 3.0))


def test_an_unknown_op_says_so():
    class Unknown(Op):
        pass

    with pytest.raises(NotImplementedError, match="Unknown has no float reference"):
        torch_engine.apply(Unknown(), torch.zeros(1, 1))


def test_a_second_run_builds_nothing_anew(monkeypatch):
    graph = Graph(TensorSpec((3,))).append(Linear(np.eye(3, dtype="f4"), np.zeros(3, "f4")))
    x = np.ones((2, 3), np.float32)
    plans: list[Graph] = []
    before = torch_engine._plan
    monkeypatch.setattr(torch_engine, "_plan", lambda *of: plans.append(of[0]) or before(*of))
    first, second = torch_engine.run(graph, x), torch_engine.run(graph, 2 * x)
    assert np.array_equal(2 * first, second)
    assert len(plans) == 1
    torch_engine.run(replace(graph), x)
    assert len(plans) == 2


def test_a_second_transform_builds_nothing_anew(monkeypatch):
    X = np.random.default_rng(0).random((5, 8, 8))
    features = RandomConvFeatures(n_kernels=2, random_state=0).fit(X)
    wanted = features.transform(X)
    monkeypatch.setattr(torch_engine, "_plan", None)
    assert np.array_equal(features.transform(X), wanted)


def test_a_plan_is_gone_with_its_graph():
    graph = Graph(TensorSpec((3,))).append(Abs())
    known = len(torch_engine._PLANS)
    torch_engine.run(graph, np.ones((2, 3)))
    assert len(torch_engine._PLANS) == known + 1
    del graph
    gc.collect()
    assert len(torch_engine._PLANS) <= known


def test_each_device_has_a_plan_of_its_own():
    graph = Graph(TensorSpec((3,))).append(Linear(np.eye(3, dtype="f4"), np.zeros(3, "f4")))
    cpu, meta = (torch_engine._plan_of(graph, torch.device(name)) for name in ("cpu", "meta"))
    assert cpu.steps[0].op.weights.device.type == "cpu"
    assert meta.steps[0].op.weights.device.type == "meta"


def test_an_op_without_a_form_in_torch_is_computed_by_its_definition():
    @dataclass(frozen=True)
    class Shifted(Op):
        facts = Facts("entrywise")
        by: Array

        def output(self, *inputs: TensorSpec) -> TensorSpec:
            return inputs[0]

    @reference.evaluate.register(Shifted)
    def _(op, x):
        return x + op.by

    graph = Graph(TensorSpec((3,))).append(Shifted(np.float32([1, 2, 3]))).append(Relu())
    assert torch_engine.run(graph, -2 * np.ones((1, 3))).tolist() == [[0, 0, 1]]
