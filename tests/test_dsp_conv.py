"""The fast convolutions against their definition, byte for byte, and what they cost."""

from __future__ import annotations

import subprocess
from dataclasses import replace

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import Phase, given, settings

from skconv import emulator
from skconv.codegen.headers import header_texts
from skconv.codegen.routines.blocked import packing as blocked_conv
from skconv.codegen.routines.conv import packing
from skconv.codegen.text import table
from skconv.graph import QConv, TensorSpec
from skconv.graph.integer import row_bound
from skconv.runtime import fixed
from skconv.target.targets import WARNING_FLAGS
from skconv.utils.files import write_files
from tests.exactness import SANITIZERS, build
from tests.integer_graphs import conv_parts, input_spec, requantization, samples
from tests.mcu import conv as mcu

TOOLS = emulator.tools("cortex-m4")

# Compiling is slow, and the exit status names the case: no shrinking.
FEW = settings(max_examples=3, deadline=None, derandomize=True, phases=[Phase.generate])
CASES_AT_A_TIME = 14
LIMITS = {
    "uint8": [(0, 255), (0, 200), (3, 255), (5, 99)],
    "int8": [(-128, 127), (-127, 127), (-128, 50), (-20, 31), (0, 127)],
    "int16": [(-(2**15), 2**15 - 1), (-(2**15) + 1, 2**15 - 1), (-181, 181), (0, 700)],
}
GUARD = 0x5A


@st.composite
def cases(draw):
    """A convolution of any legal form, and its input."""
    size = draw(st.tuples(st.integers(1, 5), st.integers(1, 5)))
    pads = draw(st.tuples(*[st.tuples(st.integers(0, 2), st.integers(0, 2))] * 2))
    shape = [
        draw(st.integers(max(1, k - sum(pad), *pad), 9)) for k, pad in zip(size, pads, strict=True)
    ]
    channels = draw(st.sampled_from([1, 2, 3, 4, 5, 8, 12, 17]))
    x = input_spec((*shape, channels), draw(st.sampled_from(packing.INPUT_DTYPES)))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    n_kernels = draw(st.integers(1, 9))
    parts = conv_parts(
        rng, x, n_kernels, size,
        padding=pads, stride=draw(st.tuples(st.integers(1, 3), st.integers(1, 3))),
        pad_mode=draw(st.sampled_from(["zero", "circular"])),
    )  # fmt: skip
    dtype = draw(st.sampled_from(packing.OUTPUT_DTYPES))
    low, high = draw(st.sampled_from(LIMITS[dtype]))
    bound = row_bound(parts["weights"], parts["bias"], x)
    rule = requantization(rng, bound, dtype, draw(st.sampled_from([1, n_kernels])))
    shift = draw(st.integers(0, rule.shift))
    rule = replace(rule, minimum=low, maximum=high, shift=shift)
    op = QConv(**parts, requantization=rule)
    return op, x


def programs(sources):
    """Several cases, each with one of the ways to compute it."""
    case = st.tuples(cases(), sources)
    return st.lists(case, min_size=CASES_AT_A_TIME, max_size=CASES_AT_A_TIME)


FAST = st.builds(mcu.fast, st.sampled_from([8, 16]), st.integers(1, 3))
BLOCKED = st.just(mcu.blocked)


def program(drawn) -> dict[str, str]:
    """A project whose ``main`` returns 1 + the number of the first case that differs.

    Every result is written one entry behind an aligned place and before a guard.
    """
    lines, calls = ["/* cases */"], []
    for i, ((op, x), source) in enumerate(drawn):
        assert packing.fits(op, x) and blocked_conv.fits(op, x)
        sample = samples(np.random.default_rng(i), x, 4)[i % 4]
        wanted = fixed.evaluate(op, sample[None])[0]
        size = wanted.size
        lines += source(op, x, f"conv_{i}")
        lines += [*table(f"in_{i}", sample), *table(f"wanted_{i}", wanted)]
        lines.append(f"static {wanted.dtype}_t out_{i}[{size + 2}];")
        calls += [
            f"    out_{i}[{size + 1}] = {GUARD};",
            f"    conv_{i}(in_{i}, out_{i} + 1);",
            f"    for (int32_t i = 0; i < {size}; i++) {{",
            f"        if (out_{i}[i + 1] != wanted_{i}[i]) {{ return {i + 1}; }}",
            "    }",
            f"    if (out_{i}[0] != 0 || out_{i}[{size + 1}] != {GUARD}) {{ return {i + 41}; }}",
            f"    if (conv_{i}_guard() != 0) {{ return {i + 61}; }}",
        ]
    main = ["int main(void)", "{", *calls, "    return 0;", "}"]
    return header_texts() | {"main.c": "\n".join([*lines, *main]) + "\n"}


def run_on_host(folder, sources, compiler: str, *flags: str) -> int:
    write_files(folder, sources)
    return subprocess.run([build(folder, ["main.c"], flags, compiler)], check=False).returncode


@pytest.mark.needs("cc")
@FEW
@given(drawn=programs(FAST | BLOCKED))
def test_plain_c_equals_the_definition(tmp_path_factory, drawn):
    """With sanitizers: no access outside, no undefined shift or overflow."""
    folder = tmp_path_factory.mktemp("plain")
    assert run_on_host(folder, program(drawn), "cc", *SANITIZERS) == 0


