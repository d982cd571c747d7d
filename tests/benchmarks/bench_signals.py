"""Accuracy on sets of the UCR and UEA archives, official splits, over seeds, beside aeon.

The sets come with aeon: ``pip install --no-deps aeon`` for the files alone, or a Python that has
aeon installed with all it needs, which then runs as the peer in processes of its own::

    OMP_NUM_THREADS=1 python tests/benchmarks/bench_signals.py --peer /path/to/python

Each extractor stands in front of the same scaler and the same ridge as its peer. Rows go into
`EXTRACTORS`, peers into `PEERS`.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.linear_model import RidgeClassifierCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

SETS = (
    "GunPoint",
    "ItalyPowerDemand",
    "ArrowHead",
    "OSULeaf",
    "ACSF1",
    "BasicMotions",
    "JapaneseVowels",
)
TARGETS = {"MiniRocket": 0.005}


def _minirocket(seed: int) -> Any:
    from skconv import MiniRocketFeatures

    return MiniRocketFeatures(pad_to="longest", random_state=seed)


def _aeon_minirocket(seed: int) -> Any:
    from aeon.transformations.collection.convolution_based import (
        MiniRocket,
    )

    return MiniRocket(random_state=seed)


EXTRACTORS: dict[str, Callable[[int], Any]] = {"MiniRocket": _minirocket}
PEERS: dict[str, Callable[[int], Any]] = {"MiniRocket": _aeon_minirocket}


def head() -> Any:
    """What the authors of MiniRocket put behind it."""
    return make_pipeline(StandardScaler(with_mean=False), RidgeClassifierCV(np.logspace(-3, 3, 10)))


def channels_first(train: Any, test: Any) -> tuple[Any, Any]:
    """As aeon wants them, every signal as long as the longest of the training half."""
    length = max(len(signal) for signal in train)
    both = []
    for signals in (train, test):
        maps = [np.reshape(s, (len(s), -1))[:length] for s in signals]
        padded = [np.pad(m, ((0, length - len(m)), (0, 0))) for m in maps]
        both.append(np.stack(padded).transpose(0, 2, 1).astype(np.float32))
    return both[0], both[1]


def scores(extractors: dict[str, Any], name: str, n_seeds: int, *, peer: bool) -> dict[str, Any]:
    """Accuracies of each extractor on one set, a seed each."""
    from skconv.datasets import load_ucr

    (train, y), (test, truth) = load_ucr(name), load_ucr(name, "test")
    if peer:
        train, test = channels_first(train, test)
    found: dict[str, list[float]] = {}
    for label, make in extractors.items():
        found[label] = []
        for seed in range(n_seeds):
            features = make(seed)
            model = head().fit(features.fit_transform(train), y)
            found[label].append(float(model.score(features.transform(test), truth)))
    return found


def peer_scores(python: str, name: str, n_seeds: int) -> dict[str, list[float]]:
    command = [python, __file__, "--as-peer", "--sets", name, "--seeds", str(n_seeds)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    found: dict[str, list[float]] = json.loads(done.stdout)
    return found


def show(name: str, label: str, mine: list[float], theirs: list[float] | None) -> None:
    line = f"{name:17} {label:12} {np.mean(mine):.4f} +- {np.std(mine):.4f}"
    if theirs is not None:
        target = f" (target <= {TARGETS[label]:.3f} below)" if label in TARGETS else ""
        line += f"   aeon {np.mean(theirs):.4f}   {np.mean(mine) - np.mean(theirs):+.4f}{target}"
    print(line, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--peer", metavar="PYTHON", help="a Python that has aeon installed")
    parser.add_argument("--sets", nargs="+", default=SETS, choices=SETS)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--as-peer", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.as_peer:
        (name,) = options.sets
        json.dump(scores(PEERS, name, options.seeds, peer=True), sys.stdout)
        return
    means: dict[str, list[tuple[float, float]]] = {}
    for name in options.sets:
        theirs = peer_scores(options.peer, name, options.seeds) if options.peer else {}
        for label, mine in scores(EXTRACTORS, name, options.seeds, peer=False).items():
            show(name, label, mine, theirs.get(label))
            if label in theirs:
                means.setdefault(label, []).append(
                    (float(np.mean(mine)), float(np.mean(theirs[label])))
                )
    for label, pairs in means.items():
        mine_mean, their_mean = np.mean(pairs, axis=0)
        show("mean of all", label, [mine_mean], [their_mean])


if __name__ == "__main__":
    main()
