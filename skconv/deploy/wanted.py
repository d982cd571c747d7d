"""What a model is to give beside its decision: probabilities, scores that are numbers, values."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from sklearn.base import is_regressor

from skconv.codegen.interface import Interface
from skconv.convert import probabilities as rule_of
from skconv.convert import score_function, to_graph
from skconv.convert.decision import decided
from skconv.deploy.smoothed import Maker, of_stream
from skconv.graph import Graph, Softmax
from skconv.graph.probabilities import Probabilities
from skconv.passes.compress.pruning import prune_dead
from skconv.passes.fold import fold
from skconv.passes.lower_probabilities import integer_probabilities


@dataclass(frozen=True)
class Wanted:
    """What was asked of `skconv.to_c`; ValueError where options exclude each other.

    Attributes
    ----------
    dtype : str
    probabilities, scores : bool
    classes : array-like or None
        The labels whose scores the features are.
    smoothed : Maker or None
        What makes the decision of a stream that remembers.
    """

    dtype: str
    probabilities: bool
    scores: bool
    classes: Any
    smoothed: Maker | None

    def options(self, estimator: Any) -> dict[str, Any]:
        """Of `skconv.passes.quantize.quantize`: numbers ask more of integers than decisions."""
        are_values = self.scores or is_regressor(estimator)
        are_logits = self.probabilities or self.scores
        return {"are_logits": are_logits, "output_bits": 16 if are_values else 8}

    def __post_init__(self) -> None:
        if self.probabilities and self.dtype == "float32":
            raise ValueError("probabilities=True with dtype='float32', expected dtype='int8'")
        if self.scores and self.probabilities:
            raise ValueError(
                "scores=True with probabilities=True, expected one of them: probabilities follow "
                "from scores in another form"
            )
        if self.scores and self.classes is not None:
            raise ValueError(
                "scores=True with classes, expected scores=False: features are numbers already"
            )

    def graph(self, estimator: Any) -> Graph:
        """The float graph; what cannot be given is refused before it is built."""
        graph = read_graph(estimator, scores=self.scores)
        return (
            graph if self.classes is None else decided(estimator, graph, np.asarray(self.classes))
        )

    def rule(self, estimator: Any) -> Probabilities | None:
        """What makes probabilities of real scores."""
        if not self.probabilities:
            return None
        return rule_of(estimator) if self.classes is None else Softmax()

    def completed(self, interface: Interface, estimator: Any, graph: Graph) -> Interface:
        """An interface with what follows the scores of a graph."""
        rule = self.rule(estimator)
        spec = graph.specs[graph.scores_name]
        return replace(
            interface,
            probabilities=integer_probabilities(rule, spec) if rule else None,
            smoothing=of_stream(self.smoothed, graph),
            scores=score_function(estimator) if self.scores else "",
            is_regressor=is_regressor(estimator) and not graph.is_classifier,
        )


def read_graph(estimator: Any, *, scores: bool = False) -> Graph:
    """The float graph of what answers depend on: features that nobody reads are not computed.

    It is the same function. All that follows, calibration too, sees what is left alone.
    """
    return prune_dead(fold(to_graph(estimator, scores=scores)))
