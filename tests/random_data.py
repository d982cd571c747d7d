"""Random data sets: images, signals and tables of many kinds, with labels or targets."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn import datasets

Array = NDArray[Any]
Rng = np.random.Generator

N_SAMPLES = 90
TABLE_KINDS = ("normal", "scales", "offset", "heavy", "integers", "binary", "constant", "tiny")
# Labels that would break a comment, a string or a file if they were printed as they are.
NASTY_LABELS = (
    *("plain", "two words", "*/", "/*", '"', "'", "\\", "??/", "??=", "%d", "\n", "\t", ""),
    *("été", "日本", "a" * 70, "//", "#define", "0", "end\\"),
)


@dataclass(frozen=True)
class Data:
    """Samples with labels or targets.

    ``input_shape`` is what an extractor is told; None where it is left to guess.
    """

    kind: str
    X: Array
    y: Array
    is_classification: bool
    input_shape: tuple[int, ...] | None

    @property
    def is_spatial(self) -> bool:
        """Whether neighbours have to do with each other: images and signals."""
        return self.kind.startswith(("image", "signal", "digits"))


def draw_data(rng: Rng) -> Data:
    """One data set of any kind."""
    family = rng.choice(["image", "signal", "table", "real"], p=[0.4, 0.2, 0.25, 0.15])
    if family == "real":
        return _real(rng)
    kind, X, shape = {"image": _images, "signal": _signals, "table": _tables}[family](rng)
    is_classification = bool(rng.random() < 0.85)
    flat = X.reshape(len(X), -1).astype(np.float64)
    y = _labels(rng, flat) if is_classification else _targets(rng, flat)
    return Data(f"{family}: {kind}", X, y, is_classification, shape)


# ------------------------------------------------------------------------------- samples


def _smooth(rng: Rng, shape: tuple[int, ...]) -> Array:
    """Noise whose neighbours resemble each other, and a blob that differs from class to class."""
    noise = rng.normal(size=shape)
    for axis in range(1, min(3, len(shape))):
        noise = noise + np.roll(noise, 1, axis) + np.roll(noise, 2, axis)
    return noise / noise.std()


def _images(rng: Rng) -> tuple[str, Array, tuple[int, ...] | None]:
    height, width = (int(n) for n in rng.integers(6, 15, 2))
    channels = int(rng.choice([1, 1, 1, 3, 2]))
    shape = (height, width) if channels == 1 else (height, width, channels)
    maps = _smooth(rng, (N_SAMPLES, *shape))
    kind = str(rng.choice(["uint8", "dark", "binary", "unit", "int16", "float", "constant border"]))
    if kind == "uint8":
        maps = np.clip(128 + 50 * maps, 0, 255).astype(np.uint8)
    elif kind == "dark":
        maps = np.clip(4 * maps, 0, 255).astype(np.uint8)
    elif kind == "binary":
        maps = (maps > 0.5).astype(np.uint8) * int(rng.choice([1, 255]))
    elif kind == "unit":
        maps = np.clip(0.5 + 0.2 * maps, 0, 1)
    elif kind == "int16":
        maps = np.clip(3000 * maps, -32768, 32767).astype(np.int16)
    elif kind == "float":
        maps = (maps * 10.0 ** rng.uniform(-3, 3)).astype(rng.choice([np.float32, np.float64]))
    else:
        maps = np.clip(128 + 50 * maps, 0, 255).astype(np.uint8)
        maps[:, 0] = 0
    if rng.random() < 0.5:
        return f"{kind}, flat", maps.reshape(N_SAMPLES, -1), shape
    return kind, maps, shape if rng.random() < 0.5 or channels > 1 else None


def _signals(rng: Rng) -> tuple[str, Array, tuple[int, ...]]:
    length, channels = int(rng.integers(24, 90)), int(rng.choice([1, 1, 3, 6]))
    waves = _smooth(rng, (N_SAMPLES, length, channels))
    kind = str(rng.choice(["int16", "int8", "float", "offset", "quiet"]))
    if kind == "int16":
        waves = np.clip(5000 * waves, -32768, 32767).astype(np.int16)
    elif kind == "int8":
        waves = np.clip(40 * waves, -127, 127).astype(np.int8)
    elif kind == "offset":
        waves = waves + float(rng.choice([10, 100, 1000]))
    elif kind == "quiet":
        waves = waves * 1e-4
    if channels == 1:
        return kind, waves[:, :, 0], (length,)
    return f"{kind}, {channels} channels", waves, (1, length, channels)


def _tables(rng: Rng) -> tuple[str, Array, None]:
    n_features = int(rng.integers(2, 25))
    X = rng.normal(size=(N_SAMPLES, n_features)) @ rng.normal(size=(n_features, n_features))
    kind = str(rng.choice(TABLE_KINDS))
    if kind == "scales":
        X *= 10.0 ** rng.uniform(-3, 4, n_features)
    elif kind == "offset":
        X += float(rng.choice([10, 100, 1000]))
    elif kind == "heavy":
        X = X * np.abs(rng.standard_cauchy(size=(N_SAMPLES, 1)))
    elif kind == "integers":
        X = np.rint(5 * X)
    elif kind == "binary":
        X = (X > 0).astype(np.float64)
    elif kind == "constant":
        X[:, rng.integers(n_features)] = 7.0
    elif kind == "tiny":
        X *= 1e-6
    return kind, X, None


# ------------------------------------------------------------------------------- answers


def _score(rng: Rng, flat: Array) -> Array:
    """A number for every sample that a classifier can learn in part."""
    spread = flat.std(axis=0)
    standard = (flat - flat.mean(axis=0)) / np.where(spread > 0, spread, 1)
    return standard @ rng.normal(size=flat.shape[1]) + 0.1 * rng.normal(size=len(flat))


def _labels(rng: Rng, flat: Array) -> Array:
    n_classes = int(rng.choice([2, 2, 3, 4, 6]))
    score = _score(rng, flat)
    edges = np.quantile(score, np.linspace(0, 1, n_classes + 1)[1:-1])
    index = np.searchsorted(edges, score)
    kind = rng.choice(["index", "negative", "large", "bool", "strings", "floats"])
    if kind == "bool" and n_classes == 2:
        return index.astype(bool)
    values: dict[str, Any] = {
        "negative": -5 + 3 * np.arange(n_classes),
        "large": 10**6 * np.arange(1, n_classes + 1),
        "strings": rng.choice(NASTY_LABELS, n_classes, replace=False),
        "floats": np.arange(n_classes).astype(np.float64),
    }
    return np.asarray(values.get(str(kind), np.arange(n_classes)))[index]


def _targets(rng: Rng, flat: Array) -> Array:
    n_outputs = int(rng.choice([1, 1, 3]))
    targets = np.stack([_score(rng, flat) for _ in range(n_outputs)], axis=1)
    targets = targets * 10.0 ** rng.uniform(-4, 4, n_outputs)
    return targets[:, 0] if n_outputs == 1 else targets


@cache
def _bundled(name: str) -> tuple[Array, Array]:
    X, y = getattr(datasets, f"load_{name}")(return_X_y=True)
    return X, y


def _real(rng: Rng) -> Data:
    name = str(rng.choice(["digits", "iris", "wine", "breast_cancer", "diabetes"]))
    X, y = _bundled(name)
    rows = rng.permutation(len(X))[:150]
    X, y = X[rows], y[rows]
    if name == "digits" and rng.random() < 0.5:
        X = X / 16
    shape = (8, 8) if name == "digits" else None
    return Data(name, X, y, name != "diabetes", shape)
