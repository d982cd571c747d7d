"""Kernels that everyone knows: Sobel, Scharr, Prewitt, Gauss, Laplace, Laws."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, _fit_context
from sklearn.utils._param_validation import StrOptions

from skconv.kernels.base import Pair, centred, check_maps, on_channels
from skconv.kernels.moments import Maps

Integers = NDArray[np.int64]

# Smooth, and smooth across times differentiate along: what an edge detector is made of.
_EDGES = {"sobel": (1, 2, 1), "scharr": (3, 10, 3), "prewitt": (1, 1, 1)}
_DIFFERENCE = (-1, 0, 1)
# Level, edge, spot, wave, ripple.
_LAWS = {
    "l5": (1, 4, 6, 4, 1),
    "e5": (-1, -2, 0, 2, 1),
    "s5": (-1, 0, 2, 0, -1),
    "w5": (-1, 2, 0, -2, 1),
    "r5": (1, -4, 6, -4, 1),
}
_RING = ((0, 0), (0, 1), (0, 2), (1, 2), (2, 2), (2, 1), (2, 0), (1, 0))


def turned(kernel: Integers, steps: int) -> Integers:
    """A 3 x 3 kernel, its outer ring moved on by `steps` eighths of a turn, clockwise."""
    rows, columns = np.transpose(_RING)
    result = kernel.copy()
    result[rows, columns] = np.roll(kernel[rows, columns], steps)
    return result


def _groups() -> dict[str, dict[str, Integers]]:
    """Every kernel in integers, by the name of its group and its own."""
    groups = {
        edge: {
            f"{edge}_{45 * steps}": turned(np.outer(smooth, _DIFFERENCE), steps)
            for steps in range(4)
        }
        for edge, smooth in _EDGES.items()
    }
    groups["gauss"] = {
        "gauss_3": np.outer((1, 2, 1), (1, 2, 1)),
        "gauss_5": np.outer(_LAWS["l5"], _LAWS["l5"]),
    }
    groups["laplace"] = {
        "laplace_4": np.array([[0, 1, 0], [1, -4, 1], [0, 1, 0]]),
        "laplace_8": np.array([[1, 1, 1], [1, -8, 1], [1, 1, 1]]),
    }
    groups["laws"] = {
        f"laws_{down}{right}": np.outer(_LAWS[down], _LAWS[right])
        for down in _LAWS
        for right in _LAWS
    }
    groups["rows"] = {
        "row_difference": np.array([_DIFFERENCE]),
        "row_gauss": np.array([[1, 2, 1]]),
        "row_laplace": np.array([[1, -2, 1]]),
        **{f"row_{name}": np.array([vector]) for name, vector in _LAWS.items()},
    }
    return groups


_GROUPS = _groups()
_KERNELS = {name: kernel for group in _GROUPS.values() for name, kernel in group.items()}
# What "all" means; the Gauss of 5 x 5 is Laws' level times level, and comes once.
_IMAGES = [name for name in _KERNELS if not name.startswith("row_") and name != "laws_l5l5"]


class FixedKernels(BaseEstimator):
    """Known kernels by their names; of the maps only the shape counts.

    All are integers; ``gains_`` is the sum of the magnitudes of their entries, so that
    ``kernel / gain`` takes maps in [0, 1] to [-1, 1]:

    ============ ============================================================ ===========
    group        kernels                                                      gain
    ============ ============================================================ ===========
    ``sobel``    ``sobel_0``, ``_45``, ``_90``, ``_135``: [1 2 1]' [-1 0 1]   8
    ``scharr``   ``scharr_0`` ... ``_135``: [3 10 3]' [-1 0 1]                32
    ``prewitt``  ``prewitt_0`` ... ``_135``: [1 1 1]' [-1 0 1]                6
    ``gauss``    ``gauss_3``: [1 2 1]' [1 2 1]; ``gauss_5``: L5' L5           16, 256
    ``laplace``  ``laplace_4``, ``laplace_8``: neighbours less 4 or 8 times   8, 16
                 the middle
    ``laws``     ``laws_l5l5``, ``laws_l5e5``, ... ``laws_r5r5``: down, then  16 to 256
                 right, of L5 = [1 4 6 4 1], E5 = [-1 -2 0 2 1],
                 S5 = [-1 0 2 0 -1], W5 = [-1 2 0 -2 1], R5 = [1 -4 6 -4 1]
    ``rows``     ``row_difference`` [-1 0 1], ``row_gauss`` [1 2 1],          2, 4, 4,
                 ``row_laplace`` [1 -2 1], ``row_l5`` ... ``row_r5``          4 to 16
    ============ ============================================================ ===========

    The number behind an edge detector is the direction, in degrees, in which the map
    must grow to give a positive response: 0 is to the right, 90 is down. The opposite
    directions are the negative kernels. Those of 45 degrees have the outer ring of the
    kernel moved on by one.

    Kernels of different sizes lie in the middle of the largest, zeros around.

    Parameters
    ----------
    names : str or sequence of str, default="all"
        Names of kernels and of groups, in the order wanted. ``"all"``: on images every
        kernel but the rows, ``laws_l5l5`` left out as it is ``gauss_5``, 40 in all; on
        signals (maps of height 1) the rows.
    normalize : bool, default=True
        Divide each kernel by its gain. Without it the entries are the integers above.
    channels : {"mean", "each"}, default="mean"
        What is done with maps of several channels: each kernel sees their mean; or each
        kernel is there for every channel alone, channels varying fastest.

    Attributes
    ----------
    kernels_ : ndarray of float32 of shape (n_kernels, kernel_height, kernel_width, channels)
        The kernels.
    biases_ : ndarray of float32 of shape (n_kernels,)
        Zeros.
    names_ : list of str
        Name of every kernel.
    gains_ : ndarray of int64 of shape (n_kernels,)
        Sum of the magnitudes of its integers.

    References
    ----------
    K. I. Laws, "Rapid texture identification", Image Processing for Missile Guidance, Proc.
    SPIE 238, 1980.

    Examples
    --------
    >>> import numpy as np
    >>> from skconv.kernels import FixedKernels
    >>> maps = np.zeros((1, 8, 8, 1))
    >>> source = FixedKernels(names=["sobel", "laplace_4"], normalize=False).fit(maps)
    >>> source.names_
    ['sobel_0', 'sobel_45', 'sobel_90', 'sobel_135', 'laplace_4']
    >>> source.kernels_[0, :, :, 0].astype(int)
    array([[-1,  0,  1],
           [-2,  0,  2],
           [-1,  0,  1]])
    >>> source.gains_
    array([8, 8, 8, 8, 8])
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "names": [str, "array-like"],
        "normalize": ["boolean"],
        "channels": [StrOptions({"mean", "each"})],
    }

    def __init__(
        self,
        *,
        names: str | Sequence[str] = "all",
        normalize: bool = True,
        channels: Literal["mean", "each"] = "mean",
    ) -> None:
        self.names = names
        self.normalize = normalize
        self.channels = channels

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, maps: Maps, y: Any = None) -> FixedKernels:
        """Look the kernels up, for maps ``(n_samples, height, width, channels)``.

        Raises
        ------
        ValueError
            Where a name is unknown or comes twice, or a kernel does not fit in the maps.
        """
        names = self._names(signal=maps.shape[1] == 1)
        found = [_KERNELS[name] for name in names]
        height, width = (max(kernel.shape[axis] for kernel in found) for axis in (0, 1))
        check_maps(maps, (height, width))
        kernels = np.concatenate([_in_middle(kernel, (height, width)) for kernel in found])
        gains = np.abs(kernels).sum(axis=(1, 2, 3))
        if self.normalize:
            kernels = kernels / gains[:, None, None, None]
        n_channels = maps.shape[3]
        if self.channels == "each":
            gains, names = np.repeat(gains, n_channels), np.repeat(names, n_channels).tolist()
        self.kernels_ = on_channels(kernels, n_channels, self.channels)
        self.biases_ = np.zeros(len(self.kernels_), np.float32)
        self.names_, self.gains_ = names, gains
        return self

    def _names(self, *, signal: bool) -> list[str]:
        """Names of kernels, groups spelled out."""
        wanted = [self.names] if isinstance(self.names, str) else list(self.names)
        if wanted == ["all"]:
            return list(_GROUPS["rows"]) if signal else list(_IMAGES)
        names: list[str] = []
        for name in wanted:
            if name not in _KERNELS and name not in _GROUPS:
                raise ValueError(
                    f"names has {name!r}, expected 'all', groups of {sorted(_GROUPS)} or "
                    f"kernels of "
                    f"{list(_KERNELS)}"
                )
            names += _GROUPS.get(name, [name])
        if not names or len(set(names)) < len(names):
            raise ValueError(f"names={self.names!r} must name each kernel once, and at least one")
        return names


def _in_middle(kernel: Integers, size: Pair) -> Integers:
    """A kernel as an array of one kernel of one channel, zeros around it."""
    return centred(kernel[None, :, :, None], size)
