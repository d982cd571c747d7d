"""Where the working memory of a model goes, as a chart."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from skconv.inspection.axes import axes_of, check_model

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_INCHES_A_NODE = 0.7
# A name is written into a block that is at least this part of the arena high.
_READABLE = 0.05


class MemoryPlanDisplay:
    """The working memory of an exported model over time: a block for each tensor.

    From left to right the nodes run, upwards go the addresses of the arena. A block is as high as
    the tensor is large, and as wide as it is needed: from the node that writes it to the last one
    that reads it. Free room is white. Input and output belong to the caller and are not drawn.

    Parameters
    ----------
    plan : MemoryPlan
        What `CModel.plan` is.

    Attributes
    ----------
    figure_ : matplotlib Figure
        What was drawn on.
    ax_ : matplotlib Axes
        The chart.
    blocks_ : list of matplotlib Rectangle
        A block for each buffer of the plan, in its order.

    See Also
    --------
    QuantizationDisplay : The loss of integers, tensor by tensor.

    Examples
    --------
    >>> import skconv
    >>> from sklearn.linear_model import RidgeClassifier
    >>> from sklearn.pipeline import make_pipeline
    >>> X, y = skconv.datasets.load_digits()
    >>> features = skconv.PCANetFeatures(n_kernels=(4, 4))
    >>> model = skconv.to_c(make_pipeline(features, RidgeClassifier()).fit(X, y), X[:100])
    >>> display = skconv.MemoryPlanDisplay.from_model(model)
    >>> len(display.blocks_) == len(model.plan.buffers)
    True
    """

    plan: Any
    figure_: Any
    ax_: Axes
    blocks_: list[Any]

    def __init__(self, plan: Any) -> None:
        self.plan = plan

    @classmethod
    def from_model(cls, model: Any, *, ax: Axes | None = None, **kwargs: Any) -> MemoryPlanDisplay:
        """Draw the plan of an exported model.

        Parameters
        ----------
        model : CModel
            From `skconv.to_c`.
        ax : matplotlib Axes, default=None
            See `plot`.
        **kwargs : dict
            Further parameters of `plot`.

        Returns
        -------
        display : MemoryPlanDisplay
            It holds what was drawn.

        Raises
        ------
        ImportError
            Where matplotlib is not installed.
        TypeError
            Where ``model`` is no exported model.
        """
        check_model(cls, model, "plan")
        return cls(model.plan).plot(ax, **kwargs)

    def plot(self, ax: Axes | None = None, **kwargs: Any) -> MemoryPlanDisplay:
        """Draw the blocks.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where. None makes a new figure.
        **kwargs : dict
            Passed to `matplotlib.patches.Rectangle`.

        Returns
        -------
        self : MemoryPlanDisplay
            With ``figure_``, ``ax_`` and ``blocks_``.

        Raises
        ------
        ImportError
            Where matplotlib is not installed.
        """
        names = self.plan.node_names
        ax = axes_of(self, ax, (2 + _INCHES_A_NODE * len(names), 4))
        self.blocks_ = [self._block(ax, i, kwargs) for i in range(len(self.plan.buffers))]
        ax.set_xlim(0, len(names))
        ax.set_ylim(0, max(self.plan.arena_bytes, 1))
        ax.set_xticks([i + 0.5 for i in range(len(names))], names, rotation=45, ha="right")
        ax.set_ylabel("address (bytes)")
        ax.set_title(f"{self.plan.arena_bytes:,} bytes of working memory")
        self.ax_, self.figure_ = ax, ax.figure
        return self

    def _block(self, ax: Axes, index: int, kwargs: dict[str, Any]) -> Any:
        from matplotlib.patches import Rectangle

        buffer = self.plan.buffers[index]
        width = buffer.last_used - buffer.first_used + 1
        height = buffer.end - buffer.offset
        look = {"facecolor": f"C{index % 10}", "edgecolor": "white", "alpha": 0.8, **kwargs}
        block = Rectangle((buffer.first_used, buffer.offset), width, height, **look)
        ax.add_patch(block)
        if height >= _READABLE * self.plan.arena_bytes:
            middle = (buffer.first_used + width / 2, buffer.offset + height / 2)
            ax.annotate(
                f"{buffer.name}\n{buffer.nbytes:,}", middle, ha="center", va="center", size="small"
            )
        return block
