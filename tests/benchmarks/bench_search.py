"""`BudgetSearchCV` on data that nobody tuned for, beside plain searches.

    OMP_NUM_THREADS=1 python tests/benchmarks/bench_search.py PART [ARGUMENT ...]

costs [KIND [N]]
    N candidates of a default space, 200 by default: RAM and tables before the fit against those
    after it. ``images``: 600 of Fashion-MNIST at half their size. ``signals``: GunPoint, all 200.
fashion KB [SECONDS [JOBS]]
    The best model in 4, 8, 16 or 32 kB of flash and 1 or 2 kB of RAM from 10,000 images, in 1,800
    seconds on two cores by default; it is fitted again on 50,000 and scored once on the images
    after those. By hand: ``bench_compression.py`` and ``bench_tents.py``.
unseen NAME [SECONDS]
    2 kB of RAM and 16 kB of flash on data that nobody tuned for, 60 seconds of the processor by
    default, against up to 500 random candidates in ten times the time: the score of the C over the
    folds, and that on samples that no search saw. NAME is ``textures``, tiles of three pictures of
    scikit-image, or a set that `skconv.datasets.load_ucr` finds, such as ``GunPoint``.
hypervolume [SEEDS [SECONDS [SAMPLER ...]]]
    Samplers against random draws at equal time, 5 seeds of 60 s by default, on digits with 2 kB of
    RAM. Seconds are those of the processor, so that what else runs on the machine does not count.
    ``unguided`` is ``density`` without the settings that a default search begins with. What is
    measured is the area of accuracy above .5 and steps of two of flash below 64 kB; the ratio is
    that of the gains on a random search of a third of the time.
grid [SEEDS [N [KB]]]
    Seconds of the processor to the same winner as a `GridSearchCV` over the same list of 80, within
    16 kB of flash, on 3,000 images of Fashion-MNIST, 3 seeds by default. The winner is the best
    that fits.
"""

from __future__ import annotations

import os
import sys
import warnings
from collections import Counter
from typing import Any
from unittest.mock import patch

import numpy as np
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, ParameterGrid, ParameterSampler
from sklearn.pipeline import make_pipeline

import skconv
from skconv import emulator
from skconv.codegen.estimates import plain
from skconv.graph import Graph
from skconv.graph.nested import Nested
from skconv.search.budget import Costs
from skconv.search.costs import exported, trial, trial_rows
from skconv.search.spaces import default_space
from skconv.target.chips import Chip

KIB = 1024
# kB of flash: bytes of RAM, and the accuracy of the model tuned by hand.
BY_HAND = {4: (1024, 0.9070), 8: (1024, 0.9173), 16: (2048, 0.9239), 32: (2048, 0.9306)}
EQUAL = "equal to the byte"
PROGRESS = 20  # candidates between two lines of where it stands
# Sides of the tiles of textures, and the part of the pictures that is searched.
TILE, LEFT = 32, slice(320)
GRID = {
    "randomconvfeatures__n_kernels": [8, 16, 32, 64],
    "randomconvfeatures__kernel_size": [3, 5],
    "randomconvfeatures__pool_size": [4, 7],
    "logisticregression__C": [0.001, 0.01, 0.1, 1.0, 10.0],
}


def costs(kind: Any = "images", n: str = "200") -> None:
    """How many candidates cost after the fit what was said before it, and why others do not."""
    X, y = samples_of(kind)
    space = default_space(kind, X.shape[1:], is_classification=True, random_state=0)
    estimator, spaces = space.estimator, space.distributions
    rows = trial_rows(estimator, y)
    random = np.random.RandomState(0)
    found: Counter[tuple[str, str]] = Counter()
    for i in range(int(n)):
        (params,) = ParameterSampler(spaces[i % len(spaces)], 1, random_state=random)
        candidate = clone(estimator).set_params(**clone(params, safe=False))
        head = "rounded heads" if candidate.passes else "heads as fitted"
        candidate = candidate if candidate.passes else candidate.estimator
        try:
            said = exported(trial(candidate, X[rows], y[rows]), X[rows], {})
        except ValueError:
            found["", "cannot be fitted"] += 1
            continue
        is_so = exported(clone(candidate).fit(X, y), X, {})
        how = difference(said, is_so)
        found[head, how] += 1
        if how != EQUAL:
            sizes = (f"{c.ram_bytes:,} + {c.table_bytes:,}" for c in map(Costs.of, (said, is_so)))
            print(f"  {i}, {head}: RAM + tables {' and '.join(sizes)}: {how}", flush=True)
        if i % PROGRESS == PROGRESS - 1:
            print(f"  {i + 1} tried: {dict(found)}", flush=True)
    for (head, how), count in sorted(found.items()):
        print(f"{kind}: {count:3d} of {n} {head or 'candidates'}: {how}")


def samples_of(kind: str) -> tuple[Any, Any]:
    """Samples and labels of a kind."""
    if kind == "images":
        X, y = skconv.datasets.load_fashion_mnist()
        halved = X[:600].reshape(-1, 14, 2, 14, 2).mean(axis=(2, 4))
        return halved.astype(np.uint8), y[:600]
    parts = [skconv.datasets.load_ucr("GunPoint", split) for split in ("train", "test")]
    X, y = (np.concatenate(part) for part in zip(*parts, strict=True))
    return X, y


