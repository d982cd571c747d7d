"""Interpolation as a matrix."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def resampling_matrix(
    old: int,
    new: int,
    mode: str,
    *,
    scale: float | None = None,
    align_corners: bool | None = None,
    antialias: bool = False,
) -> NDArray[np.float32]:
    """The matrix ``(new, old)`` by which torch's interpolation changes the length of an axis.

    Interpolation of images is separable and linear: it is found by interpolating the unit
    vectors. Pixels lie ``old / new`` apart, or ``1 / scale``, where torch was given a scale of
    which ``new`` is only the whole part.

    Examples
    --------
    >>> from skconv.torch_import.resampling import resampling_matrix
    >>> resampling_matrix(2, 4, "bilinear")
    array([[1.  , 0.  ],
           [0.75, 0.25],
           [0.25, 0.75],
           [0.  , 1.  ]], dtype=float32)
    """
    import torch
    import torch.nn.functional as F

    smooth = mode in ("bilinear", "bicubic")
    options: dict[str, Any] = {"align_corners": align_corners} if smooth else {}
    units = torch.eye(old, dtype=torch.float64)[None, None]
    if scale is None or scale * old == new:
        options["size"] = (new, old)
    else:
        options["scale_factor"] = (scale, 1.0)
    matrix = F.interpolate(units, mode=mode, antialias=antialias and smooth, **options)
    return matrix[0, 0].numpy().astype(np.float32)
