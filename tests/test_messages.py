"""Wrong use gets one message that names what was given and says what to write."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from sklearn.linear_model import LogisticRegression
from sklearn.multioutput import MultiOutputClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.svm import SVC
from torch import nn

from skconv import (
    ConvFeatures,
    ConvStage,
    NotConvertibleError,
    PretrainedFeatures,
    RandomConvFeatures,
    to_c,
    to_graph,
)
from skconv.kernels import PCAKernels
from skconv.utils.paths import refuse_paths

IMAGES = np.random.default_rng(0).integers(0, 255, (60, 8, 8)).astype(np.uint8)
X, Y = IMAGES.reshape(60, -1), np.arange(60) % 2
PIPE = make_pipeline(
    RandomConvFeatures(n_kernels=2, kernel_size=3, pool_size=2, input_shape=(8, 8), random_state=0),
    LogisticRegression(max_iter=1000),
).fit(X, Y)
NET = nn.Sequential(nn.Linear(4, 3))
MODEL = to_c(PIPE, X)


def pictures(*sizes: int) -> list[Any]:
    return [Image.new("L", (size, size)) for size in sizes]


def foreign(module: str) -> Any:
    """An object of a class of another package, which need not be installed."""
    return type("Network", (), {"__module__": module})()


def function_in_front(step: Any) -> Pipeline:
    return Pipeline([("twice", step), ("last", LogisticRegression().fit(X, Y))])


# What is done, the class of the error, what it names, and what it says to write.
WRONG: dict[str, tuple[Callable[[], Any], type[Exception], str, str]] = {
    "swapped": (
        lambda: to_c(X, PIPE),
        TypeError,
        r"estimator is a ndarray of shape \(60, 64\)",
        r"Write to_c\(pipe, X\): the estimator comes first\.",
    ),
    "swapped lists": (
        lambda: to_c([[1, 2]], PIPE),
        TypeError,
        "estimator is a list",
        r"Write to_c\(pipe, X\)",
    ),
    "torch module": (
        lambda: to_c(NET, X),
        TypeError,
        "estimator is the torch module Sequential",
        r"PretrainedFeatures\(module, layer='output'\).fit\(X\), then to_c\(features, X",
    ),
    "class": (
        lambda: to_c(SVC, X),
        TypeError,
        "estimator is the class SVC",
        r"Write to_c\(SVC\(\)\.fit\(X, y\), X\)",
    ),
    "None": (lambda: to_graph(None), TypeError, "estimator is None", r"Write to_c\(pipe, X\)"),
    "dict": (
        lambda: to_c({"pipe": PIPE}, X),
        TypeError,
        "a dict with the keys 'pipe'",
        "with pipe out of the dict",
    ),
    "model": (lambda: to_c(MODEL, X), TypeError, "CModel, which is C", r"Write model\.save\("),
    "function": (lambda: to_c(len, X), TypeError, "is len, of type builtin_function", "Write to_c"),
    "joblib file": (
        lambda: to_c("model.joblib", X),
        TypeError,
        "'model.joblib', a str or path",
        r"Write to_c\(joblib.load\('model.joblib'\), X\)",
    ),
    "npz file": (
        lambda: to_c(Path("x.npz"), X),
        TypeError,
        "'x.npz', an array file",
        r"Write to_c\(pipe, np\.load\(path\)\['X'\]\)",
    ),
    "onnx file": (
        lambda: to_c("net.onnx", X),
        TypeError,
        "'net.onnx', an ONNX file",
        r"in torch, then write features = PretrainedFeatures\(module",
    ),
    "keras file": (
        lambda: to_c(Path("net.keras"), X),
        TypeError,
        "'net.keras', a Keras file",
        "in torch, then write",
    ),
    "onnx network": (
        lambda: to_c(foreign("onnx.onnx_ml_pb2"), X),
        TypeError,
        "estimator is an ONNX network",
        "in torch, then write",
    ),
    "keras network": (
        lambda: to_c(foreign("keras.src.models.sequential"), X),
        TypeError,
        "estimator is a Keras network",
        "in torch, then write",
    ),
    "no samples": (
        lambda: to_c(PIPE),
        ValueError,
        "X_calibration is None",
        r"Write to_c\(pipe, X_train\[:500\]\)\.$",
    ),
    "chip": (
        lambda: MODEL.report(chip={"flash": 32}),  # type: ignore[arg-type]
        ValueError,
        r"chip=\{'flash': 32\}, expected a Chip",
        r"write chip=Chip\('mine', flash_bytes=32 \* 1024, ram_bytes=2 \* 1024\)\.$",
    ),
    "class of kernels": (
        lambda: ConvFeatures([ConvStage(kernels=PCAKernels)]).fit(IMAGES),
        ValueError,
        "stage1: kernels=PCAKernels is a class",
        r"Write kernels=PCAKernels\(\)\.$",
    ),
    "no stage": (
        lambda: ConvFeatures([PCAKernels()]).fit(IMAGES),  # type: ignore[list-item]
        ValueError,
        r"stages=\[PCAKernels\(\)\], expected at least one ConvStage",
        r"Write stages=\[ConvStage\(kernels=PCAKernels\(n_kernels=8\)\)\]\.$",
    ),
    "lambda": (
        lambda: to_c(make_pipeline(FunctionTransformer(lambda v: v * 2), SVC()).fit(X, Y), X),
        NotConvertibleError,
        "step 'functiontransformer': FunctionTransformer, parameter func: func=<lambda>",
        "take the step out, apply the function to X before fit and before to_c",
    ),
    "function as a step": (
        lambda: to_c(function_in_front(lambda v: v * 2), X),
        NotConvertibleError,
        "step 'twice': <lambda>: it is Python code",
        "take the step out, apply the function to X",
    ),
    "unknown network": (
        lambda: PretrainedFeatures("resnet18").fit(IMAGES),
        ValueError,
        "model='resnet18' is not a file .*not one of the names 'efficientnet_lite0'",
        r"resnet18\(weights='DEFAULT'\), or model='torchvision.models:resnet18'\.$",
    ),
    "missing package": (
        lambda: PretrainedFeatures("no_such_package.models:resnet18").fit(IMAGES),
        ImportError,
        "model='no_such_package.models:resnet18' needs the module no_such_package, which is not",
        r"with `pip install no_such_package`\.$",
    ),
    "missing factory": (
        lambda: PretrainedFeatures("torch.nn:Resnet").fit(IMAGES),
        ValueError,
        "model='torch.nn:Resnet': module 'torch.nn' has no attribute 'Resnet'",
        r"Write 'package.module:factory' with a function that makes the network\.$",
    ),
    "factory with arguments": (
        lambda: PretrainedFeatures("torch.nn:Linear").fit(IMAGES),
        TypeError,
        "model='torch.nn:Linear' is called without arguments, but missing .*'in_features'",
        r"Call it yourself, and write model=module\.$",
    ),
    "one image": (
        lambda: MODEL.predict(IMAGES[0]),
        ValueError,
        r"X of shape \(8, 8\) is one sample, not an array of them",
        r"Write X\[None\]\.$",
    ),
    "samples for a target": (
        lambda: MODEL.benchmark(X),
        TypeError,
        "target is of type ndarray, expected a name such as 'cortex-m0'",
        r"write benchmark\(X=samples\)\.$",
    ),
    "name with a dash": (
        lambda: to_c(PIPE, X, name="my-model"),
        ValueError,
        "name is 'my-model', expected a C identifier",
        "write 'my_model'$",
    ),
    "nearly a name": (
        lambda: PretrainedFeatures("mobilenetv2").fit(IMAGES),
        ValueError,
        "model='mobilenetv2' is not a file",
        r"Write model='mobilenet_v2'\.$",
    ),
    "no program": (
        lambda: PretrainedFeatures(__file__).fit(IMAGES),
        ValueError,
        "is not a program of torch.export",
        r"Write torch\.export\.save\(torch\.export\.export\(module, \(images,\)\), path\)",
    ),
    "onnx features": (
        lambda: PretrainedFeatures("net.onnx").fit(IMAGES),
        ValueError,
        "'net.onnx' is a file of another framework",
        r"Build it in torch.*write model=module\.$",
    ),
    "probabilities of several outputs": (
        lambda: to_c(
            MultiOutputClassifier(LogisticRegression()).fit(X, np.c_[Y, Y]), X, probabilities=True
        ),
        NotConvertibleError,
        "MultiOutputClassifier, parameter probabilities: it decides on several outputs",
        "convert one classifier for each output, or leave probabilities=True out$",
    ),
    "paths": (
        lambda: RandomConvFeatures().fit(["a.png", "b.png"]),
        ValueError,
        r"X holds paths \('a.png', \.\.\.\)",
        r"Write X = np\.stack\(\[np\.asarray\(Image\.open\(path\)\) for path in paths\]\)",
    ),
    "array of paths": (
        lambda: PIPE[0].transform(np.array(["a.png", "b.png"])),
        ValueError,
        "X holds paths",
        r"Image\.open\(path\)",
    ),
    "paths to calibrate": (
        lambda: to_c(PIPE, [Path("a.png"), Path("b.png")]),
        ValueError,
        "X_calibration holds paths",
        r"Write X_calibration = np\.stack",
    ),
    "one path": (lambda: MODEL.predict("a.png"), ValueError, "X is the path 'a.png'", "Write X ="),
    "path of an array": (
        lambda: to_c(PIPE, "x.npy"),
        ValueError,
        "X_calibration is the path 'x.npy'",
        r"Write np\.load\(path\)\.$",
    ),
    "pictures of several sizes": (
        lambda: RandomConvFeatures().fit(pictures(8, 9)),
        ValueError,
        "X holds images of several sizes",
        r"Write X = np\.stack\(\[np\.asarray\(i\.convert\('L'\)\.resize",
    ),
    "one sample": (
        lambda: MODEL.predict(X[0]),
        ValueError,
        r"X has shape \(64,\)",
        r"Write X\[None\] for a single sample X\.$",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_message(case: str) -> None:
    call, error, names, advice = WRONG[case]
    with pytest.raises(error) as caught:
        call()
    message = str(caught.value)
    assert re.search(names, message), message
    assert re.search(advice, message), message
    assert "\n" not in message


@pytest.mark.parametrize("thing", [{}, {"a": 1}, [], (), iter("ab"), 3, None, np.zeros(0)])
def test_what_holds_no_paths_is_left_to_other_checks(thing: Any) -> None:
    refuse_paths("X", thing)


def test_series_of_paths() -> None:
    with pytest.raises(ValueError, match="X holds paths"):
        refuse_paths("X", pd.Series(["a.png", "b.png"], index=[7, 8]))


def test_pictures_of_one_size_are_an_array() -> None:
    features = RandomConvFeatures(n_kernels=2, kernel_size=3, pool_size=2)
    assert features.fit(pictures(8, 8, 8)).map_shape_ == (8, 8, 1)
