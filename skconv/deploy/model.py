"""A fitted estimator as C: the object that `to_c` makes."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from skconv.codegen.estimates import code_bytes
from skconv.codegen.interface import Interface
from skconv.codegen.program import Program
from skconv.codegen.render import CSources, c_sources
from skconv.codegen.routines.base import Optimize
from skconv.codegen.select import select
from skconv.deploy import project
from skconv.deploy.alternatives import Options, alternatives
from skconv.deploy.arguments import check_option, check_samples
from skconv.deploy.available import available_where
from skconv.deploy.bench import BenchReport, benchmark
from skconv.deploy.comparison import Comparison, compare
from skconv.deploy.compiled import CompiledSources, CompilerError, NoCompilerError
from skconv.deploy.input_check import check_input
from skconv.deploy.manifest import Made
from skconv.deploy.scoring import Scored
from skconv.deploy.verification import Verification, verify
from skconv.exceptions import CompilerWarning, warn
from skconv.graph import Graph
from skconv.graph.integer import KERNEL_FRACTION_BITS
from skconv.runtime import fixed, reference
from skconv.target.chips import Chip
from skconv.target.cost import Alternative, CostReport, report
from skconv.target.memory import MemoryPlan, plan_memory
from skconv.target.targets import OPTIMIZATION, Target, get_target

Engine = Literal["auto", "c", "fixed"]


class CModel(Scored):
    """A fitted estimator as C: looked at, checked, used and saved.

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
        by_rows = self.interface.input == "rows"
        self.graph = select(graph, target, optimize, by_rows=by_rows)
        self.name = name
        self.target = target
        # A copy: a view would keep all samples alive, and in the pickle.
        self.samples = np.array(samples[: project.N_VECTORS])
        self.optimize: Optimize = optimize
        self.plan: MemoryPlan = plan_memory(self.graph)
        self.calibration_agreement = float("nan")
        self._any_target = graph
        self._has_warned = False

    def __getstate__(self) -> dict[str, Any]:
        """Without what is made anew from the rest."""
        made = {"program", "sources", "_compiled"}
        return {name: value for name, value in vars(self).items() if name not in made}

    def __repr__(self) -> str:
        return f"CModel {self.name!r}: " + ", ".join(n.op.describe() for n in self.graph.nodes)

    def for_target(self, target: str) -> CModel:
        """The same numbers with the routines of another target."""
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
    def program(self) -> Program:
        """What the C prints, with all its names."""
        return Program(self.graph, self.name, self.plan, self.interface)

    @cached_property
    def sources(self) -> CSources:
        """The files that are saved, and that all methods compile."""
        return c_sources(self.program, self.target)

    @property
    def files(self) -> dict[str, str]:
        return dict(self.sources.files)

    @cached_property
    def _compiled(self) -> CompiledSources:
        return CompiledSources(self.sources)

    def report(self, chip: str | Chip | None = None) -> CostReport:
        """Bytes of flash and RAM, and MACs, of every node and in all; known without a compiler.

        Parameters
        ----------
        chip : str or Chip, optional
            Says, too, whether the model fits: a name in `skconv.target.chips.CHIPS`, such as
            ``"stm32f103c8"``, or a `skconv.target.chips.Chip` of the memory that there is.

        Returns
        -------
        CostReport
            ``fits``, ``largest_in_flash``, ``largest_in_ram`` and ``alternatives`` among its
            facts; ``to_dict()`` and ``to_frame()`` give its numbers. The bytes of code are an
            estimate; all others are exact.

        Raises
        ------
        ValueError
            Where there is no chip of that name; the message lists the names.
        """
        return report(
            self.graph,
            self.plan,
            self.interface.probabilities,
            chip,
            code_bytes=code_bytes(self.program, self.target),
            others=self._alternatives,
            target=self.target.name,
        )

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
        """Build for a simulated microcontroller, run, and count: see `BenchReport`.

        With the routines of that target. What is compiled are the files that `save` writes.

        Parameters
        ----------
        target : str, optional
            Such as ``"cortex-m0"``; what the model was exported for by default.
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
                f"target is of type {type(target).__name__}, wanted a name such as 'cortex-m0'. "
                "Samples go by keyword: write benchmark(X=samples)."
            )
        model = self if target is None else self.for_target(target)
        samples = self._input(self._benchmark_samples(X, n_samples))
        return benchmark(model.sources, samples, flags=flags)

    def _benchmark_samples(self, X: Any, n_samples: int) -> NDArray[Any]:
        if X is not None:
            samples = check_samples("X", X, self.n_features_in_)[:n_samples]
            check_input(self.graph.input, samples)
            return samples
        if n_samples > len(self.samples):
            raise ValueError(
                f"n_samples={n_samples}, but a model keeps no more than {len(self.samples)} of "
                f"its calibration samples; write benchmark(X=samples, n_samples={n_samples})"
            )
        return self.samples[:n_samples]

    # ------------------------------------------------------------------------- running

    def predict(self, X: Any, engine: Engine = "auto") -> NDArray[Any]:
        """Labels of a classifier, or values of a regressor.

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

        Warns
        -----
        InputRangeWarning
            Where ``X`` holds numbers that the device cannot deliver: they are rounded or
            clipped. So do the other methods that take samples.
        """
        x = self._checked_input(X)
        if self._is_classifier:
            return self._labels(x, engine)
        values = self._scores(x, engine)
        single = self._is_regressor and values.shape[1] == 1
        return values[:, 0] if single else values

    @available_where(lambda model: model._is_classifier, "it is not a classifier; call predict")
    def decision_function(self, X: Any, engine: Engine = "auto") -> NDArray[np.float64]:
        """Scores of a classifier (votes where one against one decides), as real numbers.

        Returns
        -------
        scores : ndarray of shape (n_samples,) or (n_samples, n_classes)
            One score where it decides between two classes: positive for the second.
        """
        scores = self._scores(self._checked_input(X), engine)
        return scores[:, 0] if scores.shape[1] == 1 else scores

    @available_where(
        lambda model: model.interface.probabilities is not None,
        "write to_c(..., probabilities=True)",
    )
    def predict_proba(self, X: Any, engine: Engine = "auto") -> NDArray[np.float64]:
        """Probabilities of the classes as ``NAME_probabilities`` gives them.

        Of a model made by ``to_c(..., probabilities=True)``. Each has 15 bits of fraction, so
        they sum to 1 within 1e-4; some metrics want them divided by their sum.
        """
        op = self.interface.probabilities
        assert op is not None
        scores = self._run(self._checked_input(X), self.graph.scores_name, engine)
        found = self._by_c(engine, lambda: self._compiled.probabilities(scores))
        found = fixed.evaluate(op, scores) if found is None else found
        return np.asarray(found / 2.0**KERNEL_FRACTION_BITS)

    @available_where(
        lambda model: hasattr(model.estimator, "transform"),
        "its estimator does not transform; call predict",
    )
    def transform(self, X: Any, engine: Engine = "auto") -> NDArray[np.float32]:
        """Features of a transformer, in its own units."""
        return self._scores(self._checked_input(X), engine).astype(np.float32)

    def _checked_input(self, X: Any) -> NDArray[Any]:
        """Samples as the device delivers them; a warning where it cannot."""
        samples = check_samples("X", X, self.n_features_in_)
        check_input(self.graph.input, samples)
        return self._input(samples)

    def _labels(self, x: NDArray[Any], engine: Engine) -> NDArray[Any]:
        return self.classes_[self._run(x, self.graph.output_name, engine)[:, 0]]

    def _scores(self, x: NDArray[Any], engine: Engine) -> NDArray[np.float64]:
        spec = self.graph.specs[self.graph.scores_name]
        q = self._run(x, self.graph.scores_name, engine).astype(np.float64)
        return np.asarray(spec.real(q))

    def _run(self, x: NDArray[Any], tensor: str, engine: Engine) -> NDArray[Any]:
        is_decision = self._is_classifier and tensor == self.graph.output_name
        run = "predict" if is_decision else "run"
        found = self._by_c(engine, lambda: getattr(self._compiled, run)(x))
        found = self._definition(x, (tensor,))[tensor] if found is None else found
        return found.reshape(len(x), -1)

    def _by_c(self, engine: Engine, run: Callable[[], NDArray[Any]]) -> NDArray[Any] | None:
        """What the C gives; None where it is not wanted, or cannot run and need not."""
        check_option("engine", engine, get_args(Engine))
        if engine == "fixed":
            return None
        try:
            return run()
        except CompilerError as error:
            if engine == "c":
                raise
            self._warn_once(error)
            return None

    def _warn_once(self, error: CompilerError) -> None:
        """Warn of a compiler that fails; a machine without one needs no warning."""
        if isinstance(error, NoCompilerError) or self._has_warned:
            return
        self._has_warned = True
        warn(
            f"the integer definition runs instead of the C, and takes longer: {error}",
            CompilerWarning,
        )

    def _input(self, x: NDArray[Any]) -> NDArray[Any]:
        if self.graph.domain == "float":
            return x.astype(np.float32)
        return fixed.quantize_input(self.graph.input, x)

    def _definition(self, x: NDArray[Any], names: tuple[str, ...]) -> dict[str, NDArray[Any]]:
        definition = fixed if self.graph.domain == "integer" else reference
        return definition.tensors(self.graph, x, names)

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
        """
        return verify(self, X)

    def compare(self, X: Any) -> Comparison:
        """What the integers lose, layer by layer.

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
        """Write the C as a project that builds by itself, with test vectors.

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
        """
        samples, made = self._input(self.samples), self._made(accuracy)
        return project.save(folder, self.sources, samples, measured=measured, made=made)

    def _made(self, accuracy: float | None) -> Made:
        options = {
            "optimize": self.optimize,
            "input": self.interface.input,
            "arena": self.interface.arena,
            "probabilities": self.interface.probabilities is not None,
        }
        agreement = getattr(self, "calibration_agreement", math.nan)
        return Made(options, None if math.isnan(agreement) else agreement, accuracy)
