"""Classifiers made for many features and small targets."""

from skconv.classifiers.logistic import PreconditionedLogisticRegression
from skconv.classifiers.one_class import LaplacianOneClassSVM
from skconv.classifiers.reduced_neighbors import ReducedNeighbors
from skconv.classifiers.ridge import BatchRidgeClassifier
from skconv.classifiers.svm import LaplacianNuSVC

__all__ = [
    "BatchRidgeClassifier",
    "LaplacianNuSVC",
    "LaplacianOneClassSVM",
    "PreconditionedLogisticRegression",
    "ReducedNeighbors",
]
