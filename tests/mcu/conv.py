"""Convolutions on Cortex-M: C files of the fast and the blocked routines, and counts."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import numpy as np

from skconv import emulator
from skconv.codegen.headers import header_texts
from skconv.codegen.routines.blocked import packing as blocked_conv
from skconv.codegen.routines.conv import packing
from skconv.codegen.text import table
from skconv.graph import QConv, TensorSpec
from tests.integer_graphs import input_spec, qconv, samples
from tests.mcu.cases import OPTIMISATIONS, Row, show

SAME = ((1, 1), (1, 1))
GUARD = re.compile(r"struct { (\w+)_t ring\[(\d+)\]; ")
Source = Callable[[QConv, TensorSpec, str], list[str]]


def geometry(op: QConv, x: TensorSpec) -> list[str]:
    """Local variables ``map``, ``kernels`` and ``padding``."""
    height, width = op.weights.shape[1:3]
    counts = (len(op.bias), height, width, *op.stride, 1, 1, 1)
    pads = ", ".join(str(p) for side in op.padding for p in side)
    circular = str(op.pad_mode == "circular").lower()
    return [
        f"    const sk_map map = {{{', '.join(map(str, x.shape))}}};",
        f"    const sk_kernels kernels = {{{', '.join(map(str, counts))}, false}};",
        f"    const sk_padding padding = {{{pads}, {circular}}};",
    ]


def fast(weight_bits: packing.WeightBits, most_windows: int = packing.MOST_WINDOWS) -> Source:
    """How to write the C function of a convolution by the fast routine."""

    def source(op: QConv, x: TensorSpec, name: str) -> list[str]:
        place = packing.layout(op, x, most_windows)
        main, rest = packing.blocks(op, x, weight_bits, most_windows)
        start = f"    sk_dsp_conv{{}}(input, SK_{x.dtype.upper()}, output, {_type(op)}, "
        routines = f"{place.windows}, {name}_block, {name}_rest, {name}_ring);"
        if place.by_pixel:
            height, width, channels = x.shape
            sizes = f"{height * width}, {channels}, {name}_table, {len(op.bias)}, "
            call = [start.format("_pixels") + sizes + routines]
        else:
            call = [*geometry(op, x), start.format("") + f"map, {name}_table, "]
            call += ["        kernels, padding, " + routines]
        return [
            '#include "dsp_conv.h"',
            *table(f"{name}_table", packing.table(op, x, weight_bits)),
            *main.source(f"{name}_block"),
            *rest.source(f"{name}_rest"),
            *_ring(name, "int16", place.values),
            *_function(name, call),
        ]

    return source


def blocked(op: QConv, x: TensorSpec, name: str) -> list[str]:
    """A convolution by the blocked routine in plain C."""
    itemsize = np.dtype(x.dtype).itemsize
    call = [
        *geometry(op, x),
        *_rule(op, name),
        f"    sk_blocked_conv(input, SK_{x.dtype.upper()}, output, {_type(op)}, map,",
        f"        {name}_weights, SK_INT8, {name}_bias, kernels, padding, to, {name}_ring, NULL);",
    ]
    return [
        '#include "blocked_conv.h"',
        *table(f"{name}_weights", blocked_conv.weights(op, x)),
        *_columns(op, name),
        *_ring(name, x.dtype, blocked_conv.scratch_bytes(op, x) // itemsize),
        *_function(name, call),
    ]


def portable(op: QConv, x: TensorSpec, name: str) -> list[str]:
    """A convolution by the portable routine."""
    call = [
        *geometry(op, x),
        *_rule(op, name),
        f"    sk_conv(input, SK_{x.dtype.upper()}, output, {_type(op)}, map, {name}_weights,",
        f"        SK_INT8, {name}_bias, kernels, padding, to);",
    ]
    return [
        '#include "conv.h"',
        *table(f"{name}_weights", op.weights),
        *_columns(op, name),
        *_function(name, call),
    ]


def _columns(op: QConv, name: str) -> list[str]:
    """What there is one of for every kernel."""
    multipliers = np.broadcast_to(op.requantization.multiplier, op.bias.shape)
    return [*table(f"{name}_bias", op.bias), *table(f"{name}_multipliers", multipliers)]


def _rule(op: QConv, name: str) -> list[str]:
    rule = op.requantization
    numbers = (0, rule.shift, rule.minimum, rule.maximum)
    values = ", ".join(map(str, (f"{name}_multipliers", *numbers)))
    return [f"    const sk_requantization to = {{{values}}};"]


def _type(op: QConv) -> str:
    return f"SK_{op.requantization.dtype.upper()}"


def _ring(name: str, dtype: str, values: int) -> list[str]:
    """The scratch, and a guard right behind it: no write beyond the ring goes unseen."""
    return [
        f"static struct {{ {dtype}_t ring[{values}]; {dtype}_t guard[4]; }} {name}_scratch",
        "    __attribute__((aligned(4)));",
        f"#define {name}_ring {name}_scratch.ring",
        f"int {name}_guard(void);",
        f"int {name}_guard(void)",
        "{",
        f"    const {dtype}_t *guard = {name}_scratch.guard;",
        "    return guard[0] != 0 || guard[1] != 0 || guard[2] != 0 || guard[3] != 0;",
        "}",
    ]


def _function(name: str, body: list[str]) -> list[str]:
    head = f"void {name}(const void *input, void *output)"
    return [f"{head};", head, "{", *body, "}"]


def example(shape: tuple[int, int, int], n_kernels: int, size, **geometry) -> tuple:
    """A convolution of uint8 to int8 with the usual limits, and its input."""
    x = input_spec(shape, "uint8")
    return qconv(np.random.default_rng(0), x, n_kernels, size, "int8", **geometry), x


def count(op: QConv, x: TensorSpec, source: Source, cpu: str, flag: str) -> int:
    """Instructions of one call."""
    sample = samples(np.random.default_rng(1), x, 1)[0]
    prelude = [
        '#include "types.h"',
        *table("sample", sample),
        f"static {op.requantization.dtype}_t result[{op.output(x).size}];",
        "void conv(const void *, void *);",
    ]
    return emulator.count_instructions(
        project(op, x, source),
        "conv(sample, result)",
        prelude="\n".join(prelude),
        target=cpu,
        flags=(flag,),
    )


def project(op: QConv, x: TensorSpec, source: Source) -> dict[str, str]:
    return header_texts() | {"conv.c": "\n".join(source(op, x, "conv")) + "\n"}


def row(
    work: str,
    layer: tuple[QConv, TensorSpec],
    source: Source,
    cpu: str,
    target: int | None = None,
    peer: int | None = None,
) -> Row:
    """The better of -O2 and -O3."""
    op, x = layer
    counts = {flag: count(op, x, source, cpu, flag) for flag in OPTIMISATIONS}
    flag = min(counts, key=counts.__getitem__)
    symbols = emulator.object_sizes(project(op, x, source), target=cpu, flags=(flag,)).symbols

    def total(section: str) -> int:
        return sum(s.size for name, s in symbols.items() if s.section == section)

    ring = GUARD.search("\n".join(source(op, x, "conv")))
    scratch = int(ring[2]) * np.dtype(ring[1]).itemsize if ring else 0
    code = total("text") - sum(s.size for n, s in symbols.items() if n.endswith("_guard"))
    return Row(f"{work} ({flag})", counts[flag], target, peer, scratch, total("rodata"), code)


def rows() -> Iterator[Row]:
    """The budgets that these routines serve, and the portable routines beside them."""
    three = example((14, 14, 16), 16, (3, 3), padding=SAME)
    one = example((14, 14, 16), 32, (1, 1))
    bits: packing.WeightBits
    for bits, target in ((8, 500_000), (16, 440_000)):
        work = f"conv 3x3 16->16, 14x14, int{bits} weights"
        yield row(work, three, fast(bits), "cortex-m4", target, 903_454)
    for bits, target in ((8, 155_000), (16, 135_000)):
        work = f"conv 1x1 16->32, 14x14, int{bits} weights"
        yield row(work, one, fast(bits), "cortex-m4", target, 270_062)
        yield row(f"{work}, 2 at a time", one, fast(bits, 2), "cortex-m4", target, 270_062)
    for cpu, peer in (("cortex-m4", 1_739_630), ("cortex-m0", None)):
        for name, source in (("blocked", blocked), ("portable", portable)):
            wanted = 1_200_000 if source is blocked and peer else None
            yield row(f"conv 3x3 16->16, {name} C, {cpu}", three, source, cpu, wanted, peer)


def main() -> None:
    """Print the rows."""
    show(list(rows()))


if __name__ == "__main__":
    main()
