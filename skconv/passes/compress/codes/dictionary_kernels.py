"""Kernel dictionary: the channels of all kernels of a layer are images of a few."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Integral
from typing import ClassVar, Literal

import numpy as np

from skconv.graph import Conv, Linear
from skconv.graph.base import Shape
from skconv.graph.storage.coded import Coded, index_bits
from skconv.graph.storage.dictionary import MOST_FIELD_BITS, Dictionary, turned_places
from skconv.passes.compress.codes.fit import Codes, Family
from skconv.passes.compress.codes.vectors import CodedLayers, Cut

Transforms = Literal["none", "h", "hv", "d4"]

N_TURNS: dict[str, int] = {"none": 1, "h": 2, "hv": 4, "d4": 8}
MOST_CENTROIDS = 256
MOST_SCALE_BITS = 5


@dataclass
class DictionaryKernels(CodedLayers):
    """Each channel of each kernel becomes one of a few kernels, turned, times a whole number.

    Kernels larger than 1 x 1 are clustered by k-means that does not tell a kernel from its images:
    flipped, turned, times any number. Clusters are fitted to what the layer gives, under the second
    moments of the patches that it reads; what the layers before have lost, a layer makes up for
    where it can; the head is fitted anew. Each layer has a dictionary of its own. It takes no
    back-propagation.

    Parameters
    ----------
    n_centroids : int, default=64
        Size of a dictionary at most: it takes no more bytes than the indices. Layers whose tables
        would be more than half as large as their weights stay as they are.
    transforms : {"none", "h", "hv", "d4"}, default="d4"
        The images of a kernel: itself; flipped from left to right; also upside down; also with its
        axes exchanged, which makes the eight images of a square one. Of a kernel that is not square
        ``"d4"`` is ``"hv"``. A sign makes no other image.
    scale_bits : int, default=3
        The number of each channel has this many bits and a sign. A kernel of one channel needs
        only the sign.

    References
    ----------
    Son, Nah, Lee, "Clustering convolutional kernels to compress deep neural networks", ECCV 2018.

    Examples
    --------
    >>> import numpy as np
    >>> from skconv import DictionaryKernels
    >>> from skconv.graph import Conv, Graph, TensorSpec
    >>> from skconv.passes.compress import Samples
    >>> rng = np.random.default_rng(0)
    >>> layer = Conv(rng.normal(size=(32, 3, 3, 8)).astype("f4"), np.zeros(32, "f4"))
    >>> X = rng.normal(size=(20, 8, 8, 8)).astype("f4")
    >>> graph = DictionaryKernels(32)(Graph(TensorSpec((8, 8, 8))).append(layer), Samples(X))
    >>> graph.nodes[0].op.coded.nbytes, layer.weights.size
    (672, 2304)
    """

    n_centroids: int = 64
    transforms: Transforms = "d4"
    scale_bits: int = 3

    # Where kernels have one channel, they are few for a dictionary.
    _book_share: ClassVar[float] = 0.5

    @property
    def _most_codewords(self) -> int:
        return self.n_centroids

    def _check(self) -> None:
        count, bits = self.n_centroids, self.scale_bits
        if not isinstance(count, Integral) or not 4 <= count <= MOST_CENTROIDS:
            raise ValueError(
                f"n_centroids={count!r}, expected a whole number from 4 to {MOST_CENTROIDS}"
            )
        if self.transforms not in N_TURNS:
            raise ValueError(f"transforms={self.transforms!r}, expected one of {list(N_TURNS)}")
        if not isinstance(bits, Integral) or not 1 <= bits <= MOST_SCALE_BITS:
            raise ValueError(
                f"scale_bits={bits!r}, expected a whole number from 1 to {MOST_SCALE_BITS}"
            )
        total = index_bits(count) + N_TURNS[self.transforms].bit_length() - 1 + bits + 1
        if total > MOST_FIELD_BITS:
            raise ValueError(
                f"n_centroids={count}, transforms={self.transforms!r} and scale_bits={bits} take "
                f"{total} bits a channel, expected {MOST_FIELD_BITS} at most"
            )

    def _takes(self, op: Conv | Linear) -> bool:
        return isinstance(op, Conv) and int(np.prod(op.weights.shape[1:3])) > 1

    def _cut(self, shape: Shape) -> Cut:
        _, height, width, channels = shape
        n_turns = min(N_TURNS[self.transforms], 8 if height == width else 4)
        most = 1 if channels == 1 else 2**self.scale_bits - 1
        places = np.arange(height * width * channels).reshape(-1, channels).T
        return Cut(places, Family(turned_places(height, width, n_turns), most))

    def _coded(self, shape: Shape, cut: Cut, codes: Codes) -> Coded:
        kernels, signs = _with_sign(codes.codewords)
        times = codes.times[0].astype(np.int64) * signs[codes.indices[0]]
        kernels = kernels.reshape(-1, *shape[1:3]).astype(np.int8)
        family = cut.family
        parts = (kernels, codes.indices[0], codes.turns[0], times)
        return Dictionary(tuple(shape), *parts, len(family.turns), family.most)


def _with_sign(kernels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Kernels whose tap of the largest magnitude is not negative, and the signs they had.

    The tap in the centre, as in the paper, would have no sign in a kernel such as Sobel's.
    """
    largest = np.abs(kernels).argmax(axis=1)
    signs = np.where(kernels[np.arange(len(kernels)), largest] < 0, -1, 1)
    return kernels * signs[:, None], signs
