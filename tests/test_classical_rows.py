"""Rows of the classical models' benchmark: kept in a file, counted, and cut short on an AVR."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier

from tests.classical.base import AVR_CYCLES, Case, tried
from tests.classical.rows import Row, append_row, read_rows, row_of, summary

HOST = {"portable": 300}
ROW = Row("bayes", "GaussianNB", "iris", (0.9, 0.8), 0.95, 1000, 20, {"portable": 0}, HOST)


def test_a_run_that_was_killed_goes_on(tmp_path):
    path = tmp_path / "rows.jsonl"
    assert read_rows(path) == {}
    rows = [ROW, replace(ROW, data="digits", scores=None)]
    for row in rows:
        append_row(path, row)
    path.write_text(path.read_text() + '{"family": "ba')
    assert list(read_rows(path).values()) == rows
    append_row(path, replace(ROW, data="fashion"))
    assert [key[2] for key in read_rows(path)] == ["iris", "digits", "fashion"]


def test_the_summary_counts_what_ran_and_what_does_not_fit():
    def on_avr(n_samples: int, differing: int) -> Row:
        counts = {"portable": 0, "avr": differing}
        return replace(ROW, differing=counts, n_samples={**HOST, "avr": n_samples})

    text = summary([on_avr(300, 0), on_avr(12, 3), on_avr(40, 0), on_avr(0, 0)])
    assert text.startswith("4 rows, 3 bytes differ\n")
    assert "1,200 samples     0 bytes differ\n" in text
    assert "3 rows      352 samples     3 bytes differ; 1 do not fit; " in text
    assert "2 ran fewer than 300, 12 at least\n" in text
    assert ": 0.1000 on average" in text
    assert str(on_avr(12, 3)).endswith("     0      3    1,000      20  AVR: 12")
    assert str(on_avr(0, 0)).endswith("     0      -    1,000      20")


@pytest.mark.needs("cc", "avr-gcc", "simavr")
def test_an_avr_begins_no_sample_after_its_cycles():
    case = Case("GaussianNB", GaussianNB())
    row = row_of("bayes", case, "iris", ("portable", "avr"), AVR_CYCLES)
    assert row.n_samples == {"portable": 150, "avr": 150} and not any(row.differing.values())
    few = tried(case, "iris").compared("avr", 1_000_000)
    assert few.differing == 0 and 1 < few.n_samples < 100
    assert tried(case, "iris").compared("avr", 1).n_samples == 1


@pytest.mark.needs("avr-gcc", "simavr")
def test_a_model_that_fits_no_avr_says_so():
    assert tried(Case("k-NN", KNeighborsClassifier()), "digits").compared("avr") is None
