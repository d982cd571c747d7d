"""Input row by row: the bytes of the whole image, in the RAM that the plan says."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from skconv import emulator
from skconv.codegen.interface import Interface
from skconv.codegen.render import render
from skconv.codegen.routines.base import Optimize
from skconv.codegen.text import table
from skconv.graph import (
    Abs,
    ArgMax,
    BlockHistogram,
    BothSigns,
    Graph,
    Hash,
    L2Pool,
    Magnitude,
    MaxPool,
    MeanPool,
    Permute,
    Relu,
    Reshape,
    SoftThreshold,
    Square,
    TensorSpec,
)
from skconv.runtime import fixed
from skconv.target.cost import report
from skconv.target.memory import overlaps, plan_memory
from skconv.target.targets import get_target
from skconv.testing import assert_runtimes_agree, conv, example_samples, linear
from skconv.testing import quantized_example as quantized
from tests.exactness import SANITIZERS, on_target, run_program
from tests.mcu.rows import budget, head
from tests.selecting import fastest

M4 = emulator.tools("cortex-m4")
M0 = emulator.tools("cortex-m0")
RNG = np.random.default_rng(0)
CORES = ("portable", "cortex-m4")

# Rows come in a buffer that is used again: nothing of it may be read after the push.
PUSHING_MAIN = """\
#include "m.h"
#include "vectors.h"
{print_include}

{arena}
static m_input_t line[M_ROW_SIZE];
static m_output_t found[M_OUTPUT_SIZE];

