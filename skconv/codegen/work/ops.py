"""The work of single ops, and of routines for them: `work`, and what stages share."""

from __future__ import annotations

from collections import Counter
from functools import singledispatch
from math import ceil, log2, prod

import numpy as np

from skconv.codegen.routines.blocked import BlockedConv
from skconv.codegen.routines.conv import DspConv
from skconv.codegen.routines.conv import packing as conv_packing
from skconv.codegen.routines.first import DspFirst
from skconv.codegen.routines.first import packing as first_packing
from skconv.codegen.routines.linear import DspLinear
from skconv.codegen.routines.sparse import SparseConv
from skconv.codegen.routines.winograd import DspWinograd, PlainLine, PlainWinograd
from skconv.graph import (
    ArgMax,
    KNearest,
    Op,
    OvoVote,
    QConv,
    QConvHash,
    QInterpolate,
    QKernelMachine,
    QLinear,
    QNoveltyMargin,
    QSeparableConv,
    QTreeEnsemble,
    TensorSpec,
)
from skconv.graph.base import Array
from skconv.graph.integer import ConvInteger
from skconv.graph.neighbours import IntegerPrototypes, Neighbours
from skconv.graph.nested import Packed
from skconv.graph.ops import PoolGeometry
from skconv.graph.storage.codebook import Codebook
from skconv.graph.storage.coded import Coded, coded_of
from skconv.graph.storage.dictionary import Dictionary
from skconv.graph.storage.entropy import Entropy
from skconv.graph.storage.frequency import Frequency
from skconv.graph.storage.hashed import Hashed

Work = Counter[str]


@singledispatch
def work(op: Op, x: TensorSpec, y: TensorSpec) -> Work:
    """The work of an op, by the name of each thing.

    Without a form of its own: one call, products, entries that are read, and those that are made.

    Parameters
    ----------
    op : Op
        Of an integer graph, or a routine's.
    x, y : TensorSpec
        What it reads first, and what it makes.

    Examples
    --------
    >>> from skconv.codegen.work import work
    >>> from skconv.graph import Relu, TensorSpec
    >>> x = TensorSpec((4, 4, 2), "int8")
    >>> dict(work(Relu(), x, x))
    {'call': 1, 'macs': 0, 'reads of int8': 32, 'entries of int8': 32}
    """
    found = {"call": 1, "macs": op.macs(x), f"reads of {x.dtype}": x.size}
    return Counter(found | {f"entries of {y.dtype}": y.size})


@work.register
def _(op: Packed, x: TensorSpec, y: TensorSpec) -> Work:
    return work(op.op, x, y)


# ------------------------------------------------------------------------------ convolutions


def map_work(op: ConvInteger, x: TensorSpec, pixels: int, border: float = 0.0) -> Work:
    """That of a convolution at so many pixels; of a share of them, kernels reach over the border.

    ``lines`` are rows of a kernel at one pixel, where the innermost loop begins.
    """
    kernels = len(op.weights) * (x.shape[2] if op.shared else 1)
    height, width, channels = op.weights.shape[1:]
    entries = pixels * kernels
    found = Counter(pixels=pixels, entries=entries)
    if isinstance(op, QSeparableConv):
        found["lines"] = pixels * len(op.factors.rows)
        found[f"products of {op.factors.line_dtype(x)}"] = pixels * len(op.factors.rows) * width
        found[f"products of lines of {x.dtype}"] = prod(op.lines_shape(x)) * height
        return found
    form = getattr(op, "form", None) or ("coded" if coded_of(op) is not None else "")
    found["lines"] = entries * height
    # Compilers make other loops of one, two or three channels.
    run = "runs" if channels > 3 else f"{channels}"
    found[f"macs{' ' * bool(form)}{form} of {x.dtype} in {run}"] = entries * prod(
        (height, width, channels)
    )
    found[f"taps{' of ' * bool(form)}{form}"] = (
        entries * height * width if channels > 3 or form else 0
    )
    found["macs at the border"] = round(border * entries * height * width * channels)
    return found


