"""Pipelines that are quick to fit to a few hundred samples, and good for most of them.

Windows of pooling are parts of the image, so the number of features does not grow with it. Heads
have closed forms, or converge in tens of passes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scipy.stats import loguniform
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import MaxAbsScaler, StandardScaler

from skconv.classifiers.logistic import PreconditionedLogisticRegression
from skconv.classifiers.ridge import BatchRidgeClassifier
from skconv.features import KMeansConvFeatures, PCAConvFeatures, RandomConvFeatures
from skconv.signals import MiniRocketFeatures, QuantFeatures
from skconv.sound import LogMelSpectrogram, SpectroTemporalGaborFeatures

Distributions = Mapping[str, Any]
Space = tuple[Any, list[Distributions]]

N_KERNELS = [6, 8, 12, 16, 24, 32, 48]
# A shorter side has no room for larger kernels and for windows of pooling behind them.
SMALL = 16


def space_of(kind: str, shape: tuple[int, ...], rate: int | None, seed: int, example: Any) -> Space:
    """A Pipeline, and the distributions of its parameters.

    Parameters
    ----------
    kind : {"images", "sounds", "signals"}
    shape : tuple of int
        Of one sample.
    rate : int or None
        Samples of sound a second.
    seed : int
        Of the extractors.
    example : ndarray of shape (n_samples, ...)
        A few samples.
    """
    if kind == "sounds":
        return _sounds(rate or 16000, seed, example)
    features = _images(shape, seed) if kind == "images" else _signals(seed)
    return _pipeline(features, {})


def _pipeline(features: list[dict[str, Any]], front: dict[str, Any]) -> Space:
    pairs = [{**front, **each, **head} for head in _heads() for each in features]
    names = [name for name in ("front", "features", "scale", "head") if name in pairs[0]]
    steps = [(name, pairs[0][name][0]) for name in names]
    return Pipeline(steps), list(pairs)


def _heads() -> list[dict[str, Any]]:
    return [
        {
            "scale": [StandardScaler()],
            "head": [BatchRidgeClassifier()],
            "head__alpha": loguniform(1, 1000),
        },
        {
            "scale": [MaxAbsScaler()],
            "head": [PreconditionedLogisticRegression(max_iter=40)],
            "head__C": loguniform(0.1, 10),
        },
    ]


def _images(
    shape: tuple[int, ...], seed: int, input_shape: tuple[int, ...] | None = None
) -> list[dict[str, Any]]:
    small = min(shape[:2]) < SMALL
    parts: dict[str, Any] = {
        "features__n_kernels": N_KERNELS,
        "features__kernel_size": [3] if small else [5, 7],
        "features__nonlinearity": ["soft_threshold", "abs", "both_signs"],
        "features__pool_size": ["quadrants", "sixteenths"],
    }
    extractors = (
        RandomConvFeatures(weights="patches", random_state=seed, input_shape=input_shape),
        PCAConvFeatures(input_shape=input_shape),
        KMeansConvFeatures(random_state=seed, input_shape=input_shape),
    )
    # No more principal components than a patch has numbers.
    most = {3: 8, 5: 24}[3 if small else 5]
    few = {**parts, "features__n_kernels": [n for n in N_KERNELS if n <= most]}
    return [
        {"features": [each], **(few if isinstance(each, PCAConvFeatures) else parts)}
        for each in extractors
    ]


def _signals(seed: int) -> list[dict[str, Any]]:
    return [
        {
            "features": [MiniRocketFeatures(random_state=seed)],
            "features__n_features": [84, 168, 336, 672],
        },
        {"features": [QuantFeatures()], "features__interval_depth": [2, 3, 4]},
    ]


def _sounds(rate: int, seed: int, example: Any) -> Space:
    spectrogram = LogMelSpectrogram(sample_rate=rate)
    shape = spectrogram.fit(example).output_shape_
    gabor = SpectroTemporalGaborFeatures(n_bands=shape[1], input_shape=shape)
    features = [
        {"features": [gabor], "features__remove_mean": [True, False]},
        *_images(shape, seed, input_shape=shape),
    ]
    return _pipeline(features, {"front": [spectrogram]})
