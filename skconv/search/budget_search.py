"""`BudgetSearchCV`: the best model that a chip has room for."""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping
from copy import deepcopy
from numbers import Integral, Real
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar, NoReturn, cast

import joblib
import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, MetaEstimatorMixin, is_classifier
from sklearn.metrics import check_scoring
from sklearn.model_selection import check_cv
from sklearn.utils import check_array, check_random_state, get_tags, indexable
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import _check_y, check_is_fitted, column_or_1d

from skconv.deploy.model import CModel
from skconv.search.budget import Budget
from skconv.search.costs import exported, plan, trial_rows
from skconv.search.journal import Journal
from skconv.search.levels import levels
from skconv.search.optuna_sampler import Algorithm, OptunaSampler
from skconv.search.results import cv_results, pareto_front
from skconv.search.sampling import DensitySampler, RandomSampler, Sampler
from skconv.search.spaces import Space, space_of
from skconv.search.study import Study, batch_size
from skconv.target.chips import Chip, get_chip
from skconv.utils.doc_link import DocLinkMixin
from skconv.utils.progress import quietly, reporting
from skconv.utils.restore import restored_on_error

SAMPLERS = ("density", "random", "tpe", "nsga2")
DEFAULT_CANDIDATES = 60


def _best_has(method: str) -> Any:
    """Whether the estimator that was found has a method."""

    def check(search: BudgetSearchCV) -> bool:
        check_is_fitted(search)
        getattr(search.best_estimator_, method)  # Its own error says why there is none.
        return True

    return available_if(check)


