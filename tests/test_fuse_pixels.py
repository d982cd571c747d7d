"""Stages with ops on whole pixels: contrast, triangle, k nearest, limits, signs. No map is kept."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import RidgeClassifier
from sklearn.pipeline import make_pipeline

from skconv import KMeansConvFeatures, datasets, emulator, to_c
from skconv.codegen.interface import Interface
from skconv.codegen.render import render
from skconv.codegen.routines.row_stage import DspRowStage
from skconv.graph import (
    INPUT,
    ArgMax,
    Clip,
    Divide,
    Fused,
    Graph,
    KNearest,
    L2Pool,
    LocalContrast,
    MaxPool,
    MeanPool,
    Op,
    Reshape,
    Sign,
    SoftThreshold,
    TensorSpec,
    Triangle,
)
from skconv.runtime import fixed
from skconv.target.cost import report
from skconv.target.memory import overlaps, plan_memory
from skconv.target.targets import get_target
from skconv.testing import (
    assert_runtimes_agree,
    conv,
    example_samples,
    linear,
    quantized_example,
)
from tests import exactness
from tests.selecting import fastest, fuse

RNG = np.random.default_rng(0)
ZEROS = ((1, 1), (1, 1))
CODES: dict[str, Op | None] = {
    "none": None,
    "triangle": Triangle(RNG.normal(size=(5, 6)).astype("f4")),
    "k nearest": KNearest(3),
    "clip": Clip(-0.5, 0.7),
    "sign": Sign(),
    "soft": SoftThreshold(np.linspace(0, 1, 6, dtype="f4")),
}
FORMS = ("whole", "rows")


def stage(
    code: Op | None, pool: Op, *, contrast: bool, shape=(14, 13, 2), size=(3, 3), padding=ZEROS
) -> Graph:
    """Convolution, perhaps its contrast, a code, a pooling, a classifier: integers."""
    kernels = conv(RNG, (6, *size, shape[2]), padding=padding)
    graph = Graph(TensorSpec(shape)).append(kernels)
    if contrast:
        responses = graph.output_name
        graph = graph.append(LocalContrast(size, (1, 1), padding, eps=0.5), INPUT)
        graph = graph.append(Divide(), responses, graph.output_name)
    for op in (code, pool):
        graph = graph if op is None else graph.append(op)
    n_features = graph.output.size
    graph = graph.append(Reshape((n_features,))).append(linear(RNG, 3, n_features))
    return quantized_example(graph.append(ArgMax()), input_dtype="int8")


def for_core(graph: Graph, target: str, form: str) -> Graph:
    by_rows = form == "rows"
    return fastest(graph, get_target(target), by_rows=by_rows)


def check(graph: Graph, special: Graph) -> None:
    x = example_samples(special, 4)
    given = x.reshape(len(x), *graph.input.shape)
    assert np.array_equal(fixed.run(special, x), fixed.run(graph, given))
    assert_runtimes_agree(special, x)
    assert not overlaps(plan_memory(special))


@pytest.mark.parametrize("contrast", [False, True], ids=["plain", "contrast"])
@pytest.mark.parametrize("name", CODES)
def test_a_stage_is_one_op_with_the_same_bytes(name, contrast):
    pool = MaxPool((3, 3), (2, 2)) if contrast else MeanPool((4, 4), (4, 4))
    graph = stage(CODES[name], pool, contrast=contrast)
    fused = fuse(graph)
    assert [type(node.op) for node in fused.nodes] == [Fused, ArgMax]
    assert plan_memory(fused).arena_bytes < plan_memory(graph).arena_bytes / 4
    check(graph, fused)


@pytest.mark.parametrize("name", CODES)
def test_rows_of_pixels_on_a_core_with_the_dsp_extension(name):
    graph = stage(CODES[name], L2Pool((4, 3), (3, 3)), contrast=True)
    special = for_core(graph, "cortex-m4", "whole")
    assert isinstance(special.nodes[0].op, DspRowStage)
    check(graph, special)


@pytest.mark.parametrize("name", ["triangle", "k nearest"])
@pytest.mark.parametrize("target", ["portable", "cortex-m4"])
def test_rows_of_the_input(name, target):
    contrast = target == "portable"
    graph = stage(CODES[name], L2Pool((4, 3), (3, 3)), contrast=contrast)
    check(graph, for_core(graph, target, "rows"))


@pytest.mark.parametrize("target", ["portable", "cortex-m4"])
def test_signals_and_kernels_of_one_pixel(target):
    for shape, size, padding in (
        ((1, 60, 1), (1, 5), ((0, 0), (2, 2))),
        ((9, 10, 3), (1, 1), ((0, 0), (0, 0))),
    ):
        pool = MeanPool((1, 4), (1, 3))
        for contrast in (False, True):
            graph = stage(
                CODES["triangle"],
                pool,
                contrast=contrast,
                shape=shape,
                size=size,
                padding=padding,
            )
            check(graph, for_core(graph, target, FORMS[contrast]))


def test_what_is_not_one_stage():
    """A contrast of other patches, or one that something else reads."""
    fine = stage(None, MaxPool(), contrast=True)
    assert len(fuse(fine).nodes) == 2
    kernels = conv(RNG, (6, 3, 3, 2))
    graph = Graph(TensorSpec((14, 13, 2))).append(kernels).append(
        LocalContrast((5, 5), (1, 1), ZEROS), INPUT
    )  # fmt: skip
    other = graph.append(Divide(), "conv", graph.output_name).append(MaxPool())
    assert not any(isinstance(n.op, Fused) for n in fuse(quantized_example(other)).nodes)


@pytest.mark.needs("cc", *emulator.tools("cortex-m4"), *emulator.tools("cortex-m0"))
@pytest.mark.parametrize(
    ("target", "core"), [("cortex-m4", "cortex-m4"), ("portable", "cortex-m0")]
)
def test_the_bytes_on_simulated_cores(target, core):
    graph = stage(CODES["triangle"], MeanPool((4, 4), (4, 4)), contrast=True)
    special = for_core(graph, target, "whole")
    sources = exactness.program(special, example_samples(special, 3), host=False)
    assert exactness.on_target(sources, core) == 0
    sizes = emulator.object_sizes(render(special, "m"), target=core)
    assert sizes.bss == plan_memory(special).arena_bytes == report(special).ram_bytes
    assert sizes.tables == report(special).flash_bytes


@pytest.mark.needs(*emulator.tools("avr"))
def test_the_bytes_on_avr():
    graph = stage(CODES["triangle"], MeanPool((4, 4), (4, 4)), contrast=True)
    special = fuse(graph)
    sources = exactness.program(special, example_samples(special, 2), host=False)
    assert exactness.on_target(sources, "avr") == 0


@pytest.mark.needs("cc")
@pytest.mark.parametrize("target", ["portable", "cortex-m4"])
def test_under_sanitizers(target, tmp_path):
    graph = stage(CODES["triangle"], MeanPool((4, 4), (4, 4)), contrast=True)
    special = for_core(graph, target, "whole")
    program = exactness.program(special, example_samples(special, 3), host=True)
    assert exactness.run_program(program, exactness.SANITIZERS, tmp_path) == 0


def test_the_function_serves_an_arena_of_the_caller():
    special = for_core(stage(CODES["triangle"], MaxPool(), contrast=True), "cortex-m4", "whole")
    text = render(special, "m", interface=Interface(arena="caller"))["m.c"]
    assert "static void pixelwise_" in text
    assert "arena" not in text[text.index("static void pixelwise_") :].split("\n}\n")[0]


def test_the_triangle_of_k_means_keeps_no_map():
    X, y = datasets.load_digits()
    features = KMeansConvFeatures(
        n_kernels=12, kernel_size=4, nonlinearity="triangle", pool_size="quadrants", random_state=0
    )
    pipe = make_pipeline(features, RidgeClassifier()).fit(X[:300], y[:300])
    model = to_c(pipe, X[:100])
    maps = 8 * 8 * 16 * 2  # int16, one kernel for every entry of a patch
    assert model.report().ram_bytes < maps
    assert to_c(pipe, X[:100], optimize="size").report().ram_bytes < maps / 8
    assert model.verify(X[300:340]).differing_bytes == 0
