"""Times of `import`, and of `transform` by each extractor as it comes."""

from __future__ import annotations

from skconv.datasets import load_fashion_mnist
from tests.benchmarks.bench_engines import extractors, transformed
from tests.benchmarks.bench_import import STATEMENTS

EXTRACTORS = {f"{i} {type(each).__name__}": each for i, each in enumerate(extractors())}
N_IMAGES = 200


def timeraw_import() -> str:
    """Of the package alone, in a new process."""
    return STATEMENTS[1]


class Transform:
    """200 images of Fashion-MNIST, by numpy and by torch."""

    params = (list(EXTRACTORS), [False, True])
    param_names = ("extractor", "by_torch")

    def setup(self, name: str, by_torch: bool) -> None:
        X, y = load_fashion_mnist()
        self.images = X[:N_IMAGES]
        self.extractor = EXTRACTORS[name].fit(self.images, y[:N_IMAGES])

    def time_transform(self, name: str, by_torch: bool) -> None:
        transformed(self.extractor, self.images, by_torch=by_torch)
