"""Linear maps on Cortex-M: instructions of the fast routine."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from skconv.codegen.routines.linear.packing import pack, scratch_bytes, weight_type
from skconv.codegen.text import struct
from skconv.graph import QLinear, TensorSpec
from tests.integer_graphs import input_spec, requantization
from tests.mcu.cases import Row
from tests.mcu.kernel_machine import best, source_of


def example(
    rng, x: TensorSpec, n_rows: int, weights: str = "int8", dtype: str | None = None
) -> QLinear:
    """A map with weights all over their type; requantised to ``dtype`` where there is one."""
    low, high = (-128, 128) if weights == "int8" else (-300, 301)
    op = QLinear(
        rng.integers(low, high, (n_rows, x.size)).astype(weights),
        rng.integers(-5000, 5001, n_rows).astype(np.int32),
    )
    if dtype is None:
        return op
    rule = requantization(rng, op.output(x).magnitude, dtype, n_rows)
    return QLinear(op.weights, op.bias, requantization=rule)


def fast_source(op: QLinear, x: TensorSpec, *, wide: bool = False) -> str:
    """A C file that defines ``machine`` by the fast routine."""
    tables = {"weights": pack(op, x, wide=wide), "bias": op.bias}
    matrix = struct(
        "sk_dsp_matrix",
        type=f"SK_{x.dtype.upper()}",
        weight_type=f"SK_{weight_type(op, wide=wide).upper()}",
        rows=len(op.bias),
        columns=x.size,
        weights="weights",
        bias="bias",
    )
    if op.requantization is None:
        return source_of("dsp_linear.h", tables, f"    sk_dsp_linear(input, output, {matrix});\n")
    rule = op.requantization
    tables["multipliers"] = rule.multiplier
    fields = struct(
        "sk_requantization",
        multipliers="multipliers",
        multiplier=0,
        shift=rule.shift,
        minimum=rule.minimum,
        maximum=rule.maximum,
    )
    output_type = f"SK_{rule.dtype.upper()}"
    call = f"    sk_dsp_linear_requantized(input, output, {output_type}, {matrix}, {fields});\n"
    return source_of("dsp_linear.h", tables, call)


def row(
    x: TensorSpec, n_rows: int, weights: str, wide: bool, target: int | None, peer: int | None
) -> Row:
    op = example(np.random.default_rng(0), x, n_rows, weights)
    stored = weight_type(op, wide=wide)
    work = f"linear {x.size}->{n_rows}, {x.dtype}, {stored} weights"
    room = scratch_bytes(op, x)
    return best(work, fast_source(op, x, wide=wide), x, n_rows, room, target, peer)


def rows() -> Iterator[Row]:
    """Logistic regression of 64 features and two classes; ten classes of 1152 features."""
    for dtype in ("uint8", "int8", "int16"):
        x = input_spec((64,), dtype)
        yield row(x, 1, "int8", False, 150, 1612)
        yield row(x, 1, "int16", False, 150, 1612)
    for dtype in ("uint8", "int8", "int16"):
        x = input_spec((1152,), dtype)
        yield row(x, 10, "int8", False, None, 22230)
        yield row(x, 10, "int8", True, None, 22230)


def main() -> None:
    """Print the rows."""
    print("  ".join(Row._fields))
    for line in rows():
        print(*line, sep="  ")


if __name__ == "__main__":
    main()
