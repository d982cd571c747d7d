"""A multi-layer perceptron of 64-32-10 on digits: instructions and flash, ours and emlearn's.

    OMP_NUM_THREADS=1 python tests/benchmarks/bench_mlp.py --peers /path/to/python

Cortex-M4 under QEMU: one call that decides the class of one image, raw pixels. emlearn's two forms
of a network are floats, so all are compiled for a core with a floating-point unit, and once more
for one without. (Its fixed-point layer is not written: eml_net_fixedpoint.h.)
m2cgen and micromlgen do not convert an MLP.
Target: fewer instructions than the best peer. ``--peers`` names a Python with emlearn 0.23.2.
"""

from __future__ import annotations

import argparse
import sys
import warnings
from pathlib import Path
from typing import Any, Literal

import numpy as np
from sklearn.datasets import load_digits
from sklearn.neural_network import MLPClassifier

sys.path.insert(0, str(Path(__file__).parents[2]))

import skconv
from tests.benchmarks.peers import MissingPeerError, Peer, emlearn, measure

# As ours, a function that the compiler cannot look into from the place of the call.
EMLEARN = """#include "peer.h"
__attribute__((noipa)) static int32_t decide(const float *x) { return peer_predict(x, 64); }"""
# With a floating-point unit, and without.
CORES = (("cortex-m4f", "-O2"), ("cortex-m4", "-O2"), ("cortex-m4f", "-Os"))


def ours(model: Any, X: Any, bits: Literal[8, 16]) -> tuple[Peer, Any]:
    """From uint8 pixels, with values of 8 bits between the layers, and weights of 16 or 8."""
    c_model = skconv.to_c(
        model, X, name="m", input_type="uint8", target="cortex-m4", linear_bits=bits
    )
    return Peer(f"skconv, weights {bits}", c_model.files, '#include "m.h"', "m_predict(x)"), c_model


def peers(model: Any, python: str) -> list[Peer]:
    """Both forms that emlearn prints for a network."""
    return [
        Peer(
            f"emlearn {method}",
            emlearn(
                model, python, conversion=f"method={method!r}", saving=f"inference=[{method!r}]"
            ),
            EMLEARN,
            "decide(x)",
            libm=True,
        )
        for method in ("inline", "loadable")
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peers", default=sys.executable, help="a Python that has emlearn")
    options = parser.parse_args()
    X, y = load_digits(return_X_y=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = MLPClassifier((32,), max_iter=200, random_state=0).fit(X[:1000], y[:1000])
    print(f"accuracy on 797 images: float {model.score(X[1000:], y[1000:]):.4f}", end="")
    own = []
    widths: tuple[Literal[16], Literal[8]] = (16, 8)
    for bits in widths:
        peer, c_model = ours(model, X[:1000], bits)
        own.append(peer)
        print(f", {peer.name} bits {np.mean(c_model.predict(X[1000:]) == y[1000:]):.4f}", end="")
    print()
    try:
        others = peers(model, options.peers)
    except MissingPeerError as error:
        others = []
        print(error)
    print(f"{'core':10s} {'flag':4s} {'exporter':18s} {'instructions':>12s} {'flash':>8s}")
    image = X[1000].astype(int)
    wanted = model.predict(X[1000:1001])[0]
    for core, flag in CORES:
        for it, x_type in (
            *((peer, "uint8_t") for peer in own),
            *((peer, "float") for peer in others),
        ):
            found = measure(it, image, x_type, flags=(flag,), target=core)
            assert found.answer == wanted, it.name
            print(f"{core:10s} {flag:4s} {it.name:18s} {found.instructions:12,d} {found.flash:8,d}")


if __name__ == "__main__":
    main()
