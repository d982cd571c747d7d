"""Nonlinearities and poolings of a stage that need more than one op, in closed form."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skconv import (
    ConvFeatures,
    ConvStage,
    QuantizedFeatures,
)
from skconv.exceptions import ShapeWarning
from skconv.graph import BothSigns, Graph, SoftThreshold, SumPool, TensorSpec
from skconv.kernels import RandomKernels
from skconv.runtime import reference
from skconv.stages import spec as stages
from skconv.stages.spec import StageSpec
from skconv.stages.windows import GRIDS, grid_windows
from skconv.testing import chain
from tests.papers import fixed_conv, gabor, random_conv

IMAGES = np.random.default_rng(0).integers(0, 256, (30, 12, 10)).astype(np.uint8)


def extractor(**params):
    defaults = {"n_kernels": 4, "kernel_size": 3, "pool_size": None, "random_state": 0}
    return random_conv(**{**defaults, **params})


def responses(**params):
    return extractor(nonlinearity="identity", **params).fit_transform(IMAGES).reshape(-1, 4)


# --------------------------------------------------------------------- soft threshold


@pytest.mark.parametrize("share", [0.0, 0.3, 0.5, 0.999])
@pytest.mark.parametrize("weights", ["normal", "patches"])
def test_a_share_of_the_responses_of_each_kernel_becomes_0(share, weights):
    soft = extractor(nonlinearity="soft_threshold", threshold=share, weights=weights)
    found = soft.fit_transform(IMAGES).reshape(-1, 8)
    z = responses(weights=weights)
    assert soft.thresholds_.shape == (4,)
    assert soft.thresholds_.dtype == np.float32
    wanted = np.concatenate([z - soft.thresholds_, -z - soft.thresholds_], axis=1)
    np.testing.assert_allclose(found, np.maximum(wanted, 0), rtol=1e-5, atol=1e-3)
    zeros = (np.maximum(found[:, :4], found[:, 4:]) == 0).mean(axis=0)
    np.testing.assert_allclose(zeros, share, atol=1 / len(z))


def test_thresholds_lie_halfway_between_what_they_part():
    soft = extractor(nonlinearity="soft_threshold", threshold=0.25).fit(IMAGES)
    sizes = np.sort(np.abs(responses()), axis=0)
    last = int(np.ceil(0.25 * len(sizes))) - 1
    np.testing.assert_allclose(soft.thresholds_, sizes[last : last + 2].mean(axis=0), rtol=1e-6)


def test_no_threshold_is_both_signs():
    soft = extractor(nonlinearity="soft_threshold", threshold=0)
    both = extractor(nonlinearity="both_signs")
    np.testing.assert_array_equal(soft.fit_transform(IMAGES), both.fit_transform(IMAGES))
    assert both.thresholds_ is None


def test_thresholds_are_learnt_on_a_bounded_sample(monkeypatch):
    """Of samples evenly apart, the first and the last among them."""
    whole = extractor(nonlinearity="soft_threshold").fit(IMAGES)
    monkeypatch.setattr(stages, "_MOST_OF_KERNEL", 4 * 80)
    some = extractor(nonlinearity="soft_threshold").fit(IMAGES)
    rows = np.linspace(0, 29, 4).astype(int)
    alone = extractor(nonlinearity="soft_threshold").fit(IMAGES[rows])
    np.testing.assert_allclose(some.thresholds_, alone.thresholds_, rtol=1e-6)
    assert (some.thresholds_ != whole.thresholds_).all()


def test_memory_for_thresholds_does_not_grow_with_kernels(monkeypatch):
    seen = []
    partition = np.partition

    def watched(array, *args, **options):
        seen.append(array.shape)
        return partition(array, *args, **options)

    monkeypatch.setattr(np, "partition", watched)
    monkeypatch.setattr(stages, "_MOST", 3 * 80 * 64)
    extractor(nonlinearity="soft_threshold", n_kernels=64).fit(IMAGES)
    assert seen == [(3 * 80, 64)]


def test_a_bank_on_every_channel_alone_has_a_threshold_for_each_map():
    colour = np.stack([IMAGES, IMAGES // 2], axis=3)
    fitted = gabor(
        n_orientations=2,
        wavelengths=(3.0,),
        kernel_size=3,
        phase="both",
        nonlinearity="soft_threshold",
    ).fit(colour)
    first, second = fitted.thresholds_.reshape(2, 4)
    assert fitted.thresholds_.shape == (8,)
    assert (first > second).all()


def test_refitting_without_a_soft_threshold_forgets_it():
    fitted = extractor(nonlinearity="soft_threshold").fit(IMAGES)
    assert fitted.set_params(nonlinearity="abs").fit(IMAGES).thresholds_ is None
    energy = gabor(phase="even", nonlinearity="soft_threshold").fit(IMAGES)
    assert energy.set_params(phase="energy").fit(IMAGES).thresholds_ is None


# ------------------------------------------------- what only a stage of a stack can ask for


COLOUR = np.stack([IMAGES, IMAGES[::-1]], axis=3)
KERNELS = RandomKernels(n_kernels=4, kernel_size=3, zero_mean=True, random_state=0)


def entries(n_maps, **params):
    """What one stage makes of every pixel of `COLOUR`."""
    stage = ConvStage(**{"kernels": KERNELS, "padding": "valid", **params})
    return ConvFeatures([stage]).fit_transform(COLOUR).reshape(-1, n_maps)


def plain(**params):
    return entries(4, nonlinearity="identity", **params)


@pytest.mark.parametrize(("n_nearest", "count"), [(1, 1), (7, 7), (0.4, 3), (0.01, 1)])
def test_the_nearest_are_the_largest_responses_of_either_sign(n_nearest, count):
    found = entries(8, nonlinearity="k_nearest", n_nearest=n_nearest)
    z = plain()
    both = np.concatenate([z, -z], axis=1)
    wanted = np.zeros_like(both)
    np.put_along_axis(wanted, np.argsort(-both, axis=1)[:, :count], 1, axis=1)
    np.testing.assert_array_equal(found, wanted)


def test_clip_by_hand():
    found = entries(4, nonlinearity="clip", limits=[-50, 20])
    np.testing.assert_allclose(found, np.clip(plain(), -50, 20), rtol=1e-5)
    assert (found == -50).any() and (found == 20).any()


@pytest.mark.parametrize("stride", [1, 2])
def test_contrast_is_that_of_the_patch_under_the_kernel(stride):
    windows = np.lib.stride_tricks.sliding_window_view(COLOUR, (3, 3), axis=(1, 2))
    patches = windows[:, ::stride, ::stride].reshape(-1, 18).astype(np.float64)
    variance = patches.var(axis=1, keepdims=True)
    found = plain(contrast_eps=0.1, stride=stride)
    wanted = plain(stride=stride) / np.sqrt(variance + 0.1 * variance.mean())
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-4)


def test_responses_over_contrast_are_those_to_normalised_patches():
    """So a gain or a brightness of the images is forgotten, by kernels of sum 0."""
    features = ConvFeatures([ConvStage(kernels=KERNELS, padding="circular", contrast_eps=1e-9)])
    features.fit(COLOUR)
    other = 3.0 * COLOUR + 40
    np.testing.assert_allclose(
        features.transform(other), features.transform(COLOUR), rtol=1e-3, atol=1e-3
    )


def test_a_deeper_stage_has_the_contrast_of_the_maps_that_it_sees():
    first = ConvStage(kernels=KERNELS, nonlinearity="abs", pool_size=2)
    second = ConvStage(kernels=KERNELS, nonlinearity="abs", contrast_eps=0.2)
    both = ConvFeatures([first, second]).fit(COLOUR)
    maps = ConvFeatures([first]).fit_transform(COLOUR).reshape(-1, 6, 5, 4)
    alone = ConvFeatures([second]).fit(maps)
    assert both.stages_[1].contrast_eps == pytest.approx(alone.stages_[0].contrast_eps, rel=1e-4)
    np.testing.assert_allclose(both.transform(COLOUR), alone.transform(maps), rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("pool_size", [2, "pyramid", None])
@pytest.mark.parametrize("nonlinearity", ["identity", "both_signs"])
def test_the_root_is_taken_of_what_is_pooled(pool_size, nonlinearity):
    parameters = {"pool": "mean", "pool_size": pool_size, "nonlinearity": nonlinearity}
    pooled = extractor(**parameters).fit_transform(IMAGES)
    found = extractor(root=True, **parameters).fit_transform(IMAGES)
    np.testing.assert_allclose(found, np.sign(pooled) * np.sqrt(np.abs(pooled)), rtol=1e-5)
    assert (found < 0).any() == (nonlinearity == "identity")


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"nonlinearity": "k_nearest", "n_nearest": 8}, r"n_nearest=8 of the 8 .* expected 1 to 7"),
        ({"nonlinearity": "k_nearest", "n_nearest": 0}, "n_nearest"),
        ({"nonlinearity": "k_nearest", "n_nearest": 1.0}, "n_nearest"),
        ({"nonlinearity": "clip", "limits": (1, 1)}, r"limits=\(1, 1\), expected two numbers"),
        ({"nonlinearity": "clip", "limits": (1, 2, 3)}, "limits=.* expected two numbers"),
        ({"nonlinearity": "triangle", "contrast_eps": 0.1}, "contrast_eps=0.1 with nonlinearity"),
        ({"nonlinearity": "sign", "contrast_eps": 0.1}, "contrast_eps=0.1 changes nothing"),
        ({"contrast_eps": 0.0}, "contrast_eps"),
        ({"root": "yes"}, "root"),
    ],
)
def test_what_contradicts_itself_is_named_before_work_begins(parameters, message, monkeypatch):
    monkeypatch.setattr(RandomKernels, "fit", lambda *_: pytest.fail("work began"))
    with pytest.raises(ValueError, match=message):
        ConvFeatures([ConvStage(kernels=KERNELS, **parameters)]).fit(COLOUR)


def test_flat_maps_have_no_contrast():
    stage = ConvStage(kernels=KERNELS, padding="valid", contrast_eps=0.1)
    with pytest.raises(ValueError, match="stage1: maps have patches that are all flat"):
        ConvFeatures([stage]).fit(np.full((3, 5, 5), 7.0))


# ---------------------------------------------------------------------------- pooling


def test_a_sum_is_a_mean_times_its_area():
    total = extractor(nonlinearity="relu", pool="sum", pool_size=(2, 3)).fit_transform(IMAGES)
    mean = extractor(nonlinearity="relu", pool="mean", pool_size=(2, 3)).fit_transform(IMAGES)
    np.testing.assert_allclose(total, 6 * mean, rtol=1e-6)


def test_sum_pool_by_hand():
    graph = chain(SumPool((2, 2), (1, 1)), shape=(3, 3, 1))
    found = reference.run(graph, np.arange(9.0).reshape(1, 3, 3, 1))
    np.testing.assert_array_equal(found.ravel(), [8, 12, 20, 24])


@settings(max_examples=60, deadline=None)
@given(height=st.integers(6, 40), width=st.integers(6, 40), name=st.sampled_from(sorted(GRIDS)))
def test_grids_cover_the_map_with_as_many_windows_as_they_say(height, width, name):
    windows = grid_windows(name, (height, width, 1), signal=False)
    for n, (size, stride) in zip(GRIDS[name], windows, strict=True):
        for length, window, step in zip((height, width), size, stride, strict=True):
            starts = np.arange(n) * step
            assert starts[-1] + window == length  # the last one ends with the map
            assert step <= window  # no gap
            if name == "overlapping":
                # As many windows as pixels are one pixel each.
                assert window >= 2 * step or length == n
                assert window - 2 * step <= n
            else:
                assert window - step < n or n == 1  # overlap
                assert length % n or n == 1 or window == step


@pytest.mark.parametrize("pool", ["max", "mean", "sum", "l2"])
def test_a_pyramid_is_its_grids_one_behind_the_other(pool):
    def features(**params):
        return extractor(nonlinearity="abs", pool=pool, **params).fit_transform(IMAGES)

    # Maps of 10 x 8: quarters of the height are 2 rows apart and reach over 4.
    grids = [
        features(pool_size="global"),
        features(pool_size="quadrants"),
        features(pool_size=(4, 2), pool_stride=2),
    ]
    np.testing.assert_array_equal(features(pool_size="pyramid"), np.concatenate(grids, axis=1))
    np.testing.assert_array_equal(grids[0], features(pool_size=(10, 8)))
    np.testing.assert_array_equal(grids[1], features(pool_size=(5, 4)))


@pytest.mark.parametrize("pool", ["max", "mean", "sum"])
def test_the_integers_of_a_pyramid_have_one_scale(pool):
    features = extractor(nonlinearity="abs", pool=pool, pool_size="pyramid")
    quantized = QuantizedFeatures(features).fit(IMAGES)
    wanted = features.fit_transform(IMAGES)
    found = quantized.scale_ * quantized.transform(IMAGES)
    np.testing.assert_allclose(found, wanted, rtol=0.02, atol=0.01 * wanted.max())


def test_on_a_signal_grids_have_one_row():
    x = np.random.default_rng(0).normal(size=(5, 12))
    fitted = extractor(padding="same", input_shape=(12,), pool="max", pool_size="pyramid").fit(x)
    assert fitted.graph_.output.shape == ((1 + 2 + 4) * 4,)
    with pytest.raises(ValueError, match="pool_size='pyramid' needs maps of at least 1x4"):
        extractor(input_shape=(5,), pool_size="pyramid").fit(x[:, :5])


def test_a_grid_finer_than_a_plain_row_is_cut_with_a_warning():
    with pytest.warns(UserWarning, match="pool_size='quadrants' is finer .* grid of 1 is used"):
        fitted = extractor(pool_size="quadrants").fit(np.zeros((3, 3)))
    assert fitted.graph_.output.shape == (4,)


def test_l2_after_a_soft_threshold_keeps_both():
    stage = StageSpec(nonlinearity="soft_threshold", pool="l2", pool_size=2)
    graph = Graph(TensorSpec((4, 4, 1)))
    ops = [
        type(node.op).__name__
        for node in stage.finish(graph, np.zeros(1, "f4"), signal=False).nodes
    ]
    assert ops == [SoftThreshold.__name__, "L2Pool"]
    both = StageSpec(nonlinearity="both_signs", pool="l2", pool_size=2)
    assert isinstance(both.finish(graph, None, signal=False).nodes[0].op, BothSigns)


# ----------------------------------------------------------------------- known kernels


def test_kernels_longer_than_a_plain_row_are_cut_with_a_warning():
    row = np.random.default_rng(0).normal(size=(5, 3))
    with pytest.warns(ShapeWarning, match="kernels are longer than the signal: 3 is used"):
        fitted = fixed_conv(names=["row_l5", "row_gauss"], pool_size=None).fit(row)
    np.testing.assert_allclose(fitted.kernels_[:, 0, :, 0], [[4, 6, 4], [4, 8, 4]] / np.array([16]))
    assert fitted.names_ == ["row_l5", "row_gauss"]


def test_the_median_is_a_map_behind_those_of_the_kernels():
    fixed = fixed_conv(
        names=["median", "sobel_0"], pool_size=None, nonlinearity="identity", stride=2
    )
    found = fixed.fit_transform(COLOUR).reshape(-1, 6, 5, 4)
    alone = fixed_conv(
        names=["sobel_0"], pool_size=None, nonlinearity="identity", stride=2
    ).fit_transform(COLOUR)
    assert fixed.names_ == ["sobel_0", "sobel_0", "median", "median"]
    np.testing.assert_array_equal(found[..., :2].reshape(30, -1), alone)
    padded = np.pad(COLOUR, ((0, 0), (1, 1), (1, 1), (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(1, 2))
    np.testing.assert_array_equal(found[..., 2:], np.median(windows, axis=(4, 5))[:, ::2, ::2])


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"names": ["median"]}, "expected the median once, beside a kernel"),
        ({"names": ["sobel", "median", "median"]}, "expected the median once"),
        ({"names": ["sobel", "median"], "input_shape": (120,)}, "not of signals"),
        ({"names": ["laws", "median"], "padding": "valid"}, "padding='valid' makes maps"),
    ],
)
def test_where_there_is_no_median(parameters, message):
    x = IMAGES.reshape(30, -1) if "input_shape" in parameters else IMAGES
    with pytest.raises(ValueError, match=message):
        fixed_conv(**parameters).fit(x)
