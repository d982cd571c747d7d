"""Every source of kernels, with every nonlinearity and pooling: C gives the same bytes."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from skconv.datasets import load_digits
from skconv.emulator import tools
from skconv.stages.spec import NONLINEARITIES, NONLINEARITY_NAMES, PARAMETRIC_NAMES, POOLS
from tests import exactness
from tests.many_graphs import Case, differences, program
from tests.source_walk import OPTIONS, PLAIN, POOL_SIZES, SOURCES, Walk, specialized

X, y = load_digits()
WALK = Walk(X[:100].astype(np.uint8), y[:100])


@cache
def plain() -> list[Case]:
    return [*WALK.plain()]


@cache
def cases() -> list[Case]:
    return [*plain(), *WALK.some_options(), *WALK.deeper(), *WALK.triangles()]


def test_every_nonlinearity_is_walked():
    walked = {p.get("nonlinearity") for p in (*PLAIN.values(), *OPTIONS.values())}
    assert walked >= NONLINEARITY_NAMES | PARAMETRIC_NAMES
    # A magnitude wants pairs of kernels; the triangle comes by itself.
    assert set(NONLINEARITIES) - walked == {"magnitude", "triangle"}


def test_every_nonlinearity_and_pool_comes_with_every_size_of_windows():
    shapes = {(case.name.split("_", 1)[1], case.graph.output.shape) for case in plain()}
    n_pairs = len(NONLINEARITY_NAMES) * len(POOLS)
    assert len(plain()) == len(SOURCES) * n_pairs
    assert len(shapes) >= n_pairs * (len(POOL_SIZES) - 1)


def test_names_tell_cases_apart():
    names = [case.name for case in cases()]
    assert len(set(names)) == len(names)
    assert len({case.name.rpartition("_")[2] for case in WALK.some_options()}) == len(POOLS)


@pytest.mark.needs("cc")
def test_on_this_machine(tmp_path):
    output = exactness.output_on_host(
        program(cases(), host=True), ("-O0", exactness.APART), tmp_path
    )
    if text := differences(cases(), output):
        pytest.fail(text, pytrace=False)


@pytest.mark.needs(*tools("cortex-m4"))
def test_on_cortex_m4():
    """Every third case: this machine runs them all."""
    special = specialized(cases()[::3], "cortex-m4")
    flags = ("-Os", exactness.APART)
    output = exactness.output_on_target(program(special, host=False), "cortex-m4", flags)
    if text := differences(special, output):
        pytest.fail(text, pytrace=False)
