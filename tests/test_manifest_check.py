"""A saved folder against its manifest: for programs, and as a command."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

import skconv
from skconv.cli import main
from skconv.deploy import check_folder

X, Y = load_iris(return_X_y=True)


@pytest.fixture(scope="module")
def model():
    return skconv.to_c(LogisticRegression(max_iter=500).fit(X, Y), X, name="iris")


@pytest.fixture
def folder(model, tmp_path) -> Path:
    return model.save(tmp_path / "iris")


def model_calls(model):
    return model.sources.program.calls[model.graph.nodes[0].name]


def test_the_manifest_holds_graph_routines_versions_and_sizes(model, folder):
    found = json.loads((folder / "manifest.json").read_text())
    assert [node["name"] for node in found["nodes"]] == [n.name for n in model.graph.nodes]
    assert all(f"skconv/{r}" in found["files"] for n in found["nodes"] for r in n["routines"])
    assert found["nodes"][0]["routines"] == [call.header for call in model_calls(model)]
    scales = [node["output"].get("scale") for node in found["nodes"]]
    assert scales[0] == model.graph.specs[model.graph.nodes[0].name].scale
    cost = model.report()
    assert sum(node["flash_bytes"] for node in found["nodes"]) == cost.flash_bytes
    assert found["bytes"]["code_estimate"] == cost.code_bytes
    assert found["versions"].keys() >= {"python", "numpy", "scikit-learn"}


def test_a_folder_as_it_was_saved_passes(model, folder):
    (folder / "main.c").write_text("int main(void) { return 0; }")
    found = check_folder(folder, chip="stm32f103c8")
    cost = model.report()
    assert found.passed
    assert found.flash_bytes == cost.flash_bytes + cost.code_bytes
    assert found.ram_bytes == cost.ram_bytes + cost.input_bytes + cost.output_bytes


def test_what_is_missing_or_changed_is_named(folder, capsys):
    (folder / "iris.c").write_text((folder / "iris.c").read_text() + "\n")
    (folder / "iris.h").unlink()
    found = check_folder(folder)
    assert (found.missing, found.changed) == (("iris.h",), ("iris.c",))
    assert main(["check", str(folder)]) == 1
    printed = capsys.readouterr().out
    assert "missing: iris.h\nchanged since it was saved: iris.c\nfailed" in printed


def test_limits(folder, capsys):
    assert main(["check", str(folder), "--ram-bytes", "10000", "--json"]) == 0
    taken = json.loads(capsys.readouterr().out)
    exact = {name: str(taken[name]) for name in ("flash_bytes", "ram_bytes")}
    sizes = ["--flash-bytes", exact["flash_bytes"], "--ram-bytes", exact["ram_bytes"]]
    assert main(["check", str(folder), *sizes]) == 0
    sizes[-1] = str(taken["ram_bytes"] - 1)
    assert main(["check", str(folder), *sizes]) == 1
    assert (
        f"too large: 1 bytes of RAM beyond ram_bytes={int(sizes[-1]):,}" in capsys.readouterr().out
    )


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        (None, FileNotFoundError, "holds no manifest.json; expected a folder that CModel.save"),
        ("{", ValueError, "is no manifest of this version of skconv"),
        ("[]", ValueError, "is no manifest of this version of skconv"),
        ('{"name": "m", "files": {}, "bytes": {"tables": 1}}', ValueError, "export the model anew"),
    ],
)
def test_a_folder_without_a_manifest_is_refused(tmp_path, text, error, message):
    if text is not None:
        (tmp_path / "manifest.json").write_text(text)
    with pytest.raises(error, match=message):
        check_folder(tmp_path)
    assert main(["check", str(tmp_path)]) == 2


def test_a_limit_that_is_no_size_is_refused(folder):
    with pytest.raises(ValueError, match="ram_bytes=0, expected a number of bytes above 0"):
        check_folder(folder, ram_bytes=0)
