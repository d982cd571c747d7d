"""What a routine of a target is, and what routines share.

A routine is a folder. Its ``ROUTINES`` say which ops they serve, on which cores; ``fits``, which
is cheap, says whether one is the routine to take, and ``plan`` makes a `Packed` op: tables,
scratch memory, whether the result may lie over the input. An `emit` prints the calls.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

from skconv.codegen.node import NodeCode
from skconv.codegen.text import call
from skconv.graph import Op, QConv, TensorSpec
from skconv.graph.nested import Packed
from skconv.graph.storage.coded import coded_of
from skconv.target.targets import Target

Optimize = Literal["size", "balanced", "speed"]
Input = Literal["whole", "turned", "rows"]

OpT = TypeVar("OpT", bound=Op)


@dataclass(frozen=True)
class Wish:
    """What a plan is made for.

    Attributes
    ----------
    optimize : {"size", "balanced", "speed"}
        What to save: memory, instructions, or both.
    input : {"whole", "turned", "rows"}
        How the input comes: ``"whole"``, as other nodes leave it; ``"turned"``, a whole signal
        whose axes were exchanged (`skconv.codegen.turned`); ``"rows"``, pushed row by row.
    """

    optimize: Optimize = "balanced"
    input: Input = "whole"


def with_dsp(target: Target) -> bool:
    """Cores with Arm's DSP extension."""
    return target.has_dsp


def without_dsp(target: Target) -> bool:
    """Other cores of 32 bits."""
    return target.word_bits >= 32 and not target.has_dsp


@dataclass(frozen=True)
class Routine(Generic[OpT]):
    """One way for a target to compute an op.

    Attributes
    ----------
    op : type
        What it serves: a class of ops, `Fused` for whole stages.
    cores : callable
        The targets that it is for.
    fits : callable
        Whether it is the routine to take where those before it in the list are not.
    plan : callable
        The op with its tables, where it fits; a `Streamed` op where rows are pushed.
    inputs : tuple of str
        How its input may come, as `Wish.input` says.
    worth_a_map : bool
        Whether a stage that no routine serves is taken apart for it: it saves more than the map
        between the parts costs.
    coded : bool
        Whether it serves ops whose weights are coded.
    """

    op: type[OpT]
    cores: Callable[[Target], bool]
    fits: Callable[[OpT, TensorSpec, Wish], bool]
    plan: Callable[[OpT, TensorSpec, Wish], Packed]
    inputs: tuple[Input, ...] = ("whole",)
    worth_a_map: bool = False
    worth_a_stage: bool = False
    coded: bool = False

    def serves(self, op: Op, x: TensorSpec, target: Target, wish: Wish) -> bool:
        """Whether a target takes this form."""
        return (
            isinstance(op, self.op)
            and (self.coded or coded_of(op) is None)
            and wish.input in self.inputs
            and self.cores(target)
            and self.fits(op, x, wish)
        )


def lanes_call(function: str, op: QConv, code: NodeCode, *values: str) -> str:
    """The call of a convolution on rows of lanes; ``values`` describe it in C."""
    x, y = code.input, code.output
    rows = (x.spec.shape[0], op.padding[0][0], y.spec.shape[0], f"(uint32_t *){code.scratch}")
    return call(function, x.pointer, *rows, code.table("packed", "int32"), *y.typed, *values)
