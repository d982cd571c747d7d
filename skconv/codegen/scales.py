"""What the integers of a model stand for, in C: shapes, scales, and functions that convert."""

from __future__ import annotations

from collections.abc import Generator, Iterator

import numpy as np

from skconv.codegen.input_layout import sample_of
from skconv.codegen.program import Program
from skconv.codegen.text import float_literal, macro_table
from skconv.graph import INPUT, TensorSpec

GUARD = "SKCONV_NO_FLOAT"
FLOAT32_BITS = 24  # of a float32, the first of them not stored


def shape_macros(program: Program) -> Iterator[str]:
    """Height, width and channels of an input that is a map."""
    for word, size in sample_of(program.definition).sizes.items():
        yield f"#define {program.macro}_INPUT_{word} {size}"


def scale_macros(program: Program) -> Iterator[str]:
    """What integers stand for; nothing of a float model."""
    for side, spec in (("INPUT", program.specs[INPUT]), ("OUTPUT", program.scores)):
        if side == "OUTPUT" and program.graph.decisions:
            continue  # Indices of classes stand for no numbers.
        if spec.domain == "integer":
            yield from _scale(f"{program.macro}_{side}", spec)
    if program.specs[INPUT].domain == "integer":
        yield ""


def _scale(prefix: str, spec: TensorSpec) -> Iterator[str]:
    scales = list(map(float_literal, spec.outer_scale.tolist()))
    zero_points = list(map(str, spec.outer_zero_point.tolist()))
    if len(scales) == len(zero_points) == 1:
        yield f"#define {prefix}_SCALE {scales[0]}"
        yield f"#define {prefix}_ZERO_POINT {zero_points[0]}"
        return
    yield from macro_table(f"{prefix}_SCALES", _one_each(scales, spec.size))
    yield from macro_table(f"{prefix}_ZERO_POINTS", _one_each(zero_points, spec.size))


def _one_each(values: list[str], size: int) -> list[str]:
    return values if len(values) == size else values * size


def conversions(program: Program) -> Iterator[str]:
    """Functions between real numbers and integers: the only floats of an integer model."""
    x, y = program.specs[INPUT], program.scores
    if x.domain == "float":
        return
    yield f"#ifndef {GUARD}"
    yield from _quantize(program.name, program.macro, x)
    if not program.graph.decisions:
        yield ""
        yield from _dequantize(program.name, program.macro, y)
    yield "#endif"
    yield ""


def _quantize(name: str, macro: str, spec: TensorSpec) -> Iterator[str]:
    low, high = spec.limits
    yield "/* Converts a real number to an entry of the input: the nearest integer, clipped to the"
    yield f" * range of the input. `index` is the entry's index, 0 to {macro}_INPUT_SIZE - 1."
    yield from _limits_of_float32(spec)
    yield " */"
    yield f"static inline {name}_input_t {name}_quantize(float value, int32_t index)"
    yield "{"
    scale, zero_point = yield from _entry(f"{macro}_INPUT", spec)
    yield f"    const float real = value / {scale} + (float){zero_point};"
    yield f"    if (!(real > {low}.0f)) {{"
    yield f"        return {low};"
    yield "    }"
    yield f"    if (real >= {high}.0f) {{"
    yield f"        return {high};"
    yield "    }"
    yield "    const int32_t whole = (int32_t)real;"
    yield "    const float rest = real - (float)whole;"
    yield "    const int32_t odd = whole & 1;"
    yield "    const int32_t up = rest > 0.5f || (rest == 0.5f && odd);"
    yield "    const int32_t down = rest < -0.5f || (rest == -0.5f && odd);"
    yield f"    return ({name}_input_t)(whole + up - down);"
    yield "}"


def _limits_of_float32(spec: TensorSpec) -> Iterator[str]:
    """How far the result may be off, where numbers have more bits than float32 keeps.

    The scale, the quotient and the zero point are rounded, each by 2^-24 of its size at most.
    """
    largest = int(np.abs(spec.outer_zero_point).max())
    if largest >= 2**FLOAT32_BITS // 4:
        units = -(-3 * (largest + spec.magnitude) // 2**FLOAT32_BITS) + 1
        yield f" * It computes in float32: with zero points as large as {largest:,} the result may"
        yield f" * be {units:,} units off. If that is too much, compute in integers or double."


def _dequantize(name: str, macro: str, spec: TensorSpec) -> Iterator[str]:
    yield "/* Converts an entry of the output to a real number. `index` is the entry's index, 0 to"
    yield f" * {macro}_OUTPUT_SIZE - 1."
    yield " */"
    yield f"static inline float {name}_dequantize({name}_output_t value, int32_t index)"
    yield "{"
    scale, zero_point = yield from _entry(f"{macro}_OUTPUT", spec)
    yield f"    return {scale} * ((float)value - (float){zero_point});"
    yield "}"


def _entry(prefix: str, spec: TensorSpec) -> Generator[str, None, tuple[str, str]]:
    """Lines that find scale and zero point of an entry; the two expressions."""
    if len(spec.outer_scale) == len(spec.outer_zero_point) == 1:
        yield "    (void)index;"
        return f"{prefix}_SCALE", f"({prefix}_ZERO_POINT)"
    yield f"    static const float scales[{spec.size}] = {prefix}_SCALES;"
    yield f"    static const int32_t zero_points[{spec.size}] = {prefix}_ZERO_POINTS;"
    return "scales[index]", "zero_points[index]"
