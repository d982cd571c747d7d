"""The commands and their options."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

from skconv import __version__
from skconv.cli import commands
from skconv.cli.completion import SHELLS, completion
from skconv.cli.compressing import compress
from skconv.cli.errors import EXIT_CODES
from skconv.cli.fit import fit
from skconv.cli.show import show

_RUNS_CODE = (
    "joblib file of the fitted Pipeline; loading it runs code, so open only files you trust"
)
_ARRAY = "FILE.npy, FILE.npz or FILE.npz:NAME"
_SAMPLES = "samples like those that the device will see: FILE.npy, FILE.npz or FILE.npz:NAME"


class _Command(argparse.ArgumentParser):
    """A command that makes its options only when it is called."""

    fill: Callable[[argparse.ArgumentParser], None] | None = None

    def complete(self) -> None:
        """Make the options, once."""
        if self.fill is not None:
            fill, self.fill = self.fill, None
            fill(self)

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        self.complete()
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
    _add(added, fit, _fit, "train on a folder of images, sounds or signals, and write model and C")
    _add(added, commands.export, _export, "write a fitted Pipeline as a folder of C")
    _add(added, commands.search, _search, "find the best model that a chip has room for")
    _add(added, commands.report, _report, "print what the C costs: flash, RAM, operations")
    _add(added, commands.verify, _verify, "compile the C and compare it with its definition")
    _add(added, commands.check, _check, "compare a folder with its manifest, and with a chip")
    _add(added, commands.bench, _bench, "run the C on a simulated microcontroller and measure it")
    _add(added, compress, _compress, "make a fitted Pipeline smaller")
    _add(added, show, _show, "print what a fitted Pipeline holds, and draw its kernels")
    _add(added, completion, _completion, "print what a shell completes commands with")
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
    _add_json(command)


def _fit(command: argparse.ArgumentParser) -> None:
    from skconv.target.chips import CHIPS

    command.add_argument("folder", type=Path, help="a folder with a subfolder for each class")
    command.add_argument(
        "-o", "--output", type=Path, required=True, metavar="FILE", help="joblib file to write"
    )
    command.add_argument(
        "--firmware", type=Path, metavar="FOLDER", help="for the C; default: beside FILE"
    )
    command.add_argument("--test", type=Path, metavar="FOLDER", help="held-out files, likewise")
    command.add_argument("--chip", choices=tuple(CHIPS), help="what the model has to fit")
    command.add_argument(
        "--time-limit", type=float, default=60, metavar="S", help="seconds to search; default: 60"
    )
    command.add_argument("--size", type=image_size, metavar="HxW", help="bring images to one size")
    colors = command.add_mutually_exclusive_group()
    for option, value in (("gray", False), ("color", True)):
        what = f"take images in {'colour' if value else 'grey'}"
        colors.add_argument(
            f"--{option}", dest="color", action="store_const", const=value, help=what
        )
    command.add_argument("--rate", type=int, metavar="HZ", help="samples a second of sounds")
    command.add_argument(
        "--length", type=float, metavar="N", help="cut recordings: seconds of sound, or rows"
    )
    command.add_argument(
        "--kind", choices=("images", "signals"), help="what npy and CSV files hold"
    )
    for name, what in (
        ("n-candidates", "Pipelines to try at most"),
        ("n-jobs", "Pipelines at a time; -1 takes all processors"),
    ):
        command.add_argument(f"--{name}", type=int, metavar="N", help=what)
    command.add_argument("--seed", type=int, default=0, metavar="N", help="default: 0")
    _add_json(command)


def image_size(text: str) -> tuple[int, int]:
    """Height and width out of ``32x48``."""
    found = re.fullmatch(r"(\d+)x(\d+)", text.strip().lower())
    if found is None or "0" in found.groups():
        raise argparse.ArgumentTypeError(f"{text!r} is no size, expected HxW such as 32x32")
    return int(found[1]), int(found[2])


def _compress(command: argparse.ArgumentParser) -> None:
    from skconv.passes.compress import PASSES
    from skconv.target.targets import TARGETS

    command.add_argument("model", type=Path, help=_RUNS_CODE)
    command.add_argument("X", metavar="X", help="samples that it was fitted to: " + _ARRAY)
    command.add_argument("y", metavar="y", nargs="?", help="their labels or values: " + _ARRAY)
    command.add_argument(
        "-o", "--output", type=Path, required=True, metavar="FILE", help="joblib file to write"
    )
    command.add_argument(
        "--pass",
        dest="passes",
        action="append",
        metavar="NAME[:PARAMETER=VALUE,...]",
        help=f"in this order, SecondOrderRounding by default; one of {', '.join(PASSES)}",
    )
    command.add_argument("--budget", type=int, metavar="BYTES", help="of flash, then passes end")
    command.add_argument(
        "--target", choices=tuple(TARGETS), default="cortex-m4", help="of the costs"
    )
    _add_json(command)


def _show(command: argparse.ArgumentParser) -> None:
    command.add_argument("model", type=Path, help=_RUNS_CODE)
    command.add_argument(
        "-o", "--output", type=Path, metavar="FILE", help="picture of the kernels: .png .svg .pdf"
    )
    command.add_argument("--step", metavar="NAME", help="the step whose kernels are drawn")
    _add_json(command)


def _completion(command: argparse.ArgumentParser) -> None:
    command.add_argument("shell", choices=SHELLS)


def _export(command: argparse.ArgumentParser) -> None:
    command.add_argument("-o", "--output", type=Path, required=True, help="folder to write")
    _add_json(command)
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
    command.add_argument(
        "-o", "--output", type=Path, metavar="FILE", help="write it as a page, too: FILE.html"
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
    _add_json(command)
    _add_model(command)


def _add_json(command: argparse.ArgumentParser) -> None:
    command.add_argument("--json", action="store_true", help="print JSON")


def _add_model(command: argparse.ArgumentParser, without: Collection[str] = ()) -> None:
    from skconv.cli.options import add_to_c_options

    command.add_argument("model", type=Path, help=_RUNS_CODE)
    command.add_argument("--calibration", dest="X_calibration", metavar="FILE", help=_SAMPLES)
    add_to_c_options(command, without)
