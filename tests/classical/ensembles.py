"""AdaBoost and isolation forests."""

from __future__ import annotations

from sklearn.ensemble import AdaBoostClassifier, IsolationForest
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.tree import DecisionTreeClassifier

from tests.classical.base import EVERY, Case

DEPTH_4 = DecisionTreeClassifier(max_depth=4)

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
    Case("isolation forest", IsolationForest(contamination=0.1, random_state=0), EVERY),
    Case(
        "isolation, half the features",
        IsolationForest(n_estimators=50, max_features=0.5, random_state=0),
        EVERY,
    ),
    Case("isolation, scores", IsolationForest(random_state=0), EVERY, options={"scores": True}),
)
