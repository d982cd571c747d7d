"""A stream of samples in Python: the decisions that firmware gets of ``NAME_push``."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, get_args

import numpy as np
from numpy.typing import NDArray

from skconv.codegen.fronts import behind, factor, split
from skconv.codegen.program import Program
from skconv.codegen.render import CSources
from skconv.deploy.arguments import check_option
from skconv.deploy.compiled import CompiledSources
from skconv.deploy.inference import Engine, Inference
from skconv.deploy.input_check import check_input
from skconv.deploy.library_cache import CompilerError
from skconv.graph import INPUT
from skconv.graph.ring import samples_read
from skconv.runtime import fixed, reference
from skconv.runtime.front import Front
from skconv.runtime.smoothing import smooth

if TYPE_CHECKING:
    from skconv.deploy.model import CModel

Batch = NDArray[Any]

# So many samples go to the C at a time: its answers need memory.
CHUNK = 4096


class Stream:
    """A stream of samples, and the decisions of a model on its windows.

    Made by `CModel.stream`. What is decided is what `CModel.predict` says of whole windows.

    Parameters
    ----------
    model : CModel
        Of ``to_c(..., input="samples")``.
    engine : {"auto", "c", "fixed"}
        As in `CModel.predict`.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import RidgeClassifier
    >>> import skconv
    >>> X = np.random.default_rng(0).integers(-99, 99, (40, 8), dtype=np.int16)
    >>> pipe = RidgeClassifier().fit(X, X.sum(axis=1) > 0)
    >>> model = skconv.to_c(pipe, X, input="samples", hop=4)
    >>> stream = model.stream(engine="fixed")
    >>> stream.push([9, 8, 7, 6, 5, 4, 3])
    array([], dtype=bool)
    >>> stream.push([2, -30, -40, -50, -60])
    array([ True, False])
    """

    def __init__(self, model: CModel, engine: Engine = "auto") -> None:
        check_option("engine", engine, get_args(Engine))
        self.model = model
        self.engine = engine
        self._sample = model.sources.program.specs[INPUT]
        self._runner: Definition | Compiled = Definition(model.inference)
        if engine == "fixed":
            return
        try:
            self._runner = Compiled(model.sources)
        except CompilerError as error:
            if engine == "c":
                raise
            model.inference.warn_once(error)

    def begin(self) -> Stream:
        """Forget all samples, as ``NAME_begin``; returns the stream."""
        self._runner.begin()
        return self

    def push(self, samples: Any, return_scores: bool = False) -> Any:
        """Take samples, and give the decisions on the windows that they complete.

        Parameters
        ----------
        samples : array-like of shape (n_samples, n_channels), or (n_samples,) of one channel
            In the units of the samples that the model was calibrated on. One sample of several
            channels may stand alone: ``(n_channels,)``.
        return_scores : bool, default=False
            Whether to return the scores, too: those of `CModel.decision_function`.

        Returns
        -------
        decisions : ndarray of shape (n_windows,)
            Labels of a classifier, values of a regressor (n_windows, n_outputs where there are
            several), or features (n_windows, n_features). Of an `EventDetector` indices of
            classes, -1 where no event begins.
        scores : ndarray of shape (n_windows, n_scores)
            Where they are wanted.
        """
        x = self._delivered(samples)
        parts = [self._runner.push(x[i : i + CHUNK]) for i in range(0, max(1, len(x)), CHUNK)]
        integers, indices = (np.concatenate(each) for each in zip(*parts, strict=True))
        scores = self.model.inference.real(integers)
        model = self.model
        of_classes = model._is_classifier
        decisions = model._decisions(indices) if of_classes else model._values(scores)
        return (decisions, scores) if return_scores else decisions

    def _delivered(self, samples: Any) -> Batch:
        x, size = np.asarray(samples), self._sample.size
        if x.dtype == object or x.dtype.kind not in "buif":
            raise ValueError(f"samples have dtype {x.dtype}, expected real numbers")
        fits = x.ndim >= 1 and x.size % size == 0 and (x.ndim == 1 or x.size == len(x) * size)
        if not fits or (x.ndim == 1 and size > 1 and x.size != size):
            raise ValueError(
                f"samples have shape {x.shape}, expected (n_samples, {size}): a row for each time"
            )
        x = x.reshape(-1, size)
        if not np.isfinite(x).all():
            raise ValueError("samples have NaN or infinite entries, expected finite numbers")
        check_input(self._sample, x)
        if self._sample.domain == "float":
            return x.astype(np.float32)
        return fixed.quantize_input(self._sample, x)


def engines(model: CModel) -> tuple[Definition, Compiled]:
    """The definition of a stream, and its C."""
    return Definition(model.inference), Compiled(model.sources)


class Definition:
    """Runs the definition on every window that is complete."""

    def __init__(self, inference: Inference) -> None:
        window = inference.program.interface.window
        assert window is not None
        self.inference = inference
        self.front, self.graph = split(inference.graph, window.n_front)
        self.window = behind(window, self.front)
        # No later sample of a window is read.
        self.n_read = samples_read(inference.program.graph) // factor(self.front)
        self.begin()

    def begin(self) -> None:
        self.running = Front(self.front)
        self.kept: Batch | None = None
        self.state: Any = None
        self.skipped = 0

    def push(self, x: Batch) -> tuple[Batch, Batch]:
        """Scores and classes of the windows that samples complete."""
        x = self.running.push(x)
        n_read, hop = self.n_read, self.window.hop
        kept = x if self.kept is None else np.concatenate([self.kept, x])
        kept, self.skipped = kept[self.skipped :], max(0, self.skipped - len(kept))
        starts = range(0, len(kept) - n_read + 1, hop)
        windows = np.zeros((len(starts), self.window.length, *x.shape[1:]), x.dtype)
        for window, start in zip(windows, starts, strict=True):
            window[:n_read] = kept[start : start + n_read]
        done = len(starts) * hop
        self.kept, self.skipped = kept[done:], max(self.skipped, done - len(kept))
        graph = self.graph
        windows = windows.reshape(len(starts), *graph.input.shape)
        names = graph.scores_name, graph.output_name
        definition = fixed if graph.domain == "integer" else reference
        found = definition.tensors(graph, windows, names)
        size = graph.specs[graph.scores_name].size
        indices = found[graph.output_name].reshape(len(starts), -1)[:, 0] if starts else np.empty(0)
        scores = found[graph.scores_name].reshape(len(starts), size)
        return scores, self._smoothed(indices.astype(np.int32), scores)

    def _smoothed(self, indices: Batch, scores: Batch) -> Batch:
        op = self.inference.program.interface.smoothing
        if op is not None:
            windows = scores if op.reads_scores else indices
            indices, self.state = smooth(op, windows, self.state)
        return indices


class Compiled:
    """Runs the C, with the memory of this stream."""

    def __init__(self, sources: CSources) -> None:
        program = sources.program
        interface = replace(program.interface, arena="caller")
        own = Program(program.graph, program.name, program.plan, interface, program.whole)
        self.compiled = CompiledSources(replace(sources, program=own))
        self.begin()
        self.push(np.empty((0, program.specs[INPUT].size), program.specs[INPUT].dtype))

    def begin(self) -> None:
        self.state = self.compiled.new_state()

    def push(self, x: Batch) -> tuple[Batch, Batch]:
        """Scores and classes of the windows that samples complete."""
        return self.compiled.push(x, self.state)
