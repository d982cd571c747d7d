"""Decision trees and forests."""

from __future__ import annotations

from sklearn.ensemble import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
    RandomTreesEmbedding,
)
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler
from sklearn.tree import (
    DecisionTreeClassifier,
    DecisionTreeRegressor,
    ExtraTreeClassifier,
    ExtraTreeRegressor,
)

from tests.classical.base import REGRESSION, Case

SMALL = {"n_estimators": 20, "max_depth": 8, "random_state": 0}

CASES = (
    Case("tree", DecisionTreeClassifier(random_state=0)),
    Case("tree of 200 leaves", DecisionTreeClassifier(max_leaf_nodes=200, random_state=0)),
    Case("extra tree", ExtraTreeClassifier(random_state=0)),
    Case("forest", RandomForestClassifier(**SMALL)),
    Case("forest behind a scaler", RandomForestClassifier(**SMALL), scaled=True),
    Case("votes", RandomForestClassifier(20, random_state=0, bootstrap=False)),
    Case(
        "forest with probabilities",
        make_pipeline(MinMaxScaler(), RandomForestClassifier(**SMALL)),
        options={"probabilities": True},
    ),
    Case("extra trees", ExtraTreesClassifier(**SMALL)),
    Case(
        "leaves as features",
        make_pipeline(RandomTreesEmbedding(10, random_state=0), LogisticRegression(max_iter=1000)),
    ),
    Case("tree of values", DecisionTreeRegressor(max_depth=6, random_state=0), REGRESSION),
    Case("extra tree of values", ExtraTreeRegressor(max_depth=6, random_state=0), REGRESSION),
    Case("forest of values", RandomForestRegressor(**SMALL), REGRESSION),
    Case("extra trees of values", ExtraTreesRegressor(**SMALL), REGRESSION),
)
