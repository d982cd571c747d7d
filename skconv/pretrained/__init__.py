"""Pretrained networks as graphs and as feature extractors."""

from __future__ import annotations

from importlib import import_module as _import
from typing import TYPE_CHECKING

from skconv.runtime.engine import require_torch

if TYPE_CHECKING:
    from skconv.pretrained.extractor import PretrainedFeatures
    from skconv.pretrained.loaders import load
    from skconv.pretrained.preprocessing import Preprocessing
    from skconv.torch_import.importing import import_module, import_program
    from skconv.torch_import.network import Layer, Layers, Network

__all__ = [
    "Layer",
    "Layers",
    "Network",
    "Preprocessing",
    "PretrainedFeatures",
    "import_module",
    "import_program",
    "load",
]

# `importing` reads torch; a fitted estimator that is loaded has no need of it.
_HOMES = {
    "Layer": "torch_import.network",
    "Layers": "torch_import.network",
    "Network": "torch_import.network",
    "Preprocessing": "pretrained.preprocessing",
    "PretrainedFeatures": "pretrained.extractor",
    "import_module": "torch_import.importing",
    "import_program": "torch_import.importing",
    "load": "pretrained.loaders",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'skconv.pretrained' has no attribute {name!r}")
    if _HOMES[name] == "torch_import.importing":
        require_torch(f"skconv.pretrained.{name}")
    return getattr(_import(f"skconv.{_HOMES[name]}"), name)
