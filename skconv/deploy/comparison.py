"""Quantisation loss layer by layer: float tensors against integer ones of the same name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from skconv.deploy.input_check import checked_samples
from skconv.deploy.wanted import read_graph
from skconv.graph import INPUT, ArgMax, Graph, Reshape, TensorSpec, Threshold
from skconv.passes.equalize import groups
from skconv.passes.integers import is_deep
from skconv.runtime import fixed, reference
from skconv.runtime.windows import chunks
from skconv.utils.columns import aligned, html_table

if TYPE_CHECKING:
    from skconv.deploy.model import CModel

HEADER = ("node", "op", "tensor", "SNR dB", "error", "at limits")
EXPLANATION = (
    "SNR and error (relative root mean square) include the loss of all layers before",
    "at limits: share of the integers at an end of their range, a sign of clipping",
)
OF_CHANNELS = "equalised maps are compared up to one factor for each channel"


@dataclass(frozen=True)
class ComparedTensor:
    """One tensor of the integer graph against the float tensor of the same name.

    Attributes
    ----------
    node, op : str
        The node, and its integer op in a few words.
    dtype : str
        Type of the integers.
    shape : tuple of int
    snr_db : float
        Signal to noise: ``20 log10(rms of the float tensor / rms of the difference)``.
        Infinite where nothing differs.
    relative_error : float
        Root mean square of the difference, divided by that of the float tensor.
    saturated : float
        Share of the integers that are at an end of their range other than 0, of ops that cut
        their results to a range; 0 of others.
    """

    node: str
    op: str
    dtype: str
    shape: tuple[int, ...]
    snr_db: float
    relative_error: float
    saturated: float


@dataclass(frozen=True)
class Comparison:
    """Quantisation loss of every layer: see `CModel.compare`.

    Attributes
    ----------
    rows : tuple of ComparedTensor
        In the order in which they run, the input first.
    n_samples : int
    agreement : float or None
        Share of samples with the same decision; None where no class is decided.
    equalized : bool
        Whether maps are compared up to a factor for each channel: a deep network computes
        with channels that were brought closer to one range.
    """

    rows: tuple[ComparedTensor, ...]
    n_samples: int
    agreement: float | None = None
    equalized: bool = False

    def _cells(self) -> Iterator[tuple[str, ...]]:
        for row in self.rows:
            yield (
                row.node,
                row.op,
                f"{row.dtype} {row.shape}",
                f"{row.snr_db:.1f}",
                f"{row.relative_error:.2%}",
                f"{row.saturated:.2%}",
            )

    def _facts(self) -> Iterator[str]:
        yield f"{self.n_samples:,} samples, float graph against integers"
        if self.agreement is not None:
            yield f"same decision: {self.agreement:.4f}"
        yield from EXPLANATION
        if self.equalized:
            yield OF_CHANNELS

    def __str__(self) -> str:
        return "\n".join([*aligned([HEADER, *self._cells()], numbers={3, 4, 5}), *self._facts()])

    def _repr_html_(self) -> str:
        return html_table(HEADER, self._cells(), self._facts())

    def to_frame(self) -> Any:
        """The rows as a data frame, indexed by node. pandas must be installed."""
        import pandas as pd  # type: ignore[import-untyped]

        return pd.DataFrame([asdict(row) for row in self.rows]).set_index("node")


def compare(model: CModel, X: Any) -> Comparison:
    """See `CModel.compare`."""
    if model.graph.domain == "float":
        raise ValueError(
            "compare needs integers, but this model was made by to_c(..., dtype='float32')"
        )
    flat = checked_samples(model.graph, X)
    graph = model._any_target
    source = read_graph(model.estimator, scores=bool(model.interface.scores))
    source = _with_decision(source, graph)
    free = _free_channels(source)
    sums = {name: _Sums(_clips(graph, name), free.get(name)) for name in _common(source, graph)}
    n_same = 0
    for rows in chunks(graph, len(flat)):
        wanted = reference.tensors(source, flat[rows])
        found = fixed.tensors(graph, model.inference.delivered(flat[rows]))
        for name, total in sums.items():
            total.add(graph.specs[name], wanted[name], found[name])
        same = wanted[source.output_name] == found[graph.output_name]
        n_same += int(same.all(axis=1).sum())
    ops = {node.name: node.op.describe() for node in graph.nodes}
    compared = tuple(
        total.compared(name, ops.get(name, ""), graph.specs[name]) for name, total in sums.items()
    )
    agreement = n_same / len(flat) if _decides(graph) else None
    return Comparison(compared, len(flat), agreement, equalized=not free.keys().isdisjoint(sums))


def _with_decision(source: Graph, exported: Graph) -> Graph:
    """The float graph with the decision that ``classes`` of `to_c` added."""
    last = exported.nodes[-1].op if exported.nodes else None
    if exported.is_classifier and not source.is_classifier:
        assert isinstance(last, ArgMax | Threshold)
        return source.append(last, name=exported.output_name)
    return source


def _free_channels(source: Graph) -> dict[str, int]:
    """Tensors whose channels the passes on deep networks multiply by factors of their own.

    With their number of channels, which a flat tensor does not show.
    """
    if not is_deep(source):
        return {}
    specs = source.specs
    free = {name: specs[name].shape[-1] for group in groups(source) for name in group}
    for node in source.nodes:
        if isinstance(node.op, Reshape) and node.inputs[0] in free:
            free[node.name] = free[node.inputs[0]]
    return free


def _common(source: Graph, graph: Graph) -> Iterable[str]:
    """Tensors of both, by name, other than the index of a decided class."""
    decided = graph.output_name if _decides(graph) else ""
    return [name for name in graph.specs if name in source.specs and name != decided]


def _decides(graph: Graph) -> bool:
    """Whether the output is the index of a class, or several such."""
    return graph.is_classifier or graph.decisions is not None


def _clips(graph: Graph, name: str) -> bool:
    """Whether numbers are cut to a range here: where the device delivers, and requantisations."""
    rules = (getattr(node.op, "requantization", None) for node in graph.nodes if node.name == name)
    return name == INPUT or any(rule is not None for rule in rules)


@dataclass
class _Sums:
    """Sums over samples of a float tensor and its integers as numbers.

    For each channel where these have factors of their own; ``n_channels`` is None elsewhere.
    """

    clips: bool
    n_channels: int | None
    wanted: Any = 0.0
    found: Any = 0.0
    product: Any = 0.0
    n_limit: int = 0
    n_values: int = 0

    def add(self, spec: TensorSpec, wanted: NDArray[Any], q: NDArray[Any]) -> None:
        n_channels = self.n_channels or 1
        flat = q.reshape(len(q), -1).astype(np.float64)
        found = spec.real(flat).reshape(-1, n_channels)
        # The border of a `Pad` may be minus infinity.
        wanted = wanted.reshape(-1, n_channels)
        finite = np.isfinite(wanted)
        wanted, found = np.where(finite, wanted, 0.0), np.where(finite, found, 0.0)
        self.wanted = self.wanted + (wanted**2).sum(axis=0)
        self.found = self.found + (found**2).sum(axis=0)
        self.product = self.product + (wanted * found).sum(axis=0)
        if self.clips:
            ends = [end for end in spec.limits if end != 0]
            self.n_limit += int(np.isin(q, ends).sum())
        self.n_values += q.size

    def compared(self, name: str, op: str, spec: TensorSpec) -> ComparedTensor:
        gain: Any = 1.0
        if self.n_channels:  # the factor that brings a channel nearest to its float channel
            gain = np.divide(
                self.product, self.found, out=np.ones_like(self.found), where=self.found > 0
            )
        noise = float(np.sum(self.wanted - 2 * gain * self.product + gain**2 * self.found))
        signal = float(np.sum(self.wanted))
        # What is left of equal sums is rounding.
        noise = 0.0 if noise < 1e-15 * signal else noise
        error = float(np.sqrt(noise / signal)) if signal else float(noise > 0)
        decibels = -20 * float(np.log10(error)) if error else float("inf")
        share = self.n_limit / max(self.n_values, 1)
        return ComparedTensor(name, op, spec.dtype, spec.shape, decibels, error, share)
