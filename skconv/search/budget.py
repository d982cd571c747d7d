"""What a model may take, and what it takes."""

from __future__ import annotations

from dataclasses import dataclass, fields
from numbers import Real
from typing import TYPE_CHECKING

from skconv.codegen.estimates import instructions
from skconv.target.chips import Chip, get_chip

if TYPE_CHECKING:
    from skconv.deploy.model import CModel

UNITS = {
    "ram_bytes": "bytes of RAM",
    "flash_bytes": "bytes of flash",
    "instructions": "instructions",
}


@dataclass(frozen=True)
class Costs:
    """What a model takes on its target.

    Attributes
    ----------
    ram_bytes : int
        The arena, the input and the output.
    flash_bytes : int
        Tables, which are exact, and code, which is an estimate.
    instructions : int
        Estimate of those of one inference: see `skconv.codegen.estimates.instructions`.
    table_bytes : int
        The tables alone.
    """

    ram_bytes: int
    flash_bytes: int
    instructions: int
    table_bytes: int

    def __str__(self) -> str:
        return (
            f"RAM {self.ram_bytes:,} bytes, flash about {self.flash_bytes:,} bytes, "
            f"about {self.instructions:,} instructions"
        )

    @classmethod
    def of(cls, model: CModel) -> Costs:
        """Costs of an exported model, without a compiler."""
        cost = model.report()
        ram = cost.ram_bytes + cost.input_bytes + cost.output_bytes
        flash = cost.flash_bytes + (cost.code_bytes or 0)
        return cls(ram, flash, round(instructions(model.graph, model.target)), cost.flash_bytes)


@dataclass(frozen=True)
class Budget:
    """Limits of a model; what has no limit is an objective of the search.

    Parameters
    ----------
    ram_bytes, flash_bytes, instructions : number or None
        As in `Costs`.

    Examples
    --------
    >>> from skconv.search.budget import Budget, Costs
    >>> budget = Budget(ram_bytes=2048)
    >>> budget.excess(Costs(3000, 9000, 100_000, 8000))
    '3,000 bytes of RAM, more than 2,048'
    >>> budget.objectives
    ('flash_bytes', 'instructions')
    """

    ram_bytes: float | None = None
    flash_bytes: float | None = None
    instructions: float | None = None

    @classmethod
    def of(
        cls,
        chip: str | Chip | None,
        ram_bytes: float | None,
        flash_bytes: float | None,
        instructions: float | None,
    ) -> Budget:
        """Checked limits; those of the chip and those by number hold both."""
        given = {
            "ram_bytes": ram_bytes,
            "flash_bytes": flash_bytes,
            "instructions": instructions,
        }
        for name, value in given.items():
            is_number = isinstance(value, Real) and not isinstance(value, bool)
            if value is not None and not (is_number and value > 0):
                raise ValueError(f"{name}={value!r}, expected a number above 0, or None")
        if chip is None:
            return cls(**given)
        found = get_chip(chip)
        ram = min(found.ram_bytes, ram_bytes or found.ram_bytes)
        flash = min(found.flash_bytes, flash_bytes or found.flash_bytes)
        return cls(ram, flash, instructions)

    @property
    def objectives(self) -> tuple[str, ...]:
        """Costs without a limit, which the search makes small."""
        return tuple(f.name for f in fields(self) if getattr(self, f.name) is None)

    def excess(self, costs: Costs) -> str:
        """What is over a limit, in words; empty where all is within."""
        over = (
            f"{getattr(costs, name):,} {unit}, more than {getattr(self, name):,}"
            for name, unit in UNITS.items()
            if getattr(self, name) is not None and getattr(costs, name) > getattr(self, name)
        )
        return "; ".join(over)

    def share(self, costs: Costs) -> float:
        """The largest share of a limit that is taken; 0 without limits.

        Examples
        --------
        >>> from skconv.search.budget import Budget, Costs
        >>> Budget(ram_bytes=2000, flash_bytes=8000).share(Costs(1500, 2000, 100_000, 1000))
        0.75
        """
        limits = {f.name: getattr(self, f.name) for f in fields(self)}
        shares = (getattr(costs, name) / limit for name, limit in limits.items() if limit)
        return float(max(shares, default=0.0))
