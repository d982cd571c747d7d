"""The loss of integers layer by layer, as a chart."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from skconv.inspection.axes import axes_of, check_model

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_INCHES_A_BAR = 0.3


class QuantizationDisplay:
    """Signal to noise of every tensor of an exported model, float against integers.

    A bar for each tensor, from the input on top to the scores. Each includes the loss of all
    layers before it: where bars become short, a layer loses much.

    Parameters
    ----------
    comparison : object
        What `CModel.compare` gives: with ``rows`` that have ``node`` and ``snr_db``.

    Attributes
    ----------
    figure_ : matplotlib Figure
        What was drawn on.
    ax_ : matplotlib Axes
        The chart.
    bars_ : matplotlib BarContainer
        The bars, in the order of the rows.

    See Also
    --------
    KernelDisplay : The kernels of an extractor.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.svm import SVC
    >>> import skconv
    >>> X, y = load_iris(return_X_y=True)
    >>> model = skconv.to_c(SVC().fit(X, y), X)
    >>> display = skconv.QuantizationDisplay.from_model(model, X)
    >>> [label.get_text() for label in display.ax_.get_yticklabels()]
    ['input', 'kernelmachine', 'ovovote']
    """

    comparison: Any
    figure_: Any
    ax_: Axes
    bars_: Any

    def __init__(self, comparison: Any) -> None:
        self.comparison = comparison

    @classmethod
    def from_model(
        cls, model: Any, X: Any, *, ax: Axes | None = None, **kwargs: Any
    ) -> QuantizationDisplay:
        """Compare an exported model with its float graph on samples, and draw the result.

        Parameters
        ----------
        model : CModel
            From `skconv.to_c`.
        X : array-like of shape (n_samples, ...)
            Samples, flat or not.
        ax : matplotlib Axes, default=None
            See `plot`.
        **kwargs : dict
            Further parameters of `plot`.

        Returns
        -------
        display : QuantizationDisplay
            It holds what was drawn.

        Raises
        ------
        ImportError
            Where matplotlib is not installed.
        TypeError
            Where ``model`` is no exported model.
        """
        check_model(cls, model, "compare")
        return cls(model.compare(X)).plot(ax, **kwargs)

    def plot(self, ax: Axes | None = None, **kwargs: Any) -> QuantizationDisplay:
        """Draw the bars.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where. None makes a new figure.
        **kwargs : dict
            Passed to `matplotlib.axes.Axes.barh`.

        Returns
        -------
        self : QuantizationDisplay
            With ``figure_``, ``ax_`` and ``bars_``.

        Raises
        ------
        ImportError
            Where matplotlib is not installed.
        """
        rows = self.comparison.rows
        ax = axes_of(self, ax, (6, 1.2 + _INCHES_A_BAR * len(rows)))
        # No noise is a bar as long as the longest.
        finite = [row.snr_db for row in rows if row.snr_db < float("inf")]
        lengths = [min(row.snr_db, max(finite, default=1.0)) for row in rows]
        self.bars_ = ax.barh([row.node for row in rows], lengths, **kwargs)
        ax.bar_label(self.bars_, [_label(row.snr_db) for row in rows], padding=2)
        ax.invert_yaxis()
        ax.margins(x=0.15)
        ax.set_xlabel("signal to noise (dB)")
        ax.set_title(_title(self.comparison))
        self.ax_, self.figure_ = ax, ax.figure
        return self


def _label(decibels: float) -> str:
    return "exact" if decibels == float("inf") else f"{decibels:.0f}"


def _title(comparison: Any) -> str:
    if comparison.agreement is None:
        return "Integers against floats"
    return f"Integers against floats: {comparison.agreement:.1%} decided alike"
