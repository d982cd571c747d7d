"""How cosines of phases are printed in C."""

from __future__ import annotations

from collections.abc import Iterator

from skconv.codegen.node import Call, NodeCode, emit
from skconv.codegen.text import call, float_literal, struct
from skconv.graph import Cosine, QCosine


@emit.register
def _(op: Cosine, code: NodeCode) -> Iterator[Call]:
    x, y = code.input, code.output
    numbers = (x.spec.size, float_literal(op.amplitude))
    yield Call("float_phases.h", call("sk_float_cosines", x.pointer, y.pointer, *numbers))


@emit.register
def _(op: QCosine, code: NodeCode) -> Iterator[Call]:
    x, y = code.input, code.output
    phases = struct(
        "sk_phases",
        table=code.table("cosine_table", "int16"),
        multiplier=op.multiplier,
        shift=op.shift,
    )
    yield Call("phases.h", call("sk_phase_cosines", *x.typed, y.pointer, x.spec.size, phases))
