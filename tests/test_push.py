"""A stream pushed sample by sample: the answers of whole windows, in the RAM that is stated."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression, Ridge, RidgeClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skconv import (
    ConvFeatures,
    ConvStage,
    HydraFeatures,
    LogMelSpectrogram,
    MiniRocketFeatures,
    QuantFeatures,
    RandomConvFeatures,
    SlidingWindow,
    SpectroTemporalGaborFeatures,
    TemporalConvFeatures,
    emulator,
    to_c,
)
from skconv.codegen.cuts import as_map, cuts
from skconv.codegen.text import table
from skconv.deploy import CModel
from skconv.graph.ring import Ring, runs_per_hop, samples_read
from skconv.kernels import RandomKernels
from skconv.target.memory import overlaps
from tests.exactness import SANITIZERS, on_target, run_program
from tests.test_stream import ON_HOST, ON_TARGET

M4 = emulator.tools("cortex-m4")
N_PUSHES = 1000
LENGTH, CHANNELS = 40, 3


# Sound has one channel and long windows.
SOUND_LENGTH = 200


def is_sound(name: str) -> bool:
    return name.startswith("mel")


def length(name: str = "") -> int:
    return SOUND_LENGTH if is_sound(name) else LENGTH


@cache
def recording(name: str = "") -> np.ndarray:
    """Three movements, one after the other."""
    channels = 1 if is_sound(name) else CHANNELS
    rng = np.random.default_rng(channels)
    time = np.arange(N_PUSHES)
    speed = np.repeat([0.2, 0.5, 0.9], -(-N_PUSHES // 3))[:N_PUSHES]
    waves = np.sin(speed * time)[:, None] * np.linspace(500, 2000, channels)
    return (waves + rng.normal(0, 200, waves.shape)).astype(np.int16)


@cache
def windows(name: str = "") -> tuple[np.ndarray, np.ndarray]:
    labels = np.repeat(["rest", "walk", "run"], -(-N_PUSHES // 3))[:N_PUSHES]
    X, y, _ = SlidingWindow(length(name), hop=8).cut([recording(name)], [labels])
    return X, y


def extractor(**options):
    return RandomConvFeatures(
        n_kernels=4, kernel_size=5, input_shape=(1, LENGTH, CHANNELS), random_state=0, **options
    )


def deep():
    """Two convolutions of all channels, each with its pooling."""
    stages = [
        ConvStage(
            kernels=RandomKernels(n_kernels=n, kernel_size=3, random_state=0),
            nonlinearity="abs",
            padding="valid",
            pool_size=2,
        )
        for n in (4, 3)
    ]
    return ConvFeatures(stages, input_shape=(1, LENGTH, CHANNELS))


def mel():
    """Frames of 40 samples, one every 20: 9 in a window."""
    return LogMelSpectrogram(4000, frame_length=0.01, hop_length=0.005, n_bands=6)


def gabor():
    return SpectroTemporalGaborFeatures(size_max=(9, None), input_shape=(9, 6))


def of_bands():
    options = {"kernel_size": 3, "padding": "valid", "pool_size": 2, "input_shape": (9, 6)}
    return RandomConvFeatures(n_kernels=4, random_state=0, **options)


def signals():
    return {"input_shape": (LENGTH, CHANNELS)}


PIPELINES: dict[str, Callable[[], object]] = {
    "valid": lambda: make_pipeline(extractor(padding="valid", pool_size=4), RidgeClassifier()),
    "padded": lambda: make_pipeline(extractor(padding="same", pool_size=8), RidgeClassifier()),
    "uneven": lambda: make_pipeline(extractor(padding="valid", pool_size=5), RidgeClassifier()),
    "deep": lambda: make_pipeline(deep(), LogisticRegression(max_iter=50)),
    "hydra": lambda: make_pipeline(
        HydraFeatures(n_kernels=2, n_groups=2, random_state=0, **signals()), RidgeClassifier()
    ),
    "minirocket": lambda: make_pipeline(
        MiniRocketFeatures(n_features=84, random_state=0, **signals()), RidgeClassifier()
    ),
    "temporal": lambda: make_pipeline(
        TemporalConvFeatures(random_state=0, **signals()), RidgeClassifier()
    ),
    "quant": lambda: make_pipeline(QuantFeatures(interval_depth=2, **signals()), RidgeClassifier()),
    "mel": lambda: make_pipeline(mel(), RidgeClassifier()),
    "mel and convolutions": lambda: make_pipeline(mel(), of_bands(), RidgeClassifier()),
    "mel and Gabor filters": lambda: make_pipeline(mel(), gabor(), RidgeClassifier()),
    "raw": lambda: make_pipeline(StandardScaler(), LogisticRegression(max_iter=50)),
}


@cache
def fitted(name: str):
    X, y = windows(name)
    return PIPELINES[name]().fit(X.reshape(len(X), -1), y)


@cache
def exported(name: str, hop: int, **options) -> CModel:
    X, _ = windows(name)
    given = {"input": "samples", "window": length(name), "name": "m"} | options
    return to_c(fitted(name), X.reshape(len(X), -1), hop=hop, **given)


def cut(hop: int, name: str = "") -> np.ndarray:
    X = SlidingWindow(length(name), hop=hop).cut([recording(name)]).X
    return X.reshape(len(X), -1)


# `tests/benchmarks/bench_streams.py` has every pipeline at every hop.
ALL_HOPS = [(name, hop) for name in ("uneven", "deep") for hop in (1, LENGTH)]


@pytest.mark.parametrize(("name", "hop"), [*ALL_HOPS, *((name, 20) for name in PIPELINES)])
def test_a_stream_gives_the_answers_of_whole_windows(name, hop):
    model, X = exported(name, hop), cut(hop, name)
    labels, scores = model.predict(X, engine="fixed"), model.decision_function(X, engine="fixed")
    assert len(X) == (N_PUSHES - length(name)) // hop + 1
    assert len({*labels}) == 3
    for engine in ("c", "fixed"):
        stream = model.stream(engine)
        pieces = np.split(recording(name), [1, 2, 30, 300, 301])
        found = [stream.push(piece, return_scores=True) for piece in pieces]
        assert np.array_equal(np.concatenate([d for d, _ in found]), labels)
        assert np.array_equal(np.concatenate([s for _, s in found]), scores)


def rings(model: CModel) -> list[tuple[int, int]]:
    """Length and step of each."""
    ops = (node.op for node in model.sources.program.graph.nodes)
    return [(op.length, op.step) for op in ops if isinstance(op, Ring)]


def test_what_reads_neighbours_in_time_is_computed_once():
    """Kernels of 5 samples, pooled by 4: 8 samples are kept, and a window of 9 results."""
    assert rings(exported("valid", 8)) == [(8, 4), (9, 2)]
    model = exported("deep", 8)
    assert rings(model) == [(4, 2), (4, 2), (8, 2)]
    stream = model.sources.program.graph
    runs = runs_per_hop(stream)
    assert [runs[node.name] for node in stream.nodes if isinstance(node.op, Ring)] == [8, 4, 2]
    assert samples_read(stream) == (7 * 2 + 3) * 2 + 4 == LENGTH - 2
    whole = exported("padded", 8)
    assert rings(whole) == [(LENGTH, 8)]
    assert model.plan.arena_bytes < whole.plan.arena_bytes / 3


def test_a_spectrogram_is_kept_frame_by_frame_and_what_is_local_behind_it_too():
    assert rings(exported("mel", 20)) == [(40, 20), (9, 1)]
    graph = as_map(exported("mel and convolutions", 40).graph)
    found = [(cut.length, cut.reach, cut.step) for cut in cuts(graph, SOUND_LENGTH, 40)]
    assert found == [(200, 1, 1), (9, 40, 20), (7, 80, 20), (3, 100, 40)]


def test_rings_stand_where_the_hop_is_a_multiple_of_the_step():
    graph = as_map(exported("deep", 8).graph)
    for hop, steps in ((8, [1, 1, 2, 2, 4]), (6, [1, 1, 2, 2]), (1, [1, 1])):
        found = cuts(graph, LENGTH, hop)
        assert [cut.step for cut in found] == steps
        assert [cut.reach for cut in found] == [1, 3, 4, 8, 10][: len(steps)]
        assert [cut.length for cut in found] == [40, 38, 19, 17, 8][: len(steps)]
    padded = cuts(as_map(exported("padded", 8).graph), LENGTH, 8)
    assert [cut.name for cut in padded] == ["input"]


def test_size_takes_the_least_ram_and_speed_the_fewest_instructions():
    size, speed = (exported("deep", 1, optimize=optimize) for optimize in ("size", "speed"))
    assert size.plan.arena_bytes < speed.plan.arena_bytes
    for model in (size, speed):
        assert model.verify(cut(1)[:30]).differing_bytes == 0


def test_samples_between_two_windows_are_skipped():
    model = exported("valid", LENGTH + 15)
    X = cut(LENGTH + 15)
    for engine in ("c", "fixed"):
        stream = model.stream(engine)
        found = [stream.push(piece) for piece in np.split(recording(), [41, 50, 60, 500])]
        assert np.array_equal(np.concatenate(found), model.predict(X))


def test_one_sample_at_a_time_a_new_beginning_and_two_streams_at_once():
    model = exported("valid", 10)
    stream, other = model.stream(), model.stream()
    ready = [len(stream.push(sample)) for sample in recording()[: LENGTH + 10]]
    assert np.flatnonzero(ready).tolist() == [LENGTH - 1, LENGTH + 9]
    other.push(recording()[:15])
    assert np.array_equal(stream.begin().push(recording()), model.predict(cut(10)))
    assert np.array_equal(other.push(recording()[15:]), model.predict(cut(10)))


@pytest.mark.parametrize("arena", ["static", "caller"])
def test_the_c_is_verified_in_a_stream_and_on_whole_windows(arena):
    found = exported("valid", 10, arena=arena).verify(cut(10)[:20])
    assert found.differing_bytes == 0
    # One ring, and what is computed of it, in 20 windows; 76 windows of 20 one after the other.
    assert found.compared_bytes > 20 * LENGTH * CHANNELS * 2


def test_values_and_features_come_out_of_a_stream_too():
    X, _ = windows()
    flat = X.reshape(len(X), -1)
    for last in (Ridge(), None):
        pipe = make_pipeline(extractor(padding="valid", pool_size=8), last or StandardScaler())
        model = to_c(pipe.fit(flat, flat[:, 0]), flat, input="samples", hop=10)
        wanted = model.predict(cut(10)) if last else model.transform(cut(10))
        for engine in ("c", "fixed"):
            assert np.allclose(model.stream(engine).push(recording()), wanted, rtol=1e-6)
        assert model.verify(flat[:5]).differing_bytes == 0


def test_channels_have_scales_of_their_own_but_times_have_not():
    """Windows of one scale a feature could not slide."""
    X, y = windows()
    units = X / np.array([1.0, 1e3, 1e6])
    pipe = make_pipeline(StandardScaler(), LogisticRegression(max_iter=50))
    flat = units.reshape(len(X), -1)
    model = to_c(pipe.fit(flat, y), units, input="samples", hop=10)
    samples = (recording() / np.array([1.0, 1e3, 1e6])).astype(float)
    whole = SlidingWindow(LENGTH, hop=10).cut([samples]).X.reshape(-1, LENGTH * CHANNELS)
    for engine in ("c", "fixed"):
        assert np.array_equal(model.stream(engine).push(samples), model.predict(whole))
    assert (model.predict(whole) == pipe.predict(whole)).mean() > 0.97


def test_a_float_model_takes_a_stream():
    X, _ = windows()
    flat = X.reshape(len(X), -1)
    options = {"input": "samples", "window": LENGTH, "hop": 10, "dtype": "float32"}
    model = to_c(fitted("valid"), flat, **options)
    assert model.verify(flat[:5]).relative_error < 1e-5
    assert np.array_equal(model.stream("c").push(recording()), model.predict(cut(10)))


@pytest.mark.needs(*M4)
@pytest.mark.parametrize("name", ["deep", "raw"])
def test_ram_is_what_the_report_says(name):
    model = exported(name, 10)
    sizes = emulator.object_sizes(model.files, target="cortex-m4", hosted=True)
    assert sizes.bss + sizes.data == model.report().ram_bytes == model.plan.arena_bytes
    assert not overlaps(model.plan)
    assert "Ring of" in str(model.report())


MAIN = """\
#include "m.h"
#include "vectors.h"
{print_include}

