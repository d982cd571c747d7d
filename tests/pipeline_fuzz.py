"""One random Pipeline from fit to C: what became of it, in one word.

==========  ================================================================================
verdict     meaning
==========  ================================================================================
exact       exported; no byte of any tensor differs from the definition, on held-out samples
            and on numbers at the ends of the input's type
refused     an error of skconv's own that says what is wrong, before anything was written
unfit       scikit-learn itself could not fit the Pipeline (an infeasible nu, say)
differs     bytes differ, or a float export is off by more than its tolerance
silent      the exported model does not do what the Pipeline does, and no warning said so
unclear     any other exception
==========  ================================================================================
"""

from __future__ import annotations

import os
import shutil
import tempfile
import traceback
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
from sklearn.base import is_regressor
from sklearn.metrics import r2_score

import skconv
from skconv.deploy import CModel
from skconv.deploy.compiled import CompiledGraph
from skconv.exceptions import SkconvWarning
from skconv.graph import Graph, Hash, KernelMachine, KNearest, Sign
from skconv.runtime import fixed, reference
from tests.exactness import run_program
from tests.random_pipelines import Case, draw_case

# Fast to build: what is held together is the bytes, and other tests do that for -O2 and -O3.
FLAGS = ("-std=c99", "-O0", "-DSKCONV_NO_OPTIMIZE_WARNING")
FITTED = 60
FLOAT_TOLERANCE = 1e-4
LEAST_AGREEMENT = 0.95
# A response near a limit is on the other side of it in float32.
DISCONTINUOUS = (Hash, KNearest, Sign)
# One case in so many is saved as a project, and its own test program is built and run.
SAVED_EVERY = 40
# tcc builds a model in ten milliseconds, gcc in half a second. One case in so many is gcc's.
QUICK_COMPILER, COMPILER, COMPILER_EVERY = "tcc", "cc", 40

HOME = str(Path(skconv.__file__).parent)
VERDICTS = ("exact", "refused", "unfit", "differs", "silent", "unclear")
WRONG = ("differs", "silent", "unclear")


@dataclass(frozen=True)
class Outcome:
    """What became of the Pipeline of a seed, and why."""

    seed: int
    verdict: str
    detail: str = ""
    compared_bytes: int = 0
    is_warned: bool = False

    @property
    def is_wrong(self) -> bool:
        return self.verdict in WRONG


@contextmanager
def compiler_of(seed: int) -> Iterator[None]:
    """The compiler that a seed is built by."""
    quick = seed % COMPILER_EVERY and shutil.which(QUICK_COMPILER)
    before = os.environ.get("CC")
    os.environ["CC"] = QUICK_COMPILER if quick else COMPILER
    try:
        yield
    finally:
        del os.environ["CC"]
        if before is not None:
            os.environ["CC"] = before


def run_seed(seed: int) -> Outcome:
    """Draw, fit, export, build and compare the case of a seed."""
    with compiler_of(seed):
        return _run(draw_case(seed))


def _run(case: Case) -> Outcome:
    data = case.data
    held = data.X[FITTED:]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            fitted = case.pipeline.fit(data.X[:FITTED], data.y[:FITTED])
    except Exception as error:
        return _fit_failed(case, error)
    try:
        with warnings.catch_warnings(record=True) as seen:
            warnings.simplefilter("always")
            model = skconv.to_c(fitted, data.X[:FITTED], name="m", **case.options)
        told = any(issubclass(w.category, SkconvWarning) for w in seen)
        return _checked(case, model, held, told)
    except Exception as error:
        return _failed(case, error)


def _checked(case: Case, model: CModel, held: Any, told: bool) -> Outcome:
    compared, wrong = _compare(model, held, case.seed)
    if wrong:
        return Outcome(case.seed, "differs", f"{wrong}\n{case}", compared)
    if case.seed % SAVED_EVERY == 0 and (wrong := _self_test(model)):
        return Outcome(case.seed, "differs", f"self test: {wrong}\n{case}", compared)
    if _turns_bits(model.graph):
        return Outcome(case.seed, "exact", "", compared)
    agreement = _agreement(model, case)
    if agreement < LEAST_AGREEMENT and not told:
        return Outcome(case.seed, "silent", f"agreement {agreement:.3f}\n{case}", compared)
    return Outcome(case.seed, "exact", "", compared, told)


def _compare(model: CModel, held: Any, seed: int) -> tuple[int, str]:
    """Bytes compared, and what is wrong with them: empty where nothing is."""
    if model.graph.domain == "float":
        return 0, _float_error(model, held)
    spec = model.graph.input
    flat = held.reshape(len(held), -1).astype(np.float64)
    samples = np.concatenate([fixed.quantize_input(spec, flat), _extremes(spec, seed)])
    compiled = CompiledGraph(model.graph, "m", FLAGS).tensors(samples)
    wanted = fixed.tensors(model.graph, samples)
    compared = differing = 0
    for node in model.graph.nodes:
        a, b = np.ascontiguousarray(wanted[node.name]), np.ascontiguousarray(compiled[node.name])
        compared += a.nbytes
        differing += int((a.view(np.uint8) != b.view(np.uint8)).sum())
    return compared, f"{differing} of {compared} bytes differ" if differing else ""


