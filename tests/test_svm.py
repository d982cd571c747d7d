"""LaplacianNuSVC: closed forms, sklearn's NuSVC as the oracle, the grid's distance passes."""

from __future__ import annotations

import math
import pickle

import joblib
import numpy as np
import pytest
from scipy.sparse import csr_array
from sklearn.base import clone
from sklearn.datasets import load_digits, make_blobs
from sklearn.metrics.pairwise import laplacian_kernel
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import NuSVC

from skconv.classifiers import laplacian
from skconv.classifiers.svm import LaplacianNuSVC
from tests.sklearn_checks import with_checks


@with_checks(
    [
        LaplacianNuSVC(),
        LaplacianNuSVC(power_of_two=True),
        LaplacianNuSVC(max_support_vectors=4, random_state=0),
    ]
)
def test_sklearn_checks(estimator, check):
    check(estimator)


@pytest.fixture(scope="module")
def digits():
    X, y = load_digits(return_X_y=True)
    return X[:400] / 16, y[:400]


def three_blobs(dtype=np.float64):
    X, y = make_blobs(150, 4, centers=3, cluster_std=4.0, random_state=0)
    return X.astype(dtype), np.array(["zebra", "ant", "bee"])[y]


# ------------------------------------------------------------------------- closed forms


def two_points():
    return LaplacianNuSVC(nu=0.5, gamma=math.log(2)).fit([[0.0], [1.0]], [1, -1])


def test_two_points_have_the_known_solution():
    model = two_points()
    np.testing.assert_allclose(np.abs(model.dual_coef_), [[2, 2]], rtol=1e-12)
    np.testing.assert_allclose(model.intercept_, 0, atol=1e-12)
    np.testing.assert_allclose(model.decision_function([[0.0], [1.0]]), [1, -1], rtol=1e-12)
    np.testing.assert_allclose(model.decision_function([[0.5]]), 0, atol=1e-12)


def test_two_points_have_the_known_decision_function():
    x = np.linspace(-3, 4, 57)
    wanted = 2 * (2 ** -np.abs(x) - 2 ** -np.abs(x - 1))
    np.testing.assert_allclose(two_points().decision_function(x[:, None]), wanted, atol=1e-12)


def kernel(X, gamma):
    return laplacian.laplacian_kernel(laplacian.l1_distances(X), gamma)


def test_kernel_is_a_product_over_the_features():
    X = np.random.default_rng(0).normal(size=(9, 4))
    factors = np.exp(-0.3 * np.abs(X[:, None] - X[None]))
    np.testing.assert_allclose(kernel(X, 0.3), factors.prod(axis=2), rtol=1e-13)


def test_kernel_knows_no_origin_and_is_1_only_for_equal_points():
    X = np.random.default_rng(1).integers(-8, 8, size=(30, 3)).astype(float)
    K = kernel(X, 0.5)
    np.testing.assert_array_equal(K, kernel(X + 1024, 0.5))
    equal = (X[:, None] == X[None]).all(axis=2)
    np.testing.assert_array_equal(K == 1, equal)
    assert (K > 0).all()
    assert K.max() == 1


def test_kernel_of_distinct_points_is_positive_definite():
    K = kernel(np.random.default_rng(2).normal(size=(40, 2)), 0.1)
    assert np.linalg.eigvalsh(K).min() > 0


def test_kernel_of_equal_steps_has_a_tridiagonal_inverse():
    inverse = np.linalg.inv(kernel(np.arange(6.0)[:, None], 0.7))
    wanted = np.diag([1.327311] + 4 * [1.654622] + [1.327311])
    wanted += np.diag(5 * [-0.659123], 1) + np.diag(5 * [-0.659123], -1)
    np.testing.assert_allclose(inverse, wanted, atol=1e-6)


@pytest.mark.parametrize("nu", [0.05, 0.2, 0.5])
def test_nu_bounds_margin_errors_and_support_vectors(nu):
    X, y = make_blobs(200, 3, centers=2, cluster_std=5.0, random_state=3)
    model = LaplacianNuSVC(nu=nu, tol=1e-6).fit(X, y)
    margins = np.where(y == 1, 1, -1) * model.decision_function(X)
    errors = (margins < 1 - 1e-3).mean()
    assert errors <= nu + 1 / len(X)
    assert len(model.support_) / len(X) >= nu - 1 / len(X)


def test_every_sample_is_a_support_vector_where_the_kernel_is_steep(digits):
    X, y = digits
    assert len(LaplacianNuSVC(gamma=10.0).fit(X, y).support_) == len(X)


# ------------------------------------------------------------------ against sklearn's NuSVC


