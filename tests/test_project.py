"""A saved project: builds by itself, checks itself, and never harms what is there."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import numpy as np
import pytest

from skconv import emulator
from skconv.codegen.render import CSources, program_of
from skconv.deploy import project, project_folder
from skconv.deploy.bench import BenchReport
from skconv.emulator import tools
from skconv.graph import Graph, Linear, TensorSpec
from skconv.runtime import fixed
from skconv.target.memory import plan_memory
from skconv.target.targets import WARNING_FLAGS, get_target
from skconv.testing import example_graphs, example_samples
from tests.integer_graphs import samples, small_classifier

GRAPH = small_classifier(8)
X = samples(np.random.default_rng(9), GRAPH.input, 12)


@pytest.fixture(autouse=True)
def compiler_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """CMake and make read CC, too; the flags that are asked for here are gcc's."""
    monkeypatch.delenv("CC", raising=False)


def sources_of(graph, name):
    return CSources(program_of(graph, name))


SOURCES = sources_of(GRAPH, "m")

ARDUINO = """\
#include <cstdio>
struct Printer {
    void begin(long) {}
    void print(const char *text) { std::printf("%s", text); }
    void println(int number) { std::printf("%d\\n", number); }
    void println(const char *text) { std::printf("%s\\n", text); }
};
static Printer Serial;
"""


def files_of(folder):
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def build(folder, name, *flags):
    sources = ["-I.", f"{name}.c", "examples/self_test/self_test.c"]
    command = ["cc", *WARNING_FLAGS, *flags, *sources, "-o", "self_test"]
    subprocess.run(command, cwd=folder, check=True)
    return subprocess.run([folder / "self_test"], capture_output=True, text=True, check=False)


@pytest.fixture
def folder(tmp_path):
    return project.save(tmp_path / "new" / "firmware", SOURCES, X)


def test_what_a_project_holds(folder):
    found = files_of(folder)
    assert {f for f in found if not f.startswith("skconv/")} == {
        "m.c",
        "m.h",
        "examples/self_test/self_test.c",
        "examples/self_test/self_test.ino",
        "examples/self_test/m_vectors.h",
        "examples/predict/predict.ino",
        "CMakeLists.txt",
        "LICENSE.txt",
        "manifest.json",
        "library.json",
        "library.properties",
        "README.md",
    }
    assert [p.name for p in folder.parent.iterdir()] == ["firmware"]
    readme = (folder / "README.md").read_text()
    assert f"arena: {plan_memory(GRAPH).arena_bytes:,} bytes" in readme
    assert "m_predict(input)" in readme
    for other in ("m_push", "m_arena_t", "m_probabilities"):
        assert other not in readme


@pytest.mark.needs("cc")
def test_the_printed_command_works_as_it_is(folder):
    readme = (folder / "README.md").read_text()
    (command,) = re.findall(r"^cc .*$", readme, re.MULTILINE)
    done = subprocess.run(command, shell=True, cwd=folder, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "m: 0 of 8 samples wrong\n")


@pytest.mark.parametrize(
    "target", [pytest.param(t, marks=pytest.mark.needs(*tools(t))) for t in ("cortex-m4", "avr")]
)
def test_the_folder_runs_on_a_microcontroller(folder, target):
    sources = {name: text.decode() for name, text in files_of(folder).items()}
    flags = ("-Os", *WARNING_FLAGS, *get_target(target).flags)
    assert emulator.run(sources, target=target, flags=flags).returncode == 0


def test_the_command_for_the_target_and_what_was_measured(tmp_path):
    report = BenchReport("m", "cortex-m0", ("-O2",), "instructions", (), 1234, 1, 2, 3, 4, 5, 6, 0)
    target = get_target("cortex-m0")
    folder = project.save(
        tmp_path / "f", CSources(program_of(GRAPH, "m"), target), X, measured=[report]
    )
    readme = (folder / "README.md").read_text()
    assert (
        "arm-none-eabi-gcc -std=c99 -mcpu=cortex-m0 -mthumb -mfloat-abi=soft -O2 -c m.c" in readme
    )
    assert "## Measured" in readme
    assert "1,234 instructions an inference" in readme


