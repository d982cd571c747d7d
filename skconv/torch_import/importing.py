"""From a torch module, or a ``torch.export`` program, to a `Network`.

This module imports torch.
"""

from __future__ import annotations

from typing import Any

from torch import nn

from skconv.graph import verify
from skconv.torch_import.builder import Value
from skconv.torch_import.lower import Failure, Lowering
from skconv.torch_import.lower_layers import numbers
from skconv.torch_import.network import Network, fingerprint
from skconv.torch_import.tracing import Trace, sample_shape, trace, trace_program


def import_module(module: nn.Module, shape: tuple[int, ...]) -> Network:
    """A module in evaluation mode as a graph.

    Parameters
    ----------
    module : torch.nn.Module
        Takes one batch and returns tensors. It stays as it is.
    shape : tuple of int
        Of a sample as torch has it: ``(channels, height, width)``, ``(channels, length)``,
        or ``(n_features,)`` of a dense network.

    Returns
    -------
    network : Network
        Its graph is channels last.

    Raises
    ------
    NotConvertibleError
        Where torch can trace the module in no way. A single call that has no form as an op
        is an error only once a layer behind it is asked for.

    Examples
    --------
    >>> from torch import nn
    >>> from skconv.pretrained import import_module
    >>> net = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU())
    >>> network = import_module(net, (1, 8, 8))
    >>> network.layers()
    layer  shape       MACs  parameter bytes
    0      (6, 6, 4)  1,296              160
    1      (6, 6, 4)  1,296              160
    2      (6, 6, 4)  1,296              160
    >>> network.cut("2")
    Graph: 2 nodes, 1,296 MACs, 160 parameter bytes
    node   op              tensor              MACs  parameter bytes
    input                  float32 (8, 8, 1)
    0      Conv 3x3 1->4   float32 (6, 6, 4)  1,296              160
    2      Relu            float32 (6, 6, 4)      0                0
    """
    return _network(trace(module, shape), shape)


def import_program(program: Any) -> Network:
    """A ``torch.export`` program as a graph, for samples of the shape that it was exported for.

    Raises
    ------
    NotConvertibleError
        Where it has several inputs.
    """
    return _network(trace_program(program), sample_shape(program))


def weights_fingerprint(state: Any) -> str:
    """sha256 of a ``state_dict``."""
    return fingerprint((name, numbers(tensor)) for name, tensor in state.items())


def _network(calls: Trace, shape: tuple[int, ...]) -> Network:
    lowering = Lowering(calls, shape)
    outputs = lowering.outputs.items()
    return Network(
        calls.name,
        verify(lowering.build.graph),
        {name: value.name for name, value in outputs if isinstance(value, Value)},
        {name: value.error for name, value in outputs if isinstance(value, Failure)},
    )
