"""What decisions gain that remember those before, on windows whose classes persist.

    OMP_NUM_THREADS=1 python tests/benchmarks/bench_sequences.py

Digits with noise, in an order where the class of an image is that of the image before with
probability .95, else any: 900 images to fit, 897 others, once in that order. ``alone``: the
classifier; ``majority`` of 5; ``hmm``: forward filter over decisions; ``viterbi``: over scores. All
are the integers of `to_c`, in a stream, or on single windows.
"""

from __future__ import annotations

import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_digits
from sklearn.discriminant_analysis import QuadraticDiscriminantAnalysis
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline

sys.path.insert(0, str(Path(__file__).parents[2]))

from skconv import SmoothedClassifier, to_c

METHODS = ("majority", "hmm", "viterbi")
CLASSIFIERS = {
    "GaussianNB": GaussianNB(),
    "QuadraticDiscriminantAnalysis": QuadraticDiscriminantAnalysis(solver="eigen", shrinkage=0.3),
    "LogisticRegression": LogisticRegression(max_iter=2000, C=0.01),
}
STAYS = 0.95


def persistent(y: NDArray[Any], rng: np.random.Generator) -> NDArray[np.intp]:
    """Every sample once, the class kept as long as chance says and samples of it are left."""
    left = {k: list(rng.permutation(np.flatnonzero(y == k))) for k in np.unique(y)}
    order: list[int] = []
    current = None
    while left:
        if current not in left or rng.random() >= STAYS:
            current = rng.choice(list(left))
        order.append(left[current].pop())
        if not left[current]:
            del left[current]
    return np.array(order, np.intp)


def digits(noise: float) -> tuple[NDArray[Any], ...]:
    rng = np.random.default_rng(0)
    X, y = load_digits(return_X_y=True)
    X = np.clip(np.rint(X + rng.normal(0, noise, X.shape)), 0, 255).astype(np.uint8)
    order = rng.permutation(len(X))
    parts = np.split(order, [900])
    fit, held = (part[persistent(y[part], rng)] for part in parts)
    return X[fit], y[fit], X[held], y[held]


def accuracies(classifier: Any, data: tuple[NDArray[Any], ...]) -> list[float]:
    X, y, X_held, y_held = data
    alone = to_c(classifier.fit(X, y), X)
    found = [float(np.mean(alone.predict(X_held) == y_held))]
    for method in METHODS:
        model = make_pipeline(SmoothedClassifier(classifier, method=method)).fit(X, y)
        stream = to_c(model, X, input="samples", window=1, hop=1).stream("fixed")
        found.append(float(np.mean(stream.push(X_held) == y_held)))
    return found


def main() -> None:
    warnings.simplefilter("ignore")
    print(f"{'digits, noise 4':30s} " + " ".join(f"{m:>9s}" for m in ("alone", *METHODS)))
    data = digits(4.0)
    for name, classifier in CLASSIFIERS.items():
        print(f"{name:30s} " + " ".join(f"{a:9.4f}" for a in accuracies(classifier, data)))


if __name__ == "__main__":
    main()
