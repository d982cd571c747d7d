"""Estimators that hold others, and columns."""

from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import (
    StackingClassifier,
    StackingRegressor,
    VotingClassifier,
    VotingRegressor,
)
from sklearn.linear_model import Lasso, LogisticRegression, Ridge
from sklearn.model_selection import FixedThresholdClassifier, TunedThresholdClassifierCV
from sklearn.multiclass import OneVsOneClassifier, OneVsRestClassifier, OutputCodeClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from sklearn.semi_supervised import SelfTrainingClassifier
from sklearn.svm import SVR, LinearSVC

from tests.classical.base import CLASSIFICATION, REGRESSION, Case

SVM = LinearSVC(random_state=0, max_iter=5000)
LOGISTIC = LogisticRegression(max_iter=500)
MEMBERS = [("logistic", LOGISTIC), ("svm", SVM), ("lda", LinearDiscriminantAnalysis())]
SOFT = [MEMBERS[0], MEMBERS[2]]
VALUES = [("ridge", Ridge()), ("lasso", Lasso(0.1)), ("svr", SVR(C=100))]
TWO = ("breast cancer",)
HALVES = ColumnTransformer(
    [("first", StandardScaler(), slice(0, 2)), ("second", MinMaxScaler(), [3, 2])]
)

CASES = (
    Case("hard votes", VotingClassifier(MEMBERS, weights=[2, 1, 1]), CLASSIFICATION, scaled=True),
    Case("soft votes", VotingClassifier(SOFT, voting="soft"), CLASSIFICATION, scaled=True),
    Case(
        "self-taught",
        SelfTrainingClassifier(LogisticRegression(max_iter=1000)),
        ("digits", "iris", "breast cancer"),
        scaled=True,
    ),
    Case("sigmoid", CalibratedClassifierCV(SVM, cv=3), CLASSIFICATION, scaled=True),
    Case(
        "temperature",
        CalibratedClassifierCV(SVM, cv=3, method="temperature", ensemble=False),
        CLASSIFICATION,
        scaled=True,
    ),
    Case("isotonic", CalibratedClassifierCV(SVM, cv=3, method="isotonic"), scaled=True),
    Case("stacking", StackingClassifier(SOFT, LOGISTIC, cv=3), CLASSIFICATION, scaled=True),
    Case("one against the rest", OneVsRestClassifier(LOGISTIC), CLASSIFICATION, scaled=True),
    Case("one against one", OneVsOneClassifier(SVM), CLASSIFICATION, scaled=True),
    Case("output codes", OutputCodeClassifier(SVM, random_state=0), CLASSIFICATION, scaled=True),
    Case("threshold", FixedThresholdClassifier(LOGISTIC, threshold=0.8), TWO, scaled=True),
    Case("tuned threshold", TunedThresholdClassifierCV(LOGISTIC, cv=3), TWO, scaled=True),
    Case("columns", make_pipeline(HALVES, LOGISTIC), ("iris", "breast cancer")),
    Case("mean of regressors", VotingRegressor(VALUES), REGRESSION, scaled=True),
    Case("stacked regressors", StackingRegressor(VALUES, Ridge(), cv=3), REGRESSION, scaled=True),
    Case(
        "transformed target",
        TransformedTargetRegressor(SVR(C=10), transformer=StandardScaler()),
        REGRESSION,
        scaled=True,
    ),
)
