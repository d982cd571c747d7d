"""Graphs like those of pipelines and small networks, that estimates are measured on."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from skconv.graph import (
    INPUT,
    Abs,
    ArgMax,
    BlockHistogram,
    BothSigns,
    Clip,
    Concat,
    Divide,
    Graph,
    Hash,
    KernelMachine,
    KNearest,
    L2Pool,
    LocalContrast,
    Magnitude,
    MaxPool,
    MeanPool,
    Op,
    OvoVote,
    Relu,
    Reshape,
    Root,
    Sign,
    SoftThreshold,
    Square,
    TensorSpec,
    TentPool,
    Threshold,
    Triangle,
)
from skconv.passes.calibrate import calibrate
from skconv.passes.quantize import quantize
from skconv.testing import (
    conv,
    example_samples,
    few_levels,
    kernel_machine,
    linear,
    pruned,
    quantized_example,
)
from skconv.testing.coded import (
    codebook,
    coded_conv,
    coded_linear,
    dictionary,
    entropy,
    frequency,
)
from skconv.testing.coded import (
    hashed as hashed_weights,
)
from skconv.testing.narrow import narrow_conv
from skconv.testing.separable import factors, separable

Rng = np.random.Generator
# All forms of coded weights.
CODES = (codebook, dictionary, entropy, frequency, hashed_weights)
ZERO = ((0, 0), (0, 0))


def drawn(seed: int) -> Graph:
    """A first stage, perhaps a second one, and perhaps a classifier: integers.

    Raises
    ------
    ValueError
        Where a window does not fit: the seed has no graph.
    """
    rng = np.random.default_rng(seed)
    signal = rng.random() < 0.2
    channels, side = one_of(rng, 1, 1, 1, 2, 3), one_of(rng, 12, 20, 28)
    length = one_of(rng, 64, 128, 400)
    shape = (1, length, channels) if signal else (side, side, channels)
    graph = _first_stage(rng, Graph(TensorSpec(shape)), signal)
    two = rng.random() < 0.35 and not signal and side >= 20
    graph = _pooled(rng, graph, 2 if two else one_of(rng, 2, 3, 4, 6), signal, two)
    graph = _second_stage(rng, graph) if two else graph
    heads = ("linear", "linear", "linear", "binary", "rbf", "laplacian", "poly", None)
    graph = _with_head(rng, graph, one_of(rng, *heads))
    return quantized_example(graph, input_dtype=one_of(rng, "int8", "int8", "int16"))


def typical(seed: int) -> Graph:
    """A stage on an image, its windows apart, and perhaps a classifier: integers.

    Raises
    ------
    ValueError
        Where a window does not fit: the seed has no graph.
    """
    rng = np.random.default_rng(seed)
    side, channels = one_of(rng, 8, 16, 28, 28), one_of(rng, 1, 1, 1, 3)
    graph = Graph(TensorSpec((side, side, channels)))
    size, n_kernels = one_of(rng, 3, 3, 5, 5, 6, 7), one_of(rng, 4, 8, 16, 24)
    padding = one_of(rng, _same(size), ZERO)
    graph = graph.append(conv(rng, (n_kernels, size, size, channels), padding=padding))
    soft = SoftThreshold(rng.random(n_kernels).astype("f4"))
    code = one_of(rng, None, Abs(), Relu(), Relu(), BothSigns(), BothSigns(), Magnitude(), soft)
    graph = graph if code is None else graph.append(code)
    window = (one_of(rng, 2, 3, 4, 6, max(2, graph.output.shape[0] // 2)),) * 2
    kind = one_of(rng, MaxPool, MeanPool, MeanPool, MeanPool, L2Pool)
    graph = graph.append(kind(window, window))
    graph = graph.append(Root()) if kind is MeanPool and rng.random() < 0.4 else graph
    heads = ("linear", "linear", "linear", "binary", "rbf", None)
    graph = _with_head(rng, graph, one_of(rng, *heads))
    return quantized_example(graph, input_dtype=one_of(rng, "int8", "int8", "int16"))


def smaller(seed: int) -> Graph:
    """A stage and a head as passes of compression leave them: integers.

    Raises
    ------
    ValueError
        Where a window does not fit: the seed has no graph.
    """
    rng = np.random.default_rng(seed)
    side, channels = one_of(rng, 12, 16, 20, 28), one_of(rng, 1, 1, 2)
    graph = Graph(TensorSpec((side, side, channels)))
    kind = one_of(rng, *SMALLER)
    first = kind if kind in ("separable", "coded", "narrow") else "plain"
    graph = graph.append(
        _kernels(rng, first, one_of(rng, 4, 8, 12), one_of(rng, 3, 5, 7), channels)
    )
    if kind == "counted":
        signs = narrow_conv(rng, (one_of(rng, 4, 8, 16), 3, 3, graph.output.shape[2]), 1)
        weights = np.where(signs.weights < 0, -0.1, 0.1).astype(np.float32)
        graph = graph.append(Hash(1)).append(replace(signs, weights=weights))
    graph = graph.append(one_of(rng, Abs(), Relu(), Relu(), BothSigns(), Magnitude()))
    graph = graph.append(
        one_of(rng, MaxPool, MeanPool, MeanPool)(*((one_of(rng, 2, 3, 4, 5),) * 2,) * 2)
    )
    if kind == "deep":
        for _ in range(2):
            n, form = one_of(rng, 8, 16, 24), one_of(rng, "plain", "narrow", "coded")
            graph = graph.append(_kernels(rng, form, n, 3, graph.output.shape[2]))
            graph = graph.append(Relu())
        graph = graph.append(MaxPool((2, 2), (2, 2)))
    graph = graph.append(Reshape((graph.output.size,)))
    return quantized_example(graph.append(_small_head(rng, kind, graph.output.size)))


def special(seed: int) -> Graph:
    """One convolution that a routine of its own serves, in turn; what follows depends on it.

    Raises
    ------
    ValueError
        Where a window does not fit: the seed has no graph.
    """
    rng = np.random.default_rng(seed)
    n, size, side = one_of(rng, 4, 8, 16), one_of(rng, 3, 5, 7), one_of(rng, 12, 20, 28)
    kind = ("separable", "sparse", "line", "strided", "minimal")[seed % 5]
    channels = {"separable": 1, "sparse": one_of(rng, 2, 4, 8), "strided": n}.get(kind, 16)
    graph = Graph(TensorSpec((1 if kind == "line" else side, side, channels)))
    if kind == "separable":
        terms = factors(rng, (n, size, size, 1), one_of(rng, 2, 4, n), largest=8)
        graph = graph.append(separable(rng, terms, 1, padding=one_of(rng, _same(size), ZERO)))
        graph = graph.append(one_of(rng, Abs(), Relu(), BothSigns(), Magnitude()))
        window = (one_of(rng, 2, 3, 4),) * 2
        graph = graph.append(one_of(rng, MaxPool, MeanPool, MeanPool)(window, window))
        graph = _with_head(rng, graph, one_of(rng, "linear", "binary", None))
    elif kind == "sparse":
        dense = conv(rng, (n, 3, 3, channels), padding=_same(3))
        is_kept = rng.random(dense.weights.shape) < one_of(rng, 0.05, 0.1, 0.2)
        is_kept[:, 0, 0, 0] = True
        graph = graph.append(replace(dense, weights=dense.weights * is_kept.astype("f4")))
    elif kind == "strided":
        graph = graph.append(conv(rng, (n, 3, 3, 1), groups=n, stride=(2, 2), padding=_same(3)))
    else:
        height = 1 if kind == "line" else 3
        padding = ((0, 0), (1, 1)) if kind == "line" else one_of(rng, _same(3), ZERO)
        graph = graph.append(conv(rng, (one_of(rng, 16, 24), height, 3, channels), padding=padding))
    return quantized_example(graph, input_dtype="int8")


def pools(seed: int) -> Graph:
    """Several poolings of one map, or of one signal, none of them in a stage: integers.

    Raises
    ------
    ValueError
        Where a window does not fit: the seed has no graph.
    """
    rng = np.random.default_rng(seed)
    is_signal, channels = rng.random() < 0.3, one_of(rng, 1, 2, 3, 5, 8)
    side = one_of(rng, 6, 7, 9, 12, 14)
    shape = (1, 3 * side, channels) if is_signal else (side, side + one_of(rng, 0, 0, 2), channels)
    graph, names = Graph(TensorSpec(shape)), []
    for kind in (MaxPool, MeanPool, L2Pool, TentPool, MeanPool, TentPool):
        size = one_of(rng, 2, 3, 4, side // 2, side)
        step = one_of(rng, size, size, max(1, size // 2))
        window, stride = ((1, size), (1, step)) if is_signal else ((size, size), (step, step))
        graph = graph.append(kind(window, stride), INPUT)
        graph = graph.append(Reshape((graph.output.size,)))
        names.append(graph.output_name)
    return of_any_type(rng, graph.append(Concat(), *names))


def heads(seed: int) -> Graph:
    """A linear layer or a kernel machine for few features, perhaps of many samples: integers."""
    rng = np.random.default_rng(seed)
    n_features = one_of(rng, 1, 2, 3, 4, 5, 8, 13, 30, 64)
    graph = Graph(TensorSpec((n_features,)))
    kernel = ("linear", "rbf", "laplacian", "poly")[seed % 4]
    if kernel == "linear":
        graph = graph.append(linear(rng, one_of(rng, 1, 1, 2, 3, 5, 10), n_features))
    else:
        graph = graph.append(small_machine(rng, kernel, n_features))
    return of_any_type(rng, graph)


def of_any_type(rng: Rng, graph: Graph) -> Graph:
    """Integers of any type, those of pixels among them."""
    dtype = one_of(rng, "int8", "int16", "uint8")
    samples = example_samples(graph, 100)
    samples = np.abs(samples) if dtype == "uint8" else samples
    return quantize(graph, calibrate(graph, samples), input_dtype=dtype)


def small_machine(rng: Rng, kernel: Any, n_features: int) -> KernelMachine:
    """A kernel machine for two classes, or three, of few support vectors or many."""
    n_classes, n = one_of(rng, 2, 2, 3), one_of(rng, 3, 6, 15, 40, 90)
    counts = (n // 3, n // 3, n - 2 * (n // 3)) if n_classes == 3 else ()
    n_rows = 2 if n_classes == 3 else 1
    return KernelMachine(
        kernel,
        rng.normal(size=(n, n_features)).astype(np.float32),
        rng.normal(size=(n_rows, n)).astype(np.float32),
        rng.normal(size=3 if n_classes == 3 else 1).astype(np.float32),
        counts,
        gamma=0.3 / n_features,
        coef0=1.0,
    )


def coded(seed: int) -> Graph:
    """One layer of coded weights, on a map or vector of any size: integers."""
    rng = np.random.default_rng(seed)
    make = CODES[seed % len(CODES)]
    n, channels, side = one_of(rng, 4, 8, 16, 32), one_of(rng, 1, 2, 8), one_of(rng, 4, 6, 10, 16)
    if seed % 3 == 0 and make in (codebook, entropy, hashed_weights):
        shape, more = (n, one_of(rng, 64, 200, 400)), (8, 32) if make is codebook else ()
        layer: Op = coded_linear(rng, make(rng, shape, *more))
        graph = Graph(TensorSpec(shape[1:]))
    else:
        size = one_of(rng, 3, 3, 5) if side > 4 else 3
        layer = coded_conv(rng, make(rng, (n, size, size, channels)))
        graph = Graph(TensorSpec((side, side, channels)))
    return quantized_example(graph.append(layer), input_dtype=one_of(rng, "int8", "int16"))


SMALLER = ("pruned", "pruned", "separable", "coded", "coded head", "narrow", "counted", "deep")


def _kernels(rng: Rng, form: str, n: int, size: int, channels: int) -> Op:
    shape = (n, size, size, channels)
    padding = one_of(rng, _same(size), ZERO)
    if form == "separable":
        return separable(rng, factors(rng, shape, one_of(rng, 2, 4, n)), channels, padding=padding)
    if form == "narrow":
        return narrow_conv(rng, shape, one_of(rng, 1, 3, 7), padding=padding)
    if form == "coded":
        make = one_of(rng, *CODES)
        return coded_conv(rng, make(rng, shape), padding=padding)
    return conv(rng, shape, padding=padding)


def _small_head(rng: Rng, kind: str, n_features: int) -> Op:
    n_classes, levels = one_of(rng, 1, 3, 10), one_of(rng, 1, 3, 7)
    if kind == "coded head":
        make = one_of(rng, codebook, entropy, hashed_weights)
        more = (8, 64) if make is codebook else ()
        return coded_linear(rng, make(rng, (n_classes, n_features), *more))
    head = few_levels(rng, n_classes, n_features, levels) if rng.random() < 0.6 else None
    head = linear(rng, n_classes, n_features) if head is None else head
    return pruned(head, one_of(rng, 2, 5, 11)) if kind == "pruned" else head


def hashed(size: int, n_bits: int) -> Graph:
    """Codes of a bank, their histograms and a linear layer, as of PCANet."""
    rng = np.random.default_rng(size)
    bank = conv(rng, (n_bits, size, size, 1), padding=_same(size), shared=True)
    graph = Graph(TensorSpec((14, 14, 2))).append(bank).append(Hash(n_bits))
    graph = graph.append(BlockHistogram((7, 7), (7, 7), 2**n_bits))
    return quantized_example(_with_head(rng, graph, "linear"), input_dtype="int8")


def one_of(rng: Rng, *choices: Any) -> Any:
    return choices[rng.integers(len(choices))]


def _same(size: int) -> tuple[tuple[int, int], tuple[int, int]]:
    return ((size // 2, (size - 1) // 2),) * 2


def _first_stage(rng: Rng, graph: Graph, signal: bool) -> Graph:
    size, n_kernels = one_of(rng, 3, 5, 5, 7, 9), one_of(rng, 4, 8, 8, 16)
    padding = _same(size) if one_of(rng, True, False) else ZERO
    if signal:
        padding = ((0, 0), padding[1])
    window = (1, size) if signal else (size, size)
    stride = (1, one_of(rng, 1, 1, 1, 2)) if signal else (1, 1)
    shape = (n_kernels, *window, graph.input.shape[2])
    graph = graph.append(conv(rng, shape, padding=padding, stride=stride))
    code = one_of(rng, *_codes(rng, n_kernels))
    if code != "contrast":
        return graph if code is None else graph.append(code)
    responses = graph.output_name
    graph = graph.append(LocalContrast(window, stride, padding, eps=0.5), INPUT)
    return graph.append(Divide(), responses, graph.output_name)


def _codes(rng: Rng, n: int) -> tuple[Op | str | None, ...]:
    soft = SoftThreshold(rng.random(n).astype("f4"))
    triangle = Triangle(rng.normal(size=(8, n)).astype("f4"))
    simple = (None, Abs(), Relu(), Relu(), BothSigns(), Magnitude(), Square(), soft, soft)
    return (*simple, "contrast", triangle, KNearest(n // 2), Clip(-0.5, 0.8), Sign())


def _pooled(rng: Rng, graph: Graph, size: int, signal: bool, two: bool) -> Graph:
    step = max(1, size - one_of(rng, 0, 0, 1, 2)) if size > 2 and not two else size
    kind = one_of(rng, MaxPool, MeanPool, MeanPool, L2Pool)
    pool = kind((1, size), (1, step)) if signal else kind((size, size), (step, step))
    graph = graph.append(pool)
    return graph.append(Root()) if kind is MeanPool and rng.random() < 0.3 else graph


def _second_stage(rng: Rng, graph: Graph) -> Graph:
    n_kernels = one_of(rng, 8, 16, 32)
    padding = one_of(rng, _same(3), ZERO)
    graph = graph.append(conv(rng, (n_kernels, 3, 3, graph.output.shape[2]), padding=padding))
    graph = graph.append(Relu())
    if rng.random() < 0.3:
        depthwise = conv(rng, (n_kernels, 3, 3, 1), groups=n_kernels, padding=_same(3))
        graph = graph.append(depthwise).append(Relu())
        graph = graph.append(conv(rng, (16, 1, 1, n_kernels))).append(Relu())
    return graph.append(MaxPool((2, 2), (2, 2))) if rng.random() < 0.7 else graph


def _with_head(rng: Rng, graph: Graph, head: str | None) -> Graph:
    if head is None:
        return graph
    n_features = graph.output.size
    graph = graph.append(Reshape((n_features,))) if len(graph.output.shape) > 1 else graph
    if head == "linear":
        return graph.append(linear(rng, 10, n_features)).append(ArgMax())
    if head == "binary":
        return graph.append(linear(rng, 1, n_features)).append(Threshold())
    return graph.append(kernel_machine(rng, head, n_features)).append(OvoVote(3)).append(ArgMax())
