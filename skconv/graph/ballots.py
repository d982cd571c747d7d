"""Votes of several classifiers: whom one of them votes for, and pairs with their confidence."""

from __future__ import annotations

from dataclasses import dataclass

from skconv.graph.base import BOTH, Op, TensorSpec, require, require_vector
from skconv.graph.facts import Facts
from skconv.graph.integer import IntegerOp
from skconv.graph.limits import ACCUMULATOR_MAX

__all__ = ["PairConfidence", "QPairConfidence", "Winner"]

CONFIDENCE_BITS = 20


@dataclass(frozen=True)
class Winner(Op):
    """1 at the largest score, the first of equal ones, else 0: the vote of one classifier.

    One score is a vote for the second of two classes where it is > 0, else for the first.

    Examples
    --------
    >>> import numpy as np
    >>> from skconv.graph import Graph, TensorSpec, Winner
    >>> from skconv.runtime import reference
    >>> graph = Graph(TensorSpec((3,))).append(Winner())
    >>> reference.run(graph, np.array([[1.0, 5.0, 5.0]]))
    array([[0., 1., 0.]])
    """

    facts = Facts("vector")
    domains = BOTH

    def output(self, *inputs: TensorSpec) -> TensorSpec:
        (x,) = inputs
        require_vector(self, x)
        shape = (max(2, x.size),)
        if x.domain == "float":
            return TensorSpec(shape)
        return TensorSpec(shape, "uint8", minimum=0, maximum=1)


@dataclass(frozen=True)
class Pairs(Op):
    """Decisions between all pairs of classes: base of `PairConfidence` and its integers."""

    facts = Facts("vector")
    n_classes: int
    first_is_positive: bool = True

    def n_pairs(self, x: TensorSpec) -> int:
        n_pairs = self.n_classes * (self.n_classes - 1) // 2
        require_vector(self, x, n_pairs)
        return n_pairs

    def macs(self, *inputs: TensorSpec) -> int:
        return 2 * inputs[0].size


@dataclass(frozen=True)
class PairConfidence(Pairs):
    """Votes of pairs of classes, and less than a third for the sum ``s`` of their decisions.

    A pair ``(i, j)``, ``i < j``, votes for one by the sign of its decision, and for ``i`` where
    that is 0. A class gets its votes plus ``s / (3 (|s| + 1))``. Positive is ``i``, or ``j``
    without ``first_is_positive``.

    References
    ----------
    `sklearn.multiclass.OneVsOneClassifier`, and `sklearn.svm.SVC` with
    ``decision_function_shape="ovr"``.

    Examples
    --------
    >>> import numpy as np
    >>> from skconv.graph import Graph, PairConfidence, TensorSpec
    >>> from skconv.runtime import reference
    >>> graph = Graph(TensorSpec((3,))).append(PairConfidence(3))
    >>> reference.run(graph, np.array([[1.0, -2.0, 0.5]])).round(3)
    array([[0.833, 0.889, 1.2  ]])
    """

    def output(self, *inputs: TensorSpec) -> TensorSpec:
        self.n_pairs(inputs[0])
        return TensorSpec((self.n_classes,))


@dataclass(frozen=True)
class QPairConfidence(Pairs, IntegerOp):
    """`PairConfidence` of integers, with 20 bits of fraction; ``one`` stands for 1.

    The quotient is rounded to the nearest, halves away from 0.
    """

    one: int = 1

    def output(self, *inputs: TensorSpec) -> TensorSpec:
        (x,) = inputs
        self.n_pairs(x)
        sums = (self.n_classes - 1) * x.magnitude
        require(
            0 < self.one <= ACCUMULATOR_MAX and sums <= ACCUMULATOR_MAX,
            f"QPairConfidence: sums up to {sums} and one={self.one} do not fit int32",
        )
        largest = self.n_classes << CONFIDENCE_BITS
        require(largest <= ACCUMULATOR_MAX, f"QPairConfidence of {self.n_classes} classes")
        low = -(1 << CONFIDENCE_BITS)
        scale = 2.0**-CONFIDENCE_BITS
        return TensorSpec((self.n_classes,), "int32", scale, minimum=low, maximum=largest)