/* Scores and classes that are not those of the definition. */
int main(void)
{{
    uint32_t wrong = 0;
    for (int32_t i = 0; i < N_SAMPLES; i++) {{
        m_begin({first});
        for (int32_t row = 0; row < M_ROWS; row++) {{
            for (int32_t k = 0; k < M_ROW_SIZE; k++) {{
                line[k] = inputs[(i * M_ROWS + row) * M_ROW_SIZE + k];
            }}
            m_push({more}line);
        }}
        {finish}
        for (int32_t k = 0; k < M_OUTPUT_SIZE; k++) {{
            wrong += found[k] != scores[i * M_OUTPUT_SIZE + k];
        }}
    }}
    m_begin({first});
    for (int32_t row = 0; row < {too_many}; row++) {{
        m_push({more}line);
    }}
    {print}(wrong);
    return wrong != 0;
}}
"""
FINISH = {True: "wrong += m_finish({more}found) != labels[i];", False: "m_finish({more}found);"}
ON_HOST = {
    "print_include": "#include <stdio.h>\n"
    'static void print(uint32_t n) { printf("%lu", (unsigned long)n); }',
    "print": "print",
}
ON_TARGET = {"print_include": '#include "bench.h"', "print": "bench_print_unsigned"}


def pushing_program(graph: Graph, x, *, host: bool, interface: Interface | None = None):
    """A program that prints how many results are wrong; too many rows do no harm."""
    wanted = fixed.tensors(graph, x, (graph.scores_name, graph.output_name))
    arrays = {"inputs": x.ravel(), "scores": wanted[graph.scores_name].ravel()}
    if graph.is_classifier:
        arrays["labels"] = wanted[graph.output_name].ravel()
    vectors = ['#include "skconv/types.h"', f"#define N_SAMPLES {len(x)}"]
    for name, values in arrays.items():
        vectors += table(name, values)
    first = "" if interface is None else "&memory"
    more = first and f"{first}, "
    main = PUSHING_MAIN.format(
        arena=first and "static m_arena_t memory;",
        first=first,
        more=more,
        finish=FINISH[graph.is_classifier].format(more=more),
        too_many=2 * graph.input.shape[0] + 20,
        **(ON_HOST if host else ON_TARGET),
    )
    files = render(graph, "m", interface=interface)
    return {**files, "vectors.h": "\n".join(vectors) + "\n", "main.c": main}


def by_rows(graph: Graph, target: str = "portable", optimize: Optimize = "balanced") -> Graph:
    return fastest(graph, get_target(target), optimize, by_rows=True)


def with_head(graph: Graph, n_classes: int = 3) -> Graph:
    size = graph.output.size
    head = linear(RNG, n_classes, size)
    return graph.append(Reshape((size,))).append(head).append(ArgMax())


def flat(*ops, shape: tuple[int, int, int]) -> Graph:
    """As a Pipeline gives it: the input is a vector."""
    graph = Graph(TensorSpec((int(np.prod(shape)),))).append(Reshape(shape))
    for op in ops:
        graph = graph.append(op)
    return graph


STAGES = {
    "max": [conv(RNG, (4, 3, 3, 2)), MaxPool()],
    "overlap": [conv(RNG, (4, 3, 3, 2)), Abs(), L2Pool((3, 3), (2, 2))],
    "padded": [conv(RNG, (4, 3, 3, 2), padding=((1, 2), (2, 1))), Relu(), MeanPool((3, 2), (3, 2))],
    "sparse": [conv(RNG, (4, 2, 2, 2), stride=(3, 2)), BothSigns(), MaxPool((1, 2), (2, 2))],
    "dilated": [conv(RNG, (4, 3, 2, 2), dilation=(2, 3)), Magnitude(), MeanPool((2, 2), (1, 1))],
    "around": [
        conv(RNG, (4, 1, 3, 2), padding=((0, 0), (1, 1)), pad_mode="circular"),
        Square(),
        L2Pool((2, 2), (2, 2)),
    ],
    "codes": [
        conv(RNG, (4, 3, 3, 1), padding=((1, 1), (1, 1)), shared=True),
        Hash(4),
        BlockHistogram((4, 4), (2, 3), 16),
    ],
    "soft": [
        conv(RNG, (4, 3, 3, 2)),
        SoftThreshold(np.array([0, 0.3, 0.6, 2], "f4")),
        MeanPool((4, 4), (2, 2)),
    ],
    "map": [conv(RNG, (4, 3, 3, 2)), Abs()],
    "two": [conv(RNG, (2, 3, 3, 2)), Relu(), conv(RNG, (3, 3, 3, 2)), MaxPool()],
}


@pytest.mark.parametrize("name", STAGES)
@pytest.mark.parametrize("headed", [False, True])
@pytest.mark.parametrize("target", CORES)
def test_rows_give_the_bytes_of_the_whole_image(name, headed, target):
    for channels in (2, 1):
        ops = [_thinner(op, channels) for op in STAGES[name]]
        graph = flat(*ops, shape=(12, 11, channels))
        graph = quantized(with_head(graph) if headed else graph, input_dtype="int8")
        streamed = by_rows(graph, target)
        x = example_samples(graph, 6)
        assert np.array_equal(fixed.run(streamed, x.reshape(-1, 12, 11, channels)),
                              fixed.run(graph, x))  # fmt: skip
        assert_runtimes_agree(streamed, x)
        assert not overlaps(plan_memory(streamed))


def _thinner(op, channels):
    """The same convolution of maps with fewer channels."""
    if getattr(op, "weights", None) is None or op.shared or op.weights.shape[3] != 2:
        return op
    first = op is not STAGES["two"][2]
    return replace(op, weights=op.weights[..., :channels]) if first else op


@pytest.mark.parametrize("target", CORES)
@pytest.mark.parametrize("channels", [1, 3])
def test_signals_come_sample_by_sample(target, channels):
    ops = [conv(RNG, (4, 1, 5, channels), padding=((0, 0), (2, 2))), Abs(), MaxPool((1, 3), (1, 2))]
    graph = quantized(with_head(flat(*ops, shape=(1, 60, channels))), input_dtype="int16")
    streamed = by_rows(graph, target)
    assert streamed.input.shape == (60, 1, channels)
    assert f"#define M_ROWS 60\n#define M_ROW_SIZE {channels}\n" in render(streamed, "m")["m.h"]
    x = example_samples(graph, 6)
    assert np.array_equal(fixed.run(streamed, x.reshape(-1, 60, 1, channels)), fixed.run(graph, x))
    assert_runtimes_agree(streamed, x)


def test_a_signal_that_is_not_yet_a_vector_keeps_its_shape():
    ops = [conv(RNG, (4, 1, 5, 1)), MaxPool((1, 2), (1, 2)), conv(RNG, (2, 1, 3, 4))]
    graph = quantized(flat(*ops, shape=(1, 40, 1)))
    streamed = by_rows(graph)
    assert streamed.specs[streamed.nodes[0].name].shape == (1, 18, 4)
    assert_runtimes_agree(streamed, example_samples(graph, 4))


def small(name: str, target: str) -> Graph:
    """One of the stages, with one channel, as a classifier."""
    ops = [_thinner(op, 1) for op in STAGES[name]]
    graph = quantized(with_head(flat(*ops, shape=(12, 11, 1))), input_dtype="int8")
    return by_rows(graph, target)


@pytest.mark.parametrize(
    ("name", "target", "routine"),
    [
        ("max", "portable", "StreamedStage"),
        ("max", "cortex-m4", "StreamedDspStage"),
        ("overlap", "cortex-m4", "StreamedDspRowStage"),
        ("soft", "cortex-m4", "StreamedDspRowStage"),
        ("codes", "cortex-m4", "StreamedStage"),
        ("map", "cortex-m4", "StreamedDspStage"),
        ("map", "cortex-m0", "StreamedStage"),
    ],
)
def test_the_routine_of_the_target_takes_the_rows(name, target, routine):
    assert type(small(name, target).nodes[0].op).__name__ == routine


@pytest.mark.parametrize("name", ["map", "overlap", "max"])
def test_size_survives_the_rows(name):
    """The portable stage, which keeps rows as they come, on maps of several channels."""
    graph = quantized(with_head(flat(*STAGES[name], shape=(12, 11, 2))), input_dtype="int8")
    small, portable = by_rows(graph, "cortex-m4", "size"), by_rows(graph, "portable", "size")
    assert type(small.nodes[0].op).__name__ == "StreamedStage"
    scratch = small.nodes[0].op.scratch_bytes
    assert scratch == portable.nodes[0].op.scratch_bytes
    assert 1.5 * scratch < by_rows(graph, "cortex-m4").nodes[0].op.scratch_bytes
    assert_runtimes_agree(small, example_samples(small, 4))


@pytest.mark.needs(*M4)
@pytest.mark.parametrize("name", ["max", "overlap", "padded", "soft", "codes", "map"])
def test_rows_on_cortex_m4(name):
    graph = small(name, "cortex-m4")
    program = pushing_program(graph, example_samples(graph, 3), host=False)
    assert on_target(program, "cortex-m4") == 0


@pytest.mark.needs(*M0)
@pytest.mark.parametrize("name", ["overlap", "padded", "map"])
def test_rows_on_cortex_m0(name):
    graph = small(name, "cortex-m0")
    program = pushing_program(graph, example_samples(graph, 3), host=False)
    assert on_target(program, "cortex-m0") == 0


@pytest.mark.needs("cc")
@pytest.mark.parametrize("target", CORES)
def test_rows_in_memory_of_the_caller(target, tmp_path):
    graph = small("overlap", target)
    program = pushing_program(
        graph, example_samples(graph, 3), host=True, interface=Interface(arena="caller")
    )
    assert run_program(program, SANITIZERS, tmp_path) == 0


@st.composite
def stages(draw) -> tuple[Graph, str]:
    size, step = st.integers(1, 4), st.integers(1, 3)
    pads = st.tuples(st.integers(0, 2), st.integers(0, 2))
    channels = draw(st.sampled_from([1, 1, 2, 3]))
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    op = conv(
        rng,
        (draw(st.sampled_from([2, 4])), draw(size), draw(size), channels),
        stride=(draw(step), draw(step)) if draw(st.booleans()) else (1, 1),
        padding=(draw(pads), draw(pads)),
        dilation=(draw(st.integers(1, 2)), draw(st.integers(1, 2))),
    )
    middle = draw(st.sampled_from([Relu(), Abs(), BothSigns(), Magnitude(), Square()]))
    kind = draw(st.sampled_from([MaxPool, MeanPool, L2Pool]))
    pool = kind((draw(step), draw(step)), (draw(step), draw(step)))
    graph = flat(op, middle, pool, shape=(13, draw(st.integers(12, 15)), channels))
    graph = with_head(graph) if draw(st.booleans()) else graph
    dtype = draw(st.sampled_from(["int8", "int16"]))
    return quantized(graph, input_dtype=dtype), draw(st.sampled_from(CORES))


@pytest.mark.needs("cc")
@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(stages())
def test_any_stage_under_sanitizers(tmp_path_factory, drawn):
    graph, target = drawn
    streamed = by_rows(graph, target)
    x = example_samples(streamed, 3)
    assert np.array_equal(fixed.run(streamed, x), fixed.run(graph, x.reshape(3, -1)))
    program = pushing_program(streamed, x, host=True)
    assert run_program(program, SANITIZERS, tmp_path_factory.mktemp("rows")) == 0


@pytest.mark.needs(*M4)
@pytest.mark.parametrize("name", STAGES)
def test_the_plan_is_the_ram_of_the_object(name):
    target = ("cortex-m0", "cortex-m4")[list(STAGES).index(name) % 2]
    graph = small(name, target)
    sizes = emulator.object_sizes(render(graph, "m"), target="cortex-m4", flags=("-O1",))
    assert sizes.bss == plan_memory(graph).arena_bytes == report(graph).ram_bytes
    assert sizes.data == 0


def test_rows_take_less_than_the_image_and_the_plan_shows_them():
    graph = small("overlap", "portable")
    plan = plan_memory(graph)
    assert f"rows of {graph.nodes[0].name}" in str(plan)
    assert "scratch of" not in str(plan)
    stage = graph.nodes[0].op
    # Progress, three rows of the input; sums of two rows of windows, one pixel.
    assert stage.scratch_bytes == 8 + 3 * 11 + 4 * 2 * 4 * 4 + 2 * 4
    assert "row by row" in str(report(graph))


def budget_graph() -> Graph:
    """5 x 5, 1 -> 8, maximum of 2 x 2, ten scores of 1,152 features."""
    op, x = budget()
    graph = Graph(x).append(op).append(MaxPool()).append(Reshape((1152,)))
    graph = graph.append(head(np.random.default_rng(3), 10, 1152)).append(ArgMax())
    return by_rows(graph, "cortex-m4")


@pytest.mark.needs(*M4)
def test_the_budget_of_rows_pushed_to_scores():
    graph = budget_graph()
    x = example_samples(graph, 1)
    prelude = ['#include "m.h"', '#include "skconv/types.h"', *table("x", x.ravel())]
    calls = "m_begin(); for (int32_t r = 0; r < M_ROWS; r++) { m_push(x + r * M_ROW_SIZE); }"
    sources = render(graph, "m")
    count = emulator.count_instructions(
        sources,
        f"{calls} (void)m_finish(NULL)",
        prelude="\n".join(prelude),
        target="cortex-m4",
    )
    sizes = emulator.object_sizes(sources, target="cortex-m4", flags=("-O2",))
    assert count <= 158_177 * 1.02
    assert sizes.bss == plan_memory(graph).arena_bytes == 480
    assert sizes.text <= 1084 * 1.02


@pytest.mark.parametrize(
    "graph",
    [
        flat(Permute((1, 0, 2)), conv(RNG, (2, 3, 3, 1)), shape=(8, 9, 1)),
        flat(MaxPool(), shape=(8, 9, 1)),
        Graph(TensorSpec((12,))).append(linear(RNG, 3, 12)).append(ArgMax()),
        flat(
            conv(RNG, (2, 3, 3, 1), padding=((1, 1), (0, 0)), pad_mode="circular"),
            MaxPool(),
            shape=(8, 9, 1),
        ),
        flat(conv(RNG, (2, 3, 3, 1)), shape=(8, 9, 1)).append(MaxPool(), "reshape"),
    ],
    ids=["permuted", "pooled", "a vector", "around", "read twice"],
)
def test_what_cannot_take_rows(graph):
    with pytest.raises(ValueError, match=r"input='rows': .*expected convolutions"):
        fastest(quantized(graph, input_dtype="int8"), get_target("portable"), by_rows=True)


def test_names_of_tensors_do_not_meet_those_of_the_functions():
    graph = Graph(TensorSpec((8, 9, 1))).append(conv(RNG, (2, 3, 3, 1)), name="row")
    graph = graph.append(Abs(), name="rescaled").append(conv(RNG, (2, 3, 3, 2)), name="scores")
    streamed = by_rows(quantized(graph))
    assert_runtimes_agree(streamed, example_samples(streamed, 4))
