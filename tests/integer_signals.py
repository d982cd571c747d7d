"""Integer ops of signals, with tables of any numbers: what the C tests run beside the other ops."""

from __future__ import annotations

from dataclasses import fields, replace
from functools import cache

import numpy as np

from skconv.graph import (
    BandPower,
    Concat,
    Graph,
    IntervalQuantiles,
    Log,
    Op,
    Power,
    QBiquads,
    QEuclideanNorm,
    QLinear,
    QLog,
    QMicroBands,
    QMicroLevels,
    QNoiseSuppression,
    QPower,
    QPowerNormalize,
    QSubtractMean,
    Reshape,
    TensorSpec,
)
from skconv.graph.biquads import LARGEST_SIGNAL
from skconv.graph.centring import accumulator_bound
from skconv.graph.integer_spectra import BandsOp, LogOp, PowerOp
from skconv.graph.micro_frontend import MicroBands, MicroLevels
from skconv.graph.quantiles import LARGER
from skconv.passes.lower_filters import sections
from skconv.passes.quantize import quantize
from skconv.passes.scales import requantization
from skconv.runtime import reference
from skconv.signals.quant import dyadic_intervals
from skconv.testing import chain, micro_frontend, mini_rocket, winner_counts

FRAME, HOP = 16, 10
# The most that a logarithm of 64 binary places above the floor leaves room for.
LOG_SHIFT = 8


