"""What `report` says before a compiler runs, beside what arm-none-eabi-size and nm find.

    OMP_NUM_THREADS=1 python tests/benchmarks/bench_sizes.py

Cortex-M4, -O2. Tables are the symbols in .rodata, the arena is .bss; code is listed apart.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from skconv import emulator
from tests.pipelines import PAIRS, exported


def main() -> None:
    print(
        f"{'extractor':9s} {'classifier':16s} {'report flash':>12s} {'tables':>10s} "
        f"{'report RAM':>10s} {'arena':>8s} {'code':>6s}"
    )
    wrong = 0
    for extractor, classifier in PAIRS:
        model = exported(extractor, classifier).model
        report, sizes = (
            model.report(),
            emulator.object_sizes(model.files, flags=("-O2",), target="cortex-m4"),
        )
        tables = sum(s.size for s in sizes.symbols.values() if s.section == "rodata")
        wrong += tables != report.flash_bytes or sizes.bss != report.ram_bytes
        print(
            f"{extractor:9s} {classifier:16s} {report.flash_bytes:12,d} {tables:10,d} "
            f"{report.ram_bytes:10,d} {sizes.bss:8,d} {sizes.text:6,d}"
        )
    print(f"models where they differ: {wrong} of {len(PAIRS)} (target 0)")


if __name__ == "__main__":
    main()
