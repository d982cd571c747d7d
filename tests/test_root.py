"""The signed root: closed forms, its integers, and that stages take it in."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from skconv import NotConvertibleError, emulator, to_graph
from skconv.codegen import render as printer
from skconv.graph import (
    Abs,
    ArgMax,
    BlockHistogram,
    Graph,
    Hash,
    L2Pool,
    MaxPool,
    MeanPool,
    QRoot,
    Requantization,
    Reshape,
    Root,
    SoftThreshold,
    TensorSpec,
)
from skconv.passes.quantize import quantize
from skconv.runtime import fixed, reference, torch_engine
from skconv.target.memory import plan_memory
from skconv.target.targets import get_target
from skconv.testing import (
    assert_runtimes_agree,
    chain,
    conv,
    example_samples,
    linear,
    quantized_example,
)
from tests.exactness import SANITIZERS, on_target, run_program
from tests.integer_graphs import requantization, samples, signed_root
from tests.selecting import fastest, fuse
from tests.test_stream import pushing_program

RNG = np.random.default_rng(0)
SOFT = SoftThreshold(np.array([0, 0.3, 0.6, 2], "f4"))
POOLS = [MaxPool(), MeanPool((3, 2), (3, 2)), L2Pool((2, 3), (3, 3)), MeanPool((3, 3), (2, 2))]


def classes(graph: Graph) -> list[str]:
    return [type(node.op).__name__ for node in graph.nodes]


# ---------------------------------------------------------------------------- the numbers


def test_root_in_numbers():
    graph = chain(Root(), shape=(6,))
    x = np.array([[-9.0, -0.25, 0.0, 1e-8, 2.0, 1e6]])
    wanted = [[-3, -0.5, 0, 1e-4, np.sqrt(2.0), 1e3]]
    np.testing.assert_allclose(reference.run(graph, x), wanted, rtol=1e-12)
    np.testing.assert_allclose(torch_engine.run(graph, x), wanted, rtol=1e-6)


def test_integers_in_numbers():
    """With 4 bits of fraction, and a rule that keeps the root as it is."""
    as_it_is = Requantization(np.array([2**30], np.int32), 2, 1.0, "int16", -999, 999)
    op = QRoot(8, as_it_is)
    x = np.array([[-100, -1, 0, 1, 2, 3, 7, 100]], np.int16)
    spec = TensorSpec((8,), "int16", minimum=-100, maximum=100)
    assert op.output(spec).limits == (-999, 999)
    # 16 times the roots 10, 1, 0, 1, 1.414, 1.732, 2.646, 10.
    assert fixed.evaluate(op, x).tolist() == [[-160, -16, 0, 16, 23, 28, 42, 160]]


@pytest.mark.parametrize("low", [0.0, -5.0])
@pytest.mark.parametrize("bits", [8, 16])
def test_every_int16_is_as_near_as_its_result_allows(low, bits):
    """Half a unit of the result, half a unit of the root before, and of the multiplier."""
    graph = chain(Root(), shape=(1,))
    ranges = {"input": (low, 5.0), "root": (-(abs(low) ** 0.5), 5.0**0.5)}
    given = {"input_dtype": "int16", "input_scale": 5 / 32768}
    integer = quantize(graph, ranges, **given, output_bits=bits)
    (root,) = integer.nodes
    x = np.arange(0 if low == 0 else -32768, 32768, dtype=np.int16)[:, None]
    found = fixed.run(integer, x) * integer.output.scale
    error = np.abs(found - reference.run(graph, x * integer.input.scale))
    assert integer.output.dtype == ("int16" if bits == 16 else "int8" if low else "uint8")
    rule = root.op.requantization
    of_gain = rule.maximum / (2 * int(rule.multiplier[0]))
    unit = integer.input.scale**0.5 / 2 ** (root.op.shift // 2)
    assert unit <= max(integer.output.scale / 2, np.sqrt(5.0) / 2**14)
    assert error[x > -32768].max() <= integer.output.scale * (0.5 + of_gain) + unit / 2


def test_small_means_keep_their_roots():
    """A mean of 8 bits would make 0 of everything below one part in 510."""
    graph = chain(MeanPool(), Root(), shape=(4, 4, 1))
    ranges = {"input": (0.0, 255.0), "meanpool": (0.0, 255.0), "root": (0.0, 255.0**0.5)}
    integer = quantize(graph, ranges, input_dtype="uint8", input_scale=1.0)
    x = np.zeros((1, 4, 4, 1), np.uint8)
    x[0, 0, 0], x[0, 2, 2] = 1, 255
    root = fixed.run(integer, x)[0, ..., 0] * integer.output.scale
    assert integer.output.dtype == "uint8"
    assert integer.specs["meanpool"].dtype == "int16"
    np.testing.assert_allclose(root, [[0.5, 0], [0, 63.75**0.5]], atol=integer.output.scale)


@pytest.mark.parametrize("dtype", ["uint8", "int8", "int16"])
def test_c_on_the_ends_of_every_type(dtype):
    info = np.iinfo(dtype)
    spec = TensorSpec((5,), dtype, minimum=int(info.min), maximum=int(info.max))
    magnitude = max(-int(info.min), int(info.max))
    for shift in (0, 2, 30 - magnitude.bit_length() & ~1):
        graph = Graph(spec).append(signed_root(RNG, spec, shift, "int16"))
        graph = graph.append(signed_root(RNG, spec, shift, "int8", channels=5), "input")
        x = np.array([[info.min, info.min + 1, 0, 1, info.max]], dtype)
        assert_runtimes_agree(graph, x)


def test_c_on_scores_up_to_31_bits():
    spec = TensorSpec((4,), "int32", minimum=-(2**31) + 1, maximum=2**31 - 1)
    graph = Graph(spec).append(signed_root(RNG, spec, 0, "int16"))
    wanted = fixed.run(graph, np.array([[-(2**31) + 1, -1, 0, 2**31 - 1]], np.int32))
    assert wanted[0, 0] == -wanted[0, 3] < 0


@pytest.mark.parametrize(
    ("shift", "magnitude", "message"),
    [
        (3, 100, "QRoot needs an even shift >= 0, got 3"),
        (-2, 100, "QRoot needs an even shift >= 0, got -2"),
        (26, 100, "QRoot: accumulator up to 6710886400 does not fit int32"),
    ],
)
def test_refusals(shift, magnitude, message):
    x = TensorSpec((4,), "int8", minimum=-magnitude, maximum=magnitude)
    with pytest.raises(ValueError, match=message):
        QRoot(shift, requantization(RNG, 10)).output(x)


# ----------------------------------------------------------------------------- in stages


def rooted(pool, *, flat_first: bool, headed: bool, middle=SOFT, channels: int = 2) -> Graph:
    """Root before or behind the flatten: of a stage, or of a step of a Pipeline."""
    kernels = conv(RNG, (4, 3, 3, channels))
    graph = chain(kernels, *([middle] if middle else []), pool, shape=(12, 11, channels))
    flatten = Reshape((graph.output.size,))
    for op in (flatten, Root()) if flat_first else (Root(), flatten):
        graph = graph.append(op)
    if headed:
        graph = graph.append(linear(RNG, 3, graph.output.size)).append(ArgMax())
    return quantized_example(graph, input_dtype="int8")


@pytest.mark.parametrize("pool", POOLS)
@pytest.mark.parametrize("flat_first", [False, True])
@pytest.mark.parametrize("headed", [False, True])
def test_a_stage_takes_the_root_in(pool, flat_first, headed):
    for channels, middle in ((1, SOFT), (2, None)):
        graph = rooted(pool, flat_first=flat_first, headed=headed, middle=middle, channels=channels)
        rest = ["ArgMax"] if headed else [] if flat_first else ["Reshape"]
        fused = fuse(graph)
        assert classes(fused) == ["Fused", *rest]
        x = samples(np.random.default_rng(1), graph.input, 6)
        assert np.array_equal(fixed.run(fused, x), fixed.run(graph, x))


@pytest.mark.needs("cc")
@pytest.mark.parametrize(("index", "pool"), list(enumerate(POOLS)))
def test_stages_with_a_root_in_c(index, pool):
    for channels, headed in ((1, index % 2 == 0), (2, index % 2 == 1)):
        fused = fuse(rooted(pool, flat_first=index > 1, headed=headed, channels=channels))
        packed = fastest(fused, get_target("cortex-m4"))
        assert classes(packed)[0] == ("DspStage" if channels + index // 3 == 1 else "DspRowStage")
        x = samples(np.random.default_rng(1), fused.input, 6)
        assert_runtimes_agree(fused, x)
        assert_runtimes_agree(packed, x)


@pytest.mark.parametrize("target", ["portable", "cortex-m4"])
def test_a_root_needs_no_memory(target):
    """The pooled map of 16 bits is not kept: only a window's sums are."""
    nbytes = []
    for ops in ((), (Root(),)):
        graph = chain(conv(RNG, (4, 3, 3, 1)), SOFT, MeanPool(), *ops, shape=(12, 12, 1))
        graph = graph.append(Reshape((graph.output.size,)))
        graph = quantized_example(graph.append(linear(RNG, 3, graph.output.size)))
        packed = fastest(graph, get_target(target), "size")
        nbytes.append(plan_memory(packed).arena_bytes)
    assert nbytes[1] == nbytes[0]


