"""Flat areas give PCANet bits 0 in every runtime: no rounding decides them."""

from __future__ import annotations

import numpy as np
import pytest

from skconv import PCANetFeatures, to_c
from skconv.graph import BlockHistogram, Graph
from skconv.runtime import reference, torch_engine

rng = np.random.default_rng(0)


def silhouettes(n_samples: int, size: int = 20) -> np.ndarray:
    """White rectangles on black, and grey ones on grey: mostly flat, and bright."""
    images = np.zeros((n_samples, size, size), np.uint8)
    for i, image in enumerate(images):
        top, left = rng.integers(1, 5, 2)
        image[:] = (0, 77)[i % 2]
        image[top : top + 11, left : left + 12] = (255, 201)[i % 2]
    return images


X = silhouettes(40)
SHAPES = {
    "two stages": {"n_kernels": (5, 4), "kernel_size": 3, "block_size": 5},
    "two stages, wide": {"n_kernels": (4, 4), "kernel_size": 7, "block_size": 5},
    "one stage": {"n_kernels": (6,), "kernel_size": 5, "block_size": 5},
    "random": {"n_kernels": (3, 3), "kernel_size": 3, "learn": "random", "random_state": 0},
}


def fitted(name):
    return PCANetFeatures(**{"output": "float32", **SHAPES[name]}).fit(X)


def codes(graph):
    """A graph without its histogram."""
    place = next(i for i, node in enumerate(graph.nodes) if isinstance(node.op, BlockHistogram))
    return Graph(graph.input, graph.nodes[:place])


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("level", [1, 100, 255])
def test_a_flat_image_has_codes_0_away_from_its_border(name, level):
    graph = codes(fitted(name).graph_)
    flat = np.full((1, X[0].size), level, np.uint8)
    for run in (reference.run, torch_engine.run):
        inside = run(graph, flat)[0, 7:-7, 7:-7]
        np.testing.assert_array_equal(inside, 0)


@pytest.mark.parametrize("name", SHAPES)
def test_runtimes_agree_on_silhouettes(name):
    extractor = fitted(name)
    wanted = reference.run(extractor.graph_, X.reshape(len(X), -1))
    np.testing.assert_array_equal(extractor.transform(X), wanted)


# At the edges, where responses nearly cancel, the rounding of the weights turns bits.
@pytest.mark.filterwarnings("ignore::skconv.exceptions.CalibrationWarning")
def test_floats_count_what_the_integers_count_in_flat_areas():
    extractor = fitted("two stages")
    model = to_c(extractor, X, name="flat", dtype="int8")
    flat = np.stack([np.full((20, 20), level, np.uint8) for level in (1, 100, 255)])
    counts = [extractor.transform(flat), model.predict(flat, engine="fixed")]
    for found in counts:
        inside = found.reshape(3, 4, 4, 5, 16)[:, 1:3, 1:3]
        np.testing.assert_array_equal(inside[..., 0], 25)
