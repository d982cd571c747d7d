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
from skconv.graph import INPUT, Fused, Graph, Node, Op, Rescale, Reshape, TensorSpec
from skconv.graph.nested import Streamed
from skconv.graph.ops import ConvGeometry
from skconv.passes.fuse import begins_a_stage, fused

WANTED = (
    "expected convolutions, alone or with their pooling, as the only readers of the input, "
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
        Of the graph. Rows are those of the map that the chain reads.
    rescale : Node or None
        Between the input and the chain.
    by_samples : bool
        Whether it is a signal, a map of one row, that comes sample by sample.
    """

    chain: Chain
    input: TensorSpec
    rescale: Node | None
    by_samples: bool

    def forms(self, optimize: Optimize) -> Iterator[Form]:
        """From the fastest to the smallest."""
        if optimize != "size":
            yield self._form(optimize)
        if optimize != "speed":
            yield self._form("size")

    def _form(self, optimize: Optimize) -> Form:
        stage = fused(self.chain.graph)
        stage = by_samples(stage) if self.by_samples else stage
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
            return streamed_stage(stage, small=wish.optimize == "size")
        op = routine.plan(stage, stage.graph.input, wish)
        assert isinstance(op, Streamed)
        return op


def _check_padding(stage: Fused) -> None:
    conv = stage.graph.nodes[0].op
    assert isinstance(conv, ConvGeometry)
    if conv.pad_mode == "circular" and any(conv.padding[0]):
        raise ValueError(f"input='rows': padding={conv.padding} is circular, {WANTED}")


def with_streams(graph: Graph, chains: Sequence[Chain]) -> tuple[Chain | Stream, ...]:
    """Chains of a graph, those first that take rows: the nodes before them are part of them.

    Raises
    ------
    ValueError
        Where the graph is float, or something else than convolutions reads its input.
    """
    if graph.domain == "float":
        raise ValueError("input='rows' needs integers, got a float graph: write dtype='int8'")
    paths = list(_paths(chains, INPUT))
    shapes = list(dict.fromkeys(path[-1].input.shape for path in paths))
    if len(shapes) > 1:
        maps = " and ".join(map(str, shapes))
        raise ValueError(f"input='rows': the input is read as maps {maps}, expected one shape")
    turned = all(is_signal(fused(path[-1].graph)) for path in paths)
    streams = (Stream(path[-1], graph.input, _rescale(path), turned) for path in paths)
    taken = {chain.name for path in paths for chain in path}
    return (*streams, *(chain for chain in chains if chain.name not in taken))


def _paths(
    chains: Sequence[Chain], name: str, through: tuple[type[Op], ...] = (Reshape, Rescale)
) -> Iterator[tuple[Chain, ...]]:
    """From a tensor to each convolution that reads it, ``through`` no other ops."""
    readers = [c for c in chains if any(name in node.inputs for node in c.nodes)]
    if not readers:
        raise ValueError(f"input='rows': nothing reads {name!r}, {WANTED}")
    for chain in readers:
        if isinstance(chain.op, through):
            rest = through[through.index(type(chain.op)) + 1 :]
            yield from ((chain, *path) for path in _paths(chains, chain.name, rest))
        elif begins_a_stage(chain.nodes[0].op):
            yield (chain,)
        else:
            found = f"node {chain.name!r} is {chain.op.describe()}"
            raise ValueError(f"input='rows': {found}, {WANTED}")


def _rescale(path: Sequence[Chain]) -> Node | None:
    return next((c.nodes[0] for c in path if isinstance(c.op, Rescale)), None)
