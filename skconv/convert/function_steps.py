"""Steps that apply a function of one number to each column."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import GammaRegressor, PoissonRegressor, TweedieRegressor
from sklearn.preprocessing import PowerTransformer, QuantileTransformer
from sklearn.utils.validation import check_is_fitted

from skconv.convert.core import as_vector, check, convert, float32, refuse, width
from skconv.convert.linear import append_linear
from skconv.graph import Curve, CurveFunction, Graph, Interpolate

# Knots of the inverse of the normal distribution, evenly spaced in its results: lines between
# them miss it by 5e-4 at most.
N_NORMAL_KNOTS = 400
# scikit-learn clips to what has these probabilities.
FARTHEST = 1e-7 - np.spacing(1)


def append_curve(
    graph: Graph,
    function: CurveFunction,
    *,
    factor: Any = 1.0,
    gain: Any = 1.0,
    shift: Any = 0.0,
    exponents: Any = None,
) -> Graph:
    """``gain * f(factor * x) + shift``, each a number or one for every column."""
    size = 1 if exponents is None else len(exponents)
    factors, offsets, gains, shifts = (
        float32(np.broadcast_to(part, size)) for part in (factor, 0.0, gain, shift)
    )
    power = None if exponents is None else float32(exponents)
    return as_vector(graph).append(Curve(function, factors, offsets, gains, shifts, power))


# ---------------------------------------------------------------------- to another distribution


@convert.register
def _(model: QuantileTransformer, graph: Graph) -> Graph:
    """The share of samples below, by lines between quantiles; or what is normal of that share."""
    quantiles = float32(model.quantiles_.T)
    shares = np.broadcast_to(float32(model.references_), quantiles.shape).copy()
    graph = as_vector(graph).append(Interpolate(quantiles, shares))
    if model.output_distribution == "uniform":
        return graph
    return graph.append(Interpolate(*_normal_lines()))


def _normal_lines() -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Shares, and the numbers that so many normal numbers are below."""
    low, high = norm.ppf(FARTHEST), norm.ppf(1 - FARTHEST)
    values = np.linspace(low, high, N_NORMAL_KNOTS)
    shares = np.concatenate([[0.0], norm.cdf(values), [1.0]])
    return float32(shares[None]), float32(np.concatenate([[low], values, [high]])[None])


@convert.register
def _(model: PowerTransformer, graph: Graph) -> Graph:
    gain, shift = np.ones(len(model.lambdas_)), np.zeros(len(model.lambdas_))
    if model.standardize:
        gain = 1 / model._scaler.scale_
        shift = -model._scaler.mean_ * gain
    return append_curve(graph, model.method, gain=gain, shift=shift, exponents=model.lambdas_)


# ------------------------------------------------------------------------------- regressors


@width.register
def _(model: IsotonicRegression) -> int:
    check_is_fitted(model, "X_thresholds_")
    return 1


@check.register
def _(model: IsotonicRegression) -> None:
    check_is_fitted(model, "X_thresholds_")
    if model.out_of_bounds != "clip":
        raise refuse(model, "out_of_bounds", "use out_of_bounds='clip'")


@convert.register
def _(model: IsotonicRegression, graph: Graph) -> Graph:
    lines = (float32(model.X_thresholds_[None]), float32(model.y_thresholds_[None]))
    return as_vector(graph).append(Interpolate(*lines))


@check.register(PoissonRegressor)
@check.register(GammaRegressor)
@check.register(TweedieRegressor)
def _(model: Any) -> None:
    check_is_fitted(model)


@convert.register(PoissonRegressor)
@convert.register(GammaRegressor)
@convert.register(TweedieRegressor)
def _(model: Any, graph: Graph) -> Graph:
    """The exponential of a linear model, unless the link is the identity."""
    graph = append_linear(graph, model.coef_, model.intercept_)
    return append_curve(graph, "exp") if _has_log_link(model) else graph


def _has_log_link(model: Any) -> bool:
    if not isinstance(model, TweedieRegressor):
        return True
    return bool(model.link == "log" or (model.link == "auto" and model.power > 0))
