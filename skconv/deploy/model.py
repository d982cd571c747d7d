"""A fitted estimator as C: the object that `to_c` makes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skconv.codegen.estimates import code_bytes, core_name
from skconv.codegen.interface import Interface
from skconv.codegen.program import Program
from skconv.codegen.render import CSources
from skconv.codegen.routines.base import Optimize
from skconv.codegen.samples import computed, hop_instructions_by_node
from skconv.deploy import project
from skconv.deploy.alternatives import Options, alternatives
from skconv.deploy.bench import BenchReport, benchmark
from skconv.deploy.comparison import Comparison, compare
from skconv.deploy.conditional_methods import available_where
from skconv.deploy.inference import Engine, Inference
from skconv.deploy.input_check import checked_samples
from skconv.deploy.manifest import Made, chosen
from skconv.deploy.scoring import Scored
from skconv.deploy.streaming import Stream
from skconv.deploy.verification import Verification, verify
from skconv.graph import Graph
from skconv.target.chips import Chip
from skconv.target.cost import Alternative, CostReport, report
from skconv.target.memory import MemoryPlan, plan_memory
from skconv.target.targets import OPTIMIZATION, Target, get_target


class CModel(Scored):
    """A fitted estimator as C: to inspect, verify, run and save.

    Made by `to_c`. For scikit-learn it is a fitted estimator: scorers, displays and
    `sklearn.frozen.FrozenEstimator` take it.

    Parameters
    ----------
    estimator : estimator
        What was converted.
    graph : Graph
        What is computed, op by op.
    name : str
        Prefix of all C symbols.
    target : Target
        What it is for.
    samples : ndarray of shape (n_samples, n_features)
        Calibration samples. The model, its pickle and its saved project keep the first 8 of
        them, as test vectors, and no others.
    optimize : {"size", "balanced", "speed"}
        Whether the routines of the target save memory or instructions.
    interface : Interface
        How firmware calls it.

    Attributes
    ----------
    graph : Graph
        The graph that the C computes, with the routines of the target.
    files : dict of str to str
        The C: file name to text.
    plan : MemoryPlan
        Where each tensor lies in the arena. ``print(model.plan)`` draws it.
    samples : ndarray of shape (at most 8, n_features)
        The calibration samples that are kept.
    calibration_agreement : float
        How well the integers follow the estimator on up to 500 calibration samples, as
        `Verification.agreement`; NaN of a float export.
    classes_ : ndarray
        Of a classifier: the labels of its classes.
    n_features_in_ : int
        Numbers in one sample.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.svm import SVC
    >>> import skconv
    >>> X, y = load_iris(return_X_y=True)
    >>> model = skconv.to_c(SVC().fit(X, y), X, name="iris")
    >>> model
    CModel 'iris': Rescale, QKernelMachine rbf 60x4 (packed), OvoVote, ArgMax
    """

    def __init__(
        self,
        estimator: Any,
        graph: Graph,
        name: str,
        target: Target,
        samples: NDArray[Any],
        optimize: Optimize = "balanced",
        interface: Interface | None = None,
    ) -> None:
        self.estimator = estimator
        self.interface = interface or Interface()
        printed = computed(graph, target, optimize, self.interface)
        self.graph = graph if self.interface.input == "samples" else printed
        self.name = name
        self.target = target
        # A copy: a view would keep all samples alive, and in the pickle.
        self.samples = np.array(samples[: project.N_VECTORS])
        self.optimize: Optimize = optimize
        self.plan: MemoryPlan = plan_memory(printed)
        self.calibration_agreement = float("nan")
        self._any_target = graph
        self._printed = printed

    def __getstate__(self) -> dict[str, Any]:
        """Without what is made anew from the rest."""
        made = {"sources", "inference"}
        return {name: value for name, value in vars(self).items() if name not in made}

    def __repr__(self) -> str:
        return f"CModel {self.name!r}: " + ", ".join(n.op.describe() for n in self.graph.nodes)

    def for_target(self, target: str) -> CModel:
        """Return the same model with the routines of another target.

        Parameters
        ----------
        target : str
            Such as ``"cortex-m0"``; see `skconv.target.targets`.

        Returns
        -------
        model : CModel
            A new one, with the same integers.
        """
        model = CModel(
            self.estimator,
            self._any_target,
            self.name,
            get_target(target),
            self.samples,
            self.optimize,
            self.interface,
        )
        model.calibration_agreement = self.calibration_agreement
        return model

    @cached_property
    def sources(self) -> CSources:
        """The C that `save` writes and all other methods compile."""
        program = Program(self._printed, self.name, self.plan, self.interface, self.graph)
        return CSources(program, self.target)

    @property
    def files(self) -> dict[str, str]:
        return dict(self.sources.files)

    @cached_property
    def inference(self) -> Inference:
        """How samples run, by the C or by the definition."""
        return Inference(self.sources)

    def report(self, chip: str | Chip | None = None) -> CostReport:
        """Report flash, RAM and MACs of every node and in total; needs no compiler.

        Parameters
        ----------
        chip : str or Chip, optional
            Says, too, whether the model fits: a name in `skconv.target.chips.CHIPS`, such as
            ``"stm32f103c8"``, or a `skconv.target.chips.Chip` of the memory that there is.

        Returns
        -------
        CostReport
            ``fits``, ``largest_in_flash``, ``largest_in_ram`` and ``alternatives`` among its
            facts; ``to_dict()`` and ``to_frame()`` give its numbers. The bytes of code and the
            instructions are estimates; all others are exact.

        Raises
        ------
        ValueError
            Where there is no chip of that name; the message lists the names.
        """
        cost = report(
            self._printed,
            self.plan,
            self.interface.probabilities,
            chip,
            code_bytes=code_bytes(self.sources.program, self.target),
            others=self._alternatives,
            target=self.target.name,
        )
        cost = replace(cost, name=self.name, usage=project.usage(self.sources.program))
        if self.graph.domain == "float":
            return cost  # Their routines were never measured.
        counts = hop_instructions_by_node(self._printed, self.target)
        counted = str(self.interface.window or cost.counted)
        return cost.with_instructions(counts, core_name(self.target), counted)

    def _alternatives(self) -> tuple[Alternative, ...]:
        options = Options(self.optimize, self.interface)
        return tuple(alternatives(self._any_target, self.target, options))

    def benchmark(
        self,
        target: str | None = None,
        *,
        X: Any = None,
        n_samples: int = 4,
        flags: tuple[str, ...] = (OPTIMIZATION,),
    ) -> BenchReport:
        """Run on a simulated microcontroller and count instructions: see `BenchReport`.

        With the routines of that target. What is compiled are the files that `save` writes.

        Parameters
        ----------
        target : str, optional
            Such as ``"cortex-m0"``; that of the export by default.
        X : array-like of shape (n_samples, ...), optional
            The samples to run; the calibration samples that the model keeps by default.
        n_samples : int
            How many of them at most.
        flags : tuple of str
            More compiler flags, the optimisation among them.

        Returns
        -------
        BenchReport
            Instructions of each node and of an inference, flash and RAM.

        Raises
        ------
        skconv.emulator.MissingToolError
            Where a compiler or simulator is not installed; it names the package.
        """
        if target is not None and not isinstance(target, str):
            raise TypeError(
                f"target is of type {type(target).__name__}, expected a name such as 'cortex-m0'. "
                "Samples go by keyword: write benchmark(X=samples)."
            )
        model = self if target is None else self.for_target(target)
        x = self.inference.delivered(self._benchmark_samples(X, n_samples))
        return benchmark(model.sources, x, flags=flags)

    def _benchmark_samples(self, X: Any, n_samples: int) -> NDArray[Any]:
        if X is not None:
            return checked_samples(self.graph, X, n_samples)
        if n_samples > len(self.samples):
            raise ValueError(
                f"n_samples={n_samples}, but a model keeps no more than {len(self.samples)} of "
                f"its calibration samples; write benchmark(X=samples, n_samples={n_samples})"
            )
        return self.samples[:n_samples]

    # ------------------------------------------------------------------------- running

    def predict(self, X: Any, engine: Engine = "auto") -> NDArray[Any]:
        """Predict labels of a classifier, or values of a regressor.

        Of an `EventDetector` indices of classes, -1 where no event begins; each window is the
        first of a stream.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Samples, flat or not.
        engine : {"auto", "c", "fixed"}
            The C through the compiler of this machine; Python's definition of the same
            numbers; or the C where there is a compiler. One that fails is told by a
            `skconv.exceptions.CompilerWarning`, once.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            What the C answers; for several outputs the second form, of classifiers too.

        Warns
        -----
        InputRangeWarning
            Where ``X`` holds numbers that the device cannot deliver: they are rounded or
            clipped. So do the other methods that take samples.
        """
        x = self._delivered(X)
        if self.interface.scores and not self._is_classifier:
            raise TypeError(
                f"this model gives scores alone: call {self.interface.scores}, or convert without "
                "scores=True"
            )
        if self._is_classifier:
            return self._decisions(self.inference.indices(x, engine))
        return self._values(self.inference.scores(x, engine))

    def _decisions(self, indices: NDArray[Any]) -> NDArray[Any]:
        """Labels of classes; their indices where there are events, for -1 has no label."""
        return indices if self._finds_events else self.classes_[indices]

    def _values(self, scores: NDArray[np.float64]) -> NDArray[Any]:
        """Results as scikit-learn returns them; of several decisions a label for each."""
        if op := self.graph.decisions:
            columns = zip(op.labels, scores.T.astype(np.intp), strict=True)
            return np.column_stack([labels[indices] for labels, indices in columns])
        single = self._is_regressor and scores.shape[1] == 1
        return scores[:, 0] if single else scores

    @available_where(
        lambda model: model._is_classifier or model.interface.scores == "decision_function",
        "it is not a classifier; call predict",
    )
    def decision_function(self, X: Any, engine: Engine = "auto") -> NDArray[np.float64]:
        """Scores of a classifier (votes where one against one decides), as real numbers.

        Of a model made by ``to_c(..., scores=True)`` they are those of the estimator.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Samples, flat or not.
        engine : {"auto", "c", "fixed"}
            As in `predict`.

        Returns
        -------
        scores : ndarray of shape (n_samples,) or (n_samples, n_classes)
            One score where it decides between two classes: positive for the second.
        """
        scores = self.inference.scores(self._delivered(X), engine)
        return scores[:, 0] if scores.shape[1] == 1 else scores

    @available_where(
        lambda model: model.interface.scores == "score_samples",
        "write to_c(..., scores=True) of a density, such as a mixture",
    )
    def score_samples(self, X: Any, engine: Engine = "auto") -> NDArray[np.float64]:
        """Logarithms of densities, as the estimator's method of that name returns them.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Samples, flat or not.
        engine : {"auto", "c", "fixed"}
            As in `predict`.

        Returns
        -------
        scores : ndarray of shape (n_samples,)
            The higher, the more likely.
        """
        return self.inference.scores(self._delivered(X), engine)[:, 0]

    @available_where(
        lambda model: model.interface.probabilities is not None,
        "write to_c(..., probabilities=True)",
    )
    def predict_proba(self, X: Any, engine: Engine = "auto") -> NDArray[np.float64]:
        """Class probabilities, as ``NAME_probabilities`` computes them.

        Of a model made by ``to_c(..., probabilities=True)``. Each has 15 bits of fraction, so
        they sum to 1 within 1e-4; some metrics want them divided by their sum.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Samples, flat or not.
        engine : {"auto", "c", "fixed"}
            As in `predict`.

        Returns
        -------
        p : ndarray of shape (n_samples, n_classes)
            In the order of ``classes_``.
        """
        return self.inference.probabilities(self._delivered(X), engine)

    @available_where(
        lambda model: hasattr(model.estimator, "transform"),
        "its estimator does not transform; call predict",
    )
    def transform(self, X: Any, engine: Engine = "auto") -> NDArray[np.float32]:
        """Features of a transformer, in its own units.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Samples, flat or not.
        engine : {"auto", "c", "fixed"}
            As in `predict`.

        Returns
        -------
        features : ndarray of float32 of shape (n_samples, n_features_out)
            A row for each sample.
        """
        return self.inference.scores(self._delivered(X), engine).astype(np.float32)

    @available_where(
        lambda model: model.interface.window is not None,
        "write to_c(..., input='samples', hop=10)",
    )
    def stream(self, engine: Engine = "auto") -> Stream:
        """Begin a stream of samples, as ``NAME_begin`` and ``NAME_push`` do: see `Stream`.

        Parameters
        ----------
        engine : {"auto", "c", "fixed"}
            As in `predict`.

        Returns
        -------
        stream : Stream
            At rest: its first window is not full.
        """
        return Stream(self, engine)

    def _delivered(self, X: Any) -> NDArray[Any]:
        """Samples as the device delivers them; a warning where it cannot."""
        return self.inference.delivered(checked_samples(self.graph, X))

    # ------------------------------------------------------------------------ checking

    def verify(self, X: Any) -> Verification:
        """Compare the compiled C with its definition, and the result with the estimator.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Samples, as the estimator takes them.

        Returns
        -------
        Verification
            Bytes that differ, and the share of decisions that agree; it prints as lines.
        """
        return verify(self, X)

    def compare(self, X: Any) -> Comparison:
        """Measure the quantisation loss of every layer.

        The float graph of the estimator runs beside the integers, and tensors of the same
        name are compared as real numbers. Stages that the C fuses are taken apart for it.
        A deep network computes with channels that were brought closer to one range; its maps
        are compared up to one factor for each channel, features and scores as they are.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Samples, flat or not.

        Returns
        -------
        Comparison
            Printed it is a table; ``to_frame()`` gives a data frame.

        See Also
        --------
        skconv.QuantizationDisplay : The same as a chart.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from sklearn.svm import SVC
        >>> import skconv
        >>> X, y = load_iris(return_X_y=True)
        >>> found = skconv.to_c(SVC().fit(X, y), X).compare(X)
        >>> [row.node for row in found.rows]
        ['input', 'kernelmachine', 'ovovote']
        """
        return compare(self, X)

    # -------------------------------------------------------------------------- saving

    def save(
        self,
        folder: str | Path,
        *,
        measured: Sequence[BenchReport] = (),
        accuracy: float | None = None,
    ) -> Path:
        """Write a project folder that builds by itself, with a test.

        Parameters
        ----------
        folder : path
            Made if it does not exist. An earlier export of the model in it is replaced, other
            files stay. Nothing is left half-written.
        measured : sequence of BenchReport
            What `benchmark` found, for the README.
        accuracy : float, optional
            What `score` gave on your test samples, for the README and the manifest.

        Returns
        -------
        folder : Path
            Where the files are.
        """
        x = self.inference.delivered(self.samples)
        made = Made(chosen(self.optimize, self.interface), self.calibration_agreement, accuracy)
        return project.save(folder, self.sources, x, measured=measured, made=made)