@pytest.mark.needs("g++")
def test_arduino_finds_the_library_and_the_sketch(folder, tmp_path):
    """What Arduino compiles, compiled the same way, with a Serial that prints."""
    properties = dict(
        line.split("=", 1) for line in (folder / "library.properties").read_text().splitlines()
    )
    assert properties["name"] == "m"
    assert (folder / properties["includes"]).is_file()
    build = json.loads((folder / "library.json").read_text())["build"]
    assert build["srcFilter"][1] == "+<m.c>"
    assert build["flags"] == "-O2 -std=gnu99"  # of GNU's dialects: an AVR needs __flash
    (tmp_path / "Arduino.h").write_text(ARDUINO)
    (tmp_path / "main.cpp").write_text("void setup();\nint main() { setup(); }\n")
    sketch = folder / "examples" / "self_test"
    common = ["-O2", "-DARDUINO=10819", f"-I{folder}", f"-I{tmp_path}", "-Wall", "-Werror", "-c"]
    for command in (
        ["gcc", "-std=gnu11", *common, str(folder / "m.c"), str(sketch / "self_test.c")],
        ["g++", *common, "-include", "Arduino.h", "-x", "c++", str(sketch / "self_test.ino")],
        ["g++", *common, "main.cpp"],
        ["g++", "m.o", "self_test.o", "sketch.o", "main.o", "-o", "program"],
    ):
        if "self_test.ino" in command[-1]:
            command += ["-o", "sketch.o"]
        subprocess.run(command, cwd=tmp_path, check=True)
    done = subprocess.run([tmp_path / "program"], capture_output=True, text=True, check=True)
    assert done.stdout == "m: samples wrong: 0\n"


@pytest.mark.needs("g++")
def test_the_other_sketch_prints_the_class_of_an_array(folder, tmp_path):
    (tmp_path / "Arduino.h").write_text(ARDUINO)
    sketch = tmp_path / "main.cpp"
    text = (folder / "examples" / "predict" / "predict.ino").read_text()
    sketch.write_text(f'#include "Arduino.h"\n{text}\nint main() {{ setup(); }}\n')
    model = tmp_path / "m.cpp"  # renamed, as Arduino users do
    model.write_text((folder / "m.c").read_text())
    command = ["g++", "-O1", "-Wall", "-Werror", f"-I{folder}", str(sketch), str(model)]
    subprocess.run([*command, "-o", "program"], cwd=tmp_path, check=True)
    done = subprocess.run([tmp_path / "program"], capture_output=True, text=True, check=True)
    (index,) = fixed.tensors(GRAPH, X[:1])[GRAPH.output_name].ravel()
    assert done.stdout == f"class: {GRAPH.classes[index]}\n"


@pytest.mark.needs("cc")
def test_it_builds_and_finds_itself_right(folder):
    done = build(folder, "m", "-O2")
    assert (done.returncode, done.stdout) == (0, "m: 0 of 8 samples wrong\n")


@pytest.mark.needs("cc")
@pytest.mark.parametrize("table", ["outputs", "classes"])
def test_it_notices_a_wrong_result(folder, table):
    vectors = folder / "examples" / "self_test" / "m_vectors.h"
    text = vectors.read_text()
    start = text.index("{", text.index(f" {table}[")) + 1
    vectors.write_text(f"{text[:start]} 1 + {text[start:].lstrip()}")
    done = build(folder, "m", "-O1")
    assert (done.returncode, done.stdout) == (1, "m: 1 of 8 samples wrong\n")


@pytest.mark.needs("cc")
@pytest.mark.parametrize("name", ["rbf", "normalize l2", "conv"])
def test_float_projects(tmp_path, name):
    graph = example_graphs()[name]
    sources = sources_of(graph, "f")
    project.save(tmp_path / "f", sources, example_samples(graph), n_vectors=5)
    done = build(tmp_path / "f", "f", "-O2")
    assert (done.returncode, done.stdout) == (0, "f: 0 of 5 samples wrong\n")


@pytest.mark.needs("cc", "cmake")
def test_it_builds_with_cmake(folder, tmp_path):
    for command in (
        ["cmake", "-S", str(folder), "-B", str(tmp_path / "build")],
        ["cmake", "--build", str(tmp_path / "build")],
        ["ctest", "--test-dir", str(tmp_path / "build"), "--no-tests=error"],
    ):
        subprocess.run(command, check=True, capture_output=True)


def cmake_commands(folder, build, *options):
    """How CMake compiles each file of the folder."""
    command = ["cmake", "-S", str(folder), "-B", str(build), "-DCMAKE_EXPORT_COMPILE_COMMANDS=ON"]
    subprocess.run([*command, *options], check=True, capture_output=True)
    found = json.loads((build / "compile_commands.json").read_text())
    return {Path(entry["file"]).name: entry["command"] for entry in found}


@pytest.mark.needs("cc", "cmake")
@pytest.mark.parametrize("build_type", ["", "Debug", "Release"])
@pytest.mark.parametrize("option", ["", "-Os", "-O3 -g"])
def test_cmake_optimises_the_model_in_every_build_type(folder, tmp_path, build_type, option):
    options = [f"-DCMAKE_BUILD_TYPE={build_type}", *([f"-DM_OPTIMIZE={option}"] if option else [])]
    command = cmake_commands(folder, tmp_path / "build", *options)["m.c"]
    assert re.findall(r" (-O\w+)", command)[-1] == (option or "-O2").split()[0]
    assert "-std=gnu99" in command


