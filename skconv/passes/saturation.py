"""Ranges without the parts on which an activation does not change any more.

What a sigmoid, a hard swish or a GELU makes of very large or very small numbers is the same
for all of them, or nearly. Integers that tell these numbers apart are wasted.
"""

from __future__ import annotations

import numpy as np

from skconv.graph import INPUT, Activation, Graph
from skconv.graph.limits import INT8_MAX
from skconv.passes.calibrate import Range, Ranges
from skconv.passes.scales import integer_spec
from skconv.runtime import reference

N_POINTS = 2048
SHARE_OF_A_STEP = 0.25


def without_saturation(graph: Graph, ranges: Ranges) -> Ranges:
    """Ranges of the tensors of a float graph, narrowed where only an `Activation` reads them.

    An end of a range is cut off as far as the result of the activation stays within a quarter
    of a step of its 8 bits.
    """
    narrowed = dict(ranges)
    for node in graph.nodes:
        if not isinstance(node.op, Activation):
            continue
        (name,) = node.inputs
        if name != INPUT and graph.users(name) == (node,):
            narrowed[name] = _useful(node.op, ranges[name], ranges[node.name])
    return narrowed


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
