"""Kernels as images."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.utils._optional_dependencies import check_matplotlib_support
from sklearn.utils.validation import check_array, check_is_fitted

from skconv.inspection.grid import check_grid, draw_grid

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Channels = Literal["auto", "rgb", "side_by_side"]
_CHANNELS = ("auto", "rgb", "side_by_side")


class KernelDisplay:
    """Kernels as images in a grid.

    Colours are signed: zero is the middle of the colour map (grey in RGB), and equal
    magnitudes of both signs are equally strong.

    Parameters
    ----------
    kernels : array-like of shape (n_kernels, height, width, channels)
        At least one kernel.

    Attributes
    ----------
    figure_ : matplotlib Figure
        What the kernels were drawn on.
    bounding_ax_ : matplotlib Axes
        What holds the grid: the place for a title.
    axes_ : ndarray of matplotlib Axes of shape (n_images,)
        One for each kernel, in their order.

    See Also
    --------
    FeatureMapDisplay : The maps that the kernels make of a sample.

    Examples
    --------
    >>> import numpy as np
    >>> from skconv import KernelDisplay
    >>> from skconv.kernels import GaborKernels
    >>> source = GaborKernels(n_orientations=4, wavelengths=(4.0,)).fit(np.zeros((1, 9, 9, 1)))
    >>> display = KernelDisplay.from_estimator(source)
    >>> len(display.axes_)
    8
    """

    kernels: NDArray[Any]
    figure_: Any
    bounding_ax_: Axes
    axes_: NDArray[np.object_]

    def __init__(self, kernels: Any) -> None:
        kernels = check_array(kernels, ensure_2d=False, allow_nd=True, input_name="kernels")
        if kernels.ndim != 4:
            raise ValueError(
                f"kernels have shape {kernels.shape}, wanted (n_kernels, height, width, channels)"
            )
        self.kernels = kernels

    @classmethod
    def from_estimator(
        cls, estimator: Any, *, stage: int = 0, ax: Axes | None = None, **kwargs: Any
    ) -> KernelDisplay:
        """Draw the kernels of a fitted extractor, or of a fitted source of `skconv.kernels`.

        Parameters
        ----------
        estimator : object
            With kernels in ``kernels_``: one array, or a tuple of one for each stage.
        stage : int, default=0
            Which stage's kernels, the first being 0.
        ax : matplotlib Axes, default=None
            See `plot`.
        **kwargs : dict
            Further parameters of `plot`.

        Returns
        -------
        display : KernelDisplay
            It holds what was drawn.

        Raises
        ------
        ImportError
            Where matplotlib is not installed.
        NotFittedError
            Where the estimator is not fitted.
        ValueError
            Where it has no kernels, or no such stage.
        """
        check_matplotlib_support(f"{cls.__name__}.from_estimator")
        check_is_fitted(estimator)
        return cls(_kernels_of(estimator, stage)).plot(ax, **kwargs)

    def plot(
        self,
        ax: Axes | None = None,
        *,
        channels: Channels = "auto",
        scale: Literal["all", "each"] = "all",
        n_images: int | None = None,
        n_columns: int | None = None,
        cmap: Any = "RdBu_r",
    ) -> KernelDisplay:
        """Draw the kernels.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            The grid is drawn in its place. None makes a new figure.
        channels : {"auto", "rgb", "side_by_side"}, default="auto"
            How the channels of a kernel become one image: red, green and blue (three
            channels), or one beside the other. ``"auto"``: RGB where there are three.
        scale : {"all", "each"}, default="all"
            The strongest colour: the largest magnitude of all kernels, or of each.
        n_images : int, default=None
            At most so many, the first ones. None: all.
        n_columns : int, default=None
            Kernels in a row. None: a grid about as wide as high.
        cmap : str or matplotlib Colormap, default="RdBu_r"
            A diverging colour map.

        Returns
        -------
        self : KernelDisplay
            With ``figure_``, ``bounding_ax_`` and ``axes_``.

        Raises
        ------
        ImportError
            Where matplotlib is not installed.
        ValueError
            Where a parameter is not as said above.
        """
        caller = f"{type(self).__name__}.plot"
        check_matplotlib_support(caller)
        check_grid(caller, ax=ax, n_images=n_images, n_columns=n_columns, scale=scale)
        n_channels = self.kernels.shape[3]
        if channels not in _CHANNELS or (channels == "rgb" and n_channels != 3):
            raise ValueError(
                f"channels={channels!r} for kernels of {n_channels} channel(s), wanted 'auto', "
                "'side_by_side' or, with 3 channels, 'rgb'"
            )
        kernels = self.kernels[:n_images]
        rgb = n_channels == 3 and channels != "side_by_side"
        images = list(kernels) if rgb else [_side_by_side(kernel) for kernel in kernels]
        grid = draw_grid(images, ax=ax, n_columns=n_columns, scale=scale, cmap=cmap)
        self.bounding_ax_, self.axes_ = grid
        self.figure_ = grid.bounding_ax.figure
        return self


def _kernels_of(estimator: Any, stage: int) -> NDArray[Any]:
    """The kernels of one stage."""
    kernels = getattr(estimator, "kernels_", None)
    if kernels is None:
        raise ValueError(
            f"estimator={estimator!r} has no kernels_: want an extractor or a kernel source"
        )
    stages = kernels if isinstance(kernels, tuple) else (kernels,)
    if stage not in range(len(stages)):
        raise ValueError(f"stage={stage!r}, wanted one of {list(range(len(stages)))}")
    return stages[stage]


def _side_by_side(kernel: NDArray[Any]) -> NDArray[Any]:
    """The channels of a kernel from left to right, a blank column between them."""
    blank = np.full((len(kernel), 1), np.nan)
    parts = [part for i in range(kernel.shape[2]) for part in (blank, kernel[:, :, i])]
    return np.hstack(parts[1:])
