"""The integer operations of a graph: those that need more than their float form.

Weights are symmetric integers, accumulators int32 with a proven bound, and one rule
leads back to few bits (`Requantization`). What the integers *are* is defined by
`skconv.runtime.fixed`; this file states types, shapes, bounds and costs.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cache, cached_property

import numpy as np

from skconv.graph.base import (
    INTEGER,
    Array,
    Op,
    TensorSpec,
    require,
    require_channels,
    require_vector,
)
from skconv.graph.facts import Facts
from skconv.graph.limits import ACCUMULATOR_MAX
from skconv.graph.ops import ConvGeometry, PoolGeometry, code_shape
from skconv.graph.storage.coded import Coded
from skconv.graph.storage.narrow import Narrow, narrow_form, pack, pack_lines
from skconv.graph.storage.sparse import LEAST_SAVED, kept_bytes, kept_table
from skconv.graph.vectors import Norm

__all__ = [
    "QAffine",
    "QConv",
    "QConvHash",
    "QL2Pool",
    "QLinear",
    "QMeanPool",
    "QNormalize",
    "QRoot",
    "QSquare",
    "Requantization",
    "Rescale",
]

EXP2_FRACTION_BITS = 8
FINE_EXP2_BITS = 14
KERNEL_FRACTION_BITS = 15
POLY_BASE_BITS = 23
POLY_FRACTION_BITS = 30
NORMALIZED_FRACTION_BITS = 14


@dataclass(frozen=True)
class Requantization:
    """From an int32 accumulator to few bits, by one product and one rounding shift.

    ``q = clip(((acc << shift) * multiplier + 2^31) >> 32, minimum, maximum)``

    Attributes
    ----------
    multiplier : int32 (n_channels,) or (1,)
        Positive. Per channel (last axis), or one for all.
    shift : int
        As large as the proven bound of the accumulator allows: ``|acc << shift| < 2^31``.
    scale : float
        What the result means: ``real = scale * q``.
    dtype, minimum, maximum
        Type of the result and the limits that it is clipped to.
    """

    multiplier: Array
    shift: int
    scale: float
    dtype: str
    minimum: int
    maximum: int

    def spec(self, shape: tuple[int, ...], accumulator: int) -> TensorSpec:
        """The tensor that comes of accumulators up to ``accumulator`` in magnitude."""
        require(
            accumulator << self.shift <= ACCUMULATOR_MAX,
            f"accumulator up to {accumulator} << {self.shift} does not fit int32",
        )
        require(
            len(self.multiplier) in (1, shape[-1]),
            f"{len(self.multiplier)} multipliers for {shape[-1]} channels",
        )
        return TensorSpec(shape, self.dtype, self.scale, self.minimum, self.maximum)

    @property
    def parameters(self) -> dict[str, Array]:
        """A single multiplier is a constant of the code, not a table."""
        return {"multiplier": self.multiplier} if len(self.multiplier) > 1 else {}


@dataclass(frozen=True)
class IntegerOp(Op):
    """Base of the integer ops: its parameters include those of its requantisation."""

    domains = INTEGER

    @property
    def parameters(self) -> dict[str, Array]:
        output: Requantization | None = getattr(self, "requantization", None)
        return super().parameters | (output.parameters if output else {})


def row_bound(weights: Array, bias: Array, x: TensorSpec) -> int:
    """Largest ``|w . x + b|`` that any input can reach, from the weights themselves."""
    rows = np.abs(weights.astype(np.int64)).reshape(len(weights), -1).sum(axis=1)
    return int((rows * x.magnitude + np.abs(bias.astype(np.int64))).max())


def _require_accumulator(op: Op, bound: int) -> None:
    require(
        bound <= ACCUMULATOR_MAX,
        f"{op.describe()}: accumulator up to {bound} does not fit int32",
    )


def _stored(parameters: dict[str, Array], coded: Coded | None) -> dict[str, Array]:
    """Parameters with the tables of coded weights in place of the weights."""
    if coded is None:
        return parameters
    return {name: p for name, p in parameters.items() if name != "weights"} | coded.tables


@dataclass(frozen=True)
class ConvInteger(ConvGeometry, IntegerOp):
    """Accumulators of a convolution: int8 weights, int32 bias. Base of what follows."""

    domains = INTEGER

    @property
    def form(self) -> Narrow | None:
        """How several weights share a byte."""
        return narrow_form(self.levels)

    @property
    def parameters(self) -> dict[str, Array]:
        found = super().parameters
        if self.form is not None:
            found["weights"] = pack_lines(self.weights.reshape(len(self.weights), -1), self.form)
        return _stored(found, self.coded)

    @property
    def scratch_bytes(self) -> int:
        """Weights of a few kernels, where they have to be expanded."""
        return 0 if self.coded is None else self.slice * self.coded.kernel_bytes

    @property
    def slice(self) -> int:
        """How many kernels are expanded at a time."""
        return 0 if self.coded is None else self.coded.slice

    def accumulator_bound(self, x: TensorSpec) -> int:
        bound = row_bound(self.weights, self.bias, x)
        _require_accumulator(self, bound)
        return bound


@dataclass(frozen=True)
class QConv(ConvInteger):
    """Convolution of an integer map, requantised per kernel."""

    facts = Facts("kernels", stage="kernels")
    requantization: Requantization = field(kw_only=True)

    def output(self, *inputs: TensorSpec) -> TensorSpec:
        (x,) = inputs
        shape = self.map_shape(x)
        spec = self.requantization.spec(
            (len(self.bias),) if self.shared else shape, self.accumulator_bound(x)
        )
        return replace(spec, shape=shape)


@dataclass(frozen=True)
class QConvHash(ConvInteger):
    """Convolution whose accumulators are only asked for their sign: codes as of `Hash`."""

    facts = Facts("kernels", stage="codes")
    n_bits: int = 8

    @property
    def slice(self) -> int:
        """All: a code is made of several kernels."""
        return 0 if self.coded is None else self.coded.n_kernels

    def output(self, *inputs: TensorSpec) -> TensorSpec:
        (x,) = inputs
        self.accumulator_bound(x)
        shape = code_shape(self.map_shape(x), self.n_bits)
        return TensorSpec(shape, "uint8", minimum=0, maximum=2**self.n_bits - 1)


@dataclass(frozen=True)
class QSquare(IntegerOp):
    """``x^2``, requantised."""

    facts = Facts("entrywise", stage="entry")
    requantization: Requantization

    def output(self, *inputs: TensorSpec) -> TensorSpec:
        (x,) = inputs
        return self.requantization.spec(x.shape, x.magnitude**2)

    def macs(self, *inputs: TensorSpec) -> int:
        return inputs[0].size


@dataclass(frozen=True)
class QRoot(IntegerOp):
    """Nearest integer to ``sqrt(|x| 2^shift)`` with the sign of ``x``, requantised.

    ``shift`` is even: the root has ``shift / 2`` bits of fraction.
    """

    facts = Facts("entrywise", stage="root")
    shift: int
    requantization: Requantization

    def output(self, *inputs: TensorSpec) -> TensorSpec:
        (x,) = inputs
        require(
            self.shift >= 0 and self.shift % 2 == 0,
            f"QRoot needs an even shift >= 0, got {self.shift}",
        )
        largest = x.magnitude << self.shift
        _require_accumulator(self, largest)
        return self.requantization.spec(x.shape, round(np.sqrt(largest)))


@dataclass(frozen=True)
class QMeanPool(PoolGeometry, IntegerOp):
    """Sum of every window, requantised (the multiplier holds 1 / area)."""

    facts = Facts("window", stage="pool")
    domains = INTEGER
    requantization: Requantization = field(kw_only=True)

    def output(self, *inputs: TensorSpec) -> TensorSpec:
        (x,) = inputs
        return self.requantization.spec(self.map_shape(x), self.weight * x.magnitude)

    def macs(self, *inputs: TensorSpec) -> int:
        return self.output(*inputs).size * self.area


@dataclass(frozen=True)
class QL2Pool(QMeanPool):
    """Nearest integer to the root of the sum of squares of every window, requantised."""

    facts = Facts("window", stage="pool")

    def output(self, *inputs: TensorSpec) -> TensorSpec:
        (x,) = inputs
        largest = self.area * x.magnitude**2
        _require_accumulator(self, largest)
        return self.requantization.spec(self.map_shape(x), round(np.sqrt(largest)))


@dataclass(frozen=True)
class Rescale(IntegerOp):
    """The same numbers on another scale: requantised."""

    facts = Facts("affine", stage="rescale")
    requantization: Requantization

    def output(self, *inputs: TensorSpec) -> TensorSpec:
        (x,) = inputs
        return self.requantization.spec(x.shape, x.magnitude)


@dataclass(frozen=True)
class QAffine(IntegerOp):
    """``x * factors + offsets`` of every channel: int16 factors, int32 offsets, requantised."""

    facts = Facts("affine")
    factors: Array
    offsets: Array
    requantization: Requantization

    def output(self, *inputs: TensorSpec) -> TensorSpec:
        (x,) = inputs
        require_channels(self, x, len(self.factors))
        bound = row_bound(self.factors[:, None], self.offsets, x)
        _require_accumulator(self, bound)
        return self.requantization.spec(x.shape, bound)

    def macs(self, *inputs: TensorSpec) -> int:
        return inputs[0].size


@dataclass(frozen=True)
class QNormalize(IntegerOp):
    """``x / ||x||`` in int16 with 14 bits of fraction, rounded to the nearest."""

    facts = Facts("vector")
    norm: Norm = "l2"

    def output(self, *inputs: TensorSpec) -> TensorSpec:
        (x,) = inputs
        require_vector(self, x)
        power = 2 if self.norm == "l2" else 1
        _require_accumulator(self, x.size * x.magnitude**power)
        one = 2**NORMALIZED_FRACTION_BITS
        low = 0 if x.limits[0] >= 0 else -one
        return TensorSpec(x.shape, "int16", 1.0 / one, minimum=low, maximum=one)

    def macs(self, *inputs: TensorSpec) -> int:
        return 2 * inputs[0].size

    def describe(self) -> str:
        return f"{type(self).__name__} {self.norm}"


@dataclass(frozen=True)
class QLinear(IntegerOp):
    """``weights @ x + bias``, int8 or int16 weights; int32 or requantised.

    Without a requantisation the accumulators themselves are the result (scores), and
    ``scale`` is what one of them is worth: ``scales``, where every output has its own, which
    only results that nothing compares may have. Weights of magnitudes up to ``levels`` are
    stored several in a byte; 0: one by one, or as ``coded`` says. For inputs without a weight
    nothing is stored, where that pays. See `skconv.graph.storage`.
    """

    facts = Facts("vector", stage="head")
    weights: Array
    bias: Array
    scale: float = 1.0
    requantization: Requantization | None = None
    scales: tuple[float, ...] = ()
    levels: int = 0
    coded: Coded | None = None

    @property
    def form(self) -> Narrow | None:
        """How several weights share a byte."""
        return narrow_form(self.levels)

    @cached_property
    def is_kept(self) -> Array | None:
        """Inputs that have weights, where it pays to store none for the others: as a mask.

        It saves an eighth of the bytes at least: the test of each input takes code and time.
        """
        mask = np.asarray(self.weights.any(axis=0))
        if self.coded is not None or not mask.any():
            return None
        n_bytes = self._packed(self.weights[:, mask]).nbytes + kept_bytes(len(mask))
        return mask if n_bytes <= (1 - LEAST_SAVED) * self._packed(self.weights).nbytes else None

    @property
    def stored(self) -> Array:
        """The weights of the inputs that have any."""
        return self.weights if self.is_kept is None else self.weights[:, self.is_kept]

    def _packed(self, weights: Array) -> Array:
        return weights if self.form is None else pack(weights, self.form)

    @property
    def parameters(self) -> dict[str, Array]:
        found = super().parameters | {"weights": self._packed(self.stored)}
        if self.is_kept is not None:
            found["kept"] = kept_table(self.is_kept)
        return _stored(found, self.coded)

    @property
    def scratch_bytes(self) -> int:
        """Expanded weights, or sums that grow side by side, where they are not the result."""
        if self.coded is not None and not self.coded.sums:
            return self.coded.slice * self.coded.kernel_bytes
        forms: tuple[object, ...] = (self.form, self.coded, self.is_kept)
        grows = any(form is not None for form in forms)
        return self.bias.nbytes if grows and self.requantization is not None else 0

    @property
    def units(self) -> Array:
        """What one unit of the accumulators of each output is worth."""
        return np.broadcast_to(np.asarray(self.scales or self.scale, np.float64), len(self.bias))

    def output(self, *inputs: TensorSpec) -> TensorSpec:
        (x,) = inputs
        require_vector(self, x, self.weights.shape[1])
        bound = row_bound(self.weights, self.bias, x)
        _require_accumulator(self, bound)
        shape = (len(self.bias),)
        if self.requantization is not None:
            return self.requantization.spec(shape, bound)
        return TensorSpec(
            shape, "int32", self.scale, minimum=-bound, maximum=bound, scales=self.scales
        )

    def macs(self, *inputs: TensorSpec) -> int:
        return int(self.stored.size)

    def describe(self) -> str:
        return f"{type(self).__name__} {self.weights.shape[1]}->{self.weights.shape[0]}"


@cache
def exp2_table() -> Array:
    """``2^-f`` for ``f`` in [0, 1): 256 entries, uint16 with 15 bits of fraction."""
    steps = np.arange(2**EXP2_FRACTION_BITS) / 2**EXP2_FRACTION_BITS
    table = np.rint(2.0**KERNEL_FRACTION_BITS * 2.0**-steps).astype(np.uint16)
    table.setflags(write=False)
    return table
