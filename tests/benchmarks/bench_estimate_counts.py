"""Estimates of instructions beside counts on simulated cores, of every routine by itself.

    OMP_NUM_THREADS=1 python tests/benchmarks/bench_estimate_counts.py [--write [NAME ...]]

Prints how far the estimate of each routine is off, all its nodes together and the node that is
farthest off, of the graphs of `tests/estimate_counts.py`: the examples of every op, and some drawn
graphs. Counts are kept in ``tests/estimate_counts.json``. ``--write`` takes those that are missing
there, under QEMU, and those of graphs whose name begins as one that is given: where the C of a
routine or an example has changed. ``--write ""`` takes all, which is ten minutes.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from pathlib import Path

from joblib import Parallel, delayed

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.estimate_counts import Counted, Counts, graphs, write
from tests.estimate_measures import COUNTED

# Fewer instructions are a loop or two.
SMALL = 200

Rows = list[tuple[float, float, str]]


def take(found: tuple[Counted, ...], names: tuple[str, ...]) -> None:
    """Counts what has no count on its core, and what is named; counts of what is no more go."""
    chosen = [each for each in found if each.kept is None or each.name.startswith(names)]
    taken = Parallel(n_jobs=-1, verbose=1)(delayed(Counted.counted)(each) for each in chosen)
    new = {(each.core, each.name): counts for each, counts in zip(chosen, taken, strict=True)}
    counts: Counts = {core: {} for core in COUNTED}
    for each in found:
        key = each.core, each.name
        counts[each.core][each.name] = new.get(key, each.kept or [])
    write(counts)


def by_routine(found: tuple[Counted, ...]) -> dict[tuple[str, str], Rows]:
    """Estimate, count and graph of each node, by core and routine."""
    rows: dict[tuple[str, str], Rows] = defaultdict(list)
    for each in found:
        assert each.kept is not None, f"{each.name} was not counted: --write"
        of_nodes = zip(each.routines(), each.estimated(), each.kept, strict=True)
        for routine, estimate, count in of_nodes:
            rows[each.core, routine].append((estimate, count, each.name))
    return rows


def show(rows: dict[tuple[str, str], Rows]) -> None:
    print(f"{'':42s} {'nodes':>5s} {'all':>6s}  farthest off, of {SMALL} instructions or more")
    for (core, routine), of in sorted(rows.items()):
        together = sum(e for e, _, _ in of) / max(1, sum(c for _, c, _ in of)) - 1
        large = [(e / c - 1, name) for e, c, name in of if c >= SMALL]
        worst, name = max(large, key=lambda row: abs(row[0]), default=(0.0, "-"))
        print(f"{core:10s} {routine:31s} {len(of):5d} {together:+6.0%}  {worst:+.0%} {name}")


def main() -> None:
    found = graphs()
    if sys.argv[1:2] == ["--write"]:
        take(found, tuple(sys.argv[2:]))
    show(by_routine(found))


if __name__ == "__main__":
    main()
