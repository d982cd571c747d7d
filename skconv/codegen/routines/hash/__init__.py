"""Hashed convolutions of each channel alone by ``dsp_hash.h`` and ``dsp_hash_blocks.h``."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace

from skconv.codegen.node import Call, Function, NodeCode, emit
from skconv.codegen.routines.base import Routine, Wish, with_dsp
from skconv.codegen.routines.hash import packing
from skconv.codegen.text import CTYPES, call, statement
from skconv.graph import Fused, QConvHash, TensorSpec
from skconv.graph.nested import Packed


@dataclass(frozen=True)
class DspHash(Packed):
    """A bank on every channel alone, whose signs are the codes."""


@dataclass(frozen=True)
class DspHashStage(Packed):
    """The same, with a histogram of blocks and perhaps a linear head."""


def fits(op: QConvHash, x: TensorSpec, wish: Wish) -> bool:
    """Whether it is the routine to take: wherever it serves."""
    return packing.fits(op, x)


def plan(op: QConvHash, x: TensorSpec, wish: Wish) -> DspHash:
    """The op with its tables."""
    return DspHash(op, (("packed", packing.pack(op)),), packing.buffer_bytes(op, x))


def fits_stage(op: Fused, x: TensorSpec, wish: Wish) -> bool:
    """Whether it is the routine of a stage to take: wherever it serves."""
    return packing.stage_of(op) is not None


def plan_stage(op: Fused, x: TensorSpec, wish: Wish) -> DspHashStage:
    """The stage with its tables."""
    stage = packing.stage_of(op)
    assert stage is not None
    return DspHashStage(op, tuple(packing.tables(stage).items()), packing.scratch_bytes(stage))


@emit.register
def _(op: DspHash, code: NodeCode) -> Iterator[Call]:
    conv = op.op
    assert isinstance(conv, QConvHash)
    inner = _inner(code)
    value = _hash(conv, inner, code.output.spec.shape[0])
    yield _apart(code, "dsp_hash.h", call("sk_dsp_hash_map", value, inner.output.pointer))


@emit.register
def _(op: DspHashStage, code: NodeCode) -> Iterator[Call]:
    fused = op.op
    assert isinstance(fused, Fused)
    stage = packing.stage_of(fused)
    assert stage is not None
    yield _apart(code, "dsp_hash_blocks.h", _stage_call(stage, _inner(code)))


def _stage_call(stage: packing.HashStage, code: NodeCode) -> str:
    codes = packing.buffer_bytes(stage.conv, stage.input)
    parts = (
        _hash(stage.conv, code, stage.n_rows),
        packing.blocks(stage, f"({code.scratch} + {codes})"),
    )
    if stage.linear is None:
        return call("sk_dsp_hash_histogram", *parts, *code.output.typed)
    pointers = {"scores": code.output.pointer, "weights": code.tables["head"]}
    if stage.use == "weighted":
        pointers["counts"] = f"({code.scratch} + {codes + packing.codes_bytes(stage)})"
    counts = packing.counts(stage, stage.linear, **pointers)
    return call("sk_dsp_hash_scores", *parts, counts, code.table("bias", "int32"))


def _hash(conv: QConvHash, code: NodeCode, n_rows: int) -> str:
    return packing.literal(
        conv,
        code.input.spec,
        n_rows,
        input=code.input.pointer,
        buffer=f"(uint32_t *){code.scratch}",
        table=code.table("packed", "int32"),
    )


def _inner(code: NodeCode) -> NodeCode:
    """The node inside a function of its own, by the names of its parameters."""
    (x,) = code.inputs
    return replace(
        code,
        inputs=(replace(x, pointer="input"),),
        output=replace(code.output, pointer="output"),
        scratch="scratch",
    )


def _apart(code: NodeCode, header: str, text: str) -> Call:
    """A function with one statement, and its call: the loops have all registers."""
    output = CTYPES[code.output.spec.dtype]
    name = f"hash_{zlib.crc32(f'{output} {text}'.encode()):08x}"
    lines = (
        f"SK_APART void {name}(const void *input, {output} *output, uint8_t *scratch)",
        "{",
        *statement(text),
        "}",
    )
    outer = call(name, code.input.pointer, code.output.pointer, code.scratch)
    return Call(header, outer, functions=(Function(name, lines),))


ROUTINES = (
    Routine(QConvHash, with_dsp, fits, plan),
    Routine(Fused, with_dsp, fits_stage, plan_stage),
)
