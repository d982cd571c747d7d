"""A row of results: a case on a data set. Rows are kept in a file, so that a run can go on."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tests.classical.base import N_SAMPLES, Case, tried

Key = tuple[str, str, str]


@dataclass(frozen=True)
class Row:
    """What came of a case on a data set.

    ``differing`` and ``n_samples`` hold, by target, the bytes that differ and the samples that ran:
    none on an AVR that the model does not fit. ``scores`` are those of floats and of integers.
    """

    family: str
    case: str
    data: str
    scores: tuple[float, float] | None
    same: float
    flash_bytes: int
    ram_bytes: int
    differing: dict[str, int]
    n_samples: dict[str, int]

    @property
    def key(self) -> Key:
        return self.family, self.case, self.data

    @property
    def lost(self) -> float | None:
        return None if self.scores is None else self.scores[0] - self.scores[1]

    def __str__(self) -> str:
        shown = " " * 15 if self.scores is None else "{:7.4f} {:7.4f}".format(*self.scores)
        counts = " ".join(self._count(target) for target in self.differing)
        cost = f"{self.flash_bytes:8,d} {self.ram_bytes:7,d}"
        few = self.n_samples.get("avr", 0)
        note = f"  AVR: {few}" if 0 < few < self.n_samples["portable"] else ""
        name = f"{self.family:10} {self.case:25} {self.data:13}"
        return f"{name} {shown} {self.same:7.4f} {counts} {cost}{note}"

    def _count(self, target: str) -> str:
        return f"{self.differing[target]:6d}" if self.n_samples[target] else f"{'-':>6}"


def row_of(family: str, case: Case, data: str, targets: Iterable[str], avr_cycles: int) -> Row:
    """Fit, convert, and compare on each target."""
    it = tried(case, data)
    report = it.model.report()
    found = {target: it.compared(target, avr_cycles) for target in targets}
    return Row(
        family,
        case.name,
        data,
        it.scores,
        float(it.model.verify(it.X).agreement),
        report.flash_bytes + (report.code_bytes or 0),
        report.ram_bytes,
        {target: 0 if it is None else it.differing for target, it in found.items()},
        {target: 0 if it is None else it.n_samples for target, it in found.items()},
    )


def read_rows(path: Path) -> dict[Key, Row]:
    """The rows of a file, one a line; of a line that a killed run has cut off, nothing is left."""
    rows: dict[Key, Row] = {}
    text = path.read_text() if path.exists() else ""
    whole = text[: text.rfind("\n") + 1]
    if whole != text:
        path.write_text(whole)
    for line in whole.splitlines():
        values: dict[str, Any] = json.loads(line)
        values["scores"] = values["scores"] and tuple(values["scores"])
        row = Row(**values)
        rows[row.key] = row
    return rows


def append_row(path: Path, row: Row) -> None:
    with path.open("a") as file:
        file.write(json.dumps(asdict(row)) + "\n")


def summary(rows: list[Row]) -> str:
    """Rows, differing bytes and samples by target, and what fits no AVR."""
    lines = [f"{len(rows)} rows, {sum(sum(row.differing.values()) for row in rows)} bytes differ"]
    for target in dict.fromkeys(target for row in rows for target in row.differing):
        own = [row for row in rows if row.n_samples.get(target)]
        n_samples = sum(row.n_samples[target] for row in own)
        differing = sum(row.differing[target] for row in own)
        line = f"{target:10} {len(own):5d} rows {n_samples:8,d} samples {differing:5d} bytes differ"
        lines.append(line + (_of_avr(rows) if target == "avr" else ""))
    lost = [row.lost for row in rows if row.lost is not None]
    if lost:
        mean, worst = sum(lost) / len(lost), max(lost)
        lines.append(
            f"accuracy or R^2 lost: {mean:.4f} on average (target .005), "
            f"{worst:.4f} at worst (target .015)"
        )
    return "\n".join(lines)


def _of_avr(rows: list[Row]) -> str:
    tried_ = [row for row in rows if "avr" in row.n_samples]
    unfit = sum(not row.n_samples["avr"] for row in tried_)
    few = [n for row in tried_ if 0 < (n := row.n_samples["avr"]) < row.n_samples["portable"]]
    least = f"; {len(few)} ran fewer than {N_SAMPLES}, {min(few)} at least" if few else ""
    return f"; {unfit} do not fit{least}"
