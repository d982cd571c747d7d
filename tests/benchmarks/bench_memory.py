"""Peak memory of PCANet-2 on all 60,000 images of Fashion-MNIST, each output in a new process.

    OMP_NUM_THREADS=1 python tests/benchmarks/bench_memory.py

What is printed is the peak of the whole process (`ru_maxrss`): interpreter, torch, the
images, the kernels learned from 2,000 of them, and the result. Counts as bytes take
60,000 x 32,768 = 1.97 GB themselves.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import time

TARGET = 2.5
OUTPUTS = ("uint8", "sparse")


def peak(output: str) -> None:
    """Transform, then print the peak of this process."""
    from skconv import PCANetFeatures
    from skconv.datasets import load_fashion_mnist

    X, _ = load_fashion_mnist()
    features = PCANetFeatures(kernel_size=7, n_kernels=(8, 8), block_size=7, output=output)  # type: ignore[arg-type]
    features.fit(X[:2000])
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    start = time.perf_counter()
    counts = features.transform(X)
    seconds = time.perf_counter() - start
    found = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    held = sum(getattr(counts, name).nbytes for name in ("data", "indices", "indptr")
               if output == "sparse") or counts.nbytes  # fmt: skip
    print(
        f"PCANet-2 {output:<7} {len(X)} images: peak {found:.2f} GB, target {TARGET}: "
        f"{'met' if found <= TARGET else 'MISSED'}; the result {held / 1e9:.2f} GB, "
        f"{before:.2f} GB before, {seconds:.0f} s",
        flush=True,
    )


def main() -> None:
    for output in OUTPUTS:
        subprocess.run([sys.executable, __file__, output], check=True)


if __name__ == "__main__":
    peak(sys.argv[1]) if len(sys.argv) > 1 else main()
