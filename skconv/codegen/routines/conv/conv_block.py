"""The inner routine of a convolution for Cortex-M4 and its like, as text.

It is printed, not written down, because sizes stand in the instructions: every routine
is for one distance of the windows, one length, one way to clip. Layers alike share one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

LARGEST_OFFSET = 1020  # of LDRD
STEP_VALUES = 4

# Sums of two kernels, per window. Weights are in r2 to r5, values in r6 and r7.
SUMS = (("r8", "r9"), ("r10", "r11"), ("r12", "lr"))
# Where the stack keeps: begin of the values, output, end of the values, last output.
BEGIN, OUTPUT, END, LAST = "[sp]", "[sp, #4]", "[sp, #8]", "[sp, #12]"


@dataclass(frozen=True)
class ConvBlock:
    """All kernels on one to three windows, each window a run of int16 values.

    Attributes
    ----------
    windows : int
        1 to 3, as far as LDRD reaches.
    distance : int
        Bytes from a window to the next, a multiple of 4.
    steps : int
        Runs of four values that a window has.
    n_kernels : int
        Results per window.
    weight_bits : {4, 8, 16}
        Of a weight in the table. With 4, a byte is 16 times the weight of the second kernel plus
        that of the first, and sums are 16 times what they stand for until they are complete.
    shift, dtype, minimum, maximum
        As of `skconv.graph.Requantization`; what the table's weights hold of its shift
        is not in ``shift``.
    unroll : int
        Steps that are one turn of the loop; divides ``steps``.
    """

    windows: int
    distance: int
    steps: int
    n_kernels: int
    weight_bits: int
    shift: int
    dtype: str
    minimum: int
    maximum: int
    unroll: int

    @cached_property
    def itemsize(self) -> int:
        return np.dtype(self.dtype).itemsize

    @property
    def signed(self) -> bool:
        return self.minimum < 0

    @property
    def exact_bits(self) -> int | None:
        """Bits of SSAT or USAT where they alone clip to the limits."""
        if self.signed:
            bits = self.maximum.bit_length()
            return bits + 1 if (self.minimum, self.maximum) == (-(2**bits), 2**bits - 1) else None
        bits = self.maximum.bit_length()
        return bits if (self.minimum, self.maximum) == (0, 2**bits - 1) else None

    @property
    def missing(self) -> tuple[int, int]:
        """How much narrower than a lane the limits are, above and below."""
        if self.exact_bits is not None:
            return 0, 0
        lane = 8 * self.itemsize
        low, high = (-(2 ** (lane - 1)), 2 ** (lane - 1) - 1) if self.signed else (0, 2**lane - 1)
        return high - self.maximum, self.minimum - low

    @property
    def odd(self) -> bool:
        return self.n_kernels % 2 == 1

    def source(self, name: str) -> list[str]:
        """A static C function ``name``, of type ``sk_conv_block``, and its plain twin."""
        arguments = "(const int16_t *x, const int32_t *table, void *output)"
        sizes = (
            f"{self.windows}, {self.distance // 2}, {self.steps}, {self.n_kernels}, "
            f"{self.weight_bits}"
        )
        rule = f"{{NULL, 0, {self.shift}, {self.minimum}, {self.maximum}}}"
        return [
            "#if SK_DSP",
            f"SK_NAKED void {name}(SK_UNUSED const int16_t *x, SK_UNUSED const int32_t *table,",
            "    SK_UNUSED void *output)",
            "{",
            "    __asm__ volatile(",
            *(f'        "{line}\\n"' for line in self.assembly()),
            "    );",
            "}",
            "#else",
            f"static void {name}{arguments}",
            "{",
            f"    const sk_requantization to = {rule};",
            f"    const sk_conv_sizes sizes = {{{sizes}}};",
            f"    sk_conv_block_plain(x, table, output, SK_{self.dtype.upper()}, sizes, to);",
            "}",
            "#endif",
        ]

    def assembly(self) -> Iterator[str]:
        """Instructions of the function: r0 the values, r1 the table, r2 the output."""
        last = (self.n_kernels - (1 if self.odd else 2)) * self.itemsize
        yield "push {r4, r5, r6, r7, r8, r9, r10, r11, lr}"
        yield from _constant("r3", self.steps * STEP_VALUES * 2)
        yield "add r3, r3, r0"
        yield from _constant("r12", last)
        yield "add r12, r12, r2"
        yield "push {r0, r2, r3, r12}"
        yield "1:"
        yield f"ldr r0, {BEGIN}"
        yield from self._sums()
        yield from self._results()
        yield "bne 1b"
        yield "add sp, sp, #16"
        yield "pop {r4, r5, r6, r7, r8, r9, r10, r11, pc}"

    def _sums(self) -> Iterator[str]:
        """One turn needs no loop, and its first products are added to one bias."""
        if self.steps == self.unroll:
            yield "ldrd r8, r9, [r1], #8"
            yield from self._step(first=True)
            yield f".rept {self.unroll - 1}"
            yield from self._step()
            yield ".endr"
            return
        for a, b in SUMS[1 : self.windows]:
            yield f"ldrd {a}, {b}, [r1]"
        yield "ldrd r8, r9, [r1], #8"
        yield "2:"
        yield f".rept {self.unroll}"
        yield from self._step()
        yield ".endr"
        yield f"ldr r2, {END}"
        yield "cmp r0, r2"
        yield "bne 2b"

    def _step(self, first: bool = False) -> Iterator[str]:
        """Four values of every window times four weights of two kernels."""
        if self.weight_bits == 16:
            yield "ldmia r1!, {r2, r3, r4, r5}"
        elif self.weight_bits == 4:
            yield "ldr r4, [r1], #4"
            yield "lsl r2, r4, #4"
            yield "and r2, r2, #0xF0F0F0F0"
            yield "sxtb16 r3, r2, ror #8"
            yield "sxtb16 r5, r4, ror #8"
            yield "sxtb16 r2, r2"
            yield "sxtb16 r4, r4"
        else:
            yield "ldrd r2, r4, [r1], #8"
            yield "sxtb16 r3, r2, ror #8"
            yield "sxtb16 r5, r4, ror #8"
            yield "sxtb16 r2, r2"
            yield "sxtb16 r4, r4"
        for window in reversed(range(self.windows)):
            a, b = SUMS[window]
            from_a, from_b = SUMS[0] if first else (a, b)
            place = f"[r0, #{window * self.distance}]" if window else "[r0], #8"
            yield f"ldrd r6, r7, {place}"
            yield f"smlad {a}, r2, r6, {from_a}"
            yield f"smlad {b}, r4, r6, {from_b}"
            yield f"smlad {a}, r3, r7, {a}"
            yield f"smlad {b}, r5, r7, {b}"

    def _results(self) -> Iterator[str]:
        """Requantise, clip, store; the Z flag says whether these kernels are the last."""
        yield f"ldr r0, {OUTPUT}"
        yield f"ldr r4, {LAST}"
        yield "ldrd r2, r3, [r1], #8"
        for register, missing in zip(("r6", "r7"), self.missing, strict=True):
            lanes = 0x01010101 if self.itemsize == 1 else 0x00010001
            yield from _constant(register, missing * lanes) if missing else ()
        yield "cmp r0, r4"
        for window in reversed(range(self.windows)):
            yield from self._scale(*SUMS[window])
            yield from self._store(window)
        yield f"str r0, {OUTPUT}"

    def _scale(self, *sums: str) -> Iterator[str]:
        if self.weight_bits == 4:
            first, second = sums
            yield f"sub {second}, {second}, {first}, asr #4"
        for register, multiplier in zip(sums, ("r2", "r3"), strict=True):
            if self.shift:
                yield f"lsl {register}, {register}, #{self.shift}"
            yield f"smmulr {register}, {register}, {multiplier}"

    def _store(self, window: int) -> Iterator[str]:
        a, b = SUMS[window]
        saturate = "ssat" if self.signed else "usat"
        bits = 8 * self.itemsize if self.exact_bits is None else self.exact_bits
        for register in (a, b):
            yield f"{saturate} {register}, #{bits}, {register}"
        offset = window * self.n_kernels * self.itemsize
        place = f"[r0, #{offset}]" if window else f"[r0], #{2 * self.itemsize}"
        one, two = ("strb", "strh") if self.itemsize == 1 else ("strh", "str")
        if any(self.missing):
            yield from self._narrow(a, b)
            if self.odd:
                yield "ite ne"
                yield f"{two}ne {a}, {place}"
                yield f"{one}eq {a}, {place}"
            else:
                yield f"{two} {a}, {place}"
            return
        if self.odd:
            yield "it ne"
        yield f"{one}{'ne' if self.odd else ''} {b}, [r0, #{offset + self.itemsize}]"
        yield f"{one} {a}, {place}"

    def _narrow(self, a: str, b: str) -> Iterator[str]:
        """Both results in one word; saturating sums clip them to less than the type."""
        above, below = self.missing
        lane = 8 * self.itemsize
        saturating, sign = ("q", "s") if self.signed else ("uq", "u")
        if lane == 8:
            yield f"bfi {a}, {b}, #8, #8"
        else:
            yield f"pkhbt {a}, {a}, {b}, lsl #16"
        if above:
            yield f"{saturating}add{lane} {a}, {a}, r6"
            yield f"{sign}sub{lane} {a}, {a}, r6"
        if below:
            yield f"{saturating}sub{lane} {a}, {a}, r7"
            yield f"{sign}add{lane} {a}, {a}, r7"


def _constant(register: str, value: int) -> Iterator[str]:
    """Load a constant, without a change of the flags."""
    value &= 0xFFFFFFFF
    low, high = value & 0xFFFF, value >> 16
    if high == low and low >> 8 == low & 0xFF:
        yield f"mov {register}, #{value}"
        return
    yield f"movw {register}, #{low}"
    if high:
        yield f"movt {register}, #{high}"
