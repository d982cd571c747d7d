"""A dictionary of kernels: expanded, or channels of equal kernels added first, then convolved.

    OMP_NUM_THREADS=1 python tests/benchmarks/bench_add_then_convolve.py [counts] [accuracy]

``counts``: instructions of one layer of 3 x 3 kernels on 10 x 10 pixels without padding, on
simulated boards at -O2. ``plain``: int8 weights, by the routine of the core. ``expanded``: the
dictionary as `skconv.to_c` prints it. ``added``: for each kernel and each image of the dictionary
that it uses, the channels of that image are added up, times their numbers, and the sum is convolved
once (the C below: two channels a turn, two taps of a row in registers). Its sums are compared with
the definition first. ``images`` is how many a kernel uses of those that there are, on average.

``accuracy``: what a dictionary of so few images costs, for the trained network for digits: its
layers of 3 x 3 coded, nothing trained, 1,200 images to fit and 597 to score.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parents[2]))

from skconv import DictionaryKernels, compress, emulator
from skconv.codegen.headers import header_texts
from skconv.codegen.render import render
from skconv.codegen.select import select
from skconv.codegen.text import table
from skconv.graph import Graph, QConv, Requantization, TensorSpec
from skconv.graph.storage.dictionary import Dictionary, turned_places
from skconv.passes.compress.codes.dictionary_kernels import Transforms
from skconv.target.targets import get_target
from tests import compressed
from tests.mcu import streams

SIDE = 10
CORES = ("cortex-m4", "cortex-m0")
# Channels, kernels, entries of the dictionary, images of each.
LAYERS = (
    (32, 64, 8, 1),
    (32, 64, 16, 1),
    (64, 64, 8, 1),
    (64, 64, 16, 1),
    (64, 64, 8, 8),
    (64, 64, 64, 8),
    (128, 32, 16, 1),
)
Array = NDArray[Any]

HEADER = """\
#include "types.h"
void machine(const void *input, int32_t *output);
"""

ADDED = """\
#include "machine.h"
#include "tables.h"

enum { SIDE = %(side)d, MAP = SIDE * SIDE, OUT = SIDE - 2, CHANNELS = %(channels)d };

static int32_t added[MAP];
static int32_t sums[OUT * OUT];

/* `times` times a channel, and `others` times another one, added to the map or written there. */
static void add_two(
    const int8_t *x, int32_t times, const int8_t *y, int32_t others, int32_t is_first)
{
    for (int32_t i = 0; i < MAP; i++) {
        const int32_t both = times * *x + others * *y;
        added[i] = is_first ? both : added[i] + both;
        x += CHANNELS;
        y += CHANNELS;
    }
}

/* The sum of the channels, by the taps of one row of an image. */
static void add_row(const int32_t *from, int32_t a, int32_t b, int32_t c)
{
    int32_t *sum = sums;
    for (int32_t row = 0; row < OUT; row++) {
        int32_t left = from[0];
        int32_t middle = from[1];
        for (int32_t column = 0; column < OUT; column++) {
            const int32_t right = from[column + 2];
            *sum++ += a * left + b * middle + c * right;
            left = middle;
            middle = right;
        }
        from += SIDE;
    }
}

