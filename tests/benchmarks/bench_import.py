"""Seconds that ``import skconv`` takes, against ``import sklearn``: each in a new process.

Run: ``python tests/benchmarks/bench_import.py``
"""

from __future__ import annotations

import subprocess
import sys
import time

STATEMENTS = (
    "import sklearn",
    "import skconv",
    "from sklearn.pipeline import Pipeline",
    "from skconv import RandomConvFeatures",
)
ROUNDS = 7


def seconds(statement: str) -> float:
    """Wall seconds of one process that runs the statement and ends."""
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", statement], check=True)
    return time.perf_counter() - start


def main() -> None:
    # In turns, so that other load on the machine falls on all alike; the least is the cost.
    rounds = [[seconds(statement) for statement in ("pass", *STATEMENTS)] for _ in range(ROUNDS)]
    nothing, *least = (min(column) for column in zip(*rounds, strict=True))
    for statement, total in zip(STATEMENTS, least, strict=True):
        print(f"{statement:<40} {total - nothing:6.3f} s  {total / least[0]:5.2f} x sklearn")
    print("seconds without the interpreter's own start; ratios of whole processes")


if __name__ == "__main__":
    main()
