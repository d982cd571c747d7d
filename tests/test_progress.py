"""Long computations say how far they are, if they are asked to, under the name that was called."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from skconv import ConvFeatures, ConvStage, GreedyConvFeatures, to_c
from skconv.kernels import GreedyKernels, RandomKernels

MAPS = np.random.default_rng(0).integers(256, size=(30, 8, 8)).astype(np.uint8)
Y = np.arange(30) % 3
SOURCE = RandomKernels(n_kernels=4, kernel_size=3, random_state=0)
STAGES = [ConvStage(kernels=SOURCE, pool_size=2), ConvStage(kernels=SOURCE, pool_size="global")]


def lines(captured: Any, name: str) -> list[str]:
    """What was printed, without name and seconds, which every line must have."""
    found = captured.readouterr().out.splitlines()
    matches = [re.fullmatch(rf"\[{name}\] (.*), \d+\.\d s", line) for line in found]
    assert all(matches), found
    return [match[1] for match in matches if match]


@pytest.mark.parametrize("direction", ["forward", "backward"])
def test_a_greedy_choice_counts_its_steps(capsys: Any, direction: Any) -> None:
    features = GreedyConvFeatures(source=SOURCE, n_kernels=2, direction=direction)
    features.set_params(verbose=1, input_shape=(8, 8)).fit(MAPS, Y)
    step = "kernel" if direction == "forward" else "removal"
    found = lines(capsys, "GreedyConvFeatures")
    assert found[0] == "4 candidates"
    assert found[-2:] == [f"{step} 1 of 2", f"{step} 2 of 2"]
    GreedyKernels(source=SOURCE, n_kernels=1, verbose=1).fit(MAPS[..., None], Y)
    assert lines(capsys, "GreedyKernels")[-1] == "kernel 1 of 1"


def test_stages_and_passes_are_counted_and_silence_is_the_default(capsys: Any) -> None:
    features = ConvFeatures(STAGES, input_shape=(8, 8), verbose=1).fit(MAPS)
    assert lines(capsys, "ConvFeatures") == ["stage 1 of 2", "stage 2 of 2"]
    to_c(features, MAPS, verbose=1)
    found = lines(capsys, "to_c")
    assert found[-1] == "integers chosen" and any("on 30 samples" in line for line in found)
    to_c(features.set_params(verbose=0).fit(MAPS), MAPS)
    assert capsys.readouterr().out == ""
