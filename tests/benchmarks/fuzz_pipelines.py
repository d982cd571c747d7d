"""Random Pipelines through fit, export, C and back: how many are exact, refused, or wrong.

    OMP_NUM_THREADS=1 python tests/benchmarks/fuzz_pipelines.py --cases 10000 --jobs 2

Every case is a random Pipeline on random data with random options of `skconv.to_c`
(`tests/random_pipelines.py`); the bytes of every tensor of the compiled C are held against the
integer definition, on held-out samples and on the ends of the input's type. ``--first N``
begins at another seed. Exit status 1 where a case is wrong.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence

from joblib import Parallel, delayed

from tests.pipeline_fuzz import Outcome, run_seed, table

PART = 20


def run_part(seeds: Sequence[int]) -> list[Outcome]:
    """A few cases, whose compiled libraries are not kept."""
    cache = tempfile.mkdtemp(prefix="fuzz-")
    os.environ["SKCONV_CACHE"] = cache
    try:
        return [run_seed(seed) for seed in seeds]
    finally:
        shutil.rmtree(cache, ignore_errors=True)


def main() -> int:
    """Run the cases, print each that is wrong as it comes, then the counts."""
    parser = argparse.ArgumentParser(description="Random Pipelines from fit to C.")
    parser.add_argument("--cases", type=int, default=10_000)
    parser.add_argument("--first", type=int, default=0, help="seed of the first case")
    parser.add_argument("--jobs", type=int, default=2)
    arguments = parser.parse_args()
    seeds = range(arguments.first, arguments.first + arguments.cases)
    parts = [seeds[i : i + PART] for i in range(0, len(seeds), PART)]
    start = time.perf_counter()
    outcomes: list[Outcome] = []
    runs = Parallel(n_jobs=arguments.jobs, return_as="generator_unordered")(
        delayed(run_part)(part) for part in parts
    )
    for part in runs:
        outcomes += part
        for outcome in part:
            if outcome.is_wrong:
                print(f"{outcome.verdict}: {outcome.detail}\n", flush=True)
        if len(outcomes) % 500 == 0:
            print(f"{len(outcomes):,} of {len(seeds):,}", file=sys.stderr, flush=True)
    print(table(outcomes))
    print(f"seeds {seeds[0]} to {seeds[-1]}, {time.perf_counter() - start:.0f} s")
    return int(any(outcome.is_wrong for outcome in outcomes))


if __name__ == "__main__":
    sys.exit(main())
