"""`compress`, and the estimator that it gives."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from copy import deepcopy
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, MetaEstimatorMixin, clone
from sklearn.metrics import accuracy_score, r2_score
from sklearn.utils import get_tags
from sklearn.utils._param_validation import HasMethods, StrOptions
from sklearn.utils.validation import check_is_fitted, column_or_1d, validate_data

from skconv.codegen.estimates import instructions, unmeasured
from skconv.compression.order import warn_of_undone
from skconv.compression.table import PassCost, PassTable
from skconv.convert import NotConvertibleError, probabilities, to_graph
from skconv.convert.fitted_range import seen
from skconv.deploy import to_c
from skconv.deploy.conditional_methods import available_where
from skconv.exceptions import CalibrationWarning
from skconv.graph import Graph, Softmax
from skconv.graph.probabilities import Probabilities
from skconv.passes.compress import PASSES, Pass, Samples, SecondOrderRounding
from skconv.passes.fold import fold
from skconv.runtime import engine
from skconv.target.targets import TARGETS
from skconv.utils.doc_link import DocLinkMixin
from skconv.utils.restore import restored_on_error

Array = NDArray[Any]
Passes = Sequence[Pass | str]

# Samples that ranges are chosen on for the table of costs.
N_CALIBRATION = 500


def compress(
    estimator: Any,
    X: Any,
    y: Any = None,
    *,
    passes: Passes = ("SecondOrderRounding",),
    budget: int | None = None,
    target: str = "cortex-m4",
) -> Compressed:
    """Make a fitted estimator smaller, by passes over its graph.

    Parameters
    ----------
    estimator : estimator
        A fitted Pipeline, or a single estimator, that `skconv.to_graph` converts. It is not
        changed.
    X : array-like of shape (n_samples, ...)
        Samples that the passes learn from: those of `fit`, or many like them.
    y : array-like of shape (n_samples,), optional
        Their labels. Without them a classifier keeps to its own decisions.
    passes : sequence of pass or str
        Carried out in this order: objects such as ``SecondOrderRounding(levels=1)``, or names of
        their classes.
    budget : int, optional
        Bytes of flash. The passes end as soon as tables and code, as estimated, fit.
    target : str
        What the costs in the table are for: see `skconv.target.targets`.

    Returns
    -------
    Compressed
        A fitted estimator: ``predict``, `skconv.to_c` and ``joblib.dump`` as ever. ``costs_``
        says what each pass bought.

    Raises
    ------
    NotConvertibleError
        Where a step has no graph.
    ValueError
        Where a parameter or the samples are not what is wanted, or the model does not fit the
        budget after all passes.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.pipeline import make_pipeline
    >>> import skconv
    >>> X, y = load_digits(return_X_y=True)
    >>> features = skconv.RandomConvFeatures(n_kernels=8, input_shape=(8, 8), random_state=0)
    >>> pipe = make_pipeline(features, LogisticRegression(max_iter=2000)).fit(X[:1500], y[:1500])
    >>> small = skconv.compress(pipe, X[:1500], y[:1500], passes=[skconv.SecondOrderRounding(1)])
    >>> small.costs_[1].flash_bytes < small.costs_[0].flash_bytes / 2
    True
    >>> small.score(X[1500:], y[1500:]) > pipe.score(X[1500:], y[1500:]) - 0.03
    True
    """
    found = Compressed(estimator, passes, budget=budget, target=target)
    found._validate_params()
    found.estimator_ = estimator
    return found._compress(X, y)


class Compressed(MetaEstimatorMixin, DocLinkMixin, BaseEstimator):
    """An estimator whose graph is made smaller after it is fitted.

    `skconv.compress` gives one for an estimator that is fitted already. As a part of a grid search,
    the loss of the passes is inside the cross-validation.

    Parameters
    ----------
    estimator : estimator
        A Pipeline, or a single estimator, that `skconv.to_graph` converts once it is fitted.
    passes : sequence of pass or str, default=("SecondOrderRounding",)
        Carried out in this order. Their parameters are ``passes__0__levels`` and so on.
    budget : int, optional
        Bytes of flash. The passes end as soon as tables and code, as estimated, fit.
    target : str, default="cortex-m4"
        What the costs are for: see `skconv.target.targets`.
    with_costs : bool, default=True
        Whether `fit` finds out what each pass bought, which takes a conversion and a score for
        each. With a ``budget`` it always does.

    Attributes
    ----------
    estimator_ : estimator
        As it was fitted.
    graph_ : Graph
        The compressed one, from flat samples to the answer.
    costs_ : PassTable
        What the model costs as fitted, and after each pass; only with ``with_costs``.
    classes_ : ndarray of shape (n_classes,)
        Labels; only of a classifier.
    n_features_in_ : int
        Numbers in one sample.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.linear_model import LogisticRegression
    >>> from skconv import Compressed, SecondOrderRounding
    >>> X, y = load_iris(return_X_y=True)
    >>> small = Compressed(LogisticRegression(max_iter=1000), [SecondOrderRounding(levels=1)])
    >>> small.fit(X, y).score(X, y) > 0.9
    True
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "estimator": [HasMethods(["fit"])],
        "passes": [list, tuple],
        "budget": [int, None],
        "target": [StrOptions(set(TARGETS))],
        "with_costs": ["boolean"],
    }

    def __init__(
        self,
        estimator: Any,
        passes: Passes = ("SecondOrderRounding",),
        *,
        budget: int | None = None,
        target: str = "cortex-m4",
        with_costs: bool = True,
    ) -> None:
        self.estimator = estimator
        self.passes = passes
        self.budget = budget
        self.target = target
        self.with_costs = with_costs

    def fit(self, X: Any, y: Any = None) -> Compressed:
        """Fit the estimator, then carry out the passes on the same samples.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Training samples, flat or not.
        y : array-like of shape (n_samples,), default=None
            Labels or values, for estimators and passes that learn from them.

        Returns
        -------
        self : object
            The fitted estimator.
        """
        self._validate_params()
        with restored_on_error(self):
            self.estimator_ = clone(self.estimator).fit(X, y)
            return self._compress(X, y)

    def _compress(self, X: Any, y: Any) -> Compressed:
        passes = self._checked_passes()
        graph = fold(to_graph(self.estimator_))
        flat = self._flat(X, reset=True)
        if flat.shape[1] != graph.input.size:
            raise ValueError(
                f"X has {flat.shape[1]} features, expected the {graph.input.size} that the "
                "estimator was fitted on"
            )
        samples = Samples(flat, self._indices(graph, y, len(flat)), self._loss())
        self.graph_ = graph
        if graph.is_classifier:
            self.classes_ = _classes(graph)
        costs = self._carry_out(passes, samples, y)
        if costs:
            self.costs_ = PassTable(costs)
        if self.budget is not None and not self._fits(costs[-1]):
            raise ValueError(
                f"budget={self.budget:,} bytes of flash, and the model takes about "
                f"{costs[-1].all_flash_bytes:,} after all passes. Add a pass, or use fewer "
                f"features.\n{self.costs_}"
            )
        return self

    def _carry_out(self, passes: list[Pass], samples: Samples, y: Any) -> list[PassCost]:
        """Pass after pass, until the budget is met; what each one bought, where that is wanted."""
        is_wanted = self.with_costs or self.budget is not None
        costs = [self._cost("as fitted", samples.X, y)] if is_wanted else []
        for each in passes:
            if costs and self._fits(costs[-1]):
                break
            before, self.graph_ = self.graph_, fold(each(self.graph_, samples))
            warn_of_undone(each, before, self.graph_)
            if is_wanted:
                costs.append(self._cost(str(each), samples.X, y))
        return costs

    def _checked_passes(self) -> list[Pass]:
        return list(self._each_pass())

    def _each_pass(self) -> Iterator[Pass]:
        for i, given in enumerate(self.passes):
            if isinstance(given, str) and given in PASSES:
                yield PASSES[given]()
            elif isinstance(given, Pass):
                yield given
            else:
                raise ValueError(
                    f"passes[{i}]={given!r}, expected a pass such as {SecondOrderRounding()!r}, or "
                    f"one of the names {', '.join(PASSES)}"
                )

    def _loss(self) -> Any:
        """Logistic where softmax of the scores is what the estimator predicts."""
        try:
            rule = probabilities(self.estimator_)
        except NotConvertibleError:
            return "squared"
        return "logistic" if rule == Softmax() else "squared"

    def _indices(self, graph: Graph, y: Any, n_samples: int) -> Array | None:
        """Indices of the classes that ``y`` names."""
        if y is None or not graph.is_classifier:
            return None
        labels = np.asarray(y)
        labels = column_or_1d(labels, warn=True) if labels.ndim == 2 else labels
        if labels.shape != (n_samples,):
            raise ValueError(
                f"y has shape {labels.shape}, expected ({n_samples},): a label for each sample"
            )
        classes = _classes(graph)
        places = np.searchsorted(classes, labels).clip(max=len(classes) - 1)
        if unknown := sorted(set(labels[classes[places] != labels].tolist())):
            raise ValueError(f"y has labels {unknown} that the estimator was not fitted on")
        return np.asarray(places)

    def _cost(self, name: str, flat: Array, y: Any) -> PassCost:
        """What the C of the model as it is takes."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", CalibrationWarning)
            model = to_c(self, flat[:N_CALIBRATION], target=self.target)
        cost = model.report()
        is_scored = y is not None and hasattr(self, "score")
        return PassCost(
            name,
            cost.flash_bytes,
            cost.ram_bytes,
            cost.code_bytes,
            instructions(model.graph, model.target),
            self.score(flat, y) if is_scored else None,
            tuple(unmeasured(model.graph, model.target)),
        )

    def _fits(self, cost: PassCost) -> bool:
        return self.budget is not None and cost.all_flash_bytes <= self.budget

    # ----------------------------------------------------------------------- answers

    @property
    def _answers(self) -> bool:
        return get_tags(self.estimator).estimator_type in ("classifier", "regressor")

    @available_where(lambda self: self._answers, "it makes features; call transform")
    def predict(self, X: Any) -> Array:
        """Labels of a classifier, or values of a regressor.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Samples, flat or not.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            What the compressed graph answers.
        """
        found = self._run(X)
        if self.graph_.is_classifier:
            return np.asarray(self.classes_[found[:, 0].astype(np.intp)])
        return found[:, 0] if found.shape[1] == 1 else found

    @available_where(lambda self: self._answers, "it makes features, which have no score")
    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Accuracy of a classifier, coefficient of determination of a regressor.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Samples, flat or not.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Their labels or values.
        sample_weight : array-like of shape (n_samples,), optional
            How much each sample counts; by default all count the same.

        Returns
        -------
        score : float
            1 at best.
        """
        measure = accuracy_score if self.graph_.is_classifier else r2_score
        return float(measure(y, self.predict(X), sample_weight=sample_weight))

    @available_where(lambda self: not self._answers, "it answers; call predict")
    def transform(self, X: Any) -> Array:
        """Features of a transformer.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Samples, flat or not.

        Returns
        -------
        features : ndarray of float32 of shape (n_samples, n_features_out)
            A row for each sample.
        """
        return self._run(X)

    @available_where(lambda self: not self._answers, "it answers; call predict")
    def fit_transform(self, X: Any, y: Any = None) -> Array:
        """Fit, carry out the passes, and compute the features of the same samples.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Training samples, flat or not.
        y : array-like of shape (n_samples,), default=None
            Labels or values, for estimators and passes that learn from them.

        Returns
        -------
        features : ndarray of float32 of shape (n_samples, n_features_out)
            A row for each sample.
        """
        return np.asarray(self.fit(X, y).transform(X))

    def _run(self, X: Any) -> Array:
        check_is_fitted(self, "graph_")
        flat = self._flat(X, reset=False)
        return engine.run(self.graph_, flat).reshape(len(flat), -1)

    def _flat(self, X: Any, *, reset: bool) -> Array:
        if getattr(X, "ndim", 2) > 2:
            X = np.asarray(X).reshape(len(X), -1)
        fewest = 2 if reset else 1  # Of one sample, nothing is known of how inputs vary.
        checked = validate_data(self, X, reset=reset, dtype="numeric", ensure_min_samples=fewest)
        return np.asarray(checked)

    def __sklearn_tags__(self) -> Any:
        tags = deepcopy(get_tags(self.estimator))
        tags.input_tags.sparse = False
        if tags.classifier_tags is not None:
            tags.classifier_tags.multi_label = False
        tags.target_tags.multi_output &= tags.estimator_type == "regressor"
        return tags

    # -------------------------------------------------------------------- parameters

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Parameters by name.

        Parameters
        ----------
        deep : bool, default=True
            Also those of the estimator and of the passes.

        Returns
        -------
        params : dict
            ``passes__0__levels`` is a parameter of the first pass.
        """
        found = super().get_params(deep=deep)
        if deep:
            for i, each in enumerate(self.passes if isinstance(self.passes, list | tuple) else ()):
                if isinstance(each, Pass):
                    for name, value in each.get_params().items():
                        found[f"passes__{i}__{name}"] = value
        return found

    def set_params(self, **params: Any) -> Compressed:
        """Set parameters.

        Parameters
        ----------
        **params : dict
            By name; those of a pass by its place: ``passes__0__levels``.

        Returns
        -------
        self : object
            This estimator.
        """
        if "passes" in params:
            self.passes = params.pop("passes")
        of_passes = {name: params.pop(name) for name in list(params) if name.startswith("passes__")}
        for name, value in of_passes.items():
            _, place, parameter = name.split("__", 2)
            passes = list(self._each_pass())
            if not place.isdigit() or int(place) >= len(passes):
                raise ValueError(f"there is no {name!r}: there are {len(passes)} passes")
            passes[int(place)] = clone(passes[int(place)]).set_params(**{parameter: value})
            self.passes = passes
        super().set_params(**params)
        return self


def _classes(graph: Graph) -> Array:
    return np.arange(graph.n_classes) if graph.classes is None else np.asarray(graph.classes)


@probabilities.register
def _(compressed: Compressed) -> Probabilities:
    return probabilities(compressed.estimator_)


@seen.register
def _(compressed: Compressed) -> Any:
    return seen(compressed.estimator_)
