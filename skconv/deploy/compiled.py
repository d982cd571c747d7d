"""The C of a model, compiled on this machine and called through ctypes.

What can go wrong is a `CompilerError`: see `skconv.deploy.host_compiler`, which builds libraries.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skconv.codegen.render import PORTABLE, CSources, program_of
from skconv.deploy.harness import from_template
from skconv.deploy.host_compiler import Library, build_library, find_compiler, load
from skconv.deploy.library_cache import CACHE_VARIABLES, CompilerError
from skconv.graph import INPUT, Graph
from skconv.runtime.windows import check_batch

Batch = NDArray[Any]

# The flags of the saved project's own build.
DEFAULT_FLAGS = PORTABLE.build_flags

# No model has a hyphen in its name, nor one that begins with "sk_" as the functions in it do.
DRIVER_FILE = "host-driver.c"


class CompiledSources:
    """The C of a model, run on this machine through its own interface.

    Parameters
    ----------
    sources : CSources
        The files that are compiled, as they are.
    flags : iterable of str
        Flags of the compiler.

    Raises
    ------
    CompilerError
        At the first run, where the C cannot be compiled or loaded here.

    Notes
    -----
    Pickles without its library, and builds or finds it again when it runs. The arena is
    static, in the model or in the driver that calls it, so runs in several threads wait for
    each other.
    """

    def __init__(self, sources: CSources, flags: Iterable[str] = DEFAULT_FLAGS) -> None:
        self.sources = sources
        self.graph = sources.program.definition
        self.flags = tuple(flags)
        self._libraries: dict[tuple[str | None, ...], Library | CompilerError] = {}

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "_libraries": {}}

    def run(self, x: Batch) -> Batch:
        """Scores, predictions or features of a batch ``(n_samples, *graph.input.shape)``."""
        x = self._check(x)
        spec = self.graph.specs[self.graph.scores_name]
        y = np.empty((len(x), *spec.shape), spec.dtype)
        self._library().call("sk_host_run", x, y)
        return y

    def predict(self, x: Batch) -> Batch:
        """Index of the class of every sample.

        Raises
        ------
        ValueError
            Where the graph is no classifier.
        """
        if not self.graph.is_classifier:
            raise ValueError("predict needs a classifier: the graph ends without a decision")
        x = self._check(x)
        y = np.empty(len(x), np.int32)
        self._library().call("sk_host_predict", x, y)
        return y

    def probabilities(self, scores: Batch) -> Batch:
        """Class probabilities, by ``NAME_probabilities``; 32768 = 1.0."""
        found = self.sources.program.probabilities
        if found is None:
            raise ValueError("probabilities needs a model that offers them")
        spec = found[0].output.spec
        scores = np.ascontiguousarray(scores, self.sources.program.scores.dtype)
        y = np.empty((len(scores), *spec.shape), spec.dtype)
        self._library().call("sk_host_probabilities", scores, y)
        return y

    def push(self, x: Batch, state: Batch) -> tuple[Batch, Batch]:
        """What samples of a stream give: the scores of the windows that they complete, and classes.

        Parameters
        ----------
        x : ndarray of shape (n_samples, ...)
            Samples as the device delivers them.
        state : ndarray
            What is kept of the samples before: `new_state`, and changed here.
        """
        spec = self.sources.program.scores
        y = np.empty((len(x), spec.size), spec.dtype)
        indices, ready = np.empty(len(x), np.int32), np.zeros(len(x), np.uint8)
        x = np.ascontiguousarray(x, self.graph.input.dtype)
        self._library().call("sk_host_push", x, y, state, indices, ready)
        is_ready = ready.astype(bool)
        return y[is_ready], indices[is_ready]

    def new_state(self) -> Batch:
        """The state of a stream before its first sample."""
        words = self.sources.program.plan.arena_bytes // np.dtype(np.int64).itemsize
        state = np.zeros(words, np.int64)
        self._library().call("sk_host_begin", state, state)
        return state

    def tensors(self, x: Batch) -> dict[str, Batch]:
        """Every tensor by name, as the C code computed it."""
        x = self._check(x)
        specs = self.sources.program.specs
        offsets = self.sources.program.trace_offsets
        n_bytes = sum(specs[name].nbytes for name in offsets)
        trace = np.empty((len(x), max(1, n_bytes)), np.uint8)
        self._library(f"-D{self.sources.program.macro}_TRACE").call("sk_host_trace", x, trace)
        found = {INPUT: x}
        for name, offset in offsets.items():
            spec = specs[name]
            part = np.ascontiguousarray(trace[:, offset : offset + spec.nbytes])
            found[name] = part.view(spec.dtype).reshape(len(x), *spec.shape)
        return found

    def _check(self, x: Batch) -> Batch:
        wanted = np.dtype(self.graph.input.dtype)
        x = check_batch(self.graph, x)
        if self.graph.domain == "integer" and x.dtype != wanted:
            raise ValueError(f"x has dtype {x.dtype}, expected {wanted}")
        return np.ascontiguousarray(x, wanted)

    def _library(self, *more_flags: str) -> Library:
        key = (*find_compiler(), *more_flags, *map(os.environ.get, CACHE_VARIABLES))
        if key not in self._libraries:
            self._libraries[key] = self._built(more_flags)
        found = self._libraries[key]
        if isinstance(found, CompilerError):
            raise found
        return found

    def _built(self, more_flags: tuple[str, ...]) -> Library | CompilerError:
        """The library, or why there is none: that is not tried again at every call."""
        driver = from_template(DRIVER_FILE, self.sources.program)
        sources = {**self.sources.files, DRIVER_FILE: driver}
        try:
            return load(build_library(sources, (*self.flags, *more_flags)))
        except CompilerError as error:
            return error


class CompiledGraph(CompiledSources):
    """A graph run by its own C code.

    Parameters
    ----------
    graph : Graph
        Integer or float.
    name : str, default="model"
        The C name of the model.
    flags : iterable of str
        Flags of the compiler.

    Examples
    --------
    >>> import numpy as np
    >>> from skconv.graph import Abs, Graph, TensorSpec
    >>> from skconv.deploy.compiled import CompiledGraph
    >>> graph = Graph(TensorSpec((3,), "int8", minimum=-127, maximum=127)).append(Abs())
    >>> CompiledGraph(graph).run(np.array([[-1, 2, -3]], np.int8))
    array([[1, 2, 3]], dtype=int8)
    """

    def __init__(
        self, graph: Graph, name: str = "model", flags: Iterable[str] = DEFAULT_FLAGS
    ) -> None:
        super().__init__(CSources(program_of(graph, name)), flags)
