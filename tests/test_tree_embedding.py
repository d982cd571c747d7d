"""The leaves of random trees as features: exact, in floats, integers and C."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomTreesEmbedding
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skconv import to_c, to_graph
from skconv.graph import TreeEnsemble
from skconv.runtime import reference

IRIS, SPECIES = load_iris(return_X_y=True)
FLOWERS = np.rint(10 * IRIS).astype(np.uint8)
SMALL: dict[str, Any] = {"n_estimators": 6, "max_depth": 4, "random_state": 0}


@pytest.mark.parametrize("parameters", [SMALL, SMALL | {"max_leaf_nodes": 3}], ids=str)
def test_every_leaf_is_a_feature(parameters: dict[str, Any]) -> None:
    model = RandomTreesEmbedding(**parameters).fit(FLOWERS)
    wanted = model.transform(FLOWERS).toarray()
    np.testing.assert_array_equal(reference.run(to_graph(model), FLOWERS), wanted)
    found = to_c(model, FLOWERS).inference.scores(FLOWERS, "fixed")
    np.testing.assert_array_equal(found, wanted)


@pytest.mark.needs("cc")
def test_a_layer_reads_the_leaves() -> None:
    trees, last = RandomTreesEmbedding(**SMALL), LogisticRegression()
    pipeline = make_pipeline(StandardScaler(), trees, last).fit(FLOWERS, SPECIES)
    assert isinstance(to_graph(pipeline).nodes[0].op, TreeEnsemble)
    checked = to_c(pipeline, FLOWERS).verify(FLOWERS)
    assert checked.differing_bytes == 0 and checked.agreement == 1


def test_trees_that_are_one_leaf() -> None:
    model = RandomTreesEmbedding(3, min_samples_leaf=100, random_state=0).fit(FLOWERS)
    assert reference.run(to_graph(model), FLOWERS[:1]).tolist() == [[1.0, 1.0, 1.0]]
