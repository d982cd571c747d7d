"""Gaussian processes: the mean of a regression, the decision between two classes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import singledispatch
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.gaussian_process import GaussianProcessClassifier, GaussianProcessRegressor
from sklearn.gaussian_process import kernels as gp
from sklearn.utils.validation import check_is_fitted

from skconv.convert.core import as_vector, check, convert, float32, refuse
from skconv.convert.decision import decide
from skconv.convert.kernels import Kernel, append_sums
from skconv.exceptions import NotConvertibleError
from skconv.graph import Affine, Graph

_ADVICE = (
    "use RBF, DotProduct or a power of one of them, times and plus ConstantKernel, plus WhiteKernel"
)


@dataclass(frozen=True)
class Covariance:
    """``factor * kernel(x / lengths, s / lengths) + constant``; the constant alone is no kernel."""

    constant: float = 0.0
    factor: float = 0.0
    kernel: Kernel | None = None
    lengths: float | NDArray[np.float64] = 1.0

    def times(self, number: float) -> Covariance:
        return replace(self, constant=number * self.constant, factor=number * self.factor)


@singledispatch
def covariance(kernel: Any) -> Covariance:
    """What a kernel of scikit-learn computes; ValueError where a kernel machine does not."""
    raise ValueError(f"kernel_={kernel} cannot be converted")


@covariance.register
def _(kernel: gp.ConstantKernel) -> Covariance:
    return Covariance(constant=float(kernel.constant_value))


@covariance.register
def _(kernel: gp.WhiteKernel) -> Covariance:
    """Noise of a sample has nothing to do with that of another."""
    return Covariance()


@covariance.register
def _(kernel: gp.RBF) -> Covariance:
    lengths = np.asarray(kernel.length_scale, np.float64)
    if lengths.ndim == 0 or len(lengths) == 1:
        return Covariance(0.0, 1.0, Kernel("rbf", gamma=0.5 / float(lengths.ravel()[0]) ** 2))
    return Covariance(0.0, 1.0, Kernel("rbf", gamma=0.5), lengths)


# Matern derives from RBF.
@covariance.register
def _(kernel: gp.Matern) -> Covariance:
    if kernel.nu != np.inf:
        raise ValueError(f"kernel_={kernel} cannot be converted")
    return covariance.dispatch(gp.RBF)(kernel)


@covariance.register
def _(kernel: gp.DotProduct) -> Covariance:
    return Covariance(float(kernel.sigma_0) ** 2, 1.0, Kernel("linear"))


@covariance.register
def _(kernel: gp.Exponentiation) -> Covariance:
    base, power = covariance(kernel.kernel), kernel.exponent
    if base.kernel is None:
        return Covariance(constant=base.constant**power)
    if base.kernel.name == "rbf" and base.constant == 0 and power > 0:
        powered = replace(base.kernel, gamma=base.kernel.gamma * power)
        return replace(base, factor=base.factor**power, kernel=powered)
    if base.kernel.name == "linear" and power >= 1 and power == int(power):
        poly = Kernel("poly", base.factor, base.constant, int(power))
        return Covariance(0.0, 1.0, poly)
    raise ValueError(f"kernel_={kernel} cannot be converted")


@covariance.register
def _(kernel: gp.Product) -> Covariance:
    first, second = covariance(kernel.k1), covariance(kernel.k2)
    if first.kernel is not None and second.kernel is not None:
        raise ValueError(f"kernel_={kernel} cannot be converted: both factors depend on x")
    if first.kernel is None:
        return second.times(first.constant)
    return first.times(second.constant)


@covariance.register
def _(kernel: gp.Sum) -> Covariance:
    first, second = covariance(kernel.k1), covariance(kernel.k2)
    if first.kernel is not None and second.kernel is not None:
        raise ValueError(f"kernel_={kernel} cannot be converted: both summands depend on x")
    whole = first if second.kernel is None else second
    return replace(whole, constant=first.constant + second.constant)


def _checked(model: Any, kernel: Any) -> Covariance:
    try:
        return covariance(kernel)
    except ValueError as error:
        raise NotConvertibleError(type(model).__name__, str(error), _ADVICE, "kernel") from None


def _append(graph: Graph, kernel: Any, samples: Any, coefficients: Any, intercept: Any) -> Graph:
    """The covariances of x with all samples, weighted; a row of coefficients a result."""
    found = covariance(kernel)
    intercept = intercept + found.constant * coefficients.sum(axis=1)
    lengths = np.broadcast_to(np.asarray(found.lengths, np.float64), samples.shape[1])
    if np.ptp(lengths):
        factors = float32(1 / lengths)
        graph = as_vector(graph).append(Affine(factors, np.zeros_like(factors)))
    inner = found.kernel or Kernel("linear")
    return append_sums(graph, inner, samples / lengths, found.factor * coefficients, intercept)


@check.register
def _(model: GaussianProcessRegressor) -> None:
    check_is_fitted(model, "X_train_")
    _checked(model, model.kernel_)


@convert.register
def _(model: GaussianProcessRegressor, graph: Graph) -> Graph:
    alpha = np.asarray(model.alpha_, np.float64).reshape(len(model.X_train_), -1)
    spread, mean = np.ravel(model._y_train_std), np.ravel(model._y_train_mean)
    coefficients = (alpha * spread).T
    return _append(graph, model.kernel_, model.X_train_, coefficients, mean)


@check.register
def _(model: GaussianProcessClassifier) -> None:
    check_is_fitted(model)
    if len(model.classes_) > 2:
        reason = "with more than two classes it compares probabilities, which take the variance"
        raise refuse(model, "classes_", "use SVC(kernel='rbf') or skconv.LaplacianNuSVC", reason)
    _checked(model, model.kernel_)


@convert.register
def _(model: GaussianProcessClassifier, graph: Graph) -> Graph:
    """The mode of the posterior, whose sign decides."""
    inner = model.base_estimator_
    coefficients = np.atleast_2d(inner.y_train_ - inner.pi_)
    graph = _append(graph, model.kernel_, inner.X_train_, coefficients, np.zeros(1))
    return decide(graph, model.classes_)
