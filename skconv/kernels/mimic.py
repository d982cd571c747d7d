"""Kernels that predict the activations of another model: reduced-rank ridge regression."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any, ClassVar, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, _fit_context
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions

from skconv.graph import Graph
from skconv.kernels.base import PADDINGS, Padding, Pair, check_maps
from skconv.kernels.moments import Maps, cross_moment, rounding_of, second_moment, sum_of_patches
from skconv.kernels.pca import with_fixed_signs
from skconv.kernels.teacher import Lesson, lesson_of

Floats = NDArray[np.float64]
Teacher: TypeAlias = ArrayLike | Callable[[NDArray[Any]], ArrayLike] | BaseEstimator | Graph

# Less than this share of the mean square is its rounding.
_NO_VARIANCE = 1e-12


class MimicKernels(BaseEstimator):
    """The kernels that predict the activations of a teacher best, as a linear model of patches.

    A ridge regression leads from patches ``p`` to the teacher's activations ``t`` at the same
    places; with ``A`` and ``B`` their covariance and cross-covariance::

        C = (A + alpha a I)^-1 B,           a the mean of the diagonal of A
        kernels   = D C^T,                  biases = D (mean(t) - C^T mean(p))
        predicted = D^T response + offset,  offset = (I - D^T D) mean(t)

    The rows of ``D`` are the leading eigenvectors of ``B^T C``: of all sets of so many kernels,
    these predict best. Covariances come from all patches, none of which is laid out.

    Parameters
    ----------
    teacher : transformer, Graph, callable or array-like
        What makes the activations. A transformer, such as ``PretrainedFeatures(net,
        layer="features.3", pool=None)``, is cloned and fitted to the maps; its features, or
        the output of the `Graph`, are one map, flattened or not. The map may be of any
        height and width (see Notes). Of a transformer without ``graph_``, of a callable,
        which gets some of the maps, and of an array ``(n_samples, rows, columns,
        n_activations)`` the activations must lie as the responses of a convolution of
        `kernel_size` with `padding` do, at stride 1.
    n_kernels : int or None, default=None
        How many. None: one for every activation, which it predicts (``D = I``).
    kernel_size : int or (int, int), default=7
        Height and width, in pixels.
    alpha : float, default=0.001
        Penalty, relative to the mean variance of an entry of a patch. 0: least squares, the
        solution of least length.
    padding : {"valid", "same", "full", "circular"}, default="same"
        Which patches count: those inside the maps; one around every pixel, zeros outside;
        or the same with the opposite border outside.

    Attributes
    ----------
    kernels_ : ndarray of float32 of shape (n_kernels, kernel_height, kernel_width, channels)
        ``D C^T``, that which predicts most first.
    biases_ : ndarray of float32 of shape (n_kernels,)
        ``D (mean(t) - C^T mean(p))``.
    components_ : ndarray of float64 of shape (n_kernels, n_activations)
        ``D``.
    offset_ : ndarray of float64 of shape (n_activations,)
        What ``responses @ components_`` lacks.
    score_ : float
        The share of the variance of the activations that is predicted, on the maps of `fit`.

    Notes
    -----
    A pixel of a layer lies in the middle of the window of the maps that it stands for; the
    graph knows where, through strides, borders, pooling and resizing. Of every pixel the
    nearest patch is learnt from, by its own middle, and activations are interpolated
    linearly where the two do not coincide. A layer with stride 2 is learnt from every second
    patch: a `ConvStage` of the same stride computes the student where the teacher is.

    A network that normalises its input pads with what is 0 behind that; ``padding="valid"``
    here keeps its border out of the lesson.

    Kernels are linear: teach the convolution (``tap="before_activation"``), without
    `n_kernels`, and let the stage do the activation; or teach what comes of it with few
    kernels, and let a classifier undo ``D``.

    References
    ----------
    L. J. Ba, R. Caruana, "Do deep nets really need to be deep?", NeurIPS 2014.

    A. J. Izenman, "Reduced-rank regression for the multivariate linear model", Journal of
    Multivariate Analysis 5(2), 1975.

    Examples
    --------
    A teacher that is a convolution is learnt as such:

    >>> import numpy as np
    >>> from skconv.kernels import MimicKernels
    >>> maps = np.random.default_rng(0).normal(size=(10, 6, 6, 1))
    >>> source = MimicKernels(
    ...     teacher=lambda maps: 3 - np.diff(maps, axis=2),
    ...     kernel_size=(1, 2),
    ...     alpha=0,
    ...     padding="valid",
    ... ).fit(maps)
    >>> source.kernels_.ravel().round(4), source.biases_.round(4)
    (array([ 1., -1.], dtype=float32), array([3.], dtype=float32))

    So is one of a network with a stride:

    >>> import torch
    >>> from skconv import PretrainedFeatures
    >>> net = torch.nn.Conv2d(1, 4, 3, stride=2, padding=1)
    >>> teacher = PretrainedFeatures(net, layer="output", pool=None)
    >>> source = MimicKernels(teacher=teacher, kernel_size=3, alpha=0).fit(maps)
    >>> weights = net.weight.detach().numpy().transpose(0, 2, 3, 1)
    >>> bool(np.abs(source.kernels_ - weights).max() < 1e-6)
    True
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "teacher": [HasMethods(["fit", "transform"]), Graph, callable, "array-like"],
        "n_kernels": [Interval(Integral, 1, None, closed="left"), None],
        "kernel_size": ["array-like", Interval(Integral, 1, None, closed="left")],
        "alpha": [Interval(Real, 0, None, closed="left")],
        "padding": [StrOptions(set(PADDINGS))],
    }

    def __init__(
        self,
        *,
        teacher: Teacher,
        n_kernels: int | None = None,
        kernel_size: int | Pair = 7,
        alpha: float = 1e-3,
        padding: Padding = "same",
    ) -> None:
        self.teacher = teacher
        self.n_kernels = n_kernels
        self.kernel_size = kernel_size
        self.alpha = alpha
        self.padding = padding

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, maps: Maps, y: Any = None) -> MimicKernels:
        """Learn the kernels from maps ``(n_samples, height, width, channels)``.

        ``y`` is for a teacher that is fitted.

        Raises
        ------
        ValueError
            Where ``maps`` is not such an array of finite numbers, or the kernel does not fit
            in it; where activations are not finite, are no map, do not lie as responses do,
            are all equal, or are fewer than `n_kernels`.
        """
        maps, size = check_maps(maps, self.kernel_size, self.padding)
        found = _moments(lesson_of(self.teacher, maps, y, size, self.padding))
        self._check(found)
        covariance = found.second - np.outer(found.patch, found.patch)
        cross = found.cross - np.outer(found.patch, found.mean)
        coefficients = self._ridge(covariance, cross, rounding_of(found.second))
        mean, components = found.mean, np.eye(len(found.mean))
        if self.n_kernels is not None:
            vectors = np.linalg.eigh(cross.T @ coefficients)[1].T[::-1]
            components = with_fixed_signs(vectors[: self.n_kernels])
        kernels = components @ coefficients.T
        self.kernels_ = kernels.reshape(-1, *size, maps.shape[3]).astype(np.float32)
        # Of the kernels as they are stored: the mean patch gives the mean activation.
        stored = self.kernels_.reshape(kernels.shape).astype(np.float64)
        self.biases_ = (components @ mean - stored @ found.patch).astype(np.float32)
        self.components_, self.offset_ = components, mean - components.T @ (components @ mean)
        missed = np.sum((kernels @ covariance) * kernels) - 2 * np.sum(
            components * (kernels @ cross)
        )
        self.score_ = float(-missed / found.variance)
        return self

    def _check(self, found: _Moments) -> None:
        n_activations = len(found.mean)
        if self.n_kernels is not None and self.n_kernels > n_activations:
            raise ValueError(
                f"n_kernels={self.n_kernels} is more than the {n_activations} activation(s) of "
                "teacher"
            )
        if found.variance <= _NO_VARIANCE * found.square:
            raise ValueError("teacher gives activations that are all equal: nothing to learn")

    def _ridge(self, covariance: Floats, cross: Floats, noise: float) -> Floats:
        """``C``, on the directions in which patches vary by more than `noise`."""
        values, vectors = np.linalg.eigh(covariance)
        varies = values > noise
        kept = vectors[:, varies]
        penalty = self.alpha * np.trace(covariance) / len(covariance)
        return (kept / (values[varies] + penalty)) @ (kept.T @ cross)


