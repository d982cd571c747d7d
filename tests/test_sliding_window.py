"""Windows of recordings: where they lie, their labels, and what belongs together."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GroupKFold

from skconv import SlidingWindow
from skconv.exceptions import ShapeWarning

RNG = np.random.default_rng(0)
RECORDINGS = [RNG.integers(-99, 99, (n, 2)).astype(np.int16) for n in (53, 41, 20)]


def test_windows_are_slices_of_the_recordings_in_the_order_of_time():
    X, y, groups = SlidingWindow(20, hop=7).cut(RECORDINGS)
    assert y is None
    assert X.dtype == np.int16
    starts = [(i, s) for i, r in enumerate(RECORDINGS) for s in range(0, len(r) - 19, 7)]
    assert groups.tolist() == [i for i, _ in starts]
    for window, (i, start) in zip(X, starts, strict=True):
        assert np.array_equal(window, RECORDINGS[i][start : start + 20])


def test_windows_do_not_overlap_by_default():
    assert SlidingWindow(10).cut([np.arange(35)]).X[:, 0].tolist() == [0, 10, 20]


def test_a_hop_beyond_the_length_skips_samples():
    assert SlidingWindow(5, hop=12).cut([np.arange(30)]).X[:, 0].tolist() == [0, 12, 24]


def test_recordings_of_one_length_may_be_an_array():
    X, y, groups = SlidingWindow(4).cut(np.zeros((3, 9, 2)), labels=[5, 6, 7])
    assert X.shape == (6, 4, 2)
    assert y.tolist() == [5, 5, 6, 6, 7, 7]
    assert groups.tolist() == [0, 0, 1, 1, 2, 2]


def test_groups_may_be_people():
    X, y, groups = SlidingWindow(20).cut(RECORDINGS, ["a", "b", "a"], groups=["ann", "bob", "ann"])
    assert groups.tolist() == ["ann"] * 2 + ["bob"] * 2 + ["ann"]
    for train, test in GroupKFold(2).split(X, y, groups):
        assert not {*groups[train]} & {*groups[test]}


MARKS = np.array(list("aaabbbbbcc"))


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        ({}, ["a", "b", "b"]),
        ({"label": "last"}, ["b", "b", "c"]),
        ({"drop_mixed": True}, ["b"]),
        ({"drop_mixed": True, "hop": 1}, ["b", "b"]),
    ],
)
def test_labels_of_samples(options, wanted):
    cut = SlidingWindow(**({"length": 4, "hop": 3} | options)).cut([np.arange(10)], [MARKS])
    assert cut.y.tolist() == wanted


def test_the_first_label_in_order_wins_where_two_are_as_frequent():
    assert SlidingWindow(4).cut([np.arange(4)], [["b", "b", "a", "a"]]).y.tolist() == ["a"]


def test_a_recording_that_is_too_short_is_told_of():
    with pytest.warns(ShapeWarning, match=r"1 of 3 recordings .* recordings\[2\] has 20 samples"):
        X, y, groups = SlidingWindow(30).cut(RECORDINGS, [0, 1, 2])
    assert (len(X), y.tolist(), groups.tolist()) == (2, [0, 1], [0, 1])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            (RECORDINGS[0],),
            r"array of shape \(53, 2\), expected a list of recordings.*\[recording\]",
        ),
        (([],), "recordings is empty"),
        (([np.zeros((9, 2)), np.zeros((9, 3))],), r"shapes \(9, 2\), \(9, 3\), expected"),
        ((RECORDINGS, [0, 1]), "labels has 2 entries for 3 recordings"),
        ((RECORDINGS, [[0, 1], 1, 2]), r"labels\[0\] has shape \(2,\), expected one label"),
        ((RECORDINGS, None, [1]), "groups has 1 entries for 3"),
        (([np.zeros(5)],), "length=20, but the longest recording has 5 samples"),
    ],
)
def test_what_does_not_fit_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        SlidingWindow(20).cut(*arguments)


def test_no_pure_window_is_refused():
    with pytest.raises(ValueError, match="drop_mixed=True leaves no window"):
        SlidingWindow(4, drop_mixed=True).cut([np.arange(4)], [[0, 0, 1, 1]])


def test_parameters_are_those_of_an_estimator():
    window = SlidingWindow(20, hop=5)
    assert clone(window).get_params() == window.get_params()
    with pytest.raises(ValueError, match="'hop' parameter of SlidingWindow must be an int"):
        SlidingWindow(20, hop=0).cut(RECORDINGS)
