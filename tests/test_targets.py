"""Every target, every compiler and every optimisation give the bytes of the definition."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from skconv import LaplacianNuSVC, PCANetFeatures, RandomConvFeatures, datasets, to_c
from skconv.emulator import tools
from skconv.graph.nested import Packed
from skconv.runtime import fixed
from skconv.target.targets import TARGETS, get_target
from skconv.testing import example_graphs, example_samples, quantized_example
from tests import exactness
from tests.integer_graphs import every_integer_op, samples
from tests.selecting import op_by_op

SIMULATED = [name for name, target in TARGETS.items() if target.board]
# Of Cortex-M4 all; of each other set of instructions those that differ most.
OPTIMISATIONS = {
    "cortex-m4": ["-O0", "-O1", "-O2", "-O3", "-Os", "-flto"],
    "rv32imc": ["-O0", "-O3"],
    "avr": ["-O1", "-Os"],
}


def on(names, compiler="gcc"):
    """A test for each of some targets, where their tools are."""
    return pytest.mark.parametrize(
        "target",
        [pytest.param(n, marks=pytest.mark.needs(*tools(n, compiler))) for n in names],
    )


# How every op is compiled for a set of instructions, and the types of inputs. The flash of an AVR
# has no room for all at -O2. Other cores have the instructions of one of these, for integers:
# `test_whole_models` and `test_random_graphs` run there. The latter inline everything.
EVERY_OP = {
    "cortex-m0": ("-O2", "int8"),
    "cortex-m4": ("-O2", "int16"),
    "rv32imc": ("-O1", "uint8"),
    "avr": ("-Os", "int8", "uint8", "int16"),
}


@cache
def every_op(dtype="int8", target=""):
    """On an AVR, whose flash has no room for all, `test_random_graphs` runs the newer ones.

    Nor has it room for the traces of many samples: 11 kB each.
    """
    graph = every_integer_op(6, dtype, signals=target != "avr")
    return graph, samples(np.random.default_rng(7), graph.input, 2 if target == "avr" else 3)


@cache
def every_tensor(dtype="int8", target="", *, host=False):
    """A program that compares every tensor of a graph of every op."""
    return exactness.tracing_program(*every_op(dtype, target), host=host)


X, Y = datasets.load_digits()
FEW = np.concatenate([np.flatnonzero(label == Y)[:20] for label in range(3)])


@cache
def fitted(name):
    """Pipelines that fit a microcontroller of 16 kB."""
    random = RandomConvFeatures(n_kernels=4, kernel_size=3, pool_size=2, random_state=0)
    pcanet = PCANetFeatures(output="float32", n_kernels=(3, 3), kernel_size=3, block_size=4)
    steps = {
        "random": (random, LogisticRegression(max_iter=2000)),
        "laplacian": (random, LaplacianNuSVC(nu=0.2)),
        "pcanet": (pcanet, LogisticRegression(max_iter=2000)),
    }[name]
    return make_pipeline(*steps).fit(X[FEW], Y[FEW])


@cache
def special_program(target):
    """A program that compares every tensor of a graph that uses the routines of a target."""
    graph, x = every_op()
    special = op_by_op(graph, get_target(target))
    assert sum(isinstance(node.op, Packed) for node in special.nodes) >= 10
    return exactness.tracing_program(special, x, host=False)


@cache
def whole_model(name, target):
    """A program that compares a model, exported for a target, on four samples."""
    model = to_c(fitted(name), X[FEW], name="m", target=target)
    flat = X[FEW].reshape(len(FEW), -1)[::15]
    x = fixed.quantize_input(model.graph.input, flat)
    return exactness.program(model.graph, x, host=False)


@on(EVERY_OP)
def test_every_tensor_of_every_op(target):
    """Each core with inputs of one type, every other one optimised for size; an AVR with all."""
    optimise, *dtypes = EVERY_OP[target]
    for dtype in dtypes:
        sources = every_tensor(dtype, "avr" if target == "avr" else "")
        flags = (optimise, "-DM_TRACE", *(() if target == "avr" else (exactness.APART,)))
        assert exactness.on_target(sources, target, flags) == 0


def whole_models():
    """All of them for each set of instructions, one for each core that shares a set."""
    names = ["random", "laplacian", "pcanet"]
    for number, target in enumerate(SIMULATED):
        some = names if target in EVERY_OP else [names[number % len(names)]]
        for name in some:
            yield pytest.param(target, name, marks=pytest.mark.needs(*tools(target)))


@pytest.mark.parametrize(("target", "name"), list(whole_models()))
def test_whole_models(target, name):
    assert exactness.on_target(whole_model(name, target), target, ("-Os",)) == 0


@on(["cortex-m0", "rv32imc"])
@pytest.mark.parametrize("name", ["random", "laplacian"])
def test_what_was_made_for_another_core_is_slower_there_not_wrong(target, name):
    assert exactness.on_target(whole_model(name, "cortex-m4"), target) == 0


@on(["cortex-m0"], "clang")
@pytest.mark.parametrize("flag", ["-Os"])
def test_clang_for_microcontrollers(target, flag):
    """Without optimisation the same C runs on this machine."""
    flags = (flag, "-DM_TRACE", exactness.APART)
    assert exactness.on_target(every_tensor(), target, flags, compiler="clang") == 0


@on(["cortex-m4"], "clang")
@pytest.mark.parametrize("flag", ["-O3"])
def test_clang_for_what_is_specialised(target, flag):
    """The linker is GNU's, which does not read what clang leaves for link-time optimisation."""
    sources, flags = special_program(target), (flag, "-DM_TRACE", exactness.APART)
    assert exactness.on_target(sources, target, flags, compiler="clang") == 0


