"""How the counts of `MiniRocket` are printed in C, as a tensor or added up by a linear layer."""

from __future__ import annotations

from collections.abc import Iterator

from skconv.codegen.node import Call, NodeCode, emit
from skconv.codegen.text import call, struct
from skconv.graph import MiniRocket, TensorSpec


@emit.register
def _(op: MiniRocket, code: NodeCode) -> Iterator[Call]:
    x, y = code.input, code.output
    if x.is_float:
        source = {"input": x.pointer, **_lengths(op, x.spec)}
        last = {"biases": code.table("biases", "float32")}
        sums = {"sums": f"(float *){code.scratch}"}
        value = struct("sk_float_rocket", **source, **sums, **_convolutions(op, code), **last)
        text = call("sk_float_rocket_counts", value, y.pointer)
        yield Call("float_minirocket.h", text)
        return
    to = struct("sk_counts", output=y.pointer, type=y.type)
    yield rocket_call(op, code, to)


def rocket_call(op: MiniRocket, code: NodeCode, to: str) -> Call:
    """The counts of an integer signal go ``to`` an ``sk_counts``."""
    x = code.input
    biases, bias_type = code.weights("biases")
    source = {"input": x.pointer, "type": x.type, **_lengths(op, x.spec)}
    sums = {"sums": code.scratch, "sum_type": f"SK_{op.sum_dtype.upper()}"}
    last = {"biases": biases, "bias_type": bias_type}
    # C++ wants the members in the order of the struct.
    value = struct("sk_rocket", **source, **sums, **_convolutions(op, code), **last)
    return Call("minirocket.h", call("sk_rocket_counts", value, to))


def _lengths(op: MiniRocket, x: TensorSpec) -> dict[str, object]:
    return {"length": op.length, "channels": x.shape[2]}


def _convolutions(op: MiniRocket, code: NodeCode) -> dict[str, object]:
    """What the C of floats and of integers reads alike."""
    steps, step_type = code.weights("dilations")
    n_biases, n_biases_type = code.weights("n_biases")
    return {
        "reach": op.reach,
        "convolutions": len(op.dilations),
        "steps": steps,
        "step_type": step_type,
        "kernels": code.table("kernels", "uint8"),
        "triples": code.table("triples", "uint16"),
        "n_read": code.table("n_channels", "uint8"),
        "read": code.table("channels", "uint8"),
        "n_biases": n_biases,
        "n_biases_type": n_biases_type,
    }
