"""Streamed against whole-window answers: 1,000 pushes, every pipeline, hops 1, 10 and the length.

Prints how many answers differ (target: none), the RAM and the instructions a hop on a Cortex-M4
by the estimate, beside those of a ring of raw samples with the whole graph behind it.
"""

from __future__ import annotations

import sys
import warnings
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from skconv.codegen.samples import instructions_per_hop
from tests.test_push import N_PUSHES, PIPELINES, cut, exported, length, recording, rings


def main() -> None:
    warnings.simplefilter("ignore")
    print(
        f"{'pipeline':22} {'hop':>4} {'answers':>8} {'differ':>7} {'RAM':>6} {'a hop':>10}  rings"
    )
    total = 0
    for name in PIPELINES:
        for hop in (1, 10, 20, length(name)):
            model, X = exported(name, hop), cut(hop, name)
            wanted = model.decision_function(X, engine="fixed"), model.predict(X, engine="fixed")
            differ = 0
            for engine in ("c", "fixed"):
                stream = model.stream(engine)
                labels, scores = stream.push(recording(name), return_scores=True)
                rows = (scores != wanted[0]).reshape(len(X), -1).any(axis=1)
                differ += int((rows | (labels != wanted[1])).sum())
            total += differ
            count = instructions_per_hop(model.sources.program.graph, model.target)
            print(
                f"{name:22} {hop:4} {len(X):8,} {differ:7} {model.plan.arena_bytes:6,} "
                f"{count:10,.0f}  {rings(model)}"
            )
    print(f"{N_PUSHES:,} pushes each; differing answers: {total} (target 0)")
    sys.exit(total > 0)


if __name__ == "__main__":
    np.set_printoptions(suppress=True)
    main()