void machine(const void *maps, int32_t *output)
{
    const int8_t *input = maps;
    const uint8_t *next = places;
    const int8_t *number = times;
    for (int32_t kernel = 0; kernel < %(kernels)d; kernel++) {
        for (int32_t i = 0; i < OUT * OUT; i++) {
            sums[i] = 0;
        }
        for (int32_t image = groups[kernel]; image < groups[kernel + 1]; image++) {
            const int8_t *taps = images + 9 * used[image];
            for (int32_t i = 0; i < pairs[image]; i++) {
                add_two(input + next[0], number[0], input + next[1], number[1], i == 0);
                next += 2;
                number += 2;
            }
            for (int32_t i = 0; i < 3; i++) {
                add_row(added + i * SIDE, taps[3 * i], taps[3 * i + 1], taps[3 * i + 2]);
            }
        }
        for (int32_t i = 0; i < OUT * OUT; i++) {
            output[i * %(kernels)d + kernel] = sums[i];
        }
    }
}
"""


def dictionary(rng: np.random.Generator, layer: tuple[int, int, int, int]) -> Dictionary:
    """A random one; taps and numbers that fit int8."""
    channels, n_kernels, n_entries, n_turns = layer
    shape = (n_kernels, channels)
    kernels = rng.integers(-18, 19, (n_entries, 3, 3)).astype(np.int8)
    indices, turns = rng.integers(0, n_entries, shape), rng.integers(0, n_turns, shape)
    times = rng.integers(1, 8, shape) * rng.choice([-1, 1], shape)
    return Dictionary((n_kernels, 3, 3, channels), kernels, indices, turns, times, n_turns, 7)


def graph_of(coded: Dictionary, *, is_coded: bool) -> Graph:
    x = TensorSpec((SIDE, SIDE, coded.shape[3]), "int8", 1.0, -127, 127)
    rule = Requantization(np.array([2**20], np.int32), 0, 1.0, "int8", -127, 127)
    bias = np.zeros(coded.n_kernels, np.int32)
    form = coded if is_coded else None
    return Graph(x).append(QConv(coded.weights(), bias, requantization=rule, coded=form))


def added_tables(coded: Dictionary) -> tuple[dict[str, Array], float]:
    """What the C above reads, and how many images a kernel uses."""
    images, used, pairs, groups = [], [], [], [0]
    places: list[int] = []
    times: list[int] = []
    turned = turned_places(3, 3, coded.n_turns)
    for kernel in coded.kernels:
        images += [kernel.ravel()[image] for image in turned]
    own = coded.indices * coded.n_turns + coded.turns
    for kernel in range(coded.n_kernels):
        for image in np.unique(own[kernel]):
            channels = np.flatnonzero(own[kernel] == image)
            numbers = coded.times[kernel, channels]
            if len(channels) % 2:  # a channel that is there, times 0
                channels, numbers = np.append(channels, 0), np.append(numbers, 0)
            places += channels.tolist()
            times += numbers.tolist()
            used.append(image)
            pairs.append(len(channels) // 2)
        groups.append(len(used))
    tables: dict[str, Array] = {
        "images": np.stack(images).astype(np.int8),
        "used": np.array(used, np.uint16),
        "pairs": np.array(pairs, np.uint8),
        "groups": np.array(groups, np.uint16),
        "places": np.array(places, np.uint8),
        "times": np.array(times, np.int8),
    }
    return tables, len(used) / coded.n_kernels


def printed(arrays: dict[str, Array]) -> str:
    lines = ['#include "types.h"']
    for name, values in arrays.items():
        lines += table(name, values)
    return "\n".join(lines) + "\n"


def added_sources(coded: Dictionary, tables: dict[str, Array]) -> dict[str, str]:
    sizes = {"side": SIDE, "channels": coded.shape[3], "kernels": coded.n_kernels}
    return {
        **header_texts(["types.h"]),
        "machine.h": HEADER,
        "tables.h": printed(tables),
        "machine.c": ADDED % sizes,
    }


def sums_of(coded: Dictionary, x: Array) -> Array:
    windows = np.lib.stride_tricks.sliding_window_view(x[0].astype(np.int64), (3, 3), (0, 1))
    return np.einsum("rcdij,kijd->rck", windows, coded.weights().astype(np.int64))


def added_count(coded: Dictionary, x: Array, core: str) -> tuple[int, float]:
    """Instructions of adding first, once its sums are those of the definition."""
    tables, used = added_tables(coded)
    sources = added_sources(coded, tables)
    wanted = sums_of(coded, x).reshape(1, -1).astype(np.int32)
    main = streams.comparing_main(x.reshape(1, -1), wanted)
    done = emulator.run({**sources, "main.c": main}, target=core)
    assert (done.returncode, done.output) == (0, ""), done.output
    return emulator.count_instructions(
        sources,
        "machine(sample, out)",
        prelude=prelude(("machine.h", "types.h"), x, f"int32_t out[{wanted.size}]"),
        target=core,
    ), used


def prelude(headers: tuple[str, str], x: Array, output: str) -> str:
    includes = [f'#include "{header}"' for header in headers]
    return "\n".join([*includes, *table("sample", x.ravel()), f"static {output};"])


def printed_count(graph: Graph, x: Array, core: str) -> int:
    chosen = select(graph, get_target(core), "balanced")
    size = int(np.prod(graph.output.shape))
    return emulator.count_instructions(
        render(chosen, "m"),
        "m_run(sample, out)",
        prelude=prelude(("m.h", "skconv/types.h"), x, f"int8_t out[{size}]"),
        target=core,
    )


def counts() -> Iterator[str]:
    yield "channels kernels entries x turns  images  core           plain   expanded      added"
    for layer in LAYERS:
        rng = np.random.default_rng(0)
        coded = dictionary(rng, layer)
        x = rng.integers(-127, 128, (1, SIDE, SIDE, layer[0])).astype(np.int8)
        for core in CORES:
            plain = printed_count(graph_of(coded, is_coded=False), x, core)
            expanded = printed_count(graph_of(coded, is_coded=True), x, core)
            added, used = added_count(coded, x, core)
            yield (
                f"{layer[0]:8d} {layer[1]:7d} {layer[2]:7d} x {layer[3]:5d} {used:7.1f}  {core:10}"
                f"{plain:11,d}{expanded:11,d}{added:11,d}"
            )


def accuracies() -> Iterator[str]:
    pipe, (X, y) = compressed.fitted("uspsnet"), compressed.digits()
    fit, held = slice(None, compressed.N_FIT), slice(compressed.N_FIT, None)
    images = X.reshape(-1, *compressed.SHAPE)
    yield f"network for digits, as fitted: {pipe.score(images[held], y[held]):.4f}"
    forms: tuple[tuple[int, Transforms], ...] = (
        (64, "d4"), (16, "d4"), (16, "none"), (8, "none"),
    )  # fmt: skip
    for centroids, turns in forms:
        dictionary_pass = DictionaryKernels(centroids, transforms=turns)
        small = compress(pipe, X[fit], y[fit], passes=[dictionary_pass])
        score = small.score(X[held], y[held])
        yield f"{centroids:3d} entries, transforms={turns!r}: {score:.4f}"


def main() -> None:
    wanted = sys.argv[1:] or ["counts", "accuracy"]
    for name, lines in (("counts", counts), ("accuracy", accuracies)):
        if name in wanted:
            for line in lines():
                print(line, flush=True)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()
