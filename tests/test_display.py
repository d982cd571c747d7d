"""KernelDisplay and FeatureMapDisplay: what is drawn is what was fitted."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import matplotlib
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from numpy.typing import NDArray
from sklearn.exceptions import NotFittedError
from sklearn.preprocessing import StandardScaler

from skconv import (
    ConvFeatures,
    FeatureMapDisplay,
    GaborFeatures,
    KernelDisplay,
    PCANetFeatures,
    QuantizedFeatures,
    RandomConvFeatures,
)
from skconv.inspection.grid import draw_grid
from skconv.kernels import PCAKernels
from skconv.runtime import reference
from tests.papers import gabor, pca_conv, random_conv


@pytest.fixture(autouse=True)
def no_window() -> Iterator[None]:
    """Drawing into memory; no figure is left open."""
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    yield
    plt.close("all")


def normal(*shape: int, seed: int = 0) -> NDArray[np.float32]:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def shown(ax: Any) -> NDArray[Any]:
    """The numbers of the one image of some axes, NaN where it is blank."""
    (image,) = ax.images
    return np.ma.filled(image.get_array().astype(float), np.nan)


def colour_limits(display: Any) -> NDArray[np.float64]:
    return np.array([ax.images[0].get_clim() for ax in display.axes_])


# ---------------------------------------------------------------------------------- kernels


def test_every_kernel_of_a_source_has_an_image() -> None:
    source = PCAKernels(n_kernels=5, kernel_size=(3, 4)).fit(normal(20, 8, 9, 1))
    display = KernelDisplay.from_estimator(source)
    assert isinstance(display, KernelDisplay)
    assert display.axes_.shape == (5,)
    for ax, kernel in zip(display.axes_, source.kernels_, strict=True):
        assert_array_equal(shown(ax), kernel[:, :, 0])
        assert ax.figure is display.figure_
    display.figure_.canvas.draw()


@pytest.mark.parametrize("scale", ["all", "each"])
def test_limits_are_symmetric(scale: Any) -> None:
    kernels = normal(6, 3, 3, 1) * np.arange(1, 7, dtype="f4").reshape(-1, 1, 1, 1)
    found = colour_limits(KernelDisplay(kernels).plot(scale=scale))
    assert_array_equal(found[:, 0], -found[:, 1])
    largest = np.abs(kernels).max(axis=(1, 2, 3))
    wanted = np.full(6, largest.max()) if scale == "all" else largest
    assert_allclose(found[:, 1], wanted)


def test_zero_has_the_middle_colour_even_where_all_is_zero() -> None:
    display = KernelDisplay(np.zeros((1, 2, 2, 1))).plot()
    (image,) = display.axes_[0].images
    assert image.norm(0.0) == 0.5


def test_channels_stand_side_by_side() -> None:
    kernels = normal(3, 4, 2, 5)
    display = KernelDisplay(kernels).plot()
    for ax, kernel in zip(display.axes_, kernels, strict=True):
        image = shown(ax)
        assert image.shape == (4, 5 * 2 + 4)
        assert np.isnan(image[:, 2::3]).all()
        for i in range(5):
            assert_array_equal(image[:, 3 * i : 3 * i + 2], kernel[:, :, i])


def test_three_channels_are_red_green_and_blue_unless_told_otherwise() -> None:
    kernels = normal(4, 5, 5, 3)
    limit = np.abs(kernels).max()
    display = KernelDisplay(kernels).plot()
    for ax, kernel in zip(display.axes_, kernels, strict=True):
        image = shown(ax)
        assert image.min() >= 0
        assert image.max() <= 1
        assert_allclose((image - 0.5) * 2 * limit, kernel, atol=1e-6 * limit)
    beside = KernelDisplay(kernels).plot(channels="side_by_side")
    assert shown(beside.axes_[0]).shape == (5, 17)


def test_a_stack_shows_the_stage_asked_for() -> None:
    extractor = PCANetFeatures(output="float32", kernel_size=3, n_kernels=(4, 5), block_size=4).fit(
        normal(20, 8, 8)
    )
    for stage, kernels in enumerate(extractor.kernels_):
        display = KernelDisplay.from_estimator(extractor, stage=stage)
        assert_array_equal(display.kernels, kernels)
        assert len(display.axes_) == len(kernels)
    with pytest.raises(ValueError, match=r"stage=2, expected one of \[0, 1\]"):
        KernelDisplay.from_estimator(extractor, stage=2)


@pytest.mark.parametrize("estimator", [PCAKernels(), RandomConvFeatures(), ConvFeatures()])
def test_kernels_of_an_unfitted_estimator(estimator: Any) -> None:
    with pytest.raises(NotFittedError):
        KernelDisplay.from_estimator(estimator)


def test_an_estimator_without_kernels() -> None:
    with pytest.raises(ValueError, match=r"estimator=StandardScaler\(\.\.\.\) is not an extractor"):
        KernelDisplay.from_estimator(StandardScaler().fit(normal(4, 3)))


@pytest.mark.parametrize(
    ("shape", "message"),
    [((3, 3), r"shape \(3, 3\), expected \(n_kernels, height"), ((0, 3, 3, 1), "0 sample")],
)
def test_kernels_have_four_axes(shape: tuple[int, ...], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        KernelDisplay(np.zeros(shape))


@pytest.mark.parametrize(
    "parameter",
    [
        {"channels": "rgb"},
        {"channels": "hsv"},
        {"scale": "none"},
        {"n_images": 0},
        {"n_columns": 1.5},
        {"ax": 3},
    ],
)
def test_a_wrong_parameter_is_named_and_nothing_is_drawn(parameter: dict[str, Any]) -> None:
    import matplotlib.pyplot as plt

    with pytest.raises(ValueError, match=next(iter(parameter))):
        KernelDisplay(normal(2, 3, 3, 2)).plot(**parameter)
    assert plt.get_fignums() == []


# ------------------------------------------------------------------------------------- maps


@pytest.mark.parametrize("tensor", ["conv", "bothsigns", "maxpool"])
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_maps_are_those_of_the_reference(tensor: str, data_format: str) -> None:
    X = normal(6, 9, 8, 2)
    X = X if data_format == "channels_last" else X.transpose(0, 3, 1, 2)
    extractor = pca_conv(
        n_kernels=6, kernel_size=5, pool="max", pool_size=2, data_format=data_format
    ).fit(X)
    wanted = reference.tensors(extractor.graph_, X[3:4].reshape(1, -1), (tensor,))[tensor][0]
    display = FeatureMapDisplay.from_estimator(extractor, X[3], tensor=tensor)
    assert display.name == tensor
    assert_array_equal(np.stack([shown(ax) for ax in display.axes_], axis=2), wanted)
    assert_array_equal(np.unique(colour_limits(display)), [-abs(wanted).max(), abs(wanted).max()])
    flat = FeatureMapDisplay.from_estimator(extractor, X[3].ravel(), tensor=tensor)
    assert_array_equal(flat.maps, display.maps)


def test_the_first_map_is_what_the_kernels_respond() -> None:
    X = normal(3, 8, 8)
    extractor = random_conv(n_kernels=3, kernel_size=3, pool_size=2, random_state=0).fit(X)
    display = FeatureMapDisplay.from_estimator(extractor, X[0])
    assert display.name == "conv"
    assert display.maps.shape == (6, 6, 3)


def test_a_wrong_tensor_is_answered_with_the_choices() -> None:
    X = normal(3, 8, 8)
    extractor = gabor(kernel_size=5, pool_size=2).fit(X)
    for name in ("maxpool", "reshape", "flatten"):
        with pytest.raises(
            ValueError,
            match=rf"tensor='{name}', expected one of \['conv', 'magnitude', 'meanpool'\]",
        ):
            FeatureMapDisplay.from_estimator(extractor, X[0], tensor=name)


def test_maps_of_an_unfitted_extractor() -> None:
    with pytest.raises(NotFittedError):
        FeatureMapDisplay.from_estimator(RandomConvFeatures(), normal(8, 8))


def test_a_sample_of_another_shape() -> None:
    extractor = gabor(kernel_size=5, pool_size=2).fit(normal(3, 8, 8))
    with pytest.raises(ValueError, match=r"samples of shape \(8, 9\), expected \(8, 8, 1\)"):
        FeatureMapDisplay.from_estimator(extractor, normal(8, 9))


def test_only_extractors_have_maps() -> None:
    with pytest.raises(
        ValueError, match=r"estimator=QuantizedFeatures\(\.\.\.\) is not an extractor"
    ):
        FeatureMapDisplay.from_estimator(QuantizedFeatures(GaborFeatures()), normal(8, 8))
    with pytest.raises(ValueError, match=r"shape \(2, 2\), expected \(height, width, n_maps\)"):
        FeatureMapDisplay(np.zeros((2, 2)))


# ------------------------------------------------------------------------------------- grid


@settings(max_examples=20, deadline=None)
@given(
    n=st.integers(1, 9),
    n_columns=st.none() | st.integers(1, 12),
    size=st.tuples(st.integers(1, 9), st.integers(1, 9)),
)
def test_images_stand_in_rows_and_do_not_overlap(
    n: int, n_columns: int | None, size: tuple[int, int]
) -> None:
    from matplotlib.figure import Figure

    images = list(normal(n, *size))
    ax = Figure().subplots()
    grid = draw_grid(images, ax=ax, n_columns=n_columns, scale="all", cmap="RdBu_r")
    assert grid.bounding_ax is ax
    ax.figure.canvas.draw()
    boxes = [one.get_window_extent() for one in grid.axes]
    assert [one.images[0].get_array().shape for one in grid.axes] == [size] * n
    for before, after in pairwise(boxes):
        beside = after.x0 > before.x1 and after.y0 == pytest.approx(before.y0)
        below = after.y1 < before.y0 and after.x0 <= before.x0
        assert beside or below
    if n_columns is not None:
        lefts = {round(box.x0, 6) for box in boxes}
        assert len(lefts) == min(n, n_columns)


def test_a_part_of_a_figure_and_of_the_kernels() -> None:
    import matplotlib.pyplot as plt

    figure, (left, right) = plt.subplots(1, 2)
    kernels = normal(7, 3, 3, 1)
    display = KernelDisplay(kernels)
    assert display.plot(right, n_images=4, n_columns=4, cmap="PuOr") is display
    assert display.figure_ is figure
    assert display.bounding_ax_ is right
    assert right.child_axes == list(display.axes_)
    assert left.child_axes == []
    assert plt.get_fignums() == [figure.number]
    assert len(display.axes_) == 4
    assert display.axes_[0].images[0].get_cmap().name == "PuOr"
    assert colour_limits(display).max() == pytest.approx(np.abs(kernels[:4]).max())


def test_without_matplotlib_the_error_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    kernels, maps = KernelDisplay(normal(2, 3, 3, 1)), FeatureMapDisplay(normal(3, 3, 2))
    calls: list[Any] = [
        kernels.plot,
        maps.plot,
        lambda: KernelDisplay.from_estimator(PCAKernels()),
        lambda: FeatureMapDisplay.from_estimator(RandomConvFeatures(), normal(8, 8)),
    ]
    for call in calls:
        with pytest.raises(ImportError, match="pip install matplotlib"):
            call()