@pytest.mark.parametrize(
    ("target", "flag"),
    [
        pytest.param(target, flag, marks=pytest.mark.needs(*tools(target)))
        for target, flags in OPTIMISATIONS.items()
        for flag in flags
    ],
)
def test_any_optimisation_for_microcontrollers(target, flag):
    assert exactness.on_target(whole_model("random", target), target, ("-O2", flag)) == 0


@pytest.mark.parametrize(
    ("compiler", "flag"),
    [
        pytest.param("gcc", "-O0", marks=pytest.mark.needs("gcc")),
        pytest.param("clang", "-O1", marks=pytest.mark.needs("clang")),
    ],
)
def test_any_compiler_on_this_machine(tmp_path, compiler, flag):
    flags = (flag, "-DM_TRACE", exactness.APART)
    sources = every_tensor(host=True)
    assert exactness.run_program(sources, flags, tmp_path, compiler) == 0


@pytest.mark.needs("cc")
def test_the_comparison_of_all_tensors_sees_one_wrong_byte(tmp_path):
    graph = quantized_example(example_graphs()["two layers"])
    sources = exactness.tracing_program(graph, example_samples(graph, 3), host=True)
    lines = sources["vectors.h"].splitlines()
    at = next(i for i, line in enumerate(lines) if " traces[" in line) + 1
    first, rest = lines[at].split(",", 1)
    lines[at] = f"{(int(first) + 1) % 256},{rest}"
    sources["vectors.h"] = "\n".join(lines) + "\n"
    assert exactness.run_program(sources, ("-O1", "-DM_TRACE"), tmp_path) == 1


def test_what_a_target_can_do():
    assert [name for name, target in TARGETS.items() if target.has_dsp] == [
        "cortex-m4",
        "cortex-m4f",
        "cortex-m7",
        "cortex-m33",
    ]
    assert get_target("cortex-m7").has_fpu
    assert not get_target("cortex-m4").has_fpu
    wanted = "'portable', 'cortex-m0', 'cortex-m0plus', 'cortex-m3', .* 'rv32imc', 'avr'"
    with pytest.raises(ValueError, match=f"target is 'z80', expected one of {wanted}"):
        get_target("z80")
