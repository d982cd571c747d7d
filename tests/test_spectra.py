"""The power of signals in bands: closed forms, scipy's transform, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.fft import rfft

from skconv.graph import BandPower, Graph, Log, Power, TensorSpec
from skconv.runtime import engine, numpy_engine, reference
from skconv.testing import chain

RNG = np.random.default_rng(0)


def bank(n_bins: int, n_bands: int) -> np.ndarray:
    return RNG.random((n_bins, n_bands)).astype(np.float32)


def test_band_power_is_that_of_scipys_transform():
    op = BandPower(np.hanning(50).astype("f4"), bank(33, 5), 20)
    x = RNG.normal(size=(2, 1, 130, 1))
    frames = np.stack([x[:, 0, i : i + 50, 0] for i in (0, 20, 40, 60, 80)], axis=1)
    power = np.abs(rfft(frames * op.window, 64)) ** 2
    found = reference.run(chain(op, shape=(1, 130, 1)), x)
    assert found.shape == (2, 1, 5, 5)
    np.testing.assert_allclose(found[:, 0], power @ op.bank, rtol=1e-6)


@pytest.mark.parametrize("run", [engine.run, numpy_engine.run])
def test_floats_of_32_bits_are_near_the_definition(run):
    op = BandPower(np.hanning(40).astype("f4"), bank(33, 6), 16)
    graph = chain(op, Log(0.5), shape=(1, 200, 1))
    x = RNG.normal(size=(3, 200)).astype(np.float32)
    np.testing.assert_allclose(run(graph, x), reference.run(graph, x), atol=1e-5)


def test_a_signal_in_a_column_has_frames_in_a_column():
    op = BandPower(np.hanning(16).astype("f4"), bank(9, 3), 4)
    row, column = chain(op, shape=(1, 40, 1)), chain(op, shape=(40, 1, 1))
    x = RNG.normal(size=(2, 40))
    assert column.output.shape == (7, 1, 3)
    assert np.array_equal(reference.run(row, x).ravel(), reference.run(column, x).ravel())


def test_ten_times_the_power_is_so_much_more_of_its_tenth_power():
    graph = chain(Power(0.1), shape=(1,))
    low, high = reference.run(graph, np.array([[3.0], [30.0]])).ravel()
    assert high / low == pytest.approx(1.258925, abs=1e-6)


@pytest.mark.parametrize(
    ("op", "shape", "message"),
    [
        (BandPower(np.ones(16), bank(9, 2), 4), (1, 15, 1), "longer than the signal of 15"),
        (BandPower(np.ones(16), bank(9, 2), 4), (2, 32, 1), "needs a signal"),
        (BandPower(np.ones(16), bank(9, 2), 4), (1, 32, 2), "signal of one channel"),
        (BandPower(np.ones(16), bank(9, 2), 0), (1, 32, 1), "hop >= 1, got 0"),
        (BandPower(np.ones(17), bank(9, 2), 4), (1, 32, 1), "a bank for 16"),
        (BandPower(np.ones(16), -bank(9, 2), 4), (1, 32, 1), "without negative weights"),
        (Log(0.0), (4,), "floor > 0, got 0"),
        (Power(1.5), (4,), "exponent < 1, got 1.5"),
    ],
)
def test_what_is_refused_and_why(op, shape, message):
    with pytest.raises(ValueError, match=message):
        _ = Graph(TensorSpec(shape)).append(op).output
