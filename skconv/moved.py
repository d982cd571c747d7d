"""Modules under the names that they had before 0.1.0: read for one release, with a warning."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Sequence
from functools import partial
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

# What users import by the name of its module, and what pickles of models name.
MOVED = {
    "skconv.chips": "skconv.target.chips",
    "skconv.cost": "skconv.target.cost",
    "skconv.export": "skconv.deploy",
    "skconv.export.bench": "skconv.deploy.bench",
    "skconv.export.c": "skconv.codegen.render",
    "skconv.export.interface": "skconv.codegen.interface",
    "skconv.export.model": "skconv.deploy.model",
    "skconv.export.verification": "skconv.deploy.verification",
    "skconv.memory": "skconv.target.memory",
    "skconv.pretrained.network": "skconv.torch_import.network",
    "skconv.ridge": "skconv.classifiers.ridge",
    "skconv.svm": "skconv.classifiers.svm",
    "skconv.targets": "skconv.target.targets",
}


class MovedModules(MetaPathFinder, Loader):
    """The last finder that Python asks: it finds modules by their former names."""

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        return ModuleSpec(name, self, is_package=True) if name in MOVED else None

    def create_module(self, spec: ModuleSpec) -> None:
        """A plain module."""

    def exec_module(self, module: ModuleType) -> None:
        """Every name of it is that of the module at its new place."""
        new = MOVED[module.__name__]
        warnings.warn(
            f"{module.__name__} is now {new}; the old name goes with release 0.2",
            FutureWarning,
            stacklevel=2,
        )
        vars(module)["__getattr__"] = partial(getattr, import_module(new))


def install() -> None:
    """Let Python find modules that have moved."""
    if not any(isinstance(finder, MovedModules) for finder in sys.meta_path):
        sys.meta_path.append(MovedModules())
