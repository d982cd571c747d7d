"""What searches have measured, on disk: it survives a kill, and several may write at a time."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from threading import RLock
from typing import IO, Any

from skconv.utils.locked import locked

# What every line begins with.
BEGINNING = b'{"subject": '


@dataclass(frozen=True)
class Entry:
    """A line of the file: who wrote it, of what, and what was measured."""

    writer: str
    key: str
    measured: dict[str, Any]


class Journal:
    """A file to which every measurement is added as it comes, a line each.

    Lines are added under a lock, and what others have added meanwhile is read first: all that use
    the file know the same lines in the same order. A line that a kill cut off is left out.

    Parameters
    ----------
    path : path-like or None
        None keeps no file.
    subject : str
        A digest of what is searched: samples, space, budget. Only its lines are read.
    writer : str
        Who adds lines. A search that goes on after a kill has the name that it had before.

    Attributes
    ----------
    entries : list of Entry
        In the order of the file.

    Raises
    ------
    ValueError
        Where the file holds something else.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import mkdtemp
    >>> from skconv.search.journal import Journal
    >>> path = Path(mkdtemp()) / "study.jsonl"
    >>> here, there = Journal(path, "digits", "this machine"), Journal(path, "digits", "another")
    >>> there.add("a candidate", {"score": 0.9})
    >>> here.read()
    >>> here.known("a candidate")
    {'score': 0.9}
    """

    def __init__(self, path: Any, subject: str, writer: str = "") -> None:
        self.path = None if path is None else Path(path)
        self.subject = subject
        self.writer = writer
        self.entries: list[Entry] = []
        self._known: dict[str, dict[str, Any]] = {}
        self._end = 0
        self._threads = RLock()  # joblib asks for further jobs in a thread of its own.
        self._check_file()
        self.read()

    def known(self, key: str) -> dict[str, Any] | None:
        """What was measured under that key, the first time."""
        return self._known.get(key)

    def __getitem__(self, key: str) -> dict[str, Any]:
        return self._known[key]

    def read(self) -> None:
        """Take in what others have added."""
        if self.path is not None and self.path.exists():
            with self._threads, self.path.open("rb") as file:
                self._take(file)

    def add(self, key: str, measured: dict[str, Any]) -> None:
        """Keep a measurement; it is on disk when this returns."""
        entry = Entry(self.writer, key, measured)
        if self.path is None:
            self._keep(entry)
            return
        with self._threads, self.path.open("a+b") as file, locked(file):
            self._take(file)
            self._append(file, entry)

    def agreed(self, key: str, measured: dict[str, Any]) -> dict[str, Any]:
        """What the first search wrote under that key; this one does where none has.

        Examples
        --------
        >>> from skconv.search.journal import Journal
        >>> journal = Journal(None, "digits")
        >>> [journal.agreed("seed", {"seed": seed}) for seed in (3, 5)]
        [{'seed': 3}, {'seed': 3}]
        """
        self.read()
        if key not in self._known:
            self.add(key, measured)
        return self._known[key]

    def before(self, mark: str) -> list[Entry]:
        """Lines in front of this writer's mark, which is set the first time.

        A search that goes on after a kill knows at each of its marks what it knew before.
        """
        self.read()
        if self._place(mark) is None:
            self.add(mark, {})
        return self.entries[: self._place(mark)]

    def _check_file(self) -> None:
        """Nothing is added to a file of another kind."""
        if self.path is None or not self.path.exists():
            return
        with self.path.open("rb") as file:
            start = file.read(len(BEGINNING))
        if not BEGINNING.startswith(start):
            raise ValueError(
                f"study={str(self.path)!r} is not a study: it begins with "
                f"{start.decode('latin-1')!r}, expected a file that a search wrote. Write another "
                "name."
            )

    def _place(self, mark: str) -> int | None:
        own = (i for i, e in enumerate(self.entries) if (e.writer, e.key) == (self.writer, mark))
        return next(own, None)

    def _append(self, file: IO[bytes], entry: Entry) -> None:
        line = {"subject": self.subject, **vars(entry)}
        # Under the lock, whatever follows the last newline was cut off by a kill.
        start = b"" if self._end == file.seek(0, os.SEEK_END) else b"\n"
        file.write(start + json.dumps(line).encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())
        self._end = file.tell()
        self._keep(entry)

    def _take(self, file: IO[bytes]) -> None:
        """Read whole lines that were added since the last time."""
        file.seek(self._end)
        added = file.read()
        whole = added[: added.rfind(b"\n") + 1]
        self._end += len(whole)
        for line in whole.splitlines():
            self._keep_line(line)

    def _keep_line(self, line: bytes) -> None:
        try:
            found = json.loads(line)
            entry = Entry(found["writer"], found["key"], found["measured"])
            is_ours = found["subject"] == self.subject
        except (ValueError, TypeError, KeyError):
            return
        if is_ours:
            self._keep(entry)

    def _keep(self, entry: Entry) -> None:
        self.entries.append(entry)
        self._known.setdefault(entry.key, entry.measured)
