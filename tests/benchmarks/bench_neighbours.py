"""Nearest neighbours on a microcontroller: accuracy, flash, RAM, instructions; emlearn beside it.

    OMP_NUM_THREADS=1 python tests/benchmarks/bench_neighbours.py [--peers /path/to/python]

*Shrinking*: accuracy (R^2 of diabetes and of a made surface) against the number of prototypes:
learnt ones, as many samples by chance (mean of five draws), condensed and edited samples, and all
samples. Digits, breast cancer, and features of Fashion-MNIST: images 0 to 4,999 to fit, 50,000 to
51,999 to report.

*On the target*: digits as they are, 5 neighbours. Flash is that of the linked image beyond an
empty one, RAM what the model needs while it runs, both without the sample. Same compiler, flags
and QEMU in the same call; mean instructions of ten samples, since a search that leaves samples
early depends on them. emlearn (its Python, by ``--peers``) keeps int16 samples, a distance to each
in RAM, and roots without a fraction. m2cgen and micromlgen have no nearest neighbours.
"""

from __future__ import annotations

import argparse
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor, LocalOutlierFactor
from sklearn.preprocessing import StandardScaler

sys.path.insert(0, str(Path(__file__).parents[2]))

from skconv import ReducedNeighbors, datasets, to_c
from tests.benchmarks.peers import MissingPeerError, Peer, emlearn, measure
from tests.classical.base import extractor

COUNTS = (20, 50, 100, 200)
N_COUNTED = 10
Data = tuple[Any, Any, Any, Any]


# --------------------------------------------------------------------------------- shrinking


def fashion() -> Data:
    images, labels = datasets.load_fashion_mnist()
    features = extractor().fit(images[:500])
    fitted, held = slice(0, 5000), slice(50_000, 52_000)
    found = [features.transform(images[rows]) for rows in (fitted, held)]
    return found[0], labels[fitted], found[1], labels[held]


def split(X: Any, y: Any, share: float = 0.7) -> Data:
    order = np.random.default_rng(0).permutation(len(X))
    n = int(share * len(X))
    first, rest = order[:n], order[n:]
    return X[first], y[first], X[rest], y[rest]


def scaled(data: Data) -> Data:
    scaler = StandardScaler().fit(data[0])
    return scaler.transform(data[0]), data[1], scaler.transform(data[2]), data[3]


def surface() -> Data:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(3000, 4))
    y = np.sin(2 * X[:, 0]) + X[:, 1] * X[:, 2] + 0.1 * rng.normal(size=3000)
    return split(X, y)


def data_sets() -> Iterator[tuple[str, Any, Data]]:
    classifier, regressor = KNeighborsClassifier(5), KNeighborsRegressor(5)
    digits = split(*load_digits(return_X_y=True))
    yield "digits", classifier, digits
    yield "digits, L1", KNeighborsClassifier(5, p=1), digits
    yield "breast cancer", classifier, scaled(split(*load_breast_cancer(return_X_y=True)))
    yield "fashion", classifier, scaled(fashion())
    yield "diabetes", regressor, scaled(split(*load_diabetes(return_X_y=True)))
    yield "surface", regressor, surface()


def by_chance(estimator: Any, data: Data, n: int) -> float:
    """As many samples; of k and 1 neighbours the better one."""
    X, y, X_held, y_held = data
    draws = [np.random.default_rng(i).choice(len(X), n, replace=False) for i in range(5)]
    means = []
    for k in {1, estimator.n_neighbors}:
        model = clone(estimator).set_params(n_neighbors=k)
        means.append(np.mean([model.fit(X[i], y[i]).score(X_held, y_held) for i in draws]))
    return float(max(means))


