"""Runs a command; an error is one line and an exit code."""

from __future__ import annotations

import os
import sys
import traceback
import warnings
from collections.abc import Sequence
from typing import Any

from skconv.cli.errors import INTERRUPTED, UNEXPECTED, WRONG_INPUT, UsageError
from skconv.cli.files import one_line
from skconv.cli.parser import parser
from skconv.cli.printing import warn
from skconv.emulator import BuildError, MissingToolError

# What the library raises where input, options or this machine are not as they must be.
_EXPECTED = (
    UsageError,
    ValueError,
    OSError,
    ImportError,
    MissingToolError,
    BuildError,
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code; argv is that of the program by default."""
    arguments = parser().parse_args(argv)
    with warnings.catch_warnings():
        warnings.showwarning = _show_warning
        try:
            return int(arguments.run(arguments))
        except KeyboardInterrupt:
            return INTERRUPTED
        except BrokenPipeError:
            # Who read the output has gone. Nothing more can be written, at exit neither.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return WRONG_INPUT
        except _EXPECTED as error:
            return _failed(one_line(error), WRONG_INPUT)
        except Exception as error:
            advice = "Set SKCONV_TRACEBACK=1 to see where, and report it."
            return _failed(f"{type(error).__name__}: {one_line(error)}. {advice}", UNEXPECTED)


def _failed(message: str, code: int) -> int:
    if os.environ.get("SKCONV_TRACEBACK"):
        traceback.print_exc()
    print(f"skconv: {message}", file=sys.stderr)
    return code


def _show_warning(message: Warning | str, *_: Any, **__: Any) -> None:
    warn(message)
