"""What the commands do."""

from __future__ import annotations

import argparse
import re
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from skconv.cli.errors import DIFFERS, OK, UsageError
from skconv.cli.files import SAVE_SAMPLES, load_labels, load_model, load_samples, save_model
from skconv.cli.options import to_c_options
from skconv.cli.printing import print_result, progress_aside, warn

if TYPE_CHECKING:
    from skconv.deploy import CModel


def demo(arguments: argparse.Namespace) -> int:
    """Train, export and compare four pipelines."""
    from skconv import demo

    if not arguments.json:
        return demo.main(arguments.data)
    rows = list(demo.run(demo.load(arguments.data)))
    print_result([asdict(row) for row in rows], True)
    return DIFFERS if any(row.differing_bytes for row in rows) else OK


def export(arguments: argparse.Namespace) -> int:
    """Convert, compare with the definition, write a folder."""
    if arguments.output.exists() and not arguments.output.is_dir():
        raise UsageError(
            f"-o: {arguments.output} is a file. Write -o FOLDER, a folder to write to."
        )
    model, samples = _converted(arguments)
    cost, checked = model.report(), None
    if samples is None:
        warn(
            "no --calibration, so the C was not compared with the model, and the folder gets no "
            f"test vectors. {SAVE_SAMPLES}"
        )
    else:
        checked = model.verify(samples)
    if not arguments.json:
        print(cost, *([] if checked is None else [checked]), sep="\n")
    model.save(arguments.output)
    if arguments.json:
        compared = None if checked is None else asdict(checked)
        facts = {"report": cost.to_dict(), "verification": compared, "folder": arguments.output}
        print_result(facts, True)
    else:
        print(f"written: {arguments.output}")
    return OK


def search(arguments: argparse.Namespace) -> int:
    """Search for the best model in a budget, write a folder and the fitted estimator."""
    if arguments.output is None and arguments.model is None:
        raise UsageError("nowhere to write what is found. Write -o FOLDER, or --model FILE.joblib.")
    X, y = load_samples(arguments.X, "X"), load_labels(arguments.y, "y")
    if len(X) != len(y):
        raise UsageError(f"X holds {len(X)} samples and y {len(y)} labels, expected as many.")
    with progress_aside():
        found = make_search(arguments).fit(X, y)
    if arguments.json:
        print_result(found.pareto_front_.to_dicts(), True)
    else:
        print(found.pareto_front_)
        print(found.best_model_.report(arguments.chip))
    if arguments.output is not None:
        found.best_model_.save(arguments.output)
    if arguments.model is not None:
        save_model(found.best_estimator_, arguments.model)
    return OK


def report(arguments: argparse.Namespace) -> int:
    """Print what the C will cost."""
    model, _ = _converted(arguments)
    found = model.report(chip=arguments.for_chip)
    if arguments.output is not None:
        found.save(arguments.output)
    print_result(found, arguments.json)
    return OK


def verify(arguments: argparse.Namespace) -> int:
    """Compare the compiled C with its definition, byte by byte."""
    model, samples = _converted(arguments)
    if arguments.samples is not None:
        samples = load_samples(arguments.samples, "--samples")
    if samples is None:
        raise UsageError("no samples to compare on. Write --samples X_test.npy.")
    found = model.verify(samples)
    print_result(found, arguments.json)
    if found.message:
        raise UsageError(f"nothing was compared: {found.message}")
    return DIFFERS if found.differing_bytes else OK


def check(arguments: argparse.Namespace) -> int:
    """Compare a folder with its manifest."""
    from skconv.deploy.manifest_check import check_folder

    limits = {name: getattr(arguments, name) for name in ("chip", "flash_bytes", "ram_bytes")}
    found = check_folder(arguments.folder, **limits)
    print_result(found, arguments.json)
    return OK if found.passed else DIFFERS


def bench(arguments: argparse.Namespace) -> int:
    """Run the C on a simulated microcontroller, and print what was counted."""
    if arguments.samples < 1:
        raise UsageError(
            f"--samples is {arguments.samples}, expected 1 or more. Write --samples 4."
        )
    model, samples = _converted(arguments)
    if samples is None:
        raise UsageError(f"no --calibration, so there is no sample to run. {SAVE_SAMPLES}")
    flags = tuple(arguments.flags.split())
    found = model.benchmark(X=samples, n_samples=arguments.samples, flags=flags)
    print_result(found, arguments.json)
    return DIFFERS if found.wrong else OK


def _converted(arguments: argparse.Namespace) -> tuple[CModel, Any]:
    """The exported model, and the samples that it was calibrated with."""
    estimator = load_model(arguments.model)
    given = arguments.X_calibration
    samples = None if given is None else load_samples(given)
    if samples is None and arguments.dtype != "float32":
        raise UsageError(
            f"no --calibration: integers need samples like those that the device will see. "
            f"{SAVE_SAMPLES} Or write --dtype float32."
        )
    options = {p.name: getattr(arguments, p.name) for p in to_c_options()}
    options["name"] = options["name"] or re.sub(r"\W", "_", arguments.model.stem)
    return make_c(estimator, samples, **options), samples


def make_c(estimator: Any, samples: Any, **options: Any) -> CModel:
    """`skconv.to_c`, which is not imported before it is needed."""
    from skconv.deploy.conversion import to_c

    return to_c(estimator, samples, **options)


def make_search(arguments: argparse.Namespace) -> Any:
    """`skconv.BudgetSearchCV`, which is not imported before it is needed."""
    from skconv.search import BudgetSearchCV

    names = ("chip", "ram_bytes", "flash_bytes", "instructions", "n_candidates", "time_limit")
    more = {name: getattr(arguments, name) for name in (*names, "study", "resume", "n_jobs")}
    return BudgetSearchCV(arguments.kind, **more, random_state=arguments.seed, verbose=1)
