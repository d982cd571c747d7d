"""A model on a simulated microcontroller: instructions, flash, RAM, and the right answers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skconv import emulator
from skconv.codegen.text import table
from skconv.emulator.build import simulated
from skconv.graph import Graph
from skconv.runtime import fixed, reference
from skconv.utils.columns import aligned, html_table

Batch = NDArray[Any]

# What both programs begin with: the samples lie in flash, the model reads RAM. No model has a
# hyphen in its name, or one that begins with "sk_": files and macros cannot be its own.
SAMPLES = """\
#include "{name}.h"
#include "model-bench.h"
#include "model-vectors.h"

static {name}_input_t x[{macro}_INPUT_SIZE];
{name}_output_t y[{macro}_OUTPUT_SIZE];

static void take(int32_t sample)
{{
    for (int32_t i = 0; i < {macro}_INPUT_SIZE; i++) {{
        x[i] = inputs[sample * {macro}_INPUT_SIZE + i];
    }}
}}

static void print(uint32_t number)
{{
    bench_print_unsigned(number);
    bench_print("\\n");
}}
"""

# For each sample: instructions, bytes of stack, wrong scores and classes.
WHOLE = """
int main(void)
{{
    for (int32_t sample = 0; sample < SK_BENCH_SAMPLES; sample++) {{
        take(sample);
        bench_stack_paint();
        (void){call};
        print(bench_stack_used());
        uint32_t count;
        BENCH_COUNT(count, (void){call});
        print(count);
        uint32_t wrong = 0;
        {name}_run(x, y);
        for (int32_t i = 0; i < {macro}_OUTPUT_SIZE; i++) {{
            wrong += y[i] != outputs[sample * {macro}_OUTPUT_SIZE + i];
        }}
{check_class}        print(wrong);
    }}
    return 0;
}}
"""

CHECK_CLASS = """\
        wrong += {name}_predict(x) != classes[sample];
"""

# For each sample: the time of every node. Two calls in a row give the cost of the hook.
EACH_NODE = """
static uint32_t marks[SK_BENCH_NODES + 1];
static int32_t n_marks;

void {name}_node(int32_t index);
void {name}_node(int32_t index)
{{
    (void)index;
    marks[n_marks] = BENCH_NOW();
    n_marks++;
}}

