"""Class probabilities out of scores, on floats and on integers.

Whatever follows from one score stands for two classes. Integer probabilities are uint16 with 15
bits of fraction.
"""

from __future__ import annotations

from dataclasses import dataclass

from skconv.graph.base import Array, Op, TensorSpec, require, require_vector
from skconv.graph.facts import Facts
from skconv.graph.integer import KERNEL_FRACTION_BITS, IntegerOp, Requantization, exp2_table

__all__ = ["QShares", "QSigmoids", "QSoftmax", "Shares", "Sigmoids", "Softmax"]

ONE = 2**KERNEL_FRACTION_BITS


@dataclass(frozen=True)
class Probabilities(Op):
    """What makes probabilities of scores: base of `Softmax`, `Sigmoids` and `Shares`."""

    facts = Facts("vector")

    def output(self, *inputs: TensorSpec) -> TensorSpec:
        (x,) = inputs
        require_vector(self, x)
        return TensorSpec((max(2, x.size),))

    def macs(self, *inputs: TensorSpec) -> int:
        return 2 * self.output(*inputs).size


@dataclass(frozen=True)
class Softmax(Probabilities):
    """``exp(factor s_i) / sum_j exp(factor s_j)``; one score ``s`` stands for ``(0, s)``.

    Examples
    --------
    >>> import numpy as np
    >>> from skconv.graph import Graph, Softmax, TensorSpec
    >>> from skconv.runtime import reference
    >>> graph = Graph(TensorSpec((3,))).append(Softmax())
    >>> reference.run(graph, np.log([[1.0, 2.0, 5.0]])).round(3)
    array([[0.125, 0.25 , 0.625]])
    """

    factor: float = 1.0


@dataclass(frozen=True)
class Sigmoids(Probabilities):
    """``1 / (1 + exp(-s_i))``, divided by the sum of all; one score gives ``1 - p`` and ``p``.

    The probabilities of classifiers that tell each class from the rest.

    Examples
    --------
    >>> import numpy as np
    >>> from skconv.graph import Graph, Sigmoids, TensorSpec
    >>> from skconv.runtime import reference
    >>> graph = Graph(TensorSpec((1,))).append(Sigmoids())
    >>> reference.run(graph, np.array([[np.log(3)]]))
    array([[0.25, 0.75]])

    References
    ----------
    Zadrozny, Elkan, "Transforming classifier scores into accurate multiclass probability
    estimates", KDD 2002.
    """


@dataclass(frozen=True)
class Shares(Probabilities):
    """``factor s_i``, clipped to 0 .. 1: scores that are probabilities in another scale.

    One score is the difference ``p_1 - p_0`` in that scale, and gives both.

    Examples
    --------
    >>> import numpy as np
    >>> from skconv.graph import Graph, Shares, TensorSpec
    >>> from skconv.runtime import reference
    >>> graph = Graph(TensorSpec((1,))).append(Shares(1 / 20))  # votes of 20 trees
    >>> reference.run(graph, np.array([[10.0]]))
    array([[0.25, 0.75]])
    """

    factor: float = 1.0


# ----------------------------------------------------------------------------- integers


@dataclass(frozen=True)
class IntegerProbabilities(IntegerOp):
    """What integer probabilities are."""

    facts = Facts("vector")

    def output(self, *inputs: TensorSpec) -> TensorSpec:
        (x,) = inputs
        require_vector(self, x)
        return TensorSpec((max(2, x.size),), "uint16", 1.0 / ONE, minimum=0, maximum=ONE)

    def macs(self, *inputs: TensorSpec) -> int:
        return 2 * self.output(*inputs).size


@dataclass(frozen=True)
class Exponentials(IntegerProbabilities):
    """``E(d) = 2^-u`` with 15 bits of fraction, of differences ``d >= 0`` of scores.

    ``exponent`` makes the ``u`` with 8 bits of fraction of ``min(d >> shift, limit)``; the table
    and the shift of the kernel machines make ``2^-u`` of that.
    """

    shift: int
    limit: int
    exponent: Requantization

    def output(self, *inputs: TensorSpec) -> TensorSpec:
        self.exponent.spec((1,), self.limit)
        return super().output(*inputs)

    @property
    def parameters(self) -> dict[str, Array]:
        return {"exp2_table": exp2_table()}


@dataclass(frozen=True)
class QSoftmax(Exponentials):
    """``exp(s_i) / sum_j exp(s_j)``.

    ``e_i = E(max_j s_j - s_i)``; the result is ``e_i 2^15 / sum_j e_j``, rounded to the nearest.
    A single score stands for two classes, the first of which has score 0.
    """


@dataclass(frozen=True)
class QSigmoids(Exponentials):
    """``f(s_i) / sum_j f(s_j)`` with ``f(s) = 1 / (1 + exp(-s))``, of two scores or more.

    With ``m`` the largest score, or 0 where that is less, ``e_i = E(max(m - s_i, 0))``,
    ``q_i = e_i 2^15 / (2^15 + E(|s_i|))`` and the result is ``q_i 2^15 / sum_j q_j``, each rounded
    to the nearest. All scores far below 0 so keep their relation, and the sum is never 0.
    """

    def output(self, *inputs: TensorSpec) -> TensorSpec:
        require(inputs[0].size > 1, "QSigmoids needs two scores or more; QSoftmax takes one")
        return super().output(*inputs)


@dataclass(frozen=True)
class QShares(IntegerProbabilities):
    """Scores clipped to ``-limit .. limit`` and requantised to probabilities.

    A single score is requantised to half the difference ``d`` of two probabilities, which are
    ``2^14 - d`` and ``2^14 + d``.
    """

    limit: int
    requantization: Requantization

    def output(self, *inputs: TensorSpec) -> TensorSpec:
        (x,) = inputs
        self.requantization.spec((1,), self.limit)
        low, high = self.requantization.minimum, self.requantization.maximum
        wanted = (-ONE // 2, ONE // 2) if x.size == 1 else (0, ONE)
        require(
            wanted[0] <= low and high <= wanted[1],
            f"QShares of {x.size} scores needs limits within {wanted}, got {(low, high)}",
        )
        return super().output(x)
