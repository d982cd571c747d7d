"""`StreamDisplay` and `CostDisplay`: what is drawn is what the model says."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.svm import SVC

import skconv

plt = pytest.importorskip("matplotlib.pyplot")
RNG = np.random.default_rng(0)
X = RNG.integers(-99, 99, (60, 8), dtype=np.int16)
SAMPLES = RNG.integers(-99, 99, 100, dtype=np.int16)


def test_lines_are_scores_at_the_end_of_their_windows() -> None:
    labels = np.array(["down", "level", "up"])[np.digitize(X.sum(axis=1), [-99, 99])]
    model = skconv.to_c(RidgeClassifier().fit(X, labels), X, input="samples", hop=4)
    decisions, scores = model.stream("fixed").push(SAMPLES, return_scores=True)
    display = skconv.StreamDisplay.from_model(
        model, SAMPLES, rate=50, engine="fixed", spans=[(0.5, 0.9)], threshold=0.1
    )
    assert [line.get_label() for line in display.lines_] == ["down", "level", "up"]
    for line, column in zip(display.lines_, scores.T, strict=True):
        np.testing.assert_array_equal(line.get_ydata(), column)
        np.testing.assert_allclose(line.get_xdata()[[0, 1]], [8 / 50, 12 / 50])
    boxes = [path.get_extents() for path in display.decisions_.get_paths()]
    assert len(boxes) == 1 + np.count_nonzero(decisions[1:] != decisions[:-1])
    assert boxes[-1].x1 == pytest.approx(display.times[-1])
    assert display.ax_.get_xlabel() == "seconds"
    plt.close(display.figure_)


def test_events_are_marks() -> None:
    detector = skconv.EventDetector(LogisticRegression(), threshold=0.0, refractory=2)
    detector.fit(X, (X.sum(axis=1) > 0).astype(int))
    model = skconv.to_c(detector, X, input="samples", hop=4)
    found = model.stream("fixed").push(SAMPLES)
    display = skconv.StreamDisplay.from_model(model, SAMPLES, engine="fixed")
    marks = display.decisions_.get_xdata()
    np.testing.assert_array_equal(marks, display.times[found >= 0])
    assert 0 < len(marks) < len(found)
    assert display.ax_.get_xlabel() == "samples"
    plt.close(display.figure_)


def test_what_has_no_stream_is_refused() -> None:
    model = skconv.to_c(RidgeClassifier().fit(X, X[:, 0] > 0), X, input="samples", hop=4)
    with pytest.raises(ValueError, match=r"samples has 5 entries, expected the 8 of a window"):
        skconv.StreamDisplay.from_model(model, SAMPLES[:5], engine="fixed")
    with pytest.raises(ValueError, match="rate=0, expected"):
        skconv.StreamDisplay.from_model(model, SAMPLES, rate=0)
    with pytest.raises(TypeError, match="RidgeClassifier without a stream, expected a CModel"):
        skconv.StreamDisplay.from_model(RidgeClassifier(), SAMPLES)
    with pytest.raises(ValueError, match="decisions has 1 entries, expected one for each of the 2"):
        skconv.StreamDisplay([1, 2], [3, 4], [0])


def test_bars_are_the_costs_of_the_report() -> None:
    report = skconv.to_c(SVC().fit(X, X[:, 0] > 0), X).report()
    display = skconv.CostDisplay(report).plot()
    nodes = list(report.nodes)
    for kind, bars in display.bars_.items():
        numbers = np.array([getattr(node, kind) for node in nodes])
        total = report.ram_bytes if kind == "ram_bytes" else numbers.sum()
        np.testing.assert_allclose([bar.get_width() for bar in bars], 100 * numbers / total)
    assert len(display.bars_) == 3
    assert [label.get_text() for label in display.ax_.get_yticklabels()] == [n.name for n in nodes]
    assert sum(node.instructions or 0 for node in nodes) == pytest.approx(
        report.instructions, abs=9
    )
    plt.close(display.figure_)
    with pytest.raises(TypeError, match=r"SVC, expected a CModel; write skconv\.to_c"):
        skconv.CostDisplay.from_model(SVC())
