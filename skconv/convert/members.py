"""What a wrapper makes of its members inside one graph: their scores, or their probabilities."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from typing import Any

import numpy as np
from sklearn.base import is_regressor

from skconv.convert.core import (
    as_vector,
    check,
    convert,
    convert_scores,
    float32,
    probabilities,
    refuse,
    score_function,
)
from skconv.graph import INPUT, Affine, Concat, Graph, MeanPool, Op, Reshape, Select, Winner


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


def append_vote(estimator: Any, graph: Graph) -> Graph:
    """``graph`` followed by 1 for the class that a classifier predicts, and 0 for others."""
    return append_scores(estimator, graph).append(Winner())


# ------------------------------------------------------------------ several in one graph

Branch = Callable[[Graph], Graph]


def joined(graph: Graph, branches: Sequence[Branch]) -> Graph:
    """``graph`` followed by branches that all read its output, and by the vector of their results.

    What several of them compute alike, such as the features of a frozen extractor, is computed
    once.
    """
    graph, ends = branched(graph, branches)
    if len(ends) == 1:
        return graph
    return graph.append(Concat(), *ends)


def branched(graph: Graph, branches: Sequence[Branch]) -> tuple[Graph, list[str]]:
    """As `joined`, but with the results apart: their names."""
    graph = as_vector(graph)
    source, spec = graph.output_name, graph.output
    ends = []
    for branch in branches:
        graph, end = extended(graph, as_vector(branch(Graph(spec))), source)
        ends.append(end)
    return graph, ends


def extended(graph: Graph, branch: Graph, source: str) -> tuple[Graph, str]:
    """``graph`` with the nodes of ``branch`` that it has not yet, and the name of their result."""
    names = {INPUT: source}
    for node in branch.nodes:
        inputs = tuple(names[name] for name in node.inputs)
        known = (n.name for n in graph.nodes if n.inputs == inputs and _same(n.op, node.op))
        found = next(known, None)
        if found is None:
            graph = graph.append(node.op, *inputs, name=node.name)
            found = graph.output_name
        names[node.name] = found
    return graph, names[branch.output_name]


def _same(first: Op, second: Op) -> bool:
    """Whether two ops are the same function; ops compare with arrays as fields."""
    if type(first) is not type(second):
        return False
    pairs = ((getattr(first, f.name), getattr(second, f.name)) for f in fields(first))
    return all(
        np.array_equal(a, b) if isinstance(a, np.ndarray) else a is b or _equal(a, b)
        for a, b in pairs
    )


def _equal(a: Any, b: Any) -> bool:
    """Of fields that are no arrays; what holds arrays itself counts as different."""
    plain = (str, int, float, bool, tuple)
    return isinstance(a, plain) and isinstance(b, plain) and a == b


def mean(graph: Graph, n_members: int, weights: Any = None) -> Graph:
    """The weighted mean of as many vectors, which ``graph`` ends in one behind the other."""
    size = graph.output.size // n_members
    if weights is not None:
        shares = np.asarray(weights, np.float64) / np.mean(weights)
        factors = np.repeat(float32(shares), size)
        graph = graph.append(Affine(factors, np.zeros_like(factors)))
    if n_members == 1:
        return graph
    graph = graph.append(Reshape((1, n_members, size)))
    return as_vector(graph.append(MeanPool((1, n_members), (1, n_members))))


# ----------------------------------------------------- what scikit-learn asks of a member


def has_decision_function(member: Any) -> bool:
    """Whether scikit-learn's wrappers take its scores; else they take its probabilities."""
    return hasattr(member, "decision_function")


def check_response(member: Any) -> None:
    """`check`, for `append_response`."""
    check(member)
    if is_regressor(member):
        return
    if not has_decision_function(member):
        probabilities(member)
    elif (found := score_function(member)) != "decision_function":
        raise refuse(member, "", "use another estimator", f"its scores are those of {found}")


def append_response(member: Any, graph: Graph) -> Graph:
    """``graph`` followed by what wrappers call the response of a member, as numbers.

    ``decision_function`` of a classifier that has it, else ``predict_proba``: of two classes the
    second alone. The values of a regressor.
    """
    if is_regressor(member):
        return convert(member, graph)
    if has_decision_function(member):
        return undecided(convert_scores(member, graph))
    graph = append_probabilities(member, graph)
    return graph.append(Select(np.array([1], np.uint16))) if graph.output.size == 2 else graph
