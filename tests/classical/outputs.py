"""Classifiers of several outputs: two or three classes each, or labels."""

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.multiclass import OneVsRestClassifier
from sklearn.multioutput import ClassifierChain, MultiOutputClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.svm import SVC

from tests.classical.base import Case

LOGISTIC = LogisticRegression(max_iter=500)
FOREST = RandomForestClassifier(10, max_depth=8, random_state=0)
SETS = ("digits", "iris", "fashion")


def classes(y: NDArray[np.int64]) -> NDArray[np.int64]:
    """Whether a label is odd, and what is left of it by three."""
    return np.column_stack([y % 2, y % 3])


def labels(y: NDArray[np.int64]) -> NDArray[np.int64]:
    """Odd, and divisible by three."""
    return np.column_stack([y % 2, y % 3 == 0]).astype(np.int64)


CASES = (
    Case("linear", MultiOutputClassifier(LOGISTIC), SETS, scaled=True, targets=classes),
    Case("forests", MultiOutputClassifier(FOREST), SETS, targets=classes),
    Case("machines", MultiOutputClassifier(SVC(C=10)), ("iris",), scaled=True, targets=classes),
    Case("forest", FOREST, SETS, targets=classes),
    Case("neighbours", KNeighborsClassifier(5), ("digits", "iris"), targets=classes),
    Case("chain", ClassifierChain(LOGISTIC, order=[1, 0]), SETS, scaled=True, targets=labels),
    Case("chain of forests", ClassifierChain(FOREST), SETS, targets=labels),
    Case("network", MLPClassifier((16,), random_state=0), SETS, scaled=True, targets=labels),
    Case("ridge", RidgeClassifier(), SETS, scaled=True, targets=labels),
    Case("against the rest", OneVsRestClassifier(LOGISTIC), SETS, scaled=True, targets=labels),
)
