"""MiniRocket and a ridge in C on BasicMotions: bytes, RAM, instructions, multiplications.

    OMP_NUM_THREADS=1 python tests/benchmarks/bench_minirocket_c.py

The set comes with aeon (``pip install --no-deps aeon``). Its numbers, 6 channels of 100 steps of
time, are made int16 as a sensor would deliver them: 900 units for 1. All test windows run on this
machine, and on simulated boards. Then 300 features are chosen out of 10,000 by a ridge.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.feature_selection import RFE
from sklearn.linear_model import RidgeClassifier, RidgeClassifierCV
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from skconv import MiniRocketFeatures, to_c, to_graph
from skconv.datasets import load_ucr
from skconv.graph import INPUT, Graph, MiniRocket
from skconv.passes.fold import fold
from skconv.passes.integers import integer_graph
from tests.mcu.multiplications import multiplications

UNITS = 900
TARGETS = ("cortex-m4", "cortex-m0", "avr")
MOST_RAM = 2048
AT_A_TIME = 4
LARGEST_LOSS = 0.01
ALPHAS = np.logspace(-3, 3, 10)


def windows(split: str) -> tuple[Any, Any]:
    X, y = load_ucr("BasicMotions", split)
    return np.rint(UNITS * X).clip(-32768, 32767).astype(np.int16), y


def pipeline(n_features: int, *, n_chosen: int | None = None) -> Pipeline:
    """Those that a ridge weighs least are removed by turns, where not all are taken."""
    features = MiniRocketFeatures(n_features=n_features, random_state=0)
    ridge = RidgeClassifierCV(ALPHAS)
    chosen = () if n_chosen is None else (
        RFE(RidgeClassifier(), n_features_to_select=n_chosen, step=0.3),
    )  # fmt: skip
    return make_pipeline(features, StandardScaler(with_mean=False), *chosen, ridge)


def without_head(pipe: Pipeline, x: Any) -> Graph:
    """The integer graph up to the counts."""
    graph = integer_graph(fold(to_graph(pipe)), x)
    place = next(i for i, n in enumerate(graph.nodes) if isinstance(n.op, MiniRocket))
    assert graph.nodes[0].inputs == (INPUT,)
    return Graph(graph.input, graph.nodes[: place + 1])


def show(name: str, pipe: Pipeline, x: Any, test: Any, truth: Any) -> None:
    model = to_c(pipe, x)
    report = model.verify(test)
    streamed = to_c(pipe, x, input="samples", window=100, hop=10).report().ram_bytes
    accuracy = np.mean(model.predict(test) == truth)
    print(f"{name}: accuracy of the integers {accuracy:.4f}, of the Pipeline", end=" ")
    print(f"{pipe.score(test, truth):.4f}")
    print(f"  on this machine {report.differing_bytes} of all bytes differ (target 0)")
    print(f"  RAM streamed {streamed:,} bytes (target <= {MOST_RAM:,})")
    for target in TARGETS:
        # As many windows at a time as a simulated AVR computes in two minutes.
        runs = [
            model.benchmark(target, X=test[i : i + AT_A_TIME], n_samples=AT_A_TIME)
            for i in range(0, len(test), AT_A_TIME)
        ]
        count = np.mean([run.per_inference for run in runs])
        wrong = sum(run.wrong or 0 for run in runs)
        found = multiplications(without_head(pipe, x), target)
        print(
            f"  {target:9} {count:12,.0f} {runs[0].unit} a window, "
            f"{count / test.shape[1]:9,.0f} a step of time; differing results {wrong} (target 0); "
            f"multiplications outside the head {len(found)} (target 0)",
            flush=True,
        )


def main() -> None:
    (x, y), (test, truth) = windows("train"), windows("test")
    show("1,000 features", pipeline(1000).fit(x, y), x, test, truth)
    everything = pipeline(10_000).fit(x, y)
    chosen = pipeline(10_000, n_chosen=300).fit(x, y)
    show("300 of 10,000 features", chosen, x, test, truth)
    all_of_them = everything.score(test, truth)
    loss = all_of_them - chosen.score(test, truth)
    print(f"  all 10,000: {all_of_them:.4f}; loss {loss:+.4f} (target <= {LARGEST_LOSS})")


if __name__ == "__main__":
    main()
