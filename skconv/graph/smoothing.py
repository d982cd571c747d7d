"""Decisions that remember those before: the last op of a stream, in place of a plain decision."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import ClassVar

import numpy as np

from skconv.graph.base import Array, Op, TensorSpec, require
from skconv.graph.facts import Facts
from skconv.graph.nested import Packed

# No decision hangs on a smaller difference of logarithms of probabilities.
FINEST_LEVEL = 2.0**-12
# Levels and scores are clipped to this below the best: four of them fit 32 bits.
LOWEST_LEVEL = 2**29


@dataclass(frozen=True)
class Smoothed(Packed):
    """A decision, and what decisions before make of it. ``op`` is the decision on one window.

    Its memory is kept from one window to the next. The sequence of classes is defined in
    `skconv.runtime.smoothing`.

    Attributes
    ----------
    reads_scores : bool
        Of a class: whether it remembers the scores of windows, not their classes.
    """

    facts = Facts("decision")
    reads_flash: ClassVar[bool] = True
    reads_scores: ClassVar[bool] = False


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


@dataclass(frozen=True)
class Viterbi(Smoothed):
    """The class at the end of the most probable sequence of classes, given all scores up to now.

    A level for each class is the logarithm of the probability of the best sequence that ends in
    it, less that of the best of all. The tables are ``transitions`` (n_classes, n_classes), from
    the row to the column, and ``corrections`` (n_classes,), which are added to scores: int32, on
    the scale of scores shifted right by ``shift``. A single score is that of class 1; that of
    class 0 is 0.
    """

    reads_scores: ClassVar[bool] = True
    shift: int = field(kw_only=True)

    @classmethod
    def of(cls, op: Op, transitions: Array, priors: Array, unit: float) -> Viterbi:
        """The filter of probabilities of transitions and of classes.

        ``unit`` is what one unit of a score is worth, as a natural logarithm of a posterior up to
        what all classes share. A posterior over the prior is the likelihood of what was observed.
        """
        shift = max(0, math.ceil(math.log2(FINEST_LEVEL / unit)))
        scale = unit * 2.0**shift
        limit = LOWEST_LEVEL // 2
        whole = {
            name: np.clip(np.rint(np.log(values) / scale), -limit, limit).astype(np.int32)
            for name, values in (("transitions", transitions), ("corrections", 1 / priors))
        }
        return cls(op, tuple(whole.items()), 4 * (2 * len(priors) + 1), shift=shift)

    def output(self, *inputs: TensorSpec) -> TensorSpec:
        spec = super().output(*inputs)
        n_classes = len(dict(self.tables)["corrections"])
        require(n_classes == int(spec.maximum or 0) + 1, f"Viterbi of {n_classes} classes")
        return spec

    def describe(self) -> str:
        return f"{self.op.describe()}, Viterbi filter"


@dataclass(frozen=True)
class Events(Smoothed):
    """The class of which an event begins, -1 where none does.

    An event begins where the sum of the last scores of its class reaches a threshold, unless one
    began less than ``refractory`` windows ago. Of several classes the largest sum counts. A
    single score is that of class 1; that of class 0 is its negative.

    Attributes
    ----------
    keywords : tuple of int
        The classes that have events.
    threshold : int or float
        Of a sum of ``n_windows`` scores, in their units.
    n_windows, refractory : int
    """

    reads_scores: ClassVar[bool] = True
    keywords: tuple[int, ...] = field(kw_only=True)
    threshold: int | float = field(kw_only=True)
    n_windows: int = field(kw_only=True)
    refractory: int = field(kw_only=True)

    @classmethod
    def of(
        cls,
        op: Op,
        keywords: tuple[int, ...],
        threshold: float,
        n_windows: int,
        refractory: int,
    ) -> Events:
        """Events of these classes."""
        table = ("keywords", np.array(keywords, np.uint16))
        nbytes = np.dtype(np.int32).itemsize * (3 + n_windows * len(keywords))
        return cls(
            op,
            (table,),
            nbytes,
            keywords=keywords,
            threshold=threshold,
            n_windows=n_windows,
            refractory=refractory,
        )

    def output(self, *inputs: TensorSpec) -> TensorSpec:
        return replace(super().output(*inputs), minimum=-1)

    def describe(self) -> str:
        classes = ", ".join(map(str, self.keywords))
        return f"events of class {classes}, mean of {self.n_windows}, refractory {self.refractory}"
