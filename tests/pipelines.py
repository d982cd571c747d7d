"""The sixteen pipelines that the tests and the benchmark share: extractors x classifiers."""

from __future__ import annotations

from typing import Any

from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, LinearSVC

from skconv import (
    GaborFeatures,
    LaplacianNuSVC,
    PCAConvFeatures,
    PCANetFeatures,
    RandomConvFeatures,
)

EXTRACTORS: dict[str, Any] = {
    "random": RandomConvFeatures(n_kernels=16, kernel_size=5, pool_size=6, random_state=0),
    "gabor": GaborFeatures(n_orientations=4, wavelengths=(4.0, 8.0), kernel_size=9, pool_size=5),
    "pca": PCAConvFeatures(n_kernels=8, kernel_size=5, pool_size=6),
    "pcanet": PCANetFeatures(n_kernels=(4, 4), kernel_size=5, block_size=7),
}
CLASSIFIERS: dict[str, Any] = {
    "logistic": LogisticRegression(C=0.1, max_iter=300),
    "linear svc": LinearSVC(C=0.01, max_iter=5000, random_state=0),
    "svc rbf": SVC(C=10),
    "laplacian nusvc": LaplacianNuSVC(nu=0.1),
}
PAIRS = [(e, c) for e in EXTRACTORS for c in CLASSIFIERS]


def pipeline(extractor: str, classifier: str) -> Pipeline:
    """One of the sixteen, unfitted."""
    return make_pipeline(EXTRACTORS[extractor], StandardScaler(), CLASSIFIERS[classifier])
