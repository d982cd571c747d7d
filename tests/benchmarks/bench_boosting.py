"""Gradient boosting on digits: instructions and flash, ours and those of m2cgen.

    OMP_NUM_THREADS=1 python tests/benchmarks/bench_boosting.py --peers /path/to/python

Raw pixels, 30 stages of ten trees; Cortex-M4 under QEMU at -O2, the mean of three images. ``equal``
is how many of them got the class that the model itself gives. emlearn, m2cgen and micromlgen do not
convert scikit-learn's gradient boosting. m2cgen converts LightGBM's: here one with as many stages
and leaves as the model on histograms, which decides without its softmax. ``--peers`` names a Python
with m2cgen 0.10.0 and lightgbm that has scikit-learn, too. Target: fewer instructions and less
flash.
"""

from __future__ import annotations

import argparse
import json
import sys
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.datasets import load_digits
from sklearn.ensemble import GradientBoostingClassifier, HistGradientBoostingClassifier

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.benchmarks.bench_trees import M2CGEN, ours
from tests.benchmarks.peers import MissingPeerError, Peer, measure, printed

N_TRAIN, N_IMAGES, N_STAGES, N_LEAVES = 1000, 3, 30, 8
MODELS: dict[str, Any] = {
    "trees of depth 3": GradientBoostingClassifier(n_estimators=N_STAGES, random_state=0),
    "trees of 8 leaves, on histograms": HistGradientBoostingClassifier(
        max_iter=N_STAGES, max_leaf_nodes=N_LEAVES, random_state=0
    ),
}
FIT = f"""
import numpy as np
try:
    import lightgbm
except ModuleNotFoundError:
    raise SystemExit("No module named 'm2cgen'")
import m2cgen
X, y, images = model
fitted = lightgbm.LGBMClassifier(
    n_estimators={N_STAGES}, num_leaves={N_LEAVES}, random_state=0, n_jobs=1, verbose=-1
).fit(X[:{N_TRAIN}], y[:{N_TRAIN}])
files = {{
    "peer.h": m2cgen.export_to_c(fitted),
    "score": str(fitted.score(X[{N_TRAIN}:], y[{N_TRAIN}:])),
    "classes": str(fitted.predict(images).tolist()),
}}
"""


def of_m2cgen(X: Any, y: Any, images: Any, python: str) -> tuple[Peer, list[int], float]:
    """LightGBM's trees in C without the softmax, its classes, and its accuracy."""
    files = printed((X, y, images), "m2cgen", FIT, python)
    text = (
        files["peer.h"].replace("exp(x[i] - max)", "x[i]").replace("result[i] /= sum", "continue")
    )
    files["peer.h"] = text
    classes, accuracy = json.loads(files.pop("classes")), float(files.pop("score"))
    prelude = M2CGEN.format(type="double")
    return Peer("m2cgen", files, prelude, "decide(x)"), classes, accuracy


def row(peer: Peer, images: Any, x_type: str, wanted: Any, accuracy: float) -> str:
    found = [measure(peer, image, x_type) for image in images]
    count = round(float(np.mean([one.instructions for one in found])))
    equal = int(sum(one.answer == label for one, label in zip(found, wanted, strict=True)))
    return (
        f"{peer.name:20s} {count:12,d} {found[0].flash:8,d} {equal:4d}/{N_IMAGES} {accuracy:8.4f}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peers", default=sys.executable, help="a Python that has the peers")
    options = parser.parse_args()
    X, y = load_digits(return_X_y=True)
    images = X[N_TRAIN : N_TRAIN + N_IMAGES].astype(int)
    print(f"{'':20s} {'instructions':>12s} {'flash':>8s} {'equal':>6s} {'accuracy':>8s}")
    for name, unfitted in MODELS.items():
        model = unfitted.fit(X[:N_TRAIN], y[:N_TRAIN])
        print(name)
        accuracy, wanted = model.score(X[N_TRAIN:], y[N_TRAIN:]), model.predict(images)
        for each in islice(ours(model, X[:N_TRAIN]), 2):
            print(row(each.peer, images, each.x_type, wanted, accuracy), flush=True)
    try:
        peer, classes, accuracy = of_m2cgen(X, y, images, options.peers)
    except MissingPeerError as error:
        print(error)
        return
    print("trees of 8 leaves, LightGBM")
    print(row(peer, images, "double", classes, accuracy))


if __name__ == "__main__":
    main()
