"""The integers of the auditory front end: transform, logarithms, powers, and their errors."""

from __future__ import annotations

from dataclasses import replace
from math import log as ln

import numpy as np
import pytest
from scipy.fft import rfft

from skconv import emulator
from skconv.codegen.headers import header_texts
from skconv.graph import BandPower, Log, Power, QBandLog, QBandPower, QBandRoot, QLog
from skconv.graph.integer_spectra import log2_table
from skconv.passes.calibrate import calibrate
from skconv.passes.quantize import quantize
from skconv.passes.refusal import NoIntegerFormError
from skconv.runtime import fft, fixed, reference
from skconv.runtime.integer_spectra import log2
from skconv.testing import assert_runtimes_agree, chain, quantized_example
from tests.mcu.spectra import fft_source

RNG = np.random.default_rng(0)
HANN = np.hanning(100).astype(np.float32)


def transformed(samples: np.ndarray) -> np.ndarray:
    """The transform of real integers by the definition, as complex numbers."""
    points = samples.shape[1] // 2
    order = fft.places(points)
    z = samples[:, 2 * order], samples[:, 2 * order + 1]
    re, im = fft.real_fft(z, fft.twiddles(points))
    im[:, points // 2 + 1 :] *= -1
    return (re + 1j * im) / 2


@pytest.mark.parametrize("n", [8, 16, 32, 64, 256, 512, 1024])
def test_the_transform_is_scipys_to_92_decibels(n):
    x = RNG.integers(-(2**20), 2**20, (4, n))
    wanted = rfft(x.astype(np.float64))
    error = np.abs(transformed(x) - wanted) ** 2
    assert 10 * np.log10(error.mean() / (np.abs(wanted) ** 2).mean()) < -92


def test_an_impulse_is_in_all_frequencies_and_a_constant_in_none_but_the_first():
    impulse, constant = np.zeros((1, 64), np.int64), np.full((1, 64), 1 << 14)
    impulse[0, 0] = 1 << 20
    assert np.array_equal(transformed(impulse), np.full((1, 33), 1 << 20, complex))
    found = transformed(constant)
    assert found[0, 0] == 64 << 14
    assert not found[0, 1:].any()


def test_places_put_digits_in_reverse_order():
    assert fft.places(4).tolist() == [0, 1, 2, 3]
    assert fft.places(8).tolist() == [0, 4, 1, 5, 2, 6, 3, 7]
    assert sorted(fft.places(128)) == list(range(128))


def test_log2_is_within_its_bound():
    x = np.unique(np.geomspace(1, 2**62, 200_000).astype(np.int64))
    error = np.abs(log2(x) / 2**16 - np.log2(x.astype(np.float64)))
    chord = (1 / 64) ** 2 / (8 * ln(2))
    assert 0.9 * chord < error.max() < chord + 2.0**-16 + 2.0**-17
    powers = 2 ** np.arange(63)
    assert np.array_equal(log2(powers), np.arange(63) << 16)
    # One below a power of two: floats of 64 bits would round it up.
    assert log2(np.array([2**62 - 1]))[0] <= 62 << 16
    assert log2_table()[[0, 64]].tolist() == [0, 2**15]


def error_of(graph, low: float, high: float) -> tuple[float, np.ndarray]:
    """The largest error of 16-bit integers, in units, and what they are."""
    x = RNG.uniform(low, high, (40, graph.input.size)).astype(np.float32)
    integer = quantize(graph, calibrate(graph, x), input_dtype="int16", output_bits=16)
    q = fixed.run(integer, fixed.quantize_input(integer.input, x))
    wanted = reference.run(graph, x)
    return float(np.abs(q * integer.output.scale - wanted).max()), q


def test_logarithms_of_bands_are_those_of_floats_to_a_thousandth():
    bank = np.eye(65, 12, dtype=np.float32) + np.eye(65, 12, -3, dtype=np.float32)
    error, q = error_of(chain(BandPower(HANN, bank, 40), Log(1e-4), shape=(1, 500, 1)), -1, 1)
    assert error < 1e-3
    assert q.max() > 30_000


def test_roots_of_bands_are_those_of_floats_to_a_thousandth():
    bank = np.eye(65, 12, dtype=np.float32)
    error, q = error_of(chain(BandPower(HANN, bank, 40), Power(1 / 15), shape=(1, 500, 1)), -1, 1)
    assert error < 1e-3
    assert q.max() > 30_000


def test_ten_times_the_power_is_so_much_more_of_its_tenth_power():
    graph = quantized_example(chain(Power(0.1), shape=(1,)), input_dtype="int16", output_bits=16)
    low, high = fixed.run(graph, np.array([[300], [3000]], np.int16)).ravel()
    assert high / low == pytest.approx(1.258925, abs=2e-4)


def test_each_frame_keeps_its_bits_however_quiet_it_is():
    bank = np.eye(65, 8, -2, dtype=np.float32)
    graph = chain(BandPower(HANN, bank, 100), Log(1.0), shape=(1, 200, 1))
    tone = np.rint(30_000 * np.sin(np.arange(100) * 0.2))
    x = np.concatenate([tone, np.rint(tone / 1000)]).reshape(1, -1).astype(np.float32)
    integer = quantize(
        graph, calibrate(graph, x), input_dtype="int16", input_scale=1.0, output_bits=16
    )
    q = fixed.run(integer, x.astype(np.int16))
    assert np.abs(q * integer.output.scale - reference.run(graph, x)).max() < 0.02


@pytest.mark.needs("cc")
@pytest.mark.parametrize("value", [0, 1, -1, 32767, -32768])
def test_constant_samples_of_any_size_are_the_same_in_c(value):
    bank = np.eye(65, 9, dtype=np.float32)
    for op in (Log(0.1), Power(0.1)):
        graph = chain(BandPower(HANN, bank, 40), op, shape=(1, 300, 1))
        integer = quantized_example(graph, input_dtype="int16", input_scale=1.0)
        assert_runtimes_agree(integer, np.full((1, 1, 300, 1), value, np.int16))


def test_silence_is_0():
    bank = np.eye(65, 9, dtype=np.float32)
    for op in (Log(0.1), Power(0.1)):
        graph = chain(BandPower(HANN, bank, 40), op, shape=(1, 300, 1))
        integer = quantized_example(graph, input_dtype="int16", input_scale=1.0)
        assert not fixed.run(integer, np.zeros((1, 300), np.int16)).any()


def test_a_logarithm_of_its_own_reads_32_bits():
    bank = np.eye(65, 9, dtype=np.float32)
    graph = chain(BandPower(HANN, bank, 40), Log(0.1), shape=(1, 300, 1))
    shared = graph.append(Power(0.1), graph.nodes[0].name)
    ops = [type(node.op) for node in quantized_example(shared, input_dtype="int16").nodes]
    assert ops[:2] == [QBandPower, QLog]
    fused = quantized_example(chain(BandPower(HANN, bank, 40), Power(0.1), shape=(1, 300, 1)))
    assert [type(node.op) for node in fused.nodes] == [QBandRoot]


@pytest.mark.parametrize(
    ("op", "message"),
    [
        (BandPower(HANN[:99], np.eye(65, 2, dtype="f4"), 10), "write frame_length=100"),
        (BandPower(HANN, np.eye(61, 2, dtype="f4"), 10), "transform of 120 samples"),
    ],
)
def test_frames_without_integers_are_refused_by_name(op, message):
    with pytest.raises(NoIntegerFormError, match=message):
        quantized_example(chain(op, Log(), shape=(1, 300, 1)))


def test_a_transform_that_might_overflow_is_refused():
    graph = quantized_example(
        chain(BandPower(HANN, np.eye(65, 2, dtype="f4"), 10), Log(), shape=(1, 300, 1)),
        input_dtype="int16",
    )
    op = graph.nodes[0].op
    assert isinstance(op, QBandLog)
    with pytest.raises(ValueError, match="does not fit int32"):
        replace(op, shift=op.shift - 1).output(graph.input)
    heavy = np.full(2**17, 65535, np.uint16)
    one_band = {"band_starts": np.zeros(1, np.uint16), "band_counts": np.array([2**17])}
    with pytest.raises(ValueError, match="weights of a band sum up to"):
        replace(op, weights=heavy, **one_band).output(graph.input)


@pytest.mark.needs("qemu-system-arm")
def test_a_transform_of_256_costs_fewer_instructions_than_cmsis_dsp():
    """CMSIS-DSP's `arm_rfft_q15` takes 9,539: tests/benchmarks/bench_fft.py counts it."""
    source, prelude, statement = fft_source(256)
    count = emulator.count_instructions(
        {"fft.c": source, **header_texts(["fft.h"])}, statement, prelude=prelude
    )
    assert count < 9_539
