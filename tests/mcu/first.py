"""First layers of a few channels on Cortex-M4."""

from __future__ import annotations

import numpy as np

from skconv.codegen.routines.first import packing as first
from skconv.graph import QConv, TensorSpec
from skconv.runtime import fixed
from tests.integer_graphs import input_spec, qconv
from tests.mcu.cases import Case, Row, image, measure, show


def conv_case(rng, op: QConv, x: TensorSpec) -> Case:
    """The whole map."""
    sample = image(rng, x)
    output = op.output(x)
    body = (
        f"    sk_first_conv(input, {x.shape[0]}, {op.padding[0][0]}, {output.shape[0]},"
        f" (uint32_t *)rows_@, table_@, output, SK_{output.dtype.upper()},"
        f" {first.literal(op, x)});"
    )
    return Case(
        ("dsp_first.h",),
        {"table": first.pack(op, x)},
        {"rows": first.scratch_bytes(op, x) // 4},
        body,
        sample,
        fixed.evaluate(op, sample[None])[0],
    )


def budget(dtype: str = "uint8", output: str = "uint8") -> tuple[QConv, TensorSpec]:
    x = input_spec((32, 32, 3), dtype)
    geometry = {"stride": (2, 2), "padding": ((1, 1), (1, 1))}
    return qconv(np.random.default_rng(1), x, 16, (3, 3), output, **geometry), x


def rows() -> list[Row]:
    rng = np.random.default_rng(2)
    return [
        measure(
            conv_case(rng, *budget(*types)),
            f"conv 3x3 stride 2, 3->16, 32x32 {' to '.join(types)}",
            145_000,
            219_068,
        )
        for types in (("uint8", "uint8"), ("int8", "int8"))
    ]


def main() -> None:
    show(rows())


if __name__ == "__main__":
    main()
