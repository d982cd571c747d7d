"""A torch network as a list of calls of torch functions.

By ``torch.fx``, or by ``torch.export`` where that fails: it follows control flow that looks
at shapes. Both yield nodes of the same kind, so that everything behind this file knows one
form. This module imports torch.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import dropwhile
from pathlib import Path
from threading import RLock
from traceback import StackSummary, extract_stack
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, fx, nn

from skconv.exceptions import NotConvertibleError

# Samples that the traced batch has. One would be confused with axes of length 1.
N_SAMPLES = 2
# Both tracers change torch itself while they run: no other thread may run a module meanwhile.
ONE_AT_A_TIME = RLock()
_BATCH_NORM = nn.modules.batchnorm._BatchNorm


@dataclass
class Trace:
    """What a network calls, in order.

    Attributes
    ----------
    name : str
        Class of the network.
    nodes : list of torch.fx.Node
        Placeholders, constants and calls.
    input : torch.fx.Node
        The batch.
    constants : dict of Node to object
        Parameters, buffers, and defaults of arguments.
    outputs : list of (str, Node)
        Qualified name of every module, and what it returned, in the order they return. A
        module that runs again is ``"name:2"``. The network itself is ``"output"``.
    n_samples : int
        Length of the batch in shapes that the network computes.
    """

    name: str
    nodes: list[fx.Node]
    input: fx.Node
    constants: dict[fx.Node, Any]
    outputs: list[tuple[str, fx.Node]]
    n_samples: int = N_SAMPLES


def trace(module: nn.Module, shape: tuple[int, ...]) -> Trace:
    """The calls of a module in evaluation mode on samples of ``shape`` (channels first).

    Raises
    ------
    NotConvertibleError
        Where neither ``torch.fx`` nor ``torch.export`` can follow the module.
    """
    with ONE_AT_A_TIME, evaluating(module):
        try:
            return _traced(module)
        except Exception as error:  # Whatever a module's code does with a stand-in for a tensor.
            by_fx = error
        try:
            sample = torch.zeros(N_SAMPLES, *shape)
            program = torch.export.export(module, (sample,))
        except Exception as error:
            raise NotConvertibleError(
                type(module).__name__,
                f"torch.fx says: {_first_line(by_fx)}; torch.export says: {_first_line(error)}",
                "use engine='module'",
            ) from error
    return trace_program(program, type(module).__name__)


def _first_line(error: Exception) -> str:
    text = str(error).strip() or type(error).__name__
    return text.splitlines()[0][:200]


@contextmanager
def evaluating(module: nn.Module) -> Iterator[None]:
    """The module in evaluation mode; afterwards every part is in its own mode again."""
    modes = {part: part.training for part in module.modules()}
    module.eval()
    try:
        yield
    finally:
        for part, training in modes.items():
            part.training = training


# ----------------------------------------------------------------------------- torch.fx


@dataclass
class _Names:
    """Names of modules as they return, numbered where one runs again."""

    outputs: list[tuple[str, fx.Node]] = field(default_factory=list)
    runs: dict[str, int] = field(default_factory=dict)

    def note(self, name: str, node: Any) -> None:
        if isinstance(node, fx.Node):
            self.runs[name] = self.runs.get(name, 0) + 1
            n = self.runs[name]
            self.outputs.append((name if n == 1 else f"{name}:{n}", node))


class _Tracer(fx.Tracer):  # type: ignore[misc]
    """Goes into every module, so that only functions are left, and notes what they return."""

    def __init__(self) -> None:
        super().__init__()
        self.names = _Names()

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        return False

    def create_node(self, *args: Any, **kwargs: Any) -> fx.Node:
        """And where it was called. To note that itself, torch imports its compiler, for seconds."""
        node = super().create_node(*args, **kwargs)
        calls = dropwhile(lambda frame: frame.name != "forward", extract_stack())
        node.stack_trace = "".join(StackSummary.from_list(calls).format())
        return node

    def call_module(self, m: nn.Module, forward: Any, args: Any, kwargs: Any) -> Any:
        if isinstance(m, _BATCH_NORM) and type(m).forward is _BATCH_NORM.forward:
            forward = partial(_batch_norm, m)  # Its own looks at the shape.
        result = super().call_module(m, forward, args, kwargs)
        self.names.note(self.path_of_module(m), getattr(result, "node", None))
        return result


def _batch_norm(m: Any, x: Tensor) -> Tensor:
    return F.batch_norm(x, m.running_mean, m.running_var, m.weight, m.bias, False, 0.0, m.eps)


def _traced(module: nn.Module) -> Trace:
    tracer = _Tracer()
    graph = tracer.trace(module)
    nodes = list(graph.nodes)
    inputs = [node for node in nodes if node.op == "placeholder"]
    _check_one_input(module, [node for node in inputs if not node.args])
    constants = {n: _attribute(tracer.root, n.target) for n in nodes if n.op == "get_attr"}
    constants |= {node: node.args[0] for node in inputs if node.args}  # defaults
    tracer.names.note("output", nodes[-1].args[0])
    batch = next(node for node in inputs if not node.args)
    return Trace(type(module).__name__, nodes, batch, constants, tracer.names.outputs)


def _attribute(root: nn.Module, path: str) -> Any:
    value: Any = root
    for name in path.split("."):
        value = getattr(value, name)
    return value


def _check_one_input(module: Any, inputs: list[fx.Node]) -> None:
    if len(inputs) != 1:
        raise NotConvertibleError(
            type(module).__name__,
            f"it has {len(inputs)} inputs ({', '.join(str(node.target) for node in inputs)})",
            "wrap it in a module that takes one batch",
        )


# ------------------------------------------------------------------------- torch.export


def trace_program(program: Any, name: str = "ExportedProgram") -> Trace:
    """The calls of a ``torch.export`` program of one input."""
    signature = program.graph_signature
    tensors = {**program.state_dict, **program.constants}
    targets = {
        **signature.inputs_to_parameters,
        **signature.inputs_to_buffers,
        **signature.inputs_to_lifted_tensor_constants,
    }
    nodes = list(program.graph.nodes)
    placeholders = [node for node in nodes if node.op == "placeholder"]
    constants = {n: tensors[targets[n.name]] for n in placeholders if n.name in targets}
    inputs = [n for n in placeholders if n.name in signature.user_inputs]
    _check_one_input(program, inputs)
    n_samples = inputs[0].meta["val"].shape[0]
    fixed = int(n_samples) if isinstance(n_samples, int) else N_SAMPLES
    return Trace(name, nodes, inputs[0], constants, _last_nodes(nodes), fixed)


def sample_shape(program: Any) -> tuple[int, ...]:
    """Shape of a sample that a program was exported for, channels first."""
    (name,) = program.graph_signature.user_inputs
    node = next(node for node in program.graph.nodes if node.name == name)
    return tuple(int(n) for n in node.meta["val"].shape[1:])


def _module_stack(node: fx.Node) -> dict[str, str]:
    """Modules that a node stands in, the outermost first: key of the run to name."""
    stack = node.meta.get("nn_module_stack") or {}
    return {str(key): str(entry[0]) for key, entry in stack.items()}


def _last_nodes(nodes: list[fx.Node]) -> list[tuple[str, fx.Node]]:
    """What modules return: the last node of every run of one."""
    names, last = _Names(), None
    open_runs: dict[str, str] = {}
    for node in nodes:
        if node.op != "call_function":
            continue
        stack = _module_stack(node)
        for key in [key for key in reversed(open_runs) if key not in stack]:
            names.note(open_runs.pop(key), last)
        open_runs.update((key, name) for key, name in stack.items() if name)
        last = node
    for key in reversed(open_runs):
        names.note(open_runs[key], last)
    returned = nodes[-1].args[0]
    names.note("output", returned[0] if isinstance(returned, tuple) else returned)
    return names.outputs


# ------------------------------------------------------------------------- where it stands


def function_name(node: fx.Node) -> str:
    """``"conv2d"``, ``"relu"``, ``"add"``: without a namespace, without an in-place mark."""
    return raw_name(node).strip("_")


def raw_name(node: fx.Node) -> str:
    """The name of a node's function or method as torch has it."""
    if isinstance(node.target, str):
        return node.target
    if hasattr(node.target, "_schema"):
        return str(node.target._schema.name).rpartition("::")[2]
    return str(getattr(node.target, "__name__", node.target))


