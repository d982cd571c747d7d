"""Runs a network that has no graph, by torch. This module imports torch."""

from __future__ import annotations

from contextlib import ExitStack, suppress
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from skconv.torch_import.tracing import ONE_AT_A_TIME

_Maps = NDArray[np.float32]


class _Enough(Exception):
    """All layers that are wanted have returned."""


def run_module(
    module: Any, maps: _Maps, layers: list[str], *, n_space: int, device: str
) -> list[_Maps]:
    """What layers return for a batch of maps.

    Parameters
    ----------
    module : torch.nn.Module
        In evaluation mode. Run no further than the last of the layers, and by one thread at
        a time: what layers return is noted in the module itself.
    maps : ndarray of float32 of shape (n_samples, height, width, channels)
        The network's input; ``(n_samples, n_features)`` where it reads vectors.
    layers : list of str
        Qualified names of modules; ``"output"`` is the network itself.
    n_space : int
        Axes of space that the network wants: 2, 1 for signals, 0 for vectors.
    device : {"cpu", "cuda", "auto"}
        Where to compute; CUDA only where there is one.

    Returns
    -------
    outputs : list of ndarray
        Of every layer, channels last.

    Raises
    ------
    ValueError
        Where a layer is no module, does not run, or returns something else than a tensor of
        2, 3 or 4 axes.
    """
    on_cuda = device != "cpu" and torch.cuda.is_available()
    target = torch.device("cuda" if on_cuda else "cpu")
    x = torch.from_numpy(maps if n_space == 0 else maps.transpose(0, 3, 1, 2)).to(target)
    outputs: dict[str, Any] = {}
    with ONE_AT_A_TIME, ExitStack() as stack:
        module.to(target)
        stack.enter_context(torch.inference_mode())
        for name in layers:
            if name != "output":
                stack.callback(_note(_part(module, name), name, outputs, set(layers)).remove)
        with suppress(_Enough):
            outputs["output"] = module(x.squeeze(2) if n_space == 1 else x)
    return [_channels_last(name, outputs.get(name)) for name in layers]


def _part(module: nn.Module, name: str) -> nn.Module:
    try:
        return module.get_submodule(name)
    except AttributeError as error:
        raise ValueError(f"layer={name!r} is not a module of {type(module).__name__}") from error


def _note(part: nn.Module, name: str, outputs: dict[str, Any], wanted: set[str]) -> Any:
    def hook(part: nn.Module, inputs: Any, output: Any) -> None:
        # A copy: what comes next may work in place.
        outputs.setdefault(name, output.clone() if isinstance(output, Tensor) else output)
        if wanted <= set(outputs):
            raise _Enough

    return part.register_forward_hook(hook)


def _channels_last(name: str, output: Any) -> _Maps:
    if not isinstance(output, Tensor) or output.ndim not in (2, 3, 4):
        found = tuple(output.shape) if isinstance(output, Tensor) else type(output).__name__
        raise ValueError(f"layer={name!r} returns {found}, expected a tensor of 2, 3 or 4 axes")
    if output.ndim == 3:
        output = output.unsqueeze(2)
    if output.ndim == 4:
        output = output.permute(0, 2, 3, 1)
    return output.float().cpu().contiguous().numpy()
