"""Hydra and QUANT against aeon's, on the series that aeon's wheel brings.

    OMP_NUM_THREADS=1 python tests/benchmarks/bench_hydra_quant.py accuracy [sets] [n_seeds]
    OMP_NUM_THREADS=1 python tests/benchmarks/bench_hydra_quant.py speed
    OMP_NUM_THREADS=1 python tests/benchmarks/bench_hydra_quant.py union [sets] [n_seeds]
    OMP_NUM_THREADS=1 python tests/benchmarks/bench_hydra_quant.py c [sets]

It needs ``pip install aeon torch``, for the data and as the peer. Official splits; ``sets`` are
names with commas between them. ``accuracy`` compares heads too: those that convert, and the
published ones. ``c`` quantises whole Pipelines and counts the bytes that differ on the host.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.linear_model import RidgeClassifierCV
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from skconv import HydraFeatures, QuantFeatures, to_c
from skconv.datasets import load_ts
from skconv.signals.lengths import one_length

SETS = (
    *("GunPoint", "ItalyPowerDemand", "ArrowHead", "OSULeaf", "ACSF1", "BasicMotions"),
    "JapaneseVowels",
)
SPEED_SETS = ("GunPoint", "OSULeaf", "ACSF1")
SMALL_SETS = ("GunPoint", "ItalyPowerDemand", "BasicMotions")
# Of MiniRocket, Hydra and QUANT in their union.
WEIGHTS = ((1, 1, 1), (1, 1, 0.5), (1, 1, 0.25), (1, 0.5, 0.5), (0.5, 1, 0.5), (0.5, 0.5, 1))
SMALL_ALPHAS = np.logspace(-4, 2, 13)
N_SEEDS = 10
N_TREES = 250
TARGET = 0.01  # below aeon's mean accuracy
KERNELS = "transformations.collection.convolution_based"
INTERVALS = "transformations.collection.interval_based"
Split = tuple[Any, Any, Any, Any]


def aeon_package() -> Any:
    """The package, or an end that says what to install."""
    try:
        return import_module("aeon")
    except ImportError:
        needed = "pip install aeon torch: the data and the peer of this benchmark"
        raise SystemExit(needed) from None


def peer(module: str, name: str) -> Any:
    """A class of aeon's."""
    return getattr(import_module(f"aeon.{module}"), name)


def split(name: str) -> Split:
    """Training and test series of one length, ``(n, length, channels)``, and their labels."""
    folder = Path(aeon_package().__file__).parent / "datasets" / "data" / name
    (X, y), (X_test, y_test) = (load_ts(folder / f"{name}_{part}.ts") for part in ("TRAIN", "TEST"))
    both = one_length([*X, *X_test], "longest", None, channels_first=False)
    both = np.asarray(both, np.float32).reshape(len(both), np.shape(both)[1], -1)
    return both[: len(X)], y, both[len(X) :], y_test


def ridge() -> RidgeClassifierCV:
    return RidgeClassifierCV(alphas=np.logspace(-3, 3, 10))


def trees(seed: int) -> ExtraTreesClassifier:
    """The published head of QUANT."""
    return ExtraTreesClassifier(N_TREES, max_features=0.1, criterion="entropy", random_state=seed)


def channels_first(X: Any) -> Any:
    return np.ascontiguousarray(X.transpose(0, 2, 1))


# ---------------------------------------------------------------------------- accuracy


def aeon_hydra(data: Split, seed: int) -> float:
    """aeon's features, their square roots scaled as aeon scales them, and a ridge."""
    X, y, X_test, y_test = data
    hydra = peer("classification.convolution_based", "HydraClassifier")
    model = hydra(random_state=seed).fit(channels_first(X), y)
    return float(np.mean(model.predict(channels_first(X_test)) == y_test))


def aeon_quant(data: Split, seed: int) -> float:
    """aeon's features and the published trees."""
    X, y, X_test, y_test = data
    quant = peer(INTERVALS, "QUANTTransformer")().fit(channels_first(X))
    before, behind = (quant.transform(channels_first(part)) for part in (X, X_test))
    return float(trees(seed).fit(before, y).score(behind, y_test))


