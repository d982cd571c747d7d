"""Clip, sign and the code of the nearest kernels: closed forms, refusals, folded limits."""

from __future__ import annotations

import numpy as np
import pytest

from skconv.graph import Clip, Conv, Graph, KNearest, QConv, Sign, TensorSpec
from skconv.passes.quantize import quantize
from skconv.runtime import engine, fixed, reference
from skconv.testing import assert_runtimes_agree, chain, conv, example_samples, quantized_example


def run_all(graph: Graph, x):
    """What reference and torch say, which is the same."""
    wanted = reference.run(graph, x)
    assert np.array_equal(engine.run(graph, x), wanted)
    return wanted


def test_clip_and_sign_in_numbers():
    x = np.array([[-3.0, -0.5, 0.0, 0.5, 9.0]])
    assert run_all(chain(Clip(-1.0, 2.0), shape=(5,)), x).tolist() == [[-1, -0.5, 0, 0.5, 2]]
    assert run_all(chain(Sign(), shape=(5,)), x).tolist() == [[-1, -1, 0, 1, 1]]


@pytest.mark.parametrize(
    ("dtype", "low", "high", "limits"),
    [("int8", -3, 5, (-3, 5)), ("uint8", -3, 500, (0, 255)), ("int8", -300, 0, (-128, 0))],
)
def test_integer_clip_states_its_limits(dtype, low, high, limits):
    info = np.iinfo(dtype)
    graph = Graph(TensorSpec((256,), dtype)).append(Clip(low, high))
    assert graph.output.limits == limits
    x = np.arange(info.min, info.max + 1, dtype=dtype)[None]
    found = fixed.run(graph, x)
    assert (found.min(), found.max()) == limits
    assert_runtimes_agree(graph, x)


@pytest.mark.parametrize(("low", "high"), [(2.0, 3.0), (-5.0, -4.0), (0.1, 0.1001)])
def test_limits_beyond_the_integers_become_the_last_of_them(low, high):
    graph = chain(Clip(low, high), shape=(1,))
    integer = quantize(graph, dict.fromkeys(graph.specs, (-1.0, 1.0)), input_dtype="int8")
    found = fixed.run(integer, np.arange(-127, 128, dtype=np.int8)[:, None])
    wanted = {2.0: {126, 127}, -5.0: {-127, -126}, 0.1: {13, 14}}[low]
    assert set(found.ravel()) == wanted


def test_a_clip_behind_a_convolution_is_its_limits():
    graph = chain(conv(np.random.default_rng(0), (4, 3, 3, 2)), Clip(-0.5, 2.0))
    integer = quantized_example(graph)
    (node,) = (n for n in integer.nodes if n.name == "clip")
    assert isinstance(node.op, QConv)
    low, high = integer.output.limits
    assert low * integer.output.scale == pytest.approx(-0.5, abs=integer.output.scale)
    assert high * integer.output.scale == pytest.approx(2.0, abs=integer.output.scale)
    assert_runtimes_agree(integer, example_samples(integer))


def test_a_sign_behind_a_convolution_is_that_of_its_accumulators():
    """Also of an accumulator of one, which every scale of a map would round to 0."""
    weights = np.array([1, -1], np.float32).reshape(1, 1, 2, 1)
    ops = Conv(weights, np.zeros(1, "f4")), Sign()
    graph = chain(*ops, shape=(1, 3, 1))
    ranges = dict.fromkeys(graph.specs, (0.0, 255.0))
    integer = quantize(graph, ranges, input_dtype="uint8", input_scale=1.0)
    assert [type(node.op) for node in integer.nodes] == [QConv]
    x = np.array([[255, 254, 255], [7, 7, 0]], np.uint8).reshape(2, 1, 3, 1)
    assert fixed.run(integer, x).reshape(2, 2).tolist() == [[1, -1], [0, 1]]
    assert_runtimes_agree(integer, x)


def test_k_nearest_are_the_count_largest():
    rng = np.random.default_rng(0)
    x = rng.permutation(30).reshape(1, 1, 3, 10) - 15.25
    one_side = run_all(chain(KNearest(4, both_signs=False), shape=x.shape[1:]), x)
    assert (one_side.sum(axis=-1) == 4).all()
    assert x[one_side == 1].reshape(3, 4).min(axis=1).tolist() == np.sort(x)[0, 0, :, -4].tolist()
    both = run_all(chain(KNearest(4), shape=x.shape[1:]), x)
    signed = np.concatenate([x, -x], axis=-1)
    assert (np.sort(signed)[..., -4:].sum(axis=-1) == (signed * both).sum(axis=-1)).all()


def test_of_equal_entries_that_are_too_many_none_is_near():
    x = np.array([[2.0, 3.0, 2.0, 1.0], [5.0, 5.0, 5.0, 5.0], [0.0, -0.0, -1.0, -2.0]])
    code = run_all(chain(KNearest(2, both_signs=False), shape=(4,)), x)
    assert code.tolist() == [[0, 1, 0, 0], [0, 0, 0, 0], [1, 1, 0, 0]]
    code = run_all(chain(KNearest(1, both_signs=False), shape=(4,)), x)
    assert code.tolist() == [[0, 1, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]]


@pytest.mark.parametrize("dtype", ["int8", "int16", "uint8"])
def test_k_nearest_of_the_ends_of_a_type(dtype):
    """The negative of the lowest number does not fit its type."""
    info = np.iinfo(dtype)
    x = np.array([[info.min, info.max, 0], [info.min, info.min, info.max]], dtype)
    graph = Graph(TensorSpec((3,), dtype)).append(KNearest(1))
    assert_runtimes_agree(graph, x)
    signed = np.concatenate([x.astype(int), -x.astype(int)], axis=1)
    for row, code in zip(signed, fixed.run(graph, x), strict=True):
        assert code.tolist() == [int((row >= v).sum() <= 1) for v in row]


@pytest.mark.parametrize(
    ("op", "message"),
    [
        (Clip(2.0, 2.0), "Clip needs low < high, got 2.0, 2.0"),
        (KNearest(0), r"KNearest needs count in 1..7 of 8 entries, got 0"),
        (KNearest(4, both_signs=False), r"count in 1..3 of 4 entries, got 4"),
    ],
)
def test_refusals(op, message):
    with pytest.raises(ValueError, match=message):
        chain(op, shape=(4,))


def test_clip_refuses_what_does_not_fit_the_type():
    with pytest.raises(ValueError, match=r"Clip 200\.\.300 of int8 does not fit the type"):
        Clip(200, 300).output(TensorSpec((4,), "int8"))


def test_k_nearest_refuses_what_has_no_negative():
    with pytest.raises(ValueError, match="KNearest needs entries above"):
        KNearest(1).output(TensorSpec((4,), "int32"))
