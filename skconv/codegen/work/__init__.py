"""The work of a node: how often its routine does each thing that it does again and again.

An estimate is a sum of these numbers times what each was measured to take
(`skconv.codegen.estimates`).
"""

import skconv.codegen.work.machines
import skconv.codegen.work.maps
import skconv.codegen.work.packed
import skconv.codegen.work.patches
import skconv.codegen.work.signals
import skconv.codegen.work.stages  # noqa: F401  (they register routines)
from skconv.codegen.work.ops import work

__all__ = ["work"]
