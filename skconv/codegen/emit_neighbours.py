"""How distances to stored samples, and what the nearest say, are printed in C."""

from __future__ import annotations

from collections.abc import Iterator

from skconv.codegen.node import Call, NodeCode, emit
from skconv.codegen.text import call, float_literal, struct
from skconv.graph import (
    Distances,
    NeighbourMeans,
    NeighbourVotes,
    NoveltyMargin,
    QDistances,
    QNeighbourMeans,
    QNeighbourVotes,
    QNoveltyMargin,
)
from skconv.graph.neighbours import IntegerPrototypes, Neighbours, Prototypes

INTEGER, FLOAT = "neighbours.h", "float_neighbours.h"

# ----------------------------------------------------------------------------------- integers


def neighbourhood(op: Prototypes) -> str:
    """The C value of `sk_neighbourhood`: what is asked about distances."""
    return struct(
        "sk_neighbourhood",
        count=getattr(op, "k", 0),
        is_l2=op.metric == "l2",
        root_bits=getattr(op, "root_bits", 0),
        weighted=getattr(op, "weighted", False),
    )


def kernel(op: Prototypes) -> str:
    """The kernel whose distance it is."""
    return "SK_RBF" if op.metric == "l2" else "SK_LAPLACIAN"


def heap(code: NodeCode) -> str:
    return f"(sk_neighbour *){code.scratch}"


def _samples(op: IntegerPrototypes, code: NodeCode) -> str:
    x = code.input
    return struct(
        "sk_machine",
        kernel=kernel(op),
        type=x.type,
        features=x.spec.size,
        vectors=len(op.prototypes),
        support_vectors=code.tables["prototypes"],
    )


def _find(op: Neighbours, code: NodeCode) -> Call:
    assert isinstance(op, IntegerPrototypes)
    arguments = (code.input.pointer, heap(code), op.k, _samples(op, code))
    return Call(INTEGER, call("sk_find_neighbours", *arguments))


@emit.register
def _(op: QDistances, code: NodeCode) -> Iterator[Call]:
    sizes = (neighbourhood(op), str(op.negated).lower(), _samples(op, code))
    yield Call(INTEGER, call("sk_distances", code.input.pointer, code.output.pointer, *sizes))


@emit.register(QNeighbourVotes)
@emit.register(QNeighbourMeans)
@emit.register(QNoveltyMargin)
def _(op: Neighbours, code: NodeCode) -> Iterator[Call]:
    yield _find(op, code)
    yield judgement(op, code)


def judgement(op: Neighbours, code: NodeCode) -> Call:
    """What becomes of the neighbours that were found."""
    arguments = (heap(code), code.output.pointer, neighbourhood(op))
    if isinstance(op, QNeighbourVotes):
        labels = (*code.weights("labels"), op.n_classes)
        return Call(INTEGER, call("sk_neighbour_votes", *arguments, *labels))
    if isinstance(op, QNeighbourMeans):
        values = (*code.weights("values"), op.values.shape[1], code.table("offsets", "int32"))
        return Call(INTEGER, call("sk_neighbour_means", *arguments, *values))
    assert isinstance(op, QNoveltyMargin)
    reaches, reach_type = code.weights("reaches")
    densities, density_type = code.weights("densities")
    novelty = struct(
        "sk_novelty",
        reaches=reaches,
        reach_type=reach_type,
        densities=densities,
        density_type=density_type,
        limit=int(op.limit),
        shift=op.shift,
    )
    return Call(INTEGER, call("sk_novelty_margin", *arguments, novelty))


# ------------------------------------------------------------------------------------- floats


def _float_neighbourhood(op: Prototypes, code: NodeCode) -> str:
    n_prototypes, n_features = op.prototypes.shape
    return struct(
        "sk_float_neighbourhood",
        is_l2=op.metric == "l2",
        features=n_features,
        vectors=n_prototypes,
        count=getattr(op, "k", 0),
        weighted=getattr(op, "weighted", False),
        samples=code.table("prototypes", "float32"),
    )


@emit.register
def _(op: Distances, code: NodeCode) -> Iterator[Call]:
    unit = float_literal(-op.unit if op.negated else op.unit)
    value = (unit, _float_neighbourhood(op, code))
    yield Call(FLOAT, call("sk_float_distances", code.input.pointer, code.output.pointer, *value))


def _float_heap(code: NodeCode) -> str:
    return f"(sk_float_neighbour *){code.scratch}"


def _float_find(op: Neighbours, code: NodeCode) -> Call:
    arguments = (code.input.pointer, _float_heap(code), _float_neighbourhood(op, code))
    return Call(FLOAT, call("sk_float_find_neighbours", *arguments))


def _float_judgement(op: Neighbours, code: NodeCode, name: str, *tables: object) -> Call:
    arguments = (_float_heap(code), code.output.pointer, _float_neighbourhood(op, code))
    return Call(FLOAT, call(f"sk_float_{name}", *arguments, *tables))


@emit.register
def _(op: NeighbourVotes, code: NodeCode) -> Iterator[Call]:
    yield _float_find(op, code)
    labels = (*code.weights("labels"), op.n_classes)
    yield _float_judgement(op, code, "neighbour_votes", *labels)


@emit.register
def _(op: NeighbourMeans, code: NodeCode) -> Iterator[Call]:
    yield _float_find(op, code)
    values = (code.table("values", "float32"), op.values.shape[1])
    yield _float_judgement(op, code, "neighbour_means", *values)


@emit.register
def _(op: NoveltyMargin, code: NodeCode) -> Iterator[Call]:
    yield _float_find(op, code)
    tables = (code.table("reaches", "float32"), code.table("densities", "float32"))
    yield _float_judgement(op, code, "novelty_margin", *tables, float_literal(op.limit))
