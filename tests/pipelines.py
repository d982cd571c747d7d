"""The sixteen pipelines that the tests and the benchmark share: extractors x classifiers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone
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
    datasets,
    to_c,
)
from skconv.deploy import CModel
from skconv.graph import INPUT, Fused, Graph
from skconv.graph.nested import Packed
from skconv.runtime import fixed

EXTRACTORS: dict[str, Any] = {
    "random": RandomConvFeatures(n_kernels=16, kernel_size=5, pool_size=6, random_state=0),
    "gabor": GaborFeatures(n_orientations=4, wavelengths=(4.0, 8.0), kernel_size=9, pool_size=5),
    "pca": PCAConvFeatures(n_kernels=8, kernel_size=5, pool_size=6),
    "pcanet": PCANetFeatures(output="float32", n_kernels=(4, 4), kernel_size=5, block_size=7),
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
    return make_pipeline(
        clone(EXTRACTORS[extractor]), StandardScaler(), clone(CLASSIFIERS[classifier])
    )


@dataclass(frozen=True)
class Exported:
    """One of the sixteen, fitted on some images and exported, with 1,000 other images."""

    pipeline: Pipeline
    model: CModel
    images: NDArray[Any]
    labels: NDArray[Any]

    @property
    def accuracy(self) -> float:
        return float(self.pipeline.score(self.images, self.labels))

    @property
    def integer_accuracy(self) -> float:
        return float(np.mean(self.model.predict(self.images, engine="fixed") == self.labels))

    @property
    def plain(self) -> Graph:
        """The same numbers op by op: nothing fused, nothing packed for a target."""
        graph = Graph(self.model.graph.input, classes=self.model.graph.classes)
        names = {INPUT: INPUT}
        for node in self.model.graph.nodes:
            op = node.op.op if isinstance(node.op, Packed) else node.op
            inputs = tuple(names[name] for name in node.inputs)
            if isinstance(op, Fused):
                graph = graph.extend(op.graph, *inputs)
            else:
                graph = graph.append(op, *inputs, name=node.name)
            names[node.name] = graph.output_name
        return graph

    @property
    def samples(self) -> NDArray[Any]:
        """The images as the device delivers them."""
        flat = self.images.reshape(len(self.images), -1)
        return fixed.quantize_input(self.model.graph.input, flat)


@cache
def exported(extractor: str, classifier: str, n_images: int = 2000) -> Exported:
    """Fit and export one of the sixteen on so many of Fashion-MNIST's train images."""
    X, y = datasets.load_fashion_mnist()
    fitted = pipeline(extractor, classifier).fit(X[:n_images], y[:n_images])
    model = to_c(fitted, X[:500], name="m")
    return Exported(fitted, model, X[50_000:51_000], y[50_000:51_000])