/* Scores, classes and numbers of results that are not those of the definition. */
int main(void)
{{
    uint32_t wrong = 0;
    int32_t n = 0;
    m_begin();
    for (int32_t i = 0; i < N_SAMPLES; i++) {{
        m_input_t sample[M_SAMPLE_SIZE];
        for (int32_t k = 0; k < M_SAMPLE_SIZE; k++) {{
            sample[k] = samples[i * M_SAMPLE_SIZE + k];
        }}
        if (m_push(sample)) {{
            m_output_t found[M_OUTPUT_SIZE];
            wrong += n >= N_RESULTS || m_result(found) != labels[n];
            for (int32_t k = 0; k < M_OUTPUT_SIZE; k++) {{
                wrong += found[k] != scores[n * M_OUTPUT_SIZE + k];
            }}
            n++;
        }}
    }}
    wrong += n != N_RESULTS;
    {print}(wrong);
    return wrong != 0;
}}
"""


def pushing_program(model: CModel, n_samples: int, *, host: bool) -> dict[str, str]:
    """A program that pushes the first samples of the recording."""
    samples = recording()[:n_samples]
    X = SlidingWindow(LENGTH, hop=model.interface.window.hop).cut([samples]).X
    graph = model.graph
    wanted = model.inference.defined(
        X.reshape(len(X), *graph.input.shape), (graph.scores_name, graph.output_name)
    )
    lines = ['#include "skconv/types.h"', f"#define N_SAMPLES {len(samples)}"]
    lines += [f"#define N_RESULTS {len(X)}", *table("samples", samples)]
    lines += table("scores", wanted[graph.scores_name])
    lines += table("labels", wanted[graph.output_name])
    main = MAIN.format(**(ON_HOST if host else ON_TARGET))
    return {**model.files, "vectors.h": "\n".join(lines) + "\n", "main.c": main}


@pytest.mark.needs(*M4)
@pytest.mark.parametrize("target", ["cortex-m4", "cortex-m0", "avr"])
def test_simulated_cores_give_the_same(target):
    model = exported("valid", 10).for_target(target)
    assert on_target(pushing_program(model, 80, host=False), target) == 0


@pytest.mark.needs("gcc")
def test_the_c_stays_within_its_memory(tmp_path):
    program = pushing_program(exported("valid", 10).for_target("portable"), 200, host=True)
    assert run_program(program, ("-O1", *SANITIZERS), tmp_path) == 0


@pytest.mark.needs(*M4)
def test_a_benchmark_counts_a_hop():
    few = exported("valid", 10).benchmark(n_samples=2)
    assert few.wrong == 0
    assert "instructions a hop of 10 samples, with one result" in str(few)
    assert sum(node.count for node in few.nodes) == pytest.approx(few.per_inference, rel=0.1)


def test_a_project_explains_the_stream_and_a_pickle_keeps_it(tmp_path: Path):
    model = pickle.loads(pickle.dumps(exported("valid", 10)))
    readme = (model.save(tmp_path / "m") / "README.md").read_text()
    assert "`m_push(sample)`" in readme
    assert "window=40, hop=10" in readme
    assert np.array_equal(model.stream().push(recording()), model.predict(cut(10)))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"input": "samples"}, r"hop is None with input='samples', .* hop=10"),
        ({"hop": 10}, "hop=10 with input='whole', expected input='samples'"),
        ({"input": "samples", "hop": 0}, "hop=0, expected a whole number of samples"),
        ({"input": "samples", "hop": 1.5}, "hop=1.5, expected a whole number of samples"),
        ({"input": "samples", "hop": 4, "window": 30}, "window=30, but .* fitted on 40 samples"),
    ],
)
def test_windows_that_do_not_fit_are_refused(options, message):
    X, _ = windows()
    with pytest.raises(ValueError, match=message):
        to_c(fitted("valid"), X.reshape(len(X), -1), **options)


@pytest.mark.parametrize(
    ("samples", "message"),
    [
        (np.zeros((5, 2)), r"shape \(5, 2\), expected \(n_samples, 3\)"),
        (np.zeros(6), r"shape \(6,\), expected \(n_samples, 3\)"),
        (np.full((2, 3), np.nan), "NaN or infinite"),
        ([["a"] * 3], "dtype"),
    ],
)
def test_samples_that_do_not_fit_are_refused(samples, message):
    with pytest.raises(ValueError, match=message):
        exported("valid", 10).stream().push(samples)


@pytest.mark.parametrize("kind", [RandomConvFeatures, MiniRocketFeatures])
def test_channels_first_is_refused_in_a_stream_where_there_are_several(kind):
    """A sample in time would be read from places that are not neighbours."""
    X = np.random.default_rng(0).normal(0, 99, (40, 3, 30)).astype(np.int16)
    shape, y = (3, 1, 30) if kind is RandomConvFeatures else (3, 30), np.arange(40) % 2
    pipe = make_pipeline(
        kind(input_shape=shape, data_format="channels_first", random_state=0), RidgeClassifier()
    ).fit(X, y)
    assert to_c(pipe, X).predict(X[:3], "fixed").shape == (3,)
    message = "input='samples' with data_format='channels_first'.*data_format='channels_last'"
    with pytest.raises(ValueError, match=message):
        to_c(pipe, X, input="samples", hop=10)


def test_one_channel_streams_in_either_order():
    X, y = np.random.default_rng(0).normal(0, 99, (40, 1, 30)).astype(np.int16), np.arange(40) % 2
    pipe = make_pipeline(
        MiniRocketFeatures(n_features=84, data_format="channels_first", random_state=0),
        RidgeClassifier(),
    ).fit(X, y)
    model = to_c(pipe, X, input="samples", hop=30)
    assert np.array_equal(model.stream("fixed").push(X.ravel()), model.predict(X, "fixed"))


def test_a_model_of_whole_windows_has_no_stream():
    X, _ = windows()
    model = to_c(fitted("valid"), X.reshape(len(X), -1))
    with pytest.raises(AttributeError, match=r"input='samples', hop=10"):
        model.stream()
