"""Benchmarks on a simulated microcontroller: instructions, flash, RAM, wrong results."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skconv import emulator
from skconv.codegen.interface import Window
from skconv.codegen.program import Program
from skconv.codegen.render import CSources
from skconv.deploy.harness import from_template, vectors
from skconv.emulator.build import simulated
from skconv.target.targets import OPTIMIZATION
from skconv.utils.columns import aligned, html_table

Batch = NDArray[Any]


@dataclass(frozen=True)
class NodeCount:
    """Instructions and memory of one node.

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
    """The result of a benchmark on a simulated board.

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
    what : str
        What is counted: an inference, or of a stream a hop, all samples between two results.
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
    what: str = "an inference"

    def _facts(self) -> Iterator[str]:
        yield (
            f"{self.per_inference:,} {self.unit} {self.what} "
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
    sources: CSources,
    x: Batch,
    *,
    flags: tuple[str, ...] = (OPTIMIZATION,),
    timeout: float = 120.0,
) -> BenchReport:
    """Build a model's C for its target, run it on samples, and measure.

    Parameters
    ----------
    sources : CSources
        An integer or float model, for a target with a simulated board: see
        `skconv.target.targets`.
    x : array (n_samples, ...)
        Samples in the type of the input. They share the simulated board's memory with the
        model: a few are enough, for the counts hardly depend on them.
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
    program, target = sources.program, sources.target.name
    graph = program.graph
    _, board = simulated(target)
    if len(x) < 1:
        raise ValueError("x has no sample, expected one at least")
    more = _files(program, x)
    whole = _numbers(sources, more, "model-whole.c", flags, timeout=timeout).reshape(len(x), 3)
    counts = node_counts(sources, x, flags=flags, timeout=timeout)
    sizes = emulator.object_sizes(sources.files, target=target, flags=flags, hosted=True)
    stack, per_inference, wrong = whole.T
    return BenchReport(
        name=program.name,
        target=target,
        flags=flags,
        unit=board.unit,
        nodes=tuple(
            NodeCount(node.name, node.op.describe(), round(float(count)))
            for node, count in zip(graph.nodes, counts.mean(axis=0), strict=True)
        ),
        per_inference=round(float(per_inference.mean())),
        largest=int(per_inference.max()),
        code_bytes=sizes.text + sizes.rodata - sizes.tables,
        table_bytes=sizes.tables,
        static_bytes=sizes.data + sizes.bss + (program.plan.arena_bytes * program.takes_arena),
        stack_bytes=int(stack.max()),
        n_samples=len(x),
        wrong=int(wrong.sum()) if graph.domain == "integer" else None,
        what=_counted(program.interface.window),
    )


def node_counts(
    sources: CSources,
    x: Batch,
    *,
    flags: tuple[str, ...] = (OPTIMIZATION,),
    timeout: float = 120.0,
) -> NDArray[np.int64]:
    """What each node takes on each sample, ``(n_samples, n_nodes)``.

    It is the part of a benchmark that builds one program. Parameters are those of `benchmark`.
    """
    program = sources.program
    hooked = (*flags, f"-D{program.macro}_NODES")
    found = _numbers(
        sources,
        _files(program, x),
        "model-nodes.c",
        hooked,
        timeout=timeout,
        n_nodes=len(program.graph.nodes),
    )
    return found.reshape(len(x), -1)


def _counted(window: Window | None) -> str:
    if window is None:
        return "an inference"
    return f"{window}, with one result"


def _files(program: Program, x: Batch) -> dict[str, str]:
    """What both programs of a benchmark include."""
    return {
        "model-vectors.h": vectors(program, x),
        "model-samples.h": from_template("model-samples.h", program),
    }


def _numbers(
    sources: CSources,
    more: Mapping[str, str],
    template: str,
    flags: tuple[str, ...],
    *,
    timeout: float,
    **own: object,
) -> NDArray[np.int64]:
    """What a program prints."""
    target = sources.target.name
    files = {**sources.files, **more, template: from_template(template, sources.program, **own)}
    result = emulator.run(files, target=target, flags=flags, timeout=timeout, hosted=True)
    if result.returncode:
        raise RuntimeError(f"exit status {result.returncode} on {target!r}: {result.output}")
    return np.array(result.output.split(), np.int64)