def border_share(op: ConvInteger, x: TensorSpec) -> float:
    """The share of windows that reach over the border of a map."""
    rows, columns = op.map_shape(x)[:2]
    (top, bottom), (left, right) = op.padding
    inside = 1.0
    for count, before, after, step in (
        (rows, top, bottom, op.stride[0]),
        (columns, left, right, op.stride[1]),
    ):
        inside *= max(0, count - ceil(before / step) - ceil(after / step)) / count
    return 1 - inside


@work.register(QConv)
@work.register(QConvHash)
def _(op: ConvInteger, x: TensorSpec, y: TensorSpec) -> Work:
    pixels = prod(op.map_shape(x)[:2])
    return Counter(call=1) + map_work(op, x, pixels, border_share(op, x)) + expansion(op)


@work.register
def _(op: DspFirst, x: TensorSpec, y: TensorSpec) -> Work:
    """Two kernels at a time, two values of a row of a window in a word."""
    conv = op.op
    assert isinstance(conv, QConv)
    pairs = prod(conv.map_shape(x)[:2]) * ceil(len(conv.bias) / 2)
    lines = pairs * int(conv.weights.shape[1])
    found: Work = Counter(
        call=1, pairs=pairs, lines=lines, words=lines * first_packing.run(conv, x)
    )
    found[f"reads of {x.dtype}"] = x.size
    found["rows"] = y.shape[0]
    return found


@work.register
def _(op: DspConv, x: TensorSpec, y: TensorSpec) -> Work:
    assert isinstance(op.op, QConv)
    found = block_work(op.op, x, op.weight_bits, prod(op.op.map_shape(x)[:1]))
    return Counter({"call": 1, read_by(x): x.size}) + found


