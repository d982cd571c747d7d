"""Many graphs in one program, which says whose tensors differ from the definition.

Compilers and simulators take long to start and little to go on. Unless they are images, inputs
are not printed: the program makes them by the arithmetic of `samples`. It compares checksums,
not bytes.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from skconv.codegen.render import render
from skconv.codegen.text import table
from skconv.graph import Graph, Node, Reshape, TensorSpec
from skconv.graph.decisions import decides_alone
from skconv.runtime import fixed

N_SAMPLES = 3


@dataclass(frozen=True)
class Case:
    """A graph under a name, as it is defined, and as it is fused and specialised.

    It runs on `images`, where there are any, else on what `samples` makes.
    """

    name: str
    graph: Graph
    special: Graph
    images: NDArray[np.uint8] | None = None

    @cached_property
    def checksums(self) -> list[int]:
        """Of every tensor that is left after fusion, over all samples."""
        x = samples(self.graph.input) if self.images is None else self.images
        wanted = fixed.tensors(self.graph, x.reshape(-1, *self.graph.input.shape))
        return [_checksum(defined(wanted, node)) for node in self.special.nodes]


def defined(wanted: Mapping[str, NDArray[np.generic]], node: Node) -> NDArray[np.generic]:
    """What a node yields by definition; a signal that is turned keeps its numbers."""
    is_turned = node.name not in wanted and isinstance(node.op, Reshape)
    return wanted[node.inputs[0] if is_turned else node.name]


def _checksum(tensors: NDArray[np.generic]) -> int:
    return zlib.crc32(np.ascontiguousarray(tensors).tobytes())


def samples(spec: TensorSpec) -> NDArray[np.generic]:
    """Three samples: any numbers, numbers at both ends of the range, the largest number."""
    low, high = spec.limits
    mixed = _mixed(np.arange(spec.size, dtype=np.uint32))
    x = np.stack(
        [
            low + (mixed % np.uint32(high - low + 1)).astype(np.int64),
            np.where(mixed & np.uint32(0x10000), high, low),
            np.full(spec.size, high),
        ]
    )
    return x.reshape(N_SAMPLES, *spec.shape).astype(spec.dtype)


def _mixed(n: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """Bits without an order, of a number: as ``mixed`` in `MAIN`."""
    for factor in (2654435769, 2246822519):
        n = (n ^ (n >> np.uint32(15))) * np.uint32(factor) + np.uint32(0x5BD1)
    return n ^ (n >> np.uint32(16))


MAIN = """\
#include "models.h"
{print_include}

typedef struct {{
    void (*run)(const void *);
    const uint8_t *trace;
    int32_t size, low, high, item_bytes, nodes;
    const uint32_t *ends, *checksums;
}} model;

{models}

static int32_t input[{input_words}];

{inputs}

static uint32_t checksum(uint32_t sum, const uint8_t *bytes, uint32_t n)
{{
    static const uint32_t steps[16] = {{{crc_steps}}};
    sum = ~sum;
    for (uint32_t i = 0; i < n; i++) {{
        sum ^= bytes[i];
        sum = sum >> 4 ^ steps[sum & 15];
        sum = sum >> 4 ^ steps[sum & 15];
    }}
    return ~sum;
}}

/* The first node whose tensors differ; the number of nodes where none do. */
static int32_t first_difference(const model *m)
{{
    static uint32_t sums[{most_nodes}];
    for (int32_t k = 0; k < m->nodes; k++) {{
        sums[k] = 0;
    }}
    for (int32_t sample = 0; sample < {n_samples}; sample++) {{
        make_input(m, sample);
        m->run(input);
        uint32_t start = 0;
        for (int32_t k = 0; k < m->nodes; k++) {{
            sums[k] = checksum(sums[k], m->trace + start, m->ends[k] - start);
            start = m->ends[k];
        }}
    }}
    int32_t k = 0;
    while (k < m->nodes && sums[k] == m->checksums[k]) {{
        k++;
    }}
    return k;
}}

int main(void)
{{
    const int32_t n = sizeof models / sizeof models[0];
    int32_t differing = 0;
    for (int32_t i = 0; i < n; i++) {{
        const int32_t k = first_difference(&models[i]);
        if (k < models[i].nodes) {{
            differing++;
            print((uint32_t)i);
            print_text(":");
            print((uint32_t)k);
            print_text(" ");
        }}
    }}
    print((uint32_t)n);
    return differing != 0;
}}
"""
MADE_INPUTS = """\
static uint32_t mixed(uint32_t n)
{
    n = (n ^ n >> 15) * 2654435769u + 0x5BD1u;
    n = (n ^ n >> 15) * 2246822519u + 0x5BD1u;
    return n ^ n >> 16;
}

static int32_t entry(const model *m, int32_t sample, int32_t i)
{
    const uint32_t bits = mixed((uint32_t)i);
    if (sample == 0) {
        return m->low + (int32_t)(bits % (uint32_t)(m->high - m->low + 1));
    }
    return sample == 2 || (bits & 0x10000u) ? m->high : m->low;
}

