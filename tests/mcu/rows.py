"""One-channel convolutions on Cortex-M4, alone and with what follows them."""

from __future__ import annotations

import numpy as np

from skconv.codegen.routines import row_head
from skconv.codegen.routines.rows import packing as rows
from skconv.codegen.routines.stage import rows_pool
from skconv.graph import (
    MaxPool,
    Op,
    QConv,
    QL2Pool,
    QLinear,
    QMeanPool,
    QSquare,
    Reshape,
    SoftThreshold,
    TensorSpec,
)
from skconv.graph.ops import PoolGeometry
from skconv.runtime import fixed
from tests.integer_graphs import input_spec, qconv, requantization
from tests.mcu.cases import Case, Row, image, measure, rule, show


def conv_case(rng, op: QConv, x: TensorSpec) -> Case:
    """The whole map."""
    sample = image(rng, x)
    output = op.output(x)
    body = (
        f"    sk_rows_conv(input, {x.shape[0]}, {op.padding[0][0]}, {output.shape[0]},"
        f" (uint32_t *)rows_@, table_@, output, SK_{output.dtype.upper()},"
        f" {rows.literal(op, x)});"
    )
    return Case(
        ("dsp_rows.h",),
        {"table": rows.pack(op, x)},
        {"rows": rows.scratch_bytes(op, x) // 4},
        body,
        sample,
        fixed.evaluate(op, sample[None])[0],
    )


FEED = """\
    const sk_rows r = {rows};
    const sk_rows_pool p = {pool};
    uint32_t *const rows = (uint32_t *)rows_@;
    int32_t filled = 0;
{begin}
    for (int32_t y = -{top}; y < {end}; y++) {{
        const bool padding = y < 0 || y >= {height};
        const uint8_t *row = padding ? NULL : (const uint8_t *)input + y * {row_bytes};
        if (!sk_lanes_push(rows, &filled, row, sk_rows_pool_wanted(r, p), r.input)) {{
            continue;
        }}
        sk_rows_pool_row(rows, table_@, {features}, r, p, NULL, 0);
        sk_rows_pool_drop(rows, &filled, r, p);
{after}
    }}"""


def stage_case(
    rng,
    conv: QConv,
    x: TensorSpec,
    nonlinearity: Op | None,
    pool: PoolGeometry,
    linear: QLinear | None = None,
) -> Case:
    """Rows pushed one by one; features are stored, or added to the scores of ``linear``."""
    sample = image(rng, x)
    ops = [conv, *([nonlinearity] if nonlinearity else []), pool]
    spec, wanted = x, sample[None]
    for step in ops:
        spec = step.output(spec)
        wanted = fixed.evaluate(step, wanted).astype(spec.dtype)
    tables, rules = _tables(conv, x, nonlinearity, pool)
    run = spec.shape[1] * spec.shape[2]
    size = run * np.dtype(spec.dtype).itemsize
    memory = {"rows": rows_pool.scratch_bytes(conv, x, pool) // 4}
    begin = "    uint8_t *to = output;"
    features, after = "to", f"        to += {size};"
    if linear is not None:
        flat = Reshape(shape=(spec.size,)).output(spec)
        assert row_head.fits(linear, flat, run)
        tables |= {"weights": row_head.pack(linear, flat, run), "bias": linear.bias}
        memory |= {"run": row_head.features_bytes(flat, run) // 4, "scores": len(linear.bias)}
        begin, features, after = _head(linear, flat, run)
        wanted = fixed.evaluate(linear, wanted.reshape(1, -1)).astype(np.int32)
    body = FEED.format(
        rows=rows.literal(conv, x),
        pool=rows_pool.literal(nonlinearity, pool, spec, **rules),
        begin=begin,
        features=features,
        after=after,
        top=conv.padding[0][0],
        end=rows_pool.rows_to_push(conv, pool, spec) - conv.padding[0][0],
        height=x.shape[0],
        row_bytes=x.shape[1] * np.dtype(x.dtype).itemsize,
    )
    if linear is not None:
        body += "\n" + _copy("((int32_t *)output)", "scores_@", len(linear.bias))
    used = ("dsp_rows_pool.h", "dsp_row_head.h")
    return Case(used, tables, memory, body, sample, wanted[0])


def _tables(conv: QConv, x: TensorSpec, nonlinearity: Op | None, pool: PoolGeometry):
    """Of the stage, and the C values of what refers to them."""
    tables = {"table": rows.pack(conv, x)}
    rules: dict[str, str] = {}
    for name, op in (("square", nonlinearity), ("to", pool)):
        if isinstance(op, QSquare | QMeanPool):
            rules[name] = rule(op.requantization, name)
            if len(op.requantization.multiplier) > 1:
                tables[name] = op.requantization.multiplier
    if isinstance(nonlinearity, SoftThreshold):
        tables["threshold"] = nonlinearity.threshold
        rules["threshold"] = "threshold_@"
    return tables, rules


def _head(linear: QLinear, flat: TensorSpec, run: int) -> tuple[str, str, str]:
    begin = "    const int32_t *weights = weights_@;\n"
    begin += _copy("scores_@", "bias_@", len(linear.bias))
    literal = row_head.literal(linear, flat, run)
    after = f"        weights = sk_row_head_add(run_@, weights, scores_@, {literal});"
    return begin, "run_@", after


def _copy(to: str, source: str, size: int) -> str:
    return f"    for (int32_t i = 0; i < {size}; i++) {{\n        {to}[i] = {source}[i];\n    }}"


def head(rng, outputs: int, features: int, dtype: str = "int8") -> QLinear:
    """A linear layer whose sums are scores."""
    limit = np.iinfo(dtype).max if dtype == "int8" else 300
    weights = rng.integers(-limit, limit + 1, (outputs, features)).astype(dtype)
    return QLinear(weights=weights, bias=rng.integers(-9999, 9999, outputs).astype(np.int32))


def budget(dtype: str = "uint8") -> tuple[QConv, TensorSpec]:
    x = input_spec((28, 28, 1))
    return qconv(np.random.default_rng(1), x, 8, (5, 5), dtype), x


def conv_row(dtype: str = "uint8") -> Row:
    rng = np.random.default_rng(2)
    work = f"conv 5x5 1->8, 28x28, to {dtype}"
    return measure(conv_case(rng, *budget(dtype)), work, 160_000, 502_366)


def head_row() -> Row:
    rng = np.random.default_rng(3)
    case = stage_case(rng, *budget(), None, MaxPool(), head(rng, 10, 1152))
    # Besides the buffers: how many rows are there, and where the weights go on.
    row = measure(case, "conv 5x5 1->8 + max 2 + linear 1152->10, rows", 175_000, 1_125_798)
    return row._replace(scratch_bytes=row.scratch_bytes + 8)


def stages() -> list[tuple[str, Op | None, type[PoolGeometry]]]:
    from skconv.graph import Abs, BothSigns, Relu

    square = QSquare(requantization=requantization(np.random.default_rng(5), 127**2))
    return [
        ("abs + mean", Abs(), QMeanPool),
        ("square + L2", square, QL2Pool),
        ("relu + max", Relu(), MaxPool),
        ("both signs + mean", BothSigns(), QMeanPool),
        ("soft threshold + mean", SoftThreshold(np.arange(16, dtype=np.int16)), QMeanPool),
    ]


def pooling(rng, kind: type[PoolGeometry], x: TensorSpec, size, stride=None) -> PoolGeometry:
    """A pooling whose requantisation fits what comes to it."""
    stride = stride or size
    area = size[0] * size[1]
    if kind is QL2Pool:
        bound = round((area * x.magnitude**2) ** 0.5)
        return QL2Pool(size, stride, requantization=requantization(rng, bound, "uint8"))
    if kind is QMeanPool:
        return QMeanPool(
            size, stride, requantization=requantization(rng, area * x.magnitude, "uint8")
        )
    return MaxPool(size, stride)


def stage_rows() -> list[Row]:
    x = input_spec((28, 28, 1))
    found = []
    for name, nonlinearity, kind in stages():
        rng = np.random.default_rng(4)
        conv = qconv(rng, x, 16, (5, 5), "int8")
        middle = conv.output(x)
        if nonlinearity is not None:
            middle = nonlinearity.output(middle)
        pool = pooling(rng, kind, middle, (4, 4))
        case = stage_case(rng, conv, x, nonlinearity, pool)
        found.append(measure(case, f"conv 5x5 1->16 + {name} 4, 28x28", None, None))
    return found


def main() -> None:
    show([conv_row(), conv_row("int8"), head_row(), *stage_rows()])


if __name__ == "__main__":
    main()
