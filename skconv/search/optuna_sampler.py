"""Candidates that optuna proposes: its TPE and NSGA-II know several objectives."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from skconv.search.candidate import Candidate
from skconv.search.sampling import Distributions, log_costs

if TYPE_CHECKING:
    import optuna

Algorithm = Literal["tpe", "nsga2"]
# With the default of 50, a search of a few hundred candidates has few generations.
POPULATION = 20


class OptunaSampler:
    """A study of optuna whose objectives are the score and the costs without a limit.

    Scores are those of the first level, which every candidate that fits the budget has. Lists of
    numbers in order are searched by their places; other lists have no order.

    Parameters
    ----------
    spaces : sequence of mapping
        Lists, or distributions of `scipy.stats`: ``uniform``, ``loguniform``, ``randint``.
    random : RandomState
    objectives : sequence of str
        Costs to make small.
    algorithm : {"tpe", "nsga2"}

    Raises
    ------
    ImportError
        Where optuna is not installed.
    ValueError
        Where a distribution is none of these.

    References
    ----------
    Y. Ozaki et al., "Multiobjective tree-structured Parzen estimator", JAIR 73, 2022.

    K. Deb et al., "A fast and elitist multiobjective genetic algorithm: NSGA-II", IEEE
    Transactions on Evolutionary Computation 6(2), 2002.
    """

    def __init__(
        self,
        spaces: Sequence[Distributions],
        random: np.random.RandomState,
        objectives: Sequence[str],
        algorithm: Algorithm,
    ) -> None:
        self.spaces = spaces
        self.objectives = tuple(objectives)
        self.study = _study(1 + len(self.objectives), algorithm, int(random.randint(2**31 - 1)))
        self._trials: dict[Candidate, optuna.Trial] = {}
        self._told: set[Candidate] = set()

    def ask(self, n: int, known: Sequence[Candidate]) -> list[Candidate]:
        self._tell(known)
        return [self._asked() for _ in range(n)]

    def keep(
        self, n: int, planned: Sequence[Candidate], known: Sequence[Candidate]
    ) -> list[Candidate]:
        return list(planned[:n])

    def _tell(self, known: Sequence[Candidate]) -> None:
        for candidate in known:
            if candidate not in self._told:
                self._told.add(candidate)
                trial = self._trials.pop(candidate, None) or self._trial_of(candidate)
                (costs,) = log_costs([candidate], self.objectives)
                self.study.tell(trial, [-candidate.scores[0], *costs])

    def _trial_of(self, candidate: Candidate) -> optuna.Trial:
        """A trial with the parameters of a candidate that another search proposed."""
        space, places = json.loads(candidate.code)
        fixed = {f"{space} {name}": value for name, value in places.items()}
        self.study.enqueue_trial({"space": space, **fixed})
        trial = self.study.ask()
        self._params(trial)
        return trial

    def _asked(self) -> Candidate:
        trial = self.study.ask()
        candidate = Candidate(*self._params(trial))
        self._trials[candidate] = trial
        return candidate

    def _params(self, trial: optuna.Trial) -> tuple[dict[str, Any], int]:
        space = trial.suggest_categorical("space", list(range(len(self.spaces))))
        chosen = self.spaces[space]
        return {n: suggested(trial, f"{space} {n}", chosen[n]) for n in chosen}, space


def suggested(trial: optuna.Trial, name: str, values: Any) -> Any:
    """A value of a list or of a distribution of scipy.

    Examples
    --------
    >>> import optuna
    >>> from skconv.search.optuna_sampler import suggested
    >>> suggested(optuna.trial.FixedTrial({"C": 2}), "C", [0.1, 1, 10])
    10
    """
    if not hasattr(values, "rvs"):
        places = range(len(values))
        is_ordered = all(isinstance(value, int | float) for value in values)
        if is_ordered and list(values) == sorted(values):
            return values[trial.suggest_int(name, 0, len(values) - 1)]
        return values[trial.suggest_categorical(name, list(places))]
    low, high = (float(bound) for bound in values.support())
    match values.dist.name:
        case "loguniform" | "reciprocal":
            return trial.suggest_float(name, low, high, log=True)
        case "uniform":
            return trial.suggest_float(name, low, high)
        case "randint":
            return trial.suggest_int(name, int(low), int(high))
    raise ValueError(
        f"param_distributions has {values.dist.name!r} for {name.split(' ', 1)[1]!r}, expected a "
        "list, uniform, loguniform or randint with this sampler. Write sampler='density'."
    )


def _study(n_objectives: int, algorithm: Algorithm, seed: int) -> optuna.Study:
    try:
        import optuna
    except ImportError as error:
        raise ImportError(
            f"sampler={algorithm!r} needs optuna. Write pip install 'skconv[search]', or "
            "sampler='density'."
        ) from error
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    sampler: Mapping[str, Any] = {
        "tpe": lambda: optuna.samplers.TPESampler(seed=seed),
        "nsga2": lambda: optuna.samplers.NSGAIISampler(seed=seed, population_size=POPULATION),
    }
    return optuna.create_study(directions=["minimize"] * n_objectives, sampler=sampler[algorithm]())
