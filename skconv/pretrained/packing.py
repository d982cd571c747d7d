"""Pickles of torch modules: the weights as numpy arrays, or none.

With arrays the same weights give the same bytes, so that joblib's memory knows a copy of a
module again. Torch's own pickles name their memory.
"""

from __future__ import annotations

import copy
import sys
from dataclasses import dataclass
from typing import Any
from weakref import WeakValueDictionary

import numpy as np
from numpy.typing import NDArray


def is_module(value: Any) -> bool:
    """Whether a value is a torch module; torch is not imported for it."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(value, torch.nn.Module)


@dataclass(frozen=True)
class _Slot:
    """Where a tensor was; a deep copy puts one of ``memo["weights"]`` there."""

    index: int

    def __deepcopy__(self, memo: dict[Any, Any]) -> Any:
        return memo["weights"][self.index]


@dataclass(frozen=True)
class PackedModule:
    """A module with its tensors taken out.

    Attributes
    ----------
    skeleton : torch.nn.Module
        With slots where its tensors were.
    weights : tuple of (ndarray, bool or None)
        Whether a parameter wants a gradient; None is a buffer.
    """

    skeleton: Any
    weights: tuple[tuple[NDArray[Any], bool | None], ...]

    def unpacked(self) -> Any:
        """The module."""
        tensors = [_tensor(array, gradient) for array, gradient in self.weights]
        memo: dict[Any, Any] = {"weights": tensors}
        return copy.deepcopy(self.skeleton, memo)


def _tensor(array: NDArray[Any], gradient: bool | None) -> Any:
    import torch

    tensor = torch.from_numpy(np.array(array))
    if gradient is None:
        return tensor
    return torch.nn.Parameter(tensor, requires_grad=gradient)


def packed(module: Any) -> PackedModule:
    """A module on its way into a pickle.

    Examples
    --------
    >>> import joblib
    >>> from torch import nn
    >>> from skconv.pretrained.packing import packed
    >>> linear = nn.Linear(3, 2)
    >>> twin = packed(linear).unpacked()
    >>> bool((twin.weight == linear.weight).all())
    True
    >>> joblib.hash(packed(twin)) == joblib.hash(packed(linear))
    True
    """
    weights: list[tuple[NDArray[Any], bool | None]] = []
    memo: dict[int, Any] = {}
    parameters = list(module.parameters())
    for i, tensor in enumerate([*parameters, *module.buffers()]):
        if id(tensor) in memo or tensor.dtype.itemsize < 4:
            continue  # bfloat16 is no type of numpy: such tensors stay
        memo[id(tensor)] = _Slot(len(weights))
        gradient = bool(tensor.requires_grad) if i < len(parameters) else None
        weights.append((tensor.detach().cpu().numpy().copy(), gradient))
    return PackedModule(copy.deepcopy(module, memo), tuple(weights))


# Modules that extractors were fitted with, as long as somebody holds them.
_ALIVE: WeakValueDictionary[AbsentModule, Any] = WeakValueDictionary()


def remember(module: Any, fingerprint: str) -> None:
    """Note a module, so that `AbsentModule` finds it again in this process."""
    _ALIVE[AbsentModule(type(module).__name__, fingerprint)] = module


@dataclass(frozen=True)
class AbsentModule:
    """Says which module an extractor was fitted with, where the module itself is not kept.

    Attributes
    ----------
    name : str
        Its class.
    fingerprint : str
        sha256 of its weights.
    """

    name: str
    fingerprint: str

    def __repr__(self) -> str:
        return f"<{self.name} {self.fingerprint[:8]}, not kept>"

    def found(self) -> Any:
        """The module, where somebody in this process still holds it; else this."""
        return _ALIVE.get(self, self)
