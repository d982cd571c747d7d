"""What a tensor is and what an op is.

An op is a frozen dataclass. It states *facts*: its parameters, the tensor that it yields,
its multiply-accumulates, what it accepts. How to *run* or *print* it stands in one
``functools.singledispatch`` file per backend (`skconv.runtime`, `skconv.codegen`).

A tensor is that of one sample: a map ``(height, width, channels)`` or a vector ``(n,)``.
A signal is a map of height 1.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from skconv.graph.axes import Axes
from skconv.graph.facts import Facts
from skconv.graph.limits import INT16_MAX

__all__ = ["Op", "TensorSpec"]

Shape = tuple[int, ...]
Array = NDArray[Any]
Domain = Literal["float", "integer"]

FLOAT: frozenset[Domain] = frozenset({"float"})
INTEGER: frozenset[Domain] = frozenset({"integer"})
BOTH: frozenset[Domain] = FLOAT | INTEGER


@dataclass(frozen=True)
class TensorSpec:
    """What a tensor is: its shape for one sample, its type, and what its integers mean.

    ``real = scale * q``; a float tensor has scale 1.
    `minimum` and `maximum` bound the integers that can occur: they prove accumulators.

    At the ends of a graph its entries may have scales of their own: `scales` and
    `zero_points`, one for each entry or one for all, then say what they mean to a caller.
    ``real = scales * (q - zero_points)``. The graph computes with `scale`, and never reads these.
    """

    shape: Shape
    dtype: str = "float32"
    scale: float = 1.0
    minimum: int | None = None
    maximum: int | None = None
    scales: tuple[float, ...] = ()
    zero_points: tuple[int, ...] = ()

    @property
    def outer_scale(self) -> Array:
        """What one unit means to a caller: of each entry, or one for all."""
        return np.asarray(self.scales or (self.scale,), np.float64)

    @property
    def outer_zero_point(self) -> Array:
        """The integer that stands for 0 to a caller: of each entry, or one for all."""
        return np.asarray(self.zero_points or (0,), np.int64)

    def real(self, q: Array) -> Array:
        """The numbers that integers of flat samples ``(n_samples, size)`` stand for."""
        return np.asarray((q - self.outer_zero_point) * self.outer_scale)

    @property
    def size(self) -> int:
        return math.prod(self.shape)

    @property
    def nbytes(self) -> int:
        return self.size * np.dtype(self.dtype).itemsize

    @property
    def domain(self) -> Domain:
        return "float" if np.issubdtype(np.dtype(self.dtype), np.floating) else "integer"

    @property
    def limits(self) -> tuple[int, int]:
        """The least and the greatest integer that can occur."""
        info = np.iinfo(self.dtype)
        low = int(info.min) if self.minimum is None else self.minimum
        high = int(info.max) if self.maximum is None else self.maximum
        return low, high

    @property
    def magnitude(self) -> int:
        """The largest absolute integer that can occur."""
        low, high = self.limits
        return max(abs(low), abs(high))


@dataclass(frozen=True)
class Op:
    """One operation on the tensors of one sample."""

    domains: ClassVar[frozenset[Domain]] = FLOAT
    n_inputs: ClassVar[int | None] = 1
    facts: ClassVar[Facts]

    # ------------------------------------------------- facts that may depend on parameters

    @property
    def in_place(self) -> bool:
        """Whether the result may lie over an input that nobody reads later."""
        return self.facts.in_place

    @property
    def passes_factors(self) -> bool:
        """Whether a channel times a positive number leaves as that many times its result."""
        return self.facts.passes_factors

    @property
    def clip_limits(self) -> tuple[float, float] | None:
        """The lowest and the highest result of an op that clips, and does nothing else."""
        return None

    @property
    def scratch_bytes(self) -> int:
        """Memory that its C routine needs while it runs, besides its tensors."""
        return 0

    @property
    def decides(self) -> bool:
        """Whether its C finds the class of a sample without the scores that decide on it."""
        return False

    def largest_read(self, x: TensorSpec) -> int:
        """The largest integer that it wants to read: 127 for 8 bits, more for 16."""
        return int(INT16_MAX / self.facts.growth)

    def in_units(self, x: TensorSpec) -> Op:
        """This op on the integers of ``x``, of one that is the same on floats and integers."""
        return self

    def sampling(self) -> Axes | None:
        """Where pixels of the result lie on the map that is read; None: where they were."""
        return None

    def turned(self) -> Op:
        """This op on maps whose rows are columns."""
        return self

    def only(self, chosen: Array, x: TensorSpec) -> tuple[Op, Array] | None:
        """This op without most of the numbers of its vector that are not chosen.

        Also which it still computes, in ascending order; None where it must compute all.
        """
        return None

    # ----------------------------------------------------------------------------- tensors

    def output(self, *inputs: TensorSpec) -> TensorSpec:
        """The tensor that this op yields; ValueError where the inputs are not legal."""
        raise NotImplementedError

    def macs(self, *inputs: TensorSpec) -> int:
        """Multiply-accumulates for one sample (borders counted)."""
        return 0

    @property
    def parameters(self) -> dict[str, Array]:
        """The arrays that a target must hold in flash."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: v for name, v in values.items() if isinstance(v, np.ndarray)}

    @property
    def parameter_bytes(self) -> int:
        return sum(array.nbytes for array in self.parameters.values())

    def describe(self) -> str:
        """A few words for a table: type and main facts."""
        return type(self).__name__


def require(condition: bool, message: str) -> None:
    """ValueError with ``message`` unless ``condition`` holds."""
    if not condition:
        raise ValueError(message)


def require_map(op: Op, spec: TensorSpec) -> None:
    require(
        len(spec.shape) == 3,
        f"{type(op).__name__} needs a map (height, width, channels), got shape {spec.shape}",
    )


def require_vector(op: Op, spec: TensorSpec, length: int | None = None) -> None:
    require(
        len(spec.shape) == 1 and (length is None or spec.shape[0] == length),
        f"{type(op).__name__} needs a vector of length {length or 'n'}, got shape {spec.shape}",
    )


def require_channels(op: Op, spec: TensorSpec, channels: int) -> None:
    require(
        spec.shape[-1] == channels,
        f"{type(op).__name__} of {channels} channels, got shape {spec.shape}",
    )
