"""The transform of real numbers alone, as a source that is counted."""

from __future__ import annotations

import numpy as np

from skconv.codegen.text import table
from skconv.runtime.fft import places, twiddles

# A rectangular window, and one bit of fraction less than samples of 16 bits have room for.
LARGEST_WEIGHT = 2**15 - 1


def fft_shift(n_fft: int) -> int:
    """To the right of a weighted sample: twice a sum of as many samples fits 31 bits."""
    return n_fft.bit_length() - 1 + 1


def fft_tables(n_fft: int) -> dict[str, np.ndarray]:
    points = n_fft // 2
    turns = twiddles(points).astype(np.int64) & 0xFFFF
    return {
        "starts": (2 * places(points)).astype(np.uint16),
        "window": np.full(n_fft, LARGEST_WEIGHT, np.int16),
        "twiddles": (turns[:, 0] | (turns[:, 1] << 16)).astype(np.uint32),
    }


def fft_source(n_fft: int) -> tuple[str, str, str]:
    """A C file with ``transform(samples, result)``, a prelude and the statement that calls it."""
    tables = "\n".join("\n".join(table(*item)) for item in fft_tables(n_fft).items())
    declaration = "uint32_t transform(const int16_t *samples, sk_complex *result)"
    source = f"""#include "fft.h"
{tables}
{declaration};
{declaration}
{{
    const sk_fft fft = {{
        .points = {n_fft // 2}, .starts = starts, .window = window,
        .shift = {fft_shift(n_fft)}, .twiddles = twiddles}};
    return sk_real_fft(fft, samples, SK_INT16, result);
}}
"""
    prelude = f"""#include "fft.h"
extern {declaration};
static int16_t samples[{n_fft}];
static sk_complex result[{n_fft // 2}];
"""
    return source, prelude, "(void)transform(samples, result)"