@cache
def _lowered(kind: str, length: int, dtype: str, magnitude: int) -> Op:
    """The integer op of a float one, for a signal of so many integers up to a magnitude."""
    rng = np.random.default_rng(length)
    bank = np.maximum(rng.normal(size=(FRAME // 2 + 1, 3)), 0).astype(np.float32)
    bands = BandPower(np.hanning(FRAME).astype(np.float32), bank, HOP)
    behind = {"log": (Log(),), "power": (Power(0.1),), "bands": ()}[kind]
    graph = chain(bands, *behind, shape=(1, length, 1))
    low = max(-magnitude, np.iinfo(dtype).min)
    device = TensorSpec((1, length, 1), dtype, 1.0, minimum=low, maximum=magnitude)
    ranges = dict.fromkeys(graph.specs, (0.0, 20.0))
    return quantize(graph, ranges, device=device, output_bits=16).nodes[-1].op


def fits_bands(x: TensorSpec) -> bool:
    """Whether it is a signal of one channel that has a frame."""
    is_signal = len(x.shape) == 3 and max(x.shape[:2]) == x.size
    return is_signal and x.size >= FRAME and x.dtype != "int32" and x.magnitude > 0


def bands(kind: str, x: TensorSpec) -> BandsOp:
    op = _lowered(kind, x.size, x.dtype, x.magnitude)
    assert isinstance(op, BandsOp)
    return op


def logarithm(rng: np.random.Generator, kind: str) -> Op:
    """The logarithm or the power of integers, above a random floor or below a random top."""
    op = _lowered(kind, 4 * FRAME, "int16", 1000)
    offset = int(rng.integers(-30, 1)) << 16
    if isinstance(op, PowerOp):
        return QPower(offset, op.limit, op.exponent, op.requantization)
    assert isinstance(op, LogOp)
    # Below such a floor logarithms may be longer than that op's.
    rule = replace(op.requantization, shift=min(op.requantization.shift, LOG_SHIFT))
    return QLog(offset, rule)


def power_normalization(rng: np.random.Generator, x: TensorSpec) -> QPowerNormalize:
    """Power normalisation of integer powers, its ratios of any size."""
    op = _lowered("power", 4 * FRAME, "int16", 1000)
    assert isinstance(op, PowerOp)
    n_frames = x.shape[0] * x.shape[1]
    thresholds = (rng.uniform(0, 3, x.shape[2]) + np.log2(n_frames)) * 2**16
    return QPowerNormalize(
        0,
        op.limit,
        op.exponent,
        op.requantization,
        int(rng.integers(0, 4)),
        int(rng.integers(0, 4)),
        thresholds=thresholds.astype(np.int32),
        floor=int(rng.integers(1, 9999)),
        n_steps=8,
        n_frames=n_frames,
        lowest=1,
    )


def add_micro_frontend(graph: Graph, rng: np.random.Generator, source: str) -> Graph:
    """Bands of a signal in the integers of TFLite-Micro, and their levels."""
    changes = ({}, {"gains": np.zeros(0, np.int16)}, {"log_shift": None})[int(rng.integers(3))]
    op = micro_frontend(rng, FRAME - 1, (FRAME, 2 * FRAME)[int(rng.integers(2))], **changes)
    for kind, integer in ((MicroBands, QMicroBands), (MicroLevels, QMicroLevels)):
        values = {field.name: getattr(op, field.name) for field in fields(kind)}
        graph = graph.append(integer(**values), source)
        source = graph.output_name
    return graph


def add_sound_ops(graph: Graph, rng: np.random.Generator) -> Graph:
    """Bands of the input as one long signal, in a row and in a column; logarithms of it."""
    size = graph.input.size
    for shape in ((1, size, 1), (size, 1, 1)):
        graph = graph.append(Reshape(shape), "input")
        source = graph.output_name
        for kind in ("log", "power", "bands"):
            graph = graph.append(bands(kind, graph.specs[source]), source)
        powers = graph.output_name
        graph = graph.append(power_normalization(rng, graph.output))
        graph = graph.append(noise_suppression(rng, graph.specs[powers]), powers)
        graph = add_micro_frontend(graph, rng, source)
    for kind in ("log", "power"):
        graph = graph.append(logarithm(rng, kind), "input")
    return graph


def spectrogram_of_seed(seed: int) -> Graph:
    """Powers of a random signal in bands, normalised, and less the mean of every band."""
    graph, rng = _signal(seed)
    graph = graph.append(bands("bands", graph.input))
    graph = graph.append(power_normalization(rng, graph.output))
    x = graph.output
    bound = accumulator_bound(x.shape[1], x)
    mean = requantization(1e-3, bound, TensorSpec(x.shape, "int16", 1.0))
    return graph.append(QSubtractMean(1, requantization=mean))


def add_filters(graph: Graph, rng: np.random.Generator) -> Graph:
    """Second-order sections of the input as long signals, and the length of their vectors."""
    for n_axes in (1, 3):
        length = graph.input.size // n_axes
        if length * n_axes != graph.input.size:
            continue
        graph = graph.append(Reshape((1, length, n_axes)), "input")
        x, source = graph.output, graph.output_name
        sos = np.array([[1, *rng.normal(size=2), 1, rng.uniform(-1, 1), rng.uniform(0, 0.9)]])
        tables, unit = sections(sos, x)
        rule = requantization(unit, LARGEST_SIGNAL, TensorSpec(x.shape, "int16", 3 * x.scale))
        graph = graph.append(QBiquads(1, **tables, requantization=rule), source)
        root = requantization(1.0, 2**16, TensorSpec(x.shape, "uint8", float(rng.uniform(1, 200))))
        graph = graph.append(QEuclideanNorm(n_axes, shift=0, requantization=root), source)
    return graph


def filters_of_seed(seed: int) -> Graph:
    """Filters of a random signal that reaches the ends of its type."""
    rng = np.random.default_rng(seed)
    dtype = str(rng.choice(["int8", "uint8", "int16"]))
    x = TensorSpec((1, int(rng.integers(1, 60)), int(rng.integers(1, 5))), dtype)
    return add_filters(Graph(x), rng)


def noise_suppression(rng: np.random.Generator, x: TensorSpec) -> QNoiseSuppression:
    """Noise suppression of integer powers."""
    op = _lowered("power", 4 * FRAME, "int16", 1000)
    assert isinstance(op, PowerOp)
    return QNoiseSuppression(
        int(rng.integers(-20, 1)) << 16,
        op.limit,
        op.exponent,
        op.requantization,
        int(rng.integers(0, 4)),
        int(rng.integers(0, 4)),
        n_frames=x.shape[0] * x.shape[1],
        n_bands=x.shape[2],
        lowest=1,
    )


def suppressed_noise_of_seed(seed: int) -> Graph:
    """Powers of a random signal in bands, without their noise."""
    graph, rng = _signal(seed)
    graph = graph.append(bands("bands", graph.input))
    return graph.append(noise_suppression(rng, graph.output))


def micro_frontend_of_seed(seed: int) -> Graph:
    """A random signal in the integers of TFLite-Micro's front end."""
    graph, rng = _signal(seed)
    return add_micro_frontend(graph, rng, "input")


def _signal(seed: int) -> tuple[Graph, np.random.Generator]:
    """An input of one channel, with at least two frames."""
    rng = np.random.default_rng(seed)
    dtype = str(rng.choice(["int8", "uint8", "int16"]))
    return Graph(TensorSpec((1, int(rng.integers(2, 5)) * FRAME, 1), dtype)), rng


def add_rocket(graph: Graph, rng: np.random.Generator) -> Graph:
    """Counts of random convolutions of the input as one long signal."""
    graph = graph.append(Reshape((1, graph.input.size, 1)), "input")
    x = replace(graph.output, scale=1 / graph.output.magnitude)
    return graph.append(mini_rocket(rng, x.size, 1).in_units(x))


def rocket_scores(seed: int) -> Graph:
    """The same of several channels, and a linear layer that adds the counts up."""
    rng = np.random.default_rng(seed)
    dtype, channels = ("int8", "int16", "uint8")[seed % 3], 1 + seed % 4
    graph = Graph(TensorSpec((1, int(rng.integers(9, 60)), channels), dtype))
    x = replace(graph.input, scale=1 / graph.input.magnitude)
    op = mini_rocket(rng, x.shape[1], channels).in_units(x)
    weights = rng.integers(-99, 100, (3, len(op.biases))).astype(np.int16)
    return graph.append(op).append(QLinear(weights, np.zeros(3, np.int32)))


def signal_of_seed(seed: int) -> Graph:
    """Competing kernels and quantiles of a random signal, in integers."""
    rng = np.random.default_rng(seed)
    length, channels = int(rng.integers(9, 30)), int(rng.integers(1, 4))
    dtype = str(rng.choice(["int8", "uint8", "int16"]))
    shape = (2 * int(rng.integers(1, 4)), int(rng.integers(2, 6)), int(rng.choice([3, 5, 9])))
    graph = Graph(TensorSpec((1, length, channels)))
    names = []
    for op in (winner_counts(rng, shape, length, channels), _quantiles(rng, length)):
        graph = graph.append(op, "input")
        names.append(graph.output_name)
    graph = graph.append(Concat(), *names)
    info = np.iinfo(dtype)
    numbers = rng.choice([info.min, 0, info.max], (20, *graph.input.shape))
    ranges = {
        name: (float(values.min(initial=0)), float(values.max(initial=0)))
        for name, values in reference.tensors(graph, numbers).items()
    }
    return quantize(graph, ranges, input_dtype=dtype, input_scale=1.0)


def _quantiles(rng: np.random.Generator, length: int) -> IntervalQuantiles:
    kind = str(rng.choice(list(LARGER)))
    intervals = dyadic_intervals(length - 2, int(rng.integers(1, 5)))
    return IntervalQuantiles(intervals, length, int(rng.integers(1, 5)), kind)


def add_winners_and_quantiles(graph: Graph, rng: np.random.Generator) -> Graph:
    """Competing kernels and quantiles of the input as one long signal."""
    graph = graph.append(Reshape((1, graph.input.size, 1)), "input")
    signal, length = graph.output_name, graph.output.shape[1]
    for op in (winner_counts(rng, (2, 3, 5), length, 1), _quantiles(rng, length)):
        alone = chain(op, shape=graph.specs[signal].shape)
        ranges = dict.fromkeys(alone.specs, (-500.0, 500.0))
        integer = quantize(alone, ranges, device=graph.specs[signal], output_bits=16)
        graph = graph.append(integer.nodes[-1].op, signal)
    return graph
