"""Features by Ray and Spark, where they are installed: continuous integration has neither.

Each takes hundreds of megabytes. `tests/test_backends.py` and docs/clusters.md run dask.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose

from skconv import PCAConvFeatures
from skconv.datasets import load_digits
from tests.benchmarks.bench_clusters import CLUSTERS

NEEDED = {"ray": ["ray"], "spark": ["pyspark", "pandas", "pyarrow"]}


@pytest.mark.parametrize("name", NEEDED)
@pytest.mark.filterwarnings("ignore")  # theirs, not ours
def test_features_are_those_of_one_process(name: str, tmp_path: Path) -> None:
    for package in NEEDED[name]:
        pytest.importorskip(package)
    if name == "spark" and shutil.which("java") is None:
        pytest.skip("Spark needs Java")
    images = load_digits()[0][:700].astype(np.uint8)
    np.save(tmp_path / "images.npy", images)
    features = PCAConvFeatures(n_kernels=4, kernel_size=3, pool_size=2, n_jobs=1)
    features.set_params(input_shape=(8, 8)).fit(images)
    with CLUSTERS[name](1) as transform:
        found = transform(tmp_path / "images.npy", features)
    assert_allclose(found, features.transform(images), rtol=1e-5, atol=1e-5)
