"""Fashion-MNIST on a cluster of this machine: what merging costs, and images a second.

    OMP_NUM_THREADS=1 python tests/benchmarks/bench_clusters.py merge
    OMP_NUM_THREADS=1 python tests/benchmarks/bench_clusters.py transform --with dask ray spark
    OMP_NUM_THREADS=1 python tests/benchmarks/bench_clusters.py search --with dask ray

``merge`` prints the greatest difference between an estimator merged from shards, in several
orders, and one that saw all samples. ``transform`` computes features with 1, 2 and 4 workers of
one thread each and compares them with those of this process. ``search`` runs a grid search with
joblib's backends. Ray needs the packages ``ray`` and ``pyarrow``, Spark ``pyspark``, ``pandas``,
``pyarrow`` and Java.
"""

from __future__ import annotations

import argparse
import functools
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from joblib import parallel_config
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from skconv import BatchRidgeClassifier, PCAConvFeatures, merge
from skconv.datasets import load_fashion_mnist
from skconv.kernels import LDAKernels

Images = NDArray[np.uint8]
# Of a path of images and a transformer: its features.
Transform = Callable[[Path, Any], NDArray[np.float32]]

ROWS = 500  # images that a task transforms
# dask's own setting gives memory back to the system at once: see docs/clusters.md.
DASK_MEMORY = {"distributed.nanny.pre-spawn-environ": {"OMP_NUM_THREADS": 1}}
ALL = 50_000


@contextmanager
def dask_cluster(n_workers: int) -> Iterator[Transform]:
    """Processes of this machine; the transform is that of docs/clusters.md."""
    import dask
    import dask.array as da
    from dask.distributed import Client

    dask.config.set(DASK_MEMORY)

    def transform(path: Path, features: Any) -> NDArray[np.float32]:
        images = da.from_array(np.load(path, mmap_mode="r"), chunks=(ROWS, -1, -1))
        n_features = len(features.get_feature_names_out())
        mapped = images.map_blocks(
            features.transform,
            drop_axis=(1, 2),
            new_axis=1,
            chunks=(images.chunks[0], (n_features,)),
            meta=np.empty((0, n_features), np.float32),
        )
        return np.asarray(mapped.compute())

    with Client(n_workers=n_workers, threads_per_worker=1, dashboard_address=None):
        yield transform


