"""Huffman codes: the least bits, what a target reads, and tables that are unpacked once."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from skconv import RandomConvFeatures, SecondOrderRounding, compress, to_c
from skconv.emulator import tools
from skconv.exceptions import MemoryLimitError
from skconv.graph.storage.huffman import RUN, decoded, huffman
from skconv.graph.storage.unpacked import HuffmanTable

X, Y = load_digits(return_X_y=True)


def test_words_are_as_short_as_their_frequency_says():
    line = np.repeat([0, 1, 2, 3], [8, 4, 2, 2])
    np.random.default_rng(0).shuffle(line)
    found = huffman([line])
    assert found.symbols.tolist() == [0, 1, 2, 3]
    assert found.counts.tolist() == [1, 1, 2]
    assert found.bits.size == -(-(8 * 1 + 4 * 2 + 2 * 3 + 2 * 3) // 8)


@pytest.mark.parametrize("zeros", [0.0, 0.5, 0.95, 1.0])
def test_what_is_decoded_is_what_was_coded(zeros):
    rng = np.random.default_rng(1)
    lines = [np.where(rng.random(n) < zeros, 0, rng.integers(-300, 300, n)) for n in (1, 7, 200)]
    found = huffman(lines)
    for i, line in enumerate(lines):
        assert decoded(found, i, len(line)).tolist() == line.tolist()


def test_runs_are_taken_where_they_pay():
    line = np.zeros(4000, np.int8)
    line[::100] = 5
    assert max(huffman([line]).symbols) >= RUN
    assert huffman([line]).nbytes < 4000 / 8 / 4
    assert max(huffman([np.tile([0, 1, 2], 50)]).symbols) < RUN


def test_a_number_that_would_be_a_run_is_refused():
    with pytest.raises(ValueError, match="numbers up to 16384, expected less than 16384"):
        huffman([np.array([RUN])])


def test_a_table_of_pairs_and_one_that_does_not_pay():
    pairs = (np.int32([3, -2, 0, 3]) << 16) | (np.int32([-2, 3, 3, 0]) & 0xFFFF)
    table = HuffmanTable(np.tile(pairs, 40).astype(np.int32))
    low_first = decoded(table.coded, 0, 8).tolist()
    assert low_first == [-2, 3, 3, -2, 3, 0, 0, 3]
    assert table.pays
    noise = np.random.default_rng(0).integers(-128, 128, 400).astype(np.int8)
    assert not HuffmanTable(noise).pays
    assert not HuffmanTable(np.full(400, 30000, np.int16)).pays


@pytest.fixture(scope="module")
def small():
    features = RandomConvFeatures(n_kernels=8, kernel_size=3, input_shape=(8, 8), random_state=0)
    pipe = make_pipeline(features, LogisticRegression(max_iter=500)).fit(X[:500], Y[:500])
    return compress(pipe, X[:500], Y[:500], passes=[SecondOrderRounding(levels=8)])


@pytest.mark.parametrize(
    ("target", "options"),
    [
        ("cortex-m4", {"input": "rows"}),
        ("cortex-m0", {"optimize": "size"}),
        ("portable", {"input": "samples", "window": 8, "hop": 2}),
    ],
)
def test_tables_unpacked_once_take_less_flash_and_change_no_byte(small, target, options):
    options = {"target": target, "linear_bits": 8, **options}
    plain = to_c(small, X[:100], **options)
    model = to_c(small, X[:100], **options, unpack="boot")
    assert model.report().flash_bytes < 0.8 * plain.report().flash_bytes
    assert model.report().ram_bytes > plain.report().ram_bytes
    assert "void model_unpack(void);" in model.files["model.h"]
    found = model.verify(X[:40])
    assert (found.differing_bytes, found.message) == (0, "")
    assert np.array_equal(model.predict(X[:40]), plain.predict(X[:40]))


@pytest.mark.parametrize(
    "target", [pytest.param(t, marks=pytest.mark.needs(*tools(t))) for t in ("cortex-m4", "avr")]
)
def test_on_a_simulated_board(small, target):
    model = to_c(small, X[:100], linear_bits=8, unpack="boot", target=target)
    found = model.benchmark(n_samples=2)
    assert found.wrong == 0
    assert found.static_bytes == model.report().ram_bytes
    assert found.table_bytes == model.report().flash_bytes


def test_ram_that_does_not_suffice_is_refused(small):
    options = {"linear_bits": 8, "ram_bytes": 1024}
    to_c(small, X[:100], **options)
    with pytest.raises(MemoryLimitError, match="bytes of RAM too many"):
        to_c(small, X[:100], **options, unpack="boot")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"unpack": "always"}, "unpack='always', expected one of"),
        ({"dtype": "float32"}, "with dtype='float32', expected dtype='int8'"),
        ({"arena": "caller"}, "with arena='caller': .*expected arena='static'"),
    ],
)
def test_what_cannot_be_unpacked_is_refused(small, options, message):
    with pytest.raises(ValueError, match=message):
        to_c(small, X[:100], **{"unpack": "boot", **options})
