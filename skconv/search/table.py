"""The candidates that nothing betters, as a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sklearn.base import BaseEstimator

from skconv.search.budget import Costs
from skconv.utils.columns import aligned, html_table

HEADER = ("score", "RAM", "flash, about", "instructions, about", "parameters")


@dataclass(frozen=True)
class ParetoPoint:
    """A candidate that no other one betters in score and costs.

    Attributes
    ----------
    index : int
        Its place in ``cv_results_``.
    score : float
        Mean over the folds, of the C.
    costs : Costs
        RAM, flash, instructions.
    params : dict
        As ``set_params`` takes them.
    """

    index: int
    score: float
    costs: Costs
    params: dict[str, Any]


class ParetoFront(tuple[ParetoPoint, ...]):
    """Points of the front, the best score first. It prints as a table."""

    __slots__ = ()

    def __str__(self) -> str:
        return "\n".join(aligned([HEADER, *map(_cells, self)], range(len(HEADER) - 1)))

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return html_table(HEADER, [_cells(point) for point in self])

    def to_dicts(self) -> list[dict[str, Any]]:
        """A dict for each point: score, costs and parameters."""
        return [{"score": p.score, **asdict(p.costs), **p.params} for p in self]

    def to_frame(self) -> Any:
        """The same as a data frame of pandas, a row a point."""
        import pandas as pd  # type: ignore[import-untyped]

        return pd.DataFrame(self.to_dicts())


def _cells(point: ParetoPoint) -> Sequence[str]:
    params = (f"{name.split('__')[-1]}={_shown(value)}" for name, value in point.params.items())
    costs = point.costs
    return (
        f"{point.score:.4f}",
        f"{costs.ram_bytes:,}",
        f"{costs.flash_bytes:,}",
        f"{costs.instructions:,}",
        ", ".join(params),
    )


def _shown(value: Any) -> str:
    """A value in a few words: of an estimator the class, as its parameters follow."""
    if isinstance(value, BaseEstimator):
        return type(value).__name__
    return f"{value:.4g}" if isinstance(value, float) else " ".join(repr(value).split())
