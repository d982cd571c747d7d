"""Graphs of features of signals and sound, fitted to random signals."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from scipy.signal import butter
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline

import skconv
from skconv.convert import to_graph
from skconv.graph import Graph
from skconv.graph.quantiles import Representation
from skconv.passes.fold import fold
from skconv.passes.integers import integer_graph
from skconv.runtime import fixed
from tests.estimate_graphs import Rng, one_of

N_FITTED, N_SAMPLES, RATE = 24, 2, 8000
REPRESENTATIONS: tuple[Representation, ...] = ("raw", "difference", "second_difference")


def signals(seed: int) -> tuple[Graph, np.ndarray]:
    """The integer graph of features of signals, fitted to random ones, and samples of its input."""
    rng = np.random.default_rng(seed)
    make = (_quantiles, _rocket, _winners, _mel, _front_end, _normalized, _filtered)[seed % 7]
    length, extractors = make(rng)
    steps = rng.normal(size=(N_FITTED, length))
    waves = np.cumsum(steps, axis=1) if rng.random() < 0.5 else steps
    X = (8000 * waves / np.abs(waves).max()).astype(np.int16)
    head = (Ridge(),) * (rng.random() < 0.5)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pipeline = make_pipeline(*extractors, *head).fit(X, np.arange(N_FITTED) % 3)
        graph = integer_graph(fold(to_graph(pipeline)), X)
    return graph, fixed.quantize_input(graph.input, X[:N_SAMPLES].reshape(-1, *graph.input.shape))


def _quantiles(rng: Rng) -> tuple[int, list[Any]]:
    n = int(rng.integers(1, 4))
    chosen = [str(kind) for kind in rng.choice(REPRESENTATIONS, n, replace=False)]
    depth, divisor = one_of(rng, 2, 3, 4, 6), one_of(rng, 2, 4, 8)
    features = skconv.QuantFeatures(
        interval_depth=depth, quantile_divisor=divisor, representations=chosen
    )
    return one_of(rng, 40, 90, 150, 301), [features]


def _rocket(rng: Rng) -> tuple[int, list[Any]]:
    n_features, seed = one_of(rng, 84, 84, 168, 420), int(rng.integers(100))
    features = skconv.MiniRocketFeatures(n_features=n_features, random_state=seed)
    return one_of(rng, 30, 60, 120, 200), [features]


def _winners(rng: Rng) -> tuple[int, list[Any]]:
    n_groups, n_kernels = one_of(rng, 2, 4, 8), one_of(rng, 4, 8)
    features = skconv.HydraFeatures(n_groups=n_groups, n_kernels=n_kernels, random_state=0)
    return one_of(rng, 30, 60, 120), [features]


def _mel(rng: Rng) -> tuple[int, list[Any]]:
    frame, hop = one_of(rng, 0.008, 0.016, 0.025, 0.064), one_of(rng, 0.008, 0.01, 0.02)
    kind = one_of(rng, skconv.LogMelSpectrogram, skconv.MFCC)
    n_bands = one_of(rng, 8, 20) if frame < 0.016 else one_of(rng, 16, 20, 26)
    more = {"n_coefficients": one_of(rng, 6, 8)} if kind is skconv.MFCC else {}
    features = kind(RATE, frame_length=frame, hop_length=hop, n_bands=n_bands, **more)
    return one_of(rng, 800, 1600, 2400), [features]


def _front_end(rng: Rng) -> tuple[int, list[Any]]:
    frame, hop = one_of(rng, 0.016, 0.03, 0.05), one_of(rng, 0.01, 0.02)
    features = skconv.MicroFrontendSpectrogram(
        RATE, frame_length=frame, hop_length=hop, n_bands=one_of(rng, 10, 20, 32),
        pcan=one_of(rng, True, False), log=one_of(rng, True, False),
    )  # fmt: skip
    return one_of(rng, 800, 1600, 2400), [features]


def _normalized(rng: Rng) -> tuple[int, list[Any]]:
    frame, hop = one_of(rng, 0.016, 0.025), one_of(rng, 0.01, 0.02)
    features = skconv.PowerNormalizedSpectrogram(
        RATE, variant=one_of(rng, "pns", "pncc2016"), frame_length=frame, hop_length=hop,
        n_bands=one_of(rng, 12, 20, 30), reach=one_of(rng, 1, 2), smoothing=one_of(rng, 1, 4),
    )  # fmt: skip
    return one_of(rng, 800, 1600, 2400), [features]


def _filtered(rng: Rng) -> tuple[int, list[Any]]:
    """A filter, perhaps of few samples a step, before features."""
    sos = butter(one_of(rng, 1, 2, 4, 6), 0.3, output="sos")
    steps = one_of(rng, [skconv.IIRFilter(sos)], [skconv.Decimate(2)], [skconv.RemoveMean()])
    features = skconv.TemporalConvFeatures(n_kernels=one_of(rng, 2, 4), random_state=0)
    return one_of(rng, 40, 100, 250), [*steps, features]
