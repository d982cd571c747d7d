"""Distances to stored samples, and the nearest of them, by ``dsp_neighbours.h``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from skconv.codegen.emit_neighbours import heap, judgement, kernel, neighbourhood
from skconv.codegen.node import Call, NodeCode, emit
from skconv.codegen.routines.base import Routine, Wish, with_dsp
from skconv.codegen.routines.kernel_machine.packing import packed_vectors, spread_bytes
from skconv.codegen.text import call, struct
from skconv.graph import (
    QDistances,
    QNeighbourMeans,
    QNeighbourVotes,
    QNoveltyMargin,
    TensorSpec,
)
from skconv.graph.base import Array
from skconv.graph.neighbours import IntegerPrototypes, Neighbours
from skconv.graph.nested import Packed


@dataclass(frozen=True)
class DspNeighbours(Packed):
    """Distances to four samples at a time, two or four features at a time."""


def fits(op: IntegerPrototypes, x: TensorSpec, wish: Wish) -> bool:
    """Whether it is the routine to take: wherever it serves."""
    return x.dtype in ("uint8", "int8", "int16")


def plan(op: IntegerPrototypes, x: TensorSpec, wish: Wish) -> DspNeighbours:
    """The op with its samples in blocks of four."""
    vectors, norms = packed_vectors(op.prototypes, with_norms=op.metric == "l2")
    others = op.parameters
    del others["prototypes"]
    tables: dict[str, Array] = {"support_vectors": vectors}
    if norms is not None:
        tables["norms"] = norms
    room = spread_bytes(x.size) if _is_spread(op) else 0
    return DspNeighbours(op, tuple((tables | others).items()), op.scratch_bytes + room)


def _is_spread(op: IntegerPrototypes) -> bool:
    """Whether the input is brought to lanes first."""
    return op.metric == "l2" and op.prototypes.dtype != np.int16


@emit.register
def _(op: DspNeighbours, code: NodeCode) -> Iterator[Call]:
    inner, x = op.op, code.input
    assert isinstance(inner, IntegerPrototypes)
    lanes = f"(uint32_t *)({code.scratch} + {inner.scratch_bytes})" if _is_spread(inner) else "NULL"
    samples = _samples(inner, code)
    if isinstance(inner, QDistances):
        values = (lanes, neighbourhood(inner), str(inner.negated).lower(), samples)
        text = call("sk_dsp_distances", x.pointer, code.output.pointer, *values)
        yield Call("dsp_neighbours.h", text)
        return
    assert isinstance(inner, Neighbours)
    arguments = (x.pointer, heap(code), str(inner.k), lanes, samples)
    yield Call("dsp_neighbours.h", call("sk_dsp_find_neighbours", *arguments))
    yield judgement(inner, code)


def _samples(op: IntegerPrototypes, code: NodeCode) -> str:
    is_wide = op.prototypes.dtype == np.int16
    norms = {"norms": code.tables["norms"]} if "norms" in code.tables else {}
    return struct(
        "sk_dsp_machine",
        kernel=kernel(op),
        type=code.input.type,
        vector_type="SK_INT16" if is_wide else "SK_UINT8",
        features=code.input.spec.size,
        vectors=len(op.prototypes),
        support_vectors=code.tables["support_vectors"],
        **norms,
    )


ROUTINES = tuple(
    Routine(op, with_dsp, fits, plan)
    for op in (QDistances, QNeighbourMeans, QNeighbourVotes, QNoveltyMargin)
)
