"""Votes and means of several members: `VotingClassifier`, `VotingRegressor`."""

from __future__ import annotations

from functools import partial
from typing import Any

from sklearn.ensemble import VotingClassifier, VotingRegressor
from sklearn.utils.validation import check_is_fitted

from skconv.convert.core import (
    check,
    check_transform,
    convert,
    inside,
    probabilities,
    refuse,
)
from skconv.convert.decision import decide_between_shares
from skconv.convert.members import append_probabilities, append_vote, joined, mean
from skconv.graph import Graph, Shares
from skconv.graph.probabilities import Probabilities


def _members(model: Any) -> list[tuple[str, Any]]:
    """Fitted members by name; ``estimators`` also holds those that were dropped."""
    names = [name for name, member in model.estimators if member != "drop"]
    return list(zip(names, model.estimators_, strict=True))


@check.register
def _(model: VotingClassifier) -> None:
    check_is_fitted(model)
    if isinstance(model.le_, list):
        advice, reason = "convert one classifier for each label", "it predicts many labels"
        raise refuse(model, "classes_", advice, reason)
    for name, member in _members(model):
        with inside(name):
            check(member)
            if model.voting == "soft":
                probabilities(member)


@check.register
def _(model: VotingRegressor) -> None:
    check_is_fitted(model)
    for name, member in _members(model):
        with inside(name):
            check(member)


@check_transform.register(VotingClassifier)
@check_transform.register(VotingRegressor)
def _(model: Any) -> None:
    reason = "its transform, as a step of a Pipeline, cannot be converted"
    raise refuse(model, "voting", "use a FeatureUnion, or let it be the last step", reason)


@convert.register
def _(model: VotingClassifier, graph: Graph) -> Graph:
    """Hard votes are counted, so members agree exactly or not at all; soft ones are averaged."""
    weights = model._weights_not_none
    append = append_probabilities if model.voting == "soft" else append_vote
    branches = [partial(append, member) for member in model.estimators_]
    graph = mean(joined(graph, branches), len(branches), weights)
    return decide_between_shares(graph, model.classes_)


@probabilities.register
def _(model: VotingClassifier) -> Probabilities:
    if model.voting == "hard":
        raise refuse(model, "voting", "use voting='soft'", "votes are no probabilities")
    return Shares()


@convert.register
def _(model: VotingRegressor, graph: Graph) -> Graph:
    """The mean keeps the 16 bits of values; a linear layer would read 8 of them."""
    branches = [partial(convert, member) for member in model.estimators_]
    return mean(joined(graph, branches), len(branches), model._weights_not_none)
