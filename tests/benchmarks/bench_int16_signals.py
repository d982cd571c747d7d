"""What the integers lose on sensors of 16 bits: accuracy of the C against that of the floats.

    OMP_NUM_THREADS=1 python tests/benchmarks/bench_int16_signals.py [SET ...]

Signals of aeon's wheel (``pip install aeon``; it is not imported) become int16 as a sensor
delivers them: the largest training sample is half of the range. Behind each extractor, as it
comes, stand ``StandardScaler`` and ``RidgeClassifierCV``. A set is scored on its official test
half, three seeds together. The target is a loss of at most one point on every set.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import RidgeClassifierCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import skconv
from skconv.datasets import load_ucr
from skconv.signals.lengths import one_length

SETS = ("BasicMotions", "GunPoint", "ArrowHead", "JapaneseVowels")
SEEDS = range(3)
TARGET = 0.01
HALF_RANGE = 2**14

Extractor = Callable[[tuple[int, ...], int], Any]
EXTRACTORS: dict[str, Extractor] = {
    "RandomConvFeatures": lambda shape, seed: skconv.RandomConvFeatures(
        input_shape=(1, *shape), random_state=seed
    ),
    "KMeansConvFeatures": lambda shape, seed: skconv.KMeansConvFeatures(
        input_shape=(1, *shape), random_state=seed
    ),
    "PCAConvFeatures": lambda shape, seed: skconv.PCAConvFeatures(input_shape=(1, *shape)),
    "two stages": lambda shape, seed: skconv.ConvFeatures(
        [
            skconv.ConvStage(pool_size=2),
            skconv.ConvStage(pool_size="sixteenths", root=True),
        ],
        input_shape=(1, *shape),
        random_state=seed,
    ),
    "TemporalConvFeatures": lambda shape, seed: skconv.TemporalConvFeatures(random_state=seed),
    "TemporalConvFeatures, stacked": lambda shape, seed: skconv.TemporalConvFeatures(
        n_kernels=8, stacked=True, pool=("ppv", "max"), random_state=seed
    ),
}


def sensor(name: str) -> tuple[NDArray[Any], ...]:
    """Training and test samples as int16 ``(n, length, channels)``, and labels."""
    (X, y), (Xt, yt) = load_ucr(name), load_ucr(name, "test")
    X = np.asarray(one_length(X, "longest", None, channels_first=False))
    Xt = np.asarray(one_length(Xt, X.shape[1], None, channels_first=False))
    scale = HALF_RANGE / np.abs(X).max()
    X, Xt = (np.clip(np.rint(scale * x), -32767, 32767).astype(np.int16) for x in (X, Xt))
    return X.reshape(*X.shape[:2], -1), y, Xt.reshape(*Xt.shape[:2], -1), yt


def accuracies(make: Extractor, data: tuple[NDArray[Any], ...]) -> tuple[float, float]:
    """Mean accuracy over the seeds, of the floats and of the integers."""
    X, y, Xt, yt = data
    scores = []
    for seed in SEEDS:
        head = RidgeClassifierCV(alphas=np.logspace(-3, 3, 10))
        pipe = make_pipeline(make(X.shape[1:], seed), StandardScaler(), head).fit(X, y)
        scores.append((pipe.score(Xt, yt), skconv.to_c(pipe, X).score(Xt, yt)))
    floats, integers = np.mean(scores, axis=0)
    return float(floats), float(integers)


def main(names: list[str]) -> None:
    # Kernels and windows are cut to short signals.
    warnings.filterwarnings("ignore", message=".* is used", category=UserWarning)
    print("set, features, accuracy of the floats, of the integers, lost, target", TARGET)
    for name in names or list(SETS):
        data = sensor(name)
        for label, make in EXTRACTORS.items():
            floats, integers = accuracies(make, data)
            lost = floats - integers
            verdict = "met" if lost <= TARGET else "missed"
            row = f"{name:16}{label:32}{floats:8.4f}{integers:8.4f}{lost:+8.4f}  {verdict}"
            print(row, flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