def difference(said: Any, is_so: Any) -> str:
    """What is behind a difference of costs."""
    before, after = Costs.of(said), Costs.of(is_so)
    if (before.ram_bytes, before.table_bytes) == (after.ram_bytes, after.table_bytes):
        return EQUAL
    if after.table_bytes < before.table_bytes:
        return "smaller tables: features are constant, or weights rounded to zero"
    if types_of(said.graph) != types_of(is_so.graph):
        return "features of other bits"
    return "unknown"


def types_of(graph: Graph) -> list[str]:
    """Types of all tensors, those within stages among them."""
    found = [spec.dtype for spec in graph.specs.values()]
    for node in graph.nodes:
        inner = plain(node.op)
        found += types_of(inner.graph) if isinstance(inner, Nested) else []
    return found


def fashion(kib: str, seconds: str = "1800", jobs: str = "2") -> None:
    """The best of a time limit, against the model tuned by hand."""
    X, y = skconv.datasets.load_fashion_mnist()
    ram, by_hand = BY_HAND[int(kib)]
    # In so little flash kernels of 16 bits, as the routines of the core read them, are too long.
    target = "portable" if int(kib) == 4 else "cortex-m4"
    chip = Chip(f"{kib} kB", flash_bytes=int(kib) * KIB, ram_bytes=ram, target=target)
    search = skconv.BudgetSearchCV(
        chip=chip,
        time_limit=float(seconds),
        options={"linear_bits": 8},
        cv=[(np.arange(6000), np.arange(6000, 10_000))],
        n_jobs=int(jobs),
        verbose=1,
        random_state=0,
    )
    search.fit(X[:10_000], y[:10_000])
    print(search.pareto_front_)
    show_levels(search.cv_results_)
    best = clone(search.best_estimator_).fit(X[:50_000], y[:50_000])
    model = exported(best, X, search.best_options_)
    accuracy = np.mean(model.predict(X[50_000:60_000]) == y[50_000:60_000])
    sizes = emulator.object_sizes(model.files, target="cortex-m4", flags=("-Os",))
    flash = sizes.text + sizes.rodata + sizes.data
    print(
        f"accuracy {accuracy:.4f} (by hand {by_hand:.4f}), flash {flash:,} of "
        f"{chip.flash_bytes:,}, RAM {sizes.bss:,} of {ram:,} bytes; "
        f"{len(search.pareto_front_)} points on the front, "
        f"{search.n_refused_} of {len(search.cv_results_['refused'])} candidates refused unfitted"
    )


def unseen(name: str, seconds: str = "60") -> None:
    """A short search against a long one that draws at random."""
    X, y, X_test, y_test = textures() if name == "textures" else signals(name)
    print(f"{name}: {len(X)} samples of shape {X.shape[1:]}, {len(X_test)} to test; {load()}")
    kind = "images" if name == "textures" else "signals"
    limits: dict[str, Any] = {"ram_bytes": 2 * KIB, "flash_bytes": 16 * KIB, "random_state": 0}
    ways: dict[str, dict[str, Any]] = {
        "search": {"time_limit": float(seconds)},
        "random": {"time_limit": 10 * float(seconds), "n_candidates": 500, "sampler": "random"},
    }
    scores = {}
    for way, options in ways.items():
        start = processor_seconds()
        search = skconv.BudgetSearchCV(kind, **limits, **options)
        with patch("time.perf_counter", processor_seconds):
            search.fit(X, y)
        scores[way] = search.best_score_
        n_scored = np.count_nonzero(search.cv_results_["level"] >= 0)
        print(
            f"{way}: {processor_seconds() - start:.0f} s, {n_scored} candidates scored, the best "
            f"{search.best_score_:.4f}, on the test {search.best_model_.score(X_test, y_test):.4f}",
            flush=True,
        )
    print(f"difference {scores['search'] - scores['random']:+.4f} (wanted -.01 at least); {load()}")


