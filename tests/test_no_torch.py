"""Without torch: the same features, the demo, and errors that say what to install."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import issparse
from sklearn.base import clone

import skconv
import skconv.pretrained
from skconv.datasets import load_digits
from skconv.kernels import LDAKernels, PCAKernels, RandomKernels
from skconv.pretrained import load
from skconv.runtime import engine, reference

ROOT = Path(__file__).resolve().parent.parent
X, y = load_digits()
X, y = X[:300], y[:300]
SMALL: dict[str, Any] = {"n_kernels": 4, "kernel_size": 3}
PCANET: dict[str, Any] = {"n_kernels": (3, 3), "kernel_size": 3, "block_size": 4}
EXTRACTORS: dict[str, Any] = {
    "random": skconv.RandomConvFeatures(**SMALL, pool_size=2, random_state=0),
    "patches": skconv.RandomConvFeatures(**SMALL, weights="patches", pool_size=2, random_state=0),
    "k-means": skconv.KMeansConvFeatures(**SMALL, random_state=0),
    "triangle": skconv.KMeansConvFeatures(**SMALL, nonlinearity="triangle", random_state=0),
    "pca": skconv.PCAConvFeatures(**SMALL, pool_size=2),
    "gabor": skconv.GaborFeatures(n_orientations=2, wavelengths=(3.0,), kernel_size=3, pool_size=2),
    "fixed": skconv.FixedConvFeatures(pool_size=2),
    "autoencoder": skconv.AutoencoderFeatures(**SMALL, n_epochs=1, random_state=0),
    "greedy": skconv.GreedyConvFeatures(
        source=RandomKernels(**SMALL, random_state=0), n_kernels=2, random_state=0
    ),
    "two stages": skconv.ConvFeatures(
        [
            skconv.ConvStage(kernels=PCAKernels(**SMALL), contrast_eps=0.1),
            skconv.ConvStage(kernels=LDAKernels(**SMALL), pool_size="quadrants"),
        ]
    ),
    "pcanet": skconv.PCANetFeatures(**PCANET, output="float32"),
    "pcanet, sparse": skconv.PCANetFeatures(**PCANET, output="sparse"),
}
INSTALL = r'needs torch, which is not installed.*pip install "skconv\[torch\]"'


HIDE_TORCH = """
import sys

class NoTorch:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "torch":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, NoTorch())
"""


@pytest.fixture
def no_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the engine sees where torch is not installed."""
    monkeypatch.setattr(engine, "has_torch", lambda: False)


def dense(features: Any) -> Any:
    return features.toarray() if issparse(features) else features


@pytest.mark.parametrize("name", EXTRACTORS)
@pytest.mark.usefixtures("no_torch")
def test_features_are_those_of_the_definition(name: str) -> None:
    fitted = clone(EXTRACTORS[name]).fit(X, y)
    found = dense(fitted.transform(X))
    wanted = reference.run(fitted.graph_, X)
    assert_allclose(found, wanted, rtol=1e-4, atol=1e-4 * np.abs(wanted).max())


@pytest.mark.parametrize("name", EXTRACTORS)
def test_features_are_those_of_torch(name: str, request: pytest.FixtureRequest) -> None:
    pytest.importorskip("torch")
    by_torch = clone(EXTRACTORS[name]).fit(X, y)
    wanted = dense(by_torch.transform(X))
    request.getfixturevalue("no_torch")
    by_numpy = clone(EXTRACTORS[name]).fit(X, y)
    assert by_numpy.graph_.output == by_torch.graph_.output
    found = dense(by_numpy.transform(X))
    assert found.dtype == wanted.dtype
    assert_allclose(found, wanted, rtol=1e-4, atol=1e-4 * np.abs(wanted).max())


@pytest.mark.usefixtures("no_torch")
def test_a_reduced_set_is_learnt() -> None:
    small = skconv.LaplacianNuSVC(max_support_vectors=12, random_state=0).fit(X.reshape(300, -1), y)
    assert small.support_vectors_.shape == (12, 64)


def test_the_demo_runs() -> None:
    code = f"{HIDE_TORCH}\nfrom skconv.demo import main\nsys.exit(main())"
    result = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        text=True,
        capture_output=True,
    )
    assert (result.returncode, result.stderr) == (0, "")
    rows = [line.split() for line in result.stdout.splitlines() if "Features  " in line]
    assert len(rows) == 4
    assert all(float(row[2]) > 0.9 for row in rows)


@pytest.mark.usefixtures("no_torch")
def test_what_needs_torch_says_how_to_install_it() -> None:
    load.cache_clear()  # Another test may have loaded it with torch.
    with pytest.raises(ImportError, match=f"A torch network {INSTALL}"):
        skconv.PretrainedFeatures("uspsnet").fit(np.zeros((2, 16, 16)))
    with pytest.raises(ImportError, match=f"model='uspsnet' {INSTALL}"):
        load("uspsnet")
    with pytest.raises(ImportError, match=f"skconv.pretrained.import_module {INSTALL}"):
        skconv.pretrained.import_module  # noqa: B018
    with pytest.raises(ImportError, match=f"device='cuda' {INSTALL}"):
        skconv.RandomConvFeatures(**SMALL, pool_size=2, device="cuda").fit(X).transform(X)


@pytest.mark.usefixtures("no_torch")
def test_auto_is_the_processor() -> None:
    features = clone(EXTRACTORS["random"]).set_params(device="auto").fit(X)
    assert_array_equal(features.transform(X), features.set_params(device="cpu").transform(X))
