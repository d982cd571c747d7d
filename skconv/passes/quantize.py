"""Quantisation: a float graph and the ranges of its tensors become an integer graph.

- Every float node is lowered in turn (`skconv.passes.lower`); `Lowering` remembers which
  integer tensor stands for which float tensor.
- Activations have zero point 0: uint8 where nothing is negative, else int8, and int16 where
  the next op loses nothing by it. What the readers of a tensor want decides (`Facts.reads`).
- Weights are int8 with a scale per kernel; the accumulators are proven to fit int32.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

import skconv.passes.lower_ballots
import skconv.passes.lower_centring
import skconv.passes.lower_curves
import skconv.passes.lower_filters
import skconv.passes.lower_machines
import skconv.passes.lower_micro_frontend
import skconv.passes.lower_neighbours
import skconv.passes.lower_networks
import skconv.passes.lower_noise_suppression
import skconv.passes.lower_phases
import skconv.passes.lower_power_normalization
import skconv.passes.lower_probabilities
import skconv.passes.lower_products
import skconv.passes.lower_quadratic
import skconv.passes.lower_separable
import skconv.passes.lower_signals
import skconv.passes.lower_spectra
import skconv.passes.lower_trees  # noqa: F401  (all of them register ops)
from skconv.graph import (
    INPUT,
    Graph,
    Op,
    QLinear,
    Quantized,
    TensorSpec,
    verify,
)
from skconv.graph.core import Node
from skconv.graph.limits import INT16_MAX, UINT8_MAX
from skconv.passes.calibrate import Range, Ranges
from skconv.passes.lower import lower
from skconv.passes.lowering import Bits, Lowering
from skconv.passes.refusal import FLOAT_ADVICE, NoIntegerFormError
from skconv.passes.saturation import without_saturation
from skconv.utils.whole import is_whole

InputType = Literal["uint8", "int8", "int16"]
# Numbers that were whole before they went through float32.
ROUNDING = 2.0**-20


def quantize(
    graph: Graph,
    ranges: Ranges,
    *,
    input_dtype: InputType | None = None,
    input_scale: float | None = None,
    device: TensorSpec | None = None,
    linear_bits: Bits = 16,
    output_bits: Bits = 8,
    conv_bits: Bits = 8,
    are_logits: bool = False,
) -> Graph:
    """The integer graph of a float graph.

    Parameters
    ----------
    graph : Graph
        A float graph.
    ranges : dict of str to (float, float)
        Range of every tensor, from `skconv.passes.calibrate.calibrate`.
    input_dtype : {"uint8", "int8", "int16"}, optional
        What the device delivers; from the range of the input where None.
    input_scale : float, optional
        What one unit of the input is worth; from its range where None.
    device : TensorSpec, optional
        The input that the device delivers, in place of the two.
    linear_bits : {8, 16}
        Size of the weights of linear layers and classifiers.
    output_bits : {8, 16}
        Size of the features, where the graph ends in features.
    conv_bits : {8, 16}
        Size of the maps that convolutions read. In a deep network the roundings of 8 bits
        add up; 16 bits take twice the memory, and the weights stay int8.
    are_logits : bool
        Whether the scores become probabilities, which asks more of them than a decision.

    Raises
    ------
    NoIntegerFormError
        Where an op has no integer form, or accumulators cannot be made to fit int32: it
        names the node. `skconv.to_c` makes of it a `NotConvertibleError`.
    """
    verify(graph)
    device = device or nested_input(graph)
    device = device or input_tensor(graph, ranges[INPUT], input_dtype, input_scale)
    ranges = without_saturation(graph, ranges)
    lowering = Lowering(graph, ranges, linear_bits, output_bits, Graph(device), conv_bits=conv_bits)
    lowering.are_logits = are_logits
    for node in graph.nodes:
        if node.name not in lowering.names:
            _lower(node, lowering)
    return verify(replace(lowering.graph, classes=graph.classes))


def _lower(node: Node, lowering: Lowering) -> None:
    """`lower`, with errors that name the node: what does not fit has no integer form."""
    try:
        lower(node.op, node, lowering)
        lowering.graph.output  # noqa: B018  (raises where the op does not fit)
    except NoIntegerFormError as error:
        reason, advice, parameter = error.reason, error.advice, error.parameter
    except ValueError as error:
        reason, advice, parameter = (
            str(error).removeprefix(f"node {node.name!r}: "),
            FLOAT_ADVICE,
            None,
        )
    else:
        return
    name = type(node.op).__name__
    raise NoIntegerFormError(reason, advice, parameter, node.name, name) from None


def device_input(x: NDArray[Any], dtype: InputType | None = None) -> dict[str, Any]:
    """``input_dtype`` and ``input_scale`` for data like ``x``.

    Integers of 8 or 16 bits are what the device delivers. So are whole numbers in another
    type, where they fit, and bytes divided by 255. Other numbers are int16 with a scale from
    their range. ``dtype`` is what the device delivers where the data do not tell it.
    """
    if dtype is not None:
        return _chosen_input(x, dtype)
    if x.dtype.name in get_args(InputType):
        return {"input_dtype": x.dtype.name, "input_scale": 1.0}
    low, high = x.min(), x.max()
    if is_whole(x, ROUNDING):
        if low >= 0 and high <= UINT8_MAX:
            return {"input_dtype": "uint8", "input_scale": 1.0}
        return {"input_dtype": "int16"} | (
            {"input_scale": 1.0} if max(high, -low) <= INT16_MAX else {}
        )
    if low >= 0 and high <= 1 and is_whole(x.astype(np.float64) * UINT8_MAX, ROUNDING):
        return {"input_dtype": "uint8", "input_scale": 1.0 / UINT8_MAX}
    return {"input_dtype": "int16"}


def _chosen_input(x: NDArray[Any], dtype: InputType) -> dict[str, Any]:
    info = np.iinfo(dtype)
    low, high = x.min(), x.max()
    if is_whole(x, ROUNDING) and info.min <= low and high <= info.max:
        return {"input_dtype": dtype, "input_scale": 1.0}
    if x.dtype.kind in "bui" or (low < 0 and info.min == 0):
        raise ValueError(
            f"input_type={dtype!r}, but calibration samples reach from {low:g} to {high:g}, "
            f"expected {info.min} to {info.max}"
        )
    return {"input_dtype": dtype}


def nested_input(graph: Graph) -> TensorSpec | None:
    """The input of the features that are quantised already, where there are any."""
    specs = {node.op.graph.input for node in graph.users(INPUT) if isinstance(node.op, Quantized)}
    if len(specs) > 1:
        raise NoIntegerFormError(
            "QuantizedFeatures in one model read inputs of different types or scales: "
            + ", ".join(sorted(f"{spec.dtype}, scale {spec.outer_scale[0]:g}" for spec in specs)),
            "put them into one QuantizedFeatures",
        )
    return specs.pop() if specs else None


def unit_scale(graph: Graph) -> Graph:
    """An integer graph whose output counts in its own integers: scale 1.

    The scale of a requantisation only says what its integers mean, so no integer changes.
    """
    nodes = list(graph.nodes)
    same_scale = {graph.output_name}  # tensors that have that of the output
    for i in reversed(range(len(nodes))):
        if nodes[i].name not in same_scale:
            continue
        op = _with_unit_scale(nodes[i].op)
        if op is None:
            same_scale.update(nodes[i].inputs)
        else:
            nodes[i] = replace(nodes[i], op=op)
    return verify(replace(graph, nodes=tuple(nodes)))


def _with_unit_scale(op: Op) -> Op | None:
    """An op whose result has scale 1; None where the result has the scale of its inputs."""
    rule = getattr(op, "requantization", None)
    if rule is not None:
        return replace(op, requantization=replace(rule, scale=1.0))  # type: ignore[call-arg]
    return replace(op, scale=1.0, scales=()) if isinstance(op, QLinear) else None


def input_tensor(
    graph: Graph, limits: Range, dtype: InputType | None, scale: float | None
) -> TensorSpec:
    """The input that the device delivers."""
    low, high = limits
    chosen = dtype or ("uint8" if low >= 0 else "int16")
    info = np.iinfo(chosen)
    if low < 0 and info.min == 0:
        raise ValueError(f"input_dtype={chosen!r}, but calibration samples go down to {low:g}")
    maximum = int(info.max)
    if scale is not None:
        return TensorSpec(graph.input.shape, chosen, scale, int(info.min), maximum)
    largest = max(high, -low)
    fitted = largest / maximum if largest > 0 else 1.0
    minimum = 0 if info.min == 0 else -maximum
    return TensorSpec(graph.input.shape, chosen, fitted, minimum, maximum)
