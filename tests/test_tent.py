"""Pooling by tents: the weights, what they are for, their integers, and stages that take them."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import correlate2d
from scipy.signal.windows import triang
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from skconv import ConvFeatures, ConvStage, RandomConvFeatures, emulator, to_c, to_graph
from skconv.codegen.emit_streamed import StreamedStage
from skconv.codegen.routines.base import Optimize
from skconv.codegen.select import select
from skconv.codegen.work import work
from skconv.graph import (
    ArgMax,
    BothSigns,
    Fused,
    Graph,
    KNearest,
    L2Pool,
    Magnitude,
    MaxPool,
    MeanPool,
    Op,
    QTentPool,
    Reshape,
    Root,
    SoftThreshold,
    Square,
    TensorSpec,
    TentPool,
    tent,
)
from skconv.graph.limits import ACCUMULATOR_MAX
from skconv.kernels import RandomKernels
from skconv.passes.scales import requantization
from skconv.runtime import engine, fixed, numpy_engine, reference, torch_engine
from skconv.target.targets import get_target
from skconv.testing import assert_runtimes_agree, chain, conv, linear, quantized_example
from tests.exactness import SANITIZERS, on_target, run_program
from tests.integer_graphs import samples
from tests.selecting import fastest, fuse
from tests.test_stream import pushing_program

RNG = np.random.default_rng(0)
IMAGES = RNG.integers(0, 256, (60, 12, 10), np.uint8)
LABELS = RNG.integers(0, 3, 60)
SOFT = SoftThreshold(np.array([0, 0.3, 0.6, 2], "f4"))
# Windows that overlap, each about twice its stride; that lie apart; on rows of pixels alone.
TENTS = [TentPool((4, 5), (2, 2)), TentPool((3, 2), (4, 3)), TentPool((1, 6), (1, 3))]


# ---------------------------------------------------------------------------- the numbers


@pytest.mark.parametrize("size", [1, 2, 3, 8, 9])
def test_the_weights_are_those_of_the_triangular_window(size):
    np.testing.assert_allclose(tent(size) / tent(size).max(), triang(size) / triang(size).max())
    assert np.gcd.reduce(tent(size)) == 1


@pytest.mark.parametrize("half", [1, 2, 3, 4])
def test_every_pixel_counts_the_same_where_windows_overlap_by_half(half):
    graph = Graph(TensorSpec((1, 8 * half, 1))).append(TentPool((1, 2 * half), (1, half)))
    found = reference.run(graph, np.eye(8 * half)[:, None, :, None]).sum(axis=(1, 2, 3))
    inside = found[half:-half]
    np.testing.assert_allclose(inside, 1 / half)


@pytest.mark.parametrize("op", TENTS)
@pytest.mark.parametrize("run", [reference.run, numpy_engine.run, torch_engine.run])
def test_windows_are_means_weighted_along_both_axes(op, run):
    maps = RNG.normal(size=(3, 9, 11, 2)).astype("f4")
    found = run(Graph(TensorSpec((9, 11, 2))).append(op), maps)
    kernel = np.outer(*(triang(size) / triang(size).sum() for size in op.size))
    for n, c in np.ndindex(3, 2):
        full = correlate2d(maps[n, ..., c].astype(float), kernel, mode="valid")
        wanted = full[:: op.stride[0], :: op.stride[1]]
        np.testing.assert_allclose(found[n, ..., c], wanted, rtol=1e-5, atol=1e-6)


def test_integers_in_numbers():
    plain = requantization(1.0, 99, TensorSpec((1,), "int16", 1.0))
    op = QTentPool((1, 4), (1, 2), requantization=plain)
    x = np.array([1, 0, 0, 2, 0, -1]).reshape(1, 1, 6, 1)
    # 1 3 3 1 on the first and the last four
    assert fixed.evaluate(op, x).ravel().tolist() == [3, 5]
    assert op.weight == 8


def test_sums_fit_int32_however_large_the_window_is():
    """The weights of 200 x 200 come to 10^8: what is read has few levels."""
    graph = chain(TentPool((200, 200), (200, 200)), shape=(200, 200, 1))
    integers = quantized_example(graph, input_dtype="int8")
    pool = integers.nodes[-1]
    read = integers.specs[pool.inputs[0]]
    assert pool.op.weight * read.magnitude <= ACCUMULATOR_MAX
    with pytest.raises(ValueError, match="does not fit int32"):
        pool.op.output(TensorSpec(read.shape, "int16"))


# -------------------------------------------------------------------------------- stages


def stage(
    pool: Op,
    *,
    middle: Op | None = SOFT,
    channels: int = 1,
    n_kernels: int = 4,
    headed: bool = True,
    groups: int = 1,
) -> Graph:
    kernels = conv(RNG, (n_kernels, 3, 3, channels // groups), groups=groups)
    ops = (kernels, *([middle] if middle else []), pool, Root())
    graph = chain(*ops, shape=(12, 11, channels))
    graph = graph.append(Reshape((graph.output.size,)))
    if headed:
        graph = graph.append(linear(RNG, 3, graph.output.size)).append(ArgMax())
    return quantized_example(graph, input_dtype="int8")


@pytest.mark.parametrize("pool", TENTS)
def test_a_stage_takes_tents_in(pool):
    fused = fuse(graph := stage(pool))
    assert isinstance(fused.nodes[0].op, Fused)
    x = samples(np.random.default_rng(1), graph.input, 6)
    assert np.array_equal(fixed.run(fused, x), fixed.run(graph, x))


@pytest.mark.needs("cc")
@pytest.mark.parametrize(("pool", "target"), [(TENTS[0], "cortex-m4"), (TENTS[1], "portable")])
def test_tents_in_c(pool, target):
    graph = stage(pool, channels=2, headed=pool is TENTS[0])
    x = samples(np.random.default_rng(1), graph.input, 6)
    assert_runtimes_agree(fastest(graph, get_target(target)), x)


# ------------------------------------------------------------------- kernel after kernel


def by_rows(graph: Graph, optimize: Optimize = "size", target: str = "portable") -> Graph:
    return select(graph, get_target(target), optimize, by_rows=True)


def is_by_kernel(graph: Graph) -> bool:
    op = graph.nodes[0].op
    return isinstance(op, StreamedStage) and op.by_kernel


OVERLAPPING = [
    (TENTS[0], SOFT, 1, True),
    (MaxPool((3, 4), (1, 2)), None, 1, False),
    (MeanPool((5, 4), (2, 6)), BothSigns(), 1, True),
    (L2Pool((4, 3), (3, 1)), Square(), 2, False),
]


@pytest.mark.needs("cc")
def test_kernel_after_kernel_under_sanitizers(tmp_path):
    x = np.random.default_rng(1)
    for i, (pool, middle, channels, headed) in enumerate(OVERLAPPING):
        graph = stage(pool, middle=middle, channels=channels, headed=headed)
        streamed = by_rows(graph)
        assert is_by_kernel(streamed)
        program = pushing_program(streamed, samples(x, graph.input, 3), host=True)
        assert run_program(program, SANITIZERS, tmp_path / str(i)) == 0


@pytest.mark.needs(*emulator.tools("cortex-m4"))
@pytest.mark.parametrize("optimize", ["size", "speed"])
def test_pushed_rows_on_cortex_m4(optimize):
    graph = stage(TENTS[0])
    streamed = by_rows(graph, optimize, "cortex-m4")
    assert is_by_kernel(streamed) == (optimize == "size")
    program = pushing_program(streamed, samples(RNG, graph.input, 4), host=False)
    assert on_target(program, "cortex-m4") == 0


def test_sums_of_one_kernel_are_kept_whatever_their_number():
    """Rows of the image that a window covers, and the sums of a row of windows, both signs."""
    nbytes = []
    for n_kernels in (20, 40):
        soft = SoftThreshold(np.full(n_kernels, 0.3, "f4"))
        op = by_rows(stage(TentPool((8, 8), (4, 4)), middle=soft, n_kernels=n_kernels)).nodes[0].op
        assert isinstance(op, StreamedStage)
        nbytes.append(op.scratch_bytes)
    n_rows, n_columns, n_windows, progress = 8 + 3 - 1, 11, 1, 8
    assert nbytes == [n_rows * n_columns + n_windows * 2 * 4 + progress] * 2


def test_rows_that_windows_share_are_counted_as_often_as_they_are_computed():
    small, fast = (by_rows(stage(TENTS[0]), optimize) for optimize in ("size", "speed"))
    parts = [work(g.nodes[0].op, g.input, g.specs[g.nodes[0].name]) for g in (small, fast)]
    counts = [part["pixels"] for part in parts]
    n_windows, n_rows = 4, 10
    assert counts[0] == counts[1] * n_windows * 4 / n_rows


@pytest.mark.parametrize(
    ("pool", "middle", "options"),
    [
        (MeanPool((2, 2), (2, 2)), SOFT, {}),  # windows apart: one row of sums
        (TENTS[0], Magnitude(), {}),  # pairs of kernels
        (TENTS[0], KNearest(3), {}),  # all of a pixel
        (TENTS[0], None, {"groups": 2}),
    ],
)
def test_what_is_not_computed_kernel_after_kernel(pool, middle, options):
    graph = stage(pool, middle=middle, channels=2, **options)
    assert not is_by_kernel(by_rows(graph))


# ----------------------------------------------------------------------------- extractors


def test_tents_are_half_their_size_apart_unless_told():
    def pools(**parameters):
        stage = ConvStage(kernels=RandomKernels(n_kernels=2, kernel_size=3), **parameters)
        graph = ConvFeatures([stage]).fit(IMAGES).graph_
        return [(n.op.size, n.op.stride) for n in graph.nodes if isinstance(n.op, TentPool)]

    assert pools(pool="tent", pool_size=(5, 4)) == [((5, 4), (3, 2))]
    assert pools(pool="tent", pool_size=4, pool_stride=3) == [((4, 4), (3, 3))]
    assert pools(pool="tent", pool_size="quadrants") == [((6, 5), (6, 5))]
    assert pools(pool="mean", pool_size=4) == []


@pytest.mark.needs("cc")
def test_a_pipeline_with_tents():
    features = RandomConvFeatures(
        n_kernels=3,
        kernel_size=3,
        padding="full",
        nonlinearity="both_signs",
        pool="tent",
        pool_size=4,
        random_state=0,
    )
    pipe = make_pipeline(features, LogisticRegression(C=1e-3, max_iter=1000)).fit(IMAGES, LABELS)
    assert pipe[:-1].transform(IMAGES).shape == (60, 6 * 5 * 6)
    found = engine.run(to_graph(pipe), IMAGES.reshape(60, -1))[:, 0]
    assert np.array_equal(pipe.classes_[found.astype(int)], pipe.predict(IMAGES))
    model = to_c(pipe, IMAGES, conv_bits=16, linear_bits=16)
    assert np.mean(model.predict(IMAGES) == pipe.predict(IMAGES)) > 0.95
    assert model.verify(IMAGES).differing_bytes == 0
