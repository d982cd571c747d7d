"""Multi-layer perceptrons."""

from __future__ import annotations

from typing import Any

from sklearn.neural_network import MLPClassifier, MLPRegressor

from tests.classical.base import REGRESSION, Case

SETTINGS: dict[str, Any] = {"hidden_layer_sizes": (32,), "max_iter": 1500, "random_state": 0}

CASES = (
    *(
        Case(f"MLP {activation}", MLPClassifier(activation=activation, **SETTINGS), scaled=True)
        for activation in ("identity", "logistic", "tanh", "relu")
    ),
    Case(
        "MLP of three layers",
        MLPClassifier(**{**SETTINGS, "hidden_layer_sizes": (32, 16)}),
        scaled=True,
    ),
    *(
        Case(
            f"MLP regressor {activation}",
            MLPRegressor(activation=activation, alpha=1.0, learning_rate_init=0.01, **SETTINGS),
            REGRESSION,
            scaled=True,
        )
        for activation in ("tanh", "relu")
    ),
)
