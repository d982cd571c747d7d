"""From a graph to C: the printer, the routines in C, and whole projects.

The names are imported when they are first used: `skconv.runtime.compiled` needs the printer
only, and the model needs `skconv.runtime.compiled`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from skconv.export.conversion import to_c
    from skconv.export.layers import layer_costs
    from skconv.export.model import CModel
    from skconv.export.verification import Verification

__all__ = ["CModel", "Verification", "layer_costs", "to_c"]

_MODULES = {"layer_costs": "layers", "to_c": "conversion", "Verification": "verification"}


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module 'skconv.export' has no attribute {name!r}")
    value: object = getattr(import_module(f"skconv.export.{_MODULES.get(name, 'model')}"), name)
    globals()[name] = value
    return value
