"""MobileNetV2, cut in the middle, with logistic regression, as C: bytes and accuracy.

    OMP_NUM_THREADS=1 python -m tests.benchmarks.bench_pretrained_c

Fashion-MNIST: fitted on train[:2000], calibrated on the first 200 of them, compared on
train[50000:52000]. Images are resized to 56 px in the graph, the layer is ``features.6``,
pooled to 2 x 2. A byte differs where a tensor of the C is not that of the integer definition,
on 500 images, on the host. "as quantised" is the same network without equal channels and
corrected biases; its integers, and those of 16-bit maps, are run as C, too.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from skconv import PretrainedFeatures, to_c, to_graph
from skconv.datasets import load_fashion_mnist
from skconv.deploy.compiled import CompiledGraph
from skconv.graph import Graph
from skconv.passes.calibrate import calibrate
from skconv.passes.fold import fold
from skconv.passes.quantize import device_input, quantize
from skconv.runtime import fixed
from tests.selecting import fuse

N_FITTED, N_CALIBRATION, N_COMPARED = 2000, 200, 500
LARGEST_GAP = 0.015


def pipeline() -> Pipeline:
    """The network up to its layer, a scaler, a classifier; unfitted."""
    features = PretrainedFeatures("mobilenet_v2", layer="features.6", input_size=56, pool="2x2")
    return make_pipeline(features, StandardScaler(), LogisticRegression(max_iter=200))


def labels(graph: Graph, images: NDArray[Any]) -> NDArray[Any]:
    """What the C of an integer graph says."""
    assert graph.classes is not None
    samples = fixed.quantize_input(graph.input, images.reshape(len(images), -1))
    return graph.classes[CompiledGraph(graph).predict(samples)]


def as_quantised(pipe: Pipeline, images: NDArray[Any]) -> Graph:
    graph = fold(to_graph(pipe))
    flat = images.reshape(len(images), -1)
    return fuse(quantize(graph, calibrate(graph, flat), **device_input(flat)))


def main() -> None:
    X, y = load_fashion_mnist()
    pipe = pipeline().fit(X[:N_FITTED], y[:N_FITTED])
    samples, images, wanted = X[:N_CALIBRATION], X[50_000:52_000], y[50_000:52_000]
    predicted = pipe.predict(images)
    exact = float(np.mean(predicted == wanted))
    heads = ("accuracy", "lost", "same label", "bytes", "differ")
    print(f"{'':22s} {heads[0]:>8s} {heads[1]:>6s} {heads[2]:>10s} {heads[3]:>11s} {heads[4]:>7s}")
    print(f"{'float':22s} {exact:8.4f}")
    for name, options in {
        "int8": {},
        "int8, mse": {"calibration": "mse"},
        "int8, conv_bits=16": {"conv_bits": 16},
    }.items():
        model = to_c(pipe, samples, **options)  # type: ignore[arg-type]
        found, check = labels(model.graph, images), model.verify(images[:N_COMPARED])
        accuracy = float(np.mean(found == wanted))
        print(f"{name:22s} {accuracy:8.4f} {exact - accuracy:6.4f} "
              f"{np.mean(found == predicted):10.4f} {check.compared_bytes:11,} "
              f"{check.differing_bytes!s:>7s}", flush=True)  # fmt: skip
    found = labels(as_quantised(pipe, samples), images)
    accuracy = float(np.mean(found == wanted))
    print(f"{'as quantised':22s} {accuracy:8.4f} {exact - accuracy:6.4f} "
          f"{np.mean(found == predicted):10.4f}")  # fmt: skip
    print(f"target: 0 bytes differ, at most {LARGEST_GAP} lost")


if __name__ == "__main__":
    main()
