"""Displays of Pipelines: the step that is drawn, titles, numbers and the colour bar."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import matplotlib
import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.linear_model import RidgeClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import nn

from skconv import (
    FeatureMapDisplay,
    KernelDisplay,
    PCANetFeatures,
    PretrainedFeatures,
    QuantizedFeatures,
    RandomConvFeatures,
    datasets,
)
from tests.papers import random_conv

IMAGES, LABELS = (part[:120] for part in datasets.load_digits())
X = IMAGES.reshape(120, -1)


@pytest.fixture(autouse=True)
def no_window() -> Iterator[None]:
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    yield
    plt.close("all")


def features(seed: int = 0) -> RandomConvFeatures:
    return random_conv(
        n_kernels=3, kernel_size=3, pool_size=2, input_shape=(8, 8), random_state=seed
    )


SCALED = make_pipeline(StandardScaler(), features(), RidgeClassifier()).fit(X, LABELS)
TWO = Pipeline([("both", FeatureUnion([("a", features(1)), ("b", features(2))]))]).fit(X)


# ------------------------------------------------------------------------------- the step


@pytest.mark.parametrize(
    "estimator",
    [
        SCALED,
        GridSearchCV(SCALED, {"ridgeclassifier__alpha": [1, 2]}, cv=2).fit(X, LABELS),
        make_pipeline(QuantizedFeatures(features()), RidgeClassifier()).fit(X, LABELS),
    ],
    ids=["Pipeline", "search", "QuantizedFeatures"],
)
def test_kernels_of_the_extractor_inside(estimator: Any) -> None:
    display = KernelDisplay.from_estimator(estimator)
    assert_array_equal(display.kernels, features().fit(X).kernels_)
    assert display.bounding_ax_.get_title() == "RandomConvFeatures: 3 kernels of 3 x 3"


def test_maps_are_those_of_what_the_steps_in_front_make_of_the_sample() -> None:
    scaled = SCALED[0].transform(X)
    wanted = FeatureMapDisplay.from_estimator(SCALED[1], scaled[5]).maps
    for display in (
        FeatureMapDisplay.from_estimator(SCALED, X[5]),
        FeatureMapDisplay.from_estimator(SCALED, IMAGES[5]),
        FeatureMapDisplay.from_estimator(SCALED, X, index=5),
        FeatureMapDisplay.from_estimator(SCALED, IMAGES, index=-115),
    ):
        assert_array_equal(display.maps, wanted)
    assert display.bounding_ax_.get_title() == "conv: 3 maps of 6 x 6"


def test_of_several_extractors_one_is_named() -> None:
    for display in (KernelDisplay, FeatureMapDisplay):
        arguments: tuple[Any, ...] = (TWO,) if display is KernelDisplay else (TWO, X)
        with pytest.raises(
            ValueError,
            match=r"holds several: the steps \['both.a', 'both.b'\]. Write step='both.a'",
        ):
            display.from_estimator(*arguments)
        with pytest.raises(ValueError, match=r"step='c', expected one of \['both.a', 'both.b'\]"):
            display.from_estimator(*arguments, step="c")
    second = TWO[0].transformer_list[1][1]
    assert_array_equal(KernelDisplay.from_estimator(TWO, step="both.b").kernels, second.kernels_)


def test_what_cannot_be_drawn_is_told_what_to_write() -> None:
    with pytest.raises(TypeError, match=r"Write KernelDisplay\.from_estimator\(estimator\)\.$"):
        KernelDisplay(SCALED)
    bare = make_pipeline(StandardScaler(), RidgeClassifier()).fit(X, LABELS)
    with pytest.raises(
        ValueError, match=r"estimator=Pipeline\(\.\.\.\) is not an extractor.* Write"
    ):
        KernelDisplay.from_estimator(bare)
    with pytest.raises(ValueError, match=r"index=200, but there are 120 samples. Write index=0"):
        FeatureMapDisplay.from_estimator(SCALED, X, index=200)


def test_a_network_of_vectors_has_nothing_to_draw() -> None:
    dense = PretrainedFeatures(nn.Sequential(nn.Linear(64, 3))).fit(X)
    with pytest.raises(ValueError, match=r"computes no maps, only vectors\. Write transform\(X\)"):
        FeatureMapDisplay.from_estimator(dense, X)
    with pytest.raises(
        ValueError, match=r"PretrainedFeatures\(\.\.\.\) is not an .* with kernels_"
    ):
        KernelDisplay.from_estimator(dense)


# --------------------------------------------------------------- title, numbers, colour bar


def kernels(n: int = 4, channels: int = 1, height: int = 3) -> Any:
    return np.random.default_rng(0).normal(size=(n, height, 3, channels))


def test_title() -> None:
    def title(display: KernelDisplay) -> str:
        return display.bounding_ax_.get_title()

    assert title(KernelDisplay(kernels()).plot()) == "4 kernels of 3 x 3"
    assert title(KernelDisplay(kernels(), name="mine").plot(n_images=2)) == (
        "mine: 2 of 4 kernels of 3 x 3"
    )
    assert title(KernelDisplay(kernels(channels=5)).plot()) == "4 kernels of 3 x 3 x 5 channels"
    assert title(KernelDisplay(kernels()).plot(title="other")) == "other"
    assert title(KernelDisplay(kernels()).plot(title=None)) == ""
    stack = PCANetFeatures(output="float32", kernel_size=3, n_kernels=(4, 4), block_size=4).fit(
        IMAGES
    )
    drawn = KernelDisplay.from_estimator(stack, stage=1)
    assert title(drawn).startswith("PCANetFeatures, stage 1: 4 kernels")


def test_images_are_numbered_unless_they_are_too_small() -> None:
    display = KernelDisplay(kernels(5)).plot(n_columns=3)
    assert [ax.get_title() for ax in display.axes_] == ["0", "1", "2", "3", "4"]
    below = KernelDisplay(kernels(3, height=1)).plot(n_columns=1)
    assert [ax.get_ylabel() for ax in below.axes_] == ["0", "1", "2"]
    many = KernelDisplay(kernels(65)).plot()
    assert not any(ax.get_title() or ax.get_ylabel() for ax in many.axes_)


def test_colour_bar_shows_the_scale_of_all_images() -> None:
    display = KernelDisplay(kernels()).plot()
    assert display.colorbar_ is not None
    largest = np.abs(kernels()).max()
    assert (display.colorbar_.vmin, display.colorbar_.vmax) == (-largest, largest)
    assert display.colorbar_.ax.figure is display.figure_


@pytest.mark.parametrize(
    ("display", "parameters"),
    [
        (KernelDisplay(kernels()), {"scale": "each"}),
        (KernelDisplay(kernels(channels=3)), {}),
    ],
    ids=["each", "rgb"],
)
def test_no_colour_bar_where_it_would_not_hold(display: Any, parameters: dict[str, Any]) -> None:
    assert display.plot(**parameters).colorbar_ is None
    with pytest.raises(ValueError, match=r"colorbar=True with scale=.* Write scale='all'"):
        display.plot(**parameters, colorbar=True)


def test_no_colour_bar_where_it_is_not_wanted() -> None:
    assert KernelDisplay(kernels()).plot(colorbar=False).colorbar_ is None
    with pytest.raises(ValueError, match="'colorbar' parameter"):
        KernelDisplay(kernels()).plot(colorbar="no")  # type: ignore[arg-type]
