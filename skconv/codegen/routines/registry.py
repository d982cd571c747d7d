"""The routines of all targets, in the order in which they are asked."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import Any

from skconv.codegen.routines.base import Routine, Wish
from skconv.graph import Op, TensorSpec
from skconv.target.targets import Target

# Folders. The first routine that fits is taken: the more special ones come first.
FOLDERS = (
    "minirocket",
    "bits",
    "depthwise",
    "strided_depthwise",
    "rows",
    "sparse",
    "winograd",
    "first",
    "conv",
    "blocked",
    "hash",
    "separable",
    "row_stage",
    "stage",
    "kernel_machine",
    "neighbours",
    "linear",
    "winners",
    "trees",
)


def _routines() -> Iterator[Routine[Any]]:
    for folder in FOLDERS:
        yield from import_module(f"{__package__}.{folder}").ROUTINES


ROUTINES: tuple[Routine[Any], ...] = tuple(_routines())


def serving(op: Op, x: TensorSpec, target: Target, wish: Wish) -> Iterator[Routine[Any]]:
    """The routines that a target may take for an op, the one to take first."""
    return (routine for routine in ROUTINES if routine.serves(op, x, target, wish))


def routine_for(op: Op, x: TensorSpec, target: Target, wish: Wish) -> Routine[Any] | None:
    """The routine that a target takes for an op; None where the portable one is all there is."""
    return next(serving(op, x, target, wish), None)


def planned(op: Op, x: TensorSpec, target: Target, wish: Wish) -> Op:
    """An op as a target carries it out: the same one where there is no routine for it."""
    routine = routine_for(op, x, target, wish)
    return op if routine is None else routine.plan(op, x, wish)
