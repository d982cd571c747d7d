"""Tables, small samples and signals of 16 bits: accuracy in floats and in the integers.

    OMP_NUM_THREADS=1 python tests/benchmarks/bench_small_tables.py [splits]

Half of the samples to fit and to calibrate, the other half to score; means over splits. The
integers are those of the definition, which the C equals. Target: a loss of at most one point,
and of half a point for kernel machines on components. The signals are noise around large
levels and, where aeon is installed, its GunPoint as int16.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import numpy as np
from sklearn.datasets import load_breast_cancer, load_digits, load_wine
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from skconv import LaplacianNuSVC, RandomConvFeatures, to_c


def logistic():
    return LogisticRegression(max_iter=3000)


def convolutions(shape):
    return RandomConvFeatures(
        n_kernels=16, kernel_size=3, padding="valid", pool_size=2, input_shape=shape, random_state=0
    )


def signals():
    """Name, integers of 16 bits, and their labels."""
    yield "noise", *noise()
    found = importlib.util.find_spec("aeon")
    if found is None or found.origin is None:
        return
    folder = Path(found.origin).parent / "datasets" / "data" / "GunPoint"
    texts = [(folder / f"GunPoint_{part}.ts").read_text() for part in ("TRAIN", "TEST")]
    lines = [line for text in texts for line in text.split("@data\n")[1].split()]
    X = np.array([line.split(":")[0].split(",") for line in lines], float)
    y = np.array([line.split(":")[1] for line in lines])
    yield "GunPoint", np.rint(X / np.abs(X).max() * 32_000).astype(np.int16), y


def noise():
    """Two kinds of noise, each around a level a thousand times larger."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 600)
    around = rng.normal(size=(600, 64)) * np.where(y, 14, 8)[:, None]
    return np.rint(rng.uniform(-12e3, 12e3, (600, 1)) + around).astype(np.int16), y


def cases():
    """Name, target in points, Pipeline, samples and labels."""
    for name, load in (("wine", load_wine), ("cancer", load_breast_cancer)):
        X, y = load(return_X_y=True)
        yield f"{name}, scaler, SVC", 1.0, make_pipeline(StandardScaler(), SVC()), X, y
        yield f"{name}, scaler, logistic", 1.0, make_pipeline(StandardScaler(), logistic()), X, y
        yield f"{name}, Laplacian", 1.0, make_pipeline(LaplacianNuSVC()), X, y
    X, y = load_digits(return_X_y=True)
    far = X / 16 + 100
    yield "digits/16 + 100, logistic", 1.0, make_pipeline(logistic()), far, y
    scaled = make_pipeline(StandardScaler(), logistic())
    yield "digits/16 + 100, scaler, logistic", 1.0, scaled, far, y
    pipe = make_pipeline(convolutions((8, 8)), StandardScaler(), logistic())
    yield "digits/16 + 100, convolutions", 1.0, pipe, far, y
    poly = make_pipeline(StandardScaler(), PCA(16), SVC(kernel="poly", coef0=1.0))
    yield "digits, scaler, PCA(16), SVC poly", 0.5, poly, X, y
    yield "digits, PCA(2), Laplacian", 0.5, make_pipeline(PCA(2), LaplacianNuSVC()), X, y
    laplacian = make_pipeline(StandardScaler(), PCA(2), LaplacianNuSVC())
    yield "digits, scaler, PCA(2), Laplacian", 0.5, laplacian, X, y
    for name, X, y in signals():
        pipe = make_pipeline(convolutions((X.shape[1],)), StandardScaler(), logistic())
        yield f"{name}, int16, convolutions", 1.0, pipe, X, y


def accuracies(pipe, X, y, seed):
    """Of floats and of integers, and how often both say the same."""
    X, X_new, y, y_new = train_test_split(X, y, test_size=0.5, random_state=seed, stratify=y)
    model = to_c(pipe.fit(X, y), X)
    floats, found = pipe.predict(X_new), model.predict(X_new, engine="fixed")
    return np.mean(floats == y_new), np.mean(found == y_new), np.mean(found == floats)


def main() -> None:
    splits = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    print(f"{'case':<36} float  integers  agreement  points lost  target")
    for name, target, pipe, X, y in cases():
        rows = [accuracies(pipe, X, y, seed) for seed in range(splits)]
        floats, found, agreement = np.mean(rows, axis=0)
        lost = 100 * (floats - found)
        print(
            f"{name:<36} {floats:.4f}    {found:.4f}     {agreement:.4f}"
            f"  {lost:>11.2f}  {target:>6.1f}{'' if lost <= target else '  missed'}",
            flush=True,
        )


if __name__ == "__main__":
    main()
