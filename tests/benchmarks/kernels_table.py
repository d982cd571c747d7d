"""Everything measured of kernels without back-propagation, in one call.

    OMP_NUM_THREADS=1 python tests/benchmarks/kernels_table.py

Each script runs in a process of its own, so that peaks of memory are its own; all of them take
some hours. Name some (``kernels_table.py bench_speed bench_memory``) for these alone.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
SCRIPTS = (
    "bench_features",
    "bench_defaults",
    "bench_greedy",
    "bench_small_models",
    "bench_speed",
    "bench_memory",
    "bench_source_bytes",
    "bench_best",
)


def main() -> int:
    chosen = sys.argv[1:] or SCRIPTS
    failed = []
    for name in chosen:
        print(f"\n== {name}", flush=True)
        if subprocess.run([sys.executable, HERE / f"{name}.py"]).returncode:
            failed.append(name)
    if failed:
        print(f"\nfailed: {', '.join(failed)}", file=sys.stderr)
    return len(failed)


if __name__ == "__main__":
    sys.exit(main())
