"""Example graphs of every op, and what is run on them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from skconv.graph import Graph
from skconv.testing.coded import coded_examples
from skconv.testing.curves import curve_examples
from skconv.testing.maps import map_examples, network_examples
from skconv.testing.narrow import narrow_examples
from skconv.testing.neighbours import neighbour_examples
from skconv.testing.separable import separable_examples
from skconv.testing.signals import signal_examples, sound_examples
from skconv.testing.trees import tree_examples
from skconv.testing.vectors import (
    few_level_examples,
    quadratic_examples,
    several_outputs_example,
    union_example,
    vector_examples,
)


def example_graphs(seed: int = 0) -> dict[str, Graph]:
    """Small float graphs that together use every float op but `Quantized`.

    Parameters
    ----------
    seed : int, default=0
        Of their weights.

    Returns
    -------
    graphs : dict of str to Graph
        By the name of what they show.

    Examples
    --------
    >>> from skconv.testing import assert_runtimes_agree, example_graphs, example_samples
    >>> graph = example_graphs()["conv"]
    >>> assert_runtimes_agree(graph, example_samples(graph))
    """
    rng = np.random.default_rng(seed)
    return (
        map_examples(rng)
        | vector_examples(rng)
        | quadratic_examples(np.random.default_rng(seed))
        | few_level_examples(np.random.default_rng(seed))
        | coded_examples(np.random.default_rng(seed))
        | narrow_examples(np.random.default_rng(seed))
        | neighbour_examples(np.random.default_rng(seed))
        | separable_examples(np.random.default_rng(seed))
        | {"union": union_example(rng), "several outputs": several_outputs_example(rng)}
        | sound_examples(np.random.default_rng(seed))
        | network_examples(np.random.default_rng(seed))
        | signal_examples(np.random.default_rng(seed))
        | curve_examples(np.random.default_rng(seed))
        | tree_examples(np.random.default_rng(seed))
    )


def example_samples(graph: Graph, n_samples: int = 20, seed: int = 0) -> NDArray[Any]:
    """Random samples of the type of a graph's input."""
    rng = np.random.default_rng(seed)
    shape = (n_samples, *graph.input.shape)
    if graph.domain == "float":
        return rng.normal(size=shape).astype(np.float32)
    low, high = graph.input.limits
    return rng.integers(low, high + 1, shape).astype(graph.input.dtype)


def quantized_example(graph: Graph, **options: Any) -> Graph:
    """The integer graph of a float one, calibrated on `example_samples`."""
    from skconv.passes.calibrate import calibrate
    from skconv.passes.quantize import quantize

    return quantize(graph, calibrate(graph, example_samples(graph, 100)), **options)


def assert_runtimes_agree(graph: Graph, x: NDArray[Any], rtol: float = 1e-4) -> None:
    """Compare the runtimes of a graph with each other.

    A float graph: numpy in float32 and, where it is installed, torch against the plain
    reference, to ``rtol`` of the largest output.
    An integer graph: the compiled C against the integer definition, every byte of every
    tensor.

    Parameters
    ----------
    graph : Graph
        In floats or in integers.
    x : ndarray of shape (n_samples, ...)
        Samples of the type of its input.
    rtol : float, default=1e-4
        Of a float graph: the largest difference, relative to the largest output.

    Raises
    ------
    AssertionError
        Where they differ.
    skconv.deploy.host_compiler.NoCompilerError
        For an integer graph, where no C compiler is found.
    """
    from skconv.deploy.compiled import CompiledGraph
    from skconv.runtime import engine, fixed, numpy_engine, reference

    if graph.domain == "float":
        wanted = reference.run(graph, x)
        tolerance = rtol * np.abs(wanted).max(initial=1e-30)
        for run in (numpy_engine.run, engine.run):
            np.testing.assert_allclose(run(graph, x), wanted, rtol, tolerance)
        return
    wanted_tensors = fixed.tensors(graph, x)
    found_tensors = CompiledGraph(graph, "graph").tensors(x)
    for node in graph.nodes:
        np.testing.assert_array_equal(
            found_tensors[node.name], wanted_tensors[node.name], err_msg=node.name
        )
