"""Networks with weights: EfficientNet-Lite0, MobileNetV2 and USPSNet, from their packages."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits, load_sample_image
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skconv import PretrainedFeatures, to_c
from skconv.runtime import torch_engine
from tests.conftest import unavailable
from tests.random_modules import first

# Classes of ImageNet: palace, Egyptian cat, espresso, moped or motor scooter, tripod.
CLASSES = {"china": 698, "chelsea": 285, "coffee": 967, "motorcycle": (665, 670), "camera": 872}
NETWORKS = ("efficientnet_lite0", "mobilenet_v2")


@pytest.fixture(scope="module")
def photos():
    """Photos (height, width, 3), and one that is grey."""
    try:
        from skimage import data
    except ImportError:
        unavailable("not installed: scikit-image")
    return {
        "china": load_sample_image("china.jpg"),
        "chelsea": data.chelsea(),
        "coffee": data.coffee(),
        "motorcycle": data.stereo_motorcycle()[0],
        "camera": data.camera(),
    }


@pytest.mark.parametrize("photo", CLASSES)
@pytest.mark.parametrize("name", NETWORKS)
def test_a_photo_is_among_the_five_most_likely_classes(name, photo, photos, pretrained):
    module = pretrained(name).module
    image = photos[photo][np.newaxis]
    features = PretrainedFeatures(name, layer="output", crop=0.875, engine="graph").fit(image)
    logits = features.transform(image)
    assert np.isin(CLASSES[photo], np.argsort(-logits[0])[:5]).any()
    channels = 1 if image.ndim == 3 else 3
    before = features.preprocessing_.graph((*image.shape[1:3], channels), 3)
    prepared = torch_engine.run(before, image.reshape(1, *image.shape[1:3], channels))
    assert prepared.shape == (1, 224, 224, 3)
    with torch.inference_mode():
        wanted = module(first(prepared)).numpy()
    np.testing.assert_allclose(logits, wanted, rtol=1e-4, atol=1e-4 * np.abs(wanted).max())


def test_a_layer_in_the_middle_costs_its_share(pretrained):
    module = pretrained("efficientnet_lite0").module
    features = PretrainedFeatures(input_size=112, layer="_blocks.10", pool="2x2")
    layers = {layer.name: layer for layer in features.layers()}
    fitted = features.fit(np.zeros((1, 28, 28), np.uint8))
    assert len(fitted.get_feature_names_out()) == 448
    whole, block = layers["_fc"], layers["_blocks.10"]
    assert (whole.shape, block.shape) == ((1000,), (7, 7, 112))
    n_weights = sum(tensor.numel() for tensor in module.parameters())
    folded = sum(m.num_features for m in module.modules() if isinstance(m, torch.nn.BatchNorm2d))
    assert n_weights == 4_652_008
    assert whole.parameter_bytes == 4 * (n_weights - folded)
    assert block.macs < 0.7 * whole.macs
    around = sum(
        macs
        for name, macs in fitted.graph_.node_macs().items()
        if name in ("resize", "normalize", "pool")
    )
    assert fitted.graph_.macs == block.macs + around


def test_one_at_a_time_is_all_at_once(pretrained):
    pretrained("mobilenet_v2")
    images = np.random.default_rng(0).integers(0, 256, (5, 28, 28), dtype=np.uint8)
    features = PretrainedFeatures("mobilenet_v2", input_size=56, layer="features.10").fit(images)
    found = features.transform(images)
    alone = np.concatenate([features.transform(images[i : i + 1]) for i in range(5)])
    np.testing.assert_allclose(alone, found, rtol=1e-5, atol=1e-5)


def test_digits_that_come_with_uspsnet_are_right(pretrained):
    pretrained("uspsnet")
    io = pytest.importorskip("matplotlib.image")
    folder = Path(find_spec("ccexam").origin).parent / "samples"
    paths = sorted(folder.glob("usps_digit_*.png"))
    images = np.stack([255 * io.imread(path)[..., 0] for path in paths])
    features = PretrainedFeatures("uspsnet", layer="output", engine="graph")
    wanted = [int(path.stem[-1]) for path in paths]
    assert wanted == [1, 4, 5, 6]
    np.testing.assert_array_equal(features.fit_transform(images).argmax(axis=1), wanted)


@pytest.mark.needs("cc")
@pytest.mark.computes_much
def test_uspsnet_and_its_classifier_are_c(pretrained):
    pretrained("uspsnet")
    X, y = load_digits(return_X_y=True)
    X = X.reshape(-1, 8, 8).astype(np.uint8)
    features = PretrainedFeatures("uspsnet", layer="features.7", pool="2x2", scale=1 / 16)
    pipe = make_pipeline(features, StandardScaler(), LogisticRegression(max_iter=300))
    pipe.fit(X[:800], y[:800])
    model = to_c(pipe, X[:100])
    assert model.verify(X[800:810]).differing_bytes == 0
    exact, integer = pipe.score(X[800:], y[800:]), np.mean(model.predict(X[800:]) == y[800:])
    assert exact > 0.9
    assert integer > exact - 0.01


@pytest.mark.needs("cc")
@pytest.mark.computes_much
def test_half_of_mobilenet_and_its_classifier_are_c(pretrained, fashion_mnist):
    pretrained("mobilenet_v2")
    X, y = fashion_mnist
    features = PretrainedFeatures("mobilenet_v2", layer="features.6", input_size=56, pool="2x2")
    pipe = make_pipeline(features, StandardScaler(), LogisticRegression(max_iter=200))
    pipe.fit(X[:1200], y[:1200])
    images, wanted = X[50_000:50_300], y[50_000:50_300]
    exact, predicted = pipe.score(images, wanted), pipe.predict(images)
    assert exact > 0.8
    for bits, least in ((8, 0.95), (16, 0.98)):
        model = to_c(pipe, X[:100], conv_bits=bits)
        assert model.verify(images[:10]).differing_bytes == 0
        found = model.predict(images)
        assert np.mean(found == wanted) >= exact - 0.015
        assert np.mean(found == predicted) >= least
