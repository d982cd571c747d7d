"""Sixteen pipelines on real images: the C equals the definition wherever it runs."""

from __future__ import annotations

import numpy as np
import pytest

from skconv.deploy.compiled import CompiledGraph
from skconv.emulator import tools
from skconv.runtime import fixed
from tests import exactness
from tests.pipelines import CLASSIFIERS, EXTRACTORS, PAIRS, Exported
from tests.pipelines import exported as fitted_and_exported

pytestmark = [pytest.mark.usefixtures("fashion_mnist"), pytest.mark.slow]
BUILDS = (("-O3",), exactness.SANITIZERS)
TARGETS = ("cortex-m4", "cortex-m0")


def exported(extractor: str, classifier: str) -> Exported:
    """Fitted on few images: kernel machines keep most of them, and every test passes them all."""
    return fitted_and_exported(extractor, classifier, n_images=1000)


@pytest.fixture(scope="module", params=PAIRS, ids="-".join)
def it(request):
    """Pair by pair: each process fits few of them."""
    return exported(*request.param)


def in_turn(values):
    """So few pairs that every extractor and every classifier meets each of the values once."""
    turns = (sum(divmod(i, len(CLASSIFIERS))) % len(CLASSIFIERS) for i in range(len(PAIRS)))
    taken = zip(PAIRS, turns, strict=True)
    return [(*pair, values[turn]) for pair, turn in taken if turn < len(values)]


def test_every_part_meets_every_build_and_target():
    for values in (BUILDS, TARGETS):
        cases = in_turn(values)
        assert len({(e, v) for e, _, v in cases}) == len(EXTRACTORS) * len(values)
        assert len({(c, v) for _, c, v in cases}) == len(CLASSIFIERS) * len(values)


@pytest.mark.needs("cc")
def test_every_byte_of_the_exported_graph(it):
    found = it.model.verify(it.images[:20])
    n_bytes = sum(it.model.graph.specs[node.name].nbytes for node in it.model.graph.nodes)
    assert (found.differing_bytes, found.compared_bytes) == (0, 20 * n_bytes)


@pytest.mark.needs("cc")
def test_every_tensor_op_by_op(it):
    graph, x = it.plain, it.samples[:20]
    assert len(graph.nodes) > len(it.model.graph.nodes)
    wanted, found = fixed.tensors(graph, x), CompiledGraph(graph).tensors(x)
    assert [name for name in wanted if not np.array_equal(wanted[name], found[name])] == []
    scores = fixed.tensors(it.model.graph, x, (it.model.graph.scores_name,))
    assert np.array_equal(wanted[graph.scores_name], scores[it.model.graph.scores_name])


def test_integers_lose_little_accuracy(it):
    assert it.accuracy - it.integer_accuracy <= 0.01


@pytest.mark.needs("cc")
@pytest.mark.parametrize(("extractor", "classifier", "flags"), in_turn(BUILDS))
def test_other_builds_on_the_host(extractor, classifier, flags, tmp_path):
    it = exported(extractor, classifier)
    assert exactness.on_host(it.model.graph, it.samples[:20], flags, tmp_path) == 0


@pytest.mark.needs(*tools("cortex-m4"))
@pytest.mark.parametrize(("extractor", "classifier", "target"), in_turn(TARGETS))
def test_on_a_microcontroller(extractor, classifier, target):
    it = exported(extractor, classifier)
    sources = exactness.program(it.model.graph, it.samples[:15], host=False)
    assert exactness.on_target(sources, target) == 0


def test_a_wrong_byte_is_found(tmp_path):
    """The comparison itself: a changed table must show."""
    it = exported("random", "logistic")
    graph = it.model.graph
    sources = exactness.program(graph, it.samples[:5], host=True)
    scores = next(line for line in sources["vectors.h"].splitlines() if "scores[" in line)
    sources["vectors.h"] = sources["vectors.h"].replace(scores, f"{scores} 1 +", 1)
    assert exactness.run_program(sources, ("-O1",), tmp_path) > 0
