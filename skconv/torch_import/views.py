"""Which calls of torch return another view of the same numbers. This module imports torch."""

from __future__ import annotations

from collections.abc import Iterator

from torch import fx

from skconv.torch_import.tracing import function_name

# Those that may return their argument's memory.
_VIEWS = frozenset(
    ("view", "reshape", "flatten", "unflatten", "squeeze", "unsqueeze", "expand", "expand_as",
     "transpose", "swapaxes", "swapdims", "permute", "getitem", "slice", "select", "narrow",
     "contiguous", "detach", "alias", "float", "dropout", "dropout1d", "dropout2d",
     "alpha_dropout", "feature_dropout")
)  # fmt: skip
# Those that share it out among parts.
_PARTS = frozenset(("chunk", "split", "split_with_sizes"))


class Views:
    """Finds what else changes when a call writes over a tensor."""

    def __init__(self) -> None:
        self._sources: dict[fx.Node, fx.Node] = {}

    def note(self, node: fx.Node) -> None:
        """A call that has been run."""
        if function_name(node) in _VIEWS | _PARTS and node.all_input_nodes:
            self._sources[node] = node.all_input_nodes[0]

    def touched_by(self, node: fx.Node) -> Iterator[fx.Node]:
        """All other nodes that a write to ``node`` changes, or may change."""
        own = list(self._chain(node))
        for other in {*self._sources, *self._sources.values()} - {node}:
            meeting = next((n for n in self._chain(other) if n in own), None)
            if meeting is not None and function_name(meeting) not in _PARTS:
                yield other

    def _chain(self, node: fx.Node) -> Iterator[fx.Node]:
        """A node, what it is a view of, and so on."""
        yield node
        while node in self._sources:
            node = self._sources[node]
            yield node
