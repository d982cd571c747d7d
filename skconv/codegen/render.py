"""Prints a graph and its memory plan as C99.

The printer writes tables, and the sequence of calls with literal sizes. What is computed
stands in the hand-written header files of ``core`` and ``float``, which go along.

The C of a model ``gesture`` offers, in ``gesture.h``:

- ``gesture_input_t``, ``gesture_output_t``, ``GESTURE_INPUT_SIZE``, ``GESTURE_OUTPUT_SIZE``,
  ``GESTURE_ARENA_BYTES``, ``GESTURE_STACK_BYTES`` (an estimate) and, of a classifier,
  ``GESTURE_N_CLASSES``; of maps ``GESTURE_INPUT_HEIGHT``, ``_WIDTH`` and ``_CHANNELS``;
- of an integer model ``GESTURE_INPUT_SCALE``, ``GESTURE_INPUT_ZERO_POINT`` and those of the
  output (tables ``_SCALES``, ``_ZERO_POINTS`` where entries have their own), and two functions
  that use floats: ``gesture_quantize(value, index)``, ``gesture_dequantize(value, index)``;
- ``void gesture_run(const gesture_input_t *input, gesture_output_t *output)``: the scores of
  a classifier, the predictions of a regressor, the features of a transformer;
- ``int32_t gesture_predict(const gesture_input_t *input)``, of a classifier: the index of
  the class, and ``gesture_label``, the label of an index: ``const char *``, or ``int32_t``
  where labels are integers;
- where wanted (`skconv.codegen.interface.Interface`) ``gesture_probabilities``, and an arena
  that the caller gives;
- of a graph that takes rows (`skconv.codegen.streams`) ``GESTURE_ROWS``, ``GESTURE_ROW_SIZE`` and
  three functions more, for a sample that is never held as a whole::

      gesture_begin();
      for (r = 0; r < GESTURE_ROWS; r++) gesture_push(camera_row(r));
      index = gesture_finish(scores);

  ``gesture_push`` takes ``GESTURE_ROW_SIZE`` numbers, which are not needed after it;
  ``gesture_finish`` writes what ``gesture_run`` writes, and returns what ``gesture_predict``
  returns; a classifier's takes NULL where scores are not wanted;
- with ``GESTURE_TRACE`` defined, ``gesture_trace``: every tensor of the last run, one after
  the other (`trace_offsets`);
- with ``GESTURE_NODES`` defined it calls ``gesture_node(index)`` after every node: a place to
  measure (`skconv.deploy.bench`).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from skconv.codegen.header import header
from skconv.codegen.headers import header_texts
from skconv.codegen.interface import Interface
from skconv.codegen.names import check_name
from skconv.codegen.program import Program, trace_offsets
from skconv.codegen.source import HEADER_FOLDER, source
from skconv.codegen.stack import stack_bytes
from skconv.graph import Graph, verify
from skconv.target.memory import MemoryPlan, plan_memory
from skconv.target.targets import Target, get_target

__all__ = ["HEADER_FOLDER", "CSources", "program_of", "render", "trace_offsets"]

LICENCE_LINE = "/* SPDX-License-Identifier: BSD-3-Clause */\n"
PORTABLE = get_target("portable")


@dataclass(frozen=True)
class CSources:
    """The C of a model: the files that are saved, and that predict, verify and benchmark compile.

    Attributes
    ----------
    program : Program
        What they print.
    target : Target
        The processor that they are for.
    """

    program: Program
    target: Target = PORTABLE

    @cached_property
    def files(self) -> dict[str, str]:
        """Text by file name: ``NAME.c``, ``NAME.h``, and the routines it calls in ``skconv/``."""
        program, name = self.program, self.program.name
        c_text = "\n".join(source(program)) + "\n"
        h_text = "\n".join(header(program)) + "\n"
        return {f"{name}.c": c_text, f"{name}.h": h_text} | _routines(program)

    @property
    def stack_bytes(self) -> int:
        """Estimate of the stack that the model needs on its target."""
        return stack_bytes(self.program.graph, is_avr=self.target.compiler == "avr-gcc")


def program_of(
    graph: Graph,
    name: str = "model",
    plan: MemoryPlan | None = None,
    interface: Interface | None = None,
) -> Program:
    """A graph with all that its C names: see `render`.

    Raises
    ------
    ValueError
        Where ``name`` is no C identifier, or the graph is not legal.
    """
    check_name(name)
    verify(graph)
    return Program(graph, name, plan or plan_memory(graph), interface or Interface())


def render(
    graph: Graph,
    name: str,
    plan: MemoryPlan | None = None,
    interface: Interface | None = None,
) -> dict[str, str]:
    """The C files of a graph.

    Parameters
    ----------
    graph : Graph
        An integer graph, or a float graph for targets with an FPU.
    name : str
        Begins every external symbol: a C identifier.
    plan : MemoryPlan or None
        Where the tensors live; `plan_memory` by default.
    interface : Interface or None
        How firmware calls the model; ``Interface()`` by default.

    Returns
    -------
    dict of str to str
        Text by file name: ``NAME.c``, ``NAME.h``, and the routines it calls in ``skconv/``.

    Raises
    ------
    ValueError
        Where ``name`` is no C identifier, or the graph is not legal.

    Examples
    --------
    >>> from skconv.codegen.render import render
    >>> from skconv.graph import Abs, Graph, TensorSpec
    >>> graph = Graph(TensorSpec((4,), "int16", minimum=-99, maximum=99)).append(Abs())
    >>> sorted(render(graph, "m"))
    ['m.c', 'm.h', 'skconv/pointwise.h', 'skconv/requantize.h', 'skconv/root.h', 'skconv/types.h']
    """
    return CSources(program_of(graph, name, plan, interface)).files


def _routines(program: Program) -> dict[str, str]:
    """The header files that the text needs, included ones too."""
    texts = header_texts(program.headers)
    return {f"{HEADER_FOLDER}/{name}": LICENCE_LINE + text for name, text in texts.items()}
