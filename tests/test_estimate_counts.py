"""Estimates of instructions are near kept counts, of every routine: no core is needed."""

from __future__ import annotations

from collections import defaultdict

import pytest

from skconv import emulator
from skconv.codegen import estimates
from tests.estimate_counts import graphs
from tests.estimate_measures import COUNTED

COUNT_ANEW = "python tests/benchmarks/bench_estimate_counts.py --write"

# What takes the same time whatever its size.
CONSTANT = {"Reshape"}
# Wide enough for what is known to be off, narrow enough for what a fit breaks: a node may be off by
# a share of its count or a few instructions, all nodes of a routine together by less.
OFF, ALL_OFF, FEW = 0.6, 0.5, 350


def test_every_routine_has_a_count():
    for core in COUNTED:
        found = {name for each in graphs() if each.core == core for name in each.routines()}
        assert found >= estimates.coefficients()["instructions"][core].keys() - {estimates.OTHER}


@pytest.mark.parametrize("core", COUNTED)
def test_no_estimate_is_the_same_for_all_sizes(core):
    for name, parts in estimates.coefficients()["instructions"][core].items():
        assert name in CONSTANT or any(taken for part, taken in parts.items() if part != "call")


@pytest.mark.parametrize("core", COUNTED)
def test_every_routine_is_estimated_near_its_counts(core):
    together: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])
    for each in graphs():
        if each.core != core:
            continue
        assert each.kept is not None, f"{each.name} was never counted: {COUNT_ANEW}"
        of_nodes = zip(each.routines(), each.estimated(), each.kept, strict=True)
        for routine, estimate, count in of_nodes:
            near = pytest.approx(count, rel=OFF, abs=FEW)
            assert estimate == near, f"{routine} of {each.name}"
            together[routine][0] += estimate
            together[routine][1] += count
    for routine, (estimate, count) in together.items():
        assert estimate == pytest.approx(count, rel=ALL_OFF, abs=FEW), routine


@pytest.mark.needs(*emulator.tools("cortex-m4"))
@pytest.mark.parametrize("name", ["above, balanced", "l1 votes, ops", "special 0, balanced"])
def test_counts_are_those_of_the_code_as_it_is(name):
    found = [each for each in graphs() if each.name == name]
    assert {each.core for each in found} == set(COUNTED)
    for each in found:
        assert each.counted() == pytest.approx(each.kept, rel=0.03, abs=30), COUNT_ANEW