static void make_input(const model *m, int32_t sample)
{
    for (int32_t i = 0; i < m->size; i++) {
        const int32_t value = entry(m, sample, i);
        if (m->item_bytes == 1) {
            ((uint8_t *)input)[i] = (uint8_t)value;
        } else {
            ((int16_t *)input)[i] = (int16_t)value;
        }
    }
}"""
IMAGES = """\
static void make_input(const model *m, int32_t sample)
{
    for (int32_t i = 0; i < m->size; i++) {
        ((uint8_t *)input)[i] = images[sample * m->size + i];
    }
}"""
ON_HOST = """#include <stdio.h>
static void print(uint32_t n) { printf("%lu", (unsigned long)n); }
static void print_text(const char *text) { printf("%s", text); }"""
ON_BOARD = """#include "bench.h"
#define print bench_print_unsigned
#define print_text bench_print"""


def program(cases: Sequence[Case], *, host: bool) -> dict[str, str]:
    """C files of a program that prints ``graph:node `` where graphs differ, and how many it ran.

    All cases have the same images, or none.
    """
    images = cases[0].images
    assert all(case.images is images for case in cases)
    sources: dict[str, str] = {}
    units = []
    for case in cases:
        files = render(case.special, case.name)
        units.append(_as_part(case.name, files.pop(f"{case.name}.c")))
        header = f"{case.name}.h"
        files[header] = f"#define {case.name.upper()}_TRACE\n{files[header]}"
        sources |= files
    sources["models.h"] = "".join(f'#include "{case.name}.h"\n' for case in cases)
    sources["models.c"] = "\n".join(units)
    sources["main.c"] = MAIN.format(
        print_include=ON_HOST if host else ON_BOARD,
        models="\n".join(_models(cases)),
        input_words=max(-(-case.graph.input.nbytes // 4) for case in cases),
        crc_steps=", ".join(f"{step}u" for step in _crc_steps()),
        most_nodes=max(len(case.special.nodes) for case in cases),
        n_samples=N_SAMPLES if images is None else len(images),
        inputs=MADE_INPUTS if images is None else _image_inputs(images),
    )
    return sources


FILE_SCOPE = re.compile(
    r"^(?:SK_TABLE|static|SK_INLINE|SK_APART)(?: \w+)+? \*?(\w+)[\[(]", re.MULTILINE
)


def _as_part(name: str, unit: str) -> str:
    """One model's file as a part of a file of many: what it keeps to itself gets its name."""
    own = {"arena", *FILE_SCOPE.findall(unit)}
    text = re.sub(rf"\b({'|'.join(own)})\b", rf"{name}_\1", unit)
    return f"{text}\n#undef TRACE\n#undef NODE\n"


def _crc_steps() -> Iterator[int]:
    """The checksum of four bits: that of zlib."""
    for step in range(16):
        for _ in range(4):
            step = step >> 1 ^ (0xEDB88320 if step & 1 else 0)
        yield step


def _image_inputs(images: NDArray[np.uint8]) -> str:
    return "\n".join(['#include "skconv/types.h"', *table("images", images.ravel()), "", IMAGES])


def _models(cases: Sequence[Case]) -> Iterator[str]:
    for case in cases:
        yield from _caller(case)
        specs = case.special.specs
        ends = np.cumsum([specs[node.name].nbytes for node in case.special.nodes]).tolist()
        yield from _numbers(f"{case.name}_ends", ends)
        yield from _numbers(f"{case.name}_checksums", case.checksums)
    yield "static const model models[] = {"
    for case in cases:
        name, x = case.name, case.graph.input
        numbers = (x.size, *x.limits, np.dtype(x.dtype).itemsize, len(case.special.nodes))
        yield f"    {{{name}_call, {name}_trace, {', '.join(map(str, numbers))},"
        yield f"     {name}_ends, {name}_checksums}},"
    yield "};"


def _caller(case: Case) -> Iterator[str]:
    """A function of one type for every model; a decision is a tensor too."""
    name = case.name
    yield f"static void {name}_call(const void *x)"
    yield "{"
    if not case.special.is_classifier or decides_alone(case.special):
        yield f"    static {name}_output_t y[{name.upper()}_OUTPUT_SIZE];"
        yield f"    {name}_run(x, y);"
    if case.special.is_classifier:
        yield f"    (void){name}_predict(x);"
    yield "}"


def _numbers(name: str, values: Sequence[int]) -> Iterator[str]:
    yield f"static const uint32_t {name}[] = {{{', '.join(f'{value}u' for value in values)}}};"


def failures(cases: Sequence[Case], output: str) -> list[tuple[Case, Node]]:
    """What a program printed: every case that differs, and the first node where it does.

    Raises
    ------
    ValueError
        Where the program did not run all graphs.
    """
    *pairs, n_run = output.split()
    if int(n_run) != len(cases):
        raise ValueError(f"the program ran {n_run} graphs, expected {len(cases)}")
    places = (map(int, pair.split(":")) for pair in pairs)
    return [(cases[i], cases[i].special.nodes[k]) for i, k in places]


def differences(cases: Sequence[Case], output: str) -> str:
    """The same, for people."""
    return "\n\n".join(
        f"{case.name}: node {node.name!r} ({node.op.describe()} of {', '.join(node.inputs)})"
        f" differs in\n{case.special!r}\nmade of\n{case.graph!r}"
        for case, node in failures(cases, output)
    )
