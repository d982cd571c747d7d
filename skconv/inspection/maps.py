"""The maps that one sample excites."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.utils._optional_dependencies import check_matplotlib_support
from sklearn.utils.validation import check_array, check_is_fitted

from skconv.features.base import ConvExtractor
from skconv.graph import Graph, Permute, Reshape
from skconv.inspection.grid import GridDisplay, check_grid, counted
from skconv.inspection.steps import batch_of_one, find_step
from skconv.runtime import reference

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colorbar import Colorbar


class FeatureMapDisplay(GridDisplay):
    """The maps of one sample at one tensor of an extractor's graph, in a grid.

    Colours are signed as in `KernelDisplay`: zero is the middle of the colour map.

    Parameters
    ----------
    maps : array-like of shape (height, width, n_maps)
        At least one map.
    name : str, default=None
        The tensor that they are.

    Attributes
    ----------
    figure_ : matplotlib Figure
        What the maps were drawn on.
    bounding_ax_ : matplotlib Axes
        What holds the grid and its title.
    axes_ : ndarray of matplotlib Axes of shape (n_images,)
        One for each map, in their order.
    colorbar_ : matplotlib Colorbar or None
        What the colours mean; None where it was not drawn.

    See Also
    --------
    KernelDisplay : The kernels that make the maps.

    Examples
    --------
    >>> from skconv import FeatureMapDisplay, GaborFeatures
    >>> from skconv.datasets import load_digits
    >>> X, y = load_digits()
    >>> extractor = GaborFeatures(n_orientations=4, kernel_size=5, pool_size=2).fit(X[:100])
    >>> display = FeatureMapDisplay.from_estimator(extractor, X[0], tensor="magnitude")
    >>> display.maps.shape, len(display.axes_)
    ((8, 8, 12), 12)
    """

    maps: NDArray[Any]
    figure_: Any
    bounding_ax_: Axes
    axes_: NDArray[np.object_]
    colorbar_: Colorbar | None

    def __init__(self, maps: Any, *, name: str | None = None) -> None:
        maps = check_array(maps, ensure_2d=False, allow_nd=True, input_name="maps")
        if maps.ndim != 3:
            raise ValueError(f"maps have shape {maps.shape}, expected (height, width, n_maps)")
        self.maps = maps
        self.name = name

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        *,
        index: int = 0,
        step: str | None = None,
        tensor: str | None = None,
        ax: Axes | None = None,
        **kwargs: Any,
    ) -> FeatureMapDisplay:
        """Compute and draw the maps of a sample.

        Parameters
        ----------
        estimator : extractor of skconv
            Fitted. A Pipeline, FeatureUnion or search that holds one will do: the sample
            then goes through the steps in front of it first.
        X : array-like
            One sample, shaped as one of those that the estimator takes, or several.
        index : int, default=0
            Which of several samples.
        step : str, default=None
            The name of the step that is the extractor, such as ``"gaborfeatures"``; in a
            FeatureUnion ``"featureunion.gaborfeatures"``. Needed where there are several.
        tensor : str, default=None
            The name of a node in the extractor's ``graph_`` that yields maps, such as ``"conv"``
            or ``"meanpool"``. None: the first one, as a rule the responses of the kernels.
        ax : matplotlib Axes, default=None
            See `plot`.
        **kwargs : dict
            Further parameters of `plot`.

        Returns
        -------
        display : FeatureMapDisplay
            It holds what was drawn.

        Raises
        ------
        ImportError
            Where matplotlib is not installed.
        NotFittedError
            Where the extractor is not fitted.
        ValueError
            Where there is no extractor of skconv, the sample is none that it takes, or there
            are no such maps.
        """
        check_matplotlib_support(f"{cls.__name__}.from_estimator")
        found = find_step(estimator, step, _is_extractor, "extractor of skconv")
        extractor = found.estimator
        check_is_fitted(extractor)
        name = _map_name(extractor.graph_, tensor)
        batch = found.samples(batch_of_one(X, int(estimator.n_features_in_), index))
        batch = extractor._validated_samples(batch)
        maps = reference.tensors(extractor.graph_, batch, (name,))[name][0]
        return cls(maps, name=name).plot(ax, **kwargs)

    def plot(
        self,
        ax: Axes | None = None,
        *,
        scale: Literal["all", "each"] = "all",
        n_images: int | None = None,
        n_columns: int | None = None,
        cmap: Any = "RdBu_r",
        title: str | None = "auto",
        colorbar: bool | Literal["auto"] = "auto",
    ) -> FeatureMapDisplay:
        """Draw the maps.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            The grid is drawn in its place. None makes a new figure.
        scale : {"all", "each"}, default="all"
            The strongest colour: the largest magnitude of all maps, or of each.
        n_images : int, default=None
            At most so many, the first ones. None: all.
        n_columns : int, default=None
            Maps in a row. None: a grid about as wide as high.
        cmap : str or matplotlib Colormap, default="RdBu_r"
            A diverging colour map.
        title : str or None, default="auto"
            Above the grid. ``"auto"`` says what is drawn, None nothing.
        colorbar : bool or "auto", default="auto"
            Whether a bar beside the grid says which number has which colour. ``"auto"``:
            where one scale holds for all images.

        Returns
        -------
        self : FeatureMapDisplay
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
        images = list(np.moveaxis(self.maps, 2, 0)[:n_images])
        title = self._title(len(images)) if title == "auto" else title
        self._draw(images, ax, n_columns, scale, cmap, title, colorbar)
        return self

    def _title(self, n_drawn: int) -> str:
        height, width, n_maps = self.maps.shape
        size = f"{counted(n_drawn, n_maps)} maps of {height} x {width}"
        return f"{self.name}: {size}" if self.name else size


def _is_extractor(estimator: Any) -> bool:
    return isinstance(estimator, ConvExtractor)


def _map_name(graph: Graph, tensor: str | None) -> str:
    """``tensor`` where it is a map that the graph computes; the first such for None."""
    specs = graph.specs
    computed = (node for node in graph.nodes if not isinstance(node.op, Reshape | Permute))
    names = [node.name for node in computed if len(specs[node.name].shape) == 3]
    if tensor is None and names:
        return names[0]
    if not names:
        raise ValueError("the extractor computes no maps, only vectors. Write transform(X).")
    if tensor not in names:
        raise ValueError(f"tensor={tensor!r}, expected one of {names}")
    return tensor