@pytest.mark.parametrize("shape", ["ovr", "ovo"])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("classes", [2, 3, 10])
def test_equals_nusvc_with_a_callable_kernel(digits, classes, dtype, shape):
    X, y = digits[0].astype(dtype), digits[1]
    X, y = X[y < classes], y[y < classes]
    train, test = slice(0, None, 2), slice(1, None, 2)
    model = LaplacianNuSVC(nu=0.2, gamma=0.11, decision_function_shape=shape)
    oracle = NuSVC(
        nu=0.2,
        kernel=lambda A, B: laplacian_kernel(A, B, 0.11),
        decision_function_shape=shape,
    )
    model.fit(X[train], y[train])
    oracle.fit(X[train], y[train])
    np.testing.assert_array_equal(model.support_, oracle.support_)
    np.testing.assert_allclose(
        model.decision_function(X[test]), oracle.decision_function(X[test]), rtol=0, atol=1e-10
    )
    np.testing.assert_array_equal(model.predict(X[test]), oracle.predict(X[test]))


def test_string_labels_are_predicted_as_they_are():
    X, y = three_blobs()
    model = LaplacianNuSVC().fit(X, y)
    assert model.classes_.tolist() == ["ant", "bee", "zebra"]
    np.testing.assert_array_equal(model.predict(X), NuSVC_of(model, X, y).predict(X))


def NuSVC_of(model, X, y):
    oracle = NuSVC(nu=model.nu, kernel=lambda A, B: laplacian_kernel(A, B, model.gamma_))
    return oracle.fit(X, y)


def test_blocks_of_any_size_give_the_same_decisions(digits, monkeypatch):
    X, y = digits
    model = LaplacianNuSVC().fit(X, y)
    whole = model.decision_function(X)
    monkeypatch.setattr(laplacian, "BLOCK_MIB", 3 * 8 * len(model.support_) / 2**20)
    np.testing.assert_allclose(model.decision_function(X), whole, rtol=0, atol=1e-12)


# ------------------------------------------------------------------------- fitted state


def test_support_vectors_are_owned_and_of_the_type_of_the_data():
    X, y = three_blobs(np.float32)
    model = LaplacianNuSVC().fit(X, y)
    before = model.predict(X.copy())
    np.testing.assert_array_equal(model.support_vectors_, X[model.support_])
    assert model.support_vectors_.dtype == np.float32
    samples = X.copy()
    X[:] = 0
    np.testing.assert_array_equal(model.predict(samples), before)


def test_support_vectors_are_sorted_by_class():
    X, y = three_blobs()
    model = LaplacianNuSVC().fit(X, y)
    np.testing.assert_array_equal(y[model.support_], np.repeat(model.classes_, model.n_support_))


def test_survives_pickle_joblib_and_clone(tmp_path):
    X, y = three_blobs()
    model = LaplacianNuSVC(nu=0.1, memory=joblib.Memory(tmp_path / "cache", verbose=0)).fit(X, y)
    joblib.dump(model, tmp_path / "model.joblib")
    for copy in (
        pickle.loads(pickle.dumps(model)),
        joblib.load(tmp_path / "model.joblib"),
        clone(model).fit(X, y),
    ):
        np.testing.assert_array_equal(copy.decision_function(X), model.decision_function(X))


def test_a_fit_that_fails_leaves_the_estimator_as_it_was():
    X, y = three_blobs()
    model = LaplacianNuSVC().fit(X, y)
    before = model.decision_function(X)
    with pytest.raises(ValueError, match="infeasible"):
        model.set_params(nu=0.9).fit(X[:60, :2], y[:60])
    np.testing.assert_array_equal(model.decision_function(X), before)


# ------------------------------------------------------------------------- gamma and nu


def test_scale_makes_the_mean_distance_one_and_sees_no_unit():
    X, y = three_blobs()
    model = LaplacianNuSVC().fit(X, y)
    distances = np.abs(X[:, None] - X[None]).sum(axis=2)
    mean = distances.sum() / (len(X) * (len(X) - 1))
    assert model.gamma_ == pytest.approx(1 / mean, rel=1e-12)
    scaled = LaplacianNuSVC().fit(X / 8, y)
    np.testing.assert_array_equal(scaled.decision_function(X / 8), model.decision_function(X))


def test_scale_wants_samples_that_differ():
    with pytest.raises(ValueError, match=r"gamma='scale'.*equal"):
        LaplacianNuSVC().fit(np.ones((4, 5)), [0, 1, 0, 1])


def test_auto_is_one_over_the_number_of_features():
    assert LaplacianNuSVC(gamma="auto").fit(np.eye(4), [0, 1, 0, 1]).gamma_ == 0.25


@pytest.mark.parametrize("gamma", [3e-4, 0.02, 0.5, 1.0, 30.0])
def test_power_of_two_is_the_nearest_on_a_log_scale(gamma):
    X, y = three_blobs()
    model = LaplacianNuSVC(gamma=gamma, power_of_two=True).fit(X, y)
    exponent = math.log2(model.gamma_ / math.log(2))
    assert exponent == pytest.approx(round(exponent), abs=1e-9)
    assert abs(exponent - math.log2(gamma / math.log(2))) <= 0.5 + 1e-9