def scored(model: Any) -> Callable[[Split, int], float]:
    """The accuracy of what ``model(seed)`` makes."""

    def score(data: Split, seed: int) -> float:
        X, y, X_test, y_test = data
        return float(model(seed).fit(X, y).score(X_test, y_test))

    return score


HYDRA = {
    "aeon Hydra": aeon_hydra,
    "Hydra + ridge": scored(lambda seed: make_pipeline(HydraFeatures(random_state=seed), ridge())),
    "Hydra + scaler + ridge": scored(
        lambda seed: make_pipeline(HydraFeatures(random_state=seed), StandardScaler(), ridge())
    ),
}
# Without chance, or with little: one seed.
QUANT = {
    "aeon QUANT + trees": aeon_quant,
    "QUANT + trees": scored(lambda seed: make_pipeline(QuantFeatures(), trees(seed))),
    "QUANT + ridge": scored(lambda seed: make_pipeline(QuantFeatures(), ridge())),
    "QUANT + scaler + ridge": scored(
        lambda seed: make_pipeline(QuantFeatures(), StandardScaler(), ridge())
    ),
    "raw samples + SVC": scored(lambda seed: Flat()),
}


class Flat:
    """Raw samples and an SVC."""

    def fit(self, X: Any, y: Any) -> Flat:
        self.model = SVC().fit(X.reshape(len(X), -1), y)
        return self

    def score(self, X: Any, y: Any) -> float:
        return float(self.model.score(X.reshape(len(X), -1), y))


def accuracy(sets: tuple[str, ...], n_seeds: int) -> None:
    """Every head on every set, and the means."""
    _table(HYDRA, sets, n_seeds)
    _table(QUANT, sets, 1)
    print(f"target: mean of Hydra + ridge at most {TARGET} below aeon's; every mean above SVC's")


def _table(
    models: dict[str, Callable[[Split, int], float]], sets: tuple[str, ...], n_seeds: int
) -> None:
    print(f"{'':24}", *(f"{name[:8]:>8}" for name in sets), f"{'mean':>8}  {n_seeds} seed(s)")
    data = [split(name) for name in sets]
    for label, score in models.items():
        means = [np.mean([score(one, seed) for seed in range(n_seeds)]) for one in data]
        print(f"{label:24}", *(f"{m:8.4f}" for m in means), f"{np.mean(means):8.4f}", flush=True)


# ------------------------------------------------------------------------------- union


def parts(seed: int) -> dict[str, Any]:
    """The extractors that stand side by side."""
    return {
        "MiniRocket": import_module("skconv.signals").MiniRocketFeatures(random_state=seed),
        "Hydra": HydraFeatures(random_state=seed),
        "QUANT": QuantFeatures(),
    }


def union(sets: tuple[str, ...], n_seeds: int) -> None:
    """Each alone before a scaler and a ridge, and all three together, in two ways."""

    def alone(name: str) -> Callable[[Split, int], float]:
        return scored(lambda seed: make_pipeline(parts(seed)[name], StandardScaler(), ridge()))

    side_by_side = scored(
        lambda seed: make_pipeline(make_union(*parts(seed).values()), StandardScaler(), ridge())
    )
    models = {name: alone(name) for name in parts(0)}
    _table(models | {"side by side": side_by_side, "weighted": weighted}, sets, n_seeds)
    print("target: together above each of the three")


def weighted(found: Split, seed: int) -> float:
    """All three, scaled so that as many features count as much as few, times a weight each.

    The weights are those with the best leave-one-out error of the ridge on the training series.
    """
    X, y, X_test, truth = found
    blocks, tests = [], []
    for part in parts(seed).values():
        scaled = make_pipeline(part, StandardScaler()).fit(X)
        block = scaled.transform(X)
        blocks.append(block / np.sqrt(block.shape[1]))
        tests.append(scaled.transform(X_test) / np.sqrt(block.shape[1]))

    def joined(parts: list[Any], weights: tuple[float, ...]) -> Any:
        return np.hstack([w * part for w, part in zip(weights, parts, strict=True)])

    fits = [(RidgeClassifierCV(SMALL_ALPHAS).fit(joined(blocks, w), y), w) for w in WEIGHTS]
    best, weights = max(fits, key=lambda pair: pair[0].best_score_)
    return float(best.score(joined(tests, weights), truth))


