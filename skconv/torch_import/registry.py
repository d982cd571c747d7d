"""The registry of functions that translate calls of torch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

Lowering = TypeVar("Lowering", bound=Callable[..., Any])

LOWERINGS: dict[str, Callable[..., Any]] = {}


def lowers(*names: str) -> Callable[[Lowering], Lowering]:
    """Register a function ``(build, *args, **kwargs)`` for torch functions of these names.

    ``"aten.name"`` stands for the form of a ``torch.export`` program, where its arguments
    are in another order.
    """

    def register(function: Lowering) -> Lowering:
        LOWERINGS.update((name, function) for name in names)
        return function

    return register
