"""The command line: ``python -m skconv demo`` and ``python -m skconv export``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any


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
    export.add_argument(
        "model", type=Path, help="joblib file; loading one runs code: only open your own"
    )
    export.add_argument("--calibration", type=Path, help="samples (.npy), wanted for int8")
    export.add_argument("-o", "--output", type=Path, required=True, help="folder to write")
    export.add_argument("--name", help="prefix of all C symbols; the file's name by default")
    export.add_argument("--dtype", choices=("int8", "float32"), default="int8")
    export.add_argument("--target", default="cortex-m4")
    return top


def export(arguments: argparse.Namespace) -> int:
    """Load, convert, compare with the integer definition, write."""
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
    print(model.report())
    if samples is not None:
        print(model.verify(samples))
    model.save(arguments.output)
    print(f"written: {arguments.output}")
    return 0


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
        from skconv import demo

        return demo.main(arguments.data)
    except (ValueError, OSError) as error:
        print(f"skconv: {error}", file=sys.stderr)
        return 2
