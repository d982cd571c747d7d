"""Preprocessing of images, read from a network's own configuration, as ops."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skconv.graph import Affine, Conv, Graph, Resize, TensorSpec
from skconv.stages.geometry import Pair
from skconv.torch_import.resampling import resampling_matrix

INTERPOLATIONS = frozenset({"nearest", "nearest-exact", "bilinear", "bicubic", "area"})


@dataclass(frozen=True)
class Preprocessing:
    """Preprocessing: from raw samples to what the network saw in training.

    ``(scale * resized - mean) / std``, channel by channel; grey images are repeated for
    every channel of the network.

    Attributes
    ----------
    input_size : (int, int) or None
        Height and width; None leaves samples as they are.
    interpolation : str
        Mode of ``torch.nn.functional.interpolate``.
    antialias : bool
        Smooth before the image gets smaller.
    crop : float or None
        The shorter side becomes ``input_size / crop``, and the centre is taken. None: the
        whole image, its proportions changed where they differ.
    scale : float
        Makes of numbers as they come what ``mean`` and ``std`` are stated for.
    mean, std : tuple of float
        One number for all channels, or one for each.
    """

    input_size: Pair | None = None
    interpolation: str = "bilinear"
    antialias: bool = True
    crop: float | None = None
    scale: float = 1.0
    mean: tuple[float, ...] = (0.0,)
    std: tuple[float, ...] = (1.0,)

    def changed(self, **parameters: Any) -> Preprocessing:
        """A copy with every value that is not None replaced."""
        given = {name: v for name, v in parameters.items() if v is not None}
        for name in ("mean", "std"):
            if name in given:
                given[name] = tuple(float(v) for v in np.atleast_1d(given[name]))
        if "input_size" in given:
            given["input_size"] = height_width(given["input_size"])
        return replace(self, **given)

    def as_they_come(self) -> Preprocessing:
        """A copy without a size: samples are neither resized nor cropped."""
        return replace(self, input_size=None, crop=None)

    def size_of(self, space: Pair) -> Pair:
        """Height and width that the network gets of a sample."""
        if self.input_size is None:
            return space
        return self.input_size if space[0] > 1 else (1, self.input_size[1])

    def graph(self, shape: tuple[int, int, int], channels: int) -> Graph:
        """The ops, from a sample ``(height, width, channels)`` to the network's input.

        Raises
        ------
        ValueError
            Where the sample has another number of channels than the network, and not one.
        """
        height, width, found = shape
        if found not in (1, channels):
            raise ValueError(
                f"samples have {found} channels, the network needs {channels}"
                + (" (or 1, which is repeated)" if channels > 1 else "")
            )
        graph = Graph(TensorSpec(shape))
        if self.size_of((height, width)) != (height, width) or self.crop:
            graph = graph.append(Resize(*self._matrices((height, width))), name="resize")
        return self._normalized(graph, channels)

    def _matrices(self, space: Pair) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        size = self.size_of(space)
        whole = self._before_crop(space, size)
        rows, columns = (
            _centre(resampling_matrix(old, new, self.interpolation, antialias=self.antialias), kept)
            for old, new, kept in zip(space, whole, size, strict=True)
        )
        return rows, columns

    def _before_crop(self, space: Pair, size: Pair) -> Pair:
        """Size of the whole image of which the centre is taken."""
        if self.crop is None:
            return size
        ratio = max(new / self.crop / old for new, old in zip(size, space, strict=True) if old > 1)
        rows, columns = (
            max(round(old * ratio), new) if old > 1 else 1
            for old, new in zip(space, size, strict=True)
        )
        return rows, columns

    def _normalized(self, graph: Graph, channels: int) -> Graph:
        mean, std = (_each(values, channels, name) for values, name in
                     ((self.mean, "mean"), (self.std, "std")))  # fmt: skip
        if (std == 0).any():
            raise ValueError(f"std={self.std} must not hold a 0")
        factors = (self.scale / std).astype(np.float32)
        offsets = (-mean / std).astype(np.float32)
        if graph.output.shape[2] != channels:
            return graph.append(Conv(factors.reshape(-1, 1, 1, 1), offsets), name="normalize")
        if (factors == 1).all() and (offsets == 0).all():
            return graph
        return graph.append(Affine(factors, offsets), name="normalize")


def height_width(size: Any, name: str = "input_size") -> Pair:
    """A size that may be one number for both; ValueError where it is none."""
    values = [int(n) for n in np.atleast_1d(size)]
    if len(values) not in (1, 2) or min(values) < 1:
        raise ValueError(f"{name}={size!r} must be a positive integer or (height, width)")
    return values[0], values[-1]


def _each(values: tuple[float, ...], channels: int, name: str) -> NDArray[np.float64]:
    if len(values) not in (1, channels):
        raise ValueError(f"{name}={values} has {len(values)} numbers for {channels} channels")
    return np.broadcast_to(np.asarray(values, np.float64), (channels,))


def _centre(matrix: NDArray[np.float32], kept: int) -> NDArray[np.float32]:
    start = round((len(matrix) - kept) / 2)
    return np.ascontiguousarray(matrix[start : start + kept])


# ------------------------------------------------------------------------ where it is stated


def stated_by(source: Any) -> Preprocessing:
    """What a configuration states.

    Parameters
    ----------
    source : mapping or object or None
        A dict in the manner of timm (``input_size``, ``interpolation``, ``crop_pct``,
        ``mean``, ``std``), torchvision's weights or their ``transforms()``, or a
        `Preprocessing`. None states nothing.

    Raises
    ------
    ValueError
        Where it is none of these.
    """
    if source is None:
        return Preprocessing()
    if isinstance(source, Preprocessing):
        return source
    if callable(getattr(source, "transforms", None)):
        source = source.transforms()
    if hasattr(source, "to_dict"):
        source = source.to_dict()
    if isinstance(source, Mapping):
        return _by_timm(source)
    if hasattr(source, "crop_size") and hasattr(source, "mean"):
        return _by_torchvision(source)
    raise ValueError(
        f"preset={source!r}, expected a timm configuration, torchvision weights or a Preprocessing"
    )


def stated_by_model(model: Any) -> Preprocessing:
    """What a model carries with it: timm's ``pretrained_cfg``."""
    return stated_by(getattr(model, "pretrained_cfg", None) or getattr(model, "default_cfg", None))


def _by_timm(config: Mapping[str, Any]) -> Preprocessing:
    """timm states mean and std for pixels of 0 to 1."""
    channels_first = config.get("input_size")
    interpolation = str(config.get("interpolation") or "bilinear")
    return Preprocessing(scale=1 / 255).changed(
        input_size=channels_first[-2:] if channels_first else None,
        interpolation=interpolation if interpolation in INTERPOLATIONS else "bilinear",
        crop=config.get("crop_pct"),
        mean=config.get("mean"),
        std=config.get("std"),
    )


def _by_torchvision(transforms: Any) -> Preprocessing:
    """torchvision resizes to ``resize_size`` and takes the centre of ``crop_size``."""
    crop_size, resize_size = (np.atleast_1d(s)[0] for s in
                              (transforms.crop_size, transforms.resize_size))  # fmt: skip
    mode = getattr(transforms.interpolation, "value", transforms.interpolation)
    return Preprocessing(scale=1 / 255).changed(
        input_size=int(crop_size),
        interpolation=str(mode),
        antialias=bool(getattr(transforms, "antialias", True)),
        crop=float(crop_size / resize_size),
        mean=transforms.mean,
        std=transforms.std,
    )
