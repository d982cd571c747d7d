"""Fusion: convolution, nonlinearity and pooling as one op that keeps no map.

- A stage begins with a convolution and ends with a pooling, or a histogram of the codes,
  whose windows do not overlap: every entry of the map is then used once, and can be used at
  once. Between them may stand one nonlinearity.
- A `Rescale` of maxima is part of the stage: the pooling has no requantisation of its own.
- Where only a linear layer reads the result and leaves its sums as they are (scores), it
  becomes part of the stage: it adds up while features appear, and they are not kept either.
- All tensors inside have one reader. The numbers do not change.
"""

from __future__ import annotations

from dataclasses import replace

from skconv.graph import (
    INPUT,
    Abs,
    BlockHistogram,
    BothSigns,
    Fused,
    Graph,
    Magnitude,
    MaxPool,
    Node,
    QConv,
    QConvHash,
    QLinear,
    QMeanPool,
    QSquare,
    Relu,
    Rescale,
    Reshape,
    verify,
)
from skconv.graph.ops import PoolGeometry

NONLINEARITIES = (Relu, Abs, BothSigns, Magnitude, QSquare)
POOLINGS = (MaxPool, QMeanPool)


def fuse(graph: Graph) -> Graph:
    """An integer graph with its stages as `Fused` ops."""
    fused = Graph(graph.input)
    names = {INPUT: INPUT}
    done: set[str] = set()
    for node in graph.nodes:
        if node.name in done:
            continue
        chain = stage(graph, node)
        op = Fused(_chain_graph(graph, chain)) if len(chain) > 1 else node.op
        fused = fused.append(op, *(names[i] for i in node.inputs), name=chain[-1].name)
        names[chain[-1].name] = fused.output_name
        done.update(member.name for member in chain)
    return verify(replace(fused, classes=graph.classes))


def stage(graph: Graph, first: Node) -> tuple[Node, ...]:
    """The nodes that are fused with ``first``, itself included; it alone where none are."""
    if not isinstance(first.op, QConv | QConvHash):
        return (first,)
    chain = [first]
    if isinstance(first.op, QConv) and (node := _only_user(graph, first, NONLINEARITIES)):
        chain.append(node)
    poolings = POOLINGS if isinstance(first.op, QConv) else (BlockHistogram,)
    pool = _only_user(graph, chain[-1], poolings)
    if pool is None or _overlaps(pool):
        return (first,)
    return (*chain, pool, *_tail(graph, pool))


def _tail(graph: Graph, pool: Node) -> tuple[Node, ...]:
    """What the pooled entries go through one by one: flatten, rescale, linear layer."""
    flatten = _only_user(graph, pool, (Reshape,))
    if flatten is None:
        return ()
    rescale = _only_user(graph, flatten, (Rescale,)) if isinstance(pool.op, MaxPool) else None
    tail = (flatten, rescale) if rescale else (flatten,)
    linear = _only_user(graph, tail[-1], (QLinear,))
    if linear and getattr(linear.op, "requantization", None) is None:
        return (*tail, linear)
    return tail if rescale else ()


def _only_user(graph: Graph, node: Node, classes: tuple[type, ...]) -> Node | None:
    users = graph.users(node.name)
    return users[0] if len(users) == 1 and isinstance(users[0].op, classes) else None


def _overlaps(pool: Node) -> bool:
    op = pool.op
    assert isinstance(op, PoolGeometry)
    return any(step < size for step, size in zip(op.stride, op.size, strict=True))


def _chain_graph(graph: Graph, chain: tuple[Node, ...]) -> Graph:
    inner = Graph(graph.specs[chain[0].inputs[0]])
    for node in chain:
        inner = inner.append(node.op, name=node.name)
    return inner
