"""What a search has measured, on disk: it survives a kill."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


class Journal:
    """A file to which every measurement is added as it comes, a line each.

    A line that a kill cut off is left out when the file is read, and the next one begins anew.

    Parameters
    ----------
    path : path-like or None
        None keeps no file.
    subject : str
        A digest of what is searched: samples, space, budget. Only its lines are read.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import mkdtemp
    >>> from skconv.search.journal import Journal
    >>> path = Path(mkdtemp()) / "study.jsonl"
    >>> Journal(path, "digits").add("a candidate", {"score": 0.9})
    >>> Journal(path, "digits").known("a candidate")
    {'score': 0.9}
    """

    def __init__(self, path: Any, subject: str) -> None:
        self.path = None if path is None else Path(path)
        self.subject = subject
        self._known: dict[str, dict[str, Any]] = {}
        if self.path is not None and self.path.exists():
            self._read(self.path)

    def __len__(self) -> int:
        return len(self._known)

    def known(self, key: str) -> dict[str, Any] | None:
        """What was measured under that key."""
        return self._known.get(key)

    def __getitem__(self, key: str) -> dict[str, Any]:
        return self._known[key]

    def add(self, key: str, measured: dict[str, Any]) -> None:
        """Keep a measurement; it is on disk when this returns."""
        self._known[key] = measured
        if self.path is None:
            return
        line = json.dumps({"subject": self.subject, "key": key, "measured": measured})
        # A newline in front: the line before may be cut off.
        with self.path.open("a", encoding="utf-8") as file:
            file.write(f"\n{line}\n")

    def _read(self, path: Path) -> None:
        for line in path.read_text(encoding="utf-8").splitlines():
            try:
                entry = json.loads(line)
            except ValueError:
                continue
            if entry["subject"] == self.subject:
                self._known[entry["key"]] = entry["measured"]
