"""Filters that run on over a stream, in front of its windows: what `to_c` makes of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.pipeline import Pipeline, make_pipeline

from skconv.codegen.fronts import factor
from skconv.codegen.input_layout import sample_of
from skconv.codegen.interface import Input, Window
from skconv.codegen.samples import samples_of
from skconv.convert import to_graph
from skconv.convert.step_of_node import refused
from skconv.deploy.model import CModel
from skconv.graph import Graph, Reshape, TensorSpec
from skconv.graph.running import samples_per_entry
from skconv.passes.calibrate import FloatRun, Method, Range, ranges_seen
from skconv.passes.quantize import InputType, device_input, quantize
from skconv.passes.refusal import NoIntegerFormError
from skconv.runtime import reference

Array = NDArray[Any]

# A few hundred windows are enough to calibrate: of more, some are taken.
MOST_WINDOWS = 1000


@dataclass(frozen=True)
class Front:
    """Filters on raw recordings.

    Attributes
    ----------
    steps : tuple of filters
        As they were given.
    recordings : tuple of ndarray of shape (length, channels)
        To calibrate on.
    floats, graph : Graph
        The filters one after the other, on a recording of some length; in floats and in integers.
    """

    steps: tuple[Any, ...]
    recordings: tuple[Array, ...]
    floats: Graph
    graph: Graph

    def windows(self, estimator: Graph, hop: int | None) -> Array:
        """Windows behind the filters ``(n_windows, length, channels)`` for the graph of them."""
        assert hop is not None
        channels, size = self.graph.output.shape[2], estimator.input.size
        of_fit = samples_of(estimator)
        # A vector does not say how many channels it has.
        is_map = len(sample_of(estimator).shape) == 3
        if size % channels or (is_map and of_fit.size != channels):
            raise ValueError(
                f"front yields {channels} channels, but the estimator was fitted on windows of "
                f"{f'{of_fit.size} channels' if is_map else f'{size} numbers'}"
            )
        filtered = [
            reference.run(of_length(self.floats, len(r)), r[None, None])[0, 0]
            for r in self.recordings
        ]
        return cut(filtered, Window(size // channels, hop))

    def before(self, model: CModel) -> CModel:
        """The model of the raw stream, of one that reads what the filters yield."""
        window = model.interface.window
        assert window is not None
        times = factor(self.graph)
        raw = Window(window.length * times, window.hop * times, len(self.graph.nodes))
        graph = of_length(self.graph, raw.length)
        if model.graph.input.shape != graph.output.shape:
            graph = graph.append(Reshape(model.graph.input.shape), name="window")
        samples = cut(self.recordings, raw)
        pipeline = make_pipeline(fitted(self.steps, samples.shape[1:]), model.estimator)
        found = CModel(
            pipeline,
            graph.extend(model.graph),
            model.name,
            model.target,
            samples.reshape(len(samples), -1),
            model.optimize,
            replace(model.interface, window=raw),
        )
        found.calibration_agreement = model.calibration_agreement
        return found


def front_of(
    steps: Sequence[Any] | None,
    X: Any,
    input_: Input,
    dtype: str,
    calibration: Method,
    input_type: InputType | None,
) -> Front | None:
    """The front that `to_c` was given, calibrated on ``X``; None where there is none.

    Raises
    ------
    ValueError
        Where steps cannot run in a stream, or ``X`` is no list of recordings.
    """
    if not steps:
        return None
    if input_ != "samples" or dtype != "int8":
        raise ValueError(
            f"front with input={input_!r} and dtype={dtype!r}, expected input='samples' and "
            "dtype='int8'"
        )
    recordings = checked_recordings(X)
    longest = max(recordings, key=len)
    pipeline = fitted(steps, longest.shape)
    floats = Graph(TensorSpec((1, *longest.shape)))
    for node in to_graph(pipeline).nodes:
        if not isinstance(node.op, Reshape):
            floats = floats.append(node.op, name=node.name)
    options = device_input(np.concatenate(recordings), input_type)
    ranges = _ranges(floats, recordings, calibration)
    try:
        graph = quantize(floats, ranges, output_bits=16, **options)
    except NoIntegerFormError as error:
        raise refused(pipeline, error) from error
    return Front(tuple(steps), recordings, floats, graph)


def device_of(front: Front | None) -> TensorSpec | None:
    """What an estimator reads behind a front, where there is one."""
    return None if front is None else front.graph.output


def with_front(front: Front | None, model: CModel) -> CModel:
    """The model behind a front, where there is one."""
    return model if front is None else front.before(model)


def checked_recordings(X: Any) -> tuple[Array, ...]:
    """Recordings ``(length, channels)``; ValueError where they are none."""
    if X is None or (hasattr(X, "shape") and len(X.shape) < 3):
        raise ValueError(
            "X_calibration with front is a list of raw recordings, each of shape (length, "
            f"channels), got {'None' if X is None else f'an array of shape {X.shape}'}; write "
            "[X] for a single recording"
        )
    found = tuple(np.asarray(r) if np.ndim(r) != 1 else np.asarray(r)[:, None] for r in X)
    if any(r.ndim != 2 for r in found) or len({r.shape[1] for r in found}) != 1:
        raise ValueError(
            f"X_calibration holds recordings of shapes {[r.shape for r in found[:5]]}, expected "
            "(length, channels), with the same channels in each"
        )
    if any(r.dtype.kind not in "buif" or not np.isfinite(r).all() for r in found):
        raise ValueError("X_calibration holds entries that are no finite numbers")
    return found


def fitted(steps: Sequence[Any], shape: tuple[int, ...]) -> Pipeline:
    """Filters of signals ``(length, channels)``; ValueError where one cannot run on."""
    found = []
    for i, step in enumerate(steps):
        if not hasattr(type(step), "output_shape_"):
            raise ValueError(
                f"front[{i}] is {step!r}, expected IIRFilter, Decimate or VectorMagnitude"
            )
        of_shape = clone(step).set_params(input_shape=shape, data_format="channels_last")
        found.append(of_shape.fit(np.zeros((1, *shape), np.float32)))
        if not _runs_on(of_shape.graph_):
            raise ValueError(
                f"front[{i}] is {type(step).__name__}, which reads a whole window, but a front "
                "knows only what has come. Take IIRFilter(), a high-pass, to remove a mean"
            )
        shape = of_shape.output_shape_
    return make_pipeline(*found)


def _runs_on(graph: Graph) -> bool:
    """Whether a filter reads the past, or samples that follow each other, and no others."""
    return all(
        samples_per_entry(node.op, graph.specs[node.inputs[0]])
        for node in graph.nodes
        if not isinstance(node.op, Reshape)
    )


def _ranges(graph: Graph, recordings: tuple[Array, ...], calibration: Method) -> dict[str, Range]:
    """What `skconv.passes.calibrate.calibrate` finds, over recordings of several lengths."""
    runs = [FloatRun(of_length(graph, len(r)), r[None, None]) for r in recordings]
    found = [ranges_seen(run, calibration) for run in runs]
    return {
        name: (min(seen[name][0] for seen in found), max(seen[name][1] for seen in found))
        for name in graph.specs
    }


def of_length(graph: Graph, length: int) -> Graph:
    """A chain of filters on signals of another length."""
    channels = graph.input.shape[2]
    return Graph(replace(graph.input, shape=(1, length, channels)), graph.nodes)


def cut(recordings: Sequence[Array], window: Window) -> Array:
    """Windows of recordings ``(n_windows, length, channels)``: all, or some of very many."""
    starts = [
        (recording, start)
        for recording in recordings
        for start in range(0, len(recording) - window.length + 1, window.hop)
    ]
    if not starts:
        longest = max(map(len, recordings))
        raise ValueError(
            f"X_calibration holds recordings of at most {longest:,} samples behind the front, "
            f"expected raw recordings, no shorter than a window of {window.length:,}"
        )
    few = np.linspace(0, len(starts) - 1, min(len(starts), MOST_WINDOWS)).astype(int)
    chosen = (starts[i] for i in few)
    return np.stack([r[start : start + window.length] for r, start in chosen])
