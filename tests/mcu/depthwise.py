"""Depthwise convolutions on Cortex-M4."""

from __future__ import annotations

import numpy as np

from skconv.codegen.routines import narrow_taps
from skconv.codegen.routines.depthwise import packing as depthwise
from skconv.codegen.routines.strided_depthwise import packing as strided_depthwise
from skconv.graph import QConv, TensorSpec
from skconv.runtime import fixed
from tests.integer_graphs import input_spec, qconv
from tests.mcu.cases import Case, Row, image, measure, show


def conv_case(rng, op: QConv, x: TensorSpec) -> Case:
    """The whole map; kernels of few levels are expanded from four bits a weight."""
    sample = image(rng, x)
    output = op.output(x)
    strided = op.stride != (1, 1)
    packing, name = (
        (strided_depthwise, "strided_depthwise") if strided else (depthwise, "depthwise")
    )
    step, room = (2 if strided else 1), packing.scratch_bytes(op, x)
    is_narrow = op.form is not None
    expanded = f"(uint32_t *)rows_@ + {room // 4}" if is_narrow else "NULL"
    room += narrow_taps.scratch_bytes(op, x, step) if is_narrow else 0
    body = (
        f"    sk_{name}(input, {x.shape[0]}, {op.padding[0][0]}, {output.shape[0]},"
        f" (uint32_t *)rows_@, table_@, output, SK_{output.dtype.upper()},"
        f" {packing.literal(op, x)}, {narrow_taps.literal(op, x, step, expanded)});"
    )
    return Case(
        (f"dsp_{name}.h",),
        {"table": (narrow_taps if is_narrow else packing).pack(op, x)},
        {"rows": room // 4},
        body,
        sample,
        fixed.evaluate(op, sample[None])[0],
    )


def budget(dtype: str = "uint8") -> tuple[QConv, TensorSpec]:
    x = input_spec((14, 14, 16), "uint8")
    geometry = {"groups": 16, "padding": ((1, 1), (1, 1))}
    return qconv(np.random.default_rng(1), x, 16, (3, 3), dtype, **geometry), x


def rows() -> list[Row]:
    rng = np.random.default_rng(2)
    return [
        measure(
            conv_case(rng, *budget(dtype)),
            f"depthwise 3x3, 16 channels, 14x14, to {dtype}",
            62_000,
            187_073,
        )
        for dtype in ("uint8", "int8")
    ]


def main() -> None:
    show(rows())


if __name__ == "__main__":
    main()
