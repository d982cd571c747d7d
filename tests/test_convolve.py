"""The numpy convolution equals the sum over every pixel of every kernel, in both of its ways."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from skconv.graph import Conv
from skconv.runtime.windows import MANY_CHANNELS, convolve


@pytest.mark.parametrize("channels", [1, MANY_CHANNELS - 1, MANY_CHANNELS, MANY_CHANNELS + 3])
@pytest.mark.parametrize("groups", [1, 3])
@pytest.mark.parametrize(("stride", "dilation"), [((1, 1), (1, 1)), ((2, 3), (1, 2))])
def test_convolution_is_the_sum_over_the_pixels_of_kernels(
    channels: int, groups: int, stride: tuple[int, int], dilation: tuple[int, int]
) -> None:
    draw = np.random.default_rng(0)
    x = draw.integers(-128, 128, (2, 9, 11, channels * groups)).astype(np.int8)
    kernels = draw.integers(-9, 9, (3 * groups, 3, 2, channels)).astype(np.float32)
    bias = draw.integers(-9, 9, 3 * groups).astype(np.float32)
    op = Conv(kernels, bias, stride, ((1, 1), (0, 1)), groups=groups, dilation=dilation)
    found = convolve(x, op)
    padded = np.pad(x.astype(np.float64), ((0, 0), (1, 1), (0, 1), (0, 0)))
    for row, column, k in np.ndindex(*found.shape[1:3], len(kernels)):
        top, left = row * stride[0], column * stride[1]
        first = k // 3 * channels
        window = padded[:, top:, left:, first : first + channels][:, :: dilation[0], :: dilation[1]]
        wanted = (window[:, :3, :2] * kernels[k]).sum(axis=(1, 2, 3)) + bias[k]
        assert_array_equal(found[:, row, column, k], wanted)
    assert_allclose(convolve(x / 3, op), (found - bias) / 3 + bias, rtol=1e-12, atol=1e-9)
