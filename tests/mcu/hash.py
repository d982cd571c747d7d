"""Hashed convolutions on Cortex-M4: codes, their histograms, and scores of these."""

from __future__ import annotations

import numpy as np

from skconv.codegen.routines.hash import packing
from skconv.codegen.text import call
from skconv.graph import (
    INPUT,
    BlockHistogram,
    Fused,
    Graph,
    QConvHash,
    QLinear,
    Reshape,
    TensorSpec,
)
from skconv.runtime import fixed
from tests.integer_graphs import conv_parts, input_spec
from tests.mcu.cases import Case, Row, image, measure
from tests.mcu.rows import head

POINTERS = {"input": "input", "buffer": "(uint32_t *)rows_@", "table": "table_@"}


def map_case(rng, op: QConvHash, x: TensorSpec) -> Case:
    """The map of codes."""
    sample = image(rng, x)
    n_rows = op.output(x).shape[0]
    return Case(
        ("dsp_hash.h",),
        {"table": packing.pack(op)},
        {"rows": packing.buffer_bytes(op, x) // 4},
        f"    {call('sk_dsp_hash_map', packing.literal(op, x, n_rows, **POINTERS), 'output')};",
        sample,
        fixed.evaluate(op, sample[None])[0].astype(np.uint8),
    )


def stage_case(
    rng, op: QConvHash, x: TensorSpec, histogram: BlockHistogram, linear: QLinear | None = None
) -> Case:
    """Counts of the codes in blocks, or the scores of ``linear`` on them."""
    graph = Graph(x).append(op, INPUT).append(histogram)
    if linear is not None:
        graph = graph.append(Reshape((graph.output.size,))).append(linear)
    stage = packing.stage_of(Fused(graph))
    assert stage is not None
    names = {"packed": "table", "head": "weights", "bias": "bias"}
    tables = {names[name]: array for name, array in packing.tables(stage).items()}
    memory = {
        "rows": packing.buffer_bytes(op, x) // 4,
        "codes": packing.codes_bytes(stage) // 4,
    }
    parts = [
        packing.literal(op, x, stage.n_rows, **POINTERS),
        packing.blocks(stage, "(uint8_t *)codes_@"),
    ]
    if linear is None:
        text = call("sk_dsp_hash_histogram", *parts, "output", f"SK_{stage.counts.dtype.upper()}")
    else:
        pointers = {"scores": "output", "weights": "weights_@"}
        if stage.use == "weighted":
            memory["counts"] = packing.counts_bytes(stage) // 4
            pointers["counts"] = "counts_@"
        parts.append(packing.counts(stage, linear, **pointers))
        text = call("sk_dsp_hash_scores", *parts, "bias_@")
    sample = image(rng, x)
    wanted = fixed.run(graph, sample[None])[0].astype(graph.output.dtype)
    return Case(("dsp_hash_blocks.h",), tables, memory, f"    {text};", sample, wanted)


def hashed(
    rng, x: TensorSpec, bits: int, size: tuple[int, int] = (5, 5), n_codes: int = 1, **geometry
) -> QConvHash:
    """A bank on every channel alone."""
    parts = conv_parts(rng, x, bits * n_codes, size, shared=True, **geometry)
    return QConvHash(**parts, n_bits=bits)


def work(bits: int, n_maps: int) -> tuple[QConvHash, TensorSpec]:
    """The second stage of a network of two stages with as many kernels as bits."""
    x = input_spec((28, 28, n_maps), "int8")
    rng = np.random.default_rng(bits)
    return hashed(rng, x, bits, padding=((2, 2), (2, 2))), x


def row(bits: int, n_maps: int, outputs: int | None = None, dtype: str = "int16") -> Row:
    """Counts of blocks of 7 x 7, or scores of so many outputs."""
    rng = np.random.default_rng(7)
    op, x = work(bits, n_maps)
    histogram = BlockHistogram((7, 7), (7, 7), 2**bits)
    name = f"hash 5x5, {bits} bits, 28x28x{n_maps}, blocks 7"
    linear = None
    if outputs is not None:
        features = histogram.output(op.output(x)).size
        linear = head(rng, outputs, features, dtype)
        name += f" + linear to {outputs}, {dtype}"
    return measure(stage_case(rng, op, x, histogram, linear), name, None, None)


def map_row(bits: int, n_maps: int) -> Row:
    case = map_case(np.random.default_rng(8), *work(bits, n_maps))
    return measure(case, f"hash 5x5, {bits} bits, 28x28x{n_maps}", None, None)


def rows() -> list[Row]:
    return [
        map_row(4, 4),
        row(4, 4),
        row(4, 4, 10),
        row(4, 4, 10, "int8"),
        row(8, 2),
        row(8, 2, 10),
        row(8, 2, 10, "int8"),
    ]
