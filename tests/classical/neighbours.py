"""Neighbours, the nearest centroid, clusters, and outliers among neighbours."""

from __future__ import annotations

from sklearn.cluster import BisectingKMeans, KMeans, MiniBatchKMeans
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import (
    KNeighborsClassifier,
    KNeighborsRegressor,
    LocalOutlierFactor,
    NearestCentroid,
)
from sklearn.pipeline import make_pipeline

from skconv import ReducedNeighbors
from tests.classical.base import REGRESSION, Case


def _features(cluster: object) -> object:
    return make_pipeline(cluster, LogisticRegression(max_iter=2000))


CASES = (
    Case("k-NN l2", KNeighborsClassifier(5), scaled=True),
    Case("k-NN l2, as delivered", KNeighborsClassifier(3), ("digits", "iris", "fashion")),
    Case("k-NN l1", KNeighborsClassifier(5, p=1), scaled=True),
    Case("k-NN by distance", KNeighborsClassifier(7, weights="distance"), scaled=True),
    Case("k-NN shares", KNeighborsClassifier(9), scaled=True, options={"probabilities": True}),
    Case("reduced k-NN", ReducedNeighbors(KNeighborsClassifier(5), random_state=0), scaled=True),
    Case("regression l2", KNeighborsRegressor(7), REGRESSION, scaled=True),
    Case(
        "regression by distance",
        KNeighborsRegressor(7, p=1, weights="distance"),
        REGRESSION,
        scaled=True,
    ),
    Case(
        "reduced regression",
        ReducedNeighbors(KNeighborsRegressor(7), random_state=0),
        REGRESSION,
        scaled=True,
    ),
    Case("NearestCentroid", NearestCentroid(), scaled=True),
    Case("NearestCentroid l1", NearestCentroid(metric="manhattan"), scaled=True),
    Case("KMeans", KMeans(8, n_init=1, random_state=0), scaled=True),
    Case("MiniBatchKMeans", MiniBatchKMeans(8, n_init=1, random_state=0), scaled=True),
    Case("KMeans features", _features(KMeans(20, n_init=1, random_state=0)), scaled=True),
    Case(
        "BisectingKMeans features",
        _features(BisectingKMeans(20, random_state=0)),
        scaled=True,
    ),
    Case("outliers l2", LocalOutlierFactor(20, novelty=True), scaled=True),
    Case("outliers l1", LocalOutlierFactor(20, novelty=True, metric="manhattan"), scaled=True),
)
