"""Adam with a rate that falls to 0 as half a cosine: gradient descent on numpy arrays."""

from __future__ import annotations

from collections.abc import Sequence
from math import cos, pi, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

FIRST_DECAY, SECOND_DECAY = 0.9, 0.999
SMALLEST_ROOT = 1e-8

Floats = NDArray[np.floating[Any]]


class Adam:
    """Steps along gradients, each in units of its own running size.

    Parameters
    ----------
    learnt : list of ndarray of float
        What is learnt; every step changes these arrays.
    rates : list of float
        Length of the first step, one for each array.
    n_steps : int
        After so many the rate is 0.

    References
    ----------
    D. Kingma, J. Ba, "Adam: A Method for Stochastic Optimization", ICLR 2015, algorithm 1;
    I. Loshchilov, F. Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts", ICLR
    2017, equation 5, without a restart.

    Examples
    --------
    >>> import numpy as np
    >>> from skconv.utils.descent import Adam
    >>> x = np.array([3.0])
    >>> adam = Adam([x], [0.1], n_steps=200)
    >>> for _ in range(200):
    ...     adam.step([2 * (x - 1)])  # of (x - 1)^2
    >>> float(x[0].round(3))
    1.0
    """

    def __init__(self, learnt: Sequence[Floats], rates: Sequence[float], n_steps: int) -> None:
        self._learnt = learnt
        self._rates = rates
        self._n_steps = n_steps
        self._n_done = 0
        self._means = [np.zeros_like(values) for values in learnt]
        self._squares = [np.zeros_like(values) for values in learnt]

    def step(self, gradients: Sequence[Floats]) -> None:
        """One step, against the gradient of each array."""
        share = (1 + cos(pi * self._n_done / self._n_steps)) / 2
        self._n_done += 1
        unbiased = 1 - FIRST_DECAY**self._n_done
        root_unbiased = sqrt(1 - SECOND_DECAY**self._n_done)
        for values, rate, gradient, mean, square in zip(
            self._learnt, self._rates, gradients, self._means, self._squares, strict=True
        ):
            mean += (1 - FIRST_DECAY) * (gradient - mean)
            square += (1 - SECOND_DECAY) * (gradient * gradient - square)
            size = np.sqrt(square) / root_unbiased + SMALLEST_ROOT
            values -= rate * share / unbiased * mean / size
