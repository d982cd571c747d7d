"""A fitted estimator as C: the object that `to_c` makes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray
from sklearn.base import is_regressor

from skconv.chips import Chip
from skconv.cost import CostReport, report
from skconv.export import project
from skconv.export.arguments import check_option, check_samples
from skconv.export.bench import BenchReport, benchmark
from skconv.export.c import render
from skconv.export.interface import Interface
from skconv.export.routines.base import Optimize
from skconv.export.specialize import specialize
from skconv.export.stream import stream
from skconv.graph import Graph
from skconv.graph.integer import KERNEL_FRACTION_BITS
from skconv.memory import MemoryPlan, plan_memory
from skconv.runtime import fixed, reference
from skconv.runtime.compiled import CompiledGraph, NoCompilerError
from skconv.targets import Target, get_target

DType = Literal["int8", "float32"]
Engine = Literal["auto", "c", "fixed"]

VERIFY_CHUNK = 100


@dataclass(frozen=True)
class Verification:
    """What `CModel.verify` found.

    Attributes
    ----------
    n_samples : int
    compared_bytes, differing_bytes : int or None
        Bytes of every tensor of every sample, integer definition against compiled C. None
        where there is no compiler, or for a float export.
    relative_error : float or None
        Of a float export: largest difference of a tensor from the float definition,
        relative to the tensor's largest entry.
    agreement : float or None
        Share of samples that the estimator itself puts in the same class; of a regressor
        the coefficient of determination of its worst output, of a transformer that of all
        its output.
    message : str
        Why nothing was compared, if so.
    """

    n_samples: int
    compared_bytes: int | None
    differing_bytes: int | None
    relative_error: float | None
    agreement: float
    message: str = ""

    def __str__(self) -> str:
        lines = [f"{self.n_samples:,} samples"]
        if self.differing_bytes is not None:
            lines.append(
                f"integer definition and compiled C: {self.differing_bytes:,} of "
                f"{self.compared_bytes:,} bytes differ"
            )
        if self.relative_error is not None:
            lines.append(f"float definition and compiled C: {self.relative_error:.1e} at most")
        if self.message:
            lines.append(self.message)
        lines.append(f"agreement with the estimator: {self.agreement:.4f}")
        return "\n".join(lines)


class CModel:
    """A fitted estimator as C: looked at, checked, used and saved.

    Made by `to_c`.

    Parameters
    ----------
    estimator : estimator
        What was converted.
    graph : Graph
        What is computed, before routines are chosen for a target.
    name : str
        Prefix of all C symbols.
    target : Target
        What it is for.
    samples : ndarray of shape (n_samples, n_features)
        Calibration samples: the saved test vectors are the first of them.
    optimize : {"size", "balanced", "speed"}
        What the routines of the target spare.
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

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.svm import SVC
    >>> import skconv
    >>> X, y = load_iris(return_X_y=True)
    >>> model = skconv.to_c(SVC().fit(X, y), X, name="iris")
    >>> model
    CModel 'iris': QKernelMachine rbf 60x4 (packed), OvoVote, ArgMax
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
        special = specialize(graph, target, optimize, by_rows=self.interface.input == "rows")
        rows = self.interface.input == "rows"
        self.graph = stream(special, optimize) if rows else special
        self.name = name
        self.target = target
        self.samples = samples
        self.optimize: Optimize = optimize
        self.plan: MemoryPlan = plan_memory(self.graph)
        self._any_target = graph

    def __repr__(self) -> str:
        return f"CModel {self.name!r}: " + ", ".join(n.op.describe() for n in self.graph.nodes)

    def for_target(self, target: str) -> CModel:
        """The same numbers with the routines of another target."""
        return CModel(
            self.estimator,
            self._any_target,
            self.name,
            get_target(target),
            self.samples,
            self.optimize,
            self.interface,
        )

    @cached_property
    def files(self) -> dict[str, str]:
        return render(self.graph, self.name, self.plan, self.interface)

    @cached_property
    def _compiled(self) -> CompiledGraph:
        return CompiledGraph(self.graph, self.name)

    def report(self, chip: str | Chip | None = None) -> CostReport:
        """Bytes of flash and RAM, and MACs, of every node and in all; known without a compiler.

        Parameters
        ----------
        chip : str or Chip, optional
            Says, too, whether the model fits: a name in `skconv.chips.CHIPS`, such as
            ``"stm32f103c8"``, or a `skconv.chips.Chip` of the memory that there is.

        Returns
        -------
        CostReport
            ``fits``, ``largest_in_flash`` and ``largest_in_ram`` among its facts.

        Raises
        ------
        ValueError
            Where there is no chip of that name; the message lists the names.
        """
        return report(self.graph, self.plan, self.interface.probabilities, chip)

    def benchmark(
        self, target: str | None = None, *, n_samples: int = 4, flags: tuple[str, ...] = ("-O2",)
    ) -> BenchReport:
        """Build for a simulated microcontroller, run, and count: see `BenchReport`.

        With the routines of that target, and the arena static.

        Parameters
        ----------
        target : str, optional
            Such as ``"cortex-m0"``; what the model was exported for by default.
        n_samples : int
            How many of the calibration samples to run.
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
        model = self if target is None else self.for_target(target)
        return benchmark(
            model.graph,
            render(model.graph, self.name, model.plan),
            self._input(self.samples[:n_samples]),
            name=self.name,
            target=model.target.name,
            flags=flags,
        )

    # ------------------------------------------------------------------------- running

    def predict(self, X: Any, engine: Engine = "auto") -> NDArray[Any]:
        """Labels of a classifier, or values of a regressor.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Samples, flat or not.
        engine : {"auto", "c", "fixed"}
            The C through the compiler of this machine; Python's definition of the same
            numbers; or the C where there is a compiler.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
        """
        if self.graph.is_classifier:
            index = self._run(X, self.graph.output_name, engine)[:, 0]
            return index if self.graph.classes is None else self.graph.classes[index]
        values = self.decision_function(X, engine)
        single = is_regressor(self.estimator) and values.shape[1] == 1
        return values[:, 0] if single else values

    def decision_function(self, X: Any, engine: Engine = "auto") -> NDArray[np.float64]:
        """Scores of a classifier (votes where one against one decides), as real numbers."""
        spec = self.graph.specs[self.graph.scores_name]
        return spec.real(self._run(X, self.graph.scores_name, engine).astype(np.float64))

    def predict_proba(self, X: Any, engine: Engine = "auto") -> NDArray[np.float64]:
        """Probabilities of the classes as ``NAME_probabilities`` gives them.

        Raises
        ------
        ValueError
            Where the model was made without ``probabilities=True``.
        """
        op = self.interface.probabilities
        if op is None:
            raise ValueError("probabilities=False, wanted to_c(..., probabilities=True)")
        scores = self._run(X, self.graph.scores_name, engine)
        return np.asarray(fixed.evaluate(op, scores) / 2.0**KERNEL_FRACTION_BITS)

    def transform(self, X: Any, engine: Engine = "auto") -> NDArray[np.float32]:
        """Features of a transformer, in its own units."""
        return self.decision_function(X, engine).astype(np.float32)

    def _run(self, X: Any, tensor: str, engine: Engine) -> NDArray[Any]:
        check_option("engine", engine, get_args(Engine))
        x = self._input(check_samples("X", X, self.graph.input.size))
        if engine != "fixed":
            try:
                run = (
                    self._compiled.predict
                    if self.graph.is_classifier and tensor == self.graph.output_name
                    else self._compiled.run
                )
                return run(x).reshape(len(x), -1)
            except NoCompilerError:
                if engine == "c":
                    raise
        return self._definition(x, (tensor,))[tensor].reshape(len(x), -1)

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
        flat = check_samples("X", X, self.graph.input.size)
        x = self._input(flat)
        compared: int | None = 0
        differing: int | None = 0
        error = 0.0
        message = ""
        try:
            for start in range(0, len(x), VERIFY_CHUNK):
                found = self._difference(x[start : start + VERIFY_CHUNK])
                compared, differing, error = (
                    (compared or 0) + found[0],
                    (differing or 0) + found[1],
                    max(error, found[2]),
                )
        except NoCompilerError as missing:
            compared = differing = None
            message = f"not compiled: {missing}"
        is_float = self.graph.domain == "float"
        return Verification(
            len(x),
            None if is_float else compared,
            None if is_float else differing,
            error if is_float and not message else None,
            self._agreement(X),
            message,
        )

    def _difference(self, x: NDArray[Any]) -> tuple[int, int, float]:
        """Bytes compared, bytes that differ, and the largest relative difference."""
        names = tuple(node.name for node in self.graph.nodes)
        wanted = self._definition(x, names)
        found = self._compiled.tensors(x)
        compared = differing = 0
        error = 0.0
        for name in names:
            a, b = np.ascontiguousarray(wanted[name]), np.ascontiguousarray(found[name])
            if self.graph.domain == "float":
                largest = max(float(np.abs(a).max(initial=0)), 1e-30)
                error = max(error, float(np.abs(a - b).max(initial=0)) / largest)
                continue
            compared += a.nbytes
            differing += int((a.view(np.uint8) != b.view(np.uint8)).sum())
        return compared, differing, error

    def _agreement(self, X: Any) -> float:
        if self.graph.is_classifier:
            return float(np.mean(self.predict(X) == self._labels(X)))
        from sklearn.metrics import r2_score

        found = self.decision_function(X)
        if is_regressor(self.estimator):
            wanted = np.asarray(self.estimator.predict(X)).reshape(len(X), -1)
            return float(np.min(r2_score(wanted, found, multioutput="raw_values")))
        wanted = np.asarray(self.estimator.transform(X)).reshape(len(X), -1)
        return float(r2_score(wanted, found, multioutput="variance_weighted"))

    def _labels(self, X: Any) -> NDArray[Any]:
        """What the estimator says; of a transformer with ``classes`` its scores decide."""
        if hasattr(self.estimator, "predict"):
            return np.asarray(self.estimator.predict(X))
        scores = np.asarray(self.estimator.transform(X))
        index = scores.argmax(axis=1) if scores.shape[1] > 1 else (scores[:, 0] > 0).astype(int)
        assert self.graph.classes is not None
        return np.asarray(self.graph.classes[index])

    # -------------------------------------------------------------------------- saving

    def save(self, folder: str | Path, *, measured: Sequence[BenchReport] = ()) -> Path:
        """Write the C as a project that builds by itself, with test vectors.

        Parameters
        ----------
        folder : path
            Made if it does not exist. Nothing is left half-written.
        measured : sequence of BenchReport
            What `benchmark` found, for the README.

        Returns
        -------
        folder : Path
        """
        return project.save(
            folder,
            self.graph,
            self._input(self.samples),
            name=self.name,
            plan=self.plan,
            interface=self.interface,
            target=self.target,
            measured=measured,
        )
