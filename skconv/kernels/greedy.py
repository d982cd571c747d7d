"""Kernels chosen from many: those that help a linear classifier most for what they cost."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, _fit_context, clone
from sklearn.model_selection import check_cv
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions

from skconv.graph import Graph, TensorSpec
from skconv.kernels.backward_ridge import BackwardRidge
from skconv.kernels.base import (
    PADDINGS,
    KernelSource,
    Padding,
    Pair,
    check_labels,
    check_maps,
    limited,
)
from skconv.kernels.block_moments import BlockMoments
from skconv.kernels.forward_ridge import ForwardRidge
from skconv.kernels.moments import Maps
from skconv.kernels.patches import sample_patches
from skconv.stages.spec import StageSpec
from skconv.stages.windows import GRIDS
from skconv.utils.progress import report, reporting

Cost = Literal["count", "macs", "flash"]
Direction = Literal["forward", "backward"]

# What `to_c` takes for the bias of a kernel and for a weight of the classifier.
_BIAS_BYTES, _FACTOR_BYTES = 4, 2


class GreedyKernels(BaseEstimator):
    """The kernels of a source that help a linear classifier most for what they cost; supervised.

    Every candidate is a stage of its own: its responses, a nonlinearity, and mean pooling give
    a block of features. A ridge regression on the blocks of a set of kernels predicts which
    class a sample is of::

        minimise  |Y - F w|^2 / n_samples + alpha |w|^2

    with ``Y`` one column a class, 1 or 0, and ``Y`` and ``F`` less their means. Forward, the set
    grows from nothing by the kernel whose block lowers the error on held-out samples most, for
    one unit of cost; backward, it shrinks from all candidates by the one that is missed least.
    Whole kernels come or go: single features would save nothing. Features are computed once, and
    a step updates the regressions in closed form (`skconv.kernels.forward_ridge`,
    `skconv.kernels.backward_ridge`).

    Candidates that learn from the maps, or from the labels, learn from all that are given.

    Parameters
    ----------
    source : kernel source
        Gives the candidates; `UnionKernels` puts several sources together.
    n_kernels : int, default=16
        How many are chosen.
    cost : {"count", "macs", "flash"}, default="count"
        What a kernel costs: 1; its multiplications at one place; or the bytes that it takes on
        a microcontroller: weights of 8 bits and a bias of 32, and in a linear classifier 16 bits
        for each of its features and classes. Zeros around a kernel are not counted.
    direction : {"forward", "backward"}, default="forward"
        Backward solves one system of all features, for every fold, and takes a step for every
        candidate that goes: slower, and better where kernels help only together.
    nonlinearity : str, default="soft_threshold"
        What is done to responses: ``"abs"``, ``"square"``, ``"relu"``, ``"both_signs"`` or
        ``"soft_threshold"``, as in `ConvStage`.
    threshold : float in [0, 1), default=0.5
        For the soft threshold: the share of the responses that become 0.
    pool_size : int, (int, int) or str, default="quadrants"
        Windows that responses are averaged over.
    pool_stride : int, (int, int) or None, default=None
        Step of the windows; None is `pool_size`.
    padding : {"valid", "same", "full", "circular"}, default="same"
        Of the convolution with the candidates.
    alpha : float, default=0.001
        Penalty of the regression; the features of each kernel have a variance of 1 in the mean.
    cv : int or cross-validation generator, default=3
        Which samples are held out. ``ShuffleSplit(1, test_size=0.25)`` is one share.
    max_samples : int, default=5000
        How many maps are drawn to compute features of; bounds the memory.
    clip : bool, default=False
        Where there are fewer candidates than `n_kernels`, or windows are longer than a signal:
        take what there is, with a warning, instead of raising.
    verbose : int, default=0
        1 prints a line for each step, with the seconds since the start.
    random_state : int, RandomState instance or None, default=None
        Draws the maps. An int makes the choice reproducible.

    Attributes
    ----------
    kernels_ : ndarray of float32 of shape (n_kernels, kernel_height, kernel_width, channels)
        Forward in the order in which they were chosen, so that the first few are the choice of
        a few; backward in that of the candidates. No larger than the largest of them: zeros
        around all are left out.
    biases_ : ndarray of float32 of shape (n_kernels,)
        Their biases.
    selected_ : ndarray of int64 of shape (n_kernels,)
        Which candidates they are.
    order_ : ndarray of int64
        Candidates in the order in which they were added or, backward, removed.
    scores_ : ndarray of float64
        After each of these steps: the share of the variance of ``Y`` that is predicted on
        held-out samples.
    costs_ : ndarray of int64 of shape (n_candidates,)
        What each candidate costs.
    source_ : kernel source
        The fitted candidates.

    See Also
    --------
    UnionKernels : Several sources side by side.

    References
    ----------
    Y. C. Pati, R. Rezaiifar, P. S. Krishnaprasad, "Orthogonal matching pursuit: recursive
    function approximation with applications to wavelet decomposition", Asilomar Conference on
    Signals, Systems and Computers, 1993.

    Examples
    --------
    Vertical stripes and horizontal ones; of all the fixed kernels one is enough:

    >>> import numpy as np
    >>> from skconv.kernels import FixedKernels, GreedyKernels
    >>> stripes = np.random.default_rng(0).normal(size=(40, 1, 8, 1)) * np.ones((1, 8, 1, 1))
    >>> stripes[::2] = stripes[::2].transpose(0, 2, 1, 3)
    >>> source = GreedyKernels(
    ...     source=FixedKernels(names=["gauss_3", "laplace", "sobel"]), n_kernels=1, random_state=0
    ... ).fit(stripes, np.arange(40) % 2)
    >>> source.kernels_[0, :, :, 0].round(3)
    array([[-0.125, -0.25 , -0.125],
           [ 0.   ,  0.   ,  0.   ],
           [ 0.125,  0.25 ,  0.125]], dtype=float32)
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "source": [HasMethods(["fit", "get_params"])],
        "n_kernels": [Interval(Integral, 1, None, closed="left")],
        "cost": [StrOptions({"count", "macs", "flash"})],
        "direction": [StrOptions({"forward", "backward"})],
        "nonlinearity": [StrOptions({"abs", "square", "relu", "both_signs", "soft_threshold"})],
        "threshold": [Interval(Real, 0, 1, closed="left")],
        "pool_size": [
            Interval(Integral, 1, None, closed="left"),
            "array-like",
            StrOptions(set(GRIDS)),
        ],
        "pool_stride": [Interval(Integral, 1, None, closed="left"), "array-like", None],
        "padding": [StrOptions(set(PADDINGS))],
        "alpha": [Interval(Real, 0, None, closed="neither")],
        "cv": ["cv_object"],
        "max_samples": [Interval(Integral, 2, None, closed="left")],
        "clip": ["boolean"],
        "verbose": ["verbose"],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        *,
        source: KernelSource,
        n_kernels: int = 16,
        cost: Cost = "count",
        direction: Direction = "forward",
        nonlinearity: str = "soft_threshold",
        threshold: float = 0.5,
        pool_size: Any = "quadrants",
        pool_stride: Any = None,
        padding: Padding = "same",
        alpha: float = 1e-3,
        cv: Any = 3,
        max_samples: int = 5000,
        clip: bool = False,
        verbose: int = 0,
        random_state: Any = None,
    ) -> None:
        self.source = source
        self.n_kernels = n_kernels
        self.cost = cost
        self.direction = direction
        self.nonlinearity = nonlinearity
        self.threshold = threshold
        self.pool_size = pool_size
        self.pool_stride = pool_stride
        self.padding = padding
        self.alpha = alpha
        self.cv = cv
        self.max_samples = max_samples
        self.clip = clip
        self.verbose = verbose
        self.random_state = random_state

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, maps: Maps, y: Any = None) -> GreedyKernels:
        """Choose kernels by maps ``(n_samples, height, width, channels)`` and labels.

        Raises
        ------
        ValueError
            Where ``y`` is missing, not of classes or of another length, or has one class only
            among the samples drawn; where there are fewer candidates than `n_kernels`, or
            windows are larger than the maps; and what `source` raises.
        """
        maps, _ = check_maps(maps, 1)
        labels = check_labels(y, maps, type(self).__name__)
        drawn, rows = sample_patches(
            maps, (maps.shape[1], maps.shape[2]), self.max_samples, self.random_state
        )
        labels = labels[rows]
        if len(np.unique(labels)) < 2:
            raise ValueError(
                f"y holds one class ({labels[0]!r}) among the samples, expected at least 2"
            )
        with reporting(type(self).__name__, self.verbose):
            return self._chosen(maps, y, drawn, labels)

    def _chosen(
        self, maps: Maps, y: Any, drawn: NDArray[Any], labels: NDArray[Any]
    ) -> GreedyKernels:
        """This source, kernels chosen by some of the maps."""
        source = clone(self.source).fit(maps, y)
        candidates = source.kernels_
        report(f"{len(candidates)} candidates")
        what = f"candidate(s) of source, a {type(self.source).__name__}"
        n_kernels = limited(self.n_kernels, len(candidates), what, clip=self.clip)
        blocks = self._blocks(drawn, candidates, source.biases_)
        report(f"their features of {len(drawn)} samples")
        costs = self._costs(candidates, blocks.shape[2], len(np.unique(labels)))
        start = self._start(blocks, labels, n_kernels)
        order, scores = self._choose(*start, costs, n_kernels)
        selected = order
        if self.direction == "backward":
            selected = np.setdiff1d(np.arange(len(candidates)), order)
        self.kernels_ = _without_border(candidates[selected])
        self.biases_ = source.biases_[selected]
        self.selected_, self.order_, self.scores_ = selected, order, scores
        self.costs_, self.source_ = costs, source
        return self

    def _blocks(
        self, maps: NDArray[Any], kernels: NDArray[np.float32], biases: NDArray[np.float32]
    ) -> NDArray[np.float64]:
        """Features ``(n_samples, n_kernels, width)``, those of a kernel of mean variance 1."""
        from skconv.runtime import engine

        stage = StageSpec(
            padding=self.padding,
            nonlinearity=self.nonlinearity,
            threshold=self.threshold,
            pool="mean",
            pool_size=self.pool_size,
            pool_stride=self.pool_stride,
        )
        signal, channels = maps.shape[1] == 1, maps.shape[3]
        conv = stage.conv(kernels, biases, signal=signal, shared=kernels.shape[3] < channels)
        graph = Graph(TensorSpec(maps.shape[1:])).append(conv)
        thresholds = stage.learn_thresholds(graph, maps)
        graph = stage.finish(graph, thresholds, signal=signal, clip=self.clip)
        # Channels of the maps and signs lie one behind the other, the kernels of each inside.
        features = engine.run(graph, maps).reshape(len(maps), -1, len(kernels))
        blocks = features.transpose(0, 2, 1).astype(np.float64)
        blocks -= blocks.mean(axis=0)
        scales = np.sqrt(np.mean(blocks**2, axis=(0, 2)))
        blocks /= np.where(scales > 0, scales, 1)[:, None]
        return blocks

    def _costs(
        self, kernels: NDArray[np.float32], n_features: int, n_classes: int
    ) -> NDArray[np.int64]:
        """What each kernel costs that gives so many features."""
        if self.cost == "count":
            return np.ones(len(kernels), np.int64)
        places = np.array([np.prod(_extent(kernel[None])) for kernel in kernels], np.int64)
        if self.cost == "macs":
            return places
        n_rows = 1 if n_classes == 2 else n_classes
        return places * kernels.shape[3] + _BIAS_BYTES + _FACTOR_BYTES * n_features * n_rows

    def _start(
        self, blocks: NDArray[np.float64], labels: NDArray[Any], n_kernels: int
    ) -> tuple[ForwardRidge | BackwardRidge, float]:
        """Regressions before the first step, and what they err by without a block."""
        targets = (labels[:, None] == np.unique(labels)).astype(np.float64)
        splits = list(check_cv(self.cv, labels, classifier=True).split(blocks, labels))
        deviations = (targets[held] - targets[fit].mean(axis=0) for fit, held in splits)
        total = sum(float(np.sum(deviation**2)) for deviation in deviations)
        if self.direction == "backward":
            return BackwardRidge(blocks, targets, splits, self.alpha), total
        moments = BlockMoments(blocks, targets, splits)
        return ForwardRidge(moments, self.alpha, n_kernels), total

    def _choose(
        self,
        regressions: ForwardRidge | BackwardRidge,
        total: float,
        costs: NDArray[np.int64],
        n_kernels: int,
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Candidates in the order of the steps, and the score after each."""
        forward = self.direction == "forward"
        # A gain counts for more where an addition is cheap, or a removal saves much; a loss
        # for less.
        weights = 1 / costs if forward else costs
        order, scores = [], []
        n_steps = n_kernels if forward else len(costs) - n_kernels
        step_of = "kernel" if forward else "removal"
        for i in range(n_steps):
            left, gains = regressions.left, regressions.gains()
            weighted = np.where(gains > 0, gains * weights[left], gains / weights[left])
            best = int(np.argmax(weighted))
            regressions.step(best)
            order.append(left[best])
            scores.append(1 - regressions.error / total)
            report(f"{step_of} {i + 1} of {n_steps}")
        return np.array(order, np.int64), np.array(scores)


def _extent(kernels: NDArray[Any]) -> Pair:
    """Height and width, around the middle of the kernels, of what is not 0 in all of them."""
    rows, columns = (
        np.flatnonzero(kernels.any(axis=tuple(a for a in range(4) if a != axis)))
        - (kernels.shape[axis] - 1) // 2
        for axis in (1, 2)
    )
    height, width = (
        max(1, 1 - 2 * int(used.min(initial=0)), 2 * int(used.max(initial=0)))
        for used in (rows, columns)
    )
    return height, width


def _without_border(kernels: NDArray[Any]) -> NDArray[Any]:
    """Kernels less the zeros around them: what `centred` adds."""
    (top, height), (left, width) = (
        ((large - 1) // 2 - (small - 1) // 2, small)
        for large, small in zip(kernels.shape[1:3], _extent(kernels), strict=True)
    )
    return np.ascontiguousarray(kernels[:, top : top + height, left : left + width])
