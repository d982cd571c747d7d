"""The cosine of a weighted sum: random features that approximate a kernel.

`QCosine` is the integer form; `skconv.runtime.phases` defines both.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from skconv.graph.base import Array, Op, TensorSpec, require, require_vector
from skconv.graph.facts import Facts
from skconv.graph.integer import IntegerOp
from skconv.graph.limits import ACCUMULATOR_MAX, INT16_MAX

__all__ = ["Cosine", "QCosine"]

# Parts of a turn, and of a quarter of a turn between two entries of the table.
PHASE_BITS = 16
QUARTER_BITS = PHASE_BITS - 2
PART_BITS = 8


@dataclass(frozen=True)
class Cosine(Op):
    """``amplitude * cos(x)``, of radians.

    Examples
    --------
    >>> import numpy as np
    >>> from skconv.graph import Cosine, Graph, TensorSpec
    >>> from skconv.runtime import reference
    >>> graph = Graph(TensorSpec((2,))).append(Cosine(2.0))
    >>> reference.run(graph, np.array([[0.0, 3 * np.pi]]))
    array([[ 2., -2.]])
    """

    facts = Facts("vector", reads="sums")
    amplitude: float = 1.0

    def largest_read(self, x: TensorSpec) -> int:
        return INT16_MAX

    def output(self, *inputs: TensorSpec) -> TensorSpec:
        (x,) = inputs
        require_vector(self, x)
        return TensorSpec(x.shape)


@cache
def cosine_table() -> Array:
    """A quarter of a turn in 64 steps, and the entry after it: int16 with 1 as 32767."""
    steps = np.arange(2 ** (QUARTER_BITS - PART_BITS) + 2)
    angles = steps * (np.pi / 2) * 2.0 ** (PART_BITS - QUARTER_BITS)
    table = np.rint(INT16_MAX * np.cos(angles)).astype(np.int16)
    table.setflags(write=False)
    return table


@dataclass(frozen=True)
class QCosine(IntegerOp):
    """The cosine of an integer phase: int16, with 1 as 32767.

    The phase is ``((x << shift) * multiplier + 2^31) >> 32`` modulo ``2^16``, the parts of a
    turn: whole turns are lost exactly. Lines between 256 cosines of a turn give the result.

    The cosine is wrong by 2e-4 at most: the phase is rounded by half a part and its multiplier by
    a quarter (together 7.2e-5), lines miss the cosine by ``(2 pi / 256)^2 / 8 = 7.6e-5``, and an
    entry of the table and the result are rounded by half a unit each (3.1e-5).
    """

    facts = Facts("vector")
    multiplier: int
    shift: int
    scale: float = 1.0

    @property
    def parameters(self) -> dict[str, Array]:
        return super().parameters | {"cosine_table": cosine_table()}

    def output(self, *inputs: TensorSpec) -> TensorSpec:
        (x,) = inputs
        require_vector(self, x)
        require(
            x.magnitude << self.shift <= ACCUMULATOR_MAX,
            f"QCosine: phases up to {x.magnitude} << {self.shift} do not fit int32",
        )
        require(
            1 <= self.multiplier <= ACCUMULATOR_MAX,
            f"QCosine: multiplier {self.multiplier} does not fit int32",
        )
        return TensorSpec(x.shape, "int16", self.scale, minimum=-INT16_MAX, maximum=INT16_MAX)

    def macs(self, *inputs: TensorSpec) -> int:
        return inputs[0].size
