"""Second-order sections: what they compute, the noise of their integers, what is refused."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from joblib import dump
from scipy.signal import butter, cheby1, ellip, iirnotch, sosfilt, tf2sos
from sklearn.linear_model import RidgeClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from skconv import Decimate, IIRFilter, NotConvertibleError, VectorMagnitude, to_c
from skconv.graph import Biquads, EuclideanNorm, Graph, QBiquads, QEuclideanNorm, TensorSpec
from skconv.graph.biquads import LARGEST_SIGNAL
from skconv.passes.calibrate import calibrate
from skconv.passes.lower_filters import sections
from skconv.passes.quantize import quantize
from skconv.runtime import fixed
from skconv.runtime.biquads import Memory, filtered
from skconv.signals import dc_blocker, filter_recordings
from skconv.testing import assert_runtimes_agree

RNG = np.random.default_rng(0)
# And how many dB the internal signals of 31 bits are better than without error feedback, at least.
DESIGNS = {
    "low-pass": (butter(4, 0.25, output="sos"), 2.5),
    "low-pass, low cut-off": (butter(2, 0.002, output="sos"), 25),
    "high-pass, low cut-off": (butter(2, 0.002, "highpass", output="sos"), 25),
    "band-pass": (butter(3, [0.01, 0.02], "bandpass", output="sos"), 15),
    "notch": (tf2sos(*iirnotch(0.2, 30)), 2.5),
    "elliptic": (ellip(8, 0.1, 80, 0.1, output="sos"), 5),
    "no zeros": (np.array([[0.1, 0, 0, 1, -0.9, 0]]), 5),
    "dc blocker": (dc_blocker(), 15),
}
EACH_DESIGN = pytest.mark.parametrize("name", DESIGNS)


def signal(length: int) -> np.ndarray:
    """A walk with noise, in 16 bits."""
    rng = np.random.default_rng(1)
    x = np.cumsum(rng.normal(0, 30, length)) + rng.normal(0, 3000, length)
    return np.clip(x, -32000, 32000).astype(np.int16).reshape(1, 1, -1, 1)


def quantized(sos: np.ndarray, x: np.ndarray) -> Graph:
    graph = Graph(TensorSpec(x.shape[1:])).append(Biquads(1, sos=sos))
    ranges = calibrate(graph, x)
    return quantize(graph, ranges, input_dtype="int16", input_scale=1.0, output_bits=16)


def op_of(graph: Graph) -> QBiquads:
    op = graph.nodes[-1].op
    assert isinstance(op, QBiquads)
    return op


@EACH_DESIGN
def test_floats_are_those_of_scipy(name):
    sos, _ = DESIGNS[name]
    X = RNG.normal(0, 100, (5, 300, 2))
    found = IIRFilter(sos).fit_transform(X)
    wanted = sosfilt(sos, X, axis=1).reshape(5, -1)
    assert np.allclose(found, wanted, rtol=1e-5, atol=1e-5 * np.abs(wanted).max())


def noise(found: np.ndarray, wanted: np.ndarray) -> float:
    """Of a signal in dB below it."""
    return float(10 * np.log10(np.square(found - wanted).mean() / np.square(wanted).mean()))


@EACH_DESIGN
def test_noise_is_that_of_16_bits_alone(name):
    x = signal(2000)
    graph = quantized(DESIGNS[name][0], x)
    wanted = sosfilt(DESIGNS[name][0], x.ravel().astype(float))
    found = fixed.run(graph, x).ravel() * graph.output.scale
    ideal = graph.output.scale * np.rint(wanted / graph.output.scale)
    print(f"{name}: noise {noise(found, wanted):.1f} dB, ideal {noise(ideal, wanted):.1f} dB")
    assert noise(found, wanted) < noise(ideal, wanted) + 0.2


def inner_signal(op: QBiquads, x: np.ndarray, with_feedback: bool) -> np.ndarray:
    """What stands behind the last section, before it is requantised."""
    memory = Memory.at_rest(op, (1,))
    found = np.empty(x.size)
    for i, value in enumerate(x.ravel()):
        if not with_feedback:
            memory.rests[:] = 2**29  # rounded to nearest, and forgotten
        filtered(op, value.reshape(1, 1), memory)
        found[i] = memory.delays[-1, 0, 0]
    return found


@EACH_DESIGN
def test_error_feedback_lowers_noise(name):
    sos, gain = DESIGNS[name]
    x = signal(2000)
    op = op_of(quantized(sos, x))
    wanted = sosfilt(sos, x.ravel().astype(float))
    with_it, without = (inner_signal(op, x, w) for w in (True, False))
    _, unit = sections(sos, TensorSpec((1, 1, 1), "int16", 1.0))
    levels = [noise(unit * found, wanted) for found in (with_it, without)]
    print(f"{name}: {levels[0]:.1f} dB with error feedback, {levels[1]:.1f} dB without")
    assert levels[0] < levels[1] - gain


@EACH_DESIGN
def test_silence_follows_silence(name):
    op = op_of(quantized(DESIGNS[name][0], signal(1000)))
    memory = Memory.at_rest(op, (1,))
    filtered(op, RNG.integers(-32768, 32768, (500, 1)), memory)
    tail = filtered(op, np.zeros((4000, 1), int), memory)[-500:]
    assert (tail == 0).all()
    # Limit cycles, in steps of which there are 2^30.
    assert np.abs(memory.delays[-1]).max() <= 32


@EACH_DESIGN
def test_no_input_saturates_a_section(name):
    """The worst input has the signs of the impulse response, turned in time."""
    sos, _ = DESIGNS[name]
    op = op_of(quantized(sos, signal(1000)))
    response = sosfilt(sos, np.eye(1, 3000).ravel())
    worst = np.where(response[::-1] < 0, -32768, 32767)
    memory = Memory.at_rest(op, (1,))
    filtered(op, worst[:, None], memory)
    assert 0.3 * LARGEST_SIGNAL < np.abs(memory.delays[-1]).max() < LARGEST_SIGNAL


def test_c_is_the_definition_at_the_ends():
    """Numbers that saturate what was calibrated, in several channels, along either axis."""
    x = RNG.choice([-32768, 32767], (3, 1, 200, 2)).astype(np.int16)
    for axis, shape in ((1, (1, 200, 2)), (0, (200, 1, 2))):
        for design in ("low-pass, low cut-off", "elliptic"):
            graph = Graph(TensorSpec(shape)).append(Biquads(axis, sos=DESIGNS[design][0]))
            ranges = calibrate(graph, 0.1 * RNG.normal(0, 9, (4, *shape)))
            integer = quantize(graph, ranges, input_dtype="int16", input_scale=1.0)
            assert_runtimes_agree(integer, x.reshape(3, *shape))


@pytest.mark.parametrize(
    ("sos", "message"),
    [
        ([1, 2, 3], r"sos has shape \(3,\), expected \(n_sections, 6\)"),
        (np.empty((0, 6)), r"sos has shape \(0, 6\)"),
        ([[1, 0, 0, 2, 0, 0]], r"a0 of every section, is \[2\.\], expected 1"),
        ([[1, 0, 0, 1, np.nan, 0]], "sos has NaN or infinite entries"),
        ([[1, 0, 0, 1, 0, 0], [1, 0, 0, 1, -1.02, 0]], r"sos\[1\] has a pole at radius 1.02"),
        ([[1, 0, 0, 1, -2, 1]], r"sos\[0\] has a pole at radius 1, .*not stable"),
    ],
)
def test_refused(sos, message):
    with pytest.raises(ValueError, match=message):
        IIRFilter(sos).fit(np.ones((3, 9)))


def test_a_pole_that_30_bits_cannot_hold_is_refused():
    sos = cheby1(2, 1, 1e-6, output="sos")
    X = RNG.integers(-99, 99, (10, 30), dtype=np.int16)
    with pytest.raises(NotConvertibleError, match=r"IIRFilter.*pole within 2.-16 of .*Decimate"):
        to_c(IIRFilter(sos).fit(X), X)


def test_magnitudes():
    X = RNG.integers(-32768, 32768, (6, 20, 6), dtype=np.int16)
    X[0] = -32768
    steps = VectorMagnitude(n_axes=3).fit(X)
    wanted = np.sqrt(np.square(X.reshape(6, 20, 2, 3), dtype=float).sum(axis=3)).reshape(6, -1)
    assert steps.output_shape_ == (20, 2)
    assert np.allclose(steps.transform(X), wanted)
    with pytest.raises(ValueError, match="n_axes=4 with signals of 6 channels"):
        VectorMagnitude(4).fit(X)


@pytest.mark.parametrize(("dtype", "n_axes"), [("int16", 3), ("int16", 1), ("int8", 3)])
def test_integers_of_magnitudes_are_the_nearest(dtype, n_axes):
    info = np.iinfo(dtype)
    rng = np.random.default_rng(0)
    X = rng.integers(info.min, info.max + 1, (50, 4, n_axes)).astype(dtype)
    X[0], X[1] = info.min, 0
    graph = Graph(TensorSpec((1, 4, n_axes))).append(EuclideanNorm(n_axes))
    ranges = calibrate(graph, X.reshape(50, 1, 4, n_axes))
    integer = quantize(graph, ranges, input_dtype=dtype, input_scale=1.0, output_bits=16)
    x = X.reshape(50, 1, 4, n_axes)
    wanted = np.sqrt(np.square(X, dtype=float).sum(axis=2))
    found = fixed.run(integer, x).reshape(50, 4) * integer.output.scale
    op = integer.nodes[-1].op
    assert isinstance(op, QEuclideanNorm)
    assert np.abs(found - wanted).max() <= 0.5 * (integer.output.scale + 2.0**-op.shift) + 1e-6
    assert_runtimes_agree(integer, x)


def windows() -> tuple[np.ndarray, np.ndarray]:
    X = (RNG.normal(0, 400, (60, 40, 3)) + 700).astype(np.int16)
    y = np.arange(60) % 2
    X[y == 1, :, 1] += (900 * np.sin(np.arange(40) / 2)).astype(np.int16)
    return X, y


def test_in_a_pipeline_and_a_grid_search(tmp_path):
    X, y = windows()
    front = (IIRFilter(butter(2, 0.4, output="sos")), Decimate(2, input_shape=(40, 3)))
    pipe = make_pipeline(
        *front, VectorMagnitude(input_shape=(20, 3)), IIRFilter(input_shape=(20, 1)),
        RidgeClassifier(),
    )  # fmt: skip
    sections = [butter(n, 0.4, output="sos") for n in (2,)]
    grid = {"iirfilter-1__sos": [*sections, None], "vectormagnitude__n_axes": [None, 3]}
    search = GridSearchCV(pipe, grid, cv=2).fit(X, y)
    assert search.best_estimator_.score(X, y) > 0.6
    model = to_c(search.best_estimator_, X)
    assert model.verify(X).differing_bytes == 0
    dump((search.best_estimator_, X, search.predict(X)), tmp_path / "model")
    code = (
        "import joblib, sys; pipe, X, y = joblib.load(sys.argv[1]); "
        "assert (pipe.predict(X) == y).all()"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "model")], check=True)


def test_floats_in_c():
    X, y = windows()
    pipe = make_pipeline(
        IIRFilter(butter(3, 0.3, output="sos")), VectorMagnitude(input_shape=(40, 3)),
        RidgeClassifier(1e6),
    ).fit(X, y)  # fmt: skip
    model = to_c(pipe, X.astype(np.float32), dtype="float32")
    found = model.decision_function(X.astype(np.float32))
    assert np.allclose(found, pipe.decision_function(X), atol=1e-3)


def test_recordings_of_any_length():
    sos = butter(2, 0.2, output="sos")
    recordings = [RNG.normal(size=(n, 3)) for n in (50, 41)]
    found = filter_recordings(recordings, [IIRFilter(sos), Decimate(2), VectorMagnitude()])
    for recording, result in zip(recordings, found, strict=True):
        smooth = sosfilt(sos, recording, axis=0)[: len(recording) // 2 * 2]
        wanted = np.linalg.norm(smooth.reshape(-1, 2, 3).mean(axis=1), axis=1)
        assert np.allclose(result[:, 0], wanted, rtol=1e-4, atol=1e-6)
    assert filter_recordings([np.ones(9)], [])[0].shape == (9, 1)
