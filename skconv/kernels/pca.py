"""Kernels that are the principal components of patches (Chan et al. 2015)."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator
from numbers import Integral
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.lib.stride_tricks import as_strided, sliding_window_view
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, _fit_context
from sklearn.utils import check_array
from sklearn.utils._param_validation import Interval, StrOptions

from skconv.kernels.base import PADDINGS, Padding, Pair, pair, same_padding

Maps = NDArray[Any]
PatchShape = tuple[int, int, int]
RemoveMean = Literal["channel", "patch"] | None

_CHUNK_BYTES = 2**23
# Entries that differ by less than this are as large as one another: symmetric patches
# have kernels whose largest entries differ by rounding alone.
_TIE = 1e-6


# --------------------------------------------------------------- the moments of patches


def second_moment(maps: Maps, kernel_size: Pair, padding: Padding) -> NDArray[np.float64]:
    """Sum over all patches of ``patch patch^T``, in float64, no mean removed.

    A patch is ``(height, width, channels)``, row-major, one at every pixel (stride 1).
    Patches are never laid out: a product of two pixels belongs to many of them, and is
    computed once for all.

    - A strip is a few patches side by side. With strips of all samples as rows of one
      matrix, one product gives the moments of a line of pixels with itself and with the
      lines below that it shares a patch with.
    - Patches side by side are diagonal blocks of that product: add the blocks.
    - Patches above one another start at a range of lines: add to each what is its own.

    Parameters
    ----------
    maps : ndarray of shape (n_samples, height, width, channels)
    kernel_size : (height, width)
    padding : {"valid", "same", "circular"}

    Returns
    -------
    moment : ndarray of float64 of shape (n_entries, n_entries)
        ``n_entries = height * width * channels`` of a patch.
    """
    kh, kw = kernel_size
    line = kw * maps.shape[3]
    moment = np.zeros((kh, line, kh, line))
    for strips, n_patches in _strips(maps, kernel_size, padding):
        n_lines, length = strips.shape[1:]
        flat = strips.reshape(len(strips), -1)
        for y in range(n_lines):
            below = flat[:, y * length : (y + kh) * length]
            product = flat[:, y * length : (y + 1) * length].T @ below
            blocks = _sum_of_blocks(product, n_patches, line, maps.shape[3])
            for lag in range(blocks.shape[1]):
                for dy in range(max(0, y + kh - n_lines), min(y, kh - 1 - lag) + 1):
                    moment[dy, :, dy + lag] += blocks[:, lag]
    for upper in range(kh):
        for lower in range(upper + 1, kh):
            moment[lower, :, upper] = moment[upper, :, lower].T
    return moment.reshape(kh * line, kh * line)


def _strips(
    maps: Maps, kernel_size: Pair, padding: Padding
) -> Iterator[tuple[NDArray[np.float64], int]]:
    """Strips ``(n_strips, lines, length)`` of padded maps, and how many patches lie in one."""
    kw = kernel_size[1]
    borders = same_padding(kernel_size) if padding != "valid" else ((0, 0), (0, 0))
    mode: Literal["wrap", "constant"] = "wrap" if padding == "circular" else "constant"
    n_columns = maps.shape[2] + sum(borders[1]) - kw + 1
    # A strip of t patches costs (t + kw - 1)^2 / t a patch: flat around t = kw - 1.
    n_patches = min(2 * kw, n_columns)
    n_strips, rest = divmod(n_columns, n_patches)
    n_samples = max(1, _CHUNK_BYTES // (8 * math.prod(maps.shape[1:])))
    for start in range(0, len(maps), n_samples):
        chunk = maps[start : start + n_samples].astype(np.float64)
        padded = np.pad(chunk, ((0, 0), *borders, (0, 0)), mode=mode)
        yield _cut(padded[:, :, : n_strips * n_patches + kw - 1], n_patches, kw), n_patches
        if rest:
            yield _cut(padded[:, :, n_strips * n_patches :], rest, kw), rest


def _cut(padded: NDArray[np.float64], n_patches: int, kw: int) -> NDArray[np.float64]:
    """Strips of `n_patches` patches from maps as wide as a whole number of them."""
    windows = sliding_window_view(padded, n_patches + kw - 1, axis=2)[:, :, ::n_patches]
    _, n_lines, _, channels, columns = windows.shape
    return windows.transpose(0, 2, 1, 4, 3).reshape(-1, n_lines, columns * channels)


def _sum_of_blocks(
    product: NDArray[np.float64], n_patches: int, line: int, channels: int
) -> NDArray[np.float64]:
    """Moments of one line of a patch with the lines below: ``(line, lags, line)``."""
    length, width = product.shape
    down, right = product.strides
    blocks = as_strided(
        product,
        (n_patches, line, width // length, line),
        (channels * (down + right), down, length * right, right),
        writeable=False,
    )
    return blocks.sum(axis=0)


def count_patches(shape: tuple[int, ...], kernel_size: Pair, padding: Padding) -> int:
    """How many patches maps ``(n_samples, height, width, ...)`` have."""
    n_samples, height, width = shape[:3]
    if padding != "valid":
        return n_samples * height * width
    return n_samples * (height - kernel_size[0] + 1) * (width - kernel_size[1] + 1)


# ------------------------------------------------------------- their leading directions


def max_rank(patch: PatchShape, remove_mean: RemoveMean) -> int:
    """The most kernels that any data can give."""
    return math.prod(patch) - {"channel": patch[2], "patch": 1, None: 0}[remove_mean]


def check_rank(n_kernels: int, rank: int, patch: PatchShape, *, clip: bool) -> int:
    """How many kernels to take of a given rank; ValueError where it is too low."""
    if n_kernels <= rank:
        return n_kernels
    excess = f"n_kernels={n_kernels} is more than the rank of the patches"
    if clip and rank > 0:
        warnings.warn(f"{excess}: {rank} is used", stacklevel=2)
        return rank
    raise ValueError(
        f"{excess}: patches of {math.prod(patch)} feature(s), shape {patch}, have rank "
        f"{rank} once their means are removed as told; want n_kernels <= {rank}"
    )


def principal_kernels(
    moment: NDArray[np.float64],
    patch: PatchShape,
    n_kernels: int,
    *,
    remove_mean: RemoveMean = "channel",
    clip: bool = False,
) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Leading eigenvectors, as kernels, and eigenvalues of a second moment of patches.

    To remove the mean of every patch is to project the moment on both sides with
    ``I - 1 1^T / n``. With `clip` fewer kernels than asked for come, with a warning,
    where the rank is lower; without it that is a ValueError.
    """
    n_entries = len(moment)
    projection = np.eye(n_entries)
    if remove_mean == "channel":
        same_channel = np.tile(np.eye(patch[2]), (patch[0] * patch[1],) * 2)
        projection -= same_channel / (patch[0] * patch[1])
    elif remove_mean == "patch":
        projection -= 1 / n_entries
    values, vectors = np.linalg.eigh(projection @ moment @ projection)
    values, vectors = values[::-1], vectors[:, ::-1]
    # Rounding is relative to what was there before the means went.
    noise = np.trace(moment) * n_entries * np.finfo(np.float64).eps
    rank = int(np.sum(values > noise))
    n_kernels = check_rank(n_kernels, rank, patch, clip=clip)
    kernels = _with_fixed_signs(vectors[:, :n_kernels].T).reshape(n_kernels, *patch)
    return np.ascontiguousarray(kernels, np.float32), values[:n_kernels].copy()


