"""The maps that one sample excites."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.utils._optional_dependencies import check_matplotlib_support
from sklearn.utils.validation import check_array, check_is_fitted

from skconv.features.base import ConvExtractor
from skconv.graph import Graph, Permute, Reshape
from skconv.inspection.grid import check_grid, draw_grid
from skconv.runtime import reference

if TYPE_CHECKING:
    from matplotlib.axes import Axes


class FeatureMapDisplay:
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
        What holds the grid: the place for a title.
    axes_ : ndarray of matplotlib Axes of shape (n_images,)
        One for each map, in their order.

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

    def __init__(self, maps: Any, *, name: str | None = None) -> None:
        maps = check_array(maps, ensure_2d=False, allow_nd=True, input_name="maps")
        if maps.ndim != 3:
            raise ValueError(f"maps have shape {maps.shape}, wanted (height, width, n_maps)")
        self.maps = maps
        self.name = name

    @classmethod
    def from_estimator(
        cls,
        extractor: ConvExtractor,
        sample: Any,
        *,
        tensor: str | None = None,
        ax: Axes | None = None,
        **kwargs: Any,
    ) -> FeatureMapDisplay:
        """Compute and draw the maps of a sample.

        Parameters
        ----------
        extractor : extractor of skconv
            Fitted.
        sample : array-like
            One sample, shaped as one of those that the extractor takes: ``X[i]``.
        tensor : str, default=None
            The name of a node in ``extractor.graph_`` that yields maps, such as ``"conv"``
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
            Where the extractor is none of skconv, the sample is none that it takes, or there
            are no such maps.
        """
        check_matplotlib_support(f"{cls.__name__}.from_estimator")
        if not isinstance(extractor, ConvExtractor):
            raise ValueError(f"extractor={extractor!r}, wanted an extractor of skconv")
        check_is_fitted(extractor)
        name = _map_name(extractor.graph_, tensor)
        batch = extractor._validated_samples(np.asarray(sample)[np.newaxis])
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

        Returns
        -------
        self : FeatureMapDisplay
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
        images = list(np.moveaxis(self.maps, 2, 0)[:n_images])
        grid = draw_grid(images, ax=ax, n_columns=n_columns, scale=scale, cmap=cmap)
        self.bounding_ax_, self.axes_ = grid
        self.figure_ = grid.bounding_ax.figure
        return self


def _map_name(graph: Graph, tensor: str | None) -> str:
    """``tensor`` where it is a map that the graph computes; the first such for None."""
    specs = graph.specs
    computed = (node for node in graph.nodes if not isinstance(node.op, Reshape | Permute))
    names = [node.name for node in computed if len(specs[node.name].shape) == 3]
    if tensor is None and names:
        return names[0]
    if tensor not in names:
        raise ValueError(f"tensor={tensor!r}, wanted one of {names}")
    return tensor
