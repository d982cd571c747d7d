"""The cost of each node of a model, as bars."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from skconv.inspection.axes import axes_of, check_model

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_INCHES_A_NODE = 0.7
# What is drawn of each node, and its name in the legend.
KINDS = {"instructions": "instructions", "flash_bytes": "flash", "ram_bytes": "RAM"}
_HEIGHT = 0.8 / len(KINDS)


class CostDisplay:
    """What each node of an exported model costs: instructions, flash and RAM.

    Three bars for each node, from the first on top to the last. Lengths are shares: of all
    instructions, of all tables, and of the arena. The numbers themselves are written beside them.

    Parameters
    ----------
    report : CostReport
        What `CModel.report` gives.

    Attributes
    ----------
    figure_ : matplotlib Figure
        What was drawn on.
    ax_ : matplotlib Axes
        The chart.
    bars_ : dict of str to matplotlib BarContainer
        ``"instructions"``, ``"flash_bytes"`` and ``"ram_bytes"``; of a float model, whose
        instructions are not known, the last two.

    See Also
    --------
    MemoryPlanDisplay : Where the RAM goes.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.svm import SVC
    >>> import skconv
    >>> X, y = load_iris(return_X_y=True)
    >>> display = skconv.CostDisplay.from_model(skconv.to_c(SVC().fit(X, y), X))
    >>> sorted(display.bars_)
    ['flash_bytes', 'instructions', 'ram_bytes']
    """

    report: Any
    figure_: Any
    ax_: Axes
    bars_: dict[str, Any]

    def __init__(self, report: Any) -> None:
        self.report = report

    @classmethod
    def from_model(cls, model: Any, *, ax: Axes | None = None, **kwargs: Any) -> CostDisplay:
        """Draw the costs of an exported model.

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
        display : CostDisplay
            It holds what was drawn.

        Raises
        ------
        ImportError
            Where matplotlib is not installed.
        TypeError
            Where ``model`` is no exported model.
        """
        check_model(cls, model, "report")
        return cls(model.report()).plot(ax, **kwargs)

    def plot(self, ax: Axes | None = None, **kwargs: Any) -> CostDisplay:
        """Draw the bars.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where. None makes a new figure.
        **kwargs : dict
            Passed to `matplotlib.axes.Axes.barh`.

        Returns
        -------
        self : CostDisplay
            With ``figure_``, ``ax_`` and ``bars_``.

        Raises
        ------
        ImportError
            Where matplotlib is not installed.
        """
        nodes = self.report.nodes
        ax = axes_of(self, ax, (6, 1.2 + _INCHES_A_NODE * len(nodes)))
        self.bars_ = {}
        for place, kind in enumerate(KINDS):
            numbers = [getattr(node, kind) for node in nodes]
            if None in numbers:
                continue
            total = max(_total(self.report, kind), 1)
            places = [i + (place - 1) * _HEIGHT for i in range(len(nodes))]
            look = {"height": _HEIGHT, "label": KINDS[kind], **kwargs}
            bars = ax.barh(places, [100 * number / total for number in numbers], **look)
            labels = [f"{number:,}" for number in numbers]
            ax.bar_label(bars, labels, padding=2, fontsize="small")
            self.bars_[kind] = bars
        ax.set_yticks(range(len(nodes)), [node.name for node in nodes])
        ax.invert_yaxis()
        ax.margins(x=0.15)
        ax.set_xlabel("share (%)")
        ax.legend()
        self.ax_, self.figure_ = ax, ax.figure
        return self


def _total(report: Any, kind: str) -> int:
    """What the bars of a kind are shares of."""
    if kind == "ram_bytes":  # At each node it is what is in use, which no sum makes sense of.
        return int(report.ram_bytes)
    return sum(getattr(node, kind) for node in report.nodes)
