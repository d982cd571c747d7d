"""Runs float graphs by torch, on the CPU or on CUDA: the fast way.

Tensors are channels last, as in the graph; torch sees them as permuted views in its
``channels_last`` memory format, so nothing is copied between ops.

The samples are computed in chunks whose largest tensor stays in the cache: a large batch
would spend most of its time getting fresh memory. So the cost of a sample does not depend
on how many there are.

This module imports torch. Import it where something is computed, not with the package.
"""

from __future__ import annotations

import math
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields, replace
from typing import Any, Literal, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

import skconv.runtime.torch_networks
import skconv.runtime.torch_nonlinearities
import skconv.runtime.torch_spectra
import skconv.runtime.torch_winners  # noqa: F401  (all of them register ops)
from skconv.graph import INPUT, Graph, KernelMachine, Op, Permute, Reshape
from skconv.runtime.torch_ops import apply, apply_over, has_form, prepared
from skconv.runtime.torch_rewrite import rewritten
from skconv.runtime.windows import check_batch

CHUNK_BYTES = {"cpu": 2**22, "cuda": 2**28}


class Step(NamedTuple):
    """A node ready to run: its constants on the device, what may be written over or freed."""

    name: str
    op: Op
    inputs: tuple[str, ...]
    overwrites: bool
    frees: tuple[str, ...]


class Plan(NamedTuple):
    """A graph ready to run on a device, and the bytes of its largest tensor of one sample."""

    steps: list[Step]
    largest_tensor: int


# By the identity of a graph, which does not change: its ops are frozen.
_PLANS: dict[tuple[int, torch.device], Plan] = {}


def run(
    graph: Graph,
    x: NDArray[Any],
    *,
    device: str = "cpu",
    batch_size: int | Literal["auto"] = "auto",
    chunk_bytes: int | None = None,
) -> NDArray[Any]:
    """Output ``(n_samples, *graph.output.shape)`` of a float graph.

    Parameters
    ----------
    graph : Graph
        A float graph.
    x : ndarray of shape (n_samples, *graph.input.shape)
        Of any real type; converted to float32 chunk by chunk.
    device : {"cpu", "cuda", "auto"}, default="cpu"
        Where to compute; ``"auto"`` takes CUDA where there is one.
    batch_size : int or "auto", default="auto"
        Samples in a chunk; ``"auto"`` takes as many as `chunk_bytes` allows.
    chunk_bytes : int, default=None
        Most bytes of the largest tensor of a chunk; ``None`` suits the device's cache.

    Returns
    -------
    output : ndarray
        float32, or int32 where the graph ends in a decision.

    Raises
    ------
    ValueError
        Where the graph is an integer graph, ``x`` does not fit its input, or ``device``
        is ``"cuda"`` and there is none.

    Examples
    --------
    >>> import numpy as np
    >>> from skconv.graph import Abs, Graph, TensorSpec
    >>> from skconv.runtime import torch_engine
    >>> torch_engine.run(Graph(TensorSpec((2,))).append(Abs()), np.array([[-1.5, 2.0]]))
    array([[1.5, 2. ]], dtype=float32)
    """
    if graph.domain != "float":
        raise ValueError("torch_engine runs float graphs, got an integer graph: use fixed.run")
    x = check_batch(graph, x)
    target = _device(device)
    plan = _plan_of(graph, target)
    budget = chunk_bytes or CHUNK_BYTES[target.type] * _workers(target)
    step = max(1, budget // plan.largest_tensor) if batch_size == "auto" else batch_size
    output = np.empty((len(x), *graph.output.shape), graph.output.dtype)
    with torch.inference_mode(), _full_precision(target):
        result = torch.from_numpy(output)
        for start in range(0, len(x), step):
            rows = slice(start, start + step)
            chunk = torch.from_numpy(x[rows].astype(np.float32)).to(target)
            result[rows] = _walk(plan.steps, chunk)
    return output


def _device(name: str) -> torch.device:
    has_cuda = torch.cuda.is_available()
    if name == "auto":
        name = "cuda" if has_cuda else "cpu"
    if name == "cuda" and not has_cuda:
        raise ValueError("device='cuda', but torch finds no CUDA device: use 'cpu' or 'auto'")
    return torch.device(name)


def _workers(device: torch.device) -> int:
    """Caches that share a chunk."""
    return torch.get_num_threads() if device.type == "cpu" else 1


@contextmanager
def _full_precision(device: torch.device) -> Iterator[None]:
    """No TF32 in CUDA's convolutions: its 10-bit mantissa would show in the features."""
    if device.type == "cpu":
        yield
        return
    with torch.backends.cudnn.flags(enabled=True, allow_tf32=False):
        yield


def _largest_tensor(graph: Graph) -> int:
    """Bytes of the largest tensor of one sample, a kernel matrix in float64 included."""
    tensors = [4 * math.prod(spec.shape) for spec in graph.specs.values()]
    kernels = [
        8 * len(node.op.support_vectors)
        for node in graph.nodes
        if isinstance(node.op, KernelMachine)
    ]
    return max(tensors + kernels)


def on_device(op: Op, device: torch.device) -> Op:
    """The same op with tensors for arrays, where torch computes it."""
    if not has_form(op):
        return op
    values = {field.name: getattr(op, field.name) for field in fields(op)}
    tensors = {
        name: torch.tensor(v, device=device)
        for name, v in values.items()
        if isinstance(v, np.ndarray)
    }
    return replace(op, **tensors) if tensors else op


def _plan_of(graph: Graph, device: torch.device) -> Plan:
    """The plan of a graph, made once for each device: it lives as long as the graph."""
    key = id(graph), device
    if key not in _PLANS:
        with torch.inference_mode():
            _PLANS[key] = _plan(rewritten(graph) if device.type == "cpu" else graph, device)
        weakref.finalize(graph, _PLANS.pop, key, None)
    return _PLANS[key]


def _plan(graph: Graph, device: torch.device) -> Plan:
    last_use = {name: node.name for node in graph.nodes for name in node.inputs}
    steps = []
    for node in graph.nodes:
        source = graph.by_name.get(node.inputs[0])
        steps.append(
            Step(
                node.name,
                prepared(on_device(node.op, device)),
                node.inputs,
                # A reshaped or permuted tensor shares its memory with another one.
                overwrites=source is not None
                and not isinstance(source.op, Reshape | Permute)
                and graph.users(node.inputs[0]) == (node,),
                frees=tuple(name for name in node.inputs if last_use[name] == node.name),
            )
        )
    return Plan(steps, _largest_tensor(graph))


def _walk(plan: list[Step], chunk: Tensor) -> Tensor:
    tensors = {INPUT: chunk}
    result = chunk
    for step in plan:
        inputs = [tensors[name] for name in step.inputs]
        for name in step.frees:
            tensors.pop(name, None)
        result = apply_over(step.op, *inputs) if step.overwrites else apply(step.op, *inputs)
        tensors[step.name] = result
    return result
