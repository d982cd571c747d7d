"""How the front end of TFLite-Micro becomes integer ops: it is one of integers already."""

from __future__ import annotations

from dataclasses import fields

from skconv.graph import MicroFrontend, QMicroBands, QMicroLevels, TensorSpec
from skconv.graph.core import Node
from skconv.graph.limits import INT16_MAX
from skconv.graph.micro_frontend import MicroBands, MicroLevels
from skconv.passes.lower import lower
from skconv.passes.lowering import Lowering
from skconv.passes.refusal import NoIntegerFormError


@lower.register
def _(op: MicroFrontend, node: Node, lowering: Lowering) -> None:
    """Bands frame by frame, so that they stream, and then what has a memory."""
    source = _samples(node.inputs[0], lowering)
    bands, levels = (
        {f.name: getattr(op, f.name) for f in fields(c)} for c in (MicroBands, MicroLevels)
    )
    name = f"{node.name}_bands"
    lowering.graph = lowering.graph.append(QMicroBands(**bands), source, name=name)
    lowering.add(node, QMicroLevels(**levels), name)


def _samples(name: str, lowering: Lowering) -> str:
    """Samples whose unit is one: those that the device delivers, or the nearest to them."""
    spec = lowering.spec(name)
    if spec.scale == 1 and spec.magnitude <= INT16_MAX + 1:
        return lowering.names[name]
    wanted = TensorSpec(spec.shape, "int16", 1.0, minimum=-INT16_MAX - 1, maximum=INT16_MAX)
    source = lowering.rescale(name, wanted)
    if lowering.graph.specs[source].scale != 1:
        raise NoIntegerFormError(
            f"samples in units of {spec.scale:g} cannot become integers of 16 bits",
            "give samples of 16 bits: X.astype(np.int16)",
        )
    return source
