"""Gaussian classes on a Cortex-M4: naive Bayes beside emlearn's, and a mixture as anomaly score.

    OMP_NUM_THREADS=1 python tests/benchmarks/bench_bayes.py --peers /path/to/python

Under QEMU, with the same flags: one call that decides the class of one image of digits, raw
pixels. Target: fewer instructions than the best peer. emlearn computes in integers, but reads
floats: on a core with a floating-point unit, the reading would cost less. m2cgen does not convert
GaussianNB. micromlgen reads an attribute that scikit-learn dropped in 1.2, and adds
``|x - mean| / variance``, which is no Gaussian. ``--peers`` names a Python with emlearn 0.23.2.

Then a mixture of 4 components of 10 features with full covariances, whose log-likelihood tells one
class of breast cancer from the other: AUC within 1 % of float's.
"""

from __future__ import annotations

import argparse
import sys
import warnings
from pathlib import Path

import numpy as np
from sklearn.datasets import load_breast_cancer, load_digits
from sklearn.metrics import roc_auc_score
from sklearn.mixture import GaussianMixture
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

sys.path.insert(0, str(Path(__file__).parents[2]))

import skconv
from skconv.exceptions import InputRangeWarning
from skconv.runtime import fixed
from tests.benchmarks.peers import MissingPeerError, Peer, emlearn, measure

FLAGS = {"-O2": ("-O2",), "-Os": ("-Os",)}
# As ours, a function that the compiler cannot look into from the place of the call.
EMLEARN = """#include "peer.h"
__attribute__((noipa)) static int32_t decide(const float *x) { return peer_predict(x, 64); }"""
N_COMPONENTS, N_FEATURES = 4, 10


def naive_bayes(python: str) -> None:
    X, y = load_digits(return_X_y=True)
    model = GaussianNB().fit(X[:1000], y[:1000])
    c_model = skconv.to_c(model, X[:1000], name="m", input_type="uint8", target="cortex-m4")
    accuracy = [np.mean(m.predict(X[1000:]) == y[1000:]) for m in (model, c_model)]
    print(f"GaussianNB on 797 digits: accuracy float {accuracy[0]:.4f}, int8 {accuracy[1]:.4f}")
    own = Peer("skconv int8", c_model.files, '#include "m.h"', "m_predict(x)")
    measured = [(own, "uint8_t")]
    try:
        files = emlearn(model, python)
        peer = Peer("emlearn", files, EMLEARN, "decide(x)")
        measured.append((peer, "float"))
    except MissingPeerError as error:
        print(error)
    print(f"{'flags':10s} {'exporter':12s} {'instructions':>12s} {'flash':>8s} {'class':>6s}")
    for name, flags in FLAGS.items():
        for it, x_type in measured:
            found = measure(it, X[1000].astype(int), x_type, flags=flags)
            print(
                f"{name:10s} {it.name:12s} {found.instructions:12,d} {found.flash:8,d} "
                f"{found.answer:6d}"
            )
    print(f"scikit-learn's class: {model.predict(X[1000:1001])[0]}")


def mixture() -> None:
    X, is_benign = load_breast_cancer(return_X_y=True)
    X = X[:, :N_FEATURES]
    usual = X[is_benign == 1]
    fitted, held = usual[::2], np.concatenate([usual[1::2], X[is_benign == 0]])
    is_odd = np.r_[np.zeros(len(usual[1::2])), np.ones(np.sum(is_benign == 0))]
    density = GaussianMixture(N_COMPONENTS, reg_covar=1e-3, random_state=0)
    pipe = make_pipeline(StandardScaler(), density).fit(fitted)
    c_model = skconv.to_c(pipe, fitted, name="m", scores=True, target="cortex-m4")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", InputRangeWarning)  # What is odd may be far off.
        wanted, found = pipe.score_samples(held), c_model.score_samples(held).ravel()
    auc = [roc_auc_score(is_odd, -scores) for scores in (wanted, found)]
    print(f"\nGaussianMixture {N_COMPONENTS} x {N_FEATURES}, full: AUC float {auc[0]:.4f}, "
          f"int {auc[1]:.4f} (target: within 1 %)")  # fmt: skip
    print(f"error of log-likelihoods: median {np.median(np.abs(found - wanted)):.3f}")
    statement = "(m_run(x, scores), scores[0])"
    prelude = '#include "m.h"\nstatic int32_t scores[1];'
    own = Peer("skconv", c_model.files, prelude, statement)
    quantized = fixed.quantize_input(c_model.graph.input, held[:1])
    for name, flags in FLAGS.items():
        cost = measure(own, quantized, "int16_t", flags=flags)
        print(f"{name:10s} {own.name:12s} {cost.instructions:12,d} {cost.flash:8,d}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peers", default=sys.executable, help="a Python that has emlearn")
    naive_bayes(parser.parse_args().peers)
    mixture()


if __name__ == "__main__":
    main()
