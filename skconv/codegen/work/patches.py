"""The work of ops that take a pixel as a whole, alone or in a stage."""

from __future__ import annotations

from collections import Counter
from math import prod

from skconv.codegen.work.ops import Work, compared, work
from skconv.graph import KNearest, Op, QDivide, QLocalContrast, QTriangle, TensorSpec


def pixelwise_work(op: Op, x: TensorSpec, pixels: int) -> Work:
    """What is done with each pixel: a patch around it, or all its channels at once."""
    name, channels = type(op).__name__, x.shape[-1]
    match op:
        case QLocalContrast():
            # In padding each entry is tested.
            how = "tested squares" if any(map(sum, op.padding)) else "squares"
            return Counter({name: pixels, how: pixels * op.entries(channels)})
        case QDivide():
            return Counter({name: pixels * channels, "divisors": pixels})
        case QTriangle():
            distances = pixels * len(op.centroids)
            return Counter({name: distances * channels, "distances": distances})
        case KNearest():
            return Counter({f"{name} compared": compared(op, x) // prod(x.shape[:-1]) * pixels})
    return Counter({name: pixels * channels})


@work.register(QLocalContrast)
@work.register(QDivide)
@work.register(QTriangle)
def _(op: Op, x: TensorSpec, y: TensorSpec) -> Work:
    return Counter(call=1) + pixelwise_work(op, x, prod(y.shape[:-1]))
