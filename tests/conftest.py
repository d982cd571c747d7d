"""What every test may ask for."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING, NoReturn

if "PYTEST_XDIST_WORKER" in os.environ:
    # One thread a worker: numpy and torch read this when they are imported.
    os.environ.setdefault("OMP_NUM_THREADS", "1")

# scikit-learn skips its check of array API input unless this is set when scipy is imported.
os.environ.setdefault("SCIPY_ARRAY_API", "1")

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    from skconv.pretrained.loaders import Loaded


def unavailable(reason: str) -> NoReturn:
    """Skip for a user; fail in continuous integration, where everything is installed."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{reason}, and CI=true")
    pytest.skip(reason)


def require_tool(*programs: str) -> None:
    """Skip the test where a program is not installed; fail it under ``CI=true``."""
    if missing := [program for program in programs if shutil.which(program) is None]:
        unavailable(f"not installed: {', '.join(missing)}")


def pytest_runtest_setup(item: pytest.Item) -> None:
    for marker in item.iter_markers("needs"):
        require_tool(*marker.args)


@pytest.fixture(scope="session")
def pretrained() -> Callable[[str], Loaded]:
    """Loads a network by name; what it needs is missing where its package is."""
    from skconv.pretrained import load

    def load_or_skip(name: str) -> Loaded:
        try:
            return load(name)
        except ImportError as error:
            unavailable(str(error))

    return load_or_skip


@pytest.fixture(scope="session")
def fashion_mnist() -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Images (60000, 28, 28) and labels of Fashion-MNIST's train set."""
    from skconv.datasets import load_fashion_mnist

    try:
        return load_fashion_mnist()
    except OSError as error:
        unavailable(str(error))
