"""Tables and C values of `dsp_stage.h`: a fused stage on a one-channel map."""

from __future__ import annotations

from dataclasses import dataclass, replace

from skconv.codegen.routines import row_head
from skconv.codegen.routines.rows import packing as rows
from skconv.codegen.routines.stage import rows_pool
from skconv.graph import (
    Fused,
    Node,
    Op,
    QConv,
    QLinear,
    QMeanPool,
    QRoot,
    QSquare,
    QTentPool,
    Requantization,
    Rescale,
    SoftThreshold,
    TensorSpec,
)
from skconv.graph.base import Array
from skconv.graph.ops import PoolGeometry
from skconv.target.stage_memory import StageMemory


@dataclass(frozen=True)
class Stage:
    """The members of a fused stage by what they do; a ``root`` is taken of what is ``pooled``."""

    conv: QConv
    nonlinearity: Op | None
    pool: PoolGeometry
    linear: QLinear | None
    square: Requantization | None
    to: Requantization | None
    root: QRoot | None
    pooled: TensorSpec
    input: TensorSpec
    features: TensorSpec

    @property
    def run(self) -> int:
        """Features of a row of windows."""
        return self.features.shape[1] * self.features.shape[2]

    @property
    def feature_bytes(self) -> int:
        """Bytes of a row of features."""
        return self.features.nbytes // self.features.shape[0]


def stage_of(op: Fused) -> Stage | None:
    """The stage, where the fast path serves it."""
    stage = members(op)
    if stage is None or StageMemory(op.graph).pixelwise or not _fits(stage):
        return None
    return stage


def members(op: Fused) -> Stage | None:
    """The members of a stage that begins with a `QConv`; it knows its ops on whole pixels."""
    memory = StageMemory(op.graph)
    first, pool = memory.first, memory.pool
    if not isinstance(first.op, QConv) or isinstance(pool.op, QTentPool):
        return None  # No routine weights what it adds.
    assert isinstance(pool.op, PoolGeometry)
    middle = memory.middle.op if memory.middle else None
    rescale = next((node for node in op.graph.nodes if isinstance(node.op, Rescale)), pool)
    root = next((n.op for n in op.graph.nodes if isinstance(n.op, QRoot)), None)
    last = next((n for n in reversed(op.graph.nodes) if isinstance(n.op, QRoot | Rescale)), pool)
    linear = next((n.op for n in op.graph.nodes if isinstance(n.op, QLinear)), None)
    square = middle.requantization if isinstance(middle, QSquare) else None
    specs = op.graph.specs
    return Stage(
        first.op,
        middle,
        pool.op,
        linear,
        square,
        _rule(rescale),
        root,
        specs[rescale.name],
        op.graph.input,
        replace(specs[pool.name], dtype=specs[last.name].dtype),
    )


def _rule(node: Node) -> Requantization | None:
    return node.op.requantization if isinstance(node.op, QMeanPool | Rescale) else None


def _fits(s: Stage) -> bool:
    root = None if s.root is None else s.root.requantization
    rules = [rule for rule in (s.square, s.to, root) if rule is not None]
    return (
        rows_pool.fits(s.conv, s.input, s.nonlinearity, s.pool)
        and all(len(rule.multiplier) == 1 for rule in rules)
        and (s.linear is None or row_head.fits(s.linear, s.features, s.run))
    )


def tables(s: Stage) -> dict[str, Array]:
    """What flash holds."""
    found = {"packed": rows.pack(s.conv, s.input)}
    if isinstance(s.nonlinearity, SoftThreshold):
        found["threshold"] = s.nonlinearity.threshold
    if s.linear is not None:
        found |= row_head.tables(s.linear, s.features, s.run)
    return found


def rows_bytes(s: Stage) -> int:
    """Bytes of the buffer of rows: the run of features comes behind it."""
    return rows_pool.scratch_bytes(s.conv, s.input, s.pool)


def run_bytes(s: Stage) -> int:
    """Bytes of one run of features, which a head consumes."""
    return 0 if s.linear is None else row_head.features_bytes(s.features, s.run)


def scratch_bytes(s: Stage) -> int:
    """Bytes of scratch: rows, and the run."""
    return rows_bytes(s) + run_bytes(s)
