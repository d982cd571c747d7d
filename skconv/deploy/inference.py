"""Inference: by the compiled C, or by the definition of the same numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from skconv.codegen.render import CSources
from skconv.deploy.arguments import check_option
from skconv.deploy.compiled import CompiledSources
from skconv.deploy.host_compiler import NoCompilerError
from skconv.deploy.library_cache import CompilerError
from skconv.exceptions import CompilerWarning, warn
from skconv.graph.integer import KERNEL_FRACTION_BITS
from skconv.runtime import fixed, reference
from skconv.runtime.smoothing import alone, tensor_read

Engine = Literal["auto", "c", "fixed"]
Batch = NDArray[Any]


class Inference:
    """Runs the C of a model if there is a compiler, else the definition.

    Parameters
    ----------
    sources : CSources
        The C that is compiled, and the program that it prints.

    Attributes
    ----------
    compiles : bool
        Whether "auto" may call the compiler: for few samples that takes longer than the definition.
    """

    compiles = True

    def __init__(self, sources: CSources) -> None:
        self.program = sources.program
        self.graph = sources.program.definition
        self.compiled = CompiledSources(sources)
        self._has_warned = False

    def delivered(self, samples: Batch) -> Batch:
        """Flat samples in the form that the device delivers."""
        if self.graph.domain == "float":
            return samples.astype(np.float32)
        return fixed.quantize_input(self.graph.input, samples)

    def indices(self, x: Batch, engine: Engine) -> Batch:
        """Indices of classes, of delivered samples."""
        return self._tensor(x, self.graph.output_name, engine, self.compiled.predict)[:, 0]

    def of_windows(self, x: Batch, engine: Engine) -> Batch:
        """What is decided on each sample alone, where decisions remember those before, too."""
        if self.program.interface.smoothing is None:
            return self.indices(x, engine)
        definition = fixed if self.graph.domain == "integer" else reference
        name = self.graph.output_name
        return definition.tensors(self.graph, x, (name,))[name].reshape(len(x), -1)[:, 0]

    def scores(self, x: Batch, engine: Engine) -> NDArray[np.float64]:
        """Scores, values or features in their own units."""
        return self.real(self._scores(x, engine))

    def probabilities(self, x: Batch, engine: Engine) -> NDArray[np.float64]:
        """Class probabilities, if the model offers them."""
        op = self.program.interface.probabilities
        assert op is not None
        scores = self._scores(x, engine)
        found = self._by_c(engine, lambda: self.compiled.probabilities(scores))
        found = fixed.evaluate(op, scores) if found is None else found
        return np.asarray(found / 2.0**KERNEL_FRACTION_BITS)

    def defined(self, x: Batch, names: tuple[str, ...]) -> dict[str, Batch]:
        """Tensors by name, from the definition."""
        definition = fixed if self.graph.domain == "integer" else reference
        smoothing, decision = self.program.interface.smoothing, self.graph.output_name
        if smoothing is None or decision not in names:
            return definition.tensors(self.graph, x, names)
        read = tensor_read(smoothing, self.graph)
        found = definition.tensors(self.graph, x, (*names, read))
        return found | {decision: alone(smoothing, found[read])}

    def _scores(self, x: Batch, engine: Engine) -> Batch:
        return self._tensor(x, self.graph.scores_name, engine, self.compiled.run)

    def _tensor(self, x: Batch, name: str, engine: Engine, run: Callable[[Batch], Batch]) -> Batch:
        """A tensor that the C gives: a row for each sample."""
        found = self._by_c(engine, lambda: run(x))
        found = self.defined(x, (name,))[name] if found is None else found
        return found.reshape(len(x), -1)

    def real(self, scores: Batch) -> NDArray[np.float64]:
        """Scores of samples in their own units."""
        found = scores.astype(np.float64)
        return np.asarray(self.program.scores.real(found))

    def _by_c(self, engine: Engine, run: Callable[[], Batch]) -> Batch | None:
        """What the C gives; None where it is not wanted, or cannot run and need not."""
        check_option("engine", engine, get_args(Engine))
        if engine == "fixed" or (engine == "auto" and not self.compiles):
            return None
        try:
            return run()
        except CompilerError as error:
            if engine == "c":
                raise
            self.warn_once(error)
            return None

    def warn_once(self, error: CompilerError) -> None:
        """Warn of a compiler that fails; a machine without one needs no warning."""
        if isinstance(error, NoCompilerError) or self._has_warned:
            return
        self._has_warned = True
        warn(
            f"the integer definition runs instead of the C, and takes longer: {error}",
            CompilerWarning,
        )
