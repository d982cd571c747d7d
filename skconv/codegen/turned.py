"""A stage of a signal with its axes exchanged: what was one row is a row for every sample.

The bytes of a signal are the same either way. Turned, a stage keeps what a kernel and the
unfinished windows need, and not rows as long as the signal.
"""

from __future__ import annotations

from dataclasses import replace

from skconv.graph import Fused, Graph, Reshape


def is_signal(fused: Fused) -> bool:
    """Whether all maps have one row: they may as well have one column."""
    if fused.graph.nodes[0].op.facts.stage == "counts":
        return False  # it reads the whole signal
    maps = [spec.shape for spec in fused.graph.specs.values() if len(spec.shape) == 3]
    return all(shape[0] == 1 for shape in maps) and maps[0][1] > 1


def by_samples(op: Fused) -> Fused:
    """The stage of a signal with its axes exchanged: a row is one sample."""
    turned = Graph(replace(op.graph.input, shape=_exchanged(op.graph.input.shape)))
    for node in op.graph.nodes:
        turned = turned.append(node.op.turned(), *node.inputs, name=node.name)
    shape = op.graph.output.shape
    return Fused(turned.append(Reshape(shape)) if len(shape) == 3 else turned)


def _exchanged(shape: tuple[int, ...]) -> tuple[int, ...]:
    return (shape[1], shape[0], *shape[2:])