def unequal_classes():
    y = np.repeat(["rare", "common", "middle"], [10, 70, 20])
    return np.random.default_rng(4).normal(size=(100, 3)), y


def test_infeasible_nu_is_seen_before_any_distance_is_computed(monkeypatch):
    X, y = unequal_classes()
    monkeypatch.setattr(laplacian, "pdist", lambda *_: pytest.fail("distances were computed"))
    with pytest.raises(ValueError, match=r"nu=0\.3 is infeasible.*rare.*common.*0\.25") as error:
        LaplacianNuSVC(nu=0.3).fit(X, y)
    assert "(10 samples)" in str(error.value)
    assert "(70 samples)" in str(error.value)


@pytest.mark.parametrize("sizes", [(1, 2), (3, 4), (5, 9), (7, 29)])
def test_nu_works_just_below_the_limit_that_the_message_names(sizes):
    y = np.repeat(["a", "b"], sizes)
    X = np.random.default_rng(5).normal(size=(len(y), 2))
    with pytest.raises(ValueError, match=r"classes a .* and b .* less than") as error:
        LaplacianNuSVC(nu=2 * sizes[0] / len(y)).fit(X, y)
    limit = float(str(error.value).rsplit(" ", 1)[1])
    assert limit == pytest.approx(2 * sizes[0] / len(y), abs=1e-6)
    LaplacianNuSVC(nu=limit - 1e-6).fit(X, y)


# ----------------------------------------------------------------- one distance pass a fold


class CountedPdist:
    def __init__(self):
        self.shapes = []
        self.original = laplacian.pdist

    def __call__(self, X, metric):
        self.shapes.append(X.shape)
        return self.original(X, metric)


def search(model, X, y, prefix=""):
    grid = {f"{prefix}gamma": [0.01, 0.1, 0.3, "scale"], f"{prefix}nu": [0.05, 0.1, 0.2]}
    return GridSearchCV(model, grid, cv=3).fit(X, y)


def test_a_grid_over_gamma_and_nu_computes_distances_once_a_fold(digits, tmp_path, monkeypatch):
    X, y = digits
    plain = CountedPdist()
    monkeypatch.setattr(laplacian, "pdist", plain)
    without = search(LaplacianNuSVC(), X, y)
    assert len(plain.shapes) == 3 * 12 + 1

    cached = CountedPdist()
    cached.original = plain.original
    monkeypatch.setattr(laplacian, "pdist", cached)
    model = LaplacianNuSVC(memory=str(tmp_path))
    with_memory = search(model, X, y)
    assert len(cached.shapes) == 3 + 1
    np.testing.assert_array_equal(
        without.cv_results_["mean_test_score"], with_memory.cv_results_["mean_test_score"]
    )


def test_the_grid_shares_distances_behind_other_steps_too(digits, tmp_path, monkeypatch):
    X, y = digits
    counted = CountedPdist()
    monkeypatch.setattr(laplacian, "pdist", counted)
    pipe = make_pipeline(StandardScaler(), LaplacianNuSVC(memory=str(tmp_path)))
    search(pipe, X, y, prefix="laplaciannusvc__")
    assert len(counted.shapes) == 3 + 1


# ---------------------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"nu": 0.0}, "nu"),
        ({"nu": 1.0}, "nu"),
        ({"gamma": "large"}, "gamma"),
        ({"gamma": 0.0}, "gamma"),
        ({"gamma": -1.0}, "gamma"),
        ({"power_of_two": "yes"}, "power_of_two"),
        ({"tol": 0.0}, "tol"),
        ({"decision_function_shape": "ova"}, "decision_function_shape"),
        ({"memory": 3}, "memory"),
    ],
)
def test_bad_parameters_are_named(parameters, message):
    X, y = three_blobs()
    with pytest.raises(ValueError, match=message):
        LaplacianNuSVC(**parameters).fit(X, y)


def test_bad_data_is_refused():
    X, y = three_blobs()
    with pytest.raises(ValueError, match="NaN"):
        LaplacianNuSVC().fit(np.where(X.max() - 1 < X, np.nan, X), y)
    with pytest.raises(ValueError, match="1 class"):
        LaplacianNuSVC().fit(X, np.zeros(len(X)))
    with pytest.raises(ValueError, match="continuous"):
        LaplacianNuSVC().fit(X, X[:, 0])
    with pytest.raises(ValueError, match="features"):
        LaplacianNuSVC().fit(X, y).predict(X[:, :2])


def test_sparse_features_give_the_same_answers():
    X, y = load_digits(return_X_y=True)
    dense = LaplacianNuSVC(nu=0.1).fit(X[:200], y[:200])
    sparse = LaplacianNuSVC(nu=0.1).fit(csr_array(X[:200]), y[:200])
    np.testing.assert_array_equal(sparse.support_vectors_, dense.support_vectors_)
    decisions = sparse.decision_function(csr_array(X[200:300]))
    np.testing.assert_allclose(decisions, dense.decision_function(X[200:300]))
