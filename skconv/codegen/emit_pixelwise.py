"""What a fused stage does with whole pixels, printed as a function of the model itself.

The ops are those that stand alone elsewhere: each is called on a map of one pixel. The contrast
alone must know where the pixel lies.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from skconv.codegen.emit_patches import contrast_at
from skconv.codegen.node import Call, Function, NodeCode, Tensor, emit, member
from skconv.codegen.text import CTYPES, statement, struct
from skconv.graph import INPUT, QLocalContrast, TensorSpec
from skconv.graph.spatial import Padding
from skconv.target.stage_memory import StageMemory

PARAMETERS = {
    "input": "const void *input",
    "scratch": "uint8_t *scratch",
    "row": "int32_t row",
    "column": "int32_t column",
}


@dataclass(frozen=True)
class Place:
    """Bytes of the scratch memory: of one pixel, or of those of a row, `step` bytes apart."""

    offset: int
    step: int = 0

    @property
    def here(self) -> str:
        """The C expression inside of the function."""
        return f"scratch + {self.offset}" + (f" + column * {self.step}" if self.step else "")


@dataclass(frozen=True)
class Pixelwise:
    """The ops on whole pixels of a stage, one at least.

    Attributes
    ----------
    code : NodeCode
        Of the stage.
    memory : StageMemory
    places : mapping of str to Place
        Of ``"pixel"`` and of `StageMemory.pixelwise_arrays`.
    seen : TensorSpec
        The map that the convolution sees, whose patches have a contrast.
    padding : pair of pairs of int
        Zeros around it.
    """

    code: NodeCode
    memory: StageMemory
    places: Mapping[str, Place]
    seen: TensorSpec
    padding: Padding

    @property
    def fields(self) -> dict[str, object]:
        """Fields of `sk_stage`."""
        scratch = self.code.scratch
        place = self.places[f"pixel of {self.memory.pixel.name}"]
        pixel = Tensor(f"({scratch} + {place.offset})", self.memory.specs[self.memory.pixel.name])
        value = struct("sk_conv_output", tensor=pixel.pointer, type=pixel.type)
        return {"pixelwise": self.function.name, "scratch": scratch, "pixel": value}

    @cached_property
    def function(self) -> Function:
        """The function; equal ones have one name."""
        calls = list(self._calls())
        lines = [line for call in calls for line in statement(call.text, call.result)]
        used = set(re.findall(r"\w+", " ".join(lines)))
        unused = [name for name in PARAMETERS if name not in used]
        body = [*(f"    (void){name};" for name in unused), *lines]
        name = f"pixelwise_{zlib.crc32(repr(body).encode()):08x}"
        head = f"static void {name}({', '.join(PARAMETERS.values())})"
        headers = tuple(dict.fromkeys(call.header for call in calls))
        return Function(name, (head, "{", *body, "}"), headers)

    def _calls(self) -> Iterator[Call]:
        for node in self.memory.pixelwise:
            inputs = tuple(self._tensor(name) for name in node.inputs)
            distances = self.places.get("distances")
            scratch = "" if distances is None else f"({distances.here})"
            output = self._tensor(node.name)
            code = replace(member(self.code, node), inputs=inputs, output=output, scratch=scratch)
            if isinstance(node.op, QLocalContrast):
                yield contrast_at(replace(node.op, padding=self.padding), code, "row", "column")
            else:
                yield from emit(node.op, code)

    def _tensor(self, name: str) -> Tensor:
        """A pixel of a node, or the map."""
        if name == INPUT:
            return Tensor("input", self.seen)
        key = "pixel" if name == self.memory.first.name else f"pixel of {name}"
        spec = self.memory.specs[name]
        pointer = f"(({CTYPES[spec.dtype]} *)({self.places[key].here}))"
        return Tensor(pointer, replace(spec, shape=spec.shape[-1:]))
