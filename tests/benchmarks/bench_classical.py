"""Classical models as they come out of `skconv.to_c`: accuracy, bytes that differ, cost.

    python tests/benchmarks/bench_classical.py [FAMILY[:NAME] ...] [--mcu]

Digits, iris, breast cancer, diabetes, and features of Fashion-MNIST (2,000 images to fit); 300
samples held out, a third of smaller sets. ``float`` is scikit-learn's accuracy, or R^2, and
``int`` that of the integers; ``same`` the share of equal classes, or R^2 against scikit-learn.
Differing bytes are those of the scores and the classes: target 0. With ``--mcu`` also on simulated
Cortex-M4, Cortex-M0 and AVR; ``-`` where the model does not fit the simulated AVR. Flash is an
estimate of code with the exact tables; targets: accuracy lost <= .005 on average, .015 at worst.
"""

from __future__ import annotations

import sys
import warnings
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from skconv import emulator
from tests.classical import families
from tests.classical.base import Case, Tried, tried

BOARDS = ("cortex-m4", "cortex-m0", "avr")
TOO_LARGE = ("overflow", "will not fit", "is too large")  # What compilers and linkers say.


def differing(it: Tried, target: str) -> str:
    try:
        return f"{it.differing_bytes(target):6d}"
    except emulator.BuildError as error:
        if target == "avr" and any(word in str(error) for word in TOO_LARGE):
            return f"{'-':>6}"
        raise


def line(case: Case, data: str, targets: tuple[str, ...]) -> tuple[str, float | None]:
    it = tried(case, data)
    scores = it.scores
    shown = f"{scores[0]:7.4f} {scores[1]:7.4f}" if scores else " " * 15
    same = it.model.verify(it.X).agreement
    report = it.model.report()
    bytes_ = " ".join(differing(it, target) for target in targets)
    flash = report.flash_bytes + (report.code_bytes or 0)
    cost = f"{flash:8,d} {report.ram_bytes:7,d}"
    lost = scores[0] - scores[1] if scores else None
    return f"{shown} {same:7.4f} {bytes_} {cost}", lost


def main() -> None:
    wanted = [argument for argument in sys.argv[1:] if argument != "--mcu"]
    targets = ("portable", *BOARDS) if "--mcu" in sys.argv else ("portable",)
    names = " ".join(f"{name[-6:]:>6}" for name in ("host", "M4", "M0", "avr")[: len(targets)])
    print(f"{'':50}  float     int    same {names}    flash     RAM")
    losses = []
    for family, cases in families().items():
        for case in cases:
            if wanted and not {family, f"{family}:{case.name}"} & set(wanted):
                continue
            for data in case.data:
                text, lost = line(case, data, targets)
                print(f"{family:10} {case.name:25} {data:13} {text}", flush=True)
                losses += [] if lost is None else [lost]
    if losses:
        print(
            f"\naccuracy or R^2 lost: {sum(losses) / len(losses):.4f} on average (target .005), "
            f"{max(losses):.4f} at worst (target .015)"
        )


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()
