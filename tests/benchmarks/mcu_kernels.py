"""The fast routines on Cortex-M4, each alone: instructions beside the target and the best peer.

    OMP_NUM_THREADS=1 python tests/benchmarks/mcu_kernels.py

Executed instructions under QEMU, the better of -O2 and -O3 (named in the row); bytes of scratch
memory, tables and code. They are no cycles. A peer is the open routine with the fewest
instructions of those measured on the same bench (CMSIS-NN, TinyEngine, TinyMaix, CMSIS-DSP,
m2cgen); a dash stands where there is none, or no target.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.mcu import conv, depthwise, first, hash, kernel_machine, linear, rows
from tests.mcu.cases import Row, show


def main() -> None:
    one_channel = [rows.conv_row(), rows.conv_row("int8"), rows.head_row(), *rows.stage_rows()]
    families = (conv.rows(), first.rows(), depthwise.rows(), one_channel, hash.rows())
    vectors = (kernel_machine.rows(), linear.rows())
    found = [Row(*row) for family in (*families, *vectors) for row in family]
    show(found)
    missed = [row.work for row in found if row.target and row.instructions > row.target]
    print(f"above their target: {', '.join(missed) or 'none'}")


if __name__ == "__main__":
    main()
