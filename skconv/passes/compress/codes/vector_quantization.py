"""Vector quantisation of the weights of any layer."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Integral
from typing import Literal, get_args

import numpy as np

from skconv.graph import Conv, Linear
from skconv.graph.base import Shape
from skconv.graph.storage.codebook import Codebook
from skconv.graph.storage.coded import Coded
from skconv.passes.compress.codes.fit import Codes, Family
from skconv.passes.compress.codes.vectors import CodedLayers, Cut

Layers = Literal["all", "conv", "linear"]
LONGEST = 16
MOST_CODEWORDS = 1024


@dataclass
class VectorQuantization(CodedLayers):
    """Weights become indices into a codebook of short vectors, one codebook a layer.

    What is kept small is the error of what a layer gives, not that of its weights: codewords are
    fitted by least squares under the second moments of what the layer reads, and every vector is
    chosen in view of the errors of the others in its kernel. What the layers before have lost, a
    layer makes up for where it can. The head is fitted anew. It takes no back-propagation.

    Parameters
    ----------
    n_codewords : int, default=64
        Size of a codebook at most; layers whose tables would be more than half as large as their
        weights get fewer, or stay as they are.
    length : int or "taps", default=4
        Weights of a vector: neighbours in memory, which are channels of one tap as far as there are
        as many. ``"taps"``: all taps of one channel.
    layers : {"all", "conv", "linear"}, default="all"
        Which layers are coded.

    References
    ----------
    Gersho, Gray, "Vector Quantization and Signal Compression", 1992; Gong, Liu, Yang, Bourdev,
    "Compressing deep convolutional networks using vector quantization", 2014; Stock et al.,
    "And the bit goes down: revisiting the quantization of neural networks", ICLR 2020 (codewords
    by the error of activations).

    Examples
    --------
    >>> import numpy as np
    >>> from skconv import VectorQuantization
    >>> from skconv.graph import Graph, Linear, TensorSpec
    >>> from skconv.passes.compress import Samples
    >>> rng = np.random.default_rng(0)
    >>> layer = Linear(rng.normal(size=(32, 64)).astype("f4"), np.zeros(32, "f4"))
    >>> X = rng.normal(size=(500, 64)).astype("f4")
    >>> graph = VectorQuantization(16)(Graph(TensorSpec((64,))).append(layer), Samples(X))
    >>> graph.nodes[0].op.coded.nbytes, layer.weights.size
    (320, 2048)
    """

    n_codewords: int = 64
    length: int | Literal["taps"] = 4
    layers: Layers = "all"

    @property
    def _most_codewords(self) -> int:
        return self.n_codewords

    def _check(self) -> None:
        count, length = self.n_codewords, self.length
        if not isinstance(count, Integral) or not 4 <= count <= MOST_CODEWORDS:
            raise ValueError(
                f"n_codewords={count!r}, expected a whole number from 4 to {MOST_CODEWORDS}"
            )
        is_length = isinstance(length, Integral) and 1 <= length <= LONGEST
        if length != "taps" and not is_length:
            raise ValueError(
                f"length={length!r}, expected a whole number from 1 to {LONGEST}, or 'taps'"
            )
        if self.layers not in get_args(Layers):
            raise ValueError(f"layers={self.layers!r}, expected one of {get_args(Layers)}")

    def _takes(self, op: Conv | Linear) -> bool:
        kind = "conv" if isinstance(op, Conv) else "linear"
        return self.layers in ("all", kind)

    def _cut(self, shape: Shape) -> Cut:
        size, channels = int(np.prod(shape[1:])), shape[-1]
        if self.length == "taps" and len(shape) == 4:
            places = np.arange(size).reshape(-1, channels).T
        else:
            length = 4 if self.length == "taps" else int(self.length)
            places = np.arange(-(-size // length) * length).reshape(-1, length)
        return Cut(places, Family(np.arange(places.shape[1])[None]))

    def _coded(self, shape: Shape, cut: Cut, codes: Codes) -> Coded:
        by_channel = self.length == "taps" and len(shape) == 4
        codewords = codes.codewords.astype(np.int8)
        return Codebook(tuple(shape), codewords, codes.indices[0], by_channel)
