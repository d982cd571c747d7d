"""The stages that take the input of a graph row by row, as it is pushed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from skconv.codegen.emit_streamed import streamed_stage
from skconv.codegen.forms import Chain, Form
from skconv.codegen.routines.base import Optimize, Wish
from skconv.codegen.routines.registry import routine_for
from skconv.codegen.streamed import rescaled
from skconv.codegen.turned import by_samples, is_signal
from skconv.graph import INPUT, Fused, Graph, Node, Rescale, Reshape, TensorSpec
from skconv.graph.nested import Streamed
from skconv.graph.ops import ConvGeometry
from skconv.passes.fuse import begins_a_stage, fused

WANTED = (
    "expected a convolution, alone or with its pooling, as the only reader of the input, "
    "without circular padding at the top or bottom"
)


@dataclass(frozen=True)
class Stream:
    """A chain whose input is pushed, and what becomes of a row before.

    Attributes
    ----------
    chain : Chain
        It begins with a convolution.
    input : TensorSpec
        Of the graph. Rows are those of the map that the chain reads; a signal, which is a map
        of one row, comes sample by sample.
    rescale : Node or None
        Between the input and the chain.
    """

    chain: Chain
    input: TensorSpec
    rescale: Node | None

    def forms(self, optimize: Optimize) -> Iterator[Form]:
        """From the fastest to the smallest."""
        if optimize != "size":
            yield self._form(optimize)
        if optimize != "speed":
            yield self._form("size")

    def _form(self, optimize: Optimize) -> Form:
        stage = fused(self.chain.graph)
        stage = by_samples(stage) if is_signal(stage) else stage
        _check_padding(stage)
        x = replace(self.input, shape=stage.graph.input.shape)
        op = self._planned(stage, Wish(optimize, "rows"))
        op = op if self.rescale is None else rescaled(op, x, self.rescale)
        return Form((Node(self.chain.name, op, (INPUT,)),), x)

    def _planned(self, stage: Fused, wish: Wish) -> Streamed:
        """By a routine where the whole input would have one: for ``"size"`` by that one."""
        chain = self.chain
        whole = routine_for(chain.op, chain.input, chain.target, Wish(wish.optimize))
        routine = routine_for(stage, stage.graph.input, chain.target, wish)
        is_other = wish.optimize == "size" and routine is not whole
        if whole is None or routine is None or is_other:
            return streamed_stage(stage)
        op = routine.plan(stage, stage.graph.input, wish)
        assert isinstance(op, Streamed)
        return op


def _check_padding(stage: Fused) -> None:
    conv = stage.graph.nodes[0].op
    assert isinstance(conv, ConvGeometry)
    if conv.pad_mode == "circular" and any(conv.padding[0]):
        raise ValueError(f"input='rows': padding={conv.padding} is circular, {WANTED}")


def with_stream(graph: Graph, chains: Sequence[Chain]) -> tuple[Chain | Stream, ...]:
    """Chains of a graph, of which the first takes rows: the nodes before it are part of it.

    Raises
    ------
    ValueError
        Where the graph is float, or does not begin with a convolution.
    """
    if graph.domain == "float":
        raise ValueError("input='rows' needs integers, got a float graph: write dtype='int8'")
    before = []
    readers = _readers(chains, INPUT)
    if len(readers) == 1 and isinstance(readers[0].op, Reshape):
        before += readers
        readers = _readers(chains, readers[0].name)
    first = _only(INPUT, readers)
    rescale = first.nodes[0] if isinstance(first.op, Rescale) else None
    if rescale:
        before.append(first)
        first = _only(rescale.name, _readers(chains, rescale.name))
    if not begins_a_stage(first.nodes[0].op):
        raise ValueError(f"input='rows': node {first.name!r} is {first.op.describe()}, {WANTED}")
    stream = Stream(first, graph.input, rescale)
    return tuple(stream if chain is first else chain for chain in chains if chain not in before)


def _readers(chains: Sequence[Chain], name: str) -> list[Chain]:
    return [chain for chain in chains if any(name in node.inputs for node in chain.nodes)]


def _only(name: str, readers: Sequence[Chain]) -> Chain:
    if len(readers) != 1:
        raise ValueError(f"input='rows': {name!r} has {len(readers)} readers, {WANTED}")
    return readers[0]