def _with_fixed_signs(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Each vector times ±1, so that its largest entry (the first one on ties) is positive."""
    sizes = np.abs(vectors)
    largest = sizes >= (1 - _TIE) * sizes.max(axis=1, keepdims=True)
    first = np.take_along_axis(vectors, largest.argmax(axis=1)[:, None], axis=1)
    return vectors * np.sign(first)


class PCAKernels(BaseEstimator):
    """Principal components of the patches of maps.

    One patch lies at every pixel. The kernels are the leading eigenvectors of the second
    moment ``sum p p^T`` of the patches ``p``, each less its own mean. The moment is *not*
    centred across patches, so it is not what `sklearn.decomposition.PCA` sees.

    A kernel has unit length and, unless ``remove_mean=None``, sums to zero; therefore a
    plain convolution gives the same as one with patches whose means are removed. Its sign
    is fixed: the entry of largest magnitude, the first of several, is positive.

    Parameters
    ----------
    n_kernels : int, default=8
        How many.
    kernel_size : int or (int, int), default=7
        Height and width, in pixels.
    padding : {"valid", "same", "circular"}, default="valid"
        Which patches count: those inside the maps; one around every pixel, zeros outside;
        or the same with the opposite border outside.
    remove_mean : {"channel", "patch"} or None, default="channel"
        What each patch is made free of: the mean of each of its channels (as PCANet
        does), its mean over all channels, or nothing.
    clip : bool, default=False
        Where the rank of the patches is lower than `n_kernels`: take as many, with a
        warning, instead of raising.

    Attributes
    ----------
    kernels_ : ndarray of float32 of shape (n_kernels, kernel_height, kernel_width, channels)
        The eigenvectors, largest eigenvalue first.
    biases_ : ndarray of float32 of shape (n_kernels,)
        Zeros.
    eigenvalues_ : ndarray of float64 of shape (n_kernels,)
        Mean square of the response to each kernel.
    scatter_ : ndarray of float64 of shape (n_entries, n_entries)
        Sum of ``p p^T`` before any mean is removed: what `partial_fit` adds to.
    n_patches_ : int
        How many patches were seen.

    References
    ----------
    T.-H. Chan, K. Jia, S. Gao, J. Lu, Z. Zeng, Y. Ma, "PCANet: a simple deep learning
    baseline for image classification?", IEEE Transactions on Image Processing 24(12),
    2015, equations 1 to 3.

    Examples
    --------
    On patches of two pixels the one kernel is their difference:

    >>> import numpy as np
    >>> from skconv.kernels.pca import PCAKernels
    >>> maps = np.array([1.0, 3.0, 2.0, 2.0]).reshape(1, 1, 4, 1)
    >>> source = PCAKernels(n_kernels=1, kernel_size=(1, 2)).fit(maps)
    >>> source.kernels_.ravel()
    array([ 0.70710677, -0.70710677], dtype=float32)
    >>> source.eigenvalues_.round(4)                       # (2^2 + 1^2 + 0^2) / 3 / 2
    array([0.8333])
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "n_kernels": [Interval(Integral, 1, None, closed="left")],
        "kernel_size": ["array-like", Interval(Integral, 1, None, closed="left")],
        "padding": [StrOptions(set(PADDINGS))],
        "remove_mean": [StrOptions({"channel", "patch"}), None],
        "clip": ["boolean"],
    }

    def __init__(
        self,
        *,
        n_kernels: int = 8,
        kernel_size: int | Pair = 7,
        padding: Padding = "valid",
        remove_mean: RemoveMean = "channel",
        clip: bool = False,
    ) -> None:
        self.n_kernels = n_kernels
        self.kernel_size = kernel_size
        self.padding = padding
        self.remove_mean = remove_mean
        self.clip = clip

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, maps: Maps, y: Any = None) -> PCAKernels:
        """Learn the kernels from maps ``(n_samples, height, width, channels)``.

        Raises
        ------
        ValueError
            Where ``maps`` is not such an array of finite numbers, the kernel does not fit
            in it, or `n_kernels` is more than the rank of the patches.
        """
        return self._learn(maps, scatter=None, n_patches=0)

    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, maps: Maps, y: Any = None) -> PCAKernels:
        """Learn from more maps: the kernels are those of all maps seen since `fit`."""
        if not hasattr(self, "scatter_"):
            return self._learn(maps, scatter=None, n_patches=0)
        return self._learn(maps, scatter=self.scatter_, n_patches=self.n_patches_)

    def _learn(self, maps: Maps, scatter: NDArray[np.float64] | None, n_patches: int) -> PCAKernels:
        maps = check_array(maps, ensure_2d=False, allow_nd=True)
        if maps.ndim != 4:
            raise ValueError(
                f"maps have shape {maps.shape}, wanted (n_samples, height, width, channels)"
            )
        size = pair(self.kernel_size, "kernel_size")
        if self.padding == "valid" and (size[0] > maps.shape[1] or size[1] > maps.shape[2]):
            raise ValueError(
                f"kernel_size={self.kernel_size!r} is larger than the "
                f"{maps.shape[1]}x{maps.shape[2]} maps"
            )
        patch = (*size, maps.shape[3])
        if not self.clip:
            check_rank(self.n_kernels, max_rank(patch, self.remove_mean), patch, clip=False)
        if scatter is not None and len(scatter) != math.prod(patch):
            raise ValueError(
                f"partial_fit with patches of {math.prod(patch)} numbers {patch}, wanted the "
                f"{len(scatter)} of the maps before"
            )
        moment = second_moment(maps, size, self.padding)
        moment = moment if scatter is None else scatter + moment
        n_patches += count_patches(maps.shape, size, self.padding)
        kernels, values = principal_kernels(
            moment, patch, self.n_kernels, remove_mean=self.remove_mean, clip=self.clip
        )
        self.kernels_, self.eigenvalues_ = kernels, values / n_patches
        self.biases_ = np.zeros(len(kernels), np.float32)
        self.scatter_, self.n_patches_ = moment, n_patches
        return self
