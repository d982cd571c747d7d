"""Sixteen pipelines on real images: the C equals the definition wherever it runs."""

from __future__ import annotations

import numpy as np
import pytest

from tests import exactness
from tests.pipelines import PAIRS, exported
from tests.qemu.bench import TOOLS

pytestmark = [pytest.mark.usefixtures("fashion_mnist"), pytest.mark.slow]
EACH = pytest.mark.parametrize(("extractor", "classifier"), PAIRS)


@EACH
@pytest.mark.needs("cc")
def test_every_byte_of_every_tensor(extractor, classifier):
    found = exported(extractor, classifier).model.verify(exported(extractor, classifier).images)
    assert found.differing_bytes == 0
    assert found.compared_bytes > 1e6


@EACH
@pytest.mark.needs("cc")
@pytest.mark.parametrize("flags", [("-O0",), ("-O3",), exactness.SANITIZERS], ids=lambda f: f[-1])
def test_other_builds_on_the_host(extractor, classifier, flags, tmp_path):
    it = exported(extractor, classifier)
    assert exactness.on_host(it.model.graph, it.samples[:200], flags, tmp_path) == 0


@EACH
@pytest.mark.needs(*TOOLS)
@pytest.mark.parametrize("cpu", ["cortex-m4", "cortex-m0"])
def test_on_a_microcontroller(extractor, classifier, cpu):
    it = exported(extractor, classifier)
    assert exactness.on_qemu(it.model.graph, it.samples[:100], cpu) == 0


def test_a_wrong_byte_is_found(tmp_path):
    """The comparison itself: a changed table must show."""
    it = exported("random", "logistic")
    graph = it.model.graph
    sources = exactness.program(graph, it.samples[:5], host=True)
    scores = next(line for line in sources["vectors.h"].splitlines() if "scores[" in line)
    sources["vectors.h"] = sources["vectors.h"].replace(scores, f"{scores} 1 +", 1)
    assert exactness.run_program(sources, ("-O1",), tmp_path) > 0


def test_integers_lose_little_accuracy():
    losses = [exported(*pair).accuracy - exported(*pair).integer_accuracy for pair in PAIRS]
    assert np.mean(losses) <= 0.005
    assert np.max(losses) <= 0.015
