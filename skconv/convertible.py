"""The classes that convert, from the registered converters."""

from __future__ import annotations

from collections.abc import Iterator

from sklearn.base import (
    BaseEstimator,
    ClassifierMixin,
    ClusterMixin,
    DensityMixin,
    MetaEstimatorMixin,
    OutlierMixin,
    RegressorMixin,
    TransformerMixin,
)

from skconv.convert.core import convert

# Of classes that convert with some values of their parameters only.
LIMITS = {
    "ClassifierChain": "chain_method='predict'",
    "FeatureAgglomeration": "the mean",
    "FunctionTransformer": "np.sqrt, absolute, square, exp, log, log1p, tanh and a few more",
    "GaussianProcessClassifier": "two classes; RBF, DotProduct and their powers",
    "GaussianProcessRegressor": "the mean; RBF, DotProduct and their powers",
    "GradientBoostingClassifier": "init: none, 'zero', or a classifier that takes a softmax",
    "HistGradientBoostingClassifier": "no categories, no missing values",
    "HistGradientBoostingRegressor": "no categories, no missing values",
    "KernelRidge": "rbf, laplacian, poly, linear, cosine",
    "MLPRegressor": "squared error",
    "KNeighborsClassifier": "euclidean, manhattan",
    "KNeighborsRegressor": "euclidean, manhattan",
    "KNNImputer": "of NaN, without indicators",
    "LocalOutlierFactor": "novelty=True; euclidean, manhattan",
    "IsotonicRegression": "out_of_bounds='clip'",
    "NearestCentroid": "euclidean; manhattan with uniform priors",
    "NuSVC": "linear, rbf, poly",
    "NuSVR": "linear, rbf, poly",
    "Nystroem": "rbf, laplacian, poly, linear, cosine",
    "OneHotEncoder": "of numbers, no infrequent categories",
    "OrdinalEncoder": "of numbers, no infrequent categories",
    "OneClassSVM": "linear, rbf, poly",
    "OneVsOneClassifier": "of classifiers with decision_function",
    "RegressorChain": "of linear models",
    "SVC": "linear, rbf, poly",
    "SimpleImputer": "of NaN, without indicators",
    "PolynomialFeatures": "degree 2 or 3",
    "PolynomialCountSketch": "degree=1",
    "SVR": "linear, rbf, poly",
    "TransformedTargetRegressor": "scalers, np.square",
}

_FAMILIES = (
    "features",
    "put together",
    "scaling",
    "fewer features",
    "classification",
    "regression",
    "outliers",
    "clusters and mixtures",
)
# Classes that tell apart what comes of a sample, by family.
_KINDS: dict[str, type | tuple[type, ...]] = {
    "classification": ClassifierMixin,
    "regression": RegressorMixin,
    "outliers": OutlierMixin,
    "clusters and mixtures": (ClusterMixin, DensityMixin),
}


def convertible_classes() -> dict[str, list[type]]:
    """All classes of skconv and scikit-learn that `skconv.to_graph` converts.

    Returns
    -------
    dict of str to list of type
        Classes in the order of their names, by family.

    Examples
    --------
    >>> from skconv.convertible import convertible_classes
    >>> [cls.__name__ for cls in convertible_classes()["scaling"]][:2]
    ['FunctionTransformer', 'MaxAbsScaler']
    """
    found: dict[str, list[type]] = {family: [] for family in _FAMILIES}
    for cls in sorted(_extractors() | set(_registered()), key=lambda cls: cls.__name__):
        found[_family(cls)].append(cls)
    return found


def _extractors() -> set[type]:
    """Public transformers of skconv: each has a graph itself."""
    import skconv

    public = [getattr(skconv, name) for name in skconv.__all__]
    return {v for v in public if isinstance(v, type) and issubclass(v, TransformerMixin)}


def _registered() -> Iterator[type]:
    """Classes with a converter, and what derives from them in scikit-learn and skconv."""
    registered: set[type] = set(convert.registry) - {object}
    for cls in registered:
        for derived in _with_subclasses(cls):
            top = derived.__module__.partition(".")[0]
            public = not derived.__name__.startswith("_") and top in ("sklearn", "skconv")
            if public and issubclass(derived, BaseEstimator):
                yield derived


def _with_subclasses(cls: type) -> Iterator[type]:
    yield cls
    below: list[type] = cls.__subclasses__()
    for derived in below:
        yield from _with_subclasses(derived)


def _family(cls: type) -> str:
    home = convert.dispatch(cls).__module__.rpartition(".")[2]
    if home == "core":
        return "features"
    if home == "pipeline":
        return "put together"
    if home == "scalers":
        return "scaling"
    kinds = (family for family, mixin in _KINDS.items() if issubclass(cls, mixin))
    is_put_together = issubclass(cls, MetaEstimatorMixin) and not issubclass(cls, TransformerMixin)
    return next(kinds, "put together" if is_put_together else "fewer features")


def table() -> str:
    """The classes as a table in Markdown."""
    rows = ["| step | classes |", "|---|---|"]
    for family, classes in convertible_classes().items():
        rows.append(f"| {family} | {', '.join(_shown(cls.__name__) for cls in classes)} |")
    return "\n".join(rows)


def _shown(name: str) -> str:
    return f"`{name}` ({LIMITS[name]})" if name in LIMITS else f"`{name}`"
