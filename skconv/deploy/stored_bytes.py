"""What is stored in more bytes than a pass of compression has made it for."""

from __future__ import annotations

from skconv.exceptions import StorageWarning, warn
from skconv.graph import Graph, KernelMachine, QKernelMachine


def warn_of_bytes(floats: Graph, graph: Graph) -> None:
    """Warn where support vectors of 16 values do not lie on a grid of integers.

    Parameters
    ----------
    floats, graph : Graph
        The same in floats and in integers.
    """
    for node in floats.nodes:
        if not isinstance(node.op, KernelMachine) or not node.op.few_values:
            continue
        stored = graph.by_name[node.name].op
        if isinstance(stored, QKernelMachine) and stored.grid is None:
            dtype = stored.support_vectors.dtype
            warn(
                f"vector_bits=4 has no effect on {node.name}: the 16 values of its support vectors "
                f"do not lie on evenly spaced integers of its {dtype} input, so each feature takes "
                f"{8 * dtype.itemsize} bits. The vectors span too little of the input's range. "
                "Scale the features so that the calibration samples have the range of the support "
                "vectors, or write vector_bits=8, which leaves the vectors as they were fitted",
                StorageWarning,
            )
