"""Classical models as they come out of `skconv.to_c`: accuracy, bytes that differ, cost.

    python tests/benchmarks/bench_classical.py [FAMILY[:NAME] ...] [--mcu] [--out FILE]
                                               [--avr-cycles N]

Digits, iris, breast cancer, diabetes, and features of Fashion-MNIST (2,000 images to fit); 300
samples held out, a third of smaller sets. ``float`` is scikit-learn's accuracy, or R^2, and
``int`` that of the integers; ``same`` the share of equal classes, or R^2 against scikit-learn.
Differing bytes are those of the scores and the classes of 300 samples (150 of iris): target 0.
With ``--mcu`` also on simulated Cortex-M4, Cortex-M0 and AVR; ``-`` where the model does not fit
the simulated AVR. That one is slow: it begins no sample after N cycles, and a line ends with the
samples that ran where they are fewer. Flash is an estimate of code with the exact tables;
targets: accuracy lost <= .005 on average, .015 at worst.

``--out FILE`` keeps each row. A run that was killed goes on where it was: rows of the file are
taken from there, as long as they have all targets. Delete it when the code has changed.
"""

from __future__ import annotations

import argparse
import sys
import traceback
import warnings
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.classical import families
from tests.classical.base import AVR_CYCLES, Case, Compared
from tests.classical.rows import Row, append_row, read_rows, row_of, summary

BOARDS = ("cortex-m4", "cortex-m0", "avr")


def differing(found: Compared | None) -> str:
    return f"{'-':>6}" if found is None else f"{found.differing:6d}"


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("wanted", nargs="*", metavar="FAMILY[:NAME]")
    parser.add_argument("--mcu", action="store_true", help="also on simulated boards")
    parser.add_argument("--out", type=Path, metavar="FILE", help="keep rows, and go on from them")
    parser.add_argument("--avr-cycles", type=int, default=AVR_CYCLES, metavar="N")
    return parser.parse_args()


def chosen(wanted: list[str]) -> Iterator[tuple[str, Case, str]]:
    """Family, case and data set of every row that is asked for."""
    for family, cases in families().items():
        for case in cases:
            if not wanted or {family, f"{family}:{case.name}"} & set(wanted):
                yield from ((family, case, data) for data in case.data)


def rows(args: argparse.Namespace) -> Iterator[Row | None]:
    """Each row, or None of one that failed, whose error is printed."""
    targets = ("portable", *BOARDS) if args.mcu else ("portable",)
    kept = read_rows(args.out) if args.out else {}
    for family, case, data in chosen(args.wanted):
        row = kept.get((family, case.name, data))
        if row is not None and set(targets) <= set(row.differing):
            yield row
            continue
        try:
            row = row_of(family, case, data, targets, args.avr_cycles)
        except Exception:  # The others are run all the same.
            print(f"{family}:{case.name} on {data} failed:\n{traceback.format_exc()}", flush=True)
            yield None
            continue
        if args.out:
            append_row(args.out, row)
        yield row


def main() -> int:
    args = arguments()
    names = ("host", "M4", "M0", "avr") if args.mcu else ("host",)
    shown = " ".join(f"{name:>6}" for name in names)
    print(f"{'':50}  float     int    same {shown}    flash     RAM")
    found, failed = [], 0
    for row in rows(args):
        failed += row is None
        if row is not None:
            found.append(row)
            print(row, flush=True)
    print(f"\n{summary(found)}" + (f"\n{failed} rows failed" if failed else ""))
    return int(failed > 0 or any(any(row.differing.values()) for row in found))


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    sys.exit(main())
