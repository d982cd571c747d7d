"""What passes of compression bought, line by line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from skconv.utils.columns import aligned, html_table

HEADER = ("after", "tables", "code, about", "RAM", "instructions, about", "score")


@dataclass(frozen=True)
class PassCost:
    """What a model costs after a pass.

    Attributes
    ----------
    name : str
        The pass with its parameters; "as fitted" before all of them.
    flash_bytes, ram_bytes : int
        Of tables and of the arena, for the target. They are exact.
    code_bytes : int or None
        About how much flash the code takes; None where that is not known.
    instructions : float
        About how many instructions one sample takes.
    score : float or None
        Accuracy or R^2 on the samples given; None without ``y``.
    unmeasured : tuple of str
        Routines whose instructions or code were never measured: those estimates are rough.
    """

    name: str
    flash_bytes: int
    ram_bytes: int
    code_bytes: int | None
    instructions: float
    score: float | None
    unmeasured: tuple[str, ...] = ()

    @property
    def all_flash_bytes(self) -> int:
        """Tables and, where they are known, about how much the code takes."""
        return self.flash_bytes + (self.code_bytes or 0)


class PassTable(tuple[PassCost, ...]):
    """One `PassCost` for the model as fitted, and one after each pass. It prints as a table."""

    __slots__ = ()

    def __str__(self) -> str:
        lines = aligned([HEADER, *map(_cells, self)], range(1, len(HEADER)))
        return "\n".join([*lines, *self._notes()])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return html_table(HEADER, [_cells(cost) for cost in self], tuple(self._notes()))

    def _notes(self) -> Iterator[str]:
        if names := sorted({name for cost in self for name in cost.unmeasured}):
            yield f"never measured, so code and instructions are rough: {', '.join(names)}"


def _cells(cost: PassCost) -> Sequence[str]:
    code = "" if cost.code_bytes is None else f"{cost.code_bytes:,}"
    return (
        cost.name,
        f"{cost.flash_bytes:,}",
        code,
        f"{cost.ram_bytes:,}",
        f"{cost.instructions:,.0f}",
        "" if cost.score is None else f"{cost.score:.4f}",
    )
