"""Fusion: convolution, nonlinearity and pooling as one op that keeps no map.

- A stage begins with a convolution and ends with a pooling, or a histogram of the codes.
  Between them may stand one nonlinearity. Every entry of the map goes at once into the sums
  of all windows that hold it.
- Before the nonlinearity may stand ops on whole pixels: the division by the contrast of the
  patch that a kernel sees, the triangle of distances, the k nearest, limits, signs.
- It is fused where that takes less memory: the sums of windows that overlap much may need
  more than the map.
- A `Rescale` of maxima is part of the stage: the pooling has no requantisation of its own.
- So is a root of what is pooled: it is taken when a window is complete.
- Where only a linear layer reads the result and leaves its sums as they are (scores), it
  becomes part of the stage: it adds up while features appear, and they are not kept either.
- Counts of convolutions go into the scores of such a layer, too (`MiniRocket`).
- Coded weights of its convolution are expanded to RAM as a whole, which counts.
- All tensors inside have one reader. The numbers do not change.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from skconv.graph import (
    INPUT,
    BlockHistogram,
    Fused,
    Graph,
    MaxPool,
    Node,
    Op,
    QConv,
    QLinear,
    QLocalContrast,
    QRoot,
    Rescale,
    Reshape,
    TensorSpec,
)
from skconv.graph.facts import StagePart
from skconv.graph.storage.coded import coded_of
from skconv.target.memory import aligned, plan_memory
from skconv.target.stage_memory import StageMemory

# In this order, each where there is one: a root stands before the flatten or behind it.
TAIL: tuple[StagePart, ...] = ("root", "flatten", "rescale", "root", "head")


def chains(graph: Graph) -> Iterator[tuple[Node, ...]]:
    """The nodes of an integer graph, each once: those of a stage together, all others alone.

    The nodes of an op that is a stage already are those inside of it.
    """
    done: set[str] = set()
    for node in graph.nodes:
        if isinstance(node.op, Fused):
            yield inner_nodes(node, node.op)
        elif node.name not in done:
            chain = stage(graph, node)
            done.update(member.name for member in chain)
            yield chain


def inner_nodes(node: Node, op: Fused) -> tuple[Node, ...]:
    """The nodes inside of a stage, as they would stand in the place of its own."""
    names = {INPUT: node.inputs[0], op.graph.output_name: node.name}
    return tuple(
        Node(names.get(m.name, m.name), m.op, tuple(names.get(i, i) for i in m.inputs))
        for m in op.graph.nodes
    )


def fused(chain: Graph) -> Fused:
    """A chain as one op; a lone convolution gets a pooling that changes nothing."""
    is_alone = begins_a_stage(chain.nodes[-1].op)
    return Fused(chain.append(MaxPool((1, 1), (1, 1))) if is_alone else chain)


def begins_a_stage(op: Op) -> bool:
    """Whether an op is a convolution, of kernels or of codes."""
    return op.facts.stage in ("kernels", "codes")


def stage(graph: Graph, first: Node) -> tuple[Node, ...]:
    """The nodes that are fused with ``first``, itself included; it alone where none are."""
    if first.op.facts.stage == "counts":
        return (first, *_scores(graph, first))
    if not begins_a_stage(first.op):
        return (first,)
    chain = [first]
    has_kernels = first.op.facts.stage == "kernels"
    if has_kernels:
        chain += _contrast(graph, first)
        for part in ("pixel", "entry"):
            if node := _only_user(graph, chain[-1], part):
                chain.append(node)
    pool = _only_user(graph, chain[-1], "pool" if has_kernels else "histogram")
    if pool is None:
        return (first,)
    chain = [*chain, pool, *_tail(graph, pool)]
    x = graph.specs[first.inputs[0]]
    return tuple(chain) if _saves_memory(chain_graph(x, chain)) else (first,)


def _scores(graph: Graph, counts: Node) -> tuple[Node, ...]:
    """The linear layer that adds up what is counted."""
    head = _only_user(graph, counts, "head")
    is_head = head is not None and isinstance(head.op, QLinear) and head.op.requantization is None
    return (head,) if head is not None and is_head else ()


def _contrast(graph: Graph, conv: Node) -> tuple[Node, ...]:
    """The contrast of the patches that a convolution sees, and the division by it."""
    divide = _only_user(graph, conv, "divide")
    if divide is None or divide.inputs[0] != conv.name or divide.inputs[1] == INPUT:
        return ()
    contrast = graph.by_name[divide.inputs[1]]
    order = [graph.nodes.index(node) for node in (conv, contrast, divide)]
    if (
        _sees_the_same(conv, contrast)
        and len(graph.users(contrast.name)) == 1
        and order == sorted(order)
    ):
        return contrast, divide
    return ()


def _sees_the_same(conv: Node, contrast: Node) -> bool:
    """Whether patches are those of a convolution."""
    a, b = conv.op, contrast.op
    return (
        isinstance(a, QConv)
        and isinstance(b, QLocalContrast)
        and conv.inputs == contrast.inputs
        and (a.window, a.stride, a.padding, a.pad_mode) == (b.size, b.stride, b.padding, b.pad_mode)
        and a.dilation == (1, 1)
    )


def _saves_memory(chain: Graph) -> bool:
    """Whether the stage needs less than its ops one after the other."""
    return aligned(StageMemory(chain).nbytes) < plan_memory(chain).arena_bytes


def _tail(graph: Graph, pool: Node) -> tuple[Node, ...]:
    """What the pooled entries go through one by one, behind the pooling."""
    chain = [pool]
    for part in TAIL:
        node = _only_user(graph, chain[-1], part)
        if node and _joins(node.op, {type(member.op) for member in chain}):
            chain.append(node)
    if chain[-1].op.facts.stage == "flatten":
        chain.pop()
    return tuple(chain[1:])


def _joins(op: Op, before: set[type[Op]]) -> bool:
    """Whether a stage of ``before`` takes in what follows it.

    One multiplier each: a stage tells channels apart, not entries. Bins of a histogram grow
    one by one, so they have no root before the end.
    """
    match op:
        case QRoot(requantization=rule):
            return not before & {QRoot, BlockHistogram} and len(rule.multiplier) == 1
        case Rescale(requantization=rule):
            kinds = before & {MaxPool, Reshape, QRoot}
            return kinds == {MaxPool, Reshape} and len(rule.multiplier) == 1
        case QLinear(requantization=rule):
            return Reshape in before and rule is None
    return True


def _only_user(graph: Graph, node: Node, part: StagePart) -> Node | None:
    """The one node that reads another, where it can be that part of a stage."""
    users = graph.users(node.name)
    if len(users) != 1 or users[0].op.facts.stage != part or coded_of(users[0].op) is not None:
        return None
    return users[0]


def chain_graph(x: TensorSpec, chain: Iterable[Node]) -> Graph:
    """Nodes that follow each other, as a graph of their own, of the input of the first."""
    chain = tuple(chain)
    (source,) = chain[0].inputs
    inner = Graph(x)
    for node in chain:
        inputs = (INPUT if name == source else name for name in node.inputs)
        inner = inner.append(node.op, *inputs, name=node.name)
    return inner
