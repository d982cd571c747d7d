"""Probabilities out of the scores of a logistic regression, in integers."""

from __future__ import annotations

from dataclasses import dataclass

from skconv.graph.base import Array, TensorSpec, require_vector
from skconv.graph.facts import Facts
from skconv.graph.integer import KERNEL_FRACTION_BITS, IntegerOp, Requantization, exp2_table

__all__ = ["QSoftmax"]


@dataclass(frozen=True)
class QSoftmax(IntegerOp):
    """``exp(s_i) / sum_j exp(s_j)`` in uint16 with 15 bits of fraction.

    ``d_i = min((max_j s_j - s_i) >> shift, limit)`` and ``e_i = 2^-u_i``, where ``exponent``
    makes of ``d_i`` the ``u_i`` with 8 bits of fraction; ``e_i`` has 15 (the table and the
    shift of the kernel machines). The result is ``e_i 2^15 / sum_j e_j``, rounded to the
    nearest.
    A single score stands for two classes, the first of which has score 0.
    """

    facts = Facts("vector")
    shift: int
    limit: int
    exponent: Requantization

    def output(self, *inputs: TensorSpec) -> TensorSpec:
        (x,) = inputs
        require_vector(self, x)
        self.exponent.spec((1,), self.limit)
        one = 2**KERNEL_FRACTION_BITS
        return TensorSpec((max(2, x.size),), "uint16", 1.0 / one, minimum=0, maximum=one)

    @property
    def parameters(self) -> dict[str, Array]:
        return {"exp2_table": exp2_table()}

    def macs(self, *inputs: TensorSpec) -> int:
        return 2 * self.output(*inputs).size
