"""What is done to images before a network sees them."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from sklearn.base import clone

from skconv import PretrainedFeatures
from skconv.datasets import load_digits
from skconv.pretrained import Preprocessing
from tests.random_modules import first, flat, small

X = load_digits()[0][:50].astype(np.uint8)
COLOUR = np.stack([X, X[:, ::-1], X.transpose(0, 2, 1)], axis=-1)


@pytest.mark.parametrize("mode", ["bilinear", "bicubic", "area", "nearest", "nearest-exact"])
@pytest.mark.parametrize("size", [5, (12, 16)])
def test_resizing_is_that_of_torch(mode, size):
    net = small()
    features = PretrainedFeatures(net, layer="0", pool=None, input_size=size, interpolation=mode)
    antialias = mode in ("bilinear", "bicubic")
    resized = F.interpolate(first(X), size, mode=mode, antialias=antialias)
    np.testing.assert_allclose(
        features.fit_transform(X), flat(net[0](resized)), rtol=1e-3, atol=1e-3
    )


def test_mean_and_std_are_taken_off_after_the_scale():
    net = small(3)
    features = PretrainedFeatures(
        net, layer="1", pool=None, scale=1 / 16, mean=[0.1, 0.2, 0.3], std=(0.5, 1, 2)
    )
    mean, std = torch.tensor([0.1, 0.2, 0.3]), torch.tensor([0.5, 1.0, 2.0])
    prepared = (first(COLOUR) / 16 - mean.view(3, 1, 1)) / std.view(3, 1, 1)
    found = features.fit_transform(COLOUR)
    np.testing.assert_allclose(found, flat(net[:2](prepared)), rtol=1e-4, atol=1e-4)


def test_a_grey_image_is_repeated():
    net = small(3)
    features = PretrainedFeatures(net, layer="1", mean=[0.1, 0.2, 0.3], std=(0.5, 1, 2))
    repeated = np.stack([X] * 3, axis=-1)
    wanted = clone(features).fit_transform(repeated)
    np.testing.assert_allclose(features.fit_transform(X), wanted, rtol=1e-4, atol=1e-4)


def test_the_centre_is_taken_where_a_crop_is_wanted():
    net, tall = small(), np.concatenate([X, X], axis=1)
    features = PretrainedFeatures(net, layer="0", pool=None, input_size=6, crop=0.75)
    resized = F.interpolate(first(tall), (16, 8), mode="bilinear", antialias=True)
    wanted = flat(net[0](resized[:, :, 5:11, 1:7]))
    np.testing.assert_allclose(features.fit_transform(tall), wanted, rtol=1e-4, atol=1e-4)


class _Mode:
    value = "bicubic"


class _Transforms:
    """As torchvision states it."""

    crop_size, resize_size = [6], [8]
    mean, std = [0.5], [0.25]
    interpolation, antialias = _Mode, True


class _Weights:
    def transforms(self):
        return _Transforms()


TIMM = {
    "input_size": (1, 6, 6),
    "interpolation": "bicubic",
    "crop_pct": 0.75,
    "mean": (0.5,),
    "std": (0.25,),
    "classifier": "4",
}


@pytest.mark.parametrize(
    "preset", [TIMM, _Transforms(), _Weights()], ids=lambda p: type(p).__name__
)
def test_what_a_package_states_is_read(preset):
    wanted = Preprocessing((6, 6), "bicubic", True, 0.75, 1 / 255, (0.5,), (0.25,))
    features = PretrainedFeatures(small(), preset=preset).fit(X)
    assert features.preprocessing_ == wanted
    overridden = PretrainedFeatures(small(), preset=preset, scale=1.0, input_size=7).fit(X)
    assert overridden.preprocessing_.scale == 1
    assert overridden.preprocessing_.input_size == (7, 7)
    assert overridden.preprocessing_.mean == (0.5,)


def test_what_a_model_carries_is_read_unless_told_otherwise():
    net = small()
    net.pretrained_cfg = TIMM
    assert PretrainedFeatures(net).fit(X).preprocessing_.input_size == (6, 6)
    assert PretrainedFeatures(net, preset=None).fit(X).preprocessing_ == Preprocessing()