def textures() -> tuple[Any, Any, Any, Any]:
    """Tiles of the left and of the right parts of three pictures."""
    from skimage.data import brick, grass, gravel

    def tiles(picture: Any) -> Any:
        rows, columns = (side // TILE for side in picture.shape)
        cut = picture[: rows * TILE, : columns * TILE].reshape(rows, TILE, columns, TILE)
        return cut.swapaxes(1, 2).reshape(-1, TILE, TILE)

    pictures = [brick(), grass(), gravel()]
    left, right = (
        [tiles(picture[:, part]) for picture in pictures] for part in (LEFT, slice(320, None))
    )
    labels = [np.repeat(np.arange(3), [len(each) for each in part]) for part in (left, right)]
    return np.concatenate(left), labels[0], np.concatenate(right), labels[1]


def signals(name: str) -> tuple[Any, Any, Any, Any]:
    """A set of the UCR and UEA archives in its official split."""
    return (
        *skconv.datasets.load_ucr(name),
        *skconv.datasets.load_ucr(name, split="test"),
    )


def processor_seconds() -> float:
    """Of this process and of the compilers that it called: what else runs does not count."""
    return sum(os.times()[:4])


def load() -> str:
    return f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"


def show_levels(results: dict[str, Any]) -> None:
    """How many candidates reached each level, and what they took."""
    for level in range(results["level"].max() + 1):
        there = results["level"] == level
        print(
            f"level {level} was the last of {there.sum()}: {results['seconds'][there].sum():.0f} s"
        )


def hypervolume(seeds: str = "5", seconds: str = "60", *samplers: str) -> None:
    """Gain of each sampler, in gains of random draws."""
    X, y = skconv.datasets.load_digits(return_X_y=True)
    limit = float(seconds)
    names = samplers or ("density", "unguided", "tpe", "nsga2")
    print(f"seed  random, a third of the time  random  {'  '.join(names)}; {load()}")
    gains: dict[str, list[float]] = {name: [] for name in ("random", *names)}
    for seed in range(int(seeds)):
        early, late = (area(X, y, "random", t, seed) for t in (limit / 3, limit))
        found = {name: area(X, y, name, limit, seed) for name in names}
        for name, value in {"random": late, **found}.items():
            gains[name].append(value - early)
        areas = "  ".join(f"{value:.4f}" for value in (early, late, *found.values()))
        print(f"{seed:4d}  {areas}", flush=True)
    of_random = np.mean(gains["random"])
    for name in names:
        mean, each = np.mean(gains[name]) / of_random, np.array(gains[name]) / of_random
        print(f"{name}: {mean:.2f} times the mean gain of random draws, {each.min():.2f} to "
              f"{each.max():.2f} by seed (wanted 1.3)")  # fmt: skip


def area(X: Any, y: Any, sampler: str, seconds: float, seed: int) -> float:
    """Hypervolume of the front of score and flash."""
    space: tuple[Any, ...] = ("images",)
    if sampler == "unguided":
        default = default_space("images", X.shape[1:], is_classification=True, random_state=seed)
        space, sampler = (default.estimator, default.distributions), "density"
    search = skconv.BudgetSearchCV(
        *space,
        ram_bytes=2048,
        sampler=sampler,
        time_limit=seconds,
        random_state=seed,
        refit=False,
    )
    with patch("time.perf_counter", processor_seconds):
        search.fit(X, y)
    points = sorted((p.costs.flash_bytes, p.score) for p in search.pareto_front_)
    total, best = 0.0, 0.5
    for flash, score in points:
        if score > best:
            total += (score - best) * max(0.0, np.log2(64 * KIB / flash))
            best = score
    return total


def grid(seeds: str = "3", n: str = "3000", kib: str = "16") -> None:
    """Time to a winner, against cross-validating a whole list."""
    X, y = skconv.datasets.load_fashion_mnist()
    X, y = X[: int(n)], y[: int(n)]
    for seed in range(int(seeds)):
        extractor = skconv.RandomConvFeatures(random_state=seed)
        pipeline = make_pipeline(extractor, LogisticRegression(max_iter=200))
        start = processor_seconds()
        search = skconv.BudgetSearchCV(
            pipeline,
            GRID,
            sampler="random",
            n_candidates=len(ParameterGrid(GRID)),
            flash_bytes=int(kib) * KIB,
            random_state=seed,
            refit=False,
        ).fit(X, y)
        of_search = processor_seconds() - start
        start = processor_seconds()
        plain = GridSearchCV(pipeline, GRID, cv=3, refit=False).fit(X, y)
        of_grid = processor_seconds() - start
        show_grid(seed, search, plain, of_search, of_grid)


def show_grid(seed: int, search: Any, plain: Any, of_search: float, of_grid: float) -> None:
    """Seconds of both, and the winners: of the grid the best within the budget."""
    refused = search.cv_results_["refused"] != ""
    out = [p for p, is_out in zip(search.cv_results_["params"], refused, strict=True) if is_out]
    scores = plain.cv_results_["mean_test_score"]
    fits = [i for i, params in enumerate(plain.cv_results_["params"]) if params not in out]
    best = max(fits, key=lambda i: scores[i])
    same = plain.cv_results_["params"][best] == search.best_params_
    ours = scores[plain.cv_results_["params"].index(search.best_params_)]
    print(
        f"seed {seed}: grid {of_grid:.0f} s, search {of_search:.0f} s, ratio "
        f"{of_grid / of_search:.1f} (wanted 10); {refused.sum()} of {len(refused)} refused "
        f"unfitted; winner of the grid {scores[best]:.4f}, of the search by the grid's measure "
        f"{ours:.4f}, the same: {same}",
        flush=True,
    )


def main() -> None:
    warnings.simplefilter("ignore")
    parts: dict[str, Any] = {
        "costs": costs,
        "fashion": fashion,
        "unseen": unseen,
        "hypervolume": hypervolume,
        "grid": grid,
    }
    if len(sys.argv) < 2 or sys.argv[1] not in parts:
        raise SystemExit(f"expected one of {', '.join(parts)}. {__doc__}")
    parts[sys.argv[1]](*sys.argv[2:])


if __name__ == "__main__":
    main()
