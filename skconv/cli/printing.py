"""What commands print: results to standard output, everything else to standard error."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any


def warn(message: object) -> None:
    """Print one line that begins with ``warning``, to standard error."""
    print(f"skconv: warning: {' '.join(str(message).split())}", file=sys.stderr)


def progress(message: str) -> None:
    """Print what a command does now, to standard error."""
    print(f"skconv: {message}", file=sys.stderr, flush=True)


@contextlib.contextmanager
def progress_aside() -> Iterator[None]:
    """What the library prints of its progress goes to standard error."""
    with contextlib.redirect_stdout(sys.stderr):
        yield


def print_result(found: Any, as_json: bool) -> None:
    """A report for people, or for programs."""
    print(as_text(found) if as_json else found)


def as_text(found: Any) -> str:
    """A report as JSON."""
    if hasattr(found, "to_dict"):
        found = found.to_dict()
    elif hasattr(found, "__dataclass_fields__"):
        found = asdict(found)
    return json.dumps(found, indent=2, default=_plain)


def _plain(value: Any) -> Any:
    """A number of numpy as one of Python; text for anything else."""
    return value.item() if hasattr(value, "item") else str(value)
