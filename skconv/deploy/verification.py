"""The compiled C against its definition, and both against the estimator."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from skconv.codegen.program import Program
from skconv.convert.estimator_answers import answers
from skconv.deploy.inference import Engine, Inference
from skconv.deploy.input_check import checked_samples
from skconv.deploy.library_cache import CompilerError
from skconv.deploy.score_error import ScoreError, score_error
from skconv.deploy.streaming import engines
from skconv.graph import Graph
from skconv.runtime import fixed

if TYPE_CHECKING:
    from skconv.deploy.model import CModel

VERIFY_CHUNK = 100


@dataclass(frozen=True)
class Verification:
    """The result of `CModel.verify`.

    Attributes
    ----------
    n_samples : int
    compared_bytes, differing_bytes : int or None
        Bytes of every tensor of every sample, and of probabilities where the C gives them,
        integer definition against compiled C; of a stream also the scores of up to 100 windows
        of all samples one after the other. None where there is no compiler, or for a float
        export.
    relative_error : float or None
        For a float export: the largest difference of a tensor from the float definition,
        relative to the tensor's largest entry.
    agreement : float
        For a classifier, the share of samples that the estimator itself puts in the same
        class; of several outputs, in the same class of each. For a regressor, the coefficient of
        determination of its worst output; for a transformer, that of all features together. NaN
        where the estimator has no answer.
    message : str
        What was not compared, and why.
    worst_output : int or None
        For a regressor of several outputs: the output that ``agreement`` describes.
    score_error : ScoreError or None
        How far the values of a regressor, or the scores of a model made with ``scores=True``, are
        from those of the estimator.
    """

    n_samples: int
    compared_bytes: int | None
    differing_bytes: int | None
    relative_error: float | None
    agreement: float
    message: str = ""
    worst_output: int | None = None
    score_error: ScoreError | None = None

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
        worst = "" if self.worst_output is None else f" (output {self.worst_output}, the worst)"
        lines.append(f"agreement with the estimator: {self.agreement:.4f}{worst}")
        if self.score_error is not None:
            lines.append(str(self.score_error))
        return "\n".join(lines)


@dataclass(frozen=True)
class Agreement:
    """Agreement of a model with its estimator.

    Attributes
    ----------
    value : float
        As `Verification.agreement`.
    worst_output : int or None
        As `Verification.worst_output`.
    reason : str
        Why samples were left out, if any were.
    found, wanted : ndarray
        What the model and the estimator say of the samples compared.
    """

    value: float
    worst_output: int | None
    reason: str
    found: NDArray[Any]
    wanted: NDArray[Any]


def verify(model: CModel, X: Any) -> Verification:
    """See `CModel.verify`."""
    flat = checked_samples(model.graph, X)
    x = model.inference.delivered(flat)
    compared: int | None = 0
    differing: int | None = 0
    error = 0.0
    messages = []
    try:
        for start in range(0, len(x), VERIFY_CHUNK):
            found = _difference(model.inference, x[start : start + VERIFY_CHUNK])
            compared = (compared or 0) + found[0]
            differing = (differing or 0) + found[1]
            error = max(error, found[2])
        if model.interface.window is not None:
            found = _stream_difference(model, x)
            compared = (compared or 0) + found[0]
            differing = (differing or 0) + found[1]
            error = max(error, found[2])
    except CompilerError as missing:
        compared = differing = None
        messages.append(f"not compiled: {missing}")
    is_float = model.graph.domain == "float"
    measured_error = error if is_float and not messages else None
    agreement = measure_agreement(model, X, flat)
    return Verification(
        len(x),
        None if is_float else compared,
        None if is_float else differing,
        measured_error,
        agreement.value,
        "\n".join(filter(None, [*messages, agreement.reason])),
        agreement.worst_output,
        _score_error(model, X, flat, agreement),
    )


def _score_error(
    model: CModel, X: Any, flat: NDArray[Any], agreement: Agreement
) -> ScoreError | None:
    """Of values, or of scores that are to be numbers of the estimator."""
    if not model.graph.is_classifier:
        method = "predict" if model._is_regressor else model.interface.scores
        return score_error(method, agreement.found, agreement.wanted) if method else None
    if not (method := model.interface.scores):
        return None
    said = answers(model.estimator, X, method=method)
    found = model.inference.scores(model.inference.delivered(flat[said.valid]), "auto")
    return score_error(method, found, said.values)


def _difference(inference: Inference, x: NDArray[Any]) -> tuple[int, int, float]:
    """Bytes compared, bytes that differ, and the largest relative difference."""
    graph, compiled = inference.graph, inference.compiled
    names = _of_whole_samples(inference.program)
    wanted, found = inference.defined(x, tuple(names.values())), compiled.tensors(x)
    pairs = [(wanted[defined], found[name]) for name, defined in names.items()]
    if op := inference.program.interface.probabilities:
        scores = wanted[graph.scores_name]
        by_c = compiled.probabilities(scores)
        pairs.append((fixed.evaluate(op, scores).astype(by_c.dtype), by_c))
    return _compared(graph, pairs)


def _compared(
    graph: Graph, pairs: Iterable[tuple[NDArray[Any], NDArray[Any]]]
) -> tuple[int, int, float]:
    """What `_difference` returns, of pairs of arrays."""
    compared = differing = 0
    error = 0.0
    for a, b in pairs:
        a, b = (np.ascontiguousarray(each).reshape(len(each), -1) for each in (a, b))
        if graph.domain == "float":
            largest = max(float(np.abs(a).max(initial=0)), 1e-30)
            error = max(error, float(np.abs(a - b).max(initial=0)) / largest)
            continue
        compared += a.nbytes
        differing += int((a.view(np.uint8) != b.view(np.uint8)).sum())
    return compared, differing, error


def _stream_difference(model: CModel, x: NDArray[Any]) -> tuple[int, int, float]:
    """The same of scores in a stream: samples are windows, one pushed after the other."""
    window = model.interface.window
    assert window is not None
    stream = x.reshape(len(x) * window.length, -1)
    stream = stream[: window.length + (VERIFY_CHUNK - 1) * window.hop]
    wanted, found = (make.push(stream) for make in engines(model))
    # Classes of a float model may differ where scores are nearly equal; values have no classes.
    has_classes = model.graph.is_classifier and model.graph.domain == "integer"
    return _compared(model.graph, list(zip(wanted, found, strict=True))[: 1 + has_classes])


def _of_whole_samples(program: Program) -> dict[str, str]:
    """Tensors of the C that are those of a whole sample, and their names in the definition.

    All of them; of a stream the last ring, which is the map that its entries make up, and what
    is computed of it.
    """
    nodes = program.graph.nodes
    if not program.rings:
        return {node.name: node.name for node in nodes}
    last = program.rings[-1]
    # A target may give a map other axes on the way: that tensor has no definition of its own.
    behind = [n.name for n in nodes[nodes.index(last) + 1 :] if n.name in program.definition.specs]
    return {last.name: last.inputs[0]} | {name: name for name in behind}


# --------------------------------------------------------------------------- the agreement


def measure_agreement(
    model: CModel, X: Any, flat: NDArray[Any], engine: Engine = "auto"
) -> Agreement:
    """Predictions of a model and its estimator for ``X``, which is ``flat`` for the model."""
    graph = model.graph
    classes = graph.classes if graph.is_classifier else None
    method = "" if graph.is_classifier else model.interface.scores
    if graph.decisions is not None:
        method = "predict"
    said = answers(model.estimator, X, classes, method)
    wanted = said.values
    if not said.valid.any():
        return Agreement(float("nan"), None, said.reason, wanted, wanted)
    x = model.inference.delivered(flat[said.valid])
    if graph.is_classifier:
        found = model.classes_[model.inference.of_windows(x, engine)]
        return Agreement(float(np.mean(found == wanted)), None, said.reason, found, wanted)
    found = model.inference.scores(x, engine)
    if graph.decisions is not None:
        found = model._values(found)
        share = float(np.mean((found == wanted).all(axis=1)))
        return Agreement(share, None, said.reason, found, wanted)
    if not model._is_regressor:
        return Agreement(determination(wanted, found), None, said.reason, found, wanted)
    each = [determination(w, f) for w, f in zip(wanted.T, found.T, strict=True)]
    worst = int(np.argmin(each))
    index = worst if len(each) > 1 else None
    return Agreement(each[worst], index, said.reason, found, wanted)


def determination(wanted: NDArray[Any], found: NDArray[Any]) -> float:
    """Coefficient of determination of all columns together.

    Columns that do not vary have none: the error's share of their squares stands in its place.
    """
    wanted = np.asarray(wanted, np.float64)
    error = float(((wanted - found) ** 2).sum())
    varied = float(((wanted - wanted.mean(axis=0)) ** 2).sum())
    square = float((wanted**2).sum())
    total = varied if varied > 1e-12 * square else square
    if total == 0:
        return 1.0 if error == 0 else 0.0
    return 1 - error / total
