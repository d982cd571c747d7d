"""The parameters of one stage of a stack."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from numbers import Integral, Real
from typing import Any, ClassVar

from sklearn.base import BaseEstimator
from sklearn.utils._param_validation import HasMethods, Interval, RealNotInt, StrOptions

from skconv.features.base import STAGE_CONSTRAINTS
from skconv.kernels.base import Padding
from skconv.kernels.random_patches import PatchKernels
from skconv.stages.spec import NONLINEARITY_NAMES, PARAMETRIC_NAMES, Pool, StageSpec
from skconv.utils.doc_link import DocLinkMixin


class ConvStage(DocLinkMixin, BaseEstimator):
    """A stage of `ConvFeatures`: the source of kernels, nonlinearity and pooling.

    In this order:

    - ``z = kernel (cross-correlated with) map + bias``, for every kernel and place;
    - with ``contrast_eps``, ``z`` over the contrast of the patch that the kernel lies on;
    - nonlinearity on every ``z``;
    - pooling over windows;
    - with ``root``, the signed square root of every number.

    It only states this; `ConvFeatures` fits it.

    Parameters
    ----------
    kernels : kernel source, default=None
        An estimator of `skconv.kernels`, or any whose ``fit(maps, y)`` sets ``kernels_``
        and ``biases_``. None is ``PatchKernels()``: whitened random patches. Kernels of one
        channel (`GaborKernels`) are applied to every channel of the maps alone.
    stride : int or (int, int), default=1
        Step of the kernels.
    padding : {"valid", "same", "full", "circular"}, default="same"
        ``"same"`` adds zeros, ``"circular"`` goes on at the opposite border. Where
        kernels are learnt from is the source's own parameter. ``"full"`` adds zeros so
        that every pixel lies under all weights of a kernel: maps grow by a kernel less
        one.
    groups : int, default=1
        Parts that the channels of the maps are cut into. Each gets a bank of its own, from
        a clone of the source fitted to that part alone. As many as there are channels: a
        depthwise convolution.
    nonlinearity : str, default="soft_threshold"
        What is done to every entry of the maps: ``"identity"``, ``"abs"``, ``"square"``,
        ``"relu"``, ``"sign"``, ``"both_signs"`` (``max(z, 0)`` and ``max(-z, 0)``) or
        ``"soft_threshold"`` (``max(z - t, 0)`` and ``max(-z - t, 0)``). The last two yield
        twice the maps. ``"clip"``: ``min(max(z, low), high)``. ``"k_nearest"``: 1 for the
        largest of the ``z`` and ``-z`` of a pixel, twice the maps, else 0: which patches of a
        dictionary are nearest. With `KMeansKernels` also ``"triangle"``, of the distances ``d``
        to the centroids: ``max(mean(d) - d, 0)``.
    threshold : float in [0, 1), default=0.5
        For the soft threshold: the share of the entries of each map that become 0, on the
        samples seen in `fit`. 0.3 to 0.5 is good.
    n_nearest : int or float, default=0.4
        For ``"k_nearest"``: how many become 1, a number or a share in (0, 1). Where some tie
        for the last places none of these does.
    limits : (float, float), default=(0.0, 1.0)
        For ``"clip"``: ``low`` and ``high``, in the unit of ``z``.
    contrast_eps : float or None, default=None
        Divide ``z`` by ``sqrt(variance + e)``, the variance that of the patch around its own
        mean, all channels together; ``e`` is `contrast_eps` times the mean of these variances
        on the samples seen in `fit`, and keeps flat patches flat. Kernels that ignore
        brightness and have no bias then see patches of one contrast. None: contrast is kept.
        Not with the triangle, whose patches `KMeansKernels` normalises.
    pool : {"max", "mean", "sum", "l2", "tent"}, default="mean"
        How a window becomes one number. ``"l2"`` is ``sqrt(sum z^2)``. ``"tent"`` is a
        mean whose weights fall from the middle of a window to its border, by a straight
        line along each axis.
    pool_size : int, (int, int), str or None, default=None
        Height and width of a window, or a grid that covers the map: ``"global"`` one
        window, ``"quadrants"`` 2 x 2, ``"sixteenths"`` 4 x 4, ``"pyramid"`` 1 x 1, 2 x 2
        and 4 x 4 (in the last stage only), ``"overlapping"`` 6 x 6, each about twice its
        step. ``None``: no pooling.
    pool_stride : int, (int, int) or None, default=None
        Step of the windows; ``None`` is ``pool_size``, for tents half of it. Windows that
        do not fit whole are left out.
    root : bool, default=False
        Take ``sign(f) sqrt(|f|)`` of what comes of the pooling: power normalisation, which
        evens out large and small features.

    References
    ----------
    L. Thiry, M. Arbel, E. Belilovsky, E. Oyallon, "The unreasonable effectiveness of patches
    in deep convolutional kernels methods", ICLR 2021 (k nearest).

    K. Jarrett, K. Kavukcuoglu, M. Ranzato, Y. LeCun, "What is the best multi-stage
    architecture for object recognition?", ICCV 2009 (local contrast).

    F. Perronnin, J. Sanchez, T. Mensink, "Improving the Fisher kernel for large-scale image
    classification", ECCV 2010 (root).

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
        "nonlinearity": [StrOptions(NONLINEARITY_NAMES | PARAMETRIC_NAMES | {"triangle"})],
        "n_nearest": [
            Interval(Integral, 1, None, closed="left"),
            Interval(RealNotInt, 0, 1, closed="neither"),
        ],
        "limits": ["array-like"],
        "contrast_eps": [Interval(Real, 0, None, closed="neither"), None],
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
        n_nearest: int | float = 0.4,
        limits: Sequence[float] = (0.0, 1.0),
        contrast_eps: float | None = None,
        pool: Pool = "mean",
        pool_size: Any = None,
        pool_stride: Any = None,
        root: bool = False,
    ) -> None:
        self.kernels = kernels
        self.stride = stride
        self.padding = padding
        self.groups = groups
        self.nonlinearity = nonlinearity
        self.threshold = threshold
        self.n_nearest = n_nearest
        self.limits = limits
        self.contrast_eps = contrast_eps
        self.pool = pool
        self.pool_size = pool_size
        self.pool_stride = pool_stride
        self.root = root

    def set_params(self, **params: Any) -> ConvStage:
        """Set parameters.

        Parameters
        ----------
        **params : dict
            By name; ``kernels__...`` sets those of the default source, if there is none.

        Returns
        -------
        self : object
            This stage.
        """
        nested = any(name.startswith("kernels__") for name in params)
        if nested and params.get("kernels", self.kernels) is None:
            params["kernels"] = PatchKernels()
        super().set_params(**params)
        return self

    def spec(self) -> StageSpec:
        """What follows the kernels.

        Returns
        -------
        spec : StageSpec
            Geometry, nonlinearity and pooling.
        """
        parameters = self.get_params(deep=False)
        return StageSpec(**{field.name: parameters[field.name] for field in fields(StageSpec)})