class BudgetSearchCV(MetaEstimatorMixin, DocLinkMixin, BaseEstimator):
    """Search for the best model that fits a microcontroller.

    Every candidate is first fitted to a few samples and turned into C: its RAM, its flash and
    its instructions are then known, and what is over the budget is never fitted to all samples.
    The others climb, the best third each time: first with a ridge regression, which has a closed
    form, in place of the head and a ninth of the samples; then as they are, with a third of them;
    then cross-validated on all samples, and scored as the integer C that the device will run.

    Parameters
    ----------
    estimator : estimator, {"images", "signals"} or None, default=None
        What parameters are set of: a Pipeline that `skconv.to_c` converts. A word is a space of
        extractors and heads to start with: of images ``(n_samples, height, width[, channels])``,
        or of signals ``(n_samples, length[, channels])``. None takes the one that the shape of
        ``X`` tells.
    param_distributions : dict or list of dict, default=None
        Parameters, and the lists or distributions that they are drawn from, as
        `sklearn.model_selection.RandomizedSearchCV` takes them. Needed with your own estimator.
    chip : str or Chip, default=None
        RAM and flash to stay within, and the target of the C: a name in
        `skconv.target.chips.CHIPS`, or a `skconv.target.chips.Chip`.
    ram_bytes : int, default=None
        Most RAM: working memory, input and output. The search makes small what has no limit.
    flash_bytes : int, default=None
        Most flash: tables, and code as estimated.
    instructions : int, default=None
        Most of one inference, as estimated for the target: of a Cortex-M4 or Cortex-M0.
    n_candidates : int, default=None
        How many are fitted; 60 where there is no ``time_limit`` either.
    time_limit : float, default=None
        Seconds after which no further candidate is begun. Fits that have begun are finished, and
        the best model is fitted to all samples after that.
    sampler : {"density", "random", "tpe", "nsga2"}, default="density"
        Children of the best so far, most where the front is thin (LEMONADE), in a default space
        after a portfolio of settings that suit many data sets; independent draws; optuna's
        tree-structured Parzen estimator or genetic algorithm.
    proxy : {"ridge", "random"}, default="ridge"
        What candidates are fitted with at the first level: a ridge in place of the head, or, with
        "random", also random kernels in place of those that `PCAConvFeatures` and
        `KMeansConvFeatures` learn.
    options : dict, default=None
        Arguments of `skconv.to_c`, such as ``{"linear_bits": 8}``. Where they say nothing of
        ``optimize`` and ``input``, the search takes the first that fits: a whole sample, then less
        memory, then row by row.
    scoring : str, callable or None, default=None
        As in `sklearn.model_selection.GridSearchCV`; the C is scored with it, too.
    cv : int, cross-validation generator or iterable, default=3
        Folds of the last level. The levels before take the first of them.
    refit : bool, default=True
        Fit the best candidate to all samples, and make its C.
    study : path-like, default=None
        A file that keeps every measurement as it comes, for ``resume``. Several searches may share
        it at a time, each with a ``random_state`` of its own.
    resume : bool, default=False
        Go on with the study in that file, or take part in it: what is measured is not measured
        again.
    cache_bytes : int, default=2**30
        How large the features that candidates share may grow, in a temporary folder.
    n_jobs : int, default=None
        Candidates at a time, by joblib.
    verbose : int, default=0
        1 prints a line for each batch of candidates.
    random_state : int, RandomState instance or None, default=None
        An int makes candidates and extractors reproducible.

    Attributes
    ----------
    best_estimator_ : estimator
        Fitted to all samples.
    best_model_ : CModel
        Its C.
    best_params_ : dict
    best_score_ : float
        Mean score of its C over the folds.
    best_index_ : int
        Its place in ``cv_results_``.
    pareto_front_ : ParetoFront
        Candidates that no other one betters in score, RAM, flash and instructions.
    cv_results_ : dict of arrays
        A row for each candidate; ``pandas.DataFrame(search.cv_results_)`` opens it. ``refused``
        says why a candidate was not fitted, ``level`` how far it came, ``elsewhere`` whether
        another search of the study proposed it.
    best_options_ : dict
        Arguments of `skconv.to_c` that its C was made with.
    budget_ : Budget
        The limits.
    levels_ : list of Level
        What candidates were measured with, the cheapest first.
    n_refused_ : int
        Candidates that are over the budget.
    classes_ : ndarray of shape (n_classes,)
        Of a classifier.
    n_features_in_ : int
        Numbers in one sample.

    Raises
    ------
    ImportError
        Where ``sampler`` is optuna's, and optuna is not installed.
    ValueError
        Where a parameter is not what is wanted, where ``study`` exists already, or where no
        candidate fits the budget.

    See Also
    --------
    sklearn.model_selection.HalvingRandomSearchCV : By score alone.
    skconv.compress : Makes a fitted model smaller.

    References
    ----------
    L. Li et al., "A system for massively parallel hyperparameter tuning", MLSys 2020 (ASHA).

    T. Elsken, J. H. Metzen, F. Hutter, "Efficient multi-objective neural architecture search via
    Lamarckian evolution", ICLR 2019.

    Examples
    --------
    >>> import skconv
    >>> from sklearn.pipeline import make_pipeline
    >>> from skconv.datasets import load_digits
    >>> X, y = load_digits(return_X_y=True)
    >>> pipeline = make_pipeline(
    ...     skconv.RandomConvFeatures(kernel_size=3, random_state=0), skconv.BatchRidgeClassifier()
    ... )
    >>> search = skconv.BudgetSearchCV(
    ...     pipeline,
    ...     {"randomconvfeatures__n_kernels": [4, 6, 8], "batchridgeclassifier__alpha": [1, 10]},
    ...     flash_bytes=8 * 1024, ram_bytes=1024, n_candidates=3, cv=2, random_state=0,
    ... ).fit(X[:300], y[:300])
    >>> search.best_model_.report("atmega328p").fits
    True
    >>> search.score(X[300:600], y[300:600]) > 0.8
    True
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "estimator": [HasMethods(["fit"]), StrOptions({"images", "signals"}), None],
        "param_distributions": [dict, list, tuple, None],
        "chip": [str, Chip, None],
        "n_candidates": [Interval(Integral, 1, None, closed="left"), None],
        "time_limit": [Interval(Real, 0, None, closed="neither"), None],
        "sampler": [StrOptions(set(SAMPLERS))],
        "proxy": [StrOptions({"ridge", "random"})],
        "options": [dict, None],
        "cv": ["cv_object"],
        "refit": ["boolean"],
        "study": [str, Path, None],
        "resume": ["boolean"],
        "cache_bytes": [Interval(Integral, 0, None, closed="left")],
        "n_jobs": [Integral, None],
        "verbose": ["verbose"],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        estimator: Any = None,
        param_distributions: Any = None,
        *,
        chip: str | Chip | None = None,
        ram_bytes: int | None = None,
        flash_bytes: int | None = None,
        instructions: int | None = None,
        n_candidates: int | None = None,
        time_limit: float | None = None,
        sampler: str = "density",
        proxy: str = "ridge",
        options: Mapping[str, Any] | None = None,
        scoring: Any = None,
        cv: Any = 3,
        refit: bool = True,
        study: Any = None,
        resume: bool = False,
        cache_bytes: int = 2**30,
        n_jobs: int | None = None,
        verbose: int = 0,
        random_state: Any = None,
    ) -> None:
        self.estimator = estimator
        self.param_distributions = param_distributions
        self.chip = chip
        self.ram_bytes = ram_bytes
        self.flash_bytes = flash_bytes
        self.instructions = instructions
        self.n_candidates = n_candidates
        self.time_limit = time_limit
        self.sampler = sampler
        self.proxy = proxy
        self.options = options
        self.scoring = scoring
        self.cv = cv
        self.refit = refit
        self.study = study
        self.resume = resume
        self.cache_bytes = cache_bytes
        self.n_jobs = n_jobs
        self.verbose = verbose
        self.random_state = random_state

    def fit(self, X: Any, y: Any, groups: Any = None) -> BudgetSearchCV:
        """Search.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Training samples: images, or signals.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Their labels or values.
        groups : array-like of shape (n_samples,), default=None
            Of the samples, for a ``cv`` that splits by them.

        Returns
        -------
        self : object
            The fitted search.
        """
        self._validate_params()
        with restored_on_error(self), reporting(type(self).__name__, self.verbose):
            # A data frame stays one, for the names of its columns.
            X = X if hasattr(X, "iloc") else check_array(X, dtype="numeric", allow_nd=True)
            X, y, groups = indexable(X, _checked_targets(y), groups)
            with TemporaryDirectory() as cache:
                study, sampler = self._study(X, y, groups, joblib.Memory(cache, verbose=0))
                n = self.n_candidates
                if n is None and self.time_limit is None:
                    n = DEFAULT_CANDIDATES
                study.run(sampler, n, self.time_limit)
            self._take(study)
            if self.refit:
                self._refit(study, X, y)
        return self

    def _study(self, X: Any, y: Any, groups: Any, memory: Any) -> tuple[Study, Sampler]:
        random = check_random_state(self.random_state)
        asked = (self.estimator, self.param_distributions, X, y)
        space = space_of(*asked, 0)
        estimator = space.estimator
        budget = Budget.of(self.chip, self.ram_bytes, self.flash_bytes, self.instructions)
        options = self._options()
        cv = check_cv(self.cv, y, classifier=is_classifier(estimator))
        folds = [(np.asarray(a), np.asarray(b)) for a, b in cv.split(X, y, groups)]
        # Addresses in memory are others in the next process.
        scoring = re.sub(r" at 0x\w+", "", str(self.scoring))
        subject = joblib.hash(
            (estimator, space.distributions, budget, options, folds, scoring, self.proxy, X, y)
        )
        journal = self._journal(str(subject), random)
        # Other searches of the study have the same extractors, and levels with the same samples.
        seed = journal.agreed("seed", {"seed": int(random.randint(2**31 - 1))})["seed"]
        space = space_of(*asked, seed)
        study = Study(
            estimator=space.estimator,
            spaces=space.distributions,
            X=X,
            y=y,
            rows=trial_rows(estimator, y),
            levels=levels(folds, np.random.RandomState(seed)),
            budget=budget,
            options=options,
            scorer=check_scoring(estimator, self.scoring),
            journal=journal,
            memory=memory,
            cache_bytes=self.cache_bytes,
            n_jobs=self.n_jobs,
            proxy=self.proxy,
            most_features=space.most_features,
        )
        return study, self._sampler(space, random, budget)

    def _sampler(self, space: Space, random: np.random.RandomState, budget: Budget) -> Sampler:
        if self.sampler in ("tpe", "nsga2"):
            algorithm = cast(Algorithm, self.sampler)
            return OptunaSampler(space.distributions, random, budget.objectives, algorithm)
        if self.sampler == "random":
            return RandomSampler(space.distributions, random)
        return DensitySampler(space.distributions, random, space.starts)

    def _options(self) -> dict[str, Any]:
        options = dict(self.options or {})
        target = "" if self.chip is None else get_chip(self.chip).target
        return {"target": target, **options} if target else options

    def _journal(self, subject: str, random: np.random.RandomState) -> Journal:
        if self.study is not None and not self.resume and Path(self.study).exists():
            raise ValueError(
                f"study={str(self.study)!r} exists already. Write resume=True to go on with it, or "
                "another name."
            )
        # What proposes the same candidates again has the same name.
        number = int(random.randint(2**31 - 1))
        writer = f"{self.sampler} {number}, batches of {batch_size(self.n_jobs)}"
        return Journal(self.study, subject, writer)

    def _take(self, study: Study) -> None:
        """Results out of the candidates; an error where none is within the budget."""
        self.budget_ = study.budget
        self.levels_ = list(study.levels)
        self.n_refused_ = sum(bool(c.plan and c.plan.excess) for c in study.candidates)
        if not study.finished:
            _raise_nothing_found(study)
        best = max(study.finished, key=lambda c: c.scores[-1])
        self.cv_results_ = cv_results(study.candidates, len(study.levels[-1].folds))
        self.pareto_front_ = pareto_front(study.candidates, study.finished)
        self.best_index_ = study.candidates.index(best)
        self.best_score_ = best.scores[-1]
        self.best_params_ = dict(best.params)
        self.best_options_ = {} if best.plan is None else dict(best.plan.options)

    def _refit(self, study: Study, X: Any, y: NDArray[Any]) -> None:
        best = study.build(study.candidates[self.best_index_])
        with quietly(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # As in all fits of the search.
            self.best_estimator_ = best.fit(X, y)
        self.best_model_: CModel = exported(self.best_estimator_, X, self.best_options_)

    # ---------------------------------------------------------------------- answers

    @_best_has("predict")
    def predict(self, X: Any) -> NDArray[Any]:
        """Predict with the best estimator.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Samples.

        Returns
        -------
        y : ndarray
            Labels or values.
        """
        return np.asarray(self.best_estimator_.predict(X))

    @_best_has("predict_proba")
    def predict_proba(self, X: Any) -> NDArray[Any]:
        """Probabilities by the best estimator.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Samples.

        Returns
        -------
        p : ndarray of shape (n_samples, n_classes)
            In the order of ``classes_``.
        """
        return np.asarray(self.best_estimator_.predict_proba(X))

    @_best_has("decision_function")
    def decision_function(self, X: Any) -> NDArray[Any]:
        """Scores by the best estimator.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Samples.

        Returns
        -------
        scores : ndarray of shape (n_samples,) or (n_samples, n_classes)
            As the classifier gives them.
        """
        return np.asarray(self.best_estimator_.decision_function(X))

    def score(self, X: Any, y: Any) -> float:
        """Score of the best estimator, by ``scoring``.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Samples.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Their labels or values.

        Returns
        -------
        score : float
            The higher, the better.
        """
        check_is_fitted(self, "best_estimator_")
        return float(check_scoring(self.best_estimator_, self.scoring)(self.best_estimator_, X, y))

    @property
    def classes_(self) -> NDArray[Any]:
        """Labels of a classifier."""
        return np.asarray(self.best_estimator_.classes_)

    @property
    def n_features_in_(self) -> int:
        """Numbers in one sample."""
        return int(self.best_estimator_.n_features_in_)

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "best_estimator_")

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        if self.estimator is not None and not isinstance(self.estimator, str):
            inner = get_tags(self.estimator)
            tags.estimator_type = inner.estimator_type
            tags.classifier_tags = deepcopy(inner.classifier_tags)
            if tags.classifier_tags is not None:
                tags.classifier_tags.multi_label = False
            tags.regressor_tags = inner.regressor_tags
        return tags


def _checked_targets(y: Any) -> NDArray[Any]:
    """Targets as an array; a single column is taken as a vector, with scikit-learn's warning."""
    y = _check_y(y, multi_output=True)
    return column_or_1d(y, warn=True) if y.ndim == 2 and y.shape[1] == 1 else y


def _raise_nothing_found(study: Study) -> NoReturn:
    """Say why no candidate is left; where all fail, the error of the first."""
    refused = [c.plan for c in study.candidates if c.plan is not None and c.plan.excess]
    if refused:
        smallest = min(refused, key=lambda plan: plan.costs.flash_bytes)
        raise ValueError(
            f"no candidate of {len(study.candidates)} is within the budget; the one with the least "
            f"flash takes {smallest.excess}. Give more memory, or a space with smaller models."
        )
    first = study.candidates[0]
    plan(study.build(first), *study.trial_samples, study.options, study.budget)
    raise ValueError(
        f"no candidate of {len(study.candidates)} could be fitted and scored; the first failed "
        f"with {first.failed}"
    )