@contextmanager
def ray_cluster(n_workers: int) -> Iterator[Transform]:
    """Ray on this machine: tasks, each of a batch of rows."""
    import ray

    def transform(path: Path, features: Any) -> NDArray[np.float32]:
        def with_features(batch: dict[str, Any]) -> dict[str, Any]:
            return {"row": batch["row"], "features": features.transform(batch["image"])}

        images = np.load(path)
        rows = [{"row": i, "image": image} for i, image in enumerate(images)]
        found = ray.data.from_items(rows, override_num_blocks=-(-len(images) // ROWS)).map_batches(
            with_features, batch_format="numpy", batch_size=ROWS
        )
        batches = list(found.iter_batches(batch_format="numpy", batch_size=None))
        order = np.argsort(np.concatenate([batch["row"] for batch in batches]))
        return np.asarray(np.concatenate([batch["features"] for batch in batches])[order])

    ray.init(num_cpus=n_workers, include_dashboard=False, log_to_driver=False)
    try:
        yield transform
    finally:
        ray.shutdown()


@contextmanager
def spark_cluster(n_workers: int) -> Iterator[Transform]:
    """Spark in this machine's Java: a pandas UDF over a column of bytes."""
    import pandas as pd  # type: ignore[import-untyped]
    from pyspark.sql import SparkSession
    from pyspark.sql.functions import pandas_udf

    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    builder = SparkSession.builder.master(f"local[{n_workers}]")
    builder = builder.config("spark.sql.execution.arrow.maxRecordsPerBatch", ROWS)
    spark = builder.config("spark.ui.enabled", "false").getOrCreate()

    def transform(path: Path, features: Any) -> NDArray[np.float32]:
        shared = spark.sparkContext.broadcast(features)

        def of_images(images: pd.Series) -> pd.Series:
            pixels = np.frombuffer(b"".join(images), np.uint8).reshape(len(images), -1)
            return pd.Series(list(shared.value.transform(pixels)))

        # Written out: pyspark does not resolve types that `from __future__` made text.
        of_images.__annotations__ = {"images": pd.Series, "return": pd.Series}
        udf = pandas_udf(of_images, "array<float>")
        images = np.load(path)
        frame = pd.DataFrame({"row": range(len(images)), "image": [i.tobytes() for i in images]})
        table = spark.createDataFrame(frame).repartition(-(-len(images) // ROWS))
        found = table.select("row", udf("image").alias("features")).toPandas().sort_values("row")
        return np.stack([np.asarray(row, np.float32) for row in found["features"]])

    try:
        yield transform
    finally:
        spark.stop()


CLUSTERS: dict[str, Callable[[int], AbstractContextManager[Transform]]] = {
    "dask": dask_cluster,
    "ray": ray_cluster,
    "spark": spark_cluster,
}


def by_tree(parts: list[Any]) -> Any:
    while len(parts) > 1:
        parts = [functools.reduce(merge, parts[i : i + 2]) for i in range(0, len(parts), 2)]
    return parts[0]


def shuffled(parts: list[Any]) -> Any:
    order = np.random.default_rng(0).permutation(len(parts))
    return functools.reduce(merge, [parts[i] for i in order])


ORDERS: dict[str, Callable[[list[Any]], Any]] = {
    "a tree": by_tree,
    "one after another": lambda parts: functools.reduce(merge, parts),
    "shuffled": shuffled,
}


def print_difference(name: str, attribute: str, whole: Any, parts: list[Any]) -> None:
    """The greatest difference in an attribute, for each order of merges."""
    wanted = getattr(whole, attribute)
    for order, merged in ORDERS.items():
        start = time.perf_counter()
        found = getattr(merged(parts), attribute)
        seconds = time.perf_counter() - start
        difference = np.abs(found - wanted).max()
        print(
            f"{name:20s} {attribute:12s} {order:18s} {difference:8.1e} "
            f"of {np.abs(wanted).max():8.3g}, {seconds:5.2f} s",
            flush=True,
        )


def run_merge(n_images: int, n_shards: int) -> None:
    """Kernels, features and classifier of shards against those of all."""
    X, y = load_fashion_mnist()
    X, y = X[:n_images], y[:n_images]
    shards = np.array_split(np.random.default_rng(0).permutation(n_images), n_shards)
    features = PCAConvFeatures(n_kernels=16, kernel_size=7, pool_size="sixteenths", n_jobs=1)
    kernels = LDAKernels(n_kernels=9, kernel_size=7)
    # Sums of whole numbers have no rounding, so pixels are scaled first.
    maps = (X[..., None] / 255).astype(np.float32)
    print(f"{n_images} images in {n_shards} shards: greatest difference, of what size; seconds")
    parts = [clone(kernels).partial_fit(maps[rows], y[rows]) for rows in shards]
    print_difference("LDAKernels", "kernels_", clone(kernels).fit(maps, y), parts)
    whole = clone(features).fit(maps[..., 0])
    parts = [clone(features).partial_fit(maps[rows, ..., 0]) for rows in shards]
    print_difference("PCAConvFeatures", "kernels_", whole, parts)
    found = whole.transform(X)
    ridge = BatchRidgeClassifier(alpha=100.0, standardize=True)
    parts = [clone(ridge).partial_fit(found[rows], y[rows]) for rows in shards]
    print_difference("BatchRidgeClassifier", "coef_", clone(ridge).fit(found, y), parts)


def run_transform(names: list[str], workers: list[int], n_images: int) -> None:
    """Features with each kind of cluster and number of workers."""
    X, _ = load_fashion_mnist()
    features = PCAConvFeatures(n_kernels=16, kernel_size=7, pool_size="sixteenths", n_jobs=1)
    features.set_params(input_shape=(28, 28)).fit(X[:1000])
    features.transform(X[:ROWS])  # torch is imported, and the graph is prepared.
    start = time.perf_counter()
    wanted = features.transform(X[:n_images])
    seconds = time.perf_counter() - start
    print(f"{os.cpu_count()} cores; {n_images} images, {wanted.shape[1]} features each")
    print(f"this process: {n_images / seconds:.0f} images a second")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "images.npy")
        np.save(path, X[:n_images])
        for name in names:
            for n_workers in workers:
                with CLUSTERS[name](n_workers) as transform:
                    transform(path, features)  # workers import what they need
                    start = time.perf_counter()
                    found = transform(path, features)
                    seconds = time.perf_counter() - start
                difference = np.abs(found - wanted).max()
                print(
                    f"{name}, {n_workers} workers: {n_images / seconds:.0f} images a second, "
                    f"greatest difference {difference:.1e}",
                    flush=True,
                )


@contextmanager
def joblib_backend(name: str, n_workers: int) -> Iterator[None]:
    """Joblib on a cluster of this machine."""
    if name == "ray":
        from ray.util.joblib import register_ray

        register_ray()
    with CLUSTERS[name](n_workers), parallel_config(name, n_jobs=n_workers):
        yield


def run_search(names: list[str], workers: list[int], n_images: int) -> None:
    """A grid search of 6 candidates in 3 folds."""
    X, y = load_fashion_mnist()
    X, y = X[:n_images], y[:n_images]
    pipe = make_pipeline(
        PCAConvFeatures(kernel_size=7, pool_size="sixteenths", input_shape=(28, 28)),
        BatchRidgeClassifier(standardize=True),
    )
    grid = {
        "pcaconvfeatures__n_kernels": [8, 16],
        "batchridgeclassifier__alpha": [10.0, 100.0, 1000.0],
    }
    search = GridSearchCV(pipe, grid, cv=3, refit=False)
    start = time.perf_counter()
    wanted = clone(search).set_params(n_jobs=1).fit(X, y).cv_results_["mean_test_score"]
    print(f"{n_images} images, 18 fits; this process: {time.perf_counter() - start:.1f} s")
    for name in names:
        for n_workers in workers:
            with joblib_backend(name, n_workers):
                start = time.perf_counter()
                found = clone(search).fit(X, y).cv_results_["mean_test_score"]
                seconds = time.perf_counter() - start
            same = "the same" if np.array_equal(found, wanted) else "OTHER"
            print(f"{name}, {n_workers} workers: {seconds:.1f} s, {same} scores", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("merge", "transform", "search"))
    parser.add_argument("--with", dest="names", nargs="+", default=["dask"], choices=[*CLUSTERS])
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2, 4])
    parser.add_argument("--images", type=int)
    parser.add_argument("--shards", type=int, default=8)
    options = parser.parse_args()
    if options.what == "search" and "spark" in options.names:
        parser.error("search --with spark: joblib's backends here are dask and ray")
    if options.what == "merge":
        run_merge(options.images or ALL, options.shards)
    elif options.what == "transform":
        run_transform(options.names, options.workers, options.images or 10_000)
    else:
        run_search(options.names, options.workers, options.images or 2000)


if __name__ == "__main__":  # workers import this file
    main()
