"""How the cosine of a weighted sum becomes integers."""

from __future__ import annotations

from math import pi

from skconv.graph import Cosine, QCosine
from skconv.graph.core import Node
from skconv.graph.limits import ACCUMULATOR_MAX, INT16_MAX
from skconv.graph.phases import PHASE_BITS
from skconv.passes.lower import lower
from skconv.passes.lowering import Lowering
from skconv.passes.refusal import NoIntegerFormError


@lower.register
def _(op: Cosine, node: Node, lowering: Lowering) -> None:
    """The sums of a layer as they are: their own unit becomes parts of a turn."""
    (name,) = node.inputs
    x = lowering.spec(name)
    shift = ACCUMULATOR_MAX.bit_length() - max(x.magnitude, 1).bit_length()
    parts = x.scale / (2 * pi) * 2.0**PHASE_BITS
    multiplier = round(parts * 2.0 ** (32 - shift))
    if not 1 <= multiplier <= ACCUMULATOR_MAX:
        raise NoIntegerFormError(
            f"phases reach over {x.magnitude * x.scale / (2 * pi):.3g} turns",
            "use a smaller gamma, or scale the features down",
            "gamma",
        )
    cosine = QCosine(multiplier, shift, op.amplitude / INT16_MAX)
    lowering.add(node, cosine, lowering.names[name])
