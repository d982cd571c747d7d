"""The products of minimal filtering for Cortex-M4 and its like, as text.

It is printed, as `skconv.codegen.routines.conv.conv_block` is, because sizes stand in the
instructions. Layers alike share one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from skconv.codegen.routines.conv.conv_block import STEP_VALUES, SUMS

LARGEST_UNROLL = 16


@dataclass(frozen=True)
class ProductBlock:
    """Two kernels on one to three tiles, at all places.

    Attributes
    ----------
    tiles : int
        1 to 3.
    steps : int
        Runs of four channels.
    places : int
        Where products stand.
    """

    tiles: int
    steps: int
    places: int

    @property
    def distance(self) -> int:
        """Bytes from a tile to the next."""
        return 2 * STEP_VALUES * self.steps

    @property
    def unroll(self) -> int:
        """Steps that are one turn of the loop: the most that divide them."""
        few = range(1, min(self.steps, LARGEST_UNROLL) + 1)
        return max(n for n in few if self.steps % n == 0)

    def source(self, name: str) -> list[str]:
        """A static C function ``name``, of type ``sk_winograd_block``, and its plain twin."""
        return [
            "#if SK_DSP",
            f"SK_NAKED void {name}(SK_UNUSED const uint32_t *values,",
            "    SK_UNUSED const int32_t *weights, SK_UNUSED int32_t *sums)",
            "{",
            "    __asm__ volatile(",
            *(f'        "{line}\\n"' for line in self.assembly()),
            "    );",
            "}",
            "#else",
            f"static void {name}(const uint32_t *values, const int32_t *weights, int32_t *sums)",
            "{",
            f"    sk_winograd_block_plain(values, weights, sums, {self.tiles}, {self.steps});",
            "}",
            "#endif",
        ]

    def assembly(self) -> Iterator[str]:
        """Instructions of the function: r0 the values, r1 the weights, r2 the sums."""
        yield "push {r4, r5, r6, r7, r8, r9, r10, r11, lr}"
        yield f"add r3, r2, #{8 * self.tiles * self.places}"
        yield "push {r2, r3}"
        yield "sub sp, sp, #4"
        yield "1:"
        yield from self._place()
        yield "ldrd r2, r3, [sp, #4]"
        for a, b in SUMS[: self.tiles]:
            yield f"strd {a}, {b}, [r2], #8"
        if self.tiles > 1:
            yield f"add r0, r0, #{(self.tiles - 1) * self.distance}"
        yield "str r2, [sp, #4]"
        yield "cmp r2, r3"
        yield "bne 1b"
        yield "add sp, sp, #12"
        yield "pop {r4, r5, r6, r7, r8, r9, r10, r11, pc}"

    def _place(self) -> Iterator[str]:
        """All channels at one place; a single turn needs no loop, and begins without a sum."""
        if self.unroll == self.steps:
            yield from self._step(first=True)
            yield from _repeated(self._step(), self.steps - 1)
            return
        yield f"add r2, r0, #{self.distance}"
        yield "str r2, [sp]"
        for register in (r for pair in SUMS[: self.tiles] for r in pair):
            yield f"mov {register}, #0"
        yield "2:"
        yield from _repeated(self._step(), self.unroll)
        yield "ldr r2, [sp]"
        yield "cmp r0, r2"
        yield "bne 2b"

    def _step(self, first: bool = False) -> Iterator[str]:
        """Four channels of every tile times four weights of two kernels."""
        yield "ldmia r1!, {r2, r3, r4, r5}"
        for tile in reversed(range(self.tiles)):
            a, b = SUMS[tile]
            place = f"[r0, #{tile * self.distance}]" if tile else "[r0], #8"
            yield f"ldrd r6, r7, {place}"
            for total, weights in ((a, "r2"), (b, "r4")):
                product = f"{total}, {weights}, r6"
                yield f"smuad {product}" if first else f"smlad {product}, {total}"
            yield f"smlad {a}, r3, r7, {a}"
            yield f"smlad {b}, r5, r7, {b}"


def _repeated(lines: Iterator[str], times: int) -> Iterator[str]:
    if times:
        yield f".rept {times}"
        yield from lines
        yield ".endr"
