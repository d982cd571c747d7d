"""One stage of a stack, as a user states it."""

from __future__ import annotations

from numbers import Integral
from typing import Any, ClassVar

from sklearn.base import BaseEstimator
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions

from skconv.features.base import STAGE_CONSTRAINTS
from skconv.features.stages import NONLINEARITY_NAMES, Pool, StageSpec
from skconv.kernels.base import Padding


class ConvStage(BaseEstimator):
    """A stage of `ConvFeatures`: where kernels come from, and what is done with them.

    - ``z = kernel (cross-correlated with) map + bias``, for every kernel and place;
    - nonlinearity on every ``z``;
    - pooling over windows.

    It only states this; `ConvFeatures` fits it.

    Parameters
    ----------
    kernels : kernel source, default=None
        An estimator of `skconv.kernels`, or any whose ``fit(maps, y)`` sets ``kernels_``
        and ``biases_``. None is ``PatchKernels()``: whitened random patches. Kernels of one
        channel (`GaborKernels`) are applied to every channel of the maps alone.
    stride : int or (int, int), default=1
        Step of the kernels.
    padding : {"valid", "same", "circular"}, default="same"
        ``"same"`` adds zeros, ``"circular"`` goes on at the opposite border. Where kernels
        are learnt from is the source's own parameter.
    groups : int, default=1
        Parts that the channels of the maps are cut into. Each gets a bank of its own, from
        a clone of the source fitted to that part alone. As many as there are channels: a
        depthwise convolution.
    nonlinearity : str, default="soft_threshold"
        What is done to every entry of the maps: ``"identity"``, ``"abs"``, ``"square"``,
        ``"relu"``, ``"sign"``, ``"both_signs"`` (``max(z, 0)`` and ``max(-z, 0)``) or
        ``"soft_threshold"`` (``max(z - t, 0)`` and ``max(-z - t, 0)``). The last two yield
        twice the maps. With `KMeansKernels` also ``"triangle"``, of the distances ``d`` to
        the centroids: ``max(mean(d) - d, 0)``.
    threshold : float in [0, 1), default=0.5
        For the soft threshold: the share of the entries of each map that become 0, on the
        samples seen in `fit`. 0.3 to 0.5 is good.
    pool : {"max", "mean", "sum", "l2"}, default="mean"
        How a window becomes one number. ``"l2"`` is ``sqrt(sum z^2)``.
    pool_size : int, (int, int), {"global", "quadrants", "pyramid"} or None, default=None
        Height and width of a window, or a grid that covers the map: ``"global"`` one
        window, ``"quadrants"`` 2 x 2, ``"pyramid"`` 1 x 1, 2 x 2 and 4 x 4 (in the last
        stage only). ``None``: no pooling.
    pool_stride : int, (int, int) or None, default=None
        Step of the windows; ``None`` is ``pool_size``. Windows that do not fit whole are
        left out.

    Examples
    --------
    >>> from skconv import ConvStage
    >>> from skconv.kernels import PCAKernels
    >>> stage = ConvStage(kernels=PCAKernels(n_kernels=4), pool_size=2)
    >>> stage.set_params(kernels__n_kernels=8)
    ConvStage(kernels=PCAKernels(), pool_size=2)
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "kernels": [HasMethods(["fit", "get_params"]), None],
        "groups": [Interval(Integral, 1, None, closed="left")],
        **STAGE_CONSTRAINTS,
        "nonlinearity": [StrOptions(NONLINEARITY_NAMES | {"triangle"})],
    }

    def __init__(
        self,
        *,
        kernels: Any = None,
        stride: Any = 1,
        padding: Padding = "same",
        groups: int = 1,
        nonlinearity: str = "soft_threshold",
        threshold: float = 0.5,
        pool: Pool = "mean",
        pool_size: Any = None,
        pool_stride: Any = None,
    ) -> None:
        self.kernels = kernels
        self.stride = stride
        self.padding = padding
        self.groups = groups
        self.nonlinearity = nonlinearity
        self.threshold = threshold
        self.pool = pool
        self.pool_size = pool_size
        self.pool_stride = pool_stride

    def spec(self) -> StageSpec:
        """What follows the kernels."""
        return StageSpec(
            self.stride,
            self.padding,
            self.nonlinearity,
            self.pool,
            self.pool_size,
            self.pool_stride,
            self.threshold,
        )
