"""Pruning of the kernels whose features a linear head reads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from skconv.graph import Graph
from skconv.passes.compress.base import Array, Pass, Samples, head_of
from skconv.passes.compress.loss import probabilities
from skconv.passes.compress.pruning.blocks import Block, blocks_of, layer_normalised
from skconv.passes.compress.pruning.dead import prune_dead
from skconv.passes.compress.pruning.elimination import Elimination
from skconv.passes.compress.pruning.features import how_many
from skconv.passes.compress.pruning.gradients import AnyHead, reader_of
from skconv.passes.compress.pruning.head import Head
from skconv.passes.compress.pruning.likelihood import RefitLoss, check_loss
from skconv.passes.compress.refit import targets_of
from skconv.utils.progress import report

Criterion = Literal["ridge", "taylor", "accuracy"]

# Gradients and accuracies are taken of as many samples.
MOST_SAMPLES = 10_000


@dataclass
class PruneKernels(Pass):
    """Leave out the kernels whose features a classifier can best do without.

    One kernel leaves after the other, with all its features. Behind it the weights of a linear
    head make up for it each time, as well as they can, and the criterion is asked again. In the
    end the head is fitted anew. What computes nothing but features that left goes, too
    (`PruneDead`).

    A network of several layers and a kernel machine take ``criterion="taylor"``, and need torch. A
    feature that left is what it was on average (0 for a polynomial kernel). In the end the last
    layer of a network is fitted anew, and the coefficients of a machine are, to its decisions.

    Parameters
    ----------
    n_kernels : int or float, default=0.5
        How many kernels stay; below 1, which share of them. They are those of the last
        convolution before the head, or of several side by side.
    criterion : {"ridge", "taylor", "accuracy"}, default="ridge"
        Which kernel leaves. ``"ridge"``: the one that costs least, in the exact change of the
        squared loss, or of the logistic one by its second derivatives, when the others make up
        for it. ``"taylor"``: the one with the least product of activation and gradient, added
        up over its features before the absolute value, for each sample; for any head that has
        gradients. ``"accuracy"``: the one
        without which most samples are classified as they should be.
    penalty : float, default=0.3
        As of `PruneFeatures`.
    loss : {None, "logistic"}, default=None
        With which the head is fitted anew. None: with its own. ``"logistic"``: as a logistic
        regression on the labels, whatever it was; a fifth of the samples chooses the penalty.
        Half of the kernels lose less by it behind a ridge or a linear SVM. Of a linear head only.

    Notes
    -----
    Of a linear head the gradient by its inputs is ``(p - y) W``, in closed form; of others torch
    computes it, of the logistic loss or half the squared error as of a linear head, and of the
    hinge loss where each pair of classes has a decision. Averaged over the
    samples before the absolute value it would be 0 for a head at its minimum, but for the penalty.
    Costs by ``"taylor"`` are divided by the norm of those of their layer, as in the paper: it
    matters where convolutions stand side by side.

    References
    ----------
    Molchanov, Tyree, Karras, Aila, Kautz, "Pruning Convolutional Neural Networks for Resource
    Efficient Inference", ICLR 2017, equations 7 and 8; Abbasi-Asl, Yu, "Structural Compression of
    Convolutional Neural Networks", 2017, arXiv:1705.07356.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.pipeline import make_pipeline
    >>> from skconv import PruneKernels, RandomConvFeatures, compress
    >>> X, y = load_digits(return_X_y=True)
    >>> features = RandomConvFeatures(n_kernels=8, input_shape=(8, 8), random_state=0)
    >>> pipe = make_pipeline(features, LogisticRegression(max_iter=2000)).fit(X[:1500], y[:1500])
    >>> small = compress(pipe, X[:1500], y[:1500], passes=[PruneKernels(6)])
    >>> small.graph_.nodes[1].op.describe()
    'Conv 5x5 1->6 zero pad'
    """

    n_kernels: float = 0.5
    criterion: Criterion = "ridge"
    penalty: float = 0.3
    loss: RefitLoss = None

    def __call__(self, graph: Graph, samples: Samples) -> Graph:
        """The graph with fewer kernels.

        Parameters
        ----------
        graph : Graph
            A float graph whose scores are those of a linear layer; with ``"taylor"`` any whose
            scores have gradients.
        samples : Samples

        Returns
        -------
        Graph
        """
        if self.criterion not in CRITERIA:
            raise ValueError(
                f"criterion={self.criterion!r}, expected one of {', '.join(map(repr, CRITERIA))}"
            )
        if self.criterion == "taylor" and samples.y is None:
            raise ValueError(
                "criterion='taylor' needs labels: of its own answers a head has no gradient"
            )
        check_loss(self, samples)
        reader = reader_of(graph)
        if self.criterion == "taylor" and reader is not None and reader != head_of(graph):
            if self.loss is not None:
                raise ValueError(
                    f"loss={self.loss!r} needs scores of a linear layer that reads the features; "
                    "before a network or a kernel machine use loss=None"
                )
            any_head = AnyHead.of(graph, reader, samples)
            blocks = blocks_of(graph, reader.name, np.arange(any_head.features.shape[1]))
            left = any_head.eliminated(blocks, self._n_kept(blocks))
            return any_head.put_on(graph, left, samples)
        head = Head.of(graph, samples, self.penalty, self)
        blocks = blocks_of(graph, head.name, head.alive)
        steps = eliminated(head, blocks, self._n_kept(blocks), self.criterion)
        return prune_dead(head.put_on(graph, steps.left, steps.weights, self.loss))

    def _n_kept(self, blocks: Sequence[Block]) -> int:
        if not blocks:
            raise ValueError(
                "PruneKernels needs features that are each of one kernel, and the head reads "
                "none of that kind; behind a network or a kernel machine use criterion='taylor'"
            )
        n_kept = how_many("n_kernels", self.n_kernels, len(blocks), "kernels with features")
        report(f"{n_kept} of {len(blocks)} kernels are left")
        return n_kept


def eliminated(
    head: Head, blocks: Sequence[Block], n_kept: int, criterion: Criterion
) -> Elimination:
    """The head after all blocks but some have left, one by one."""
    left, steps = list(blocks), head.elimination()
    costs = CRITERIA[criterion](head)
    while len(left) > n_kept:
        steps.drop(left.pop(int(costs(steps, left).argmin())).inputs)
    return steps


# What each block would cost.
Costs = Callable[[Elimination, Sequence[Block]], Array]


def _ridge(head: Head) -> Costs:
    return lambda steps, blocks: steps.block_costs([block.inputs for block in blocks])


def _taylor(head: Head) -> Costs:
    few, y = _few(head), head.samples.y
    assert y is not None
    inputs, wanted = head.inputs[few], targets_of(y[few], head.scores[few])
    is_squared = head.samples.loss == "squared"

    def costs(steps: Elimination, blocks: Sequence[Block]) -> Array:
        scores = _scores(head, steps, inputs)
        n_outputs = scores.shape[1]
        # Squared errors are those to 1 for the class of a sample and -1 for the others.
        answers = (scores + 1) / 2 if is_squared else probabilities(scores)[:, -n_outputs:]
        error = answers - wanted[:, -n_outputs:]
        parts = _by_block(inputs, steps, blocks)
        found = np.array([np.abs((error * part).sum(axis=1)).mean() for part in parts])
        return layer_normalised(found, blocks)

    return costs


def _accuracy(head: Head) -> Costs:
    few, y = _few(head), head.samples.y
    inputs = head.inputs[few]
    labels = _decided(head.scores[few]) if y is None else y[few]

    def costs(steps: Elimination, blocks: Sequence[Block]) -> Array:
        scores = _scores(head, steps, inputs)
        parts = _by_block(inputs, steps, blocks)
        # Without a kernel its features are as they are on average.
        without = (scores - (part - part.mean(axis=0)) for part in parts)
        return -np.array([(_decided(each) == labels).mean() for each in without])

    return costs


CRITERIA: dict[str, Callable[[Head], Costs]] = {
    "ridge": _ridge,
    "taylor": _taylor,
    "accuracy": _accuracy,
}


def _few(head: Head) -> slice:
    """Samples from everywhere, no more than `MOST_SAMPLES`."""
    return slice(None, None, -(-len(head.inputs) // MOST_SAMPLES))


def _scores(head: Head, steps: Elimination, inputs: Array) -> Array:
    """Those of the weights that are left; what left is as it is on average."""
    left, weights = steps.left, steps.weights
    bias = head.bias_on(left, weights)
    return np.asarray(inputs[:, left] @ weights.T.astype(np.float32) + bias)


def _by_block(inputs: Array, steps: Elimination, blocks: Sequence[Block]) -> list[Array]:
    """The share of each block in the scores."""
    weights = np.zeros((len(steps.weights), inputs.shape[1]), np.float32)
    weights[:, steps.left] = steps.weights
    return [inputs[:, b.inputs] @ weights[:, b.inputs].T for b in blocks]


def _decided(scores: Array) -> Array:
    """Indices of classes."""
    if scores.shape[1] == 1:
        return np.asarray((scores[:, 0] > 0).astype(np.int64))
    return np.asarray(scores.argmax(axis=1))
