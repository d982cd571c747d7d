"""The command line: ``python -m skconv demo``, ``export`` and ``bench``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from skconv.emulator import BuildError, MissingToolError

if TYPE_CHECKING:
    from skconv.export import CModel


def parser() -> argparse.ArgumentParser:
    """The commands and their options."""
    top = argparse.ArgumentParser(
        prog="python -m skconv",
        description="Convolutional features for scikit-learn, and whole Pipelines as C.",
    )
    commands = top.add_subparsers(dest="command", required=True)
    demo = commands.add_parser("demo", help="train four pipelines, export them, compare")
    demo.add_argument("--data", choices=("digits", "fashion-mnist"), default="digits")
    export = commands.add_parser("export", help="a fitted Pipeline (joblib) to a folder of C")
    _add_model(export, calibration="samples (.npy), wanted for int8")
    export.add_argument("-o", "--output", type=Path, required=True, help="folder to write")
    bench = commands.add_parser(
        "bench", help="run a fitted Pipeline's C on a simulated microcontroller and measure it"
    )
    _add_model(bench, calibration="samples (.npy); the first of them are run")
    bench.add_argument("--samples", type=int, default=4, help="how many of them to run")
    bench.add_argument("--flags", default="-O2", help="flags of the compiler")
    return top


def _add_model(command: argparse.ArgumentParser, calibration: str) -> None:
    command.add_argument(
        "model", type=Path, help="joblib file; loading one runs code: only open your own"
    )
    command.add_argument("--calibration", type=Path, help=calibration)
    command.add_argument("--name", help="prefix of all C symbols; the file's name by default")
    command.add_argument("--dtype", choices=("int8", "float32"), default="int8")
    command.add_argument("--target", default="cortex-m4")


def export(arguments: argparse.Namespace) -> int:
    """Load, convert, compare with the integer definition, write."""
    model, samples = _converted(arguments)
    print(model.report())
    if samples is not None:
        print(model.verify(samples))
    model.save(arguments.output)
    print(f"written: {arguments.output}")
    return 0


def bench(arguments: argparse.Namespace) -> int:
    """Load, convert, build for the target, run, and print what was counted."""
    if arguments.samples < 1:
        raise ValueError(f"--samples is {arguments.samples}, wanted 1 or more")
    model, samples = _converted(arguments)
    flags = tuple(arguments.flags.split())
    found = model.benchmark(X=samples, n_samples=arguments.samples, flags=flags)
    print(found)
    return 1 if found.wrong else 0


def _converted(arguments: argparse.Namespace) -> tuple[CModel, Any]:
    """The exported model, and the samples that it was calibrated with."""
    from skconv import to_c

    pipeline = _load(arguments.model)
    samples = None if arguments.calibration is None else _samples(arguments.calibration)
    model = to_c(
        pipeline,
        samples,
        name=arguments.name or arguments.model.stem.replace("-", "_"),
        dtype=arguments.dtype,
        target=arguments.target,
    )
    return model, samples


def _load(path: Path) -> Any:
    import joblib

    if not path.is_file():
        raise ValueError(f"model: no file {path}")
    try:
        return joblib.load(path)
    except Exception as error:
        raise ValueError(f"model: {path} is not a joblib file ({error})") from error


def _samples(path: Path) -> Any:
    import numpy as np

    if not path.is_file():
        raise ValueError(f"--calibration: no file {path}")
    try:
        return np.load(path, allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise ValueError(f"--calibration: {path} is not a .npy array ({error})") from error


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; what is wrong with the input is one line and exit code 2."""
    arguments = parser().parse_args(argv)
    try:
        if arguments.command == "export":
            return export(arguments)
        if arguments.command == "bench":
            return bench(arguments)
        from skconv import demo

        return demo.main(arguments.data)
    except (ValueError, OSError, MissingToolError, BuildError) as error:
        print(f"skconv: {error}", file=sys.stderr)
        return 2