@pytest.mark.needs("cmake", "arm-none-eabi-gcc")
def test_a_cross_build_links_no_self_test(folder, tmp_path):
    options = (
        "-DCMAKE_SYSTEM_NAME=Generic",
        "-DCMAKE_C_COMPILER=arm-none-eabi-gcc",
        "-DCMAKE_C_FLAGS=-mcpu=cortex-m0 -mthumb",
        "-DCMAKE_TRY_COMPILE_TARGET_TYPE=STATIC_LIBRARY",
    )
    assert cmake_commands(folder, tmp_path / "build", *options).keys() == {"m.c"}
    subprocess.run(["cmake", "--build", tmp_path / "build"], check=True, capture_output=True)


def test_without_samples_there_is_no_test(tmp_path):
    folder = project.save(tmp_path / "f", SOURCES, X[:0])
    assert not (folder / "examples" / "self_test").exists()
    assert "self_test" not in (folder / "README.md").read_text()
    assert "self_test" not in (folder / "CMakeLists.txt").read_text()


def test_an_export_replaces_its_own_files_and_keeps_others(folder):
    before = files_of(folder)
    (folder / "main.c").write_text("int main(void) { return 0; }\n")
    (folder / "m.c").write_text("/* m: generated by skconv for m */")
    project.save(folder, SOURCES, X)
    assert files_of(folder) == before | {"main.c": b"int main(void) { return 0; }\n"}


def test_an_empty_folder_is_filled(tmp_path):
    (tmp_path / "empty").mkdir()
    assert (project.save(tmp_path / "empty", SOURCES, X) / "m.c").exists()


def test_the_current_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "notes.txt").write_text("mine")
    project.save(".", SOURCES, X)
    assert (tmp_path / "m.c").exists()
    assert (tmp_path / "notes.txt").read_text() == "mine"


@pytest.mark.parametrize("file", ["README.md", "m.c", "skconv/conv.h", "CMakeLists.txt"])
def test_what_is_not_ours_is_not_overwritten(tmp_path, file):
    mine = tmp_path / "f" / file
    mine.parent.mkdir(parents=True)
    mine.write_text("mine")
    with pytest.raises(FileExistsError, match=rf"'m' wrote: {file}; remove them"):
        project.save(tmp_path / "f", SOURCES, X)
    assert files_of(tmp_path) == {f"f/{file}": b"mine"}


def test_another_models_project_is_not_overwritten(folder):
    before = files_of(folder)
    with pytest.raises(
        FileExistsError, match=r"'other' wrote: CMakeLists\.txt, LICENSE\.txt, README\.md"
    ):
        project.save(folder, sources_of(GRAPH, "other"), X)
    assert files_of(folder) == before


def test_a_bad_name_or_a_bad_sample_leaves_nothing(tmp_path):
    with pytest.raises(ValueError, match="name is 'int'"):
        sources_of(GRAPH, "int")
    with pytest.raises(ValueError, match="x has shape"):
        project.save(tmp_path / "f", SOURCES, X[:, :3])
    assert list(tmp_path.iterdir()) == []


def test_a_file_in_the_way(tmp_path):
    (tmp_path / "f").write_text("a file")
    with pytest.raises(NotADirectoryError, match="which is a file"):
        project.save(tmp_path / "f", SOURCES, X)
    with pytest.raises(OSError, match=r"folder '.*f/g' cannot be written"):
        project.save(tmp_path / "f" / "g", SOURCES, X)
    assert files_of(tmp_path) == {"f": b"a file"}


def test_a_full_disk_leaves_the_old_export(folder, monkeypatch):
    before = files_of(folder)

    def full(path, files):
        (path / "m.c").write_text("half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(project_folder, "_fill", full)
    with pytest.raises(OSError, match="cannot be written: No space left on device"):
        project.save(folder, SOURCES, X)
    assert files_of(folder) == before
    assert [p.name for p in folder.parent.iterdir()] == ["firmware"]


def test_largest_output_of_zero_is_no_problem(tmp_path):
    graph = Graph(TensorSpec((2,)))
    graph = graph.append(Linear(np.zeros((1, 2), np.float32), np.zeros(1, np.float32)))
    folder = project.save(tmp_path / "f", sources_of(graph, "f"), np.ones((2, 2), np.float32))
    assert "#define F_LARGEST 0.0f" in (folder / "examples/self_test/f_vectors.h").read_text()
