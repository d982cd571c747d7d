"""Helpers for your own tests: small graphs of every op, and comparison of runtimes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from skconv.graph import (
    Above,
    Abs,
    Activation,
    Add,
    Affine,
    ArgMax,
    BandPower,
    Biquads,
    BlockHistogram,
    BothSigns,
    Clip,
    Concat,
    Conv,
    Divide,
    EuclideanNorm,
    Graph,
    Hash,
    IntervalQuantiles,
    KernelMachine,
    KNearest,
    L2Pool,
    Linear,
    LocalContrast,
    Log,
    Magnitude,
    MaxPool,
    MeanPool,
    Median,
    MicroFrontend,
    MiniRocket,
    Multiply,
    NoiseSuppression,
    Normalize,
    Op,
    OvoVote,
    Pad,
    Permute,
    Power,
    PowerNormalize,
    Relu,
    Reshape,
    Resize,
    Root,
    Select,
    Sign,
    SoftThreshold,
    Square,
    SubtractMean,
    SumPool,
    TensorSpec,
    Threshold,
    Triangle,
    Upsample,
    WinnerCounts,
    verify,
)
from skconv.graph.elementwise import ActivationFunction
from skconv.graph.quantiles import Representation
from skconv.graph.spectra import band_runs

MAP = (8, 10, 2)


def conv(rng: np.random.Generator, shape: tuple[int, int, int, int], **geometry: Any) -> Conv:
    """A convolution with random kernels ``(n_kernels, height, width, channels)`` and biases."""
    weights = rng.normal(size=shape).astype(np.float32)
    return Conv(weights, rng.normal(size=shape[0]).astype(np.float32), **geometry)


def linear(rng: np.random.Generator, n_outputs: int, n_inputs: int) -> Linear:
    """A linear layer with random weights."""
    weights = rng.normal(size=(n_outputs, n_inputs)) / np.sqrt(n_inputs)
    return Linear(weights.astype(np.float32), rng.normal(size=n_outputs).astype(np.float32))


def kernel_machine(rng: np.random.Generator, kernel: str, n_features: int) -> KernelMachine:
    """A kernel machine for three classes with random support vectors."""
    return KernelMachine(
        kernel,  # type: ignore[arg-type]
        rng.normal(size=(15, n_features)).astype(np.float32),
        rng.normal(size=(2, 15)).astype(np.float32),
        rng.normal(size=3).astype(np.float32),
        (6, 5, 4),
        gamma=0.3 / n_features,
        coef0=1.0,
    )


def chain(*ops: Op, shape: tuple[int, ...] = MAP) -> Graph:
    """A float graph of ops one after the other."""
    graph = Graph(TensorSpec(shape))
    for op in ops:
        graph = graph.append(op)
    return verify(graph)


def example_graphs(seed: int = 0) -> dict[str, Graph]:
    """Small float graphs that together use every float op but `Quantized`.

    Examples
    --------
    >>> from skconv.testing import assert_runtimes_agree, example_graphs, example_samples
    >>> graph = example_graphs()["conv"]
    >>> assert_runtimes_agree(graph, example_samples(graph))
    """
    rng = np.random.default_rng(seed)
    return (
        _map_examples(rng)
        | _vector_examples(rng)
        | _few_level_examples(np.random.default_rng(seed))
        | {"union": _union(rng)}
        | _sound_examples(np.random.default_rng(seed))
        | _network_examples(np.random.default_rng(seed))
        | _signal_examples(np.random.default_rng(seed))
    )


def _map_examples(rng: np.random.Generator) -> dict[str, Graph]:
    around = ((1, 1), (2, 1))
    return _patch_examples(rng) | {
        "conv": chain(conv(rng, (4, 3, 3, 2), padding=around), Abs(), MeanPool((2, 2), (2, 2))),
        "stride": chain(conv(rng, (4, 3, 2, 2), stride=(2, 3)), Relu(), MaxPool((2, 2), (1, 2))),
        "dilation": chain(conv(rng, (4, 3, 2, 2), dilation=(2, 3)), L2Pool((3, 3), (1, 2))),
        "circular": chain(
            conv(rng, (4, 3, 4, 2), padding=around, pad_mode="circular"), Magnitude()
        ),
        "groups": chain(conv(rng, (4, 3, 3, 1), groups=2), BothSigns(), MeanPool((3, 2), (2, 2))),
        "depth": chain(
            conv(rng, (4, 3, 3, 2)), Abs(), conv(rng, (3, 3, 3, 4)), Square(), MeanPool()
        ),
        "hash": chain(
            conv(rng, (2, 3, 3, 2), padding=around),
            conv(rng, (4, 3, 3, 1), padding=around, shared=True),
            Hash(4),
            BlockHistogram((3, 3), (2, 2), 16),
        ),
        "shared": chain(conv(rng, (3, 3, 3, 1), shared=True), Relu(), MaxPool()),
        "relu": chain(Relu(), MaxPool()),
        "sum": chain(conv(rng, (3, 3, 3, 2)), Relu(), SumPool((2, 3), (1, 2))),
        "soft threshold": chain(
            conv(rng, (3, 3, 3, 2)), SoftThreshold(np.array([0, 0.5, 1], "f4")), MeanPool()
        ),
        "root": chain(
            conv(rng, (3, 3, 3, 2)), SoftThreshold(np.array([0, 0.5, 1], "f4")), MeanPool(), Root()
        ),
        "signed root": chain(Root(), MeanPool()),
        "one sign": chain(SoftThreshold(np.array([0.2, 0.4], "f4"), both_signs=False)),
        "means": chain(
            SubtractMean(), conv(rng, (3, 3, 3, 2)), SubtractMean(1), L2Pool((6, 8), (6, 8))
        ),
        "bare hash": chain(Permute((1, 0, 2)), Hash(2)),
    }


def _patch_examples(rng: np.random.Generator) -> dict[str, Graph]:
    """Nonlinearities of a pixel, and ops that look at the patch around it."""
    around = ((1, 1), (2, 1))
    kernels = conv(rng, (6, 3, 3, 2))
    centroids = rng.normal(size=(5, 6)).astype(np.float32)
    return {
        "clip": chain(kernels, Clip(-0.5, 3.0), MeanPool()),
        "bare clip": chain(Clip(0.3, 0.8), MaxPool()),
        "sign": chain(kernels, Sign(), MeanPool()),
        "bare sign": chain(Sign()),
        "k nearest": chain(kernels, KNearest(4), MeanPool()),
        "one-sided k nearest": chain(kernels, KNearest(2, both_signs=False), MeanPool()),
        "median": chain(Median(padding=((1, 1), (1, 1))), Median(stride=(2, 1)), Abs()),
        "circular median": chain(Median(padding=around, pad_mode="circular")),
        "triangle": chain(kernels, Triangle(centroids), MeanPool()),
        "vector triangle": chain(Triangle(centroids), shape=(6,)),
        "contrast": divided(Graph(TensorSpec(MAP)), LocalContrast(eps=0.1), kernels),
        "channel contrast": divided(
            chain(conv(rng, (3, 3, 3, 2)), Relu()),
            LocalContrast((3, 4), (2, 1), around, "circular", "channel", 0.01),
            conv(rng, (2, 3, 4, 3), stride=(2, 1), padding=around, pad_mode="circular"),
        ),
        "divisive": divided(
            chain(conv(rng, (3, 3, 3, 2))),
            LocalContrast((3, 3), padding=((1, 1), (1, 1)), remove_mean=None, eps=0.01),
        ),
        "contrast map": chain(LocalContrast((2, 3), (2, 2), eps=0.5), MaxPool((2, 1), (1, 1))),
    }


def _network_examples(rng: np.random.Generator) -> dict[str, Graph]:
    """The ops of deep networks."""
    around = ((1, 1), (1, 1))
    colours = np.linspace(0.5, 2, 2, dtype="f4")
    stem = chain(Affine(colours, -colours), conv(rng, (4, 3, 3, 2), padding=around), Relu())
    depthwise = conv(rng, (4, 3, 3, 1), padding=((0, 1), (0, 1)), stride=(2, 2), groups=4)
    thirds = resampling(5, 8), resampling(13, 10)
    activations = {
        function: chain(kernels, Activation(function))
        for function in get_args(ActivationFunction)
        for kernels in [conv(rng, (3, 2, 2, 2))]
    }
    return activations | {
        "residual": residual(stem, conv(rng, (4, 3, 3, 4), padding=around)),
        "gated": gated(chain(conv(rng, (4, 3, 3, 2))), conv(rng, (4, 1, 1, 4))),
        "squared gate": chain(conv(rng, (3, 2, 2, 2))).append(Multiply(), "conv", "conv"),
        "padded pooling": chain(Pad(around, "lowest"), MaxPool((3, 3), (2, 2))),
        "padded": chain(Pad(((0, 1), (2, 1))), conv(rng, (3, 3, 3, 2)), Abs()),
        "depthwise": chain(conv(rng, (4, 1, 1, 2)), Clip(0.0, 6.0), depthwise, MeanPool()),
        "up and down": chain(Upsample((2, 1)), MeanPool((4, 3), (4, 3)), Upsample((1, 3))),
        "resized": chain(Resize(*thirds), conv(rng, (2, 3, 3, 2)), Relu()),
        "chosen channels": chain(
            conv(rng, (4, 3, 3, 2)), Select(np.array([2, 0, 3], np.uint8)), MaxPool((2, 2), (2, 2))
        ),
    }


def _signal_examples(rng: np.random.Generator) -> dict[str, Graph]:
    """Ops that work along time."""
    levels = np.array([[-0.5, 0, 0.5, 1], [1, 0.4, 2, -3]], "f4")
    intervals = np.array([[0, 21], [3, 4], [2, 5], [0, 10], [10, 21]], np.uint16)
    kinds = get_args(Representation)
    quantiles = {
        f"quantiles, {kind}": chain(
            IntervalQuantiles(intervals, 23, representation=kind), shape=(1, 23, 2)
        )
        for kind in kinds
    }
    sections = np.array([[0.1, 0.2, 0.1, 1, -1.2, 0.5], [1, -1, 0, 1, -0.9, 0]])
    return quantiles | {
        "biquads": chain(Biquads(1, sos=sections), Biquads(0, sos=sections[:1]), Abs()),
        "norms": chain(EuclideanNorm(2), conv(rng, (2, 2, 2, 1)), shape=(4, 5, 2)),
        "axes": chain(EuclideanNorm(3), shape=(1, 9, 6)),
        "above": chain(conv(rng, (4, 3, 3, 2)), Above(levels), MeanPool((3, 2), (3, 2))),
        "bare above": chain(Above(levels[:, :2])),
        "winners": chain(winner_counts(rng, (6, 4, 9), 40, 1), Root(), shape=(1, 40, 1)),
        "rocket": rocket_graph(rng, 40, 1),
        "rocket of channels": rocket_graph(rng, 23, 3),
        "winners of channels": chain(winner_counts(rng, (4, 3, 5), 23, 3), shape=(1, 23, 3)),
    }


def mini_rocket(rng: np.random.Generator, length: int, n_channels: int) -> MiniRocket:
    """Random convolutions of a signal whose numbers are about 1."""
    n = 30
    n_read = rng.integers(1, n_channels + 1, n)
    n_biases = rng.integers(1, 4, n)
    return MiniRocket(
        dilations=np.sort(rng.integers(1, (length + 7) // 8, n)).astype(np.uint16),
        kernels=rng.integers(0, 84, n).astype(np.uint8),
        padded=rng.integers(0, 2, n).astype(np.uint8),
        n_channels=n_read.astype(np.uint8),
        channels=np.concatenate([rng.permutation(n_channels)[:k] for k in n_read]).astype("u1"),
        n_biases=n_biases.astype(np.uint16),
        biases=rng.normal(size=n_biases.sum()).astype(np.float32),
        length=length,
    )


def rocket_graph(rng: np.random.Generator, length: int, n_channels: int) -> Graph:
    """The counts of random convolutions, and a classifier."""
    op = mini_rocket(rng, length, n_channels)
    head = linear(rng, 3, len(op.biases))
    return chain(op, head, ArgMax(), shape=(1, length, n_channels))


def winner_counts(
    rng: np.random.Generator, shape: tuple[int, int, int], length: int, n_channels: int
) -> WinnerCounts:
    """Random kernels ``(n_groups, n_kernels, kernel_length)`` that compete along a signal."""
    weights = rng.integers(-20, 21, shape)
    weights[:, :, 0] -= weights.sum(axis=2)
    groups = np.arange(len(weights))
    return WinnerCounts(
        weights.astype(np.int8),
        rng.integers(0, n_channels, (len(weights), min(2, n_channels)), np.uint8),
        1 + (groups // 2 % 3).astype(np.int16),
        (groups % 2).astype(np.uint8),
        length,
        scale=0.05,
    )


def _sound_examples(rng: np.random.Generator) -> dict[str, Graph]:
    """Signals of one channel, and the power in their bands."""
    signal = (1, 150, 1)
    bank = np.maximum(rng.normal(size=(33, 4)), 0).astype(np.float32)
    window = np.hanning(50).astype(np.float32)
    power = BandPower(window, bank, 20)
    short = BandPower(np.ones(16, "f4"), bank[:9], 8)
    loud = Affine(np.array([4096.0], "f4"), np.zeros(1, "f4"))
    return {
        "log bands": chain(power, Log(0.1), shape=signal),
        "root bands": chain(power, Power(0.1), MeanPool((1, 2), (1, 2)), shape=signal),
        "bands": chain(short, Clip(0.0, 20.0), shape=signal),
        "normalized power": chain(
            power,
            PowerNormalize(1, 1, targets=np.full(bank.shape[1], 1.0, "f4"), lowest=1e-3, n_steps=8),
            shape=signal,
        ),
        "suppressed noise": chain(power, NoiseSuppression(1, 1, 1e-3), shape=signal),
        "powers": chain(Power(0.5), Log(0.3), shape=(7,)),
        "micro front end": chain(loud, micro_frontend(rng, 50, 64), shape=signal),
        "micro roots": chain(
            loud, micro_frontend(rng, 21, 32, gains=np.zeros(0, "i2"), log_shift=None), shape=signal
        ),
    }


def micro_frontend(
    rng: np.random.Generator, frame_length: int, n_fft: int, **changes: Any
) -> MicroFrontend:
    """The front end of TFLite-Micro with tables of any numbers, of samples of 16 bits."""
    from skconv.runtime.fft import places

    bank = rng.integers(0, 4097, (n_fft // 2 + 1, 5)) * rng.integers(0, 2, (n_fft // 2 + 1, 1))
    bank[[0, -1]] = bank[:, 0] = 0
    even, odd, remaining = (int(part) for part in rng.integers(0, 2**14 + 1, 3))
    fields: dict[str, Any] = {
        "gains": rng.integers(-(2**15), 2**15, 125).astype(np.int16),
        "correction": int(rng.integers(-3, 4)),
        "log_shift": 6,
        **band_runs(bank.astype(np.uint16)),
    }
    return MicroFrontend(
        rng.integers(-4096, 4097, frame_length).astype(np.int16),
        places(n_fft // 2).astype(np.uint16),
        hop=20,
        smoothing=(even, odd),
        remaining=remaining,
        **fields | changes,
    )


def resampling(new_size: int, size: int) -> NDArray[Any]:
    """A matrix ``(new_size, size)`` of linear interpolation between the two nearest entries."""
    places = np.linspace(0, size - 1, new_size)
    return np.maximum(1 - np.abs(places[:, None] - np.arange(size)), 0).astype(np.float32)


def residual(graph: Graph, *block: Op) -> Graph:
    """The last tensor of a graph, plus what a block of ops makes of it, and a ReLU."""
    source = graph.output_name
    for op in block:
        graph = graph.append(op)
    return verify(graph.append(Add(), graph.output_name, source).append(Relu()))


def gated(graph: Graph, *block: Op) -> Graph:
    """The last map of a graph, times a gate that a block of ops makes of its means."""
    source = graph.output_name
    height, width, _ = graph.output.shape
    graph = graph.append(MeanPool((height, width), (height, width)))
    for op in (*block, Activation("hardsigmoid")):
        graph = graph.append(op)
    return verify(graph.append(Multiply(), source, graph.output_name))


def divided(graph: Graph, contrast: LocalContrast, kernels: Conv | None = None) -> Graph:
    """The last map of a graph, or its responses to kernels, over its local contrast."""
    source = graph.output_name
    graph = graph.append(contrast)
    divisor = graph.output_name
    if kernels is not None:
        graph = graph.append(kernels, source)
        source = graph.output_name
    return verify(graph.append(Divide(), source, divisor))


def _vector_examples(rng: np.random.Generator) -> dict[str, Graph]:
    coefficients = np.linspace(-1, 1, 45, dtype=np.float32).reshape(3, 15)
    return {
        "scaler": chain(
            Affine(np.linspace(0.1, 2, 12, dtype="f4"), np.linspace(-1, 1, 12, dtype="f4")),
            Select(np.array([0, 3, 4, 11], np.uint16)),
            linear(rng, 3, 4),
            ArgMax(),
            shape=(12,),
        ),
        **{
            f"normalize {norm}": chain(Normalize(norm), linear(rng, 1, 9), Threshold(), shape=(9,))
            for norm in ("l1", "l2", "max")
        },
        **{
            kernel: chain(kernel_machine(rng, kernel, 7), OvoVote(3), ArgMax(), shape=(7,))
            for kernel in ("laplacian", "rbf", "poly")
        },
        **{
            f"{kernel} scores": chain(
                replace(kernel_machine(rng, kernel, 7), dual_coef=coefficients, n_support=()),
                ArgMax(),
                shape=(7,),
            )
            for kernel in ("laplacian", "poly")
        },
        "two layers": chain(linear(rng, 24, 12), linear(rng, 5, 24), ArgMax(), shape=(12,)),
    }


def few_levels(rng: np.random.Generator, n_outputs: int, n_inputs: int, levels: int) -> Linear:
    """A linear layer whose weights are whole multiples of one number an output."""
    whole = rng.integers(-levels, levels + 1, (n_outputs, n_inputs))
    scales = rng.uniform(0.1, 1, (n_outputs, 1)) / levels
    bias = rng.normal(size=n_outputs).astype(np.float32)
    return Linear((whole * scales).astype(np.float32), bias, levels=levels)


def _few_level_examples(rng: np.random.Generator) -> dict[str, Graph]:
    return {
        "layers of few levels": chain(
            few_levels(rng, 24, 12, 7),
            few_levels(rng, 2, 24, 3),
            few_levels(rng, 7, 2, 1),
            ArgMax(),
            shape=(12,),
        ),
        **{
            f"head of {2 * levels + 1} levels": chain(
                conv(rng, (4, 3, 3, 2)),
                Relu(),
                MeanPool((2, 2), (2, 2)),
                Reshape((48,)),
                few_levels(rng, 7 - levels, 48, levels),
                ArgMax(),
            )
            for levels in (1, 3)
        },
        "binary head of 15 levels": chain(
            conv(rng, (4, 3, 3, 2)),
            Abs(),
            MeanPool((2, 2), (2, 2)),
            Reshape((48,)),
            few_levels(rng, 1, 48, 7),
            Threshold(),
        ),
    }


def _union(rng: np.random.Generator) -> Graph:
    graph = chain(conv(rng, (2, 3, 3, 2)), MaxPool((6, 8), (6, 8)), Reshape((2,)))
    first = graph.output_name
    graph = graph.append(conv(rng, (3, 8, 10, 2)), "input").append(Reshape((3,)))
    graph = graph.append(Concat(), first, graph.output_name)
    return verify(graph.append(linear(rng, 1, 5)).append(Threshold()))


def example_samples(graph: Graph, n_samples: int = 20, seed: int = 0) -> NDArray[Any]:
    """Random samples of the type of a graph's input."""
    rng = np.random.default_rng(seed)
    shape = (n_samples, *graph.input.shape)
    if graph.domain == "float":
        return rng.normal(size=shape).astype(np.float32)
    low, high = graph.input.limits
    return rng.integers(low, high + 1, shape).astype(graph.input.dtype)


