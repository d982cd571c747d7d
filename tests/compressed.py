"""Pipelines that the passes of compression are tried on, and how many bytes of their C differ."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from skconv import (
    Compressed,
    ConvFeatures,
    ConvStage,
    GaborFeatures,
    PCAConvFeatures,
    PretrainedFeatures,
    RandomConvFeatures,
    to_c,
)
from skconv.kernels import PatchKernels, PCAKernels
from skconv.runtime import fixed
from tests import exactness

N_FIT = 1200
SHAPE = (8, 8)

EXTRACTORS: dict[str, Any] = {
    "random": RandomConvFeatures(n_kernels=8, input_shape=SHAPE, random_state=0),
    "pca": PCAConvFeatures(n_kernels=8, kernel_size=5, input_shape=SHAPE),
    "gabor": GaborFeatures(wavelengths=(4.0,), kernel_size=5, input_shape=SHAPE),
    "two stages": ConvFeatures(
        [
            ConvStage(kernels=PatchKernels(n_kernels=8, kernel_size=3, random_state=0)),
            ConvStage(kernels=PCAKernels(n_kernels=8, kernel_size=3), pool_size="quadrants"),
        ],
        input_shape=SHAPE,
    ),
    "uspsnet": PretrainedFeatures("uspsnet", layer="features.5", interpolation="bicubic"),
}


@cache
def digits() -> tuple[NDArray[Any], NDArray[Any]]:
    """Images of 0 to 255, flat, and labels."""
    X, y = load_digits(return_X_y=True)
    return np.rint(X * (255 / 16)).astype(np.uint8), y


@cache
def fitted(extractor: str) -> Pipeline:
    """One of the extractors, with a logistic regression behind it; a ridge behind Gabor's."""
    X, y = digits()
    head = RidgeClassifier() if extractor == "gabor" else LogisticRegression(C=0.1, max_iter=500)
    shape = (-1, *SHAPE) if extractor == "uspsnet" else (-1, SHAPE[0] * SHAPE[1])
    pipe = make_pipeline(EXTRACTORS[extractor], StandardScaler(), head)
    return pipe.fit(X[:N_FIT].reshape(shape), y[:N_FIT])


def differing_bytes(
    small: Compressed, n_samples: int, target: str, folder: Path, **options: Any
) -> int:
    """Of scores and classes: the C of a model for a target, on the host or its board."""
    X, _ = digits()
    model = to_c(small, X[:300], target=target, **options)
    x = fixed.quantize_input(model.graph.input, X[-n_samples:])
    if target == "portable":
        return exactness.on_host(model.graph, x, ("-O1", exactness.APART), folder)
    return exactness.on_target(exactness.program(model.graph, x, host=False), target, ("-Os",))
