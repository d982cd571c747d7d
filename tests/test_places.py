"""Where pixels lie: what means make of a ramp, and by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from skconv.graph import (
    Abs,
    Affine,
    Concat,
    Conv,
    Graph,
    Linear,
    MaxPool,
    MeanPool,
    Median,
    Op,
    Pad,
    Permute,
    Reshape,
    Resize,
    TensorSpec,
    Upsample,
)
from skconv.graph.axes import Axis
from skconv.graph.places import MapPlaces, places_of_output
from skconv.runtime import reference
from skconv.torch_import.resampling import resampling_matrix

SHAPE = (23, 26, 1)
SIZES = st.tuples(st.integers(1, 4), st.integers(1, 4))
STEPS = st.tuples(st.integers(1, 3), st.integers(1, 3))
BORDERS = st.tuples(SIZES, SIZES)


def mean_conv(size: Any, stride: Any, padding: Any, dilation: Any) -> Conv:
    weights = np.full((1, *size, 1), 1 / np.prod(size), np.float32)
    return Conv(weights, np.zeros(1, np.float32), stride, padding, "zero", dilation)


def ops() -> st.SearchStrategy[Op]:
    """Ops whose pixels are means of windows."""
    return st.one_of(
        st.builds(mean_conv, SIZES, STEPS, BORDERS, STEPS),
        st.builds(MeanPool, SIZES, STEPS),
        st.builds(Pad, BORDERS),
    )


def chain(*ops: Op, shape: tuple[int, ...] = SHAPE) -> Graph:
    graph = Graph(TensorSpec(shape))
    for op in ops:
        graph = graph.append(op)
    return graph


def place(*ops: Op, shape: tuple[int, ...] = SHAPE) -> MapPlaces:
    return places_of_output(chain(*ops, shape=shape))


@settings(max_examples=60, deadline=None)
@given(drawn=st.lists(ops(), min_size=1, max_size=4))
def test_a_mean_of_places_is_the_place_of_the_mean(drawn: list[Op]) -> None:
    graph = chain(*drawn)
    try:
        shape = graph.output.shape
    except ValueError:  # a window is larger than what there is left
        assume(False)
    found = places_of_output(graph)
    assert found.shape == shape
    # Pixels that no border reaches: ones stay ones there.
    whole = np.isclose(reference.run(graph, np.ones((1, *SHAPE)))[0, :, :, 0], 1)
    for i, axis in enumerate(found.axes):
        ramp = np.indices(SHAPE)[i][np.newaxis].astype(np.float64)
        wanted = axis.start + axis.step * np.indices(shape)[i][..., 0]
        assert_allclose(reference.run(graph, ramp)[0, :, :, 0][whole], wanted[whole], atol=1e-4)


@pytest.mark.parametrize(
    ("old", "new", "start", "step"),
    [(26, 52, -0.25, 0.5), (26, 13, 0.5, 2), (24, 84, -0.357, 0.2857)],
)
@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic"])
def test_a_resized_map_covers_the_same_area(
    old: int, new: int, start: float, step: float, interpolation: Any
) -> None:
    matrix = resampling_matrix(old, new, interpolation, antialias=True)
    (axis, _) = place(Resize(matrix, np.eye(1, dtype="f4")), shape=(old, 1, 1)).axes
    assert_allclose(axis, (start, step), atol=3e-3)
    (cropped, _) = place(Resize(matrix[3:-3], np.eye(1, dtype="f4")), shape=(old, 1, 1)).axes
    assert_allclose(cropped, (start + 3 * step, step), atol=3e-3)


def test_by_hand() -> None:
    assert place().axes == (Axis(0, 1), Axis(0, 1))
    assert place(Upsample((1, 4))).axes == (Axis(0, 1), Axis(-0.375, 0.25))
    assert place(MaxPool((3, 2), (2, 2))).axes == (Axis(1, 2), Axis(0.5, 2))
    assert place(Median((3, 3), (1, 1), ((1, 1), (0, 0)))).axes == (Axis(0, 1), Axis(1, 1))
    # One row: nothing to measure a step by.
    found = place(Resize(np.float32([[0.5, 0.5]]), np.eye(4, dtype="f4")), shape=(2, 4, 1))
    assert found.shape == (1, 4, 1)
    assert_allclose(found.axes, [(0.5, 1), (0, 1)], atol=1e-12)


def test_a_map_may_be_flattened_and_a_sample_flat() -> None:
    ops = (Reshape(SHAPE), MaxPool((2, 2), (2, 2)), Abs(), Reshape((11 * 13,)))
    assert place(*ops, shape=(23 * 26,)) == ((11, 13, 1), (Axis(0.5, 2), Axis(0.5, 2)))


FLAT = Reshape((23 * 26,))


@pytest.mark.parametrize(
    "ops",
    [
        (FLAT, Linear(np.eye(23 * 26, dtype="f4"), np.zeros(23 * 26, "f4"))),
        (FLAT, Affine(np.ones(23 * 26, "f4"), np.zeros(23 * 26, "f4"))),
        (Permute((1, 0, 2)),),
        (Reshape((26, 23, 1)),),
    ],
)
def test_what_is_no_map_has_no_places(ops: tuple[Op, ...]) -> None:
    with pytest.raises(ValueError, match="no map, nor a map that was flattened"):
        place(*ops)


def test_two_vectors_are_no_map() -> None:
    graph = chain(FLAT)
    graph = graph.append(Concat(), graph.output_name, graph.output_name)
    with pytest.raises(ValueError, match="'concat' is no map"):
        places_of_output(graph)
