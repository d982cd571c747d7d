"""Events in a stream of scores: when one begins, and how many are missed."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.base import clone

from skconv import EventDetector
from skconv.signals import count_events


def by_hand(scores, threshold, refractory, n_smooth):
    """Score by score, as the docstring says it."""
    events, last = [], None
    for i in range(n_smooth - 1, len(scores)):
        reached = sum(scores[i - n_smooth + 1 : i + 1]) >= n_smooth * threshold
        if reached and (last is None or i - last >= refractory):
            events.append(i)
            last = i
    return events


@pytest.mark.parametrize("refractory", [1, 4])
@pytest.mark.parametrize("n_smooth", [1, 3])
@pytest.mark.parametrize("dtype", ["int32", "float64"])
def test_events_are_those_of_the_definition_in_one_push_or_many(refractory, n_smooth, dtype):
    scores = np.random.default_rng(0).integers(-9, 10, 300).astype(dtype)
    detector = EventDetector(3, refractory=refractory, n_smooth=n_smooth)
    wanted = by_hand(scores.tolist(), 3, refractory, n_smooth)
    assert len(wanted) > 10
    assert detector.detect(scores).tolist() == wanted
    pieces = np.split(scores, [1, 2, 3, 100, 101])
    assert np.flatnonzero(np.concatenate([*map(detector.push, pieces)])).tolist() == wanted


def test_sums_of_large_integers_are_exact():
    scores = np.full(4, 2**31 - 1, np.int32)
    assert EventDetector(2**31 - 1, n_smooth=4).detect(scores).tolist() == [3]
    scores[0] -= 1
    assert EventDetector(2**31 - 1, n_smooth=4).detect(scores).tolist() == []


def test_of_several_alarms_in_one_event_the_first_counts():
    assert count_events([2, 3, 9, 9], [(1, 4), (5, 6)]) == (1, 1, 2)
    assert count_events([], [(1, 4)]) == (0, 1, 0)
    assert count_events([7], []) == (0, 0, 1)


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match=r"shape \(2, 3\).*scores\[:, k\]"):
        EventDetector(0).detect(np.zeros((2, 3)))
    with pytest.raises(ValueError, match="NaN"):
        EventDetector(0).detect([np.nan])
    with pytest.raises(ValueError, match="'refractory' parameter"):
        EventDetector(0, refractory=0).detect([1])


def test_parameters_are_those_of_an_estimator():
    detector = EventDetector(1.5, refractory=3, n_smooth=2)
    assert clone(detector).get_params() == detector.get_params()
