"""Power of signals in bands, logarithms and powers by torch (registered with `torch_ops`)."""

from __future__ import annotations

import torch
from torch import Tensor

from skconv.graph import BandPower, Log, Power
from skconv.runtime.torch_ops import apply


@apply.register
def _(op: BandPower, x: Tensor) -> Tensor:
    is_row = x.shape[1] == 1
    frames = x.flatten(1).unfold(1, len(op.window), op.hop)
    spectrum = torch.fft.rfft(frames * op.window, op.n_fft)
    power = spectrum.real.square() + spectrum.imag.square()
    bands = power @ op.bank
    return bands.unsqueeze(1 if is_row else 2)


@apply.register
def _(op: Log, x: Tensor) -> Tensor:
    return (x / op.floor).clamp(min=1).log()


@apply.register
def _(op: Power, x: Tensor) -> Tensor:
    return x.clamp(min=0).pow(op.exponent)
