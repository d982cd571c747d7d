"""PCANet: stages of principal components, binary hashing, block histograms."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from numbers import Integral, Real
from typing import Any, ClassVar, Literal, cast

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import check_random_state, column_or_1d
from sklearn.utils._param_validation import Interval, StrOptions

from skconv.features.base import ConvExtractor, naming
from skconv.features.csr import CsrBuilder
from skconv.features.graph_maps import each_channel_alone, maps_behind, row_chunks
from skconv.graph import BlockHistogram, Conv, Graph, Hash, TensorSpec
from skconv.kernels.base import Pair
from skconv.kernels.batches import MapBatches
from skconv.kernels.lda import LDAKernels
from skconv.kernels.moments import Maps, PatchShape
from skconv.kernels.pca import PCAKernels, check_rank, max_rank
from skconv.kernels.random import RandomKernels
from skconv.runtime.block_counts import BlockCounts, Counts
from skconv.stages.spec import StageSpec
from skconv.stages.windows import fit_window, overlapping

MAX_BITS = 8
# Rounding errors of a float32, relative.
_ROUNDING = float(np.finfo(np.float32).eps) / 2
# Blocks along an axis where none are stated: more on one of 16 pixels or more.
_BLOCKS, _BLOCKS_OF_LONG, _LONG = 3, 4, 16
_STAGE = StageSpec(padding="same")


def block_stride(block: Pair, overlap: float) -> Pair:
    """Step of blocks that overlap by a fraction, halves rounded up; at least 1.

    >>> block_stride((7, 9), 0.5)
    (4, 5)
    """
    # The small number keeps a half a half where the product falls short of it.
    rows, columns = (math.floor((1 - overlap) * size + 0.5 + 1e-9) for size in block)
    return max(1, rows), max(1, columns)


def _checked_n_kernels(n_kernels: Any) -> tuple[int, ...]:
    stages = tuple(np.atleast_1d(n_kernels).tolist())
    positive = all(isinstance(n, int) and n > 0 for n in stages)
    if not (positive and len(stages) in (1, 2) and stages[-1] <= MAX_BITS):
        raise ValueError(
            f"n_kernels={n_kernels!r} must be one or two positive integers (one a stage), the "
            f"last at most {MAX_BITS}: its kernels are the bits of a code"
        )
    return stages


def _largest(maps: Maps) -> float:
    """The largest magnitude in maps."""
    batches = (maps,) if not isinstance(maps, MapBatches) else maps
    return max(max(-float(batch.min()), float(batch.max())) for batch in batches)


class PCANetFeatures(ConvExtractor):
    """PCANet: convolve with principal components twice, hash the signs, count the codes.

    With one stage of ``L1`` kernels or two of ``L1`` and ``L2``:

    - stage 1: ``L1`` kernels learned from all patches of the samples, the mean of each
      patch (in each channel) removed; convolution with zeros outside, so that the maps
      keep their size;
    - stage 2: one bank of ``L2`` kernels learned from the patches of all ``L1`` maps
      together, and applied to each of these maps;
    - the signs of the maps of the last stage are bits: with ``T = sum_l 2^l [z_l > t_l]``
      the ``L2`` maps of each stage-1 map become one map of codes (with one stage: all
      ``L1`` maps one). The first kernel is the least significant bit; 0 gives bit 0;
    - features: how often each code occurs in each block of each map of codes.

    The kernels sum to zero (in each channel), so that to remove the mean of each patch
    before the product would change nothing, and a plain convolution is enough. The
    features do not change when the samples are multiplied by a positive number, nor, away
    from the borders, when one is added.

    Features are in the order block row, block column, stage-1 map, code; there are
    ``n_blocks * L1 * 2**L2`` of them (one stage: ``n_blocks * 2**L1``), most of them 0.

    Parameters
    ----------
    n_kernels : tuple of 1 or 2 int, default=(8, 5)
        Kernels of each stage; the last at most 8 (bits of a code), each at most the rank
        of the patches, ``kernel_height * kernel_width - 1`` (in stage 1: per channel).
        Without ``input_shape`` more than a signal gives are cut to it, with a warning.
    kernel_size : int or (int, int), default=3
        Height and width of the kernels of all stages, in pixels. A signal uses the width
        alone. Without ``input_shape`` a kernel longer than the signal is cut to it, with a
        warning; so is a block.
    block_size : int, (int, int) or None, default=None
        Height and width of the blocks, in pixels. Blocks that do not fit whole are left
        out. None: blocks that cover the map and overlap by about half, four along an axis of
        16 pixels or more and three along a shorter one.
    block_overlap : float in [0, 1) or None, default=None
        How much of a block of a stated size the next one covers. The step of the blocks is
        ``(1 - block_overlap) * block_size``, rounded to the nearest integer, halves up. None
        is 0.
    learn : {"pca", "lda", "random"}, default="pca"
        ``"lda"`` takes linear discriminants of the patches, which want ``y``: LDANet (see
        `skconv.kernels.LDAKernels`). ``"random"`` draws normal kernels and makes their means
        zero: RandNet.
    output : {"float32", "uint8", "sparse"}, default="sparse"
        What `transform` returns: a dense array of float32 or uint8, or a
        `scipy.sparse.csr_matrix` of float32. The counts are the same.
    input_shape : tuple of int, default=None
        Shape of one sample: ``(length,)``, ``(height, width)``, ``(height, width,
        channels)``, ``(1, length, channels)``. ``None`` takes that of ``X``; a flat row is
        then a signal of one channel.
    data_format : {"channels_last", "channels_first"}, default="channels_last"
        Where the channels lie in ``X`` and in ``input_shape``.
    device : {"cpu", "cuda", "auto"}, default="cpu"
        Where maps are computed.
    batch_size : int or "auto", default="auto"
        Samples computed at a time; ``"auto"`` takes as many as fit the cache.
    n_jobs : int or None, default=None
        Jobs of joblib that `transform` shares the samples out among. ``None`` is 1, unless
        a `joblib.parallel_config` says otherwise; -1 takes all processors. With 1 torch
        uses all of them itself.
    random_state : int, RandomState instance or None, default=None
        For ``learn="random"``: an int makes the kernels reproducible.

    Attributes
    ----------
    kernels_ : tuple of ndarray of float32
        The bank of each stage, ``(n_kernels, kernel_height, kernel_width, channels)``; that
        of stage 2 has one channel. Largest eigenvalue first; of each kernel the largest
        entry (the first one on ties) is positive.
    biases_ : tuple of ndarray of float32 of shape (n_kernels,)
        Zeros; of the last stage, minus the most that rounding in float32 can make of a flat
        area as bright as the brightest sample seen in `fit`. So flat areas give bits 0 in
        floats, as they do in integers.
    eigenvalues_ : tuple of ndarray of float64 of shape (n_kernels,)
        Mean square of the response to each kernel, over all patches; with ``learn="lda"``
        ratio of the variance between classes to that within; empty with
        ``learn="random"``.
    graph_ : Graph
        From a flat sample to its features.
    map_shape_ : tuple of int
        ``(height, width, channels)`` of a sample.
    n_features_in_ : int
        Numbers in one sample.
    feature_names_in_ : ndarray of str
        Columns of ``X``, where it is a data frame.

    See Also
    --------
    PCAConvFeatures : One stage of such kernels with an ordinary nonlinearity and pooling.

    References
    ----------
    T.-H. Chan, K. Jia, S. Gao, J. Lu, Z. Zeng, Y. Ma, "PCANet: a simple deep learning
    baseline for image classification?", IEEE Transactions on Image Processing 24(12),
    2015, equations 1 to 9; LDANet: section II-D; RandNet: section II-E.

    Examples
    --------
    >>> from skconv import PCANetFeatures
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.svm import LinearSVC
    >>> X, y = load_digits(return_X_y=True)
    >>> features = PCANetFeatures(
    ...     n_kernels=(4, 4), kernel_size=3, block_size=4, block_overlap=0.5,
    ...     input_shape=(8, 8), output="sparse",
    ... )
    >>> model = make_pipeline(features, LinearSVC(C=0.01))
    >>> model.fit(X[:1000], y[:1000]).score(X[1000:], y[1000:]) > 0.93
    True
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **ConvExtractor._parameter_constraints,
        "n_kernels": ["array-like"],
        "kernel_size": [Interval(Integral, 1, None, closed="left"), "array-like"],
        "block_size": [Interval(Integral, 1, None, closed="left"), "array-like", None],
        "block_overlap": [Interval(Real, 0, 1, closed="left"), None],
        "learn": [StrOptions({"pca", "lda", "random"})],
        "output": [StrOptions({"float32", "uint8", "sparse"})],
        "random_state": ["random_state"],
    }

    _fit_reads_maps = False
    # Sorting codes and convolving let other threads run; another process would have to be sent
    # the samples, and to send the counts back.
    _prefers = "threads"

    kernels_: tuple[NDArray[np.float32], ...]  # type: ignore[assignment]
    biases_: tuple[NDArray[np.float32], ...]  # type: ignore[assignment]
    eigenvalues_: tuple[NDArray[np.float64], ...]

    def __init__(
        self,
        *,
        n_kernels: tuple[int, ...] = (8, 5),
        kernel_size: Any = 3,
        block_size: Any = None,
        block_overlap: float | None = None,
        learn: Literal["pca", "lda", "random"] = "pca",
        output: Literal["float32", "uint8", "sparse"] = "sparse",
        input_shape: Any = None,
        data_format: str = "channels_last",
        device: str = "cpu",
        batch_size: Any = "auto",
        n_jobs: int | None = None,
        random_state: Any = None,
    ) -> None:
        self.n_kernels = n_kernels
        self.kernel_size = kernel_size
        self.block_size = block_size
        self.block_overlap = block_overlap
        self.learn = learn
        self.output = output
        self.input_shape = input_shape
        self.data_format = data_format
        self.device = device
        self.batch_size = batch_size
        self.n_jobs = n_jobs
        self.random_state = random_state

    def _fit_graph(self, maps: NDArray[Any], y: Any) -> Graph:
        if self.learn == "lda" and y is None:
            raise ValueError("learn='lda' requires y to be passed, but the target y is None")
        signal, clip = maps.shape[1] == 1, self._may_cut("n_kernels")
        size = fit_window(
            self.kernel_size,
            maps.shape[1:],
            "kernel_size",
            signal=signal,
            clip=self._may_cut("kernel_size"),
        )
        block, stride = self._blocks(maps.shape[1:], signal=signal)
        n_kernels = _checked_n_kernels(self.n_kernels)
        patches = ((*size, maps.shape[3]), (*size, 1))
        for n, patch in zip(n_kernels, patches, strict=False):
            wanted = n if self.learn != "random" and not clip else 1
            check_rank(wanted, max_rank(patch, "channel"), patch, clip=False)
        if self.output == "uint8" and math.prod(block) > np.iinfo(np.uint8).max:
            raise ValueError(
                f"output='uint8' holds counts up to 255, block_size={self.block_size!r} has "
                f"{math.prod(block)} pixels: expected fewer, or output='float32'"
            )
        graph = self._learned(maps, y, n_kernels, patches, clip=clip)
        graph = self._with_tolerance(graph, maps)
        n_bits = len(self.kernels_[-1])
        return graph.append(Hash(n_bits)).append(BlockHistogram(block, stride, 2**n_bits))

    def _learned(
        self,
        maps: NDArray[Any],
        y: Any,
        n_kernels: tuple[int, ...],
        patches: tuple[PatchShape, ...],
        *,
        clip: bool,
    ) -> Graph:
        """Set the kernels of all stages; return the graph of their convolutions."""
        graph = Graph(TensorSpec(maps.shape[1:]))
        random_state = check_random_state(self.random_state)
        self.kernels_, self.biases_, self.eigenvalues_ = (), (), ()
        for n, patch in zip(n_kernels, patches, strict=False):
            seen: Maps = maps
            labels = y if self.learn == "lda" else None
            if graph.nodes:
                behind = maps_behind(graph, maps, device=self.device, batch_size=self.batch_size)
                seen = each_channel_alone(behind)
                labels = None if labels is None else column_or_1d(y).repeat(behind.shape[3])
            source = self._source(n, patch[:2], random_state, clip=clip)
            with naming(maps.shape):
                source.fit(seen, labels)
            conv = _STAGE.conv(
                source.kernels_,
                source.biases_,
                signal=maps.shape[1] == 1,
                shared=bool(graph.nodes),
            )
            graph = graph.append(conv)
            self.kernels_ += (source.kernels_,)
            self.biases_ += (source.biases_,)
            if self.learn != "random":
                self.eigenvalues_ += (source.eigenvalues_,)
        return graph

    def _with_tolerance(self, graph: Graph, maps: Maps) -> Graph:
        """``graph``, whose last convolution takes off what rounding makes of a flat area.

        A flat area answers 0 to kernels without a constant part, but in floats a remainder of
        either sign, and bits would be chance. Of a sum of n products the rounding of its terms
        and of its kernel is at most ``2 n u sum |k| |x|``, with the unit roundoff ``u`` of float32
        (Higham 2002, section 3.1); kernels behind it enlarge it by the sum of their magnitudes.
        """
        largest = _largest(maps)
        sums = [np.abs(kernels).sum(axis=(1, 2, 3), dtype=np.float64) for kernels in self.kernels_]
        n_terms = sum(math.prod(kernels.shape[1:]) for kernels in self.kernels_)
        before = math.prod(float(gain.max()) for gain in sums[:-1])
        tolerance = 2 * n_terms * _ROUNDING * before * sums[-1] * largest
        self.biases_ = (*self.biases_[:-1], (-tolerance).astype(np.float32))
        last = graph.nodes[-1]
        conv = replace(cast(Conv, last.op), bias=self.biases_[-1])
        return Graph(graph.input, graph.nodes[:-1]).append(conv, *last.inputs, name=last.name)

    def _blocks(self, map_shape: tuple[int, ...], *, signal: bool) -> tuple[Pair, Pair]:
        """Size and step of the blocks."""
        if self.block_size is not None:
            clip = self._may_cut("block_size")
            block = fit_window(self.block_size, map_shape, "block_size", signal=signal, clip=clip)
            overlap = 0.0 if self.block_overlap is None else self.block_overlap
            return block, block_stride(block, overlap)
        if self.block_overlap is not None:
            raise ValueError(
                f"block_overlap={self.block_overlap!r} with block_size=None, which says where "
                "blocks lie: expected block_overlap=None, or a block_size"
            )
        (rows, down), (columns, across) = (
            overlapping(length, min(length, _BLOCKS_OF_LONG if length >= _LONG else _BLOCKS))
            for length in map_shape[:2]
        )
        return (rows, columns), (down, across)

    def _source(
        self, n_kernels: int, size: Pair, random_state: np.random.RandomState, *, clip: bool
    ) -> Any:
        """Where the kernels of a stage come from."""
        if self.learn == "random":
            return RandomKernels(
                n_kernels=n_kernels, kernel_size=size, zero_mean=True, random_state=random_state
            )
        learner = {"pca": PCAKernels, "lda": LDAKernels}[self.learn]
        return learner(n_kernels=n_kernels, kernel_size=size, padding="same", clip=clip)

    # ---------------------------------------------------------------------- transform

    def _run(self, flat: NDArray[Any]) -> Any:
        if self.output == "float32":
            return super()._run(flat)
        if self.output == "sparse":
            builder = CsrBuilder(self._n_features_out)
            for rows, counts in self._counts(flat):
                builder.append(*counts, n_missing=len(flat) - rows.stop)
            return builder.build()
        dense = np.zeros((len(flat), self._n_features_out), np.uint8)
        for rows, counts in self._counts(flat):
            sample = np.repeat(np.arange(rows.start, rows.stop), counts.per_row)
            dense[sample, counts.columns] = counts.values
        return dense

    def _counts(self, flat: NDArray[Any]) -> Iterator[tuple[slice, Counts]]:
        """Samples, chunk by chunk, and their counts above 0."""
        from skconv.runtime import engine

        nodes = self.graph_.nodes
        place = next(i for i, node in enumerate(nodes) if isinstance(node.op, BlockHistogram))
        codes = Graph(self.graph_.input, nodes[:place])
        count = BlockCounts(cast(BlockHistogram, nodes[place].op), codes.output.shape)
        for rows in row_chunks(len(flat), 4 * self._n_features_out):
            maps = engine.run(codes, flat[rows], device=self.device, batch_size=self.batch_size)
            yield rows, count(maps)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.required = self.learn == "lda"
        if self.output == "uint8":
            tags.transformer_tags.preserves_dtype = []
        return tags
