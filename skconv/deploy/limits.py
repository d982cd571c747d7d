"""Limits of memory: a model that does not fit is refused before a file is written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from skconv.exceptions import MemoryLimitError
from skconv.target.chips import Chip, get_chip
from skconv.target.cost import CostReport, suits

if TYPE_CHECKING:
    from skconv.deploy.model import CModel

N_LARGEST = 3
NO_LIMIT = 2**62


@dataclass(frozen=True)
class Limits:
    """What a model may take.

    Attributes
    ----------
    chip : Chip or None
        Its flash has to hold tables and code, its RAM the arena, input and output.
    flash_bytes, ram_bytes : int or None
        The same by numbers, for the share of a chip that the model may have.
    """

    chip: Chip | None = None
    flash_bytes: int | None = None
    ram_bytes: int | None = None

    @classmethod
    def of(
        cls, chip: str | Chip | None, flash_bytes: int | None, ram_bytes: int | None, target: str
    ) -> Limits:
        """Checked arguments of `skconv.to_c`."""
        for name, size in (("flash_bytes", flash_bytes), ("ram_bytes", ram_bytes)):
            if size is not None and (isinstance(size, bool) or not size > 0):
                raise ValueError(f"{name}={size!r}, expected a number of bytes above 0")
        found = None if chip is None else get_chip(chip)
        if found is not None and found.target and not suits(target, found.target):
            raise ValueError(
                f"chip={found.name!r} with target={target!r}, expected code for that chip. "
                f"Write target={found.target!r}."
            )
        return cls(found, flash_bytes, ram_bytes)

    def require(self, model: CModel) -> CModel:
        """The model; MemoryLimitError, which names the largest nodes, where it takes more."""
        for chip in self._chips():
            cost = model.report(chip)
            if not cost.fits:
                raise MemoryLimitError(f"{model.name} {_largest(cost)}")
        return model

    def _chips(self) -> Iterator[Chip]:
        if self.chip is not None:
            yield self.chip
        if self.flash_bytes is not None:
            name = f"flash_bytes={self.flash_bytes:,}"
            yield Chip(name, flash_bytes=self.flash_bytes, ram_bytes=NO_LIMIT)
        if self.ram_bytes is not None:
            name = f"ram_bytes={self.ram_bytes:,}"
            yield Chip(name, flash_bytes=NO_LIMIT, ram_bytes=self.ram_bytes)


def _largest(cost: CostReport) -> str:
    """The verdict of a report, and where the memory goes."""
    is_flash = cost.spare_flash_bytes < 0
    sizes = {n.name: n.flash_bytes if is_flash else n.ram_bytes for n in cost.nodes}
    largest = sorted(sizes, key=sizes.__getitem__, reverse=True)[:N_LARGEST]
    shown = ", ".join(f"{name} ({sizes[name]:,} bytes)" for name in largest if sizes[name])
    others = "".join(f"\n{other}" for other in cost.alternatives)
    return (
        f"{cost.verdict}. Largest in {'flash' if is_flash else 'RAM'}: {shown}. "
        f"Caller's memory: input {cost.input_bytes:,}, output {cost.output_bytes:,} bytes{others}"
    )
