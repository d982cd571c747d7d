"""Candidates that no other one betters in everything."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def is_dominated(costs: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which rows another row equals or betters in every column, and betters in one.

    Parameters
    ----------
    costs : ndarray of shape (n_candidates, n_objectives)
        Small is good.

    Examples
    --------
    >>> import numpy as np
    >>> from skconv.search.pareto import is_dominated
    >>> is_dominated(np.array([[1.0, 3.0], [2.0, 2.0], [2.0, 3.0]]))
    array([False, False,  True])
    """
    no_worse = (costs[:, None] <= costs[None]).all(axis=2)
    better = (costs[:, None] < costs[None]).any(axis=2)
    return np.asarray((no_worse & better).any(axis=0))


def layers(costs: NDArray[np.float64]) -> NDArray[np.intp]:
    """Layer of each row: 0 is not dominated, 1 is not once layer 0 is taken away, and so on.

    References
    ----------
    Deb et al., "A fast and elitist multiobjective genetic algorithm: NSGA-II", IEEE Transactions
    on Evolutionary Computation 6(2), 2002 (nondominated sorting).

    Examples
    --------
    >>> import numpy as np
    >>> from skconv.search.pareto import layers
    >>> layers(np.array([[1.0, 3.0], [2.0, 2.0], [2.0, 3.0], [3.0, 4.0]]))
    array([0, 0, 1, 2])
    """
    found = np.zeros(len(costs), np.intp)
    left = np.arange(len(costs))
    layer = 0
    while len(left):
        dominated = is_dominated(costs[left])
        found[left[~dominated]] = layer
        left, layer = left[dominated], layer + 1
    return found
