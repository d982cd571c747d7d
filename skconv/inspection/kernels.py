"""Kernels as images."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.utils._optional_dependencies import check_matplotlib_support
from sklearn.utils.validation import check_array, check_is_fitted

from skconv.inspection.grid import GridDisplay, check_grid, counted
from skconv.inspection.steps import find_step

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colorbar import Colorbar

Channels = Literal["auto", "rgb", "side_by_side"]
_CHANNELS = ("auto", "rgb", "side_by_side")


class KernelDisplay(GridDisplay):
    """Kernels as images in a grid, with their numbers.

    Colours are signed: zero is the middle of the colour map (grey in RGB), and equal
    magnitudes of both signs are equally strong.

    Parameters
    ----------
    kernels : array-like of shape (n_kernels, height, width, channels)
        At least one kernel.
    name : str, default=None
        Whose they are, for the title.

    Attributes
    ----------
    figure_ : matplotlib Figure
        What the kernels were drawn on.
    bounding_ax_ : matplotlib Axes
        What holds the grid and its title.
    axes_ : ndarray of matplotlib Axes of shape (n_images,)
        One for each kernel, in their order.
    colorbar_ : matplotlib Colorbar or None
        What the colours mean; None where it was not drawn.

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
    colorbar_: Colorbar | None

    def __init__(self, kernels: Any, *, name: str | None = None) -> None:
        if hasattr(kernels, "get_params"):
            raise TypeError(
                f"kernels is an estimator, {type(kernels).__name__}, expected an array. "
                "Write KernelDisplay.from_estimator(estimator)."
            )
        kernels = check_array(kernels, ensure_2d=False, allow_nd=True, input_name="kernels")
        if kernels.ndim != 4:
            raise ValueError(
                f"kernels have shape {kernels.shape}, expected (n_kernels, height, width, channels)"
            )
        self.kernels = kernels
        self.name = name

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        *,
        step: str | None = None,
        stage: int = 0,
        ax: Axes | None = None,
        **kwargs: Any,
    ) -> KernelDisplay:
        """Draw the kernels of a fitted extractor, or of a fitted source of `skconv.kernels`.

        Parameters
        ----------
        estimator : object
            With kernels in ``kernels_``: one array, or a tuple of one for each stage. A
            Pipeline, FeatureUnion or search that holds such an estimator will do.
        step : str, default=None
            The name of the step that has the kernels, such as ``"gaborfeatures"``; in a
            FeatureUnion ``"featureunion.gaborfeatures"``. Needed where several have some.
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
        found = find_step(estimator, step, _has_kernels, "extractor or source with kernels_")
        kernels, place = _kernels_of(found.estimator, stage)
        return cls(kernels, name=type(found.estimator).__name__ + place).plot(ax, **kwargs)

    def plot(
        self,
        ax: Axes | None = None,
        *,
        channels: Channels = "auto",
        scale: Literal["all", "each"] = "all",
        n_images: int | None = None,
        n_columns: int | None = None,
        cmap: Any = "RdBu_r",
        title: str | None = "auto",
        colorbar: bool | Literal["auto"] = "auto",
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
        title : str or None, default="auto"
            Above the grid. ``"auto"`` says what is drawn, None nothing.
        colorbar : bool or "auto", default="auto"
            Whether a bar beside the grid says which number has which colour. ``"auto"``:
            where one scale holds for all images, and they are not RGB.

        Returns
        -------
        self : KernelDisplay
            With ``figure_``, ``bounding_ax_``, ``axes_`` and ``colorbar_``.

        Raises
        ------
        ImportError
            Where matplotlib is not installed.
        ValueError
            Where a parameter is not as said above.
        """
        caller = f"{type(self).__name__}.plot"
        check_matplotlib_support(caller)
        check_grid(
            caller,
            ax=ax,
            n_images=n_images,
            n_columns=n_columns,
            scale=scale,
            title=title,
            colorbar=colorbar,
        )
        n_channels = self.kernels.shape[3]
        if channels not in _CHANNELS or (channels == "rgb" and n_channels != 3):
            raise ValueError(
                f"channels={channels!r} for kernels of {n_channels} channel(s), expected 'auto', "
                "'side_by_side' or, with 3 channels, 'rgb'"
            )
        kernels = self.kernels[:n_images]
        rgb = n_channels == 3 and channels != "side_by_side"
        images = list(kernels) if rgb else [_side_by_side(kernel) for kernel in kernels]
        title = self._title(len(images)) if title == "auto" else title
        self._draw(images, ax, n_columns, scale, cmap, title, colorbar)
        return self

    def _title(self, n_drawn: int) -> str:
        n_kernels, height, width, n_channels = self.kernels.shape
        size = f"{counted(n_drawn, n_kernels)} kernels of {height} x {width}"
        size += f" x {n_channels} channels" if n_channels > 1 else ""
        return f"{self.name}: {size}" if self.name else size


def _has_kernels(estimator: Any) -> bool:
    return hasattr(estimator, "kernels_")


def _kernels_of(estimator: Any, stage: int) -> tuple[NDArray[Any], str]:
    """The kernels of one stage, and which one it is where there are several."""
    kernels = estimator.kernels_
    stages = kernels if isinstance(kernels, tuple) else (kernels,)
    if stage not in range(len(stages)):
        raise ValueError(f"stage={stage!r}, expected one of {list(range(len(stages)))}")
    return stages[stage], f", stage {stage}" if len(stages) > 1 else ""


def _side_by_side(kernel: NDArray[Any]) -> NDArray[Any]:
    """The channels of a kernel from left to right, a blank column between them."""
    blank = np.full((len(kernel), 1), np.nan)
    parts = [part for i in range(kernel.shape[2]) for part in (blank, kernel[:, :, i])]
    return np.hstack(parts[1:])
