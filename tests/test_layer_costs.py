"""Where to cut a network: the costs of its layers, and which of them fit."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from skconv import PretrainedFeatures, layer_costs, to_c
from skconv.target.chips import Chip

X = np.random.default_rng(0).integers(0, 256, (10, 12, 12, 1), dtype=np.uint8)


class Tail(nn.Module):
    """Ends in something that has no form as a graph."""

    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(1, 8, 3), nn.ReLU(), nn.Conv2d(8, 16, 3, stride=2), nn.ReLU()
        )
        self.last = nn.Softsign()

    def forward(self, x):
        return self.last(self.body(x))


@pytest.fixture(scope="module")
def features():
    torch.manual_seed(0)
    return PretrainedFeatures(Tail().eval().body, pool="2x2", layer="3")


def test_costs_are_those_of_the_c(features):
    costs = layer_costs(features, X, target="portable")
    assert [cost.layer for cost in costs] == ["0", "1", "2", "3"]
    for cost in costs:
        cut = PretrainedFeatures(features.model, pool="2x2", layer=cost.layer).fit(X)
        wanted = to_c(cut, X, target="portable").report()
        assert cost.report == wanted
    assert all(cost.fits for cost in costs)
    assert "yes" not in repr(costs)


def test_what_fits_is_a_value_for_layer(features):
    chip = Chip("small", flash_bytes=2000, ram_bytes=2000)
    costs = layer_costs(features, X, chip)
    assert costs.fitting == ["0", "1"]
    assert [line.split()[-1] for line in repr(costs).splitlines()[1:]] == ["yes"] * 2 + ["no"] * 2
    deepest = PretrainedFeatures(features.model, pool="2x2", layer=costs.fitting[-1]).fit(X)
    assert to_c(deepest, X).report(chip).fits


def test_the_extractor_stays_as_it_was(features):
    layer_costs(features, X)
    assert features.layer == "3"
    assert not hasattr(features, "graph_")


def test_layers_without_a_form_are_left_out():
    torch.manual_seed(0)
    costs = layer_costs(PretrainedFeatures(Tail().eval(), pool=None), X)
    assert [cost.layer for cost in costs] == ["body.0", "body.1", "body.2", "body.3"]


def test_maps_smaller_than_the_pooling_are_left_out(features):
    sixths = PretrainedFeatures(features.model, pool="6x6")
    assert [cost.layer for cost in layer_costs(sixths, X)] == ["0", "1"]
    with pytest.raises(ValueError, match="pool of 11x11 windows on a map of 10x10"):
        layer_costs(sixths.set_params(pool="11x11"), X)


def test_refused(features):
    with pytest.raises(ValueError, match="chip='z80', expected"):
        layer_costs(features, X, "z80")
    with pytest.raises(ValueError, match="dtype='int4', expected"):
        layer_costs(features, X, dtype="int4")
