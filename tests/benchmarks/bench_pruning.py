"""Pruning on Fashion-MNIST: which features and which kernels stay, and what the C of them takes.

    OMP_NUM_THREADS=1 python tests/benchmarks/bench_pruning.py features [ridge|logistic]
    OMP_NUM_THREADS=1 python tests/benchmarks/bench_pruning.py kernels [ridge|logistic]
    OMP_NUM_THREADS=1 python tests/benchmarks/bench_pruning.py storage

Features: those of 28 whitened patches of 5x5, as in ``bench_small_models.py``, 2,744 of them. They
leave one after the other; at some numbers the head is fitted anew and scored, and so is one on as
many features chosen at random. Kernels: half of 128 whitened patches of 5x5, 4x4 windows, behind a
ridge or a logistic regression; behind the ridge also with ``loss="logistic"``. Storage: flash, RAM
and instructions of a Cortex-M4 with all features, with 500 of them as the pass leaves them, and
with the same ones chosen by an op of their own. Fitted on the images
0 to 49,999, scored on 50,000 to 59,999. No back-propagation.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from copy import copy
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.preprocessing import MaxAbsScaler

sys.path.insert(0, str(Path(__file__).parents[2]))

import skconv
from skconv import emulator
from skconv.graph import ArgMax, Graph, Linear, Node, Select, TensorSpec, verify
from skconv.passes.compress import Samples
from skconv.passes.compress.pruning.blocks import Block
from skconv.passes.compress.pruning.elimination import Elimination
from skconv.passes.compress.pruning.head import Head
from skconv.passes.compress.pruning.kernels import CRITERIA, eliminated
from skconv.passes.compress.refit import most_likely
from tests.benchmarks.bench_small_models import pipeline

N_FIT = 50_000
SIZES = (2744, 2000, 1500, 1000, 700, 500, 350, 250, 150, 100, 64)
TARGET, AT = 0.898, 500
PENALTY = 0.3
# Of a ridge on features scaled to a largest magnitude of 1, chosen on the images 40,000 to 49,999.
ALPHA = 0.5
# Of a logistic regression on such features: that of ``bench_small_models.py``.
C = 0.2
N_KERNELS = 128

Array = NDArray[Any]


CLASSIFIERS = {"ridge": RidgeClassifier(alpha=ALPHA), "logistic": LogisticRegression(C=C)}


def fashion() -> tuple[Array, Array]:
    X, y = skconv.datasets.load_fashion_mnist()
    return X[: N_FIT + 10_000], y[: N_FIT + 10_000]


def head_graph(classifier: Any, n_features: int) -> Graph:
    """The head alone: features are computed once."""
    head = Linear(classifier.coef_.astype("f4"), classifier.intercept_.astype("f4"))
    return Graph(TensorSpec((n_features,))).append(head).append(ArgMax())


def logistic_fit(classifier: LogisticRegression, F: Array, y: Array) -> None:
    """In directions that curve alike: minutes, where `LogisticRegression.fit` takes an hour."""
    start = np.zeros((y.max() + 1, F.shape[1] + 1))
    penalty = np.full(F.shape[1], 1 / (classifier.C * len(F)))
    classifier.coef_, classifier.intercept_ = most_likely(F, np.eye(len(start))[y], start, penalty)


def fitted_head(F: Array, y: Array, classifier: Any) -> tuple[Graph, Head]:
    """Of features that are scaled already."""
    if isinstance(classifier, LogisticRegression):
        logistic_fit(classifier, F[:N_FIT], y[:N_FIT])
    else:
        classifier.fit(F[:N_FIT].astype("f8"), y[:N_FIT])
    graph = head_graph(classifier, F.shape[1])
    loss = "logistic" if isinstance(classifier, LogisticRegression) else "squared"
    samples = Samples(F[:N_FIT], y[:N_FIT], loss)  # type: ignore[arg-type]
    return graph, Head.of(graph, samples, PENALTY, skconv.PruneFeatures())


def accuracy(head: Head, kept: Array, start: Array, F: Array, y: Array) -> float:
    """Of the head fitted anew on some features, on the images that it has not seen."""
    return scored(head, kept, *head.on(kept, start), F, y)


def scored(head: Head, kept: Array, weights: Array, bias: Array, F: Array, y: Array) -> float:
    scores = F[N_FIT:][:, head.alive[kept]] @ weights.T.astype("f4") + bias
    return float(np.mean(scores.argmax(axis=1) == y[N_FIT:]))


def at_random(head: Head, n_kept: int, seed: int = 0) -> tuple[Array, Array]:
    """Some features chosen at random, and the weights with which they make up for the others."""
    n_all = head.weights.shape[1]
    kept = np.sort(np.random.default_rng(seed).permutation(n_all)[:n_kept])
    products = head.hessian[kept] @ head.weights.T
    return kept, np.linalg.solve(head.hessian[np.ix_(kept, kept)], products).T


def curve(head: Head, F: Array, y: Array) -> Iterator[tuple[int, float, float]]:
    """Number of features, accuracy of those chosen, and of as many at random."""
    steps = head.elimination()
    for size in SIZES:
        while len(steps.left) > size:
            steps.drop([steps.left[steps.costs().argmin()]])
        chosen = accuracy(head, steps.left, steps.weights, F, y)
        yield size, chosen, accuracy(head, *at_random(head, size), F, y)


def features(kind: str) -> None:
    X, y = fashion()
    extractor = pipeline(28, 5, 4)[0].fit(X[:N_FIT], y[:N_FIT])
    F = extractor.transform(X).astype("f4")
    F = MaxAbsScaler().fit(F[:N_FIT]).transform(F)
    _, head = fitted_head(F, y, CLASSIFIERS[kind])
    print(f"{kind}\nfeatures  chosen  at random  target")
    for size, chosen, chance in curve(head, F, y):
        wanted = f"{TARGET:.3f}" if size == AT else ""
        print(f"{size:8,d}   {chosen:.4f}     {chance:.4f}   {wanted}", flush=True)


def kernels(kind: str) -> None:
    X, y = fashion()
    extractor = pipeline(N_KERNELS, 5, 7)[0].fit(X[:N_FIT], y[:N_FIT])
    F = extractor.transform(X).astype("f4")
    F = MaxAbsScaler().fit(F[:N_FIT]).transform(F)
    kernel = np.arange(F.shape[1]) % (2 * N_KERNELS) % N_KERNELS  # channels: both signs of each
    halves(kind, F, y, kernel)


def halves(kind: str, F: Array, y: Array, kernel: Array) -> None:
    """Half of the kernels by each criterion and by chance, behind the head fitted anew."""
    _, head = fitted_head(F, y, CLASSIFIERS[kind])
    blocks = [Block(np.flatnonzero(kernel[head.alive] == k), 0) for k in range(N_KERNELS)]
    everything = np.arange(len(head.alive))
    print(f"{kind}\nall {N_KERNELS} kernels: {accuracy(head, everything, head.weights, F, y):.4f}")
    print(f"{N_KERNELS // 2} kernels, the head fitted anew; within .003 is wanted of the best")
    print("           its own loss  loss='logistic'")
    for criterion in CRITERIA:
        steps = eliminated(head, blocks, N_KERNELS // 2, criterion)  # type: ignore[arg-type]
        both(criterion, kind, head, steps, F, y)
    for seed in range(3):
        steps = head.elimination()
        gone = np.random.default_rng(seed).choice(N_KERNELS, N_KERNELS // 2, replace=False)
        steps.drop(np.sort(np.concatenate([blocks[k].inputs for k in gone])))
        both(f"random {seed}", kind, head, steps, F, y)


def both(name: str, kind: str, head: Head, steps: Elimination, F: Array, y: Array) -> None:
    """One line: the head behind what is left, by its own loss, and by that of a logistic one."""
    kept = steps.left
    print(f"{name:9s}  {accuracy(head, kept, steps.weights, F, y):.4f}", end="", flush=True)
    if kind == "ridge":
        found = scored(head, kept, *head.by_labels(kept), F, y)
        print(f"        {found:.4f}", end="")
    print(flush=True)


def by_selection(small: Any) -> Any:
    """The same model with an op that chooses features, and a dense head."""
    other, graph = copy(small), small.graph_
    head = graph.by_name[graph.scores_name]
    kept = np.flatnonzero(head.op.weights.any(axis=0))
    dense = replace(head.op, weights=head.op.weights[:, kept])
    choice = Node("chosen", Select(kept.astype(np.uint16)), head.inputs)
    nodes: list[Node] = []
    for node in graph.nodes:
        same = node.name == head.name
        nodes += [choice, Node(head.name, dense, ("chosen",))] if same else [node]
    other.graph_ = verify(replace(graph, nodes=tuple(nodes)))
    return other


def storage() -> None:
    """Fitted on 4,000 images: bytes and instructions do not depend on accuracy."""
    X, y = fashion()
    pipe = pipeline(28, 5, 4).fit(X[:4000], y[:4000])
    passes = [skconv.PruneFeatures(AT)]
    small = skconv.compress(pipe, X[:4000], y[:4000], passes=passes)
    ternary = skconv.compress(
        pipe, X[:4000], y[:4000], passes=[*passes, skconv.SecondOrderRounding(1)]
    )
    models = {
        "all features": pipe,
        f"{AT} of them": small,
        "the same, by Select": by_selection(small),
        f"{AT} of them, ternary": ternary,
    }
    print("                        flash     RAM  instructions")
    for name, model in models.items():
        options: dict[str, Any] = {"input": "rows", "linear_bits": 8, "optimize": "size"}
        c = skconv.to_c(model, X[:500], **options)
        sizes = emulator.object_sizes(c.files, target="cortex-m4", flags=("-Os",))
        flash = sizes.text + sizes.rodata + sizes.data
        count = c.benchmark("cortex-m4").per_inference
        print(f"{name:21s} {flash:7,d}  {sizes.bss:6,d}  {count:12,.0f}", flush=True)


def main() -> None:
    what, *rest = sys.argv[1:] or ["storage"]
    if what == "features":
        for kind in rest or ("ridge", "logistic"):
            features(kind)
    elif what == "kernels":
        for kind in rest or ("ridge", "logistic"):
            kernels(kind)
    else:
        storage()


if __name__ == "__main__":
    main()
