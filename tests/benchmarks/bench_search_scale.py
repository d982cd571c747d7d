"""`BudgetSearchCV` on a cluster, with random kernels as a proxy, and in a minute.

    OMP_NUM_THREADS=1 python tests/benchmarks/bench_search_scale.py PART [ARGUMENT ...]

dask [REPEATS [N [as-is]]]
    Seconds by a local cluster of two workers against one process: the same N candidates, 24 by
    default, and scores, target <= .65. Needs distributed; both cores should have nothing else to
    do. ``as-is`` leaves dask's own setting of memory as it is: see docs/clusters.md. The floor is
    half of what two whole searches take at once: two cores may share a part of their units.
proxy [N]
    Spearman's rank correlation of the first level's ranking of N architectures, 30 by default, with
    that of the fitted Pipelines: a ridge in place of the head, and random kernels, too.
speed [SECONDS]
    Candidates a minute of the default space on 2,000 images.
"""

from __future__ import annotations

import os
import sys
import time
import warnings
from typing import Any

import joblib
import numpy as np
from scipy.stats import spearmanr
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import ParameterSampler
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MaxAbsScaler

import skconv
from skconv.search.levels import levels, measure
from skconv.search.proxy import with_random_kernels

# Of candidates that take seconds each: what a scheduler costs must not be what is measured.
LARGE = {
    "randomconvfeatures__n_kernels": [48, 56, 64, 72, 80, 88, 96],
    "randomconvfeatures__kernel_size": [5, 7],
    "logisticregression__C": [0.1, 1.0],
}
ARCHITECTURES = {
    "n_kernels": [4, 6, 8, 12, 16, 20, 24],
    "kernel_size": [5, 6, 7],
    "nonlinearity": ["abs", "soft_threshold", "both_signs"],
    "pool_size": [4, 7, "quadrants", "sixteenths"],
}


def load() -> str:
    return f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"


def dask(repeats: str = "3", n: str = "24", memory: str = "") -> None:
    """The same search by one process and by two workers."""
    from dask import config
    from distributed import Client

    if memory != "as-is":
        config.set({"distributed.nanny.pre-spawn-environ": {"OMP_NUM_THREADS": 1}})
    X, y = skconv.datasets.load_fashion_mnist()
    X, y = X[:4000].copy(), y[:4000].copy()
    pipeline = make_pipeline(
        skconv.RandomConvFeatures(random_state=0, pool_size=7), LogisticRegression(max_iter=100)
    )

    def searched() -> tuple[float, Any]:
        search = skconv.BudgetSearchCV(
            pipeline, LARGE, sampler="random", n_candidates=int(n), random_state=0, refit=False
        )
        start = time.perf_counter()
        search.fit(X, y)
        return time.perf_counter() - start, search.cv_results_

    ratios, floors = [], []
    with Client(n_workers=2, threads_per_worker=1, dashboard_address=None) as client:
        # Imports, which a cluster that stands has behind it.
        client.run(lambda: __import__("torch") and __import__("skconv").BudgetSearchCV)
        for _ in range(int(repeats)):
            print(load())
            alone, wanted = searched()
            with joblib.parallel_config("dask", scatter=[X, y]):
                shared, found = searched()
            for name in ("params", "level", "mean_test_score", "refused"):
                np.testing.assert_array_equal(found[name], wanted[name])
            start = time.perf_counter()
            client.gather([client.submit(searched, pure=False, key=f"whole {i}") for i in range(2)])
            both = time.perf_counter() - start
            ratios.append(shared / alone)
            floors.append(both / 2 / alone)
            print(f"one process {alone:.1f} s, two workers {shared:.1f} s: {ratios[-1]:.2f}; "
                  f"two whole searches at once {both:.1f} s: floor {floors[-1]:.2f}")  # fmt: skip
    print(f"same candidates and scores; best of {repeats}: {min(ratios):.2f}, target .65; "
          f"floor of these cores {min(floors):.2f}")  # fmt: skip


def proxy(n: str = "30") -> None:
    """How the first level ranks architectures, against fitted Pipelines."""
    X, y = skconv.datasets.load_fashion_mnist()
    X, y = X[:6000], y[:6000]
    steps = levels([(np.arange(4500), np.arange(4500, 6000))], np.random.RandomState(0))
    trained, cheap = steps[1], steps[0]
    print(f"trained: {trained}; proxies: {cheap}; {load()}")
    random = np.random.RandomState(0)
    kinds = (skconv.PCAConvFeatures(), skconv.KMeansConvFeatures(random_state=0))
    rows, seconds = [], np.zeros(3)
    for i in range(int(n)):
        (params,) = ParameterSampler(ARCHITECTURES, 1, random_state=random)
        extractor = clone(kinds[i % 2]).set_params(**params)
        pipeline = make_pipeline(extractor, MaxAbsScaler(), LogisticRegression(max_iter=100))
        drawn = with_random_kernels(pipeline)
        jobs = ((pipeline, trained), (pipeline, cheap), (drawn, cheap))
        found = [measure(e, X, y, level, _accuracy, {}, None) for e, level in jobs]
        rows.append([each.score for each in found])
        seconds += [each.seconds for each in found]
    scores = np.array(rows)
    print(f"{n} architectures, accuracy of the fitted {scores[:, 0].min():.3f} to "
          f"{scores[:, 0].max():.3f}, {seconds[0]:.0f} s")  # fmt: skip
    for place, name in ((1, "ridge, kernels learned"), (2, "ridge, random kernels")):
        rank = spearmanr(scores[:, 0], scores[:, place]).statistic
        by_kind = [spearmanr(scores[k::2, 0], scores[k::2, place]).statistic for k in (0, 1)]
        print(f"{name}: Spearman {rank:.3f} (PCA {by_kind[0]:.3f}, k-means {by_kind[1]:.3f}), "
              f"{seconds[place]:.1f} s")  # fmt: skip


def _accuracy(estimator: Any, X: Any, y: Any) -> float:
    return float(estimator.score(X, y))


def speed(seconds: str = "60") -> None:
    """Candidates that were scored, and those whose costs were found, in a minute."""
    X, y = skconv.datasets.load_fashion_mnist()
    search = skconv.BudgetSearchCV(
        ram_bytes=2048, flash_bytes=16_384, time_limit=float(seconds), random_state=0, refit=False
    )
    print(load())
    cpu, wall = time.process_time(), time.perf_counter()
    search.fit(X[:2000], y[:2000])
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    reached = search.cv_results_["level"]
    scored, whole = np.count_nonzero(reached >= 0), np.count_nonzero(reached == reached.max())
    print(f"{len(reached)} planned, {scored} scored, {whole} in integers, in {wall:.0f} s, of "
          f"which {cpu:.0f} s of this process")  # fmt: skip
    print(f"scored a minute: {60 * scored / wall:.1f}; a minute of the processor: "
          f"{60 * scored / cpu:.1f}")  # fmt: skip


def main() -> None:
    warnings.simplefilter("ignore")
    parts: dict[str, Any] = {"dask": dask, "proxy": proxy, "speed": speed}
    if len(sys.argv) < 2 or sys.argv[1] not in parts:
        raise SystemExit(f"expected one of {', '.join(parts)}. {__doc__}")
    parts[sys.argv[1]](*sys.argv[2:])


if __name__ == "__main__":
    main()
