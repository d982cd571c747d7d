"""Steps that treat columns one by one, generalised linear models, polynomials."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.cluster import FeatureAgglomeration
from sklearn.impute import KNNImputer, SimpleImputer
from sklearn.linear_model import (
    GammaRegressor,
    LogisticRegression,
    PoissonRegressor,
    RidgeClassifier,
    TweedieRegressor,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    Binarizer,
    FunctionTransformer,
    KBinsDiscretizer,
    MinMaxScaler,
    OneHotEncoder,
    OrdinalEncoder,
    PolynomialFeatures,
    PowerTransformer,
    QuantileTransformer,
    StandardScaler,
)

from tests.classical.base import Case

FEW = ("iris", "breast cancer")
WHOLE = ("digits",)


def _in_front(*steps: Any) -> Any:
    return make_pipeline(*steps, LogisticRegression(max_iter=2000))


def _bins(encode: Any) -> KBinsDiscretizer:
    return KBinsDiscretizer(5, encode=encode, strategy="uniform")


CASES = (
    Case("QuantileTransformer", _in_front(QuantileTransformer(n_quantiles=90))),
    Case(
        "quantiles, normal",
        _in_front(QuantileTransformer(n_quantiles=90, output_distribution="normal")),
    ),
    Case("PowerTransformer", _in_front(PowerTransformer())),
    Case("Box-Cox", _in_front(PowerTransformer("box-cox")), ("iris",)),
    Case("log1p", _in_front(FunctionTransformer(np.log1p), StandardScaler())),
    Case("tanh", _in_front(FunctionTransformer(np.tanh)), scaled=True),
    Case("clipped", _in_front(MinMaxScaler(clip=True))),
    Case("SimpleImputer", _in_front(SimpleImputer(), StandardScaler())),
    Case("KNNImputer", _in_front(KNNImputer(), StandardScaler())),
    Case("FeatureAgglomeration", _in_front(FeatureAgglomeration(4), StandardScaler())),
    Case("Binarizer", _in_front(Binarizer(threshold=7)), WHOLE),
    Case("bins", _in_front(_bins("ordinal")), ("digits", "iris", "breast cancer")),
    Case("bins, one-hot", _in_front(_bins("onehot-dense")), ("digits", "iris", "breast cancer")),
    Case("OneHotEncoder", _in_front(OneHotEncoder(handle_unknown="ignore")), WHOLE),
    Case(
        "OrdinalEncoder",
        _in_front(OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)),
        WHOLE,
    ),
    Case("PolynomialFeatures", make_pipeline(PolynomialFeatures(), RidgeClassifier(10)), FEW, True),
    Case(
        "triples",
        make_pipeline(PolynomialFeatures(3, interaction_only=True), RidgeClassifier(10)),
        ("iris",),
        scaled=True,
    ),
    Case("PoissonRegressor", PoissonRegressor(), ("diabetes", "digits"), scaled=True),
    Case("GammaRegressor", GammaRegressor(), ("diabetes",), scaled=True),
    Case("TweedieRegressor", TweedieRegressor(power=1.5), ("diabetes", "digits"), scaled=True),
)
