"""Filters of signals: what they compute, in a Pipeline, in C, and in a stream."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import RidgeClassifier
from sklearn.pipeline import make_pipeline

from skconv import Decimate, HydraFeatures, RemoveMean, SlidingWindow, to_c

RNG = np.random.default_rng(0)
X = (RNG.normal(0, 400, (40, 60, 2)) + 700).astype(np.int16)
X[20:] *= 2
y = np.arange(40) // 20


def test_what_they_compute():
    means = X.reshape(40, 15, 4, 2).mean(axis=2)
    decimated = Decimate(4).fit(X)
    assert decimated.output_shape_ == (15, 2)
    assert np.allclose(decimated.transform(X), means.reshape(40, -1), rtol=1e-6)
    removed = RemoveMean().fit(X)
    assert removed.output_shape_ == (60, 2)
    wanted = (X - X.mean(axis=1, keepdims=True)).reshape(40, -1)
    assert np.allclose(removed.transform(X), wanted, atol=1e-3)


@pytest.mark.needs("gcc")
def test_a_chain_of_filters_streams_exactly():
    flat = X.reshape(40, -1)
    features = HydraFeatures(n_groups=2, n_kernels=2, input_shape=(15, 2), random_state=0)
    chain = (Decimate(4, input_shape=(60, 2)), RemoveMean(input_shape=(15, 2)), features)
    model = to_c(make_pipeline(*chain, RidgeClassifier()).fit(flat, y), flat,
                 input="samples", hop=8)  # fmt: skip
    recording = X.reshape(-1, 2)[:500]
    windows = SlidingWindow(60, hop=8).cut([recording]).X.reshape(-1, 120)
    for engine in ("c", "fixed"):
        assert np.array_equal(model.stream(engine).push(recording), model.predict(windows))
    assert model.verify(flat).differing_bytes == 0
    assert "Ring of 4, 4 new" in str(model.report())
