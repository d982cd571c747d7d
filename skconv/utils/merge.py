"""One estimator from two that were fitted to different samples, by what they added up."""

from __future__ import annotations

from copy import copy
from typing import Any, TypeVar

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

Estimator = TypeVar("Estimator", bound=BaseEstimator)

# Where and how to compute: what was learnt does not depend on it.
_OF_THE_MACHINE = {"batch_size", "device", "n_jobs"}


def merge(first: Estimator, second: Estimator) -> Estimator:
    """One estimator from two that were fitted to different samples: that of all samples.

    Sums over samples are all that some estimators keep of them, so the sums of the parts of a data
    set, computed on different machines, add up to those of the whole. The order does not matter:
    `functools.reduce`, a tree of merges, ``fold`` of dask and ``treeReduce`` of Spark all give the
    estimator of one `fit` to all samples, up to the rounding of sums in float64.

    `PCAConvFeatures`, `BatchRidgeClassifier`, `skconv.kernels.PCAKernels` and
    `skconv.kernels.LDAKernels` can be merged, fitted by `fit` or by `partial_fit`.

    Parameters
    ----------
    first, second : estimator
        Fitted, of one class and with equal parameters. Both are left as they are. Parameters that
        say where to compute (``n_jobs``, ``device``, ``batch_size``) may differ; those of the first
        are kept.

    Returns
    -------
    merged : estimator
        A new one, of the same class. `partial_fit` goes on from it.

    Raises
    ------
    TypeError
        Where the classes differ, or the estimator keeps more of its samples than sums.
    ValueError
        Where parameters or the shapes of samples differ, or where what the parameters ask for does
        not follow from sums.

    See Also
    --------
    skconv.kernels.MapBatches : Samples in batches, for one process.

    Examples
    --------
    Three machines see 500 samples each:

    >>> from functools import reduce
    >>> import numpy as np
    >>> from sklearn.base import clone
    >>> from skconv import PCAConvFeatures, merge
    >>> from skconv.datasets import load_digits
    >>> X, y = load_digits(return_X_y=True)
    >>> features = PCAConvFeatures(n_kernels=8, kernel_size=3, input_shape=(8, 8))
    >>> parts = [clone(features).fit(shard) for shard in np.split(X[:1500], 3)]
    >>> merged = reduce(merge, parts)
    >>> bool(np.allclose(merged.kernels_, features.fit(X[:1500]).kernels_, atol=1e-6))
    True
    """
    _check_classes(first, second)
    check_is_fitted(first)
    check_is_fitted(second)
    _check_parameters(first, second)
    merged: Any = copy(first)
    merged._add_sums(second)
    return merged  # type: ignore[no-any-return]


def check_alike(first: BaseEstimator, second: BaseEstimator, *attributes: str) -> None:
    """Refuse estimators of which something fitted differs: they saw samples of other shapes."""
    for name in attributes:
        one: Any = getattr(first, name, None)
        other: Any = getattr(second, name, None)
        if not np.array_equal(one, other):
            raise ValueError(
                f"merge of estimators whose {name} are {one} and {other}: "
                "expected samples of one shape"
            )


def _check_classes(first: Any, second: Any) -> None:
    names = [type(each).__name__ for each in (first, second)]
    if type(first) is not type(second):
        raise TypeError(f"merge of {names[0]} and {names[1]}, expected estimators of one class")
    if not hasattr(first, "_add_sums"):
        raise TypeError(
            f"merge of {names[0]}, which learns more than sums over samples. PCAConvFeatures, "
            "BatchRidgeClassifier, PCAKernels and LDAKernels can be merged; fit others to a sample "
            "of all parts"
        )


def _check_parameters(first: BaseEstimator, second: BaseEstimator) -> None:
    ours, theirs = first.get_params(deep=False), second.get_params(deep=False)
    for name in ours.keys() - _OF_THE_MACHINE:
        if not np.array_equal(ours[name], theirs[name]):
            raise ValueError(
                f"merge of estimators with {name}={ours[name]!r} and {name}={theirs[name]!r}, "
                "expected equal parameters: fit clones of one estimator"
            )