@work.register
def _(op: BlockedConv, x: TensorSpec, y: TensorSpec) -> Work:
    """Two windows at a time, and one where their number is odd; few levels, expanded for a row."""
    conv = op.op
    assert isinstance(conv, QConv)
    rows, columns, kernels = conv.map_shape(x)
    weights, length = conv.weights.size, int(conv.weights[0].size)
    found: Work = Counter({"call": 1, f"reads of {x.dtype}": x.size})
    found[f"macs of {x.dtype}"] = rows * (columns // 2) * 2 * weights
    found[f"single macs of {x.dtype}"] = rows * (columns % 2) * weights
    found["entries"] = rows * columns * kernels
    found["blocks"] = rows * ceil(columns / 2) * kernels
    found["lines"] = rows * columns * length
    if conv.form is not None:
        found[f"expanded {conv.form}"] = rows * weights
    return found


@work.register
def _(op: SparseConv, x: TensorSpec, y: TensorSpec) -> Work:
    """Weight by weight that is no zero."""
    conv = op.op
    assert isinstance(conv, QConv)
    pixels = prod(conv.map_shape(x)[:2])
    weights = pixels * int(np.count_nonzero(conv.weights))
    return Counter(call=1, pixels=pixels, entries=pixels * len(conv.bias), weights=weights)


@work.register(DspWinograd)
@work.register(PlainWinograd)
@work.register(PlainLine)
def _(op: DspWinograd | PlainWinograd | PlainLine, x: TensorSpec, y: TensorSpec) -> Work:
    """Tiles of the input and of the result are transformed; a few at a time are multiplied."""
    conv = op.op
    assert isinstance(conv, QConv)
    rows, columns, kernels = conv.map_shape(x)
    down, across = (1, 4) if isinstance(op, PlainLine) else (2, 2)
    tiles = ceil(rows / down) * ceil(columns / across)
    together = ceil(tiles / op.tiles) * op.tiles
    found: Work = Counter({"call": 1, "tiles": tiles, f"read of {x.dtype}": tiles * x.shape[2]})
    found["written"] = tiles * kernels
    found["products"] = together * kernels * x.shape[2]
    return found


def read_by(x: TensorSpec) -> str:
    """How a row of a map is brought to lanes."""
    return "reads by fours" if x.shape[-1] % 4 == 0 else "reads one by one"


def block_work(op: QConv, x: TensorSpec, weight_bits: int, rows: int) -> Work:
    """That of `dsp_conv.h`: two kernels at up to three windows at a time, four values a step."""
    place = conv_packing.layout(op, x)
    pairs = ceil(len(op.bias) / 2)
    lines = 1 if place.by_pixel else rows
    full, rest = divmod(place.line, place.windows)
    found: Work = Counter(lines=lines)
    for windows, count in ((place.windows, full), (rest, 1 if rest else 0)):
        blocks = lines * count * pairs
        found[f"blocks of {windows}"] += blocks
        found[f"steps of {windows}, {weight_bits} bits"] += blocks * place.steps
        found["turns"] += blocks * (place.steps // conv_packing.unroll(place.steps))
    return found


# ------------------------------------------------------------------------------- coded weights


def expansion(op: Op) -> Work:
    """What coded weights take to be expanded, once an inference."""
    coded = coded_of(op)
    if coded is None:
        return Counter()
    name = type(coded).__name__
    found = Counter({f"weights of {name}": prod(coded.shape)})
    for part, count in _decoded(coded).items():
        found[f"{part} of {name}"] = count
    return found


def _decoded(coded: Coded) -> dict[str, int]:
    """Vectors, symbols of a Huffman code, and what a cosine transform adds up."""
    match coded:
        case Codebook():
            return {"vectors": coded.indices.size}
        case Dictionary():
            return {"vectors": coded.indices.size}
        case Entropy():
            return _symbols(coded.values)
        case Frequency():
            taps = coded.shape[1] * coded.shape[2]
            n_planes = coded.shape[0] * coded.shape[3]
            added = 1 if coded.indices is None else 2
            return _symbols(coded.residual) | {"cosines": added * n_planes * taps**2}
        case Hashed() if coded.basis is not None:
            taps = coded.shape[1] * coded.shape[2]
            return {"cosines": prod(coded.shape) * taps}
    return {}


def _symbols(values: Array) -> dict[str, int]:
    """Numbers that are not 0, and runs of zeros."""
    flat = values.ravel() != 0
    return {"symbols": int(flat.sum()) + int((np.diff(flat.astype(np.int8)) < 0).sum())}


# -------------------------------------------------------------------------------------- layers


@work.register
def _(op: QLinear, x: TensorSpec, y: TensorSpec) -> Work:
    return Counter(call=1, reads=x.size) + layer_work(op, x) + expansion(op)


def layer_work(op: QLinear, x: TensorSpec) -> Work:
    """Rows, and products of a layer; those of features that are left."""
    rows, columns = op.stored.shape
    form = op.form or ("coded" if op.coded is not None else op.weights.dtype.name)
    form = f"{form} kept" if op.is_kept is not None else form
    found: Work = Counter({"rows": rows, f"macs {form} of {x.dtype}": rows * columns})
    if op.is_kept is not None:
        found["kept"] = columns
    if op.requantization is not None:
        found["requantised"] = rows
    return found


@work.register
def _(op: DspLinear, x: TensorSpec, y: TensorSpec) -> Work:
    """Blocks of four rows, and what rows are left, four columns a step."""
    layer = op.op
    assert isinstance(layer, QLinear)
    rows, columns = layer.weights.shape
    weights = layer.form or layer.weights.dtype.name
    name = f"{x.dtype} by {weights}"
    steps, blocks = ceil(columns / 4), ceil(rows / 4)
    found: Work = Counter(call=1, rows=rows, blocks=blocks, turns=blocks * (steps // 8))
    found[f"steps of 4, {name}"] = rows // 4 * steps
    if rows % 4:
        found[f"steps of {rows % 4}, {name}"] = steps
    if columns % 4:
        found["tails"] = blocks
    if layer.requantization is not None:
        found["requantised"] = rows
    return found


# --------------------------------------------------------------------- machines and neighbours


@work.register
def _(op: QKernelMachine, x: TensorSpec, y: TensorSpec) -> Work:
    form = f"{op.form} " if op.form is not None else ""
    return Counter(
        {
            "call": 1,
            f"products of {x.dtype}": op.support_vectors.size,
            f"{'fine ' if op.fine else ''}vectors": len(op.support_vectors),
            f"{form}coefficients": op.dual_coef.size,
            "powers": len(op.support_vectors) * (op.degree if op.kernel == "poly" else 0),
            "results": y.size,
        }
    )


@work.register
def _(op: IntegerPrototypes, x: TensorSpec, y: TensorSpec) -> Work:
    metric, count = op.metric, len(op.prototypes)
    found: Work = Counter(call=1, results=y.size)
    found[f"{metric} products of {x.dtype}"] = op.prototypes.size
    found[f"{metric} vectors"] = count
    found[f"{metric} turns"] = count * ceil(x.size / 4)
    if not isinstance(op, Neighbours):
        found["roots"] = count if metric == "l2" else 0
        return found
    # As many enter the heap of the k nearest, if they come in no order; each sinks so deep.
    enter = op.k * (1 + log2(max(1.0, count / op.k)))
    found["pushes"] = round(enter)
    found["levels"] = round(enter * log2(op.k + 1))
    found["neighbours"] = op.k
    is_weighted = getattr(op, "weighted", False)
    if metric == "l2" and (is_weighted or isinstance(op, QNoveltyMargin)):
        found["roots"] = op.k
    found["weights"] = op.k if is_weighted else 0
    return found


@work.register
def _(op: QTreeEnsemble, x: TensorSpec, y: TensorSpec) -> Work:
    """Nodes on the way to a leaf, as if each test went both ways as often."""
    trees = len(op.roots)
    size = " wide" if op.is_wide else ""
    found: Work = Counter({"call": 1, "trees": trees, f"nodes{size}": round(mean_visits(op))})
    found["outputs"] = len(op.constant)
    if op.entries is not None:
        found["entries"] = round(trees * len(op.entries[0]) / len(op.leaves))
    elif not op.are_votes:
        found["values"] = trees * op.leaves.shape[1]
    return found


def mean_visits(op: QTreeEnsemble) -> float:
    """How many tests a sample takes in all trees."""
    reached = np.zeros(len(op.features))
    np.add.at(reached, op.roots, 1.0)
    # Nodes stand in preorder: a parent before its children.
    for node, (left, right) in enumerate(op.children):
        for child in (left, right):
            if child >= 0:
                reached[child] += reached[node] / 2
    return float(reached.sum())


# ---------------------------------------------------------------------------------------- others


@work.register
def _(op: QInterpolate, x: TensorSpec, y: TensorSpec) -> Work:
    knots = np.diff(op.starts.astype(np.int64))
    halvings = np.log2(np.maximum(knots, 2)).mean() * x.size
    return Counter({"call": 1, "entries": y.size, "halvings": round(halvings)})


@work.register
def _(op: KNearest, x: TensorSpec, y: TensorSpec) -> Work:
    """Each entry is compared again and again, until the range of the input is halved to one."""
    low, high = x.limits
    signs = 2 if op.both_signs else 1
    turns = ceil(log2(max(2, high - low)))
    pixels = x.size // x.shape[-1]
    return Counter(call=1, turns=pixels * turns, compared=signs * x.size * turns, entries=y.size)


@work.register
def _(op: PoolGeometry, x: TensorSpec, y: TensorSpec) -> Work:
    found: Work = Counter(call=1, entries=y.size, lines=op.size[0] * y.size)
    found[f"pooled {x.dtype}"] = op.area * y.size
    return found


@work.register(ArgMax)
@work.register(OvoVote)
def _(op: Op, x: TensorSpec, y: TensorSpec) -> Work:
    return Counter(call=1, reads=x.size, entries=y.size)