def _float_error(model: CModel, held: Any) -> str:
    """What is wrong with a float export, if anything."""
    if _turns_bits(model.graph):
        return ""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        error = model.verify(held).relative_error or 0.0
    tolerance = FLOAT_TOLERANCE * max(1.0, _cancellation(model.graph, held))
    return f"relative error {error:.1e} > {tolerance:.1e}" if error > tolerance else ""


def _turns_bits(graph: Graph) -> bool:
    """Whether a rounding of float32 may turn a bit: the float runtimes then differ by right."""
    return graph.domain == "float" and any(isinstance(n.op, DISCONTINUOUS) for n in graph.nodes)


def _cancellation(graph: Graph, held: Any) -> float:
    """How much larger the summands of a kernel machine are than what is left of them."""
    node = next((node for node in graph.nodes if isinstance(node.op, KernelMachine)), None)
    if node is None:
        return 1.0
    machine = cast(KernelMachine, node.op)
    names = (*node.inputs, node.name)
    tensors = reference.tensors(graph, held.reshape(len(held), -1), names)
    x, scores = (tensors[name] for name in names)
    summands = np.abs(reference.kernel_values(machine, x)) @ np.abs(machine.dual_coef).T
    return float(summands.max() / np.abs(scores).max())


def _extremes(spec: Any, seed: int) -> Any:
    """Samples of the least and the largest numbers that the device can deliver."""
    rng = np.random.default_rng(seed)
    low, high = spec.limits
    ends = rng.choice([low, high], (4, spec.size))
    any_number = rng.integers(low, high + 1, (4, spec.size))
    return np.concatenate([ends, any_number]).astype(spec.dtype)


def _self_test(model: CModel) -> str:
    """What the test program of the saved project says, where it is not that all is well."""
    with tempfile.TemporaryDirectory() as folder:
        saved = model.save(Path(folder) / "firmware")
        files = {
            str(path.relative_to(saved)): path.read_text()
            for path in saved.rglob("*")
            if path.suffix in (".c", ".h")
        }
        tests = {name: text for name, text in files.items() if "self_test" in name}
        if not tests:
            return ""
        try:
            run_program(files, (*FLAGS[1:], "-I."), Path(folder) / "build")
        except (AssertionError, ValueError) as error:
            text = str(error)
            return "" if ": 0 of " in text else text
    return ""


def _agreement(model: CModel, case: Case) -> float:
    """How far the integers do on the calibration samples what the Pipeline does."""
    X = case.data.X[:FITTED]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if model.graph.is_classifier:
            return float(np.mean(model.predict(X, engine="fixed") == case.pipeline.predict(X)))
        use = case.pipeline.predict if is_regressor(case.pipeline) else case.pipeline.transform
        wanted = use(X)
        wanted = wanted.toarray() if hasattr(wanted, "toarray") else np.asarray(wanted)
        found = model.predict(X, engine="fixed") if is_regressor(case.pipeline) else None
        found = model.transform(X, engine="fixed") if found is None else found
    wanted, found = wanted.reshape(len(X), -1), np.asarray(found).reshape(len(X), -1)
    varied = wanted.std(axis=0) > 1e-6 * (np.abs(wanted).max() or 1.0)
    if not varied.any():
        return 1.0
    weighting = "raw_values" if is_regressor(case.pipeline) else "variance_weighted"
    return float(np.min(r2_score(wanted[:, varied], found[:, varied], multioutput=weighting)))


# -------------------------------------------------------------------------------- errors


def _is_ours(error: BaseException) -> bool:
    """Whether skconv itself raised a ValueError, which names what is wrong."""
    frames = traceback.extract_tb(error.__traceback__)
    return isinstance(error, ValueError) and frames[-1].filename.startswith(HOME)


def _fit_failed(case: Case, error: Exception) -> Outcome:
    """What scikit-learn raises by itself (an infeasible nu, sparse input) is not ours."""
    if _is_ours(error):
        return Outcome(case.seed, "refused", str(error))
    files = [frame.filename for frame in traceback.extract_tb(error.__traceback__)]
    last_is_theirs = "sklearn" in Path(files[-1]).parts
    ours = [file for file in files if file.startswith(HOME)]
    if last_is_theirs and (not ours or isinstance(error, ValueError)):
        return Outcome(case.seed, "unfit", str(error))
    return _unclear(case, error)


def _failed(case: Case, error: Exception) -> Outcome:
    return Outcome(case.seed, "refused", str(error)) if _is_ours(error) else _unclear(case, error)


def _unclear(case: Case, error: Exception) -> Outcome:
    text = "".join(traceback.format_exception(error)[-4:])
    return Outcome(case.seed, "unclear", f"{text}\n{case}")


# ------------------------------------------------------------------------------- counting


def table(outcomes: Iterable[Outcome]) -> str:
    """How many Pipelines came to which end, and how many bytes were compared."""
    found = list(outcomes)
    counts = Counter(outcome.verdict for outcome in found)
    lines = [f"{verdict:<10} {counts[verdict]:>7,}" for verdict in VERDICTS]
    warned = sum(outcome.is_warned for outcome in found)
    lines[0] += f"   {warned:,} of them with a warning that the integers lose accuracy"
    compared = sum(outcome.compared_bytes for outcome in found)
    return "\n".join([*lines, f"{'cases':<10} {len(found):>7,}", f"bytes compared: {compared:,}"])
