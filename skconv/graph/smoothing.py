"""Decisions that remember those before: the last op of a stream, in place of a plain decision."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from skconv.graph.base import Array, Op, TensorSpec, require
from skconv.graph.facts import Facts
from skconv.graph.nested import Packed


@dataclass(frozen=True)
class Smoothed(Packed):
    """A decision, and what decisions before make of it. ``op`` is the decision on one window.

    Its memory is kept from one window to the next. The sequence of classes is defined in
    `skconv.runtime.smoothing`.
    """

    facts = Facts("decision")
    reads_flash: ClassVar[bool] = True


@dataclass(frozen=True)
class Majority(Smoothed):
    """The most frequent class of the last windows; of several the one that was seen last."""

    n_windows: int = field(kw_only=True)

    @classmethod
    def of(cls, op: Op, n_windows: int) -> Majority:
        """The vote of so many windows."""
        nbytes = np.dtype(np.int16).itemsize * (2 + n_windows)
        return cls(op, scratch_bytes=nbytes, n_windows=n_windows)

    def describe(self) -> str:
        return f"{self.op.describe()}, majority of {self.n_windows}"


@dataclass(frozen=True)
class Markov(Smoothed):
    """The most probable class of a hidden Markov model, given all decisions up to now.

    The tables are ``initial`` (n_classes,), ``transitions`` (n_classes, n_classes), from the row
    to the column, and ``emissions`` (n_classes, n_classes), of the decision in the row while the
    class of the column is true; probabilities as uint16, of which 65535 is nearly 1.
    """

    @classmethod
    def of(cls, op: Op, initial: Array, transitions: Array, emissions: Array) -> Markov:
        """The filter with these tables."""
        tables = {"initial": initial, "transitions": transitions, "emissions": emissions}
        named = tuple((name, array.astype(np.uint16)) for name, array in tables.items())
        return cls(op, named, 4 * (2 * len(initial) + 1))

    def output(self, *inputs: TensorSpec) -> TensorSpec:
        spec = super().output(*inputs)
        n_classes = len(dict(self.tables)["initial"])
        require(n_classes == int(spec.maximum or 0) + 1, f"Markov of {n_classes} classes")
        return spec

    def describe(self) -> str:
        return f"{self.op.describe()}, hidden Markov filter"
