"""AdaBoost, bagging and isolation forests."""

from __future__ import annotations

from sklearn.ensemble import (
    AdaBoostClassifier,
    BaggingClassifier,
    BaggingRegressor,
    IsolationForest,
)
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.naive_bayes import GaussianNB
from sklearn.svm import SVR, LinearSVC
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from tests.classical.base import EVERY, REGRESSION, Case

DEPTH_4 = DecisionTreeClassifier(max_depth=4)
HALF = {"max_features": 0.5, "random_state": 0}
SVM = LinearSVC(random_state=0, max_iter=5000)

CASES = (
    Case("AdaBoost, stumps", AdaBoostClassifier(random_state=0)),
    Case("AdaBoost, trees", AdaBoostClassifier(DEPTH_4, random_state=0)),
    Case(
        "AdaBoost, logistic",
        AdaBoostClassifier(LogisticRegression(max_iter=500), n_estimators=10),
        scaled=True,
    ),
    Case(
        "AdaBoost, Gaussian",
        AdaBoostClassifier(GaussianNB(), n_estimators=10),
        ("iris", "breast cancer"),
    ),
    Case(
        "AdaBoost, probabilities",
        AdaBoostClassifier(random_state=0),
        options={"probabilities": True},
    ),
    Case("bagged trees", BaggingClassifier(random_state=0)),
    Case("bagged trees, half", BaggingClassifier(DecisionTreeClassifier(max_depth=8), **HALF)),
    Case(
        "bagged logistic, half",
        BaggingClassifier(LogisticRegression(max_iter=500), **HALF),
        scaled=True,
        options={"probabilities": True},
    ),
    Case("bagged machines", BaggingClassifier(SVM, random_state=0), scaled=True),
    Case(
        "bagged trees of values",
        BaggingRegressor(DecisionTreeRegressor(max_depth=6), random_state=0),
        REGRESSION,
    ),
    Case("bagged ridge, half", BaggingRegressor(Ridge(), **HALF), REGRESSION, scaled=True),
    Case("bagged SVR", BaggingRegressor(SVR(C=100), 5, random_state=0), REGRESSION, scaled=True),
    Case("isolation forest", IsolationForest(contamination=0.1, random_state=0), EVERY),
    Case(
        "isolation, half the features",
        IsolationForest(n_estimators=50, max_features=0.5, random_state=0),
        EVERY,
    ),
    Case("isolation, scores", IsolationForest(random_state=0), EVERY, options={"scores": True}),
)
