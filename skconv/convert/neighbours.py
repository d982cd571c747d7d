"""Nearest neighbours, nearest centroids, clusters, and outliers among neighbours."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import BisectingKMeans, KMeans, MiniBatchKMeans
from sklearn.neighbors import (
    KNeighborsClassifier,
    KNeighborsRegressor,
    LocalOutlierFactor,
    NearestCentroid,
)
from sklearn.utils.validation import check_is_fitted

from skconv.classifiers.reduced_neighbors import ReducedNeighbors
from skconv.convert.core import (
    ScoreFunction,
    as_vector,
    check,
    check_transform,
    convert,
    convert_transform,
    float32,
    probabilities,
    refuse,
    score_function,
)
from skconv.convert.decision import decide, decide_each, refuse_several
from skconv.convert.linear import append_linear
from skconv.graph import (
    ArgMax,
    Distances,
    Graph,
    NeighbourMeans,
    NeighbourVotes,
    NoveltyMargin,
    Shares,
    Softmax,
    Threshold,
)
from skconv.graph.neighbours import METRICS
from skconv.graph.probabilities import Probabilities

_METRIC_ADVICE = "use metric='euclidean' or 'manhattan' (minkowski with p=2 or p=1)"


def _check_metric(model: Any) -> None:
    """Refuse what is neither L1 nor L2; ``p`` has already been looked at by scikit-learn."""
    check_is_fitted(model)
    if model.effective_metric_ not in METRICS:
        if model.metric == "minkowski" and not callable(model.metric):
            reason = f"metric='minkowski' with p={model.p} cannot be converted"
            raise refuse(model, "p", _METRIC_ADVICE, reason)
        raise refuse(model, "metric", _METRIC_ADVICE)
    if (model.effective_metric_params_ or {}).get("w") is not None:
        reason = "a metric with weights of features cannot be converted"
        advice = "put a StandardScaler, or a scaler of your own, in front of it"
        raise refuse(model, "metric_params", advice, reason)


def _check_settings(model: KNeighborsClassifier | KNeighborsRegressor) -> None:
    if model.n_neighbors > model.n_samples_fit_:
        reason = f"it has {model.n_samples_fit_} samples, and asks {model.n_neighbors} of them"
        advice = f"use n_neighbors={model.n_samples_fit_} at most"
        raise refuse(model, "n_neighbors", advice, reason)
    if model.weights not in (None, "uniform", "distance"):
        raise refuse(model, "weights", "use weights='uniform' or 'distance'")


def _nearest(model: Any) -> dict[str, Any]:
    """What the ops of neighbours have in common."""
    return {"metric": METRICS[model.effective_metric_], "prototypes": float32(model._fit_X)}


def _labels(codes: Any) -> NDArray[Any]:
    """Classes of samples in the narrowest type."""
    labels = np.asarray(codes)
    return labels.astype(np.uint8 if labels.max() < 2**8 else np.uint16)


# ----------------------------------------------------------------------- nearest neighbours


@check.register
def _(model: KNeighborsClassifier) -> None:
    _check_metric(model)
    _check_settings(model)


@convert.register
def _(model: KNeighborsClassifier, graph: Graph) -> Graph:
    """Votes of every class, of two classes too: the first of equals wins."""
    if model.outputs_2d_:
        return _of_several(model, graph)
    op = NeighbourVotes(
        **_nearest(model),
        k=int(model.n_neighbors),
        labels=_labels(model._y),
        n_classes=len(model.classes_),
        weighted=model.weights == "distance",
    )
    return _first_of(as_vector(graph).append(op), model.classes_)


@probabilities.register
def _(model: KNeighborsClassifier) -> Probabilities:
    """Weighted votes are shares already."""
    if model.outputs_2d_:
        raise refuse_several(model, "probabilities")
    return Shares(1.0 if model.weights == "distance" else 1.0 / model.n_neighbors)


def _of_several(model: KNeighborsClassifier, graph: Graph) -> Graph:
    """The neighbours are found once: the mean of their votes for the classes of each output.

    Of two classes by one number, -1 or 1: where neighbours are equally many the mean is 0, and
    the first class has them.
    """
    codes = np.asarray(model._y).T
    votes = [
        np.eye(len(classes))[code] if len(classes) != 2 else 2.0 * code[:, None] - 1
        for code, classes in zip(codes, model.classes_, strict=True)
    ]
    graph = _append_means(graph, model, np.hstack(votes))
    return decide_each(graph, model.classes_, [each.shape[1] for each in votes])


def _first_of(graph: Graph, classes: Any) -> Graph:
    """The class of the largest score."""
    return Graph(graph.input, graph.nodes, classes=classes).append(ArgMax())


@check.register
def _(model: KNeighborsRegressor) -> None:
    _check_metric(model)
    _check_settings(model)


@convert.register
def _(model: KNeighborsRegressor, graph: Graph) -> Graph:
    return _append_means(graph, model, model._y)


def _append_means(graph: Graph, model: Any, values: Any) -> Graph:
    """``graph`` followed by the means of the values of the neighbours."""
    values = float32(values)
    op = NeighbourMeans(
        **_nearest(model),
        k=int(model.n_neighbors),
        values=values.reshape(len(values), -1),
        weighted=model.weights == "distance",
    )
    return as_vector(graph).append(op)


@check.register
def _(model: ReducedNeighbors) -> None:
    check_is_fitted(model)
    check(model.estimator_)


@convert.register
def _(model: ReducedNeighbors, graph: Graph) -> Graph:
    """Neighbours among the prototypes."""
    return convert(model.estimator_, graph)


@probabilities.register
def _(model: ReducedNeighbors) -> Probabilities:
    return probabilities(model.estimator_)


# --------------------------------------------------------------------------------- outliers


@check.register
def _(model: LocalOutlierFactor) -> None:
    _check_metric(model)
    if not model.novelty:
        reason = "with novelty=False it judges the samples it was fitted on, and no others"
        raise refuse(model, "novelty", "use novelty=True", reason)


@convert.register
def _(model: LocalOutlierFactor, graph: Graph) -> Graph:
    k = int(model.n_neighbors_)
    op = NoveltyMargin(
        **_nearest(model),
        k=k,
        reaches=float32(model._distances_fit_X_[:, k - 1]),
        densities=float32(model._lrd),
        limit=float(-model.offset_),
    )
    graph = as_vector(graph).append(op).append(Threshold())
    return Graph(graph.input, graph.nodes, classes=np.array([-1, 1]))


@score_function.register
def _(model: LocalOutlierFactor) -> ScoreFunction:
    return "decision_function"


# ------------------------------------------------------------------------- nearest centroid


@check.register
def _(model: NearestCentroid) -> None:
    check_is_fitted(model)
    if model.metric not in ("euclidean", "manhattan"):
        raise refuse(model, "metric", "use metric='euclidean' or 'manhattan'")
    if model.metric == "manhattan" and not _has_uniform_priors(model):
        reason = "with metric='manhattan' and priors that differ it is no distance that decides"
        raise refuse(model, "priors", "use priors='uniform', or metric='euclidean'", reason)
    if not _has_uniform_priors(model) and not (np.asarray(model.class_prior_) > 0).all():
        reason = f"priors={model.priors!r} excludes a class"
        raise refuse(model, "priors", "use priors above 0", reason)


def _has_uniform_priors(model: NearestCentroid) -> bool:
    # The priors came with scikit-learn 1.6.
    priors = getattr(model, "class_prior_", None)
    return priors is None or bool(np.isclose(priors, 1 / len(model.classes_)).all())


@convert.register
def _(model: NearestCentroid, graph: Graph) -> Graph:
    """Manhattan: the distances. Euclidean: a linear rule, with priors of scaled features."""
    centroids = np.asarray(model.centroids_, np.float64)
    if model.metric == "manhattan":
        op = Distances("l1", float32(centroids), negated=True)
        return _first_of(as_vector(graph).append(op), model.classes_)
    if _has_uniform_priors(model):
        return _nearest_of(graph, centroids, model.classes_)
    # scikit-learn scales the features here, those that do not vary excepted.
    spread = np.where(model.within_class_std_dev_ == 0, 1.0, model.within_class_std_dev_)
    gains = 2 * np.log(np.asarray(model.class_prior_))
    return _nearest_of(graph, centroids, model.classes_, 1 / np.square(spread), gains)


@probabilities.register
def _(model: NearestCentroid) -> Probabilities:
    """Only with priors does it decide by the scores that its probabilities are made of."""
    if model.metric != "euclidean" or _has_uniform_priors(model):
        reason = "its probabilities are of scaled features, and its decision is not"
        advice = "use GaussianNB or LinearDiscriminantAnalysis"
        raise refuse(model, "priors", advice, reason)
    return Softmax()


def _nearest_of(
    graph: Graph, centroids: NDArray[Any], classes: Any, weights: Any = 1.0, gains: Any = 0.0
) -> Graph:
    """``-||x - c||^2 + gain`` is ``2 c.x - ||c||^2 + gain``, but for what all classes share.

    They share what the mean of the centroids would give: centroids that are far from 0 are alike.
    """
    middle = centroids.mean(axis=0)
    rows = 2 * (centroids - middle) * weights
    bias = gains - ((centroids - middle) * (centroids + middle) * weights).sum(axis=1)
    if len(classes) == 2:
        rows, bias = rows[1:] - rows[:1], bias[1:] - bias[:1]
    return decide(append_linear(graph, rows, bias), classes)


# --------------------------------------------------------------------------------- clusters


@convert.register(KMeans)
@convert.register(MiniBatchKMeans)
def _(model: KMeans | MiniBatchKMeans, graph: Graph) -> Graph:
    """The index of the nearest centre."""
    centres = np.asarray(model.cluster_centers_, np.float64)
    return _nearest_of(graph, centres, np.arange(len(centres)))


@check.register
def _(model: BisectingKMeans) -> None:
    check_is_fitted(model)
    reason = "its predict walks down a tree of centres"
    raise refuse(
        model, "cluster_centers_", "use KMeans, or a classifier behind its transform", reason
    )


@check_transform.register
def _(model: BisectingKMeans) -> None:
    check_is_fitted(model)


@convert_transform.register(KMeans)
@convert_transform.register(MiniBatchKMeans)
@convert_transform.register(BisectingKMeans)
def _(model: Any, graph: Graph) -> Graph:
    """The distances to all centres."""
    return as_vector(graph).append(Distances("l2", float32(model.cluster_centers_)))
