"""A fitted scikit-learn object becomes a `Graph`: one file for each family of estimators."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from skconv.convert import (
    adaboost,
    bagging,
    bayes,
    boosting,
    calibration,
    columns,
    decomposition,
    discriminant,
    encoders,
    function_steps,
    gaussian,
    gaussian_process,
    histogram_boosting,
    imputers,
    isolation,
    kernel_approximation,
    kernel_regression,
    linear,
    mixture,
    multiclass,
    multioutput,
    neighbours,
    networks,
    one_class,
    pipeline,
    polynomials,
    scalers,
    selection,
    stacking,
    svm,
    target,
    thresholds,
    tree_embedding,
    trees,
    voting,
)
from skconv.convert.core import (
    check,
    convert,
    convert_scores,
    probabilities,
    score_function,
    width,
)
from skconv.convert.estimator_check import check_given
from skconv.exceptions import NotConvertibleError
from skconv.graph import Graph, TensorSpec, verify
from skconv.graph.folding import narrowed

__all__ = [
    "NotConvertibleError",
    "check",
    "check_given",
    "convert",
    "probabilities",
    "score_function",
    "to_graph",
]

# Importing a family registers its converters.
_FAMILIES = (
    adaboost,
    bagging,
    bayes,
    boosting,
    calibration,
    columns,
    decomposition,
    discriminant,
    encoders,
    gaussian,
    function_steps,
    gaussian_process,
    histogram_boosting,
    imputers,
    isolation,
    kernel_approximation,
    kernel_regression,
    linear,
    mixture,
    multiclass,
    multioutput,
    neighbours,
    networks,
    one_class,
    pipeline,
    polynomials,
    scalers,
    selection,
    stacking,
    svm,
    target,
    thresholds,
    tree_embedding,
    trees,
    voting,
)


def to_graph(estimator: Any, *, scores: bool = False) -> Graph:
    """The float graph of a fitted estimator.

    Converts skconv's extractors, Pipeline, FeatureUnion, GridSearchCV, scalers, PCA,
    feature selection, linear classifiers and regressors, and SVMs. A graph that ends in a
    classifier holds its labels in ``graph.classes``; its output is their index.

    ``FunctionTransformer(np.sqrt)`` becomes `skconv.graph.Root`. It is the same for numbers
    >= 0. Of a number below, `numpy.sqrt` makes NaN, and the graph ``-sqrt(-x)``.

    Parameters
    ----------
    estimator : estimator
        Fitted.
    scores : bool
        Whether the scores in front of the decision are to be those of ``decision_function``, or
        the result to be ``score_samples``, as numbers; else they are in the order that decides.

    Returns
    -------
    graph : Graph
        From one flat sample ``(n_features_in_,)``; all parameters are float32.

    Raises
    ------
    NotConvertibleError
        Where a step has no form as a graph, before anything is built. The message names
        the step, its class, the parameter, and what would work instead.
    sklearn.exceptions.NotFittedError
        Where a step is not fitted.
    TypeError
        Where it is no estimator, such as a class, an array or a torch module.
    ValueError
        Where a parameter is not finite in float32.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from skconv import to_graph
    >>> from skconv.runtime import reference
    >>> X, y = load_iris(return_X_y=True, as_frame=False)
    >>> pipe = make_pipeline(StandardScaler(), LogisticRegression()).fit(X, y)
    >>> graph = to_graph(pipe)
    >>> print(graph)
    Graph: 3 nodes, 16 MACs, 92 parameter bytes
    node    op           tensor        MACs  parameter bytes
    input                float32 (4,)
    affine  Affine       float32 (4,)     4               32
    linear  Linear 4->3  float32 (3,)    12               60
    argmax  ArgMax       int32 (1,)       0                0
    >>> bool((graph.classes[reference.run(graph, X)[:, 0]] == pipe.predict(X)).all())
    True
    """
    check_given(estimator)
    check(estimator)
    if scores:
        score_function(estimator)
    start = Graph(TensorSpec((width(estimator),)))
    graph = _in_float32(convert_scores(estimator, start) if scores else convert(estimator, start))
    for node in graph.nodes:
        for name, values in node.op.parameters.items():
            if not np.isfinite(values).all():
                raise ValueError(f"node {node.name!r}: {name} is not finite in float32")
    return verify(graph)


def _in_float32(graph: Graph) -> Graph:
    """A graph without parameters in float64; what is too large becomes infinite."""
    with np.errstate(over="ignore"):
        nodes = (replace(node, op=narrowed(node.op)) for node in graph.nodes)
        return replace(graph, nodes=tuple(nodes))
