"""Steps that treat columns one by one: scikit-learn, the float graph, the integers and their C."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits
from sklearn.impute import KNNImputer, SimpleImputer
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import (
    GammaRegressor,
    LogisticRegression,
    PoissonRegressor,
    Ridge,
    TweedieRegressor,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    Binarizer,
    FunctionTransformer,
    KBinsDiscretizer,
    MaxAbsScaler,
    MinMaxScaler,
    OneHotEncoder,
    OrdinalEncoder,
    PolynomialFeatures,
    PowerTransformer,
    QuantileTransformer,
    StandardScaler,
)
from sklearn.svm import LinearSVC

from skconv import to_c, to_graph
from skconv.convert.encoders import above, not_below
from skconv.graph import Interpolate, QInterpolate
from skconv.passes.lower_curves import knots_of
from skconv.runtime import reference
from skconv.runtime.curves import between

CELLS, IS_BENIGN = load_breast_cancer(return_X_y=True)
PEOPLE, PROGRESS = load_diabetes(return_X_y=True, scaled=False)
DIGITS, LABELS = load_digits(return_X_y=True)
DIGITS = DIGITS.astype(np.uint8)
TRAIN, TEST = slice(0, 300), slice(300, 569)


def function(func):
    return FunctionTransformer(func)


STEPS = [
    QuantileTransformer(n_quantiles=50),
    QuantileTransformer(n_quantiles=51, output_distribution="normal"),
    PowerTransformer(),
    PowerTransformer(standardize=False),
    PolynomialFeatures(),
    PolynomialFeatures(3, interaction_only=True, include_bias=False),
    PolynomialFeatures((2, 3)),
    make_pipeline(FunctionTransformer(np.exp2), PowerTransformer(method="box-cox")),
    MinMaxScaler(clip=True, feature_range=(-1, 3)),
    MaxAbsScaler(clip=True) if "clip" in MaxAbsScaler().get_params() else MaxAbsScaler(),
    SimpleImputer(),
    *map(function, (np.absolute, np.square, np.exp, np.expm1, np.log1p, np.tanh)),
    *map(function, (np.log, np.log2, np.log10)),
]


@pytest.mark.parametrize("step", STEPS, ids=lambda s: str(s).replace("\n", "")[:60])
def test_step_is_its_graph(step):
    X = np.float32(1 + CELLS[:, :8] / CELLS[:, :8].max(axis=0)).astype(float)
    step = clone(step).fit(X[TRAIN])
    wanted = step.transform(X[TEST])
    found = reference.run(to_graph(step), X[TEST])
    if "normal" in str(step):  # In the tails float32 shares are coarse.
        inner = np.abs(wanted) < 3
        np.testing.assert_allclose(found[inner], wanted[inner], atol=1e-3)
    else:
        np.testing.assert_allclose(found, wanted, atol=1e-5 * np.abs(wanted).max())


@pytest.mark.parametrize("distribution", ["uniform", "normal"])
def test_repeated_quantiles_are_those_of_scikit_learn(distribution):
    """Pixels are 0 half of the time: the function jumps there."""
    X = DIGITS.astype(float)
    step = QuantileTransformer(n_quantiles=100, output_distribution=distribution).fit(X[TRAIN])
    found = reference.run(to_graph(step), X[TEST])
    np.testing.assert_allclose(found, step.transform(X[TEST]), atol=1e-3)


def test_quantiles_of_uniform_numbers_are_the_numbers():
    X = np.linspace(0, 1, 101)[:, None]
    graph = to_graph(QuantileTransformer(n_quantiles=11).fit(X))
    np.testing.assert_allclose(reference.run(graph, X), X, atol=1e-6)


@pytest.mark.parametrize(
    ("exponent", "above", "below"),
    [
        (0.0, lambda u: np.log(1 + u), lambda u: -((1 - u) ** 2 - 1) / 2),
        (1.0, lambda u: u, lambda u: u),
        (2.0, lambda u: ((1 + u) ** 2 - 1) / 2, lambda u: -np.log(1 - u)),
    ],
)
def test_yeo_johnson_in_closed_form(exponent, above, below):
    step = PowerTransformer(standardize=False).fit(np.arange(5.0)[:, None])
    step.lambdas_ = np.array([exponent])
    u = np.linspace(0, 3, 7)
    for numbers, wanted in ((u, above(u)), (-u, below(-u))):
        found = reference.run(to_graph(step), numbers[:, None])[:, 0]
        np.testing.assert_allclose(found, wanted, atol=1e-6)


@pytest.mark.parametrize(
    ("step", "head"),
    [
        (QuantileTransformer(n_quantiles=100), LogisticRegression(max_iter=500)),
        (QuantileTransformer(n_quantiles=100, output_distribution="normal"), LinearSVC()),
        (PowerTransformer(), LogisticRegression(max_iter=500)),
        (make_pipeline(StandardScaler(), PolynomialFeatures()), LinearSVC(C=0.01)),
        (make_pipeline(function(np.log1p), StandardScaler()), LogisticRegression(max_iter=500)),
    ],
    ids=lambda s: str(s).replace("\n", "")[:60],
)
def test_integers_of_a_step_in_front_of_a_classifier(step, head):
    model = make_pipeline(clone(step), clone(head)).fit(CELLS[TRAIN], IS_BENIGN[TRAIN])
    c_model = to_c(model, CELLS[TRAIN])
    found = c_model.verify(CELLS[TEST])
    assert found.differing_bytes == 0
    assert found.agreement > 0.98
    loss = model.score(CELLS[TEST], IS_BENIGN[TEST]) - c_model.score(CELLS[TEST], IS_BENIGN[TEST])
    assert loss <= 0.015


def test_quantiles_of_integers_are_exact_to_a_unit():
    """Every whole number that the device delivers has been looked at."""
    step = QuantileTransformer(n_quantiles=100).fit(DIGITS[TRAIN].astype(float))
    c_model = to_c(step, DIGITS[TRAIN])
    (op,) = (n.op for n in c_model.graph.nodes if isinstance(n.op, QInterpolate))
    wanted = step.transform(DIGITS[TEST].astype(float))
    assert c_model.verify(DIGITS[TEST]).differing_bytes == 0
    assert np.abs(c_model.transform(DIGITS[TEST]) - wanted).max() <= op.error + 1e-6
    assert op.error < 1.5e-3


@pytest.mark.parametrize("dtype", ["int8", "float32"])
@pytest.mark.parametrize(
    "model",
    [
        PoissonRegressor(),
        GammaRegressor(),
        TweedieRegressor(power=1.5, alpha=0.1),
        TweedieRegressor(power=0),
    ],
    ids=str,
)
def test_generalised_linear_models(model, dtype):
    model = make_pipeline(StandardScaler(), model).fit(PEOPLE[TRAIN], PROGRESS[TRAIN])
    found = to_c(model, PEOPLE[TRAIN], dtype=dtype).verify(PEOPLE[300:])
    assert found.differing_bytes in (0, None)
    assert found.agreement > 0.999


def test_isotonic_regression():
    X, y = PEOPLE[:, 2], PROGRESS
    model = IsotonicRegression(out_of_bounds="clip").fit(X[TRAIN], y[TRAIN])
    numbers = np.concatenate([X, [-100, 1000]])[:, None]
    np.testing.assert_allclose(
        reference.run(to_graph(model), numbers)[:, 0], model.predict(numbers), rtol=1e-3
    )
    found = to_c(model, X[TRAIN, None]).verify(X[300:, None])
    assert found.differing_bytes == 0
    assert found.agreement > 0.999


def test_floats_of_steps_in_c():
    steps = (QuantileTransformer(n_quantiles=50), PowerTransformer(), function(np.tanh))
    model = make_pipeline(*map(clone, steps), Ridge()).fit(PEOPLE[TRAIN], PROGRESS[TRAIN])
    found = to_c(model, PEOPLE[TRAIN], dtype="float32").verify(PEOPLE[300:])
    assert found.relative_error < 1e-4
    assert found.agreement > 0.9999


def test_columns_that_were_empty_are_left_out():
    X = np.array([[1.0, np.nan, 2.0], [np.nan, np.nan, 3.0]])
    with pytest.warns(UserWarning, match="Skipping features"):
        step = SimpleImputer().fit(X)
        np.testing.assert_array_equal(step.transform([[5.0, 6.0, 7.0]]), [[5.0, 7.0]])
    assert reference.run(to_graph(step), [[5.0, 6.0, 7.0]]).tolist() == [[5.0, 7.0]]
    kept = SimpleImputer(keep_empty_features=True).fit(X)
    assert reference.run(to_graph(kept), [[5.0, 6.0, 7.0]]).tolist() == [[5.0, 6.0, 7.0]]


def test_neighbours_fill_nothing_where_nothing_is_missing():
    X = np.array([[1.0, np.nan, 2.0], [np.nan, np.nan, 3.0]])
    for keeps in (False, True):
        step = KNNImputer(keep_empty_features=keeps).fit(X)
        wanted = step.transform([[5.0, 6.0, 7.0]])
        assert reference.run(to_graph(step), [[5.0, 6.0, 7.0]]).tolist() == wanted.tolist()


# ------------------------------------------------------------------------ bins and categories

ENCODERS = [
    Binarizer(threshold=7),
    Binarizer(threshold=6.5),
    KBinsDiscretizer(5, encode="ordinal", quantile_method="averaged_inverted_cdf"),
    KBinsDiscretizer(3, encode="onehot-dense", strategy="uniform"),
    KBinsDiscretizer(4, encode="onehot", strategy="kmeans"),
    OneHotEncoder(handle_unknown="ignore"),
    OneHotEncoder(handle_unknown="ignore", drop="first", sparse_output=False),
    OneHotEncoder(handle_unknown="ignore", drop="if_binary"),
    OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1),
    OrdinalEncoder(categories=[list(range(17))] * 5),
]


def dense(values):
    return values.toarray() if hasattr(values, "toarray") else np.asarray(values)


@pytest.mark.filterwarnings("ignore:Bins whose width:UserWarning")
@pytest.mark.filterwarnings("ignore:Found unknown categories:UserWarning")
@pytest.mark.parametrize("step", ENCODERS, ids=lambda s: str(s).replace("\n", "")[:60])
def test_encoder_of_whole_numbers_is_exact(step):
    """On integers and on floats, and in C: of what `fit` has not seen, too."""
    X = DIGITS[:, 18:23]
    step = clone(step).fit(X[:60].astype(float))
    wanted = dense(step.transform(X.astype(float)))
    np.testing.assert_array_equal(reference.run(to_graph(step), X.astype(float)), wanted)
    c_model = to_c(step, X[:60])
    assert c_model.verify(X[:300]).differing_bytes == 0
    np.testing.assert_array_equal(c_model.transform(X), wanted)


def test_an_encoder_in_front_of_a_classifier_in_c():
    X = DIGITS[:, 18:40]
    encoder = OneHotEncoder(handle_unknown="ignore")
    model = make_pipeline(encoder, LogisticRegression(max_iter=200)).fit(X[TRAIN], LABELS[TRAIN])
    for dtype in ("int8", "float32"):
        found = to_c(model, X[TRAIN], dtype=dtype).verify(X[TEST])
        assert found.differing_bytes in (0, None)
        assert found.agreement > 0.99


def test_edges_between_floats_are_rounded_to_the_right_side():
    """A float64 edge just above 5 is no edge at 5 in float32."""
    edges = [5 + 1e-12, 5.0, 5 - 1e-12]
    assert [float(e) <= 5 for e in not_below(edges)] == [e <= 5 for e in edges]
    assert [float(e) <= 5 for e in above(edges)] == [e < 5 for e in edges]


def test_bins_of_columns_in_units_of_their_own():
    """The device's integers fill 16 bits column by column, and edges follow them."""
    step = KBinsDiscretizer(4, encode="ordinal", quantile_method="averaged_inverted_cdf")
    step.fit(CELLS[TRAIN])
    c_model = to_c(step, CELLS[TRAIN])
    assert c_model.verify(CELLS[TEST]).differing_bytes == 0
    assert (c_model.transform(CELLS[TEST]) == step.transform(CELLS[TEST])).mean() > 0.999


