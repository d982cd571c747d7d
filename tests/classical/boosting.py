"""Gradient boosting, and on histograms."""

from __future__ import annotations

from sklearn.ensemble import (
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
)
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

from tests.classical.base import REGRESSION, Case

SMALL = {"n_estimators": 30, "random_state": 0}
BINNED = {"max_iter": 30, "max_leaf_nodes": 8, "random_state": 0}
# Logistic regression needs columns of one size.
FIRST = make_pipeline(MinMaxScaler(), LogisticRegression(max_iter=1000))

CASES = (
    Case("boosting", GradientBoostingClassifier(**SMALL)),
    Case("boosting behind a scaler", GradientBoostingClassifier(**SMALL), scaled=True),
    Case(
        "probabilities of boosting",
        GradientBoostingClassifier(**SMALL, subsample=0.5, max_depth=4),
        options={"probabilities": True},
    ),
    Case("boosting from zero", GradientBoostingClassifier(**SMALL, init="zero")),
    Case("boosting from a model", GradientBoostingClassifier(**SMALL, init=FIRST)),
    Case(
        "exponential loss",
        GradientBoostingClassifier(**SMALL, loss="exponential"),
        ("breast cancer",),
        options={"probabilities": True},
    ),
    Case("values by boosting", GradientBoostingRegressor(**SMALL), REGRESSION),
    Case("medians by boosting", GradientBoostingRegressor(**SMALL, loss="huber"), REGRESSION),
    Case("values from a model", GradientBoostingRegressor(**SMALL, init=Ridge()), REGRESSION),
    Case(
        "histograms",
        HistGradientBoostingClassifier(**BINNED),
        options={"probabilities": True},
    ),
    Case("histograms behind a scaler", HistGradientBoostingClassifier(**BINNED), scaled=True),
    Case("values by histograms", HistGradientBoostingRegressor(**BINNED), REGRESSION),
    Case(
        "exponentials",
        HistGradientBoostingRegressor(**BINNED, loss="poisson"),
        REGRESSION,
    ),
)