def writes_over_input(node: fx.Node) -> bool:
    """Whether the function changes its first argument in place."""
    name = raw_name(node)
    is_operator = name.strip("_") in ("iadd", "imul", "isub", "itruediv", "setitem")
    return is_operator or name.rstrip("_") + "_" == name or bool(node.kwargs.get("inplace"))


def module_name(node: fx.Node) -> str:
    """Qualified name of the innermost module that a node stands in."""
    names = [name for name in _module_stack(node).values() if name]
    return names[-1] if names else ""


def place(node: fx.Node) -> str:
    """``"module 'features.3', at net.py:12: x = f(x)"``, as far as torch has noted it."""
    name = module_name(node)
    parts = [f"module {name!r}"] if name else []
    if line := _source_line(node.stack_trace or ""):
        parts.append(line)
    return ", ".join(parts) or "the network's own forward"


def _source_line(stack_trace: str) -> str:
    """The innermost line of code that is not torch's."""
    frames = re.findall(r'File "([^"]+)", line (\d+), in \w+\n\s+(.+)', stack_trace)
    own = [f for f in frames if f[0] != __file__ and not re.search(r"[/\\]torch[/\\]", f[0])]
    if not own:
        return ""
    path, number, code = own[-1]
    return f"at {Path(path).name}:{number}: {code.strip()}"
