"""From a float graph and samples to its integer graph: every pass in its order."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skconv.graph import Conv, Graph, TensorSpec
from skconv.passes.biases import correct_biases
from skconv.passes.calibrate import FloatRun, Method, check_calibration, ranges_seen
from skconv.passes.device import device_units
from skconv.passes.equalize import equalize
from skconv.passes.quantize import InputType, device_input, quantize
from skconv.runtime import fixed
from skconv.utils.progress import report

Array = NDArray[Any]

# Means and largest numbers of channels, over all pixels, need no more samples.
MOST_SAMPLES = 100


def integer_graph(
    graph: Graph,
    samples: NDArray[Any],
    calibration: Method = "minmax",
    input_type: InputType | None = None,
    sample_size: int | None = None,
    device: TensorSpec | None = None,
    **bits: Any,
) -> Graph:
    """The integer graph of a float graph, calibrated on samples.

    In a graph of several convolutions the errors of one are the input of the next. There the
    channels are equalised first (`skconv.passes.equalize`), and the mean errors of all layers
    go into their biases (`skconv.passes.biases`).

    Parameters
    ----------
    graph : Graph
        A float graph.
    samples : ndarray of shape (n_samples, *graph.input.shape) or flat
        Samples like those that the device will see.
    calibration : {"minmax", "percentile", "mse"}
        How the range of each tensor is chosen.
    input_type : {"uint8", "int8", "int16"}, optional
        What the device delivers, where the samples do not tell it.
    sample_size : int, optional
        Of a window in a stream: how many numbers come at a time. Those of all times then share
        their scales.
    device : TensorSpec, optional
        The type, scale and limits of what comes, where filters before decide them.
    **bits
        ``linear_bits``, ``output_bits``, ``conv_bits`` and ``are_logits`` of
        `skconv.passes.quantize.quantize`.
    """
    checked = check_calibration(graph, samples)
    if device is not None:
        given = replace(device, shape=graph.input.shape)
        return _quantized(graph, checked, calibration, bits | {"device": given})
    options = device_input(samples, input_type) | bits
    delivered = None
    if options.get("input_dtype") == "int16" and "input_scale" not in options:
        delivered = device_units(graph, checked.reshape(len(checked), -1), sample_size)
    if delivered is None:
        return _quantized(graph, checked, calibration, options)
    graph, device = delivered
    options["device"] = replace(device, scales=(), zero_points=())
    units = fixed.quantize_input(device, checked).astype(np.float64)
    return replace(_quantized(graph, units, calibration, options), input=device)


def _quantized(graph: Graph, samples: Array, calibration: Method, options: dict[str, Any]) -> Graph:
    if not is_deep(graph):
        ranges = ranges_seen(FloatRun(graph, samples), calibration)
        report(f"ranges of all tensors on {len(samples)} samples")
        return quantize(graph, ranges, **options)
    few = samples[_evenly_spaced(len(samples))]
    graph = equalize(graph, few)
    report(f"channels equalised on {len(few)} samples")
    run = FloatRun(graph, samples)
    ranges = ranges_seen(run, calibration)
    report(f"ranges of all tensors on {len(samples)} samples")
    seen = run if len(few) == len(samples) else None
    graph = correct_biases(graph, ranges, few, seen=seen, **options)
    report(f"biases corrected on {len(few)} samples")
    return quantize(graph, ranges, **options)


def is_deep(graph: Graph) -> bool:
    """Whether a graph has several convolutions that read all channels of their maps."""
    return sum(isinstance(node.op, Conv) and not node.op.shared for node in graph.nodes) > 1


def _evenly_spaced(n_samples: int) -> NDArray[np.intp]:
    return np.linspace(0, n_samples - 1, min(MOST_SAMPLES, n_samples)).astype(np.intp)
