"""How products of columns become integers."""

from __future__ import annotations

import numpy as np

from skconv.graph import Products, QProducts
from skconv.graph.core import Node
from skconv.passes.lower import lower
from skconv.passes.lowering import Lowering
from skconv.passes.scales import requantization


@lower.register
def _(op: Products, node: Node, lowering: Lowering) -> None:
    """A product of fewer factors has a larger unit."""
    (name,) = node.inputs
    limit = op.largest_read(lowering.spec(name))
    source = lowering.read(name, limit, at_most=limit)
    x = lowering.graph.specs[source]
    units = x.scale ** (op.indices < x.size).sum(axis=1).astype(np.float64)
    bound = max(x.magnitude, 1) ** op.indices.shape[1]
    rule = requantization(units, bound, lowering.wanted(node.name))
    lowering.add(node, QProducts(op.indices, rule), source)
