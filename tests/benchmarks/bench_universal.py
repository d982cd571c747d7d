"""`UniversalKernels` beside other kernels of 3 x 3: Fashion-MNIST and textures.

    OMP_NUM_THREADS=1 python tests/benchmarks/bench_universal.py [SET ...]

One `ConvStage` of 64 kernels (eight principal components: there are no more) with a root, behind
it the head of ``bench_defaults.py``. Of that script are the sets, too, ``others`` (rows of
Fashion-MNIST by which nothing was chosen) and ``textures`` (scikit-image needed): 4,000 and 480
samples to fit. Each line is the mean of three seeds and splits, with the sixteen windows of the
default, and with 36 that overlap. docs/pretrained.md shows what it prints.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))

from skconv import ConvFeatures, ConvStage
from skconv.kernels import PatchKernels, PCAKernels, RandomKernels, UniversalKernels
from tests.benchmarks.bench_defaults import SEEDS, SETS, score

SOURCES: dict[str, Callable[[int], Any]] = {
    "universal": lambda seed: UniversalKernels(),
    "whitened patches": lambda seed: PatchKernels(n_kernels=64, kernel_size=3, random_state=seed),
    "random": lambda seed: RandomKernels(n_kernels=64, kernel_size=3, random_state=seed),
    "components": lambda seed: PCAKernels(n_kernels=8, kernel_size=3),
}
POOLS = ("sixteenths", "overlapping")


def mean(name: str, source: Callable[[int], Any], pool: str) -> float:
    """Accuracy on what was held out, the mean of all seeds."""
    found = []
    for seed in SEEDS:
        stage = ConvStage(kernels=source(seed), pool_size=pool, root=True)
        found.append(score(ConvFeatures([stage]), SETS[name](seed))[0])
    return float(np.mean(found))


def main() -> None:
    for name in sys.argv[1:] or ("others", "textures"):
        print(f"\n{name}\n{'kernels':<18}" + "".join(f"{pool:>14}" for pool in POOLS))
        for label, source in SOURCES.items():
            numbers = [mean(name, source, pool) for pool in POOLS]
            print(f"{label:<18}" + "".join(f"{n:14.4f}" for n in numbers), flush=True)


if __name__ == "__main__":
    main()
