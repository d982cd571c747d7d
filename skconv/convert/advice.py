"""Advice for estimators that have no converter: what to use instead."""

from __future__ import annotations

CLASSIFIERS = (
    "use LogisticRegression, LinearSVC, RidgeClassifier, SVC, NuSVC or skconv.LaplacianNuSVC"
)
REGRESSORS = "use SVR, KernelRidge or a linear model such as Ridge"
SCALERS = (
    "use StandardScaler, MinMaxScaler, RobustScaler, Normalizer, QuantileTransformer or "
    "PowerTransformer"
)

BEFORE = (
    "take the step out, apply the function to X before fit and before to_c, and to each sample "
    "on the device"
)

_FORESTS = (
    "use RandomForestClassifier, ExtraTreesClassifier or GradientBoostingClassifier, for "
    "regression RandomForestRegressor, ExtraTreesRegressor or GradientBoostingRegressor"
)

_NEIGHBOURS = (
    "use KNeighborsClassifier or KNeighborsRegressor, or LocalOutlierFactor(novelty=True) for what "
    "is far from all"
)

_BY_NAME = {
    "BaseSearchCV": "convert its best_estimator_",
    "NearestNeighbors": _NEIGHBOURS,
    "RadiusNeighborsClassifier": _NEIGHBOURS,
    "RadiusNeighborsRegressor": "use KNeighborsRegressor",
}

_BY_NAME |= {
    "KernelPCA": "use PCA, or Nystroem for features of a kernel",
    "SplineTransformer": "use KBinsDiscretizer(encode='onehot-dense') or PolynomialFeatures",
    "TargetEncoder": "use OneHotEncoder",
}

_BY_MODULE = {
    "sklearn.cluster": "use KMeans or MiniBatchKMeans",
    "sklearn.covariance": "use PCA(whiten=True), which makes features uncorrelated",
    "sklearn.decomposition": "use PCA or TruncatedSVD",
    "sklearn.dummy": CLASSIFIERS,
    "sklearn.ensemble": _FORESTS,
    "sklearn.feature_extraction": "use one of skconv's extractors",
    "sklearn.impute": "fill the gaps before the Pipeline: the target has no NaN",
    "sklearn.kernel_approximation": "use Nystroem, RBFSampler or SVC(kernel='rbf')",
    "sklearn.manifold": "use PCA",
    "sklearn.neighbors": "use KNeighborsClassifier, KNeighborsRegressor or NearestCentroid",
    "sklearn.preprocessing": SCALERS,
    "sklearn.random_projection": "use PCA or TruncatedSVD",
    "sklearn.semi_supervised": CLASSIFIERS,
}

_OTHERWISE = (
    "use skconv's extractors, sklearn's scalers, PCA, feature selection, linear models and "
    "SVMs, or register a converter on skconv.convert.convert"
)


def advice_for(cls: type) -> str:
    """Advice by the name of the class or of a base, else by where it was defined."""
    for base in cls.__mro__:
        if base.__name__ in _BY_NAME:
            return _BY_NAME[base.__name__]
    for base in cls.__mro__:
        module = ".".join(base.__module__.split(".")[:2])
        if module in _BY_MODULE:
            return _BY_MODULE[module]
    return _OTHERWISE
