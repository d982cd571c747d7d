"""What displays of one chart have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sklearn.utils._optional_dependencies import check_matplotlib_support

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def axes_of(display: object, ax: Axes | None, figsize: tuple[float, float]) -> Axes:
    """The axes that were given, or those of a new figure.

    Parameters
    ----------
    display : object
        Whose ``plot`` asks.
    ax : matplotlib Axes or None
    figsize : (float, float)
        Of the new figure, in inches.

    Raises
    ------
    ImportError
        Where matplotlib is not installed.
    """
    check_matplotlib_support(f"{type(display).__name__}.plot")
    if ax is not None:
        return ax
    import matplotlib.pyplot as plt

    return plt.subplots(figsize=figsize, layout="tight")[1]


def check_model(display: type, model: object, attribute: str) -> None:
    """Check that ``from_model`` can draw.

    Parameters
    ----------
    display : type
        Whose ``from_model`` asks.
    model : object
    attribute : str
        Of a `CModel`: what is drawn.

    Raises
    ------
    ImportError
        Where matplotlib is not installed.
    TypeError
        Where ``model`` is no exported model.
    """
    check_matplotlib_support(f"{display.__name__}.from_model")
    if not hasattr(model, attribute):
        raise TypeError(
            f"model is a {type(model).__name__}, expected a CModel; write "
            "skconv.to_c(estimator, X_calibration) first"
        )
