"""The ops of deep networks by torch (registered with `skconv.runtime.torch_ops`)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from skconv.graph import Activation, Add, Multiply, Pad, Resize, Upsample
from skconv.runtime.torch_ops import apply


@apply.register
def _(op: Add, first: Tensor, second: Tensor) -> Tensor:
    return first + second


@apply.register
def _(op: Multiply, first: Tensor, second: Tensor) -> Tensor:
    return first * second


@apply.register
def _(op: Activation, x: Tensor) -> Tensor:
    if op.function == "leaky_relu":
        return F.leaky_relu(x, op.slope)
    return FUNCTIONS[op.function](x)


FUNCTIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "sigmoid": torch.sigmoid,
    "hardsigmoid": F.hardsigmoid,
    "silu": F.silu,
    "hardswish": F.hardswish,
    "gelu": F.gelu,
    "gelu_tanh": lambda x: F.gelu(x, approximate="tanh"),
    "tanh": torch.tanh,
    "elu": F.elu,
    "selu": F.selu,
    "softplus": F.softplus,
    "mish": F.mish,
}


@apply.register
def _(op: Upsample, x: Tensor) -> Tensor:
    return x.repeat_interleave(op.factor[0], dim=1).repeat_interleave(op.factor[1], dim=2)


@apply.register
def _(op: Pad, x: Tensor) -> Tensor:
    (top, bottom), (left, right) = op.padding
    value = 0.0 if op.fill == "zero" else -torch.inf
    return F.pad(x, (0, 0, left, right, top, bottom), value=value)


@apply.register
def _(op: Resize, x: Tensor) -> Tensor:
    rows: Any = op.rows
    columns: Any = op.columns
    return torch.einsum("ij,njkc,lk->nilc", rows, x, columns)