def test_what_a_stage_does_not_take_in():
    """Counts of a histogram grow in the output; two roots; several multipliers."""
    codes = conv(RNG, (4, 3, 3, 2))
    counts = quantized_example(chain(codes, Hash(4), BlockHistogram((3, 3), (3, 3), 16), Root()))
    assert classes(fuse(counts)) == ["Fused", "QRoot"]
    twice = quantized_example(chain(conv(RNG, (4, 3, 3, 2)), Abs(), MeanPool(), Root(), Root()))
    assert classes(fuse(twice)) == ["Fused", "QRoot"]
    graph = quantized_example(chain(conv(RNG, (4, 3, 3, 2)), Abs(), MeanPool()))
    graph = graph.append(signed_root(RNG, graph.output, 4, channels=4))
    assert classes(fuse(graph)) == ["Fused", "QRoot"]
    for other in (counts, twice, graph):
        assert_runtimes_agree(fuse(other), example_samples(other, 5))


# ------------------------------------------------------------------------ rows, and targets


def by_rows(graph: Graph, target: str) -> Graph:
    return fastest(graph, get_target(target), by_rows=True)


@pytest.mark.needs("cc")
@settings(max_examples=4, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.sampled_from(POOLS),
    st.booleans(),
    st.booleans(),
    st.sampled_from([1, 2]),
    st.sampled_from(["portable", "cortex-m4"]),
)
def test_pushed_rows_under_sanitizers(tmp_path_factory, pool, flat_first, headed, channels, target):
    graph = rooted(pool, flat_first=flat_first, headed=headed, channels=channels)
    program = pushing_program(by_rows(graph, target), samples(RNG, graph.input, 4), host=True)
    assert run_program(program, SANITIZERS, tmp_path_factory.mktemp("rows")) == 0


