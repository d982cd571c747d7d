"""Pruning of the features that a linear head reads."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Integral, Real

from skconv.graph import Graph
from skconv.passes.compress.base import Pass, Samples
from skconv.passes.compress.pruning.dead import prune_dead
from skconv.passes.compress.pruning.head import Head
from skconv.passes.compress.pruning.likelihood import RefitLoss, check_loss
from skconv.utils.progress import report


@dataclass
class PruneFeatures(Pass):
    """Leave out the features that a linear head can best do without.

    They leave one after the other. Each time the one goes that costs least, where the weights of
    all others make up for it as well as they can: its weights squared, over its place on the
    diagonal of the inverse of the second moments that all features have. Then the head is fitted
    anew on those that are left, by ridge regression or as a logistic regression. What computes
    nothing but features that left goes, too (`PruneDead`), and of those that go one by one
    neither the weights are stored nor, where a routine can skip them, the windows computed.

    Parameters
    ----------
    n_features : int or float, default=0.5
        How many features stay; below 1, which share of those that have weights.
    penalty : float, default=0.3
        Of a logistic head: how many times the penalty that it was fitted with, as far as the
        gradient of its loss tells. Fewer features need less.
    loss : {None, "logistic"}, default=None
        With which the head is fitted anew. None: with its own. ``"logistic"``: as a logistic
        regression on the labels, whatever it was; a fifth of the samples chooses the penalty.
        Few features lose less by it behind a ridge or a linear SVM.

    References
    ----------
    Hassibi, Stork, "Second Order Derivatives for Network Pruning: Optimal Brain Surgeon", NIPS
    1992, for all outputs of a head at once.

    Examples
    --------
    >>> import numpy as np
    >>> from skconv import PruneFeatures
    >>> from skconv.graph import Graph, Linear, TensorSpec
    >>> from skconv.passes.compress import Samples
    >>> X = np.random.default_rng(0).normal(size=(100, 3)).astype("float32")
    >>> X[:, 2] = X[:, 0] + X[:, 1]
    >>> head = Linear(np.float32([[0.5, 1.0, 0.5]]), np.float32([0.0]))
    >>> graph = PruneFeatures(2)(Graph(TensorSpec((3,))).append(head), Samples(X))
    >>> graph.nodes[-1].op.weights.round(2).tolist()
    [[0.0, 0.5, 1.0]]
    """

    n_features: float = 0.5
    penalty: float = 0.3
    loss: RefitLoss = None

    def __call__(self, graph: Graph, samples: Samples) -> Graph:
        """The graph with fewer features.

        Parameters
        ----------
        graph : Graph
            A float graph whose scores are those of a linear layer.
        samples : Samples

        Returns
        -------
        Graph
        """
        check_loss(self, samples)
        head = Head.of(graph, samples, self.penalty, self)
        n_kept = how_many("n_features", self.n_features, len(head.alive), "features with weights")
        steps = head.elimination()
        while len(steps.left) > n_kept:
            steps.drop([steps.left[steps.costs().argmin()]])
        report(f"{n_kept} of {len(head.alive)} features are left")
        return prune_dead(head.put_on(graph, steps.left, steps.weights, self.loss))


def how_many(name: str, wanted: float, n_all: int, of_what: str) -> int:
    """A number of things that stay, or a share of them, as a number."""
    if isinstance(wanted, Integral) and 1 <= wanted <= n_all:
        return int(wanted)
    if isinstance(wanted, Real) and not isinstance(wanted, Integral) and 0 < wanted < 1:
        return max(1, round(float(wanted) * n_all))
    raise ValueError(
        f"{name}={wanted!r}, expected a whole number from 1 to {n_all}, which is how many "
        f"{of_what} there are, or a share between 0 and 1"
    )
