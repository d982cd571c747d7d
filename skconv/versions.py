"""Versions of what is installed, for bug reports."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from importlib.metadata import PackageNotFoundError, version
from typing import TextIO

PACKAGES = ("numpy", "scipy", "scikit-learn", "joblib", "torch", "matplotlib")
TOOLS = ("arm-none-eabi-gcc", "qemu-system-arm", "riscv64-unknown-elf-gcc", "avr-gcc", "simavr")


def show_versions(*, file: TextIO | None = None) -> None:
    """Print the versions of skconv, its dependencies, and the compilers found.

    Parameters
    ----------
    file : file object, default=None
        Where to print; None is the standard output.

    Examples
    --------
    >>> import skconv
    >>> skconv.show_versions()
    skconv             0.1.0
    Python             3...
    system             ...
    numpy              ...
    """
    from skconv import __version__

    found = {
        "skconv": __version__,
        "Python": platform.python_version(),
        "system": f"{platform.platform()}, {os.cpu_count()} cores",
        **{name: _version(name) for name in PACKAGES},
        "C compiler": _compiler(),
        **{name: shutil.which(name) or "not found" for name in TOOLS},
    }
    width = max(map(len, found))
    for name, value in found.items():
        print(f"{name:<{width}}  {value}", file=file or sys.stdout)


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _compiler() -> str:
    """The compiler of `predict` and `verify`."""
    from skconv.deploy.host_compiler import NoCompilerError, find_compiler

    try:
        return " ".join(find_compiler())
    except NoCompilerError:
        return "not found"
