"""The C values of `dsp_rows_pool.h`: what follows a one-channel convolution, row by row."""

from __future__ import annotations

from skconv.codegen import node
from skconv.codegen.routines.rows import packing as rows
from skconv.codegen.text import struct
from skconv.graph import BothSigns
from skconv.graph.base import Op, TensorSpec
from skconv.graph.integer import QConv
from skconv.graph.ops import PoolGeometry


def fits(conv: QConv, x: TensorSpec, nonlinearity: Op | None, pool: PoolGeometry) -> bool:
    """Whether the fast path serves this stage; the portable one serves the rest.

    Windows do not overlap, and are no further apart than a kernel is high.
    """
    return (
        rows.fits(conv, x)
        and (nonlinearity is None or nonlinearity.facts.stage == "entry")
        and pool.facts.stage == "pool"
        and all(step >= size for step, size in zip(pool.stride, pool.size, strict=True))
        and pool.stride[0] <= _wanted(conv, pool)
    )


def _wanted(conv: QConv, pool: PoolGeometry) -> int:
    return int(conv.weights.shape[1]) + pool.size[0] - 1


def literal(
    nonlinearity: Op | None,
    pool: PoolGeometry,
    output: TensorSpec,
    *,
    square: str | None = None,
    threshold: str | None = None,
    to: str | None = None,
    root: str | None = None,
) -> str:
    """The C value of `sk_rows_pool`.

    ``output`` is the pooled map; ``square`` and ``to`` are the C values of the
    requantisations of a square, and of what has been pooled; ``threshold`` is the table of a
    soft threshold, ``root`` the C value of the root that is taken in the end.
    """
    fields: dict[str, object] = {
        "nonlinearity": node.nonlinearity(nonlinearity),
        "pooling": node.pooling(pool),
        "pool": node.pool(pool),
        "columns": output.shape[1],
        "type": f"SK_{output.dtype.upper()}",
    }
    if square is not None:
        fields["square"] = square
    if threshold is not None:
        fields["threshold"] = threshold
    if isinstance(nonlinearity, BothSigns) or getattr(nonlinearity, "both_signs", False):
        fields["both_signs"] = True
    if to is not None:
        fields |= {"requantised": True, "to": to}
    if root is not None:
        fields |= {"rooted": True, "root": root}
    return struct("sk_rows_pool", **fields)


def scratch_bytes(conv: QConv, x: TensorSpec, pool: PoolGeometry) -> int:
    """Bytes of the buffer of rows: nothing else is kept between rows of features."""
    return rows.scratch_bytes(conv, x, pool.size[0])


def rows_to_push(conv: QConv, pool: PoolGeometry, output: TensorSpec) -> int:
    """How many rows of the padded input the whole pooled map takes."""
    return (output.shape[0] - 1) * pool.stride[0] + _wanted(conv, pool)
