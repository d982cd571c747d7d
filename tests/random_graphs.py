"""Integer graphs drawn by hypothesis: any op on any tensor that it is legal on.

A graph grows by *steps*. A step is one op, or a stage that fusion makes one op of. What an op
may read is its own `output` method's business: a step is only offered the tensors on which it
can be legal, and its weights are as large as the accumulator allows, but no larger. Numbers
at the ends of their types are drawn far more often than chance would have them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import permutations, product
from typing import Any

import numpy as np
from hypothesis import strategies as st

from skconv.graph import (
    Abs,
    ArgMax,
    BlockHistogram,
    BothSigns,
    Concat,
    Graph,
    Hash,
    Magnitude,
    MaxPool,
    Op,
    OvoVote,
    Permute,
    QAffine,
    QConv,
    QConvHash,
    QKernelMachine,
    QL2Pool,
    QLinear,
    QMeanPool,
    QNormalize,
    QSquare,
    QTentPool,
    Relu,
    Rescale,
    Reshape,
    Select,
    Sign,
    Softmax,
    SoftThreshold,
    TensorSpec,
    TentPool,
    Threshold,
    verify,
)
from skconv.graph.limits import ACCUMULATOR_MAX
from skconv.passes.lower_probabilities import integer_probabilities
from tests import random_elementwise as elementwise
from tests import random_nonlinearities as nonlinear
from tests import random_signals as signals
from tests.integer_graphs import kernel_machine, of_few_values, requantization

MOST_CHANNELS = 17
LONGEST_SIDE = 20
LARGEST_TENSOR = 2400
MOST_MACS = 20_000
NARROW = {"uint8": (0, 255), "int8": (-127, 127), "int16": (-32767, 32767)}
SHORT = {"uint8": (3, 200), "int8": (-90, 70), "int16": (-1500, 1400)}
INPUT_DTYPES = tuple(NARROW)
RESULT_DTYPES = ("int8", "uint8", "int16")
SMALL_BIAS = 2000


@dataclass(frozen=True)
class Drawing:
    """Where choices come from: ``pick(low, high)`` gives each of them, ``rng`` the arrays."""

    pick: Callable[[int, int], int]
    rng: np.random.Generator

    def integer(self, low: int, high: int) -> int:
        return self.pick(low, max(low, int(high)))

    def one_of(self, *choices: Any) -> Any:
        return choices[self.pick(0, len(choices) - 1)]

    def sometimes(self) -> bool:
        """One time in four."""
        return self.pick(0, 3) == 3

    def array(self, shape: tuple[int, ...], low: int, high: int, dtype: Any) -> np.ndarray:
        """Any numbers, those at the ends, the lowest only, or mostly zeros."""
        style = self.one_of("any", "ends", "lowest", "sparse")
        if style == "lowest":
            return np.full(shape, low, dtype)
        if style == "ends":
            return self.rng.choice([low, high], shape).astype(dtype)
        numbers = self.rng.integers(low, high + 1, shape)
        if style == "sparse":
            numbers *= self.rng.random(shape) < 0.2
        return numbers.astype(dtype)

    def weights(self, shape: tuple[int, ...], x: TensorSpec, dtype: Any = np.int8) -> np.ndarray:
        """As large as the type is, and the accumulator allows."""
        terms = int(np.prod(shape[1:]))
        room = (ACCUMULATOR_MAX - SMALL_BIAS) // max(1, terms * x.magnitude)
        info = np.iinfo(dtype)
        return self.array(shape, max(info.min, -room), min(info.max, room), dtype)

    def bias(self, weights: np.ndarray, x: TensorSpec) -> np.ndarray:
        """Small, or as large as the accumulator allows."""
        rows = np.abs(weights.astype(np.int64)).reshape(len(weights), -1).sum(axis=1)
        room = ACCUMULATOR_MAX - int(rows.max()) * x.magnitude
        largest = room if self.sometimes() else min(room, SMALL_BIAS)
        return self.array((len(weights),), -largest, largest, np.int32)

    def rule(self, bound: int, channels: int, dtypes: tuple[str, ...] = RESULT_DTYPES):
        """A requantisation: usual, with limits of its own, or with an extreme multiplier."""
        dtype = self.one_of(*dtypes)
        rule = requantization(self.rng, bound, dtype, self.one_of(1, channels))
        info = np.iinfo(dtype)
        style = self.one_of(
            "usual", "usual", "usual", "whole", "short", "short", "multiplier", "shift"
        )
        if style == "whole":
            return replace(rule, minimum=int(info.min), maximum=int(info.max))
        if style == "short":
            return replace(rule, minimum=SHORT[dtype][0], maximum=SHORT[dtype][1])
        if style == "multiplier":
            ends = self.rng.choice(np.array([1, 2**31 - 1], np.int32), len(rule.multiplier))
            return replace(rule, multiplier=ends)
        if style == "shift":
            return replace(rule, shift=self.integer(0, rule.shift))
        return rule


# ------------------------------------------------------------------------------- ops on maps

Offer = tuple[Callable[[TensorSpec], bool], Callable[[Drawing, TensorSpec], Op]]


def is_map(x: TensorSpec) -> bool:
    return len(x.shape) == 3 and x.dtype != "int32"


def is_vector(x: TensorSpec) -> bool:
    return len(x.shape) == 1


def is_short_vector(x: TensorSpec) -> bool:
    return is_vector(x) and x.dtype != "int32"


def any_geometry(d: Drawing, x: TensorSpec) -> dict[str, Any]:
    """Kernel size, strides, dilations and padding that fit the map."""
    sizes, steps, spreads, pads = [], [], [], []
    circular = d.sometimes()
    padded = d.one_of(False, True)
    for side in x.shape[:2]:
        size = d.integer(1, min(5, side))
        most = min(2, side) if padded else 0
        pad = (d.integer(0, most), d.integer(0, most))
        reach = (side + sum(pad) - 1) // max(1, size - 1)
        spreads.append(d.integer(1, min(3, reach)) if d.sometimes() else 1)
        steps.append(d.integer(1, 3) if d.sometimes() else 1)
        sizes.append(size)
        pads.append(pad)
    return {
        "size": tuple(sizes),
        "stride": tuple(steps),
        "dilation": tuple(spreads),
        "padding": tuple(pads),
        "pad_mode": "circular" if circular else "zero",
    }


def conv_parts(d: Drawing, x: TensorSpec, multiple: int = 1) -> dict[str, Any]:
    """A bank of kernels, of any form: dense, grouped, one per channel, or shared."""
    geometry = any_geometry(d, x)
    size = geometry.pop("size")
    channels = x.shape[2]
    form = d.one_of("dense", "dense", "dense", "grouped", "depthwise", "shared")
    divisors = [g for g in range(1, channels + 1) if channels % g == 0]
    groups = {"grouped": d.one_of(*divisors), "depthwise": channels}.get(form, 1)
    depth = 1 if form == "shared" else channels // groups
    copies = channels if form == "shared" else 1
    step = np.lcm(groups, multiple)
    probe = QConvHash(np.zeros((step, *size, depth), np.int8), np.zeros(step, np.int32),
                      **geometry, groups=groups, shared=form == "shared", n_bits=1)  # fmt: skip
    entries = int(np.prod(probe.map_shape(x)))
    most = min(MOST_CHANNELS // (step * copies), LARGEST_TENSOR // entries,
               MOST_MACS // probe.macs(x))  # fmt: skip
    n_kernels = step * (1 if form == "depthwise" else d.integer(1, most))
    weights = d.weights((int(n_kernels), *size, depth), x)
    return {
        "weights": weights,
        "bias": d.bias(weights, x),
        **geometry,
        "groups": groups,
        "shared": form == "shared",
    }


def conv(d: Drawing, x: TensorSpec) -> QConv:
    parts = conv_parts(d, x)
    bound = QConvHash(**parts).accumulator_bound(x)
    return QConv(**parts, requantization=d.rule(bound, len(parts["bias"])))


def conv_hash(d: Drawing, x: TensorSpec) -> QConvHash:
    bits = d.integer(1, 4)
    return QConvHash(**conv_parts(d, x, bits), n_bits=bits)


def window(d: Drawing, x: TensorSpec, *, overlaps: bool) -> tuple[tuple[int, int], ...]:
    """Size and stride of a pooling."""
    size = tuple(d.integer(1, min(4, side)) for side in x.shape[:2])
    if overlaps:
        return size, tuple(d.integer(1, 4) for _ in size)
    return size, tuple(side + d.one_of(0, 0, 0, 1) for side in size)


def pooling(d: Drawing, x: TensorSpec, *, overlaps: bool | None = None) -> Op:
    if overlaps is None:
        overlaps = d.one_of(False, True)
    geometry = window(d, x, overlaps=overlaps)
    area = int(np.prod(geometry[0]))
    squares = area * x.magnitude**2
    kinds = [MaxPool, QMeanPool, QTentPool, *([QL2Pool] if squares <= ACCUMULATOR_MAX else [])]
    kind = d.one_of(*kinds)
    if kind is MaxPool:
        return MaxPool(*geometry)
    weight = TentPool(*geometry).weight if kind is QTentPool else area
    bound = round(np.sqrt(squares)) if kind is QL2Pool else weight * x.magnitude
    return kind(*geometry, requantization=d.rule(bound, x.shape[2]))


def histogram(d: Drawing, x: TensorSpec) -> BlockHistogram:
    return BlockHistogram(*window(d, x, overlaps=d.one_of(False, True)), x.limits[1] + 1)


def holds_codes(x: TensorSpec) -> bool:
    """Whether counts of every code, in blocks anywhere, are not too many."""
    return is_map(x) and x.limits[0] >= 0 and x.size * (x.limits[1] + 1) <= LARGEST_TENSOR


def permute(d: Drawing, x: TensorSpec) -> Permute:
    return Permute(d.one_of(*permutations(range(len(x.shape)))))


def reshape(d: Drawing, x: TensorSpec) -> Reshape:
    """A vector, or a map of other sides."""
    sides = [n for n in range(1, LONGEST_SIDE + 1) if x.size % n == 0]
    shapes = [
        (h, w, x.size // (h * w))
        for h, w in product(sides, sides)
        if x.size % (h * w) == 0 and x.size // (h * w) <= MOST_CHANNELS
    ]
    return Reshape(d.one_of((x.size,), (x.size,), *shapes[:40]))


# --------------------------------------------------------------------------- ops on any tensor


def fits_abs(x: TensorSpec) -> bool:
    return x.magnitude <= np.iinfo(x.dtype).max


def fits_both_signs(x: TensorSpec) -> bool:
    return fits_abs(x) and 2 * x.size <= LARGEST_TENSOR and 2 * x.shape[-1] <= 2 * MOST_CHANNELS


def fits_magnitude(x: TensorSpec) -> bool:
    largest = round(np.sqrt(2.0) * x.magnitude)
    return x.shape[-1] % 2 == 0 and largest <= np.iinfo(x.dtype).max and (
        x.dtype != "int32"
    )  # fmt: skip


def soft_threshold(d: Drawing, x: TensorSpec) -> SoftThreshold:
    threshold = d.array((x.shape[-1],), 0, min(x.magnitude, 32767), np.int16)
    return SoftThreshold(threshold, d.sometimes())


def square(d: Drawing, x: TensorSpec) -> QSquare:
    return QSquare(d.rule(x.magnitude**2, x.shape[-1]))


def rescale(d: Drawing, x: TensorSpec) -> Rescale:
    return Rescale(d.rule(x.magnitude, x.shape[-1]))


def hashing(d: Drawing, x: TensorSpec) -> Hash:
    return Hash(d.one_of(*(n for n in range(1, 9) if x.shape[-1] % n == 0)))


# ----------------------------------------------------------------------------- ops on vectors


def select(d: Drawing, x: TensorSpec) -> Select:
    n = d.integer(1, min(x.size, 40))
    return Select(d.rng.integers(0, x.size, n).astype(d.one_of(np.uint16, np.int32)))


def affine(d: Drawing, x: TensorSpec) -> QAffine:
    factors = d.weights((x.size, 1), x, np.int16)
    offsets = d.bias(factors, x)
    bound = int((np.abs(factors[:, 0].astype(np.int64)) * x.magnitude
                 + np.abs(offsets.astype(np.int64))).max())  # fmt: skip
    return QAffine(factors[:, 0], offsets, d.rule(bound, x.size))


def normalize(d: Drawing, x: TensorSpec) -> QNormalize:
    squared = x.size * x.magnitude**2 <= ACCUMULATOR_MAX
    return QNormalize(d.one_of("l1", "max", *(["l2"] if squared else [])))


def linear(d: Drawing, x: TensorSpec, *, scores: bool | None = None) -> QLinear:
    """Scores, or a layer that is requantised."""
    n = d.integer(1, min(12, max(1, MOST_MACS // x.size)))
    weights = d.weights((n, x.size), x, d.one_of(np.int8, np.int16))
    layer = QLinear(weights, d.bias(weights, x), 0.1)
    if not (scores if scores is not None else d.one_of(False, True)):
        layer = replace(layer, requantization=d.rule(layer.output(x).limits[1], n))
    is_read = np.arange(x.size) % 4 == 1 if n % 3 == 0 else np.ones(x.size, bool)
    return replace(layer, weights=layer.weights * is_read)  # a third of them is pruned


def holds_scores(x: TensorSpec) -> bool:
    return is_vector(x) and x.dtype == "int32"


def fits_machine(x: TensorSpec) -> bool:
    low, high = x.limits
    return (
        len(x.shape) == 1
        and x.dtype in INPUT_DTYPES
        and low < high
        and x.size <= 400
        and x.size * max(x.magnitude, high - low) ** 2 <= ACCUMULATOR_MAX // 2
    )


def machine(d: Drawing, x: TensorSpec) -> QKernelMachine:
    """Pairs of classes, or scores that share the support vectors."""
    kernel = d.one_of("laplacian", "rbf", "poly")
    offset = d.one_of(0, 1234, -500) if kernel == "poly" else 0
    if d.one_of(False, True):
        counts = tuple(d.integer(1, 6) for _ in range(d.integer(2, 4)))
        found = kernel_machine(d.rng, x, kernel, counts, offset)
        return of_few_values(d.rng, found, x) if d.one_of(False, True) else found
    n_vectors, n_scores = d.integer(1, 9), d.integer(1, 5)
    shared = kernel_machine(d.rng, x, kernel, (n_vectors,), offset)
    coefficients = d.array((n_scores, n_vectors), -32768, 32767, np.int16)
    intercept = d.rng.integers(-(2**44), 2**44, n_scores)
    return replace(shared, dual_coef=coefficients, intercept=intercept, n_support=())


# ----------------------------------------------------------------------------------- graphs

ON_MAPS: tuple[Offer, ...] = (
    *8 * ((is_map, conv),),
    (is_map, conv_hash),
    (is_map, pooling),
    (is_map, pooling),
    (holds_codes, histogram),
    (is_map, hashing),
    (is_map, nonlinear.median),
    (nonlinear.fits_contrast, nonlinear.contrast),
    *elementwise.ON_MAPS,
)
ON_VECTORS: tuple[Offer, ...] = (
    (is_short_vector, linear),
    (is_short_vector, affine),
    (is_short_vector, normalize),
    (fits_machine, machine),
    (fits_machine, machine),
    (is_vector, select),
    *4 * ((holds_scores, lambda d, x: integer_probabilities(Softmax(), x)),),
    (is_short_vector, hashing),
)
ON_ANY: tuple[Offer, ...] = (
    (lambda x: True, lambda d, x: Relu()),
    (fits_abs, lambda d, x: Abs()),
    (fits_both_signs, lambda d, x: BothSigns()),
    (fits_both_signs, soft_threshold),
    *3 * ((fits_magnitude, lambda d, x: Magnitude()),),
    (lambda x: x.magnitude < 2**15, square),
    (lambda x: x.magnitude < 2**15, rescale),
    (lambda x: True, nonlinear.clip),
    (lambda x: True, lambda d, x: Sign()),
    (nonlinear.fits_nearest, nonlinear.k_nearest),
    (nonlinear.fits_triangle, nonlinear.random_triangle),
    (nonlinear.fits_root, nonlinear.root),
    (elementwise.fits_table, elementwise.table),
    (lambda x: True, permute),
    (lambda x: True, reshape),
)
NONLINEARITIES: tuple[Offer, ...] = ON_ANY[:7]


def offers(x: TensorSpec, among: tuple[Offer, ...]) -> list[Callable[[Drawing, TensorSpec], Op]]:
    return [make for is_legal, make in among if is_legal(x)]


def add_stage(d: Drawing, graph: Graph, source: str) -> Graph:
    """What fusion looks for: convolution, nonlinearity, pooling, linear head."""
    if d.sometimes():
        graph = graph.append(conv_hash(d, graph.specs[source]), source)
        if not holds_codes(graph.output):
            return graph
        blocks = window(d, graph.output, overlaps=d.sometimes())
        graph = graph.append(BlockHistogram(*blocks, graph.output.limits[1] + 1))
    else:
        graph = graph.append(conv(d, graph.specs[source]), source)
        if d.one_of(False, True):
            graph = graph.append(d.one_of(*offers(graph.output, NONLINEARITIES))(d, graph.output))
        graph = graph.append(pooling(d, graph.output, overlaps=d.sometimes()))
    graph = nonlinear.sometimes_rooted(d, graph)
    if d.sometimes():
        return graph
    graph = graph.append(Reshape((graph.output.size,)))
    if isinstance(graph.nodes[-2].op, MaxPool) and d.one_of(False, True):
        graph = graph.append(rescale(d, graph.output))
    graph = nonlinear.sometimes_rooted(d, graph)
    if d.one_of(False, True):
        graph = graph.append(linear(d, graph.output, scores=True))
    return graph


def add_step(d: Drawing, graph: Graph) -> Graph:
    """One op or one stage, on the last tensor or, at times, on an earlier one."""
    specs = graph.specs
    source = d.one_of(*specs) if d.sometimes() else graph.output_name
    x = specs[source]
    if is_map(x) and (d.sometimes() or (x.shape[2] == 1 and d.sometimes())):
        return add_stage(d, graph, source)
    if nonlinear.fits_contrast(x) and d.sometimes() and d.sometimes():
        return nonlinear.add_division(d, graph, source)
    if elementwise.fits_pair(x) and d.sometimes() and d.sometimes():
        return elementwise.add_pair(d, graph, source)
    own = offers(x, ON_MAPS if len(x.shape) == 3 else ON_VECTORS)
    make = d.one_of(*own, *own, *offers(x, ON_ANY), None)
    if make is None:
        twins = [name for name, spec in specs.items() if spec == x]
        return graph.append(Concat(), source, d.one_of(*twins))
    return graph.append(make(d, x), source)


def add_decision(d: Drawing, graph: Graph) -> Graph:
    """A decision on what can be one: on scores of a last layer where there are none yet."""
    x = graph.output
    if len(x.shape) == 3:
        graph = graph.append(Reshape((x.size,)))
    if graph.output.dtype != "int32":
        make = d.one_of(*offers(graph.output, ((is_short_vector, linear), (fits_machine, machine)))
                        or [lambda d, x: Select(np.zeros(1, np.int32))])  # fmt: skip
        graph = graph.append(make(d, graph.output))
    if graph.output.size > 1 and d.sometimes():
        graph = graph.append(Select(np.zeros(1, np.int32)))
    n = graph.output.size
    classes = next((c for c in range(2, 9) if c * (c - 1) // 2 == n), 0)
    if classes and d.one_of(False, True):
        graph = graph.append(OvoVote(classes))
    return graph.append(Threshold() if n == 1 and graph.output.size == 1 else ArgMax())


def input_spec(d: Drawing) -> TensorSpec:
    dtype = d.one_of(*INPUT_DTYPES)
    low, high = d.one_of((None, None), NARROW[dtype], SHORT[dtype], SHORT[dtype])
    if not d.sometimes():
        height, width = d.integer(3, LONGEST_SIDE), d.integer(3, LONGEST_SIDE)
        most = min(MOST_CHANNELS, LARGEST_TENSOR // (height * width))
        shape = (height, width, d.one_of(1, d.integer(1, most), d.integer(1, most)))
        return TensorSpec(shape, dtype, 0.01, low, high)
    return TensorSpec((d.integer(1, 100),), dtype, 0.01, low, high)


def grown(d: Drawing) -> Graph:
    graph = Graph(input_spec(d))
    n_ops = d.integer(1, 6)
    while len(graph.nodes) < n_ops:
        graph = add_step(d, graph)
    if d.sometimes():
        graph = signals.add_sound(d, graph)
    if d.one_of(False, True):
        graph = add_decision(d, graph)
    return verify(graph)


def of_seed(seed: int) -> Graph:
    """All choices from one number: as widely spread as the steps mean them to be."""
    rng = np.random.default_rng(seed)
    return grown(Drawing(lambda low, high: int(rng.integers(low, high + 1)), rng))


@st.composite
def graphs(draw: Callable[[Any], Any]) -> Graph:
    """Every choice is hypothesis's own: a graph that fails shrinks."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    return grown(Drawing(lambda low, high: draw(st.integers(low, high)), rng))
