"""Ranges without the parts on which what follows does not change any more, or beyond which it does.

What a sigmoid, a hard swish or a GELU makes of very large or very small numbers is the same
for all of them, or nearly. Integers that tell these numbers apart are wasted. A squared distance
goes on growing: a sample further away than any in the calibration must not saturate for all
classes alike.
"""

from __future__ import annotations

import numpy as np

from skconv.graph import INPUT, Activation, DiagonalSquares, Graph, GroupedSquares, Node
from skconv.graph.limits import INT8_MAX
from skconv.passes.calibrate import Range, Ranges
from skconv.passes.scales import integer_spec
from skconv.runtime import reference

N_POINTS = 2048
SHARE_OF_A_STEP = 0.25
# The largest root of a term of a squared distance that is told from larger ones: 256 standard
# deviations. A step of 16 bits is then 1 / 128 of one.
FARTHEST = 256 / np.sqrt(2)
# How much further than the calibration samples a squared distance reaches.
BEYOND = 4


def without_saturation(graph: Graph, ranges: Ranges) -> Ranges:
    """Ranges of the tensors of a float graph, changed where one op alone reads them.

    Before an `Activation` an end of a range is cut off as far as the result stays within a quarter
    of a step of its 8 bits. What `GroupedSquares` reads reaches to a fixed distance, in standard
    deviations, and what `DiagonalSquares` reads further than what was seen.
    """
    changed = dict(ranges)
    for node in graph.nodes:
        name = node.inputs[0]
        if name != INPUT and graph.users(name) == (node,):
            changed[name] = _range_read(node, changed, ranges)
    return changed


def _range_read(node: Node, changed: Ranges, seen: Ranges) -> Range:
    name = node.inputs[0]
    match node.op:
        case Activation():
            return _useful(node.op, seen[name], seen[node.name])
        case GroupedSquares():
            return -FARTHEST, FARTHEST
        case DiagonalSquares():
            low, high = seen[name]
            return BEYOND * low, BEYOND * high
    return changed[name]


def _useful(op: Activation, limits: Range, results: Range) -> Range:
    step = integer_spec((1,), *results, INT8_MAX).scale
    low, high = (_cut(op, limit, SHARE_OF_A_STEP * step) for limit in limits)
    return low, high


def _cut(op: Activation, limit: float, tolerance: float) -> float:
    """The number nearest to 0 from which to ``limit`` results are that of ``limit``."""
    numbers = np.linspace(limit, 0.0, N_POINTS)
    results = reference.evaluate(op, numbers)
    differs = np.abs(results - results[0]) > tolerance
    return float(numbers[max(int(differs.argmax()) - 1, 0)]) if differs.any() else limit
