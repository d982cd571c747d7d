"""Templates of programs and projects: every word is given, none is given in vain."""

from __future__ import annotations

import re

import numpy as np
import pytest

from skconv.codegen.interface import Interface
from skconv.codegen.render import CSources, program_of
from skconv.deploy import bench, compiled, harness, project
from skconv.deploy.manifest import Made
from skconv.emulator.run import COUNTING_MAIN
from skconv.graph import Abs, Graph, Linear, Softmax, TensorSpec
from skconv.passes.lower_probabilities import integer_probabilities
from skconv.target.targets import get_target
from skconv.utils import template
from skconv.utils.template import fill, words_of
from tests.integer_graphs import every_integer_op

TEMPLATES = sorted(harness.TEMPLATES.glob("*.in"))
CLASSES = every_integer_op(3)
FLOATS = Graph(TensorSpec((2,))).append(Linear(np.ones((1, 2), "f4"), np.zeros(1, "f4")))
VALUES = Graph(TensorSpec((3,), "int8", minimum=-127, maximum=127)).append(Abs())


def filled_texts():
    """All templates, filled for models of every kind."""
    softmax = integer_probabilities(Softmax(), CLASSES.specs[CLASSES.scores_name])
    for graph, interface in (
        (CLASSES, Interface()),
        (CLASSES, Interface(arena="caller", probabilities=softmax)),
        (FLOATS, Interface()),
        (VALUES, Interface()),
    ):
        program = program_of(graph, "m", interface=interface)
        x = np.ones((2, *graph.input.shape), graph.input.dtype)
        for target in ("portable", "avr"):
            sources = CSources(program, get_target(target))
            for batch in (x, x[:0]):
                yield from project.project_files(sources, batch, [], Made()).items()
        yield from bench._files(program, x).items()
        for name, own in (("model-whole.c", {}), ("model-nodes.c", {"n_nodes": 3})):
            yield name, harness.from_template(name, program, **own)
        yield compiled.DRIVER_FILE, harness.from_template(compiled.DRIVER_FILE, program)


def test_every_template_is_filled_and_none_is_left_over(monkeypatch):
    used = set()
    monkeypatch.setattr(
        harness, "fill", lambda path, *words, **own: used.add(path) or fill(path, *words, **own)
    )
    for name, text in filled_texts():
        rest = text.replace("${CMAKE_CURRENT_SOURCE_DIR}", "").replace("${M_OPTIMIZE", "")
        assert not re.search(r"\$\{|\$\$|^@(if|else|end)", rest, re.MULTILINE), name
    assert used == set(TEMPLATES)


def test_every_shared_word_has_a_use():
    wanted = frozenset().union(*map(words_of, TEMPLATES))
    assert harness.words(program_of(VALUES, "m")).keys() <= wanted
    assert words_of(COUNTING_MAIN) == {"prelude", "statement"}


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_conditions_end_where_they_begin(path):
    depth = 0
    for line in template.read(path).splitlines():
        depth += line.startswith("@if ") - (line == "@end")
        assert depth >= (line == "@else")
        assert not line.startswith("@") or re.fullmatch(r"@if (not )?\w+|@else|@end", line)
    assert depth == 0


def test_a_word_that_is_missing_or_in_vain_is_refused(tmp_path):
    path = tmp_path / "a.in"
    path.write_text("${a}\n@if b\n${c}\n@end\n")
    assert fill(path, {"a": 1, "unused": 2, "b": False}) == "1\n"
    assert fill(path, {"a": 1, "b": True}, c=3) == "1\n3\n"
    with pytest.raises(KeyError, match="b"):
        fill(path, {"a": 1})
    with pytest.raises(ValueError, match=r"a\.in has no use for d"):
        fill(path, {"a": 1, "b": True}, c=3, d=4)
    (tmp_path / "b.in").write_text("@if a\n")
    with pytest.raises(ValueError, match="an @if without an @end"):
        fill(tmp_path / "b.in", {"a": 1})


def test_conditions_nest_and_have_another_side(tmp_path):
    path = tmp_path / "a.in"
    path.write_text("@if a\n@if not b\n1\n@else\n2\n@end\n@else\n3\n@end\n$$\n")
    found = [fill(path, {"a": a, "b": b}) for a in (True, False) for b in (True, False)]
    assert found == ["2\n$\n", "1\n$\n", "3\n$\n", "3\n$\n"]