# ------------------------------------------------------------------------------- speed


def speed(sets: tuple[str, ...], _: int) -> None:
    """Microseconds of processor time a series, one thread; ours and aeon's in turn."""
    import_module("torch").set_num_threads(1)
    print(f"{'':18} {'length':>6} {'ours':>9} {'aeon':>9} {'times':>6}")
    for name in sets:
        X, y = split(name)[:2]
        for label, (ours, theirs) in _runners(X, y).items():
            times = np.array([[_seconds(run) for run in (ours, theirs)] for _ in range(5)])
            found = 1e6 * np.median(times, axis=0) / len(X)
            row = f"{name[:10]:10} {label:7} {X.shape[1]:6} {found[0]:9.0f} {found[1]:9.0f}"
            print(f"{row} {found[0] / found[1]:6.2f}", flush=True)


def _runners(X: Any, y: Any) -> dict[str, tuple[Callable[[], Any], Callable[[], Any]]]:
    first = channels_first(X)
    hydra, quant = HydraFeatures(random_state=0).fit(X, y), QuantFeatures().fit(X, y)
    aeon_hydra = peer(KERNELS, "HydraTransformer")(random_state=0).fit(first)
    aeon_quant = peer(INTERVALS, "QUANTTransformer")().fit(first)
    return {
        "Hydra": (lambda: hydra.transform(X), lambda: aeon_hydra.transform(first)),
        "QUANT": (lambda: quant.transform(X), lambda: aeon_quant.transform(first)),
    }


def _seconds(run: Callable[[], Any]) -> float:
    start = time.process_time()
    run()
    return time.process_time() - start


# ----------------------------------------------------------------------------------- C


def in_c(sets: tuple[str, ...], _: int) -> None:
    """Accuracy of integers beside floats, differing bytes, RAM and instructions of an M4."""
    print(f"{'':26} {'floats':>7} {'integers':>8} {'differing':>9} {'flash kB':>9} {'RAM kB':>7}")
    for name in sets:
        X, y, X_test, y_test = split(name)
        for label, extractor in _for_c():
            model = make_pipeline(extractor, StandardScaler(), ridge()).fit(X, y)
            exported = to_c(model, X)
            found = exported.verify(X_test[:50])
            score = np.mean(exported.predict(X_test) == y_test)
            report = exported.report()
            print(
                f"{name[:10]:10} {label:15} {model.score(X_test, y_test):7.4f} {score:8.4f} "
                f"{found.differing_bytes:9} {report.flash_bytes / 1000:9.1f} "
                f"{report.ram_bytes / 1000:7.1f}",
                flush=True,
            )


def _for_c() -> Iterator[tuple[str, Any]]:
    yield "Hydra, 16 groups", HydraFeatures(n_groups=16, random_state=0)
    yield (
        "QUANT, in time",
        QuantFeatures(representations=("raw", "difference", "second_difference")),
    )
    yield "QUANT", QuantFeatures()


COMMANDS = {
    "accuracy": (accuracy, SETS),
    "union": (union, SETS),
    "speed": (speed, SPEED_SETS),
    "c": (in_c, SMALL_SETS),
}


def main() -> None:
    command, sets = COMMANDS[sys.argv[1]] if len(sys.argv) > 1 else COMMANDS["accuracy"]
    names = tuple(sys.argv[2].split(",")) if len(sys.argv) > 2 else sets
    command(names, int(sys.argv[3]) if len(sys.argv) > 3 else N_SEEDS)


if __name__ == "__main__":
    main()