@dataclass(frozen=True)
class _Moments:
    """Means over patches ``p`` and their activations ``t``.

    Of ``p``, ``p p^T``, ``t``, ``|t|^2`` and ``p t^T``.
    """

    patch: Floats
    second: Floats
    mean: Floats
    square: float
    cross: Floats

    @property
    def variance(self) -> float:
        """Of the activations, all together."""
        return float(self.square - self.mean @ self.mean)


def _moments(lesson: Lesson) -> _Moments:
    """All patches are never laid out; some of them are, a batch at a time."""
    size, padding, everywhere = lesson.size, lesson.padding, lesson.is_everywhere
    n_entries = size[0] * size[1] * lesson.maps.shape[3]
    patch, second = np.zeros(n_entries), np.zeros((n_entries, n_entries))
    n_patches, total, square, cross = 0, np.zeros(1), 0.0, np.zeros(1)
    for batch, activations in lesson.batches():
        vectors = activations.reshape(-1, activations.shape[3])
        n_patches += len(vectors)
        total = total + vectors.sum(axis=0)
        square += float(np.sum(vectors**2))
        if everywhere:
            cross = cross + cross_moment(batch, activations, size, padding)
        else:
            patches = lesson.patches(batch)
            cross = cross + patches.T @ vectors
            patch += patches.sum(axis=0)
            second += patches.T @ patches
    if everywhere:
        patch = sum_of_patches(lesson.maps, size, padding)
        second = second_moment(lesson.maps, size, padding)
    n = n_patches
    return _Moments(patch / n, second / n, total / n, square / n, cross / n)
