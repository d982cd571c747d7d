"""Equal tables of several nodes are printed, and counted, once."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
from sklearn.datasets import load_iris
from sklearn.kernel_approximation import Nystroem
from sklearn.linear_model import LogisticRegression
from sklearn.multioutput import MultiOutputClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC

from skconv import to_c
from skconv.deploy import CModel
from skconv.graph import Affine, Graph, QLinear, TensorSpec
from skconv.graph.tables import shared_tables, table_bytes

X, SPECIES = load_iris(return_X_y=True)
Y = np.column_stack([SPECIES % 2, SPECIES > 1, SPECIES])
BYTES = {"int8": 1, "uint8": 1, "int16": 2, "uint16": 2, "int32": 4, "uint32": 4, "int64": 8}


def printed_bytes(model: CModel, folder: Path) -> int:
    """Of all constant tables in the C."""
    model.save(folder)
    text = (folder / f"{model.name}.c").read_text()
    tables = re.findall(r"^SK_TABLE (\w+)_t \w+\[(\d+)\]", text, re.M)
    return sum(BYTES[kind] * int(size) for kind, size in tables)


def test_machines_share_the_table_of_powers(tmp_path: Path) -> None:
    model = to_c(MultiOutputClassifier(SVC()).fit(X, Y), X, name="three", target="portable")
    found = printed_bytes(model, tmp_path)
    text = (tmp_path / "three.c").read_text()
    assert len(re.findall(r"^SK_TABLE uint16_t \w*exp2_table", text, re.M)) == 1
    report = model.report()
    assert report.flash_bytes == sum(node.flash_bytes for node in report.nodes) == found
    assert model.graph.parameter_bytes == found
    assert f'"tables": {found}' in (tmp_path / "manifest.json").read_text()
    assert f"{found:,} bytes of flash" in (tmp_path / "three.h").read_text()
    assert model.verify(X).differing_bytes == 0


def test_neighbours_share_the_samples() -> None:
    """Of which each output has other labels."""
    one = to_c(KNeighborsClassifier(3).fit(X, SPECIES), X).report().flash_bytes
    three = to_c(MultiOutputClassifier(KNeighborsClassifier(3)).fit(X, Y), X).report().flash_bytes
    assert one < three < 1.5 * one


def test_probabilities_share_with_the_scores(tmp_path: Path) -> None:
    pipe = make_pipeline(Nystroem(n_components=9, random_state=0), LogisticRegression())
    model = to_c(pipe.fit(X, SPECIES), X, name="p", probabilities=True, target="portable")
    found = printed_bytes(model, tmp_path)
    assert (
        len(re.findall(r"^SK_TABLE \w+ \w*exp2_table", (tmp_path / "p.c").read_text(), re.M)) == 1
    )
    assert model.report().flash_bytes == found
    assert model.report().nodes[-1].flash_bytes == 0
    assert {other.flash_bytes for other in model.report().alternatives} <= {found}
    assert model.verify(X).differing_bytes == 0


def test_tables_of_other_types_or_signs_of_zero_are_apart() -> None:
    bytes_, ones = np.ones((2, 2), np.int8), np.ones(2, np.int32)
    ops = [QLinear(bytes_, ones), QLinear(bytes_.astype(np.int16), ones), QLinear(bytes_, -ones)]
    places = shared_tables(ops)
    assert places[1, "weights"] == (1, "weights")
    assert places[1, "bias"] == (0, "bias")
    assert places[2, "weights"] == (0, "weights")
    assert table_bytes(ops) == [12, 8, 8]
    graph = Graph(TensorSpec((2,), "int8", minimum=-9, maximum=9))
    for op in ops:
        graph = graph.append(op, "input")
    assert graph.parameter_bytes == 28
    zeros = np.zeros(2, np.float32)
    ops = [Affine(zeros, -zeros), Affine(-zeros, zeros)]
    assert table_bytes(ops) == [16, 0]