def quantized_example(graph: Graph, **options: Any) -> Graph:
    """The integer graph of a float one, calibrated on `example_samples`."""
    from skconv.passes.calibrate import calibrate
    from skconv.passes.quantize import quantize

    return quantize(graph, calibrate(graph, example_samples(graph, 100)), **options)


def assert_runtimes_agree(graph: Graph, x: NDArray[Any], rtol: float = 1e-4) -> None:
    """Compare the runtimes of a graph with each other.

    A float graph: numpy in float32 and, where it is installed, torch against the plain
    reference, to ``rtol`` of the largest output.
    An integer graph: the compiled C against the integer definition, every byte of every
    tensor.

    Raises
    ------
    AssertionError
        Where they differ.
    skconv.deploy.host_compiler.NoCompilerError
        For an integer graph, where no C compiler is found.
    """
    from skconv.deploy.compiled import CompiledGraph
    from skconv.runtime import engine, fixed, numpy_engine, reference

    if graph.domain == "float":
        wanted = reference.run(graph, x)
        tolerance = rtol * np.abs(wanted).max(initial=1e-30)
        for run in (numpy_engine.run, engine.run):
            np.testing.assert_allclose(run(graph, x), wanted, rtol, tolerance)
        return
    wanted_tensors = fixed.tensors(graph, x)
    found_tensors = CompiledGraph(graph, "graph").tensors(x)
    for node in graph.nodes:
        np.testing.assert_array_equal(
            found_tensors[node.name], wanted_tensors[node.name], err_msg=node.name
        )
