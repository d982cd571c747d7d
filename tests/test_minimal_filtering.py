"""Minimal algorithms: exact in fractions, the known matrices, the bounds of their integers."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from skconv.graph.minimal_filtering import (
    default_points,
    minimal_algorithm,
    transformed,
)

RNG = np.random.default_rng(0)


def filtered(d, g):
    """What a filter is, of fractions."""
    windows = np.lib.stride_tricks.sliding_window_view(d, g.shape)
    return (windows * g).sum(axis=tuple(range(d.ndim, 2 * d.ndim)))


def fractions(*shape):
    found = RNG.integers(-99, 100, shape) + RNG.integers(0, 7, shape) * Fraction(1, 7)
    return np.array(found, object)


@pytest.mark.parametrize("axes", [1, 2])
@pytest.mark.parametrize(
    ("m", "r"), [(1, 1), (1, 3), (4, 1), (2, 3), (3, 2), (3, 3), (4, 3), (2, 5), (6, 3), (3, 7)]
)
def test_it_is_the_filter_exactly(m, r, axes):
    found = minimal_algorithm(m, r)
    assert (found.results, found.taps, found.products) == (m, r, m + r - 1)
    d, g = fractions(*[m + r - 1] * axes), fractions(*[r] * axes)
    assert (found.apply(d, g) == filtered(d, g)).all()


@pytest.mark.parametrize("points", [(0, 2, -3), (5, 7, 11), (Fraction(1, 3), Fraction(-2, 5), 4)])
def test_any_points_do(points):
    found = minimal_algorithm(2, 3, points)
    d, g = fractions(4, 4), fractions(3, 3)
    assert (found.apply(d, g) == filtered(d, g)).all()
    for matrix in (found.output, found.inputs):
        assert all(value.denominator == 1 for value in matrix.ravel())


def test_the_matrices_of_wincnn():
    """F(4, 3) as its author prints it; F(2, 3) is the doctest."""
    found = minimal_algorithm(4, 3, (0, 1, -1, 2, -2))
    assert found.output.tolist() == [
        [1, 1, 1, 1, 1, 0], [0, 1, -1, 2, -2, 0], [0, 1, 1, 4, 4, 0], [0, 1, -1, 8, -8, 1]
    ]  # fmt: skip
    assert (24 * found.kernel).tolist() == [
        [6, 0, 0], [-4, -4, -4], [-4, 4, -4], [1, 2, 4], [1, -2, 4], [0, 0, 24]
    ]  # fmt: skip
    assert found.inputs.tolist() == [
        [4, 0, -5, 0, 1, 0], [0, -4, -4, 1, 1, 0], [0, 4, -4, -1, 1, 0],
        [0, -2, -1, 2, 1, 0], [0, 2, -1, -2, 1, 0], [0, 4, 0, -5, 0, 1],
    ]  # fmt: skip


def test_at_halves_the_fractions_are_in_the_kernels():
    """F(6, 3) of wincnn, whose rows at 1/2 are brought to whole numbers."""
    found = minimal_algorithm(6, 3)
    assert default_points(7) == (0, 1, -1, 2, -2, Fraction(1, 2), Fraction(-1, 2))
    assert found.output[:, 5].tolist() == [32, 16, 8, 4, 2, 1]
    assert found.inputs[0].tolist() == [4, 0, -21, 0, 21, 0, -4, 0]
    at_half = np.array([Fraction(32, 45), Fraction(16, 45), Fraction(8, 45)]) / (32 * 2)
    assert found.kernel[5].tolist() == at_half.tolist()


@pytest.mark.parametrize(("m", "axes"), [(2, 1), (2, 2), (3, 2), (4, 1)])
@pytest.mark.parametrize("limits", [(-128, 127), (0, 255), (3, 99)])
def test_bounds_are_met_and_not_passed(m, axes, limits):
    """Numbers at the ends reach them, and the integers are a multiple of the filter."""
    found = minimal_algorithm(m, 3)
    bounds = found.bounds(limits, channels=1, axes=axes)
    output, kernel, inputs = found.integers
    shape = [m + 2] * axes
    for _ in range(100):
        d, g = RNG.choice(limits, shape), RNG.choice((-128, 127), [3] * axes)
        factors = transformed(inputs, d), transformed(kernel, g)
        results = transformed(output, factors[0] * factors[1])
        assert (results == found.scale**axes * filtered(d, g)).all()
        assert abs(factors[1]).max() <= bounds.kernels
        assert abs(factors[0] * factors[1]).max() <= bounds.products
        assert abs(results).max() <= bounds.results
    low, high = limits
    nested = inputs if axes == 1 else np.kron(inputs, inputs)
    ends = [np.where(sign * nested > 0, high, low) for sign in (1, -1)]
    reached = max(int(abs((nested * end).sum(axis=1)).max()) for end in ends)
    assert reached == bounds.inputs


def test_which_algorithms_take_bytes():
    """Factors of F(2x2, 3x3) are int16: 512 and 1,152; those of F(4x4, 3x3) are not."""
    two = minimal_algorithm(2, 3)
    assert (two.scale, two.bounds().inputs, two.bounds().kernels) == (2, 512, 1152)
    assert two.bounds((0, 255)).inputs == 1020
    assert two.bounds(channels=1000).fits
    assert not two.bounds(channels=4000).fits
    four = minimal_algorithm(4, 3)
    assert four.scale == 24
    assert not four.bounds().fits
    assert four.bounds(axes=1).fits
    assert minimal_algorithm(3, 3).bounds().fits


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0, 3), r"F\(0, 3\)"),
        ((2, 3, (0, 1)), "needs 3 of them beside infinity, got 2"),
        ((2, 3, (0, 1, 1)), "two of them are equal"),
    ],
)
def test_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        minimal_algorithm(*arguments)
