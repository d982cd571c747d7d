"""A forest and a tree on digits: instructions and flash, ours and those of three exporters.

    OMP_NUM_THREADS=1 python tests/benchmarks/bench_trees.py --peers /path/to/python

Raw pixels; Cortex-M4 under QEMU, the mean of three images, at -O2 and at -Os. All are compiled for
a core with a floating-point unit: m2cgen reads doubles, micromlgen floats. ``equal`` is how many
images got scikit-learn's class. emlearn prints trees inline or as a table ("loadable"), with a vote
a tree (its default) or with probabilities of 8 bits ("shares"). It compares ``<`` with a threshold
whose fraction is cut off, so pixels that lie on it go the other way, and of ``uint8_t`` a compiler
drops what ``x < 0`` leads to: the script prints on how many images such trees still agree. Fitted
on doubled pixels ("doubled"), whose thresholds are whole, they are right. micromlgen counts hard
votes. Target: fewer instructions and less flash than the best peer, each. ``--peers`` names a
Python with emlearn 0.23.2, m2cgen 0.10.0 and micromlgen 1.1.28 that has scikit-learn, too.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.ensemble import RandomForestClassifier
from sklearn.tree import DecisionTreeClassifier

sys.path.insert(0, str(Path(__file__).parents[2]))

import skconv
from tests.benchmarks.peers import MissingPeerError, Peer, emlearn, measure, printed

MODELS: dict[str, Any] = {
    "forest, 20 trees of depth 8": RandomForestClassifier(20, max_depth=8, random_state=0),
    "tree of 200 leaves": DecisionTreeClassifier(max_leaf_nodes=200, random_state=0),
}
N_IMAGES = 3
FLAGS = ("-O2", "-Os")
# As ours, functions that the compiler cannot look into from the place of the call.
NOIPA = "__attribute__((noipa)) static int32_t decide({type} *x)"
EMLEARN = f'#include "peer.h"\n{NOIPA} {{{{ return peer_predict(x, 64); }}}}'
M2CGEN = f"""#include "peer.h"
{NOIPA}
{{{{
    double scores[10];
    score(x, scores);
    int32_t best = 0;
    for (int32_t i = 1; i < 10; i++) {{{{
        best = scores[i] > scores[best] ? i : best;
    }}}}
    return best;
}}}}"""
# Method, type of pixels, bits of a leaf: none are hard votes.
OF_EMLEARN = (
    ("inline", "int16_t", 0),
    ("inline", "uint8_t", 0),
    ("inline", "int16_t", 8),
    ("loadable", "int16_t", 0),
    ("loadable", "int16_t", 8),
)


@dataclass(frozen=True)
class Row:
    """A peer, the type of pixels that it reads, and what they are multiplied by."""

    peer: Peer
    x_type: str
    factor: int = 1


def ours(model: Any, X: Any) -> Iterator[Row]:
    for optimize in ("size", "balanced", "speed"):
        c_model = skconv.to_c(
            model, X.astype(np.uint8), name="m", target="cortex-m4", optimize=optimize
        )
        peer = Peer(f"skconv {optimize}", c_model.files, '#include "m.h"', "m_predict(x)")
        yield Row(peer, "uint8_t")


def of_emlearn(model: Any, python: str, method: str, dtype: str, bits: int) -> Peer:
    files = emlearn(
        model,
        python,
        conversion=f"method={method!r}, dtype={dtype!r}, leaf_bits={bits}",
        saving=f"inference=[{method!r}]",
    )
    prelude = EMLEARN.format(type=f"const {dtype}")
    name = f"emlearn {method} {dtype}{' shares' if bits else ''}"
    return Peer(name, files, prelude, "decide(x)")


def of_m2cgen(model: Any, python: str) -> Peer:
    code = "import m2cgen\nfiles = {'peer.h': m2cgen.export_to_c(model)}"
    prelude = M2CGEN.format(type="double")
    return Peer("m2cgen", printed(model, "m2cgen", code, python), prelude, "decide(x)")


def of_micromlgen(model: Any, python: str) -> Peer:
    """The body of its method of C++, which is C."""
    code = "import micromlgen\nfiles = {'peer.h': micromlgen.port(model)}"
    text = printed(model, "micromlgen", code, python)["peer.h"]
    found = re.search(r"int predict\(float \*x\) \{(.*)\}\s*protected:", text, re.DOTALL)
    assert found is not None
    prelude = f"{NOIPA.format(type='float')} {{{found[1]}}}"
    return Peer("micromlgen", {}, prelude, "decide(x)")


def peers(model: Any, doubled: Any, python: str) -> Iterator[Row]:
    """All of them; ``doubled`` is the same model of pixels times two."""
    for method, dtype, bits in OF_EMLEARN:
        peer = of_emlearn(model, python, method, dtype, bits)
        yield Row(peer, dtype)
        exact = of_emlearn(doubled, python, method, dtype, bits)
        yield Row(replace(exact, name=f"{exact.name} doubled"), dtype, 2)
    yield Row(of_m2cgen(model, python), "double")
    yield Row(of_micromlgen(model, python), "float")


def of_cut_thresholds(model: Any, X: Any) -> Any:
    """The classes where trees compare ``x < int(threshold)``, each with one vote."""
    trees = [tree.tree_ for tree in getattr(model, "estimators_", [model])]
    votes = np.zeros((len(X), len(model.classes_)))
    for tree in trees:
        at = np.zeros(len(X), np.intp)
        for _ in range(tree.max_depth):
            is_right = X[np.arange(len(X)), tree.feature[at]] >= np.trunc(tree.threshold[at])
            below = np.where(is_right, tree.children_right[at], tree.children_left[at])
            at = np.where(below < 0, at, below)
        votes[np.arange(len(X)), tree.value[at, 0].argmax(axis=1)] += 1
    return model.classes_[votes.argmax(axis=1)]


def measured(model: Any, row: Row, images: Any, flag: str) -> str:
    scaled = row.factor * images
    found = [measure(row.peer, x, row.x_type, flags=(flag,), target="cortex-m4f") for x in scaled]
    count = round(float(np.mean([one.instructions for one in found])))
    wanted = model.predict(images)
    equal = int(sum(one.answer == label for one, label in zip(found, wanted, strict=True)))
    return (
        f"  {row.peer.name:38s} {flag} {count:12,d} {found[0].flash:8,d} {equal:4d}/{len(images)}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peers", default=sys.executable, help="a Python that has the peers")
    options = parser.parse_args()
    X, y = load_digits(return_X_y=True)
    images = X[1000 : 1000 + N_IMAGES].astype(int)
    for name, unfitted in MODELS.items():
        model = unfitted.fit(X[:1000], y[:1000])
        doubled = clone(unfitted).fit(2 * X[:1000], y[:1000])
        print(f"{name}, accuracy {model.score(X[1000:], y[1000:]):.4f}")
        for factor, fitted in ((1, model), (2, doubled)):
            found = of_cut_thresholds(fitted, factor * X[1000:])
            agree = np.mean(found == model.predict(X[1000:]))
            print(f"emlearn, pixels times {factor}, agrees on {agree:.1%} of images")
        rows = list(ours(model, X[:1000]))
        try:
            rows += peers(model, doubled, options.peers)
        except MissingPeerError as error:
            print(error)
        print(f"  {'exporter':38s} flag {'instructions':>11s} {'flash':>8s} {'equal':>6s}")
        for flag in FLAGS:
            for row in rows:
                print(measured(model, row, images, flag), flush=True)


if __name__ == "__main__":
    main()
