"""What a wrapper makes of its members inside one graph: their scores, or their probabilities."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from skconv.convert.core import convert, probabilities
from skconv.graph import Graph


def undecided(graph: Graph) -> Graph:
    """``graph`` without the decision that it may end in: it ends in the scores."""
    nodes = graph.nodes[:-1] if graph.is_classifier else graph.nodes
    return replace(graph, nodes=nodes, classes=None)


def append_scores(estimator: Any, graph: Graph) -> Graph:
    """``graph`` followed by the scores of a classifier, of which one decides between two classes.

    Of a regressor by its values, of a transformer by its features.
    """
    return undecided(convert(estimator, graph))


def append_probabilities(estimator: Any, graph: Graph) -> Graph:
    """``graph`` followed by ``predict_proba`` of a classifier: one number for each class.

    In `check` of a wrapper call `skconv.convert.core.probabilities` on its members: it raises
    where a member has none.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.naive_bayes import MultinomialNB
    >>> from skconv.convert.members import append_probabilities
    >>> from skconv.graph import Graph, TensorSpec
    >>> from skconv.runtime import reference
    >>> X = np.array([[1, 0], [1, 1], [0, 3]])
    >>> model = MultinomialNB().fit(X, [0, 0, 1])
    >>> graph = append_probabilities(model, Graph(TensorSpec((2,))))
    >>> np.allclose(reference.run(graph, X), model.predict_proba(X))
    True
    """
    return append_scores(estimator, graph).append(probabilities(estimator))
