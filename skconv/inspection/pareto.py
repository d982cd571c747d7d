"""Score against flash of what a search found."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.utils._optional_dependencies import check_matplotlib_support

from skconv.inspection.axes import axes_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

KIB = 1024


class ParetoDisplay:
    """Score against flash of every candidate that a search measured, RAM as the colour.

    A line joins the candidates that none betters in score and flash. Broken lines are the budget:
    flash in the chart, RAM in the colour bar.

    Parameters
    ----------
    results : dict
        ``cv_results_`` of a `BudgetSearchCV`.
    level : int
        Candidates below it are left out: their scores are those of fewer samples.
    flash_bytes, ram_bytes : float or None
        The budget.

    Attributes
    ----------
    figure_ : matplotlib Figure
        What was drawn on.
    ax_ : matplotlib Axes
        The chart.
    points_ : matplotlib PathCollection
        The candidates.
    line_ : matplotlib Line2D
        The front.

    See Also
    --------
    BudgetSearchCV : The search.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.svm import SVC
    >>> import skconv
    >>> X, y = load_iris(return_X_y=True)
    >>> search = skconv.BudgetSearchCV(
    ...     SVC(), {"C": [0.1, 1, 10, 100]}, flash_bytes=2048, n_candidates=3, random_state=0
    ... ).fit(X, y)
    >>> display = skconv.ParetoDisplay.from_search(search)
    >>> display.ax_.get_xlabel()
    'flash (kB)'
    """

    figure_: Any
    ax_: Axes
    points_: Any
    line_: Any

    def __init__(
        self,
        results: dict[str, Any],
        level: int = 0,
        *,
        flash_bytes: float | None = None,
        ram_bytes: float | None = None,
    ) -> None:
        self.results = results
        self.level = level
        self.flash_bytes = flash_bytes
        self.ram_bytes = ram_bytes

    @classmethod
    def from_search(cls, search: Any, *, ax: Axes | None = None, **kwargs: Any) -> ParetoDisplay:
        """Draw what a search found.

        Parameters
        ----------
        search : BudgetSearchCV
            Fitted.
        ax : matplotlib Axes, default=None
            See `plot`.
        **kwargs : dict
            Further parameters of `plot`.

        Returns
        -------
        display : ParetoDisplay
            It holds what was drawn.

        Raises
        ------
        ImportError
            Where matplotlib is not installed.
        TypeError
            Where ``search`` is no fitted search.
        """
        check_matplotlib_support(f"{cls.__name__}.from_search")
        if not hasattr(search, "pareto_front_"):
            raise TypeError(
                f"search is a {type(search).__name__} without pareto_front_, expected a fitted "
                "BudgetSearchCV; write BudgetSearchCV(...).fit(X, y) first"
            )
        budget = search.budget_
        limits = {"flash_bytes": budget.flash_bytes, "ram_bytes": budget.ram_bytes}
        return cls(search.cv_results_, len(search.levels_) - 1, **limits).plot(ax, **kwargs)

    def plot(self, ax: Axes | None = None, **kwargs: Any) -> ParetoDisplay:
        """Draw the candidates, the front and the budget.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where. None makes a new figure.
        **kwargs : dict
            Passed to `matplotlib.axes.Axes.scatter`.

        Returns
        -------
        self : ParetoDisplay
            With ``figure_``, ``ax_``, ``points_`` and ``line_``.

        Raises
        ------
        ImportError
            Where matplotlib is not installed.
        """
        ax = axes_of(self, ax, (6, 4))
        flash, score, ram = self._measured()
        self.points_ = ax.scatter(flash, score, c=ram, **kwargs)
        bar = ax.figure.colorbar(self.points_, ax=ax, label="RAM (kB)")
        front = _front(flash, score)
        (self.line_,) = ax.plot(flash[front], score[front], drawstyle="steps-post", lw=1, c="gray")
        if self.flash_bytes is not None:
            ax.axvline(self.flash_bytes / KIB, ls="--", c="gray")
        if self.ram_bytes is not None:
            bar.ax.axhline(self.ram_bytes / KIB, ls="--", c="gray")
        ax.set_xlabel("flash (kB)")
        ax.set_ylabel("score of the C, cross-validated")
        self.ax_, self.figure_ = ax, ax.figure
        return self

    def _measured(self) -> tuple[Any, Any, Any]:
        """Flash and RAM in kB, and score, of what reached the level."""
        there = self.results["level"] >= self.level
        flash, ram = (self.results[name][there] / KIB for name in ("flash_bytes", "ram_bytes"))
        return flash, self.results["mean_test_score"][there], ram


def _front(flash: Any, score: Any) -> Any:
    """Places of the candidates with a better score than all with less flash, in that order."""
    order = np.lexsort((-score, flash))
    best = np.maximum.accumulate(score[order])
    return order[np.r_[True, best[1:] > best[:-1]]]
