"""Steps of random graphs: ops on the patches of a map, and on its pixels as a whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from skconv.graph import (
    Clip,
    Graph,
    KNearest,
    Median,
    QDivide,
    QLocalContrast,
    QRoot,
    QTriangle,
    TensorSpec,
)
from skconv.graph.limits import ACCUMULATOR_MAX
from skconv.graph.patches import LARGEST_TOTAL
from tests.integer_graphs import local_contrast, triangle

if TYPE_CHECKING:
    from tests.random_graphs import Drawing


def clip(d: Drawing, x: TensorSpec) -> Clip:
    """Limits inside of what the input can be, and outside."""
    reach = 2 * x.magnitude if d.sometimes() else x.magnitude
    low = d.integer(-reach, x.limits[1])
    return Clip(low, d.integer(max(low + 1, x.limits[0]), reach))


def fits_nearest(x: TensorSpec) -> bool:
    return x.magnitude <= ACCUMULATOR_MAX and x.size <= 1200


def k_nearest(d: Drawing, x: TensorSpec) -> KNearest:
    channels = x.shape[-1]
    both_signs = channels == 1 or d.one_of(False, True)
    return KNearest(d.integer(1, channels * (2 if both_signs else 1) - 1), both_signs)


def fits_root(x: TensorSpec) -> bool:
    return x.magnitude <= ACCUMULATOR_MAX


def root(d: Drawing, x: TensorSpec) -> QRoot:
    """As many bits of fraction as there is room for, or fewer."""
    shift = 2 * d.integer(0, (31 - x.magnitude.bit_length()) // 2)
    return QRoot(shift, d.rule(round(float(x.magnitude << shift) ** 0.5), x.shape[-1]))


def sometimes_rooted(d: Drawing, graph: Graph) -> Graph:
    x = graph.output
    return graph.append(root(d, x)) if fits_root(x) and d.sometimes() else graph


def fits_triangle(x: TensorSpec) -> bool:
    """Whether centroids on both sides of the input are near enough."""
    largest = x.shape[-1] * (2 * x.magnitude + 1) ** 2
    return x.magnitude < 2**15 and largest <= ACCUMULATOR_MAX


def random_triangle(d: Drawing, x: TensorSpec) -> QTriangle:
    pixels = x.size // x.shape[-1]
    most = min(17, max(1, 2400 // pixels), max(1, 20_000 // x.size))
    return triangle(d.rng, x, d.integer(1, most), d.one_of("uint8", "int8", "int16"))


def patch_geometry(d: Drawing, x: TensorSpec, size: tuple[int, int]) -> dict[str, Any]:
    """Padding that the size needs, and at times more."""
    pads = []
    for side, length in zip(x.shape[:2], size, strict=True):
        needed = max(0, length - side)
        extra = d.integer(0, 2) if d.sometimes() else 0
        pads.append((needed // 2 + extra, needed - needed // 2))
    circular = all(max(pad) <= side for pad, side in zip(pads, x.shape, strict=False))
    stride = (d.integer(1, 2), d.integer(1, 2)) if d.sometimes() else (1, 1)
    return {
        "size": size,
        "stride": stride,
        "padding": tuple(pads),
        "pad_mode": "circular" if circular and d.sometimes() else "zero",
    }


def median(d: Drawing, x: TensorSpec) -> Median:
    return Median(**patch_geometry(d, x, (3, 3)))


def contrast(d: Drawing, x: TensorSpec, **geometry: Any) -> QLocalContrast:
    if not geometry:
        size = (d.integer(1, min(4, x.shape[0])), d.integer(1, min(4, x.shape[1])))
        geometry = patch_geometry(d, x, size)
    return local_contrast(d.rng, x, d.one_of("patch", "channel", None), **geometry)


def fits_contrast(x: TensorSpec) -> bool:
    """Whether the largest patch keeps its total in 62 bits, and its sums of entries in 31."""
    n = 16 * x.shape[-1]
    return len(x.shape) == 3 and x.dtype != "int32" and 4 * n * n * x.magnitude**2 < LARGEST_TOTAL


def add_division(d: Drawing, graph: Graph, source: str) -> Graph:
    """A map over its contrast."""
    x = graph.specs[source]
    same = {"size": (3, 3), "padding": ((1, 1), (1, 1)), "pad_mode": d.one_of("zero", "circular")}
    graph = graph.append(contrast(d, x, **same), source)
    op = QDivide(requantization=d.rule(x.magnitude, 1))
    return graph.append(op, source, graph.output_name)
