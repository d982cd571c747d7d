"""From a fitted estimator to C for firmware: models, verification, saved projects.

The names are imported when they are first used: `skconv.deploy.compiled` needs the printer
only, and the model needs `skconv.deploy.compiled`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from skconv.deploy.conversion import to_c
    from skconv.deploy.layers import layer_costs
    from skconv.deploy.manifest_check import check_folder
    from skconv.deploy.model import CModel
    from skconv.deploy.verification import Verification

__all__ = ["CModel", "Verification", "check_folder", "layer_costs", "to_c"]

_MODULES = {
    "check_folder": "manifest_check",
    "layer_costs": "layers",
    "to_c": "conversion",
    "Verification": "verification",
}


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module 'skconv.deploy' has no attribute {name!r}")
    value: object = getattr(import_module(f"skconv.deploy.{_MODULES.get(name, 'model')}"), name)
    globals()[name] = value
    return value
