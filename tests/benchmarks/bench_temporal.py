"""Temporal convolutions as they come and a ridge, against raw samples and ``SVC()``.

    OMP_NUM_THREADS=1 python tests/benchmarks/bench_temporal.py [SET ...]

On the official splits of the series in aeon's wheel (``pip install aeon``; it is not imported),
ten seeds. The target: better than ``SVC()`` on every set.
"""

from __future__ import annotations

import sys

import numpy as np
from sklearn.linear_model import RidgeClassifierCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from skconv import TemporalConvFeatures
from skconv.datasets import load_ucr
from skconv.signals.lengths import one_length

SETS = (
    "GunPoint",
    "ItalyPowerDemand",
    "ArrowHead",
    "OSULeaf",
    "ACSF1",
    "BasicMotions",
    "JapaneseVowels",
)
SEEDS = range(10)


def main(names: list[str]) -> None:
    print(f"{'set':18}{'SVC':>8}{'mean':>8}{'worst':>8}  target: mean above SVC")
    for name in names or SETS:
        (X, y), (Xt, yt) = load_ucr(name), load_ucr(name, "test")
        X = np.asarray(one_length(X, "longest", None, channels_first=False))
        Xt = np.asarray(one_length(Xt, X.shape[1], None, channels_first=False))
        raw = SVC().fit(X.reshape(len(X), -1), y).score(Xt.reshape(len(Xt), -1), yt)
        scores = []
        for seed in SEEDS:
            head = RidgeClassifierCV(alphas=np.logspace(-3, 3, 10))
            pipe = make_pipeline(TemporalConvFeatures(random_state=seed), StandardScaler(), head)
            scores.append(pipe.fit(X, y).score(Xt, yt))
        mean = float(np.mean(scores))
        verdict = "met" if mean > raw else "missed"
        print(f"{name:18}{raw:8.4f}{mean:8.4f}{min(scores):8.4f}  {verdict}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
