"""Progress of a long computation, printed in scikit-learn's manner."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

# Who reports, and since when; None where nothing is to be printed.
_worker: ContextVar[tuple[str, float] | None] = ContextVar("worker", default=None)


@contextmanager
def reporting(name: str, verbose: int) -> Iterator[None]:
    """Print the reports of this block, under a name, if ``verbose``.

    A block inside another leaves the name as it is: the user called the outer one.

    Examples
    --------
    >>> from skconv.utils.progress import report, reporting
    >>> with reporting("Search", verbose=1):
    ...     report("step 1 of 2")  # doctest: +ELLIPSIS
    [Search] step 1 of 2, 0.0 s
    >>> report("nobody listens")
    """
    if not verbose or _worker.get() is not None:
        yield
        return
    token = _worker.set((name, time.perf_counter()))
    try:
        yield
    finally:
        _worker.reset(token)


@contextmanager
def quietly() -> Iterator[None]:
    """Print nothing of what is reported in this block.

    Examples
    --------
    >>> from skconv.utils.progress import quietly, report, reporting
    >>> with reporting("Search", verbose=1), quietly():
    ...     report("step 1 of 2")
    """
    token = _worker.set(None)
    try:
        yield
    finally:
        _worker.reset(token)


def report(what: str) -> None:
    """Print what has just been done and the seconds since the start, inside `reporting`."""
    worker = _worker.get()
    if worker is not None:
        name, start = worker
        print(f"[{name}] {what}, {time.perf_counter() - start:.1f} s", flush=True)
