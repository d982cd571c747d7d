"""What the printed files say of a sample: height, width, channels, and the order of entries."""

from __future__ import annotations

import json

import numpy as np
import pytest
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import StandardScaler

import skconv
from skconv import RandomConvFeatures

RNG = np.random.default_rng(0)
IMAGES = RNG.integers(0, 255, (30, 8, 10)).astype(np.uint8)
COLOURS = RNG.integers(0, 255, (30, 3, 8, 10)).astype(np.uint8)
SIGNALS = RNG.integers(-99, 99, (30, 40)).astype(np.int16)
Y = RNG.normal(size=30)

ROWS = "height x width x channels, from the top left; the last index runs fastest"
PLANES = "channels x height x width, from the top left; the last index runs fastest"
TIME = "time x channels; the last index runs fastest"


def features(seed: int = 0, **parameters) -> RandomConvFeatures:
    options = {"n_kernels": 4, "kernel_size": 3, "pool_size": 2, "random_state": seed}
    return RandomConvFeatures(**options | parameters)


FIRST = features(data_format="channels_first")
SCALED = make_pipeline(StandardScaler(), features(input_shape=(8, 10)))
CASES = {
    "images": (features(), IMAGES, {}, (8, 10, 1), ROWS),
    "rows": (features(), IMAGES, {"input": "rows"}, (8, 10, 1), ROWS),
    "float": (features(), IMAGES, {"dtype": "float32"}, (8, 10, 1), ROWS),
    "union": (make_union(features(), features(1)), IMAGES, {}, (8, 10, 1), ROWS),
    "scaled": (SCALED, IMAGES.reshape(30, 80), {}, (8, 10, 1), ROWS),
    "channels first": (FIRST, COLOURS, {}, (3, 8, 10), PLANES),
    "signals": (features(kernel_size=9), SIGNALS, {}, (1, 40, 1), TIME),
}


@pytest.mark.parametrize("case", CASES)
def test_the_files_say_how_a_sample_lies(case, tmp_path):
    extractor, X, options, shape, words = CASES[case]
    model = skconv.to_c(
        make_pipeline(extractor, StandardScaler(), Ridge()).fit(X, Y), X, name="m", **options
    )
    folder = model.save(tmp_path / "m")
    header = (folder / "m.h").read_text()
    assert f" *          {words}\n" in header
    assert words in (folder / "README.md").read_text()
    height, width, channels = (*shape[1:], shape[0]) if "first" in case else shape
    sizes = (f"HEIGHT {height}", f"WIDTH {width}", f"CHANNELS {channels}")
    assert "".join(f"#define M_INPUT_{size}\n" for size in sizes) in header
    stated = json.loads((folder / "manifest.json").read_text())["input"]
    assert (stated["shape"], stated["layout"]) == (list(shape), words)


def test_a_table_has_columns(tmp_path):
    X = RNG.normal(size=(30, 9))
    header = skconv.to_c(Ridge().fit(X, Y), X, name="m").files["m.h"]
    assert "in the order of the columns that the estimator was fitted on" in header
    assert "HEIGHT" not in header
