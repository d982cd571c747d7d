"""The commands and their options."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

from skconv import __version__
from skconv.cli import commands
from skconv.cli.errors import EXIT_CODES

_RUNS_CODE = (
    "joblib file of the fitted Pipeline; loading it runs code, so open only files you trust"
)
_ARRAY = "FILE.npy, FILE.npz or FILE.npz:NAME"
_SAMPLES = "samples like those that the device will see: FILE.npy, FILE.npz or FILE.npz:NAME"


class _Command(argparse.ArgumentParser):
    """A command that makes its options only when it is called."""

    fill: Callable[[argparse.ArgumentParser], None] | None = None

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        if self.fill is not None:
            fill, self.fill = self.fill, None
            fill(self)
        return super().parse_known_args(args, namespace)


def parser() -> argparse.ArgumentParser:
    """The commands and their options."""
    as_module = Path(sys.argv[0]).name == "__main__.py"
    top = argparse.ArgumentParser(
        prog="python -m skconv" if as_module else "skconv",
        description="Convolutional features for scikit-learn, and whole Pipelines as C.",
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="version", version=f"skconv {__version__}")
    added = top.add_subparsers(
        dest="command", required=True, metavar="command", parser_class=_Command
    )
    _add(added, commands.demo, _demo, "train four pipelines, export them, compare")
    _add(added, commands.export, _export, "write a fitted Pipeline as a folder of C")
    _add(added, commands.search, _search, "find the best model that a chip has room for")
    _add(added, commands.report, _report, "print what the C costs: flash, RAM, operations")
    _add(added, commands.verify, _verify, "compile the C and compare it with its definition")
    _add(added, commands.check, _check, "compare a folder with its manifest, and with a chip")
    _add(added, commands.bench, _bench, "run the C on a simulated microcontroller and measure it")
    return top


def _add(
    added: Any,
    run: Callable[[argparse.Namespace], int],
    fill: Callable[[argparse.ArgumentParser], None],
    does: str,
) -> None:
    command = added.add_parser(
        run.__name__,
        help=does,
        description=does[0].upper() + does[1:] + ".",
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.set_defaults(run=run)
    command.fill = fill


def _demo(command: argparse.ArgumentParser) -> None:
    command.add_argument("--data", choices=("digits", "fashion-mnist"), default="digits")


def _export(command: argparse.ArgumentParser) -> None:
    command.add_argument("-o", "--output", type=Path, required=True, help="folder to write")
    _add_model(command)


def _search(command: argparse.ArgumentParser) -> None:
    from skconv.target.chips import CHIPS

    command.add_argument("X", metavar="X", help="images or signals: " + _ARRAY)
    command.add_argument("y", metavar="y", help="their labels or values: " + _ARRAY)
    command.add_argument("-o", "--output", type=Path, help="folder for the C")
    command.add_argument("--model", type=Path, metavar="FILE", help="joblib file for the Pipeline")
    kinds = ("images", "signals")
    command.add_argument("--kind", choices=kinds, help="what X holds; by default its shape tells")
    command.add_argument("--chip", choices=tuple(CHIPS), help="what the model has to fit")
    for name, what in (
        ("flash-bytes", "most flash: tables, and code as estimated"),
        ("ram-bytes", "most RAM: working memory, input and output"),
        ("instructions", "most instructions of one inference, as estimated for a Cortex-M4"),
        ("n-candidates", "models to fit; 60 by default, unless there is a time limit"),
        ("time-limit", "seconds after which no further candidate is begun"),
        ("n-jobs", "candidates at a time; -1 takes all processors"),
        ("seed", "makes candidates reproducible"),
    ):
        command.add_argument(f"--{name}", type=int, metavar="N", help=what)
    command.add_argument("--study", type=Path, metavar="FILE", help="keeps every measurement")
    command.add_argument("--resume", action="store_true", help="go on with the study")
    _add_json(command)


def _report(command: argparse.ArgumentParser) -> None:
    from skconv.target.chips import CHIPS

    command.add_argument(
        "--chip", dest="for_chip", choices=tuple(CHIPS), help="say whether the model fits it"
    )
    _add_json(command)
    _add_model(command, without=("chip",))


def _verify(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--samples", metavar="FILE", help="samples to compare on; those of --calibration by default"
    )
    _add_json(command)
    _add_model(command)


def _check(command: argparse.ArgumentParser) -> None:
    from skconv.target.chips import CHIPS

    command.add_argument("folder", type=Path, help="what export wrote")
    command.add_argument("--chip", choices=tuple(CHIPS), help="what the model has to fit")
    for kind in ("flash", "ram"):
        what = f"the same by numbers: bytes of {kind} that the model may take"
        command.add_argument(f"--{kind}-bytes", type=int, metavar="BYTES", help=what)
    _add_json(command)


def _bench(command: argparse.ArgumentParser) -> None:
    command.add_argument("--samples", type=int, default=4, help="how many to run; default: 4")
    command.add_argument(
        "--flags", default="-O2", help="flags of the compiler: write --flags=-O3; default: -O2"
    )
    _add_model(command)


def _add_json(command: argparse.ArgumentParser) -> None:
    command.add_argument("--json", action="store_true", help="print JSON")


def _add_model(command: argparse.ArgumentParser, without: Collection[str] = ()) -> None:
    from skconv.cli.options import add_to_c_options

    command.add_argument("model", type=Path, help=_RUNS_CODE)
    command.add_argument("--calibration", dest="X_calibration", metavar="FILE", help=_SAMPLES)
    add_to_c_options(command, without)
