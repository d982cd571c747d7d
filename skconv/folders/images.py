"""Image files as arrays of uint8, by Pillow."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

# More pixels than this are refused unless a size is given: a Pipeline of so large images
# takes long to fit, and its input alone would fill most microcontrollers.
MOST_PIXELS = 128 * 128
_INSTALL = "reading images needs Pillow. Write pip install 'skconv[images]'."


def read_images(
    paths: Sequence[Path], size: tuple[int, int] | None, color: bool | None
) -> NDArray[np.uint8]:
    """Images ``(n, height, width)`` in grey, or ``(n, height, width, 3)`` in colour.

    Parameters
    ----------
    paths : sequence of Path
    size : (int, int) or None
        Height and width that images are brought to, by the mean over areas. None: as they are.
    color : bool or None
        Grey is ``.299 R + .587 G + .114 B``. None: as the files are, which must be alike.

    Raises
    ------
    ImportError
        Where Pillow is not installed.
    ValueError
        Where a file cannot be read, or sizes or colours differ.
    """
    if color is None:
        color = _is_color(paths)
    images = [_read(path, size, color) for path in paths]
    _check_sizes(paths, images)
    return np.stack(images)


def _pillow() -> Any:
    try:
        from PIL import Image, ImageOps
    except ImportError as error:
        raise ImportError(_INSTALL) from error
    return Image, ImageOps


def _open(path: Path) -> Any:
    """The image in a file, upright, as grey ("L") or colour ("RGB")."""
    image, operations = _pillow()
    try:
        with image.open(path) as file:
            file.load()
            upright = operations.exif_transpose(file)
    except Exception as error:
        raise ValueError(f"{path} cannot be read as an image: {error}") from error
    if upright.mode.startswith("I"):  # Grey in 16 bits, which Pillow would clip at 255.
        return image.fromarray((np.asarray(upright) >> 8).astype(np.uint8))
    if upright.mode in ("1", "L", "LA"):
        return upright.convert("L")
    return upright.convert("RGB")


def _is_color(paths: Sequence[Path]) -> bool:
    """Whether all files are in colour; ValueError where some are and some are not."""
    first: dict[str, Path] = {}
    for path in paths:
        first.setdefault(_open(path).mode, path)
        if len(first) == 2:
            raise ValueError(
                f"{first['RGB']} is in colour and {first['L']} in grey, expected all alike. "
                "Write --gray (color=False in Python) or --color (color=True)."
            )
    return "RGB" in first


def _read(path: Path, size: tuple[int, int] | None, color: bool) -> NDArray[np.uint8]:
    image = _open(path).convert("RGB" if color else "L")
    if size is not None and image.size != size[::-1]:
        box = _pillow()[0].Resampling.BOX
        image = image.resize(size[::-1], box)
    return np.asarray(image, dtype=np.uint8)


def _check_sizes(paths: Sequence[Path], images: Sequence[NDArray[np.uint8]]) -> None:
    advice = "Write --size 32x32 (size=(32, 32) in Python) to bring all images to one size."
    first = images[0].shape[:2]
    for path, image in zip(paths, images, strict=True):
        if image.shape[:2] != first:
            raise ValueError(
                f"{path} has {_pixels(image)} pixels and {paths[0]} {_pixels(images[0])}, "
                f"expected one size. {advice}"
            )


def _pixels(image: NDArray[np.uint8]) -> str:
    return f"{image.shape[0]}x{image.shape[1]}"
