"""What `report()` says beside the table: code, other options, plain numbers, a data frame."""

from __future__ import annotations

import json
import pickle
import sys

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline

from skconv import RandomConvFeatures, datasets, emulator, to_c
from skconv.codegen import estimates
from skconv.graph import Graph, Relu, TensorSpec
from skconv.target.chips import Chip
from skconv.target.cost import Alternative, report
from skconv.target.targets import TARGETS
from tests.pipelines import exported

X, Y = datasets.load_digits()
X, Y = X[:400], Y[:400]


@pytest.fixture(scope="module")
def pipe():
    features = RandomConvFeatures(n_kernels=8, kernel_size=3, pool_size=3, random_state=0)
    return make_pipeline(features, LogisticRegression(max_iter=2000)).fit(X, Y)


@pytest.fixture(scope="module")
def model(pipe):
    return to_c(pipe, X[:100])


def test_flash_is_tables_and_an_estimate_of_code(model):
    cost = model.report()
    assert cost.code_bytes > 0
    tables, code = cost.flash_bytes, round(cost.code_bytes, -2)
    total = round(tables + cost.code_bytes, -2)
    wanted = f"flash: tables {tables:,} + code about {code:,} (estimated) = about {total:,} bytes"
    assert wanted in str(cost)
    assert wanted in cost._repr_html_()


def test_code_counts_in_what_fits(model):
    cost = model.report()
    ram = cost.ram_bytes + cost.input_bytes + cost.output_bytes
    flash = cost.flash_bytes + cost.code_bytes
    exact = model.report(chip=Chip("exact", flash_bytes=flash, ram_bytes=ram))
    assert exact.fits
    assert exact.spare_flash_bytes == exact.spare_ram_bytes == 0
    assert "fits exact: leaves about 0 bytes of flash to the rest" in str(exact)
    small = model.report(chip=Chip("small", flash_bytes=flash - 1, ram_bytes=ram))
    assert not small.fits
    assert "does not fit small: about 0 bytes of flash too many" in str(small)


@pytest.mark.parametrize("target", TARGETS)
def test_every_target_has_an_estimate(model, target):
    assert 200 < model.for_target(target).report().code_bytes < 10_000


def test_every_kind_of_core_has_coefficients():
    found = estimates.coefficients()
    assert set(found["code"]) == {*estimates.CODE_OF.values(), "cortex-m4"}
    assert set(found["instructions"]) == {estimates.core_of(t) for t in TARGETS.values()}


@pytest.mark.needs(*emulator.tools("cortex-m4"))
def test_the_estimate_is_near_what_a_compiler_makes():
    """Of tables and code together: `tests/benchmarks/bench_estimates.py` has all sixteen."""
    for extractor, classifier in (("random", "logistic"), ("pca", "linear svc")):
        model = exported(extractor, classifier).model
        cost = model.report()
        sizes = emulator.object_sizes(model.files, target="cortex-m4", flags=("-O2",))
        compiled = sizes.text + sizes.rodata
        assert abs(cost.flash_bytes + cost.code_bytes - compiled) < 0.15 * compiled


def test_a_float_export_has_no_estimate(pipe):
    cost = to_c(pipe, dtype="float32").report()
    assert cost.code_bytes is None
    assert cost.alternatives == ()
    assert "code" not in str(cost)


def test_other_options_are_said_with_what_they_cost(pipe, model):
    others = {other.option: other for other in model.report().alternatives}
    assert 'input="rows"' in others
    for option, other in others.items():
        name, value = option.split("=")
        cost = to_c(pipe, X[:100], **{name: value.strip('"')}).report()
        found = (cost.flash_bytes, cost.code_bytes, cost.ram_bytes, cost.input_bytes)
        assert found == (other.flash_bytes, other.code_bytes, other.ram_bytes, other.input_bytes)
        assert str(other) in str(model.report())
    rows = others['input="rows"']
    assert rows.input_bytes == 8
    assert str(rows).startswith(f'input="rows": RAM {rows.ram_bytes:,} bytes, input 8 bytes, flash')


def test_a_model_that_takes_rows_names_the_image(pipe):
    cost = to_c(pipe, X[:100], input="rows").report()
    assert cost.input_bytes == 8
    assert 'input="whole"' in {other.option for other in cost.alternatives}


def test_options_that_cannot_be_are_left_out():
    ridge = to_c(Ridge().fit(X.reshape(400, -1), Y), X[:100].reshape(100, -1))
    assert all("rows" not in other.option for other in ridge.report().alternatives)


def test_alternatives_are_computed_once_and_when_asked_for():
    calls = []
    other = Alternative('optimize="size"', 10, 20, 30, 40)
    graph = Graph(TensorSpec((3,))).append(Relu())
    cost = report(graph, others=lambda: calls.append(1) or (other,))
    assert cost.macs == 0
    assert calls == []
    assert str(other) in str(cost)
    assert cost.to_dict()["alternatives"][0]["ram_bytes"] == 30
    assert calls == [1]
    again = pickle.loads(pickle.dumps(report(graph, others=None)))
    assert again == cost


def test_a_pickled_report_keeps_no_model(model):
    text = pickle.dumps(model.report())
    assert len(text) < 5000
    assert pickle.loads(text).alternatives == model.report().alternatives


def test_to_dict_is_ready_for_json(model):
    cost = model.report(chip="nrf52832")
    found = json.loads(json.dumps(cost.to_dict()))
    assert found["flash_bytes"] == sum(node["flash_bytes"] for node in found["nodes"])
    assert [node["name"] for node in found["nodes"]] == [node.name for node in cost.nodes]
    assert found["code_bytes"] == cost.code_bytes
    assert found["chip"] == {
        "name": "nrf52832",
        "flash_bytes": 524288,
        "ram_bytes": 65536,
        "target": "cortex-m4f",
    }
    assert found["fits"] is True
    assert model.report().to_dict()["fits"] is None


def test_to_frame_has_a_row_for_every_node(model):
    pandas = pytest.importorskip("pandas")
    cost = model.report()
    frame = cost.to_frame()
    assert isinstance(frame, pandas.DataFrame)
    wanted = ["op", "tensor", "macs", "flash_bytes", "ram_bytes", "instructions"]
    assert list(frame.columns) == wanted
    assert list(frame.index) == [node.name for node in cost.nodes]
    assert frame["macs"].sum() == cost.macs
    assert np.issubdtype(frame["macs"].dtype, np.integer)


def test_without_pandas_it_is_said_what_to_write(model, monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(
        ImportError, match=r"Write `pip install pandas`, or take report\(\).to_dict"
    ):
        model.report().to_frame()