int main(void)
{{
    {name}_node(0);
    {name}_node(0);
    const uint32_t hook = bench_elapsed(marks[0], marks[1]);
    for (int32_t sample = 0; sample < SK_BENCH_SAMPLES; sample++) {{
        take(sample);
        n_marks = 0;
        {name}_node(0);
        (void){call};
        for (int32_t i = 1; i < n_marks; i++) {{
            const uint32_t count = bench_elapsed(marks[i - 1], marks[i]);
            print(count > hook ? count - hook : 0);
        }}
    }}
    return 0;
}}
"""


@dataclass(frozen=True)
class NodeCount:
    """What one node takes.

    Attributes
    ----------
    name, op : str
        The node, and its op in a few words.
    count : int
        Instructions (or cycles) of one inference, the mean over the samples.
    """

    name: str
    op: str
    count: int


@dataclass(frozen=True)
class BenchReport:
    """A model on a simulated board.

    Attributes
    ----------
    name, target : str
        The model and the processor.
    flags : tuple of str
        How it was compiled, beside what the target wants.
    unit : str
        What is counted: ``"instructions"``, or ``"cycles"`` on AVR.
    nodes : tuple of NodeCount
        Measured in a build that calls a function after each node: their sum is near
        ``per_inference``, not equal to it.
    per_inference, largest : int
        Mean and maximum over the samples.
    code_bytes, table_bytes : int
        Flash: of the model's own object, and of its constant tables. Routines of the
        compiler's library that the code calls are not counted.
    static_bytes, stack_bytes : int
        RAM: the arena, and the deepest stack that was seen. The caller's input and output
        are not counted.
    n_samples, wrong : int
        How many samples ran, and how many scores and classes were not those of the
        definition. For float models ``wrong`` is None: they are not equal to the bit.
    """

    name: str
    target: str
    flags: tuple[str, ...]
    unit: str
    nodes: tuple[NodeCount, ...]
    per_inference: int
    largest: int
    code_bytes: int
    table_bytes: int
    static_bytes: int
    stack_bytes: int
    n_samples: int
    wrong: int | None

    def _facts(self) -> Iterator[str]:
        yield (
            f"{self.per_inference:,} {self.unit} an inference "
            f"(mean of {self.n_samples} samples; {self.largest:,} at most)"
        )
        yield f"flash: {self.code_bytes:,} bytes of code, {self.table_bytes:,} bytes of tables"
        yield f"RAM: {self.static_bytes:,} bytes of arena, {self.stack_bytes:,} bytes of stack"
        if self.wrong is not None:
            yield f"results that differ from the definition: {self.wrong}"

    def _title(self) -> str:
        return f"{self.name} on {self.target}, {' '.join(self.flags)}"

    @property
    def _header(self) -> tuple[str, str, str]:
        return "node", "op", self.unit

    def _rows(self) -> Iterator[tuple[str, str, str]]:
        for node in self.nodes:
            yield node.name, node.op, f"{node.count:,}"

    def __str__(self) -> str:
        lines = aligned([self._header, *self._rows()], numbers={2})
        rule = "-" * len(lines[0])
        return "\n".join([self._title(), lines[0], rule, *lines[1:], rule, *self._facts()])

    def _repr_html_(self) -> str:
        return html_table(self._header, self._rows(), (self._title(), *self._facts()))


def benchmark(
    graph: Graph,
    files: Mapping[str, str],
    x: Batch,
    *,
    name: str,
    target: str,
    flags: tuple[str, ...] = ("-O2",),
    timeout: float = 120.0,
) -> BenchReport:
    """Build a model's C for a target, run it on samples, and measure.

    Parameters
    ----------
    graph : Graph
        Integer or float.
    files : mapping of str to str
        Its C, see `skconv.codegen.render.render`.
    x : array (n_samples, ...)
        Samples in the type of the input. They share the simulated board's memory with the
        model: a few are enough, for the counts hardly depend on them.
    name : str
        The C name of the model.
    target : str
        A target with a simulated board, see `skconv.target.targets`.
    flags : tuple of str
        More compiler flags, the optimisation among them.
    timeout : float
        Seconds that each of two runs may take.

    Returns
    -------
    BenchReport

    Raises
    ------
    ValueError
        Where the target has no simulated board, or there is no sample.
    skconv.emulator.MissingToolError
        Where a compiler or simulator is not installed; it names the package.
    RuntimeError
        Where the program cannot be built, or does not end in time.

    Examples
    --------
    ``model.benchmark(target="cortex-m4")`` of what `skconv.to_c` returns calls this.
    """
    _, board = simulated(target)
    if len(x) < 1:
        raise ValueError("x has no sample, wanted one at least")
    sources = {**files, "model-vectors.h": "\n".join(_vectors(graph, x)) + "\n"}
    whole = _numbers(graph, sources, WHOLE, name, target, flags, timeout).reshape(len(x), 3)
    hooked = (*flags, f"-D{name.upper()}_NODES")
    counts = _numbers(graph, sources, EACH_NODE, name, target, hooked, timeout)
    sizes = emulator.object_sizes(files, target=target, flags=flags)
    stack, per_inference, wrong = whole.T
    return BenchReport(
        name=name,
        target=target,
        flags=flags,
        unit=board.unit,
        nodes=tuple(
            NodeCount(node.name, node.op.describe(), round(float(count)))
            for node, count in zip(
                graph.nodes, counts.reshape(len(x), -1).mean(axis=0), strict=True
            )
        ),
        per_inference=round(float(per_inference.mean())),
        largest=int(per_inference.max()),
        code_bytes=sizes.text + sizes.rodata - sizes.tables,
        table_bytes=sizes.tables,
        static_bytes=sizes.data + sizes.bss,
        stack_bytes=int(stack.max()),
        n_samples=len(x),
        wrong=int(wrong.sum()) if graph.domain == "integer" else None,
    )


def _vectors(graph: Graph, x: Batch) -> Iterator[str]:
    """Samples, and what the definition makes of them, as tables."""
    runtime = fixed if graph.domain == "integer" else reference
    tensors = runtime.tensors(graph, x, (graph.scores_name, graph.output_name))
    yield '#include "skconv/types.h"'
    yield f"#define SK_BENCH_SAMPLES {len(x)}"
    yield f"#define SK_BENCH_NODES {len(graph.nodes)}"
    yield from table("inputs", x.astype(graph.input.dtype, copy=False).ravel())
    scores = graph.scores_name
    yield from table("outputs", tensors[scores].astype(graph.specs[scores].dtype).ravel())
    if graph.is_classifier:
        yield from table("classes", tensors[graph.output_name].astype(np.int32).ravel())


def _numbers(
    graph: Graph,
    sources: Mapping[str, str],
    program: str,
    name: str,
    target: str,
    flags: tuple[str, ...],
    timeout: float,
) -> NDArray[np.int64]:
    """What a program prints."""
    words = {"name": name, "macro": name.upper()}
    call = f"{name}_predict(x)" if graph.is_classifier else f"{name}_run(x, y)"
    check = CHECK_CLASS.format(**words) if graph.is_classifier else ""
    main = (SAMPLES + program).format(call=call, check_class=check, **words)
    result = emulator.run(
        {**sources, "model-main.c": main}, target=target, flags=flags, timeout=timeout
    )
    if result.returncode:
        raise RuntimeError(f"exit status {result.returncode} on {target!r}: {result.output}")
    return np.array(result.output.split(), np.int64)
