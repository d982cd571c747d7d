"""The main job in one command: train four pipelines, export them to C and compare."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

HEADER = (
    f"{'features':24s} {'number':>6s} {'float':>6s} {'int8':>6s} {'C':>6s} "
    f"{'differing':>9s} {'flash':>9s} {'RAM':>8s} {'MACs':>10s} {'seconds':>7s}"
)


@dataclass(frozen=True)
class Row:
    """The result of one pipeline: accuracy in floats, integers and C, and cost."""

    extractor: str
    n_features: int
    accuracy: float
    integer_accuracy: float
    c_accuracy: float | None
    differing_bytes: int | None
    flash_bytes: int
    ram_bytes: int
    macs: int
    seconds: float

    def __str__(self) -> str:
        c = "-" if self.c_accuracy is None else f"{self.c_accuracy:.3f}"
        differing = "-" if self.differing_bytes is None else f"{self.differing_bytes}"
        return (
            f"{self.extractor:24s} {self.n_features:6d} {self.accuracy:6.3f} "
            f"{self.integer_accuracy:6.3f} {c:>6s} {differing:>9s} {self.flash_bytes:9,d} "
            f"{self.ram_bytes:8,d} {self.macs:10,d} {self.seconds:7.1f}"
        )


@dataclass(frozen=True)
class Data:
    """Images and labels, split."""

    X_train: NDArray[Any]
    y_train: NDArray[Any]
    X_test: NDArray[Any]
    y_test: NDArray[Any]


def load(data: str) -> Data:
    """``"digits"`` (scikit-learn's, 8x8) or ``"fashion-mnist"`` (28x28, train images)."""
    from skconv import datasets

    if data == "digits":
        X, y = datasets.load_digits()
        return Data(X[:1200], y[:1200], X[1200:], y[1200:])
    X, y = datasets.load_fashion_mnist()
    return Data(X[:2000], y[:2000], X[50_000:51_000], y[50_000:51_000])


def extractors(size: int) -> list[Any]:
    """One extractor of every kind, for images of ``size`` x ``size`` pixels."""
    from skconv import GaborFeatures, PCAConvFeatures, PCANetFeatures, RandomConvFeatures

    kernel = 3 if size < 16 else 5
    pool = 2 if size < 16 else 6
    return [
        RandomConvFeatures(n_kernels=16, kernel_size=kernel, pool_size=pool, random_state=0),
        GaborFeatures(n_orientations=4, wavelengths=(4.0,), kernel_size=kernel, pool_size=pool),
        PCAConvFeatures(n_kernels=8, kernel_size=kernel, pool_size=pool),
        PCANetFeatures(
            output="float32", n_kernels=(4, 4), kernel_size=kernel, block_size=4 if size < 16 else 7
        ),
    ]


def run(data: Data) -> Iterator[Row]:
    """Train, export and compare a pipeline for every extractor."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    for extractor in extractors(data.X_train.shape[1]):
        head = LogisticRegression(C=0.1, max_iter=300)
        yield row(make_pipeline(extractor, StandardScaler(), head), data)


def row(pipe: Any, data: Data) -> Row:
    """Train one pipeline, export it, and compare the C with Python."""
    from skconv import to_c

    start = time.perf_counter()
    pipe.fit(data.X_train, data.y_train)
    model = to_c(pipe, data.X_train[:500], name="demo", dtype="int8")
    check = model.verify(data.X_test)
    report = model.report()
    integer_accuracy = float(np.mean(model.predict(data.X_test, engine="fixed") == data.y_test))
    compiled = check.differing_bytes is not None
    return Row(
        extractor=type(pipe[0]).__name__,
        n_features=pipe[0].graph_.output.size,
        accuracy=pipe.score(data.X_test, data.y_test),
        integer_accuracy=integer_accuracy,
        c_accuracy=float(np.mean(model.predict(data.X_test) == data.y_test)) if compiled else None,
        differing_bytes=check.differing_bytes,
        flash_bytes=report.flash_bytes,
        ram_bytes=report.ram_bytes,
        macs=report.macs,
        seconds=time.perf_counter() - start,
    )


def main(data: str = "digits") -> int:
    """Print the table; 0 where no byte differs."""
    print(f"{data}: pipelines of features, StandardScaler and LogisticRegression, as C for int8")
    print(HEADER)
    differing = 0
    for line in run(load(data)):
        print(line, flush=True)
        differing += line.differing_bytes or 0
    print("differing: bytes of all tensors, integer definition against compiled C")
    print("flash: bytes of tables, code comes on top; RAM: bytes of working memory")
    return int(differing > 0)
