"""Fusion: convolution, nonlinearity and pooling as one op that keeps no map.

- A stage begins with a convolution and ends with a pooling, or a histogram of the codes.
  Between them may stand one nonlinearity. Every entry of the map goes at once into the sums
  of all windows that hold it.
- It is fused where that takes less memory: the sums of windows that overlap much may need
  more than the map.
- A `Rescale` of maxima is part of the stage: the pooling has no requantisation of its own.
- Where only a linear layer reads the result and leaves its sums as they are (scores), it
  becomes part of the stage: it adds up while features appear, and they are not kept either.
- All tensors inside have one reader. The numbers do not change.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
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
    SoftThreshold,
    verify,
)
from skconv.memory import aligned, plan_memory
from skconv.stage_memory import StageMemory

NONLINEARITIES = (Relu, Abs, BothSigns, Magnitude, QSquare, SoftThreshold)
# QL2Pool is a QMeanPool.
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
        op = Fused(chain_graph(graph, chain)) if len(chain) > 1 else node.op
        fused = fused.append(op, *(names[i] for i in node.inputs), name=chain[-1].name)
        names[chain[-1].name] = fused.output_name
        done.update(member.name for member in chain)
    return verify(replace(fused, classes=graph.classes))


def in_parts(graph: Graph, parts: Mapping[str, Graph]) -> Graph:
    """A graph with the chains of some `Fused` ops, by the names of their nodes, in their place."""
    nodes: list[Node] = []
    for node in graph.nodes:
        if node.name not in parts:
            nodes.append(node)
            continue
        chain = parts[node.name]
        names = {INPUT: node.inputs[0], chain.output_name: node.name}
        nodes += [
            Node(names.get(m.name, m.name), m.op, tuple(names.get(i, i) for i in m.inputs))
            for m in chain.nodes
        ]
    return verify(replace(graph, nodes=tuple(nodes)))


def stage(graph: Graph, first: Node) -> tuple[Node, ...]:
    """The nodes that are fused with ``first``, itself included; it alone where none are."""
    if not isinstance(first.op, QConv | QConvHash):
        return (first,)
    chain = [first]
    if isinstance(first.op, QConv) and (node := _only_user(graph, first, NONLINEARITIES)):
        chain.append(node)
    poolings = POOLINGS if isinstance(first.op, QConv) else (BlockHistogram,)
    pool = _only_user(graph, chain[-1], poolings)
    if pool is None:
        return (first,)
    chain = [*chain, pool, *_tail(graph, pool)]
    return tuple(chain) if _saves_memory(chain_graph(graph, chain)) else (first,)


def _saves_memory(chain: Graph) -> bool:
    """Whether the stage needs less than its ops one after the other."""
    return aligned(StageMemory(chain).nbytes) < plan_memory(chain).arena_bytes


def _tail(graph: Graph, pool: Node) -> tuple[Node, ...]:
    """What the pooled entries go through one by one: flatten, rescale, linear layer."""
    flatten = _only_user(graph, pool, (Reshape,))
    if flatten is None:
        return ()
    rescale = _only_user(graph, flatten, (Rescale,)) if isinstance(pool.op, MaxPool) else None
    if rescale and not _is_uniform(rescale):
        return ()
    tail = (flatten, rescale) if rescale else (flatten,)
    linear = _only_user(graph, tail[-1], (QLinear,))
    if linear and getattr(linear.op, "requantization", None) is None:
        return (*tail, linear)
    return tail if rescale else ()


def _is_uniform(rescale: Node) -> bool:
    """Whether all entries have one multiplier: a stage tells channels apart, not entries."""
    assert isinstance(rescale.op, Rescale)
    return len(rescale.op.requantization.multiplier) == 1


def _only_user(graph: Graph, node: Node, classes: tuple[type, ...]) -> Node | None:
    users = graph.users(node.name)
    return users[0] if len(users) == 1 and isinstance(users[0].op, classes) else None


def chain_graph(graph: Graph, chain: Iterable[Node]) -> Graph:
    """Nodes that follow each other, as a graph of their own."""
    chain = tuple(chain)
    inner = Graph(graph.specs[chain[0].inputs[0]])
    for node in chain:
        inner = inner.append(node.op, name=node.name)
    return inner
