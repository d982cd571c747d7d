"""The engine of float graphs: torch if it is installed, else numpy."""

from __future__ import annotations

from functools import cache
from typing import Any, Literal

from numpy.typing import NDArray

from skconv.graph import Graph

INSTALL = (
    'Install it with: pip install "skconv[torch]". On Linux that brings several gigabytes of CUDA; '
    "to avoid them, install the small CPU build first, as torch's own site says."
)


def run(
    graph: Graph,
    x: NDArray[Any],
    *,
    device: str = "cpu",
    batch_size: int | Literal["auto"] = "auto",
) -> NDArray[Any]:
    """Output ``(n_samples, *graph.output.shape)`` of a float graph.

    Parameters
    ----------
    graph : Graph
        A float graph.
    x : ndarray of shape (n_samples, *graph.input.shape)
        Any real type; converted to float32 chunk by chunk.
    device : {"cpu", "cuda", "auto"}, default="cpu"
        Where to compute. ``"cuda"`` needs torch; ``"auto"`` takes CUDA where there is one.
    batch_size : int or "auto", default="auto"
        Samples in a chunk; ``"auto"`` takes as many as fit the cache.

    Returns
    -------
    output : ndarray
        float32, or int32 where the graph ends in a decision.

    Raises
    ------
    ValueError
        Where the graph is an integer graph, ``x`` does not fit its input, or ``device`` is
        ``"cuda"`` and torch finds none.
    ImportError
        Where ``device`` is ``"cuda"`` and torch is not installed.

    Examples
    --------
    >>> import numpy as np
    >>> from skconv.graph import Abs, Graph, TensorSpec
    >>> from skconv.runtime import engine
    >>> engine.run(Graph(TensorSpec((2,))).append(Abs()), np.array([[-1.5, 2.0]]))
    array([[1.5, 2. ]], dtype=float32)
    """
    if device == "cuda":
        require_torch("device='cuda'")
    if has_torch():
        from skconv.runtime import torch_engine

        return torch_engine.run(graph, x, device=device, batch_size=batch_size)
    from skconv.runtime import numpy_engine

    return numpy_engine.run(graph, x, device=device, batch_size=batch_size)


@cache
def has_torch() -> bool:
    """Whether torch can be imported."""
    try:
        import torch  # noqa: F401
    except ImportError:
        return False
    return True


def require_torch(what: str) -> None:
    """Raise ImportError if torch is not installed: ``what`` needs it, and how to get it."""
    if not has_torch():
        raise ImportError(f"{what} needs torch, which is not installed. {INSTALL}")
