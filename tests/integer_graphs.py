"""Random integer graphs that use every integer op: what the C tests run.

A node that nobody reads is still computed and traced, so one graph holds many ops, each
on the input or on a flattened part of it.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from skconv.graph import (
    Above,
    Abs,
    ArgMax,
    BlockHistogram,
    BothSigns,
    Clip,
    Concat,
    Decisions,
    Graph,
    Hash,
    KNearest,
    Magnitude,
    MaxPool,
    Median,
    OvoVote,
    Permute,
    QActivation,
    QAdd,
    QAffine,
    QConv,
    QConvHash,
    QDivide,
    QKernelMachine,
    QL2Pool,
    QLinear,
    QLocalContrast,
    QMeanPool,
    QMultiply,
    QNormalize,
    QPad,
    QPairConfidence,
    QResize,
    QRoot,
    QSquare,
    QSubtractMean,
    QTentPool,
    QTriangle,
    Relu,
    Requantization,
    Rescale,
    Reshape,
    Select,
    Shares,
    Sigmoids,
    Sign,
    Softmax,
    SoftThreshold,
    TensorSpec,
    TentPool,
    Threshold,
    Upsample,
    Winner,
    verify,
)
from skconv.graph.base import BOTH
from skconv.graph.centring import accumulator_bound
from skconv.graph.machines import kernel_bound
from skconv.graph.patches import largest_distance
from skconv.graph.spatial import largest_row
from skconv.graph.storage.grid import N_VALUES, Grid
from skconv.graph.vectors import Kernel
from skconv.passes.lower_probabilities import integer_probabilities
from skconv.testing import example_graphs
from tests.integer_columns import add_columns
from tests.integer_separable import separable
from tests.integer_signals import (
    add_filters,
    add_rocket,
    add_sound_ops,
    add_winners_and_quantiles,
)
from tests.random_neighbours import add_neighbours
from tests.random_quadratic import add_quadratic
from tests.random_trees import add_trees

LIMITS = {"uint8": (0, 255), "int8": (-127, 127), "int16": (-1500, 1400)}


def input_spec(shape: tuple[int, ...], dtype: str = "uint8") -> TensorSpec:
    low, high = LIMITS[dtype]
    return TensorSpec(shape, dtype, 0.01, minimum=low, maximum=high)


def samples(rng, spec: TensorSpec, n_samples: int = 6):
    """Random samples, the last three of them with extreme entries only."""
    low, high = spec.limits
    x = rng.integers(low, high + 1, (n_samples, *spec.shape))
    extremes = rng.choice([low, high], x.shape)
    extremes[-1] = high
    return np.where(
        np.arange(n_samples).reshape(-1, *[1] * len(spec.shape)) < 3, x, extremes
    ).astype(spec.dtype)


def requantization(rng, bound: int, dtype: str = "int8", channels: int = 1):
    """A rule that fills the type, and passes its limits where accumulators are large."""
    limits = np.iinfo(dtype)
    low = max(int(limits.min), -int(limits.max))
    shift = max(0, 31 - max(1, bound).bit_length())
    factor = limits.max * 2.0**32 / (max(1, bound) << shift) * rng.uniform(0.3, 6, channels)
    multiplier = np.clip(factor, 1, 2**31 - 1).astype(np.int32)
    return Requantization(multiplier, shift, 0.02, dtype, low, int(limits.max))


def conv_parts(rng, x: TensorSpec, n_kernels: int, size, *, groups=1, shared=False, **geometry):
    """Random weights and biases that fit a map."""
    channels = 1 if shared else x.shape[2] // groups
    weights = rng.integers(-127, 128, (n_kernels, *size, channels)).astype(np.int8)
    bias = rng.integers(-2000, 2001, n_kernels).astype(np.int32)
    return {"weights": weights, "bias": bias, "groups": groups, "shared": shared, **geometry}


def qconv(rng, x: TensorSpec, n_kernels: int, size, dtype: str = "int8", **geometry) -> QConv:
    parts = conv_parts(rng, x, n_kernels, size, **geometry)
    bound = QConvHash(**parts).accumulator_bound(x)
    return QConv(**parts, requantization=requantization(rng, bound, dtype, n_kernels))


def add_conv_ops(graph: Graph, rng, size, **geometry) -> Graph:
    """A convolution in every form that its geometry allows, of the input."""
    x = graph.input
    channels = x.shape[2]
    for dtype in ("int8", "uint8", "int16"):
        graph = graph.append(qconv(rng, x, 4, size, dtype, **geometry), "input")
    shared = {**geometry, "shared": True}
    graph = graph.append(qconv(rng, x, 3, size, **shared), "input")
    graph = graph.append(QConvHash(**conv_parts(rng, x, 4, size, **shared), n_bits=2), "input")
    grouped = {**geometry, "groups": channels}
    graph = graph.append(qconv(rng, x, 2 * channels, size, **grouped), "input")
    return graph.append(QConvHash(**conv_parts(rng, x, 6, size, **geometry), n_bits=3), "input")


def local_contrast(rng, x: TensorSpec, remove_mean, **geometry) -> QLocalContrast:
    """Contrast whose smallest or usual totals are told apart."""
    op = QLocalContrast(**geometry, remove_mean=remove_mean, eps=0)
    largest = 2 * op.largest_total(x) + 4
    bits = largest.bit_length() - 31 + int(rng.integers(0, 6))
    shift = bits + bits % 2
    return replace(op, eps=int(rng.integers(1, 9)) << max(shift, 0), shift=shift)


def triangle(rng, x: TensorSpec, n_centroids: int, dtype: str = "uint8") -> QTriangle:
    """Distances to centroids inside and outside of what the input can be."""
    limit = min(32767, int((2**31 / x.shape[-1]) ** 0.5) - x.magnitude - 1)
    reach = max(0, min(limit, 2 * x.magnitude))
    centroids = rng.integers(-reach, reach + 1, (n_centroids, x.shape[-1])).astype(np.int16)
    bound = largest_distance(centroids, x)
    return QTriangle(centroids, requantization(rng, bound, dtype))


def signed_root(rng, x: TensorSpec, shift: int, dtype: str = "uint8", channels: int = 1) -> QRoot:
    bound = round(float(x.magnitude << shift) ** 0.5)
    return QRoot(shift, requantization(rng, bound, dtype, channels))


def add_patch_ops(graph: Graph, rng, size, stride) -> Graph:
    """What looks at the patch around a pixel, or at the pixel as a whole, of the input."""
    x = graph.input
    around = ((1, 1), (2, 1))
    graph = graph.append(Median(stride=stride, padding=around), "input")
    graph = graph.append(Median(padding=around, pad_mode="circular"), "input")
    for mean in ("patch", "channel", None):
        graph = graph.append(local_contrast(rng, x, mean, size=size, stride=stride), "input")
    size = (3, 3)
    for mode in ("zero", "circular"):
        same = {"size": size, "padding": ((1, 1), (1, 1)), "pad_mode": mode}
        graph = graph.append(local_contrast(rng, x, "patch", **same), "input")
    rule = requantization(rng, x.magnitude, "int16")
    graph = graph.append(QDivide(requantization=rule), "input", graph.output_name)
    for dtype in ("uint8", "int16"):
        graph = graph.append(triangle(rng, x, 5, dtype), "input")
    return graph


def add_map_ops(graph: Graph, rng, size, stride) -> Graph:
    """Poolings, nonlinearities and hashing of the input."""
    x = graph.input
    channels = x.shape[2]
    area = int(np.prod(size))
    rule = requantization(rng, area * x.magnitude, "int8", channels)
    root = requantization(rng, round(area**0.5 * x.magnitude) + 1, "uint8")
    tents = requantization(rng, TentPool(size).weight * x.magnitude, "int8", channels)
    for op in (
        MaxPool(size, stride),
        QMeanPool(size, stride, requantization=rule),
        QL2Pool(size, stride, requantization=root),
        QTentPool(size, stride, requantization=tents),
    ):
        graph = graph.append(op, "input")
    for axis in (0, 1):
        mean = requantization(rng, accumulator_bound(x.shape[axis], x))
        graph = graph.append(QSubtractMean(axis, requantization=mean), "input")
    graph = graph.append(QSquare(requantization(rng, x.magnitude**2, "int16")), "input")
    for dtype, many in (("int8", channels), ("int16", 1)):
        graph = graph.append(signed_root(rng, x, 8, dtype, many), "input")
    rescale = requantization(rng, x.magnitude, "uint8", channels)
    graph = graph.append(Rescale(rescale), "input")
    graph = graph.append(Relu(), "input").append(BothSigns(), "input")
    threshold = np.arange(channels, dtype=np.int16) * 7
    graph = graph.append(Above(np.stack([threshold, -5 - threshold])), "input")
    graph = graph.append(SoftThreshold(threshold), "input")
    graph = graph.append(SoftThreshold(threshold, both_signs=False), "input")
    graph = graph.append(Clip(-40, 60), "input").append(Sign(), "input")
    graph = graph.append(KNearest(channels), "input")
    if channels > 1:
        graph = graph.append(KNearest(channels - 1, both_signs=False), "input")
    graph = add_patch_ops(graph, rng, size, stride)
    graph = graph.append(Permute((2, 0, 1)), "input").append(Permute((1, 0, 2)), "input")
    graph = graph.append(Concat(), "input", "relu")
    graph = graph.append(Hash(channels), "input").append(Hash(1), "input")
    graph = graph.append(BlockHistogram(size, stride, 2))
    # Abs writes over its input: the square has no other reader.
    squared = graph.append(QSquare(requantization(rng, x.magnitude**2, "int16")), "input")
    return squared.append(Abs())


def activation(rng, dtype: str = "int8") -> QActivation:
    """A table of any results."""
    info = np.iinfo(dtype)
    return QActivation("sigmoid", rng.integers(info.min, info.max + 1, 256).astype(dtype), 0.02)


def addition(rng, first: TensorSpec, second: TensorSpec, dtype: str = "int8") -> QAdd:
    """A sum whose accumulators are as large as they may be; one factor is small."""
    most = (2**31 - 1) // (first.magnitude + second.magnitude)
    factors = (most, int(rng.integers(1, most + 1)))
    bound = first.magnitude * factors[0] + second.magnitude * factors[1]
    return QAdd(factors, requantization(rng, bound, dtype))


def resize(rng, x: TensorSpec, size: tuple[int, int], dtype: str = "int8") -> QResize:
    """Runs of any weights that the accumulators have room for, at any places."""
    tables = []
    for old, new in zip(x.shape[:2], size, strict=True):
        taps = int(rng.integers(1, old + 1))
        starts = rng.integers(0, old - taps + 1, new).astype(np.uint16)
        most = min(32767, (2**31 - 1) // (taps * 32768))
        tables += [starts, rng.integers(-most, most + 1, (new, taps)).astype(np.int16)]
    shift = max(0, (largest_row(tables[1]) * x.magnitude).bit_length() - 14)
    any_rule = requantization(np.random.default_rng(0), 1)
    op = QResize(x.shape[:2], *tables, shift, any_rule)
    return replace(op, requantization=requantization(rng, op.accumulator_bound(x), dtype))


def add_network_ops(graph: Graph, rng) -> Graph:
    """Sums, products and tables, borders and resampling of the input."""
    x = graph.input
    channels = x.shape[2]
    graph = graph.append(Rescale(requantization(rng, x.magnitude, "int8")), "input")
    other = graph.output_name
    for dtype in ("int8", "uint8"):
        graph = graph.append(activation(rng, dtype), other)
    for dtype in ("int8", "int16"):
        op = addition(rng, x, graph.specs[other], dtype)
        graph = graph.append(op, "input", other)
    rule = requantization(rng, x.magnitude * graph.specs[other].magnitude, "int8", channels)
    graph = graph.append(QMultiply(rule), "input", other)
    gate = QMeanPool(
        x.shape[:2], (1, 1), requantization=requantization(rng, x.size * x.magnitude, "uint8")
    )
    graph = graph.append(gate, "input")
    rule = requantization(rng, x.magnitude * graph.output.magnitude, "int16")
    graph = graph.append(QMultiply(rule), "input", graph.output_name)
    graph = graph.append(QPad(((1, 2), (0, 3)), x.limits[0]), "input")
    graph = graph.append(Upsample((3, 2)), "input")
    for size, dtype in (((4, 9), "int8"), ((1, 1), "int16")):
        graph = graph.append(resize(rng, x, size, dtype), "input")
    factors = rng.integers(-300, 301, channels).astype(np.int16)
    offsets = rng.integers(-5000, 5001, channels).astype(np.int32)
    rule = requantization(rng, 300 * x.magnitude + 5000, "int8", channels)
    return graph.append(QAffine(factors, offsets, rule), "input")


def add_vector_ops(graph: Graph, rng, source: str) -> Graph:
    """Scalers, linear maps, norms and decisions of a tensor, flattened."""
    graph = graph.append(Reshape((graph.specs[source].size,)), source, name="flat")
    x = graph.output
    n = x.size
    indices = rng.integers(0, n, max(1, n // 2)).astype(np.int32)
    graph = graph.append(Select(indices), "flat")
    graph = graph.append(Select(indices.astype(np.uint16)), "flat")
    factors = rng.integers(-300, 301, n).astype(np.int16)
    offsets = rng.integers(-5000, 5001, n).astype(np.int32)
    for channels, dtype in ((1, "int8"), (n, "int16")):
        rule = requantization(rng, 300 * x.magnitude + 5000, dtype, channels)
        graph = graph.append(QAffine(factors, offsets, rule), "flat")
    for norm in ("l1", "l2", "max"):
        graph = graph.append(QNormalize(norm), "flat")
    bias = rng.integers(-5000, 5001, 5).astype(np.int32)
    for stored in (np.int8, np.int16):
        weights = rng.integers(-120, 121, (5, n)).astype(stored)
        bound = 120 * n * x.magnitude + 5000
        rule = requantization(rng, bound, "int16", 5)
        graph = graph.append(QLinear(weights, bias, requantization=rule), "flat")
        graph = graph.append(QLinear(weights, bias, 0.1), "flat")
        classes = (np.arange(2), np.arange(2), np.arange(3))
        each = Decisions(classes, (1, 1, 3))
        graph = graph.append(each).append(ArgMax(), graph.output_name)
        scores = QLinear(weights, bias, 2.0**-20)
        for op in (Softmax(), Sigmoids(), Shares(0.01)):
            graph = graph.append(scores, "flat")
            graph = graph.append(integer_probabilities(op, graph.output))
        graph = graph.append(Winner())
        pairs = QLinear(weights[:3], bias[:3], 0.1)
        graph = graph.append(pairs, "flat").append(QPairConfidence(3, one=10))
    for levels in (1, 3, 7):
        few = rng.integers(-levels, levels + 1, (5, n)).astype(np.int8)
        rule = requantization(rng, levels * n * x.magnitude + 5000, "int8", 5)
        graph = graph.append(QLinear(few, bias, levels=levels, requantization=rule), "flat")
        graph = graph.append(QLinear(few[:2], bias[:2], levels=levels), "flat")
    some = np.arange(n) % 5 == 2
    for layer in (
        QLinear(weights * some, bias),
        QLinear(few * some, bias, levels=7, requantization=rule),
        QLinear(few[:2] * some, bias[:2], levels=7),
    ):
        graph = graph.append(layer, "flat")
    graph = graph.append(QLinear(weights[:1], bias[:1]), "flat")
    return graph.append(Threshold())


def kernel_machine(rng, x: TensorSpec, kernel: Kernel, n_support: tuple[int, ...], offset: int = 0):
    n_classes, n_vectors = len(n_support), sum(n_support)
    low, high = x.limits
    vectors = rng.integers(low, high + 1, (n_vectors, x.size)).astype(x.dtype)
    coefficients = rng.integers(-32767, 32768, (n_classes - 1, n_vectors)).astype(np.int16)
    n_pairs = n_classes * (n_classes - 1) // 2
    intercept = rng.integers(-(2**44), 2**44, n_pairs)
    bound = kernel_bound(kernel, vectors, offset, x)
    shift = 31 - bound.bit_length()
    # Typical distances become exponents of a few units, typical products a base near 1.
    fine = kernel != "poly" and bool(rng.integers(2))
    units = 2**23 if kernel == "poly" else 6 * 2 ** (14 if fine else 8)
    multiplier = np.array([units * 2.0**32 / (bound << shift) * rng.uniform(0.5, 3)], np.int32)
    low, high = (-(2**23), 2**23) if kernel == "poly" else (0, 2**23 if fine else 2**17)
    rule = Requantization(multiplier, shift, 1.0, "int32", low, high)
    kept = int(rng.integers(0, 10)) if kernel == "poly" else 0
    degree = int(rng.integers(1, 5))
    return QKernelMachine(
        kernel,
        vectors,
        coefficients,
        intercept,
        n_support,
        exponent=rule,
        offset=offset,
        degree=degree,
        kept_bits=kept,
        fine=fine,
    )


def of_few_values(rng, machine: QKernelMachine, x: TensorSpec) -> QKernelMachine:
    """The machine with vectors of 16 values, where the input has as many."""
    low, high = x.limits
    most = (high - low) // (N_VALUES - 1)
    if most == 0:
        return machine
    step = int(rng.integers(1, most + 1))
    grid = Grid(int(rng.integers(low, high - (N_VALUES - 1) * step + 1)), step)
    vectors = rng.choice(grid.values, machine.support_vectors.shape).astype(x.dtype)
    return replace(machine, support_vectors=vectors, grid=grid)


def add_kernel_machines(graph: Graph, rng, source: str) -> Graph:
    """Every kernel for two and for four classes; the last node decides."""
    x = graph.specs[source]
    kernel: Kernel
    for kernel in ("laplacian", "rbf", "poly"):
        offset = 1234 if kernel == "poly" else 0
        graph = graph.append(kernel_machine(rng, x, kernel, (3, 4), offset), source)
        graph = graph.append(Threshold())
        graph = graph.append(kernel_machine(rng, x, kernel, (3, 1, 2, 4), offset), source)
        graph = graph.append(OvoVote(4)).append(ArgMax())
        shared = kernel_machine(rng, x, kernel, (9,), offset)
        coefficients = rng.integers(-32767, 32768, (4, 9)).astype(np.int16)
        intercept = rng.integers(-(2**44), 2**44, 4)
        scores = replace(shared, dual_coef=coefficients, intercept=intercept, n_support=())
        graph = graph.append(scores, source).append(ArgMax())
        graph = graph.append(of_few_values(rng, scores, x), source)
    return graph.append(ArgMax())


def every_integer_op(seed: int = 0, dtype: str = "int8", *, signals: bool = True) -> Graph:
    """One graph with every integer op, and a classifier; without ``signals`` fewer ops."""
    rng = np.random.default_rng(seed)
    x = input_spec((6, 7, 2), dtype)
    graph = Graph(x, classes=np.array(["a", "b", "c", "d"]))
    graph = add_conv_ops(graph, rng, (3, 2), padding=((1, 1), (1, 2)), stride=(2, 2))
    graph = add_conv_ops(graph, rng, (2, 3), padding=((1, 0), (1, 2)), pad_mode="circular")
    graph = add_conv_ops(graph, rng, (2, 2), dilation=(2, 3))
    separated = separable(np.random.default_rng(seed), x, (3, 3, 2, 2), stride=(1, 2))
    graph = graph.append(separated, "input")
    graph = add_map_ops(graph, rng, (2, 3), (2, 2))
    graph = add_network_ops(graph, rng)
    rule = replace(requantization(rng, x.magnitude, "int16"), minimum=-23000, maximum=23000)
    graph = graph.append(Rescale(rule), "input").append(Magnitude())
    graph = add_examples(graph)
    if signals:
        graph = add_sound_ops(graph, rng)
        graph = add_rocket(graph, np.random.default_rng(seed))
        graph = add_winners_and_quantiles(graph, np.random.default_rng(seed))
        graph = add_filters(graph, np.random.default_rng(seed))
    graph = add_vector_ops(graph, rng, "maxpool")
    if signals:
        graph = add_neighbours(graph, np.random.default_rng(seed), "flat")
        graph = add_columns(graph, np.random.default_rng(seed), "flat")
        graph = add_quadratic(graph, np.random.default_rng(seed), "flat")
        graph = add_trees(graph, np.random.default_rng(seed), "flat")
    return verify(add_kernel_machines(graph, rng, "flat"))


def add_examples(graph: Graph) -> Graph:
    """What is missing of the ops on maps of any size that are the same on floats and integers."""
    examples = [node.op for example in example_graphs().values() for node in example.nodes]
    for op in examples:
        is_known = any(type(node.op) is type(op) for node in graph.nodes)
        if op.domains == BOTH and op.facts.role in ("entrywise", "pixelwise") and not is_known:
            graph = graph.append(op.in_units(graph.input), "input")
    return graph


def small_classifier(seed: int = 0) -> Graph:
    """A layer of each kind, and one of four classes: where not every op matters."""
    rng = np.random.default_rng(seed)
    graph = Graph(input_spec((6, 7, 2), "int8"), classes=np.array(["a", "b", "c", "d"]))
    graph = graph.append(qconv(rng, graph.input, 4, (3, 2))).append(Abs())
    graph = graph.append(Reshape((graph.output.size,)))
    weights = rng.integers(-120, 121, (4, graph.output.size)).astype(np.int8)
    return verify(graph.append(QLinear(weights, np.zeros(4, np.int32), 0.1)).append(ArgMax()))
