"""Random kernels in place of learned ones: at the first level they rank architectures."""

from __future__ import annotations

from typing import Any

from sklearn.base import clone
from sklearn.pipeline import Pipeline

from skconv.compression import Compressed
from skconv.features import KMeansConvFeatures, PCAConvFeatures, RandomConvFeatures

LEARNED = (PCAConvFeatures, KMeansConvFeatures)


def with_random_kernels(estimator: Any) -> Any:
    """A clone whose extractors have as many kernels of the same size, drawn and not learned.

    Those of `PCAConvFeatures` and `KMeansConvFeatures` are drawn. A nonlinearity that hangs on
    what was learned, as the triangle, leaves an extractor as it is.

    Parameters
    ----------
    estimator : estimator
        A Pipeline, or `skconv.Compressed` with one; any other estimator stays as it is.

    Returns
    -------
    estimator : estimator
        Not fitted.

    References
    ----------
    A. M. Saxe et al., "On random weights and unsupervised feature learning", ICML 2011.

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.pipeline import make_pipeline
    >>> from skconv import PCAConvFeatures
    >>> from skconv.search.proxy import with_random_kernels
    >>> pipeline = make_pipeline(PCAConvFeatures(n_kernels=8, kernel_size=3), LogisticRegression())
    >>> with_random_kernels(pipeline)[0]
    RandomConvFeatures(kernel_size=3, n_kernels=8, pool_size='overlapping', random_state=0)
    """
    found = clone(estimator)
    pipeline = found.estimator if isinstance(found, Compressed) else found
    if isinstance(pipeline, Pipeline):
        pipeline.steps = [(name, _drawn(step)) for name, step in pipeline.steps]
    return found


def _drawn(step: Any) -> Any:
    if not isinstance(step, LEARNED) or step.nonlinearity == "triangle":
        return step
    random = RandomConvFeatures(random_state=0)
    names = set(random.get_params()) - {"eps", "random_state"}
    given = step.get_params()
    return random.set_params(**{name: given[name] for name in names if name in given})
