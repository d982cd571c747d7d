"""Helpers for your own tests: small graphs of every op, and comparison of runtimes."""

from skconv.testing.graphs import (
    assert_runtimes_agree,
    example_graphs,
    example_samples,
    quantized_example,
)
from skconv.testing.parts import (
    MAP,
    chain,
    conv,
    divided,
    few_levels,
    gated,
    kernel_machine,
    linear,
    pruned,
    residual,
)
from skconv.testing.signals import (
    micro_frontend,
    mini_rocket,
    resampling,
    rocket_graph,
    winner_counts,
)

__all__ = [
    "MAP",
    "assert_runtimes_agree",
    "chain",
    "conv",
    "divided",
    "example_graphs",
    "example_samples",
    "few_levels",
    "gated",
    "kernel_machine",
    "linear",
    "micro_frontend",
    "mini_rocket",
    "pruned",
    "quantized_example",
    "resampling",
    "residual",
    "rocket_graph",
    "winner_counts",
]
