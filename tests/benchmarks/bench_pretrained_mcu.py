"""USPSNet, a network of 152,000 weights for digits, as C on simulated microcontrollers.

    OMP_NUM_THREADS=1 python -m tests.benchmarks.bench_pretrained_mcu

The whole network with its own last layer as the classifier, on scikit-learn's digits: 8 x 8
pixels of 0 to 16, multiplied to 0 to 255 and resized to 16 x 16. Weights of linear layers have 8
bits. Instructions (not cycles) of Cortex-M7 and M4 under QEMU, -O2, over 100 images. The network
was trained on other digits (USPS), so it is less sure of these.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_digits

from skconv import PretrainedFeatures, to_c
from skconv.torch_import.resampling import resampling_matrix

N_SAMPLES = 100
FLASH_TARGET, RAM_TARGET = 170_000, 12_000


def digits() -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Images of 8 x 8 pixels of 0 to 255, and their labels."""
    X, y = load_digits(return_X_y=True)
    return np.rint(X.reshape(-1, 8, 8) * (255 / 16)).astype(np.uint8), y


def resized(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """To 16 x 16 pixels, bicubic, as the graph does it; rounded."""
    matrix = resampling_matrix(8, 16, "bicubic", antialias=True)
    return np.clip(np.rint(matrix @ images @ matrix.T), 0, 255).astype(np.uint8)


def bench(title: str, images: NDArray[np.uint8], y: NDArray[np.int64], optimize: str) -> None:
    net = PretrainedFeatures("uspsnet", layer="output", interpolation="bicubic").fit(images)
    model = to_c(
        net,
        images[:200],
        name="digits",
        classes=range(10),
        linear_bits=8,
        optimize=optimize,  # type: ignore[arg-type]
        target="cortex-m7",
    )
    exact = np.mean(net.transform(images).argmax(axis=1) == y)
    integer = np.mean(model.predict(images) == y)
    print(f"== {title}, optimize={optimize!r}")
    print(model.report(chip="stm32f746ng"))
    print(f"{N_SAMPLES} images of {len(images)}: {model.verify(images[-N_SAMPLES:])}")
    print(f"accuracy on {len(images)}: float {exact:.4f}, int8 {integer:.4f}")
    for target in ("cortex-m7", "cortex-m4"):
        found = model.benchmark(target, X=images[:N_SAMPLES], n_samples=N_SAMPLES)
        flash = found.code_bytes + found.table_bytes
        cost = model.report()
        ram = found.static_bytes + found.stack_bytes + cost.input_bytes + cost.output_bytes
        print(found)
        print(
            f"flash {flash:,} bytes (target {FLASH_TARGET:,}), RAM with stack, input and output "
            f"{ram:,} bytes (target {RAM_TARGET:,})"
        )
    print(flush=True)


def main() -> None:
    images, y = digits()
    for optimize in ("balanced", "size"):
        bench("resized to 16 x 16 before", resized(images), y, optimize)
    bench("resized to 16 x 16 in the C", images, y, "balanced")


if __name__ == "__main__":
    main()
