"""Linear models, and machines with a kernel."""

from __future__ import annotations

from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.svm import SVC

from skconv import PreconditionedLogisticRegression
from tests.classical.base import REGRESSION, Case

CASES = (
    Case("LogisticRegression", LogisticRegression(max_iter=2000), scaled=True),
    Case("PreconditionedLogisticRegression", PreconditionedLogisticRegression(), scaled=True),
    Case("SVC rbf", SVC(), scaled=True),
    Case("Ridge", Ridge(), REGRESSION),
)