@pytest.mark.needs(*TOOLS)
@pytest.mark.parametrize("flag", ["-O3", "-Os"])
@FEW
@given(drawn=programs(FAST | BLOCKED))
def test_microcontroller_equals_the_definition(flag, drawn):
    done = emulator.run(program(drawn), target="cortex-m4", flags=(flag, *WARNING_FLAGS))
    assert done.returncode == 0, done.output


@pytest.mark.needs(*TOOLS)
@pytest.mark.parametrize("flag", ["-O2", "-Os"])
@FEW
@given(drawn=programs(BLOCKED))
def test_smallest_core_equals_the_definition(flag, drawn):
    done = emulator.run(program(drawn), target="cortex-m0", flags=(flag, *WARNING_FLAGS))
    assert done.returncode == 0, done.output


# Wide layers, whose windows LDRD reaches one or two at a time, and many loop turns.
WIDE = [
    ((5, 6, 64), 6, (3, 3), 3),
    ((3, 4, 96), 4, (3, 2), 2),
    ((6, 4, 260), 3, (1, 1), 2),
    ((4, 5, 176), 3, (3, 3), 1),
    ((4, 5, 52), 4, (1, 1), 3),
    ((1, 40, 4), 5, (1, 9), 3),
]


@pytest.mark.needs(*TOOLS)
def test_wide_layers_equal_the_definition():
    drawn = []
    for shape, n_kernels, size, windows in WIDE:
        op, x = mcu.example(shape, n_kernels, size)
        assert packing.layout(op, x).windows == windows
        drawn += [((op, x), mcu.fast(8)), ((op, x), mcu.fast(16))]
    done = emulator.run(program(drawn), flags=("-O2",), target="cortex-m4")
    assert done.returncode == 0, done.output


@pytest.mark.needs(*TOOLS)
def test_budgets():
    """Counts are exact; 2 % are for other releases of the compiler."""
    measured = {
        "conv 3x3 16->16, 14x14, int8 weights": (419_618, 1536),
        "conv 3x3 16->16, 14x14, int16 weights": (338_978, 1536),
        "conv 1x1 16->32, 14x14, int8 weights": (128_905, 96),
        "conv 1x1 16->32, 14x14, int8 weights, 2 at a time": (144_264, 64),
        "conv 1x1 16->32, 14x14, int16 weights": (112_009, 96),
        "conv 1x1 16->32, 14x14, int16 weights, 2 at a time": (119_176, 64),
        "conv 3x3 16->16, blocked C, cortex-m4": (1_080_028, 768),
        "conv 3x3 16->16, blocked C, cortex-m0": (2_487_329, 768),
    }
    rows = {row.work.rpartition(" ")[0]: row for row in mcu.rows()}
    for work, (instructions, scratch) in measured.items():
        assert rows[work].instructions <= instructions * 1.02, work
        assert rows[work].scratch_bytes == scratch, work
        assert rows[work].target is None or instructions <= rows[work].target


def test_scratch_is_what_the_ring_takes():
    op, x = mcu.example((14, 14, 16), 16, (3, 3), padding=mcu.SAME)
    assert packing.scratch_bytes(op, x) == 2 * 3 * 16 * 16
    assert blocked_conv.scratch_bytes(op, x) == 3 * 16 * 16
    one, x = mcu.example((14, 14, 16), 32, (1, 1))
    assert packing.scratch_bytes(one, x) == 2 * 3 * 16
    assert packing.scratch_bytes(one, x, most_windows=2) == 2 * 2 * 16


@pytest.mark.parametrize(
    "change",
    [
        {"groups": 2},
        {"dilation": (2, 1)},
        {"shared": True},
        {"weights": np.ones((4, 3, 3, 4), np.int16)},
    ],
)
def test_other_convolutions_do_not_fit(change):
    op, x = mcu.example((9, 9, 4), 4, (3, 3))
    assert packing.fits(op, x)
    assert blocked_conv.fits(op, x)
    assert not packing.fits(replace(op, **change), x)
    assert not blocked_conv.fits(replace(op, **change), x)


def test_a_row_that_stores_cannot_span_does_not_fit():
    op, x = mcu.example((1, 1, 1), 2046, (1, 1))
    assert packing.fits(op, x)
    assert not packing.fits(*mcu.example((1, 1, 1), 2048, (1, 1)))


def test_other_types_do_not_fit():
    op, _ = mcu.example((9, 9, 4), 4, (3, 3))
    assert not packing.fits(op, TensorSpec((9, 9, 4), "uint16"))
    below = replace(op.requantization, minimum=-9, maximum=-1)
    assert not packing.fits(replace(op, requantization=below), input_spec((9, 9, 4)))


def test_table_holds_every_weight_once():
    """Two kernels a row: biases, steps of four weights each, multipliers."""
    op, x = mcu.example((5, 5, 4), 2, (1, 1))
    weights = op.weights.reshape(2, 4)
    words = packing.table(op, x, 8)
    np.testing.assert_array_equal(words[:2], op.bias)
    np.testing.assert_array_equal(words[2:4].view(np.int8).reshape(2, 4), weights)
    np.testing.assert_array_equal(words[4:], op.requantization.multiplier)
    fold = packing.folded_shift(op, 16)
    halves = packing.table(op, x, 16)[2:6].view(np.int16).reshape(2, 4)
    np.testing.assert_array_equal(halves >> fold, weights[:, [0, 2, 1, 3]])
