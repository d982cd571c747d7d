"""A forest and a tree on digits: instructions and flash, ours and those of three exporters.

    OMP_NUM_THREADS=1 python tests/benchmarks/bench_trees.py --peers /path/to/python

Raw pixels; Cortex-M4 under QEMU at -O2, the mean of three images. ``equal`` is how many of them got
scikit-learn's class. emlearn compares ``<`` with a threshold whose fraction is cut off, so pixels
that lie on it go the other way; micromlgen counts hard votes. Target: fewer instructions and less
flash than the best peer, each. ``--peers`` names a Python with emlearn 0.23.2, m2cgen 0.10.0 and
micromlgen 1.1.28 that has scikit-learn, too.
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path
from typing import Any

import numpy as np
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


def ours(model: Any, X: Any) -> Peer:
    c_model = skconv.to_c(model, X.astype(np.uint8), name="m", target="cortex-m4")
    return Peer("skconv", c_model.files, '#include "m.h"', "m_predict(x)")


def of_emlearn(model: Any, python: str, method: str) -> Peer:
    files = emlearn(
        model, python, conversion=f"method={method!r}", saving=f"inference=[{method!r}]"
    )
    prelude = EMLEARN.format(type="const int16_t")
    return Peer(f"emlearn {method}", files, prelude, "decide(x)")


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


def peers(model: Any, python: str) -> list[tuple[Peer, str]]:
    return [
        (of_emlearn(model, python, "inline"), "int16_t"),
        (of_emlearn(model, python, "loadable"), "int16_t"),
        (of_m2cgen(model, python), "double"),
        (of_micromlgen(model, python), "float"),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peers", default=sys.executable, help="a Python that has the peers")
    options = parser.parse_args()
    X, y = load_digits(return_X_y=True)
    images = X[1000 : 1000 + N_IMAGES].astype(int)
    for name, unfitted in MODELS.items():
        model = unfitted.fit(X[:1000], y[:1000])
        print(f"{name}, accuracy {model.score(X[1000:], y[1000:]):.4f}")
        try:
            others = peers(model, options.peers)
        except MissingPeerError as error:
            others = []
            print(error)
        print(f"  {'exporter':18s} {'instructions':>12s} {'flash':>8s} {'equal':>6s}")
        wanted = model.predict(images)
        for it, x_type in [(ours(model, X[:1000]), "uint8_t"), *others]:
            found = [measure(it, image, x_type) for image in images]
            count = round(float(np.mean([one.instructions for one in found])))
            equal = int(sum(one.answer == label for one, label in zip(found, wanted, strict=True)))
            print(f"  {it.name:18s} {count:12,d} {found[0].flash:8,d} {equal:4d}/{N_IMAGES}")


if __name__ == "__main__":
    main()