def shrinking() -> None:
    print(f"{'':14} {'prototypes':>16} {'learnt':>7} {'chance':>7} {'all':>7} {'loss_':>7}")
    for name, estimator, data in data_sets():
        X, y, X_held, y_held = data
        every = clone(estimator).fit(X, y).score(X_held, y_held)
        for n in COUNTS:
            if n > len(X):
                continue
            model = ReducedNeighbors(estimator, n, random_state=0).fit(X, y)
            found, chance = model.score(X_held, y_held), by_chance(estimator, data, n)
            text = f"{found:7.4f} {chance:7.4f} {every:7.4f} {model.loss_:7.4f}"
            print(f"{name:14} {n:5d} of {len(X):7d} {text}", flush=True)
        if isinstance(estimator, KNeighborsClassifier):
            for method in ("condensed", "edited"):
                model = ReducedNeighbors(estimator, method=method, random_state=0).fit(X, y)
                found, n = model.score(X_held, y_held), len(model.prototypes_)
                text = f"{found:7.4f} {by_chance(estimator, data, n):7.4f} {every:7.4f}"
                print(f"{name:14} {n:5d} {method:>10} {text} {model.loss_:7.4f}", flush=True)


# ------------------------------------------------------------------------------ on the target


def print_measured(target: str, peer: Peer, ram: int, accuracy: str, answers: Any, X: Any) -> None:
    """Of ten samples: mean instructions, and the share of answers that scikit-learn gives."""
    x_type = "int16_t" if peer.name == "emlearn" else "uint8_t"
    found = [measure(peer, x, x_type, target=target) for x in X[:N_COUNTED]]
    instructions = int(np.mean([it.instructions for it in found]))
    same = np.mean([it.answer == answer for it, answer in zip(found, answers, strict=False)])
    cost = f"{instructions:12,d} {found[0].flash:9,d} {ram:8,d}"
    print(f"{target:10} {peer.name:26} {cost} {accuracy:>9} {same:6.2f}", flush=True)


def emlearn_neighbours(model: Any, n_features: int, python: str) -> tuple[Peer, int]:
    """Its C, and the bytes of its distances."""
    n_samples = len(model._fit_X)
    prelude = (
        f'#include "peer.h"\nstatic EmlNeighborsDistanceItem distances[{n_samples}];\n'
        "static int32_t answered(void) { int16_t out = -1; "
        f"eml_neighbors_predict(&peer, x, {n_features}, distances, {n_samples}, &out); "
        "return out; }"
    )
    return Peer("emlearn", emlearn(model, python), prelude, "answered()"), 8 * n_samples


def on_target(python: str) -> None:
    X, y, X_held, y_held = split(*load_digits(return_X_y=True))
    floats, X, X_held = X, X.astype(np.uint8), X_held.astype(np.uint8)
    whole = KNeighborsClassifier(5).fit(floats, y)
    models = {
        "all samples, L2": whole,
        "all samples, L1": KNeighborsClassifier(5, p=1).fit(floats, y),
        "100 prototypes": ReducedNeighbors(whole, 100, random_state=0).fit(floats, y),
        "50 prototypes": ReducedNeighbors(whole, 50, random_state=0).fit(floats, y),
        "outliers, 20 neighbours": LocalOutlierFactor(20, novelty=True).fit(floats),
    }
    print(f"\n{'':37} instructions     flash      RAM  accuracy   same")
    for target in ("cortex-m4", "cortex-m0"):
        for name, model in models.items():
            c_model = to_c(model, X, name="m", target=target)
            peer = Peer(name, c_model.files, '#include "m.h"', "m_predict(x)")
            has_labels = not isinstance(model, LocalOutlierFactor)
            accuracy = f"{c_model.score(X_held, y_held):.4f}" if has_labels else "-"
            answers = np.searchsorted(
                np.asarray(c_model.graph.classes), model.predict(X_held[:N_COUNTED])
            )
            ram = c_model.report().ram_bytes
            print_measured(target, peer, ram, accuracy, answers, X_held)
        try:
            peer, ram = emlearn_neighbours(whole, X.shape[1], python)
        except MissingPeerError as error:
            print(error)
            continue
        print_measured(target, peer, ram, "-", whole.predict(X_held[:N_COUNTED]), X_held)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--peers", default=sys.executable)
    shrinking()
    on_target(parser.parse_args().peers)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()
