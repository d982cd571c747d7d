"""Random Pipelines with random options of `skconv.to_c`: a seed gives the same case again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.decomposition import PCA, TruncatedSVD
from sklearn.feature_selection import SelectKBest, VarianceThreshold
from sklearn.linear_model import (
    LinearRegression,
    LogisticRegression,
    Ridge,
    RidgeClassifier,
    RidgeClassifierCV,
    SGDClassifier,
)
from sklearn.pipeline import Pipeline, make_pipeline, make_union
from sklearn.preprocessing import (
    FunctionTransformer,
    MaxAbsScaler,
    MinMaxScaler,
    Normalizer,
    RobustScaler,
    StandardScaler,
)
from sklearn.svm import SVC, LinearSVC, NuSVC

import skconv
from skconv.kernels import GaborKernels, KMeansKernels, PCAKernels, RandomKernels
from tests.random_data import Data, Rng, draw_data

NONLINEARITIES = ("identity", "abs", "square", "relu", "sign", "both_signs", "soft_threshold")
POOLS = ("max", "mean", "sum", "l2", "tent")
PADDINGS = ("valid", "same", "circular", "full")
TARGETS = ("cortex-m0", "cortex-m4", "cortex-m4", "cortex-m7", "cortex-m33", "rv32imc", "avr")
# Of libsvm, which does not converge on samples of some scales.
MOST_STEPS = 100_000


@dataclass(frozen=True)
class Case:
    """A Pipeline, not yet fitted, with its data and the options of its export."""

    seed: int
    data: Data
    pipeline: Pipeline
    options: dict[str, Any]

    def __str__(self) -> str:
        steps = ", ".join(" ".join(str(step).split()) for _, step in self.pipeline.steps)
        shape = "x".join(map(str, self.data.X.shape))
        return (
            f"seed {self.seed}: {self.data.kind} {self.data.X.dtype} {shape}; {steps}; "
            f"{self.options}"
        )


def draw_case(seed: int) -> Case:
    """The case of a seed."""
    rng = np.random.default_rng(seed)
    data = draw_data(rng)
    steps = [*_extractors(rng, data), *_scalers(rng, data), *_reducers(rng, data)]
    steps += _heads(rng, data)
    if not steps:
        steps = [StandardScaler()]
    return Case(seed, data, make_pipeline(*steps), _options(rng, steps))


def _one_of(rng: Rng, *choices: Any) -> Any:
    return choices[rng.integers(len(choices))]


# ------------------------------------------------------------------------------ features


def _extractors(rng: Rng, data: Data) -> list[Any]:
    if not data.is_spatial or rng.random() < 0.15:
        return [] if data.X.ndim == 2 else [_extractor(rng, data)]
    extractor = _extractor(rng, data)
    if rng.random() < 0.12:
        extractor = make_union(extractor, _extractor(rng, data))
    elif rng.random() < 0.15:
        extractor = skconv.QuantizedFeatures(extractor, dtype=_one_of(rng, "int8", "int16"))
    return [extractor]


def _stage(rng: Rng) -> dict[str, Any]:
    """What follows the kernels of an extractor of one stage."""
    grid = rng.random() < 0.4
    return {
        "padding": _one_of(rng, *PADDINGS),
        "stride": _one_of(rng, 1, 1, 1, 2),
        "nonlinearity": _one_of(rng, *NONLINEARITIES),
        "threshold": _one_of(rng, 0.0, 0.3, 0.8),
        "pool": _one_of(rng, *POOLS),
        "pool_size": _one_of(rng, "global", "quadrants", "pyramid") if grid else _one_of(rng, 2, 3),
        "pool_stride": None if grid else _one_of(rng, None, None, 1, 2),
        "root": bool(rng.random() < 0.3),
    }


def _extractor(rng: Rng, data: Data) -> Any:
    shape = {"input_shape": data.input_shape}
    seed = int(rng.integers(1000))
    size = int(rng.integers(2, 5))
    kind = _one_of(rng, "random", "random", "pca", "kmeans", "gabor", "fixed", "pcanet", "stages")
    if kind == "random":
        weights = _one_of(rng, "normal", "signs", "ternary", "patches")
        return skconv.RandomConvFeatures(
            n_kernels=int(rng.integers(1, 9)), kernel_size=size, weights=weights, random_state=seed,
            **_stage(rng), **shape,
        )  # fmt: skip
    if kind == "pca":
        return skconv.PCAConvFeatures(
            n_kernels=2, kernel_size=size, remove_mean=_one_of(rng, "channel", "patch", None),
            **_stage(rng), **shape,
        )  # fmt: skip
    if kind == "kmeans":
        stage = _stage(rng)
        if rng.random() < 0.5:
            stage |= {"nonlinearity": "triangle"}
        return skconv.KMeansConvFeatures(
            n_kernels=4, kernel_size=size, n_patches=500, random_state=seed, **stage, **shape
        )
    if kind == "gabor":
        return skconv.GaborFeatures(
            n_orientations=2, wavelengths=(3.0,), kernel_size=5,
            phase=_one_of(rng, "even", "odd", "both", "energy"), **_stage(rng), **shape,
        )  # fmt: skip
    if kind == "fixed":
        return skconv.FixedConvFeatures(**_stage(rng), **shape)
    if kind == "pcanet":
        kernels = _one_of(rng, (3,), (3, 4), (2, 2))
        return skconv.PCANetFeatures(
            n_kernels=kernels, kernel_size=3, block_size=_one_of(rng, 2, 3, 4),
            output=_one_of(rng, "float32", "sparse"), **shape,
        )  # fmt: skip
    return skconv.ConvFeatures(_stages(rng), random_state=seed, **shape)


def _stages(rng: Rng) -> list[Any]:
    sources = (
        None,
        PCAKernels(n_kernels=3, kernel_size=3),
        RandomKernels(n_kernels=4, kernel_size=3),
        KMeansKernels(n_kernels=4, kernel_size=2, n_patches=400),
        GaborKernels(n_orientations=2, wavelengths=(3.0,), kernel_size=3),
    )
    first = skconv.ConvStage(
        kernels=_one_of(rng, *sources[1:]),
        nonlinearity=_one_of(rng, *NONLINEARITIES, "clip", "k_nearest"),
        contrast_eps=_one_of(rng, None, None, 0.1),
        padding=_one_of(rng, *PADDINGS),
        pool=_one_of(rng, *POOLS),
        pool_size=_one_of(rng, None, 2),
    )
    second = skconv.ConvStage(
        kernels=RandomKernels(n_kernels=3, kernel_size=2),
        nonlinearity=_one_of(rng, *NONLINEARITIES),
        pool=_one_of(rng, *POOLS),
        pool_size=_one_of(rng, "global", "quadrants"),
        root=bool(rng.random() < 0.3),
    )
    return [first, second] if rng.random() < 0.6 else [second]


# ---------------------------------------------------------------------------- other steps


def _scalers(rng: Rng, data: Data) -> list[Any]:
    found: list[Any] = []
    if rng.random() < 0.1 and data.X.min() >= 0:
        found.append(FunctionTransformer(np.sqrt))
    if rng.random() < 0.65:
        scaler = _one_of(
            rng,
            *(StandardScaler(), StandardScaler(), StandardScaler(), MinMaxScaler()),
            *(MaxAbsScaler(), RobustScaler(), Normalizer(_one_of(rng, "l1", "l2", "max"))),
        )
        found.append(scaler)
    return found


def _reducers(rng: Rng, data: Data) -> list[Any]:
    if rng.random() < 0.65:
        return []
    components = int(rng.integers(1, 4))
    choices = [
        PCA(components, whiten=bool(rng.random() < 0.3), random_state=0),
        TruncatedSVD(1, random_state=0),
        VarianceThreshold(),
    ]
    if data.is_classification:
        choices.append(SelectKBest(k=1))
    return [_one_of(rng, *choices)]


def _heads(rng: Rng, data: Data) -> list[Any]:
    if rng.random() < 0.05:
        return [] if data.is_spatial else [StandardScaler()]
    if not data.is_classification:
        return [_one_of(rng, Ridge(), LinearRegression(), Ridge(alpha=100.0))]
    C = float(_one_of(rng, 0.01, 1.0, 10.0))
    return [
        _one_of(
            rng,
            *(LogisticRegression(C=C, max_iter=100), LogisticRegression(C=C, max_iter=100)),
            *(RidgeClassifier(), RidgeClassifierCV(), skconv.BatchRidgeClassifier()),
            *(LinearSVC(C=C, max_iter=200), SGDClassifier(max_iter=50, random_state=0)),
            *(SVC(C=C), SVC(C=C, kernel="poly", coef0=1.0, degree=2, max_iter=MOST_STEPS)),
            SVC(C=C, kernel="linear", max_iter=MOST_STEPS),
            *(NuSVC(nu=0.1), skconv.LaplacianNuSVC(nu=0.1), skconv.LaplacianNuSVC()),
        )
    ]


# ------------------------------------------------------------------------------- options


def _options(rng: Rng, steps: list[Any]) -> dict[str, Any]:
    """Mostly such as the Pipeline allows: what does not go together is refused at once."""
    options: dict[str, Any] = {
        "target": _one_of(rng, *TARGETS),
        "optimize": _one_of(rng, "size", "balanced", "speed"),
        "calibration": _one_of(rng, "minmax", "minmax", "percentile", "mse"),
        "linear_bits": _one_of(rng, 8, 16, 16),
        "conv_bits": _one_of(rng, 8, 8, 16),
        "arena": _one_of(rng, "static", "static", "caller"),
    }
    starts_with_maps = hasattr(steps[0], "input_shape")
    has_probabilities = isinstance(steps[-1], LogisticRegression)
    if rng.random() < (0.3 if starts_with_maps else 0.02):
        options["input"] = "rows"
    elif rng.random() < 0.08:
        options["dtype"] = "float32"
    if rng.random() < (0.4 if has_probabilities else 0.01):
        options["probabilities"] = True
    if rng.random() < 0.05:
        options["input_type"] = _one_of(rng, "uint8", "int8", "int16")
    return options
