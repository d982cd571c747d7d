"""Networks as teachers: a convolution is recovered wherever its activations lie."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import nn

from skconv import ConvFeatures, ConvStage, PretrainedFeatures, to_c
from skconv.datasets import load_digits
from skconv.graph.axes import Axis
from skconv.kernels import LDAKernels, MapBatches, MimicKernels
from skconv.kernels.teacher import matched
from skconv.pretrained import import_module
from tests.random_modules import last as channels_last
from tests.random_modules import randomized, small

MAPS = np.random.default_rng(0).integers(0, 256, (60, 11, 12, 2)).astype(np.uint8)
X, y = load_digits()
X = X.astype(np.uint8)


def conv(size: Any, **parameters: Any) -> Any:
    return randomized(nn.Conv2d(2, 4, size, **parameters), 0)


def whole(net: Any, **parameters: Any) -> PretrainedFeatures:
    """All that a network returns, of pixels of 0 to 1."""
    return PretrainedFeatures(net, layer="output", pool=None, scale=1 / 255, **parameters)


def assert_recovered(source: MimicKernels, net: Any, factor: float = 1 / 255) -> None:
    wanted = channels_last(net.weight.detach()) * factor
    assert_allclose(source.kernels_ / factor, wanted / factor, atol=1e-6)
    assert_allclose(source.biases_, net.bias.detach(), atol=2e-6)
    assert_allclose(source.score_, 1, atol=1e-9)


# ------------------------------------------------------------------- one layer is recovered


@pytest.mark.parametrize("size", [3, 2, (3, 4)])
@pytest.mark.parametrize("stride", [1, 2, (3, 1)])
@pytest.mark.parametrize("border", [0, 1])
def test_a_layer_is_recovered(size: Any, stride: Any, border: int) -> None:
    net = conv(size, stride=stride, padding=border)
    for padding in ("valid", "same"):
        if padding == "same" and border and size != 3:
            continue  # a border that is not as wide as the student's
        source = MimicKernels(
            teacher=whole(net), kernel_size=size, alpha=1e-9, padding=padding
        )  # fmt: skip
        assert_recovered(source.fit(MAPS), net)


def test_behind_a_mean_and_a_deviation_the_border_is_left_out() -> None:
    net = conv(3, padding=1, stride=2)
    teacher = whole(net, mean=[0.5, 0.25], std=[0.5, 2.0])
    inside, all_over = (
        MimicKernels(teacher=teacher, kernel_size=3, alpha=0, padding=padding).fit(MAPS)
        for padding in ("valid", "same")
    )
    wanted = channels_last(net.weight.detach()) / np.array([0.5, 2.0])
    assert_allclose(inside.kernels_ * 255, wanted, atol=1e-6)
    assert np.abs(all_over.kernels_ * 255 - wanted).max() > 1e-3


def test_a_layer_with_holes_is_recovered() -> None:
    net = conv(3, dilation=2, stride=3)
    source = MimicKernels(teacher=whole(net), kernel_size=5, alpha=0, padding="valid").fit(MAPS)
    wanted = np.zeros((4, 5, 5, 2))
    wanted[:, ::2, ::2] = channels_last(net.weight.detach())
    assert_allclose(source.kernels_ * 255, wanted, atol=1e-6)


def test_a_grid_of_means_is_seen_by_one_wide_kernel() -> None:
    # Means of 2 x 2 of a convolution of 3 x 3 are a convolution of 4 x 4 at stride 2.
    net = nn.Sequential(conv(3), nn.AvgPool2d(2))
    source = MimicKernels(teacher=whole(net), kernel_size=4, alpha=0, padding="valid").fit(MAPS)
    assert_allclose(source.score_, 1, atol=1e-9)
    corners = np.pad(channels_last(net[0].weight.detach()), ((0, 0), (0, 1), (0, 1), (0, 0)))
    moved = [np.roll(corners, shift, (1, 2)) for shift in np.ndindex(2, 2)]
    assert_allclose(source.kernels_ * 255, np.mean(moved, axis=0), atol=1e-6)


def test_a_teacher_that_looks_closer_is_interpolated() -> None:
    # Doubled maps, every second row and column of them: what lies there is a mean of maps.
    net = randomized(nn.Conv2d(2, 3, 1), 0)
    source = MimicKernels(
        teacher=whole(net, input_size=(22, 24)), kernel_size=3, alpha=0, padding="valid"
    ).fit(MAPS)
    assert_allclose(source.score_, 1, atol=1e-6)
    kernel = source.kernels_[0, :, :, 0] / source.kernels_[0, :, :, 0].sum()
    line = np.array([1, 6, 1]) / 8  # of the pixels at -0.25 and 0.25 the mean
    assert_allclose(kernel, np.outer(line, line), atol=1e-4)


def test_matched_by_hand() -> None:
    finer = matched(Axis(-0.25, 0.5), 6, 0.0, 3)
    assert_array_equal(finer.patches, [0, 1, 2])
    half = np.full((3, 2), 0.5)
    assert_allclose(
        finer.weights, [[*half[0], 0, 0, 0, 0], [0, 0, *half[1], 0, 0], [0, 0, 0, 0, *half[2]]]
    )
    outside = matched(Axis(-2, 4), 4, 1.0, 5)  # at -2, 2, 6, 10; patches at 1 to 5
    assert_array_equal(outside.patches, [1])
    assert_array_equal(outside.weights, [[0, 1, 0, 0]])


# --------------------------------------------------------------------- any kind of teacher


def test_graph_extractor_and_array_teach_the_same() -> None:
    net = small(2)
    graph = import_module(net, (2, 11, 12)).cut("0")
    # A convolution without a border, so that its activations lie as those of the student.
    given = PretrainedFeatures(net, layer="0", pool=None).fit_transform(MAPS)
    teachers = [
        PretrainedFeatures(net, layer="0", pool=None),
        FrozenEstimator(PretrainedFeatures(net, layer="0", pool=None).fit(MAPS)),
        graph,
        given.reshape(60, 9, 10, 4),
    ]
    found = [
        MimicKernels(teacher=teacher, n_kernels=3, kernel_size=3, padding="valid")
        for teacher in teachers
    ]
    for source in found:
        source.fit(MAPS)
        assert_allclose(source.kernels_, found[0].kernels_, rtol=1e-4, atol=1e-7)


def test_maps_in_batches_teach_the_same() -> None:
    source = MimicKernels(teacher=whole(conv(3, stride=2)), kernel_size=5)
    batches = MapBatches(MAPS.shape, lambda: np.split(MAPS, [7, 30]))
    assert_allclose(
        clone(source).fit(batches).kernels_, source.fit(MAPS).kernels_, rtol=1e-4, atol=1e-8
    )


def test_a_stack_of_our_own_is_a_teacher_and_gets_labels() -> None:
    lda = ConvStage(kernels=LDAKernels(n_kernels=4, kernel_size=3), nonlinearity="identity")
    source = MimicKernels(teacher=ConvFeatures([lda]), kernel_size=3, alpha=0)
    source.fit(X[:300, :, :, None], y[:300])
    stage = ConvFeatures([lda]).fit(X[:300], y[:300]).stages_[0]
    assert_allclose(source.kernels_, stage.kernels, atol=1e-5)
    assert_allclose(source.biases_, stage.biases, atol=1e-4)


class Doubled(TransformerMixin, BaseEstimator):
    """A transformer that yields maps."""

    def fit(self, X: Any, y: Any = None) -> Doubled:
        return self

    def transform(self, X: Any) -> Any:
        return 2.0 * X


def test_a_transformer_may_yield_maps() -> None:
    source = MimicKernels(teacher=Doubled(), kernel_size=1, alpha=0).fit(MAPS)
    assert_allclose(source.kernels_[:, 0, 0], 2 * np.eye(2), atol=1e-6)


# ------------------------------------------------------------------------------ the student


def two_layers() -> Any:
    return randomized(
        nn.Sequential(
            nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 6, 3, stride=2, padding=1)
        ),
        1,
    )


def test_a_student_knows_more_than_the_mean_of_what_it_has_not_seen() -> None:
    teacher = PretrainedFeatures(two_layers(), layer="output", pool=None, scale=1 / 16)
    source = MimicKernels(teacher=teacher, n_kernels=4, kernel_size=5)
    stage = ConvStage(kernels=source, stride=2, nonlinearity="identity")
    student = ConvFeatures([stage]).fit(X[:1000])
    source.fit(X[:1000, :, :, None])
    unseen = X[1000:]
    wanted = teacher.fit(X[:1]).transform(unseen).reshape(-1, 6)
    found = student.transform(unseen).reshape(-1, 4) @ source.components_ + source.offset_
    mean = teacher.transform(X[:1000]).reshape(-1, 6).mean(axis=0)
    explained = 1 - np.sum((wanted - found) ** 2) / np.sum((wanted - mean) ** 2)
    assert_allclose(explained, source.score_, atol=0.03)
    assert explained > 0.7


@pytest.mark.needs("cc")
def test_a_student_is_c() -> None:
    teacher = PretrainedFeatures(two_layers(), layer="output", pool=None, scale=1 / 16)
    source = MimicKernels(teacher=teacher, n_kernels=4, kernel_size=5)
    student = ConvFeatures([ConvStage(kernels=source, pool_size=2)])
    pipe = make_pipeline(student, StandardScaler(), LogisticRegression(max_iter=200))
    pipe.fit(X[:1000], y[:1000])
    assert pipe.score(X[1000:], y[1000:]) > 0.85
    model = to_c(pipe, X[:200])
    assert model.verify(X[1000:]).differing_bytes == 0


def test_parameters_of_the_teacher_are_reached() -> None:
    stage = ConvStage(kernels=MimicKernels(teacher=PretrainedFeatures(small(), pool=None)))
    features = ConvFeatures([stage])
    features.set_params(stage1__kernels__teacher__layer="0", stage1__kernels__kernel_size=3)
    features.set_params(stage1__kernels__padding="valid", stage1__nonlinearity="identity")
    kernels = clone(features).fit(X).kernels_[0]
    assert kernels.shape == (4, 3, 3, 1)


# -------------------------------------------------------------------------------- bad input

BAD: dict[str, tuple[Any, str]] = {
    "a vector": (PretrainedFeatures(small(2), layer="output"), "teacher must yield one map: "),
    "two layers": (PretrainedFeatures(small(2), layer=["0", "1"]), "'concat' is no map"),
    "normalized": (PretrainedFeatures(small(2), layer="0", normalize=True), "normalize=False"),
    "other maps": (import_module(small(2), (2, 9, 9)).cut("0"), r"\(9, 9, 2\), maps .*\(11, 12, 2"),
    "no maps": (StandardScaler(), "array with dim 4"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_bad_input(name: str) -> None:
    teacher, message = BAD[name]
    source = MimicKernels(teacher=teacher, kernel_size=3)
    with pytest.raises(ValueError, match=message):
        source.fit(MAPS)
    assert not hasattr(source, "kernels_")


def test_no_patch_where_the_teacher_looks() -> None:
    # The one place of the teacher is the upper left corner: no whole patch is there.
    source = MimicKernels(teacher=whole(conv(1, stride=20)), kernel_size=3, padding="valid")
    with pytest.raises(ValueError, match=r"no patch of kernel_size=\(3, 3\).*maps of shape \(1, 1"):
        source.fit(MAPS)


def test_the_module_itself_has_no_places() -> None:
    teacher = PretrainedFeatures(conv(3), layer="output", pool=None, engine="module")
    with pytest.raises(
        ValueError, match=r"activations of shape \(60, 360\), expected \(60, 11, 12\)"
    ):
        MimicKernels(teacher=teacher, kernel_size=3).fit(MAPS)
