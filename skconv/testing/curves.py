"""Example graphs of functions of one number."""

from __future__ import annotations

from typing import get_args

import numpy as np

from skconv.graph import (
    ArgMax,
    Cosine,
    Curve,
    CurveFunction,
    Graph,
    Interpolate,
    Matches,
    Products,
    Steps,
)
from skconv.testing.parts import chain, linear


def curve_examples(rng: np.random.Generator) -> dict[str, Graph]:
    """Every formula, of columns alike and of columns of their own, and lines between knots."""
    exponents = np.array([-0.7, 0, 0.4, 1, 2, 2.5], np.float32)
    factors = np.linspace(0.1, 0.2, 6).astype(np.float32)
    found = {}
    for function in get_args(CurveFunction):
        is_power = function in ("box-cox", "yeo-johnson")
        size = 6 if is_power or function == "log" else 1
        ones = np.ones(size, np.float32)
        offsets = (2.0 if function in ("log", "log1p", "box-cox") else -0.2) * ones
        power = exponents if is_power else None
        op = Curve(function, factors[:size], offsets, ones, 0.5 * ones, power)
        found[f"curve, {function}"] = chain(op, shape=(6,))
    knots = np.sort(rng.normal(size=(6, 5)), axis=1).astype(np.float32)
    values = rng.normal(size=knots.shape).astype(np.float32)
    shared = np.sort(np.repeat(knots[:1, :3], [1, 2, 2], axis=1))
    return found | {
        "cosines": chain(linear(rng, 7, 5), Cosine(0.3), linear(rng, 2, 7), ArgMax(), shape=(5,)),
        "cosines alone": chain(Cosine(2.0), shape=(6,)),
        "steps": chain(
            Steps(np.sort(knots, axis=1), np.arange(36, dtype=np.int16).reshape(6, 6) - 3),
            Matches(np.array([0, 0, 1, 5], "u2"), np.array([-1, 0, 5, 30], "f4")),
            linear(rng, 3, 4),
            ArgMax(),
            shape=(6,),
        ),
        "step for all": chain(Steps(knots[:1, :1], np.array([[0, 1]], "i2")), shape=(6,)),
        "products": chain(
            Products(np.array([[0, 6, 6], [1, 5, 6], [2, 2, 2]], "u2")),
            linear(rng, 2, 3),
            shape=(6,),
        ),
        "lines": chain(Interpolate(knots, values), shape=(6,)),
        "lines, then scores": chain(
            Interpolate(shared, values[:1]), linear(rng, 3, 6), ArgMax(), shape=(6,)
        ),
    }
