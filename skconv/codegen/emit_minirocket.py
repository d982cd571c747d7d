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
        values = {
            "input": x.pointer,
            "sums": f"(float *){code.scratch}",
            "biases": code.table("biases", "float32"),
        }
        value = struct("sk_float_rocket", **values, **_convolutions(op, x.spec, code))
        text = call("sk_float_rocket_counts", value, y.pointer)
        yield Call("float_minirocket.h", text)
        return
    to = struct("sk_counts", output=y.pointer, type=y.type)
    yield rocket_call(op, code, to)


def rocket_call(op: MiniRocket, code: NodeCode, to: str) -> Call:
    """The counts of an integer signal go ``to`` an ``sk_counts``."""
    x = code.input
    biases, bias_type = code.weights("biases")
    values = {
        "input": x.pointer,
        "type": x.type,
        "sums": code.scratch,
        "sum_type": f"SK_{op.sum_dtype.upper()}",
        "biases": biases,
        "bias_type": bias_type,
    }
    value = struct("sk_rocket", **values, **_convolutions(op, x.spec, code))
    return Call("minirocket.h", call("sk_rocket_counts", value, to))


def _convolutions(op: MiniRocket, x: TensorSpec, code: NodeCode) -> dict[str, object]:
    """What the C of floats and of integers reads alike."""
    steps, step_type = code.weights("dilations")
    n_biases, n_biases_type = code.weights("n_biases")
    return {
        "length": op.length,
        "channels": x.shape[2],
        "reach": op.reach,
        "convolutions": len(op.dilations),
        "steps": steps,
        "step_type": step_type,
        "kernels": code.table("kernels", "uint8"),
        "n_read": code.table("n_channels", "uint8"),
        "read": code.table("channels", "uint8"),
        "n_biases": n_biases,
        "n_biases_type": n_biases_type,
    }
