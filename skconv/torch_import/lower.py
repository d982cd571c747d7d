"""A trace of torch calls becomes a graph.

A call that has no form as an op is no error until something needs its result: a network may
end in whatever it likes behind the layer that is tapped. This module imports torch.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from torch import fx

from skconv.exceptions import NotConvertibleError
from skconv.graph import INPUT
from skconv.torch_import import (
    lower_activations,
    lower_arithmetic,
    lower_layers,
    lower_pooling,
    lower_selection,
    lower_shapes,
)
from skconv.torch_import.builder import Builder, Unsupported, Value, identifier
from skconv.torch_import.registry import LOWERINGS
from skconv.torch_import.tracing import Trace, function_name, module_name, place, writes_over_input
from skconv.torch_import.views import Views

# Importing these registers what they lower.
_FAMILIES = (
    lower_activations,
    lower_arithmetic,
    lower_layers,
    lower_pooling,
    lower_selection,
    lower_shapes,
)


@dataclass(frozen=True)
class Failure:
    """A placeholder for a missing value: the reason why it is missing."""

    error: NotConvertibleError


class Lowering:
    """Runs through a trace and builds the graph.

    Parameters
    ----------
    trace : Trace
        Calls in order.
    shape : tuple of int
        Of a sample, channels first.

    Attributes
    ----------
    build : Builder
        Holds the graph.
    outputs : dict of str to (Value, Failure or None)
        What every module returns, in the order in which they return; None is no tensor.
    """

    def __init__(self, trace: Trace, shape: tuple[int, ...]) -> None:
        self._trace = trace
        self._values: dict[fx.Node, Any] = dict(trace.constants)
        self._views = Views()
        self.build = Builder(shape, trace.n_samples)
        self._values[trace.input] = Value(INPUT, shape)
        names: dict[fx.Node, list[str]] = {}
        for name, node in trace.outputs:
            names.setdefault(node, []).append(name)
        found: dict[str, Any] = {}
        for node in trace.nodes:
            if node.op in ("call_function", "call_method"):
                self._values[node] = self._run(node)
            if node in names:  # Noted at once: what works in place may change it later.
                found.update(dict.fromkeys(names[node], self._tapped(node)))
        self.outputs = {name: found[name] for name, _ in trace.outputs}

    def _tapped(self, node: fx.Node) -> Any:
        value = self._values.get(node)
        if not isinstance(value, Value):
            return value if isinstance(value, Failure) else None
        try:
            return self.build.settled(value)
        except Unsupported as error:
            return Failure(self._error(node, str(error)))

    def _run(self, node: fx.Node) -> Any:
        self._views.note(node)
        result = self._result(node)
        if writes_over_input(node) and node.all_input_nodes:
            self._write(node, result)
        return result

    def _result(self, node: fx.Node) -> Any:
        args = fx.map_arg(node.args, self._values.__getitem__)
        kwargs = fx.map_arg(dict(node.kwargs), self._values.__getitem__)
        inputs = [self._values[n] for n in node.all_input_nodes]
        for value in inputs:
            if isinstance(value, Failure):
                return value
        if not any(isinstance(value, Value) for value in inputs):
            return _computed(node, args, kwargs)
        return self._lowered(node, args, kwargs)

    def _write(self, node: fx.Node, result: Any) -> None:
        """The first argument of a call becomes its result; other views of it are not known."""
        target = node.all_input_nodes[0]
        self._values[target] = result
        for other in self._views.touched_by(target):
            reason = f"it reads what {function_name(node)} of {place(node)} wrote over in a view"
            self._values[other] = Failure(self._error(other, reason))

    def _lowered(self, node: fx.Node, args: Any, kwargs: Any) -> Any:
        name = function_name(node)
        aten = f"aten.{name}" if hasattr(node.target, "_schema") else name
        lowering = LOWERINGS.get(aten, LOWERINGS.get(name))
        if lowering is None:
            return Failure(self._error(node, "it has no form as an op"))
        kwargs = dict(kwargs)
        if "input" in kwargs:  # torch's name of the first argument
            args = (kwargs.pop("input"), *args)
        self.build.stem = identifier(module_name(node)) or name
        try:
            return lowering(self.build, *args, **kwargs)
        except (Unsupported, ValueError, TypeError) as error:
            return Failure(self._error(node, str(error)))

    def _error(self, node: fx.Node, reason: str) -> NotConvertibleError:
        return NotConvertibleError(
            self._trace.name,
            f"{function_name(node)} of {place(node)}: {reason}",
            "tap a layer before it, or use engine='module'",
        )


def _computed(node: fx.Node, args: Any, kwargs: Any) -> Any:
    """A call on constants and shapes alone."""
    if node.op == "call_method":
        return getattr(args[0], str(node.target))(*args[1:], **kwargs)
    return node.target(*args, **kwargs)