# -------------------------------------------------------------------------------- the lines


def test_knots_of_a_parabola_are_as_many_as_the_tolerance_asks_for():
    x = np.arange(-100.0, 101)
    places = knots_of(x, x**2, 25.0)  # a line over h misses a parabola by h^2 / 4
    assert 20 <= len(places) <= 42
    knots = x[places].astype(int)
    found = between(x.astype(int), knots, knots**2)
    assert np.abs(found - x**2).max() <= 25.5


def test_a_line_is_rounded_half_away_from_its_first_value():
    knots, values = np.array([0, 4]), np.array([0, 2])
    assert between(np.arange(-1, 6), knots, values).tolist() == [0, 0, 1, 1, 2, 2, 2]
    assert between(np.arange(-1, 6), knots, -values).tolist() == [0, 0, -1, -1, -2, -2, -2]


def test_lines_that_do_not_ascend_or_fit_are_refused():
    from skconv.graph import Graph, TensorSpec

    x = Graph(TensorSpec((1,), "int16"))
    starts, knots = np.array([0, 2], np.uint16), np.array([-32768, 32767], np.int16)
    with pytest.raises(ValueError, match="do not fit 32 bits"):
        x.append(QInterpolate(starts, knots, np.array([-32768, 32767], np.int16))).output  # noqa: B018
    with pytest.raises(ValueError, match="do not ascend"):
        x.append(QInterpolate(starts, knots[::-1], knots)).output  # noqa: B018
    down = Interpolate(np.float32([[1, 0]]), np.float32([[0, 1]]))
    with pytest.raises(ValueError, match="do not ascend"):
        Graph(TensorSpec((1,))).append(down).output  # noqa: B018