@pytest.mark.needs(*emulator.tools("cortex-m4"))
@pytest.mark.parametrize(
    ("channels", "pool", "routine"),
    [
        (1, MeanPool(), "StreamedDspStage"),
        (1, MeanPool((3, 3), (2, 2)), "StreamedDspRowStage"),
        (2, L2Pool(), "StreamedDspRowStage"),
    ],
)
def test_pushed_rows_on_cortex_m4(channels, pool, routine):
    graph = rooted(pool, flat_first=True, headed=True, channels=channels)
    streamed = by_rows(graph, "cortex-m4")
    assert classes(streamed)[0] == routine
    program = pushing_program(streamed, samples(RNG, graph.input, 4), host=False)
    assert on_target(program, "cortex-m4") == 0


@pytest.mark.needs(*emulator.tools("cortex-m4"))
def test_ram_of_the_object_is_that_of_the_plan():
    streamed = by_rows(rooted(MeanPool(), flat_first=True, headed=True, channels=1), "cortex-m4")
    sizes = emulator.object_sizes(printer.render(streamed, "m"), target="cortex-m4")
    assert sizes.bss == plan_memory(streamed).arena_bytes
    assert sizes.data == 0


# ----------------------------------------------------------------------------- in Pipelines


def test_numpy_sqrt_in_a_pipeline():
    X = RNG.uniform(0, 9, (60, 5)).astype(np.float32)
    y = (np.sqrt(X).sum(axis=1) > 10).astype(int)
    pipe = make_pipeline(FunctionTransformer(np.sqrt), LogisticRegression()).fit(X, y)
    graph = to_graph(pipe)
    assert classes(graph) == ["Root", "Linear", "Threshold"]
    assert np.array_equal(graph.classes[reference.run(graph, X)[:, 0]], pipe.predict(X))
    # Where numpy says NaN the graph goes on with the sign.
    alone = to_graph(FunctionTransformer(np.sqrt).fit(X))
    assert reference.run(alone, np.array([[-4.0, 0, 1, 4, 9]])).tolist() == [[-2, 0, 1, 2, 3]]


def test_what_cannot_be_converted():
    bound = FunctionTransformer(np.sqrt, kw_args={"where": True}).fit(np.ones((2, 3)))
    with pytest.raises(NotConvertibleError, match="kw_args"):
        to_graph(bound)
    with pytest.raises(NotConvertibleError, match=r"func.*np\.sqrt"):
        to_graph(FunctionTransformer(np.cbrt).fit(np.ones((2, 3))))
