"""Gaussian classes, mixtures of Gaussians, outliers among them; naive Bayes of steps."""

from __future__ import annotations

from sklearn.covariance import EllipticEnvelope
from sklearn.discriminant_analysis import QuadraticDiscriminantAnalysis
from sklearn.mixture import BayesianGaussianMixture, GaussianMixture
from sklearn.naive_bayes import BernoulliNB, CategoricalNB, GaussianNB

from tests.classical.base import Case

# Of images with constant pixels the covariance is singular.
TABLES = ("iris", "breast cancer")


def _mixture(kind: str) -> GaussianMixture:
    return GaussianMixture(4, covariance_type=kind, reg_covar=1e-2, random_state=0)


CASES = [
    Case("GaussianNB", GaussianNB()),
    Case("GaussianNB, scaled", GaussianNB(), scaled=True),
    Case("GaussianNB, probabilities", GaussianNB(), options={"probabilities": True}),
    Case("QuadraticDiscriminantAnalysis", QuadraticDiscriminantAnalysis(reg_param=0.01)),
    Case(
        "QuadraticDiscriminantAnalysis, scores",
        QuadraticDiscriminantAnalysis(reg_param=0.1),
        scaled=True,
        options={"scores": True},
    ),
    *(
        Case(f"GaussianMixture {kind}", _mixture(kind), scaled=True)
        for kind in ("full", "tied", "diag", "spherical")
    ),
    *(
        Case(
            f"GaussianMixture {kind}, scores",
            _mixture(kind),
            scaled=True,
            options={"scores": True},
        )
        for kind in ("full", "tied", "diag", "spherical")
    ),
    Case(
        "BayesianGaussianMixture",
        BayesianGaussianMixture(n_components=4, reg_covar=1e-2, random_state=0),
        scaled=True,
    ),
    Case("EllipticEnvelope", EllipticEnvelope(random_state=0), data=TABLES),
    Case("BernoulliNB", BernoulliNB(binarize=3.0), data=("digits", "iris")),
    Case("CategoricalNB", CategoricalNB(min_categories=17), data=("digits",)),
]
