"""A filter that goes on over the windows of a stream: its memory is kept between samples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from skconv.graph.base import INTEGER, Op, TensorSpec
from skconv.graph.biquads import Biquads, QBiquads
from skconv.graph.locality import locality
from skconv.graph.nested import Packed


@dataclass(frozen=True)
class Running(Packed):
    """``op``, a `QBiquads`, on one sample of all channels at a time, from rest at the first one."""

    domains = INTEGER
    reads_flash: ClassVar[bool] = True

    @classmethod
    def of(cls, op: QBiquads, x: TensorSpec) -> Running:
        """The filter of samples ``x``, a map of one pixel."""
        return cls(op, tuple(op.parameters.items()), op.scratch_bytes * x.size)

    def describe(self) -> str:
        return f"{self.op.describe()}, running on"


def samples_per_entry(op: Op, x: TensorSpec) -> int:
    """How many samples one entry of a filter's result is made of; 0 where it is no such filter.

    Recursive filters and functions of single samples have 1. A decimation has its factor.
    """
    if isinstance(op, Biquads | QBiquads):
        return int(op.axis == 1)
    found = locality(op, x, 1)
    return found.reach if found is not None and found.reach == found.step else 0
