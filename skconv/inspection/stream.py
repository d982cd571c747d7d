"""Scores and decisions of a stream over time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils._optional_dependencies import check_matplotlib_support

from skconv.graph.smoothing import Events
from skconv.inspection.axes import axes_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# The strip of decisions below the scores, as a part of the chart's height.
_STRIP = 0.06


class StreamDisplay:
    """Scores of a stream over time, and what was decided.

    A line for each score, at the time of the last sample that it hears. Decisions of a classifier
    are a strip below, in the colour of the class; events of an `EventDetector` are marks.

    Parameters
    ----------
    times : array-like of shape (n_windows,)
        When each window ended.
    scores : array-like of shape (n_windows, n_scores)
        As `Stream.push` returns them.
    decisions : array-like of shape (n_windows,), default=None
        Likewise: labels; with ``events=True`` indices of classes, -1 where no event begins.
    classes : array-like of shape (n_classes,), default=None
        Labels, in the order of the scores.
    events : bool, default=False
        Whether decisions are events.

    Attributes
    ----------
    figure_ : matplotlib Figure
        What was drawn on.
    ax_ : matplotlib Axes
        The chart.
    lines_ : list of matplotlib Line2D
        A line for each score.
    decisions_ : matplotlib artist or None
        The marks of events, or the strip of decisions; None where there are none.

    See Also
    --------
    CModel.stream : The stream.

    Examples
    --------
    >>> import numpy as np
    >>> import skconv
    >>> from sklearn.linear_model import RidgeClassifier
    >>> X = np.random.default_rng(0).integers(-99, 99, (40, 8), dtype=np.int16)
    >>> pipe = RidgeClassifier().fit(X, np.where(X.sum(axis=1) > 0, "up", "down"))
    >>> model = skconv.to_c(pipe, X, input="samples", hop=4)
    >>> display = skconv.StreamDisplay.from_model(model, X.ravel(), rate=100, engine="fixed")
    >>> display.times[:3].tolist(), display.decisions[0] in ("up", "down")
    ([0.08, 0.12, 0.16], True)
    """

    times: NDArray[Any]
    scores: NDArray[Any]
    figure_: Any
    ax_: Axes
    lines_: list[Any]
    decisions_: Any

    def __init__(
        self,
        times: Any,
        scores: Any,
        decisions: Any = None,
        *,
        classes: Any = None,
        events: bool = False,
    ) -> None:
        self.times = np.asarray(times)
        self.scores = np.asarray(scores).reshape(len(self.times), -1)
        self.decisions: NDArray[Any] | None = None if decisions is None else np.asarray(decisions)
        if self.decisions is not None and len(self.decisions) != len(self.times):
            raise ValueError(
                f"decisions has {len(self.decisions)} entries, expected one for each of the "
                f"{len(self.times)} times"
            )
        self.classes = None if classes is None else np.asarray(classes)
        self.events = events

    @classmethod
    def from_model(
        cls,
        model: Any,
        samples: Any,
        *,
        rate: float = 1.0,
        engine: str = "auto",
        ax: Axes | None = None,
        **kwargs: Any,
    ) -> StreamDisplay:
        """Push samples into a new stream of a model, and draw what it says.

        Parameters
        ----------
        model : CModel
            Of ``to_c(..., input="samples")``.
        samples : array-like of shape (n_samples, n_channels) or (n_samples,)
            At least a window of them.
        rate : float, default=1.0
            Samples a second. With 1 times are counted in samples.
        engine : {"auto", "c", "fixed"}, default="auto"
            As in `CModel.predict`.
        ax : matplotlib Axes, default=None
            See `plot`.
        **kwargs : dict
            Further parameters of `plot`.

        Returns
        -------
        display : StreamDisplay
            It holds what was drawn.

        Raises
        ------
        ImportError
            Where matplotlib is not installed.
        TypeError
            Where ``model`` takes no stream.
        ValueError
            Where ``samples`` complete no window, or ``rate`` is not above 0.
        """
        check_matplotlib_support(f"{cls.__name__}.from_model")
        if not hasattr(model, "stream"):
            raise TypeError(
                f"model is a {type(model).__name__} without a stream, expected a CModel; write "
                "skconv.to_c(..., input='samples', hop=10) first"
            )
        if not rate > 0:
            raise ValueError(f"rate={rate!r}, expected a number of samples a second above 0")
        window = model.interface.window
        decisions, scores = model.stream(engine).push(samples, return_scores=True)
        if not len(scores):
            raise ValueError(
                f"samples has {len(samples)} entries, expected the {window.length} of a window or "
                "more"
            )
        times = (window.length + window.hop * np.arange(len(scores))) / rate
        classes = getattr(model, "classes_", None)
        display = cls(
            times,
            scores,
            None if classes is None else decisions,
            classes=classes,
            events=isinstance(model.interface.smoothing, Events),
        )
        kwargs.setdefault("unit", "seconds" if rate != 1 else "samples")
        return display.plot(ax, **kwargs)

    def plot(
        self,
        ax: Axes | None = None,
        *,
        spans: Sequence[tuple[float, float]] = (),
        threshold: float | None = None,
        unit: str = "seconds",
        **kwargs: Any,
    ) -> StreamDisplay:
        """Draw lines and decisions.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where. None makes a new figure.
        spans : sequence of (float, float), default=()
            From when to when there is in truth what is looked for; grey behind the lines.
        threshold : float, default=None
            A score that is drawn as a broken line.
        unit : str, default="seconds"
            Of the times, for the axis.
        **kwargs : dict
            Passed to `matplotlib.axes.Axes.plot` for the scores.

        Returns
        -------
        self : StreamDisplay
            With ``figure_``, ``ax_``, ``lines_`` and ``decisions_``.

        Raises
        ------
        ImportError
            Where matplotlib is not installed.
        """
        ax = axes_of(self, ax, (9, 3.5))
        for start, stop in spans:
            ax.axvspan(start, stop, color="gray", alpha=0.25, linewidth=0)
        self.lines_ = [
            ax.plot(self.times, column, label=label, **kwargs)[0]
            for column, label in zip(self.scores.T, self._labels(), strict=True)
        ]
        if threshold is not None:
            ax.axhline(threshold, color="gray", linestyle="--", linewidth=1)
        self.decisions_ = self._draw_decisions(ax)
        ax.set_xlabel(unit)
        ax.set_ylabel("score")
        ax.legend(loc="upper right")
        self.ax_, self.figure_ = ax, ax.figure
        return self

    def _labels(self) -> list[str]:
        """What each score is of: a class, or, where one stands for two, the second."""
        n = self.scores.shape[1]
        if self.classes is not None and n == len(self.classes):
            return [str(label) for label in self.classes]
        if self.classes is not None and n == 1:
            return [str(self.classes[-1])]
        return ["score"] if n == 1 else [f"score {i}" for i in range(n)]

    def _draw_decisions(self, ax: Axes) -> Any:
        if self.decisions is None:
            return None
        if self.events:
            at = np.flatnonzero(self.decisions >= 0)
            places = np.minimum(self.decisions[at], self.scores.shape[1] - 1)
            heights = self.scores[at, places.astype(np.intp)]
            look: dict[str, Any] = {
                "linestyle": "",
                "marker": "v",
                "color": "tab:red",
                "markersize": 8,
            }
            return ax.plot(self.times[at], heights, label="event", **look)[0]
        runs, colors = zip(*self._runs(), strict=True)
        low, high = ax.get_ylim()
        height = _STRIP * (high - low)
        return ax.broken_barh(runs, (low - height, height), facecolors=colors)

    def _runs(self) -> Iterator[tuple[tuple[float, float], Any]]:
        """Beginning and length of each run of equal decisions, and the colour of its class."""
        decisions = self.decisions
        assert decisions is not None
        labels = np.unique(decisions) if self.classes is None else self.classes
        step = float(self.times[1] - self.times[0]) if len(self.times) > 1 else 1.0
        starts = np.flatnonzero(np.r_[True, decisions[1:] != decisions[:-1]])
        for start, stop in zip(starts, np.r_[starts[1:], len(decisions)], strict=True):
            place = int(np.flatnonzero(labels == decisions[start])[0])
            yield (float(self.times[start]) - step, step * float(stop - start)), self._color(place)

    def _color(self, place: int) -> Any:
        """That of the line of a class; grey for the first of two that share a line."""
        if len(self.lines_) > place and len(self.lines_) > 1:
            return self.lines_[place].get_color()
        return self.lines_[0].get_color() if place else "lightgray"
