"""What every extractor is worth as it comes, with no parameter set, against raw pixels.

    OMP_NUM_THREADS=1 python tests/benchmarks/bench_defaults.py [SET ...]

Behind each extractor stands the same head: ``StandardScaler(with_mean=False)`` and
``RidgeClassifier(alpha=300)``. Against it stands scikit-learn's ``SVC()`` on raw pixels, between 0
and 1 or standardised, whichever is better on the set; for comparison, ``SVC(C=10)`` too.

Sets, and three seeds: a seed is the extractor's ``random_state`` and another split.

- digits: scikit-learn's, of which each half was written by other people. One half is fitted, the
  other scored: the first, the second, the middle.
- Fashion-MNIST, train images: 4,000 from row 4,000 x seed on, and 2,000 from row 50,000 + 2,000 x
  seed on. The defaults were chosen by these rows.
- others: the same from row 20,000 + 4,000 x seed and 56,000 + 1,300 x seed on: rows that nothing
  was chosen by.
- textures: brick, grass and gravel of scikit-image (needed for this alone), 32 x 32 tiles, 480 to
  fit and 288 from another part of the pictures to score.

docs/defaults.md shows what it prints.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import RidgeClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

import skconv
from skconv.datasets import load_digits, load_fashion_mnist

Task = tuple[NDArray[Any], NDArray[Any], NDArray[Any], NDArray[Any]]

SEEDS = range(3)
MARGIN = 0.01
MOST_FEATURES = 5000


def extractors(seed: int) -> Iterator[Any]:
    """Every extractor at its defaults."""
    yield skconv.RandomConvFeatures(random_state=seed)
    yield skconv.GaborFeatures()
    yield skconv.FixedConvFeatures()
    yield skconv.PCAConvFeatures()
    yield skconv.KMeansConvFeatures(random_state=seed)
    yield skconv.AutoencoderFeatures(random_state=seed)
    yield skconv.GreedyConvFeatures(random_state=seed)
    yield skconv.ConvFeatures(random_state=seed)
    # The same counts as by default, dense: ridge solves them directly.
    yield skconv.PCANetFeatures(output="float32")


def digits(seed: int) -> Task:
    X, y = load_digits()
    half = len(X) // 2
    fitted = np.roll(np.arange(len(X)) < half, (0, half, half // 2)[seed])
    return X[fitted], y[fitted], X[~fitted], y[~fitted]


def fashion(seed: int) -> Task:
    return fashion_rows(4_000 * seed, 50_000 + 2_000 * seed, 2_000)


def others(seed: int) -> Task:
    return fashion_rows(20_000 + 4_000 * seed, 56_000 + 1_300 * seed, 1_300)


def fashion_rows(first: int, first_held: int, n_held: int) -> Task:
    X, y = load_fashion_mnist()
    fitted, held = slice(first, first + 4_000), slice(first_held, first_held + n_held)
    return X[fitted], y[fitted], X[held], y[held]


def textures(seed: int) -> Task:
    """The upper ten rows of tiles are fitted, the lower ten, or the ten columns on the left."""
    from skimage import data

    images = np.stack([data.brick(), data.grass(), data.gravel()])
    tiles = images.reshape(3, 16, 32, 16, 32).transpose(1, 3, 0, 2, 4)
    tiles = (tiles, tiles[::-1], tiles.transpose(1, 0, 2, 3, 4))[seed]
    labels = np.tile(np.arange(3), 16 * 16).reshape(16, -1)
    fitted, held = tiles[:10].reshape(-1, 32, 32), tiles[10:].reshape(-1, 32, 32)
    return fitted, labels[:10].ravel(), held, labels[10:].ravel()


SETS: dict[str, Callable[[int], Task]] = {
    "digits": digits,
    "Fashion-MNIST": fashion,
    "others": others,
    "textures": textures,
}


def raw(tasks: list[Task], penalty: float) -> float:
    """Mean accuracy of an SVC on raw pixels, as they are or standardised: the better one."""
    means = []
    for scalers in ([], [StandardScaler()]):
        scores = []
        for X, y, held, labels in tasks:
            pipe = make_pipeline(*scalers, SVC(C=penalty))
            pipe.fit(X.reshape(len(X), -1) / 255, y)
            scores.append(pipe.score(held.reshape(len(held), -1) / 255, labels))
        means.append(float(np.mean(scores)))
    return max(means)


def score(features: Any, task: Task) -> tuple[float, int]:
    """Accuracy on the held-out part; and the number of features."""
    X, y, held, labels = task
    pipe = make_pipeline(features, StandardScaler(with_mean=False), RidgeClassifier(alpha=300.0))
    accuracy = float(pipe.fit(X, y).score(held, labels))
    return accuracy, len(features.get_feature_names_out())


def table(name: str, tasks: list[Task]) -> None:
    """The lines of one set."""
    plain, tuned = raw(tasks, 1.0), raw(tasks, 10.0)
    print(f"\n{name}: raw pixels + SVC() {plain:.4f}, target {plain + MARGIN:.4f}")
    print(f"(SVC(C=10): {tuned:.4f})")
    print(f"{'extractor':<22} features    mean  spread  above raw  target  seconds")
    for lines in zip(*(extractors(seed) for seed in SEEDS), strict=True):
        start = time.perf_counter()
        found = [score(line, task) for line, task in zip(lines, tasks, strict=True)]
        accuracies, n_features = [accuracy for accuracy, _ in found], found[0][1]
        mean = float(np.mean(accuracies))
        met = mean >= plain + MARGIN and n_features < MOST_FEATURES
        print(
            f"{type(lines[0]).__name__ + '()':<22} {n_features:>8}  {mean:.4f}  "
            f"{np.ptp(accuracies):.4f}  {100 * (mean - plain):+9.1f}  "
            f"{'met' if met else 'missed':<6}  {time.perf_counter() - start:7.1f}",
            flush=True,
        )


def main() -> None:
    for name in sys.argv[1:] or SETS:
        table(name, [SETS[name](seed) for seed in SEEDS])


if __name__ == "__main__":
    main()
