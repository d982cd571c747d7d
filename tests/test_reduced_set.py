"""Reduced sets: what is learnt, where it lies, and that the integers follow."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.utils import check_random_state

from skconv import LaplacianNuSVC, QuantizedFeatures, RandomConvFeatures, to_c
from skconv.classifiers.reduced_set import learn_reduced_set
from skconv.convert import to_graph
from skconv.graph import ArgMax, KernelMachine, OvoVote, Threshold
from skconv.runtime import reference


@pytest.fixture(scope="module")
def digits():
    X, y = load_digits(return_X_y=True)
    return X[:600], y[:600], X[600:], y[600:]


def machine(**parameters) -> LaplacianNuSVC:
    return LaplacianNuSVC(power_of_two=True, random_state=0, **parameters)


@pytest.fixture(scope="module")
def small(digits):
    return machine(max_support_vectors=40).fit(*digits[:2])


@pytest.fixture(scope="module")
def two_classes(digits):
    X, y = digits[:2]
    keep = y < 2
    return machine(max_support_vectors=3, nu=0.4).fit(X[keep], y[keep] * 3 + 5)


def test_as_many_vectors_as_asked_for(small):
    assert small.support_vectors_.shape == (40, 64)
    assert small.dual_coef_.shape == (10, 40)
    assert small.intercept_.shape == (10,)
    assert small.n_support_.sum() == len(small.support_) == 40


def test_far_better_than_as_many_samples(digits, small):
    """The start itself, with coefficients by least squares, is what must be beaten."""
    X, y, X_new, y_new = digits
    kernel = np.exp(-small.gamma_ * np.abs(X[:, None] - X[small.support_]).sum(axis=2))
    targets = np.where(y[:, None] == np.arange(10), 1.0, -1.0)
    coefficients = np.linalg.lstsq(kernel, targets, rcond=None)[0]
    start = np.exp(-small.gamma_ * np.abs(X_new[:, None] - X[small.support_]).sum(axis=2))
    of_samples = ((start @ coefficients).argmax(axis=1) == y_new).mean()
    assert small.score(X_new, y_new) > of_samples + 0.02


def test_64_vectors_hold_the_accuracy_of_hundreds(fashion_mnist):
    images, labels = fashion_mnist
    features = QuantizedFeatures(
        RandomConvFeatures(
            n_kernels=16,
            kernel_size=5,
            nonlinearity="square",
            pool="l2",
            pool_size=6,
            zero_mean=True,
            random_state=0,
        )
    )
    train, gamma = features.fit_transform(images[:700]), np.log(2) * 2.0**-12
    new, wanted = features.transform(images[50_000:51_500]), labels[50_000:51_500]
    whole = machine(gamma=gamma).fit(train, labels[:700])
    model = machine(max_support_vectors=64, gamma=gamma).fit(train, labels[:700])
    assert len(whole.support_) > 500
    assert model.score(new, wanted) >= whole.score(new, wanted) - 0.01


def test_vectors_stay_in_the_range_and_on_the_grid_of_the_samples(digits, small):
    X, vectors = digits[0], small.support_vectors_
    assert (vectors >= X.min(axis=0)).all()
    assert (vectors <= X.max(axis=0)).all()
    np.testing.assert_array_equal(vectors, np.rint(vectors))
    assert (vectors != X[small.support_]).any()


def test_vectors_of_real_samples_are_real(digits):
    X, y = digits[0][:100] / 16 + 0.01, digits[1][:100]
    model = machine(max_support_vectors=12).fit(X.astype(np.float32), y)
    assert model.support_vectors_.dtype == np.float32
    assert (model.support_vectors_ != np.rint(model.support_vectors_)).any()


def test_the_same_seed_learns_the_same(digits, small):
    again = clone(small).fit(*digits[:2])
    for name in ("support_", "support_vectors_", "dual_coef_", "intercept_"):
        np.testing.assert_array_equal(getattr(again, name), getattr(small, name))
    other = clone(small).set_params(random_state=1).fit(*digits[:2])
    assert (other.support_ != small.support_).any()


@pytest.mark.parametrize("limit", [None, 10_000])
def test_a_machine_within_the_limit_stays_as_it_is(digits, limit):
    X, y = digits[0][:200], digits[1][:200]
    whole = LaplacianNuSVC().fit(X, y)
    model = machine(max_support_vectors=limit).set_params(power_of_two=False).fit(X, y)
    np.testing.assert_array_equal(model.support_, whole.support_)
    np.testing.assert_array_equal(model.dual_coef_, whole.dual_coef_)


def test_fewer_vectors_than_classes_are_refused(digits):
    with pytest.raises(ValueError, match=r"max_support_vectors=9 .* number of classes, 10"):
        machine(max_support_vectors=9).fit(*digits[:2])


def test_decisions_are_scores_and_their_differences(digits, small):
    X_new = digits[2][:50]
    scores = small.decision_function(X_new)
    assert scores.shape == (50, 10)
    np.testing.assert_array_equal(small.classes_[scores.argmax(axis=1)], small.predict(X_new))
    pairs = clone(small).set_params(decision_function_shape="ovo").fit(*digits[:2])
    differences = pairs.decision_function(X_new)
    np.testing.assert_array_equal(differences[:, 0], scores[:, 0] - scores[:, 1])
    np.testing.assert_array_equal(differences[:, -1], scores[:, 8] - scores[:, 9])


def test_two_classes_keep_the_layout_of_libsvm(digits, two_classes):
    X, y = digits[2:]
    assert two_classes.dual_coef_.shape == (1, 3)
    assert two_classes.n_support_.sum() == 3
    assert two_classes.score(X[y < 2], y[y < 2] * 3 + 5) > 0.98
    decisions = two_classes.decision_function(X)
    np.testing.assert_array_equal(two_classes.predict(X), np.where(decisions > 0, 8, 5))


def test_the_graph_takes_the_largest_score(digits, small, two_classes):
    graph = to_graph(small)
    assert [type(node.op) for node in graph.nodes] == [KernelMachine, ArgMax]
    X_new = digits[2][:100].astype(np.float32)
    np.testing.assert_array_equal(reference.run(graph, X_new)[:, 0], small.predict(X_new))
    assert [type(node.op) for node in to_graph(two_classes).nodes] == [KernelMachine, Threshold]
    assert OvoVote not in [type(node.op) for node in graph.nodes]


@pytest.mark.needs("cc")
def test_the_integers_decide_alike(digits, small):
    X, _, X_new, y_new = digits
    model = to_c(small, X.astype(np.uint8), name="digits")
    model.verify(X_new[:50].astype(np.uint8))
    found = model.predict(X_new.astype(np.uint8))
    assert (found == small.predict(X_new)).mean() > 0.99
    assert (found == y_new).mean() > small.score(X_new, y_new) - 0.005


def test_equal_samples_are_no_obstacle():
    X = np.repeat([[0.0, 1.0], [1.0, 0.0], [3.0, 3.0]], 4, axis=0)
    codes = np.repeat([0, 1, 1], 4)
    learnt = learn_reduced_set(X, codes, np.arange(12), 7, 0.5, check_random_state(0))
    assert len(set(learnt.origins)) == 7
    scores = np.exp(-0.5 * np.abs(X[:, None] - learnt.vectors).sum(axis=2))
    decisions = scores @ learnt.coefficients[0] + learnt.intercept
    np.testing.assert_array_equal(decisions > 0, codes == 1)
