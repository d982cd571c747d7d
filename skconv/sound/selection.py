"""The choice of filters by sparse principal components."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import SparsePCA
from sklearn.preprocessing import StandardScaler


def sparse_pca_choice(
    responses: NDArray[Any], n_filters: int, random_state: Any = None
) -> NDArray[np.int64]:
    """The filters that sparse components load most: indices, ascending.

    As many components as filters are wanted, of standardised responses. Each in turn, the one
    that varies most first, gives the filter with its largest loading that is not taken yet.

    Parameters
    ----------
    responses : ndarray of shape (n_samples, n_all_filters)
        How strongly each sample excites each filter.
    n_filters : int
        How many filters are kept.
    random_state : int, RandomState instance or None

    References
    ----------
    S.-Y. Chang, N. Morgan, "Informative spectro-temporal bottleneck features for noise-robust
    speech recognition", Interspeech 2013.

    Examples
    --------
    Two filters that say the same, one that says something else.

    >>> import numpy as np
    >>> from skconv.sound.selection import sparse_pca_choice
    >>> a, b = np.random.RandomState(0).normal(size=(2, 50))
    >>> chosen = sparse_pca_choice(np.stack([a, b, 0.9 * a], axis=1), 2, random_state=0)
    >>> bool(1 in chosen)
    True
    """
    standard = StandardScaler().fit_transform(responses)
    model = SparsePCA(
        n_components=min(n_filters, *standard.shape), random_state=random_state, max_iter=100
    )
    order = np.argsort(-model.fit_transform(standard).std(axis=0), kind="stable")
    chosen: list[int] = []
    while len(chosen) < n_filters:
        for component in model.components_[order]:
            free = [i for i in range(len(component)) if i not in chosen]
            if free and len(chosen) < n_filters:
                chosen.append(max(free, key=lambda i: abs(component[i])))
    return np.sort(chosen)
