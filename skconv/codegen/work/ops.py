"""The work of single ops, and of routines for them: `work`, and what stages share."""

from __future__ import annotations

from collections import Counter
from functools import singledispatch
from math import ceil, log2, prod
from typing import Any

import numpy as np

from skconv.codegen.routines.linear import DspLinear
from skconv.codegen.routines.linear.packing import weight_type
from skconv.codegen.routines.winograd import DspWinograd, PlainLine, PlainWinograd
from skconv.graph import (
    ArgMax,
    Concat,
    Decisions,
    KNearest,
    Op,
    OvoVote,
    QConv,
    QConvHash,
    QInterpolate,
    QLinear,
    QNormalize,
    QRoot,
    QSeparableConv,
    QTentPool,
    QTreeEnsemble,
    Rescale,
    Select,
    TensorSpec,
)
from skconv.graph.base import Array
from skconv.graph.integer import ConvInteger, Requantization
from skconv.graph.nested import Packed
from skconv.graph.ops import PoolGeometry
from skconv.graph.storage.codebook import Codebook
from skconv.graph.storage.coded import Coded, coded_of
from skconv.graph.storage.dictionary import Dictionary
from skconv.graph.storage.entropy import Entropy
from skconv.graph.storage.frequency import Frequency
from skconv.graph.storage.hashed import Hashed

# Entries of a row, and of narrow windows, that GCC takes one by one, at -O2.
MOST_UNROLLED, MOST_OF_WINDOWS = 4, 8

# Fewer columns of a layer are no loop.
FEW_COLUMNS = 3
# A constant of at most so many signed digits is multiplied by with shifts.
FEW_DIGITS = 3

Work = Counter[str]
Places = np.ndarray[Any, np.dtype[np.intp]]


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
    {'call': 1, 'reads of int8': 32, 'entries of int8': 32}
    """
    found = {"call": 1, "macs": op.macs(x), f"reads of {x.dtype}": x.size}
    rule: Requantization | None = getattr(op, "requantization", None)
    products = Counter() if rule is None else long_products(rule, y.size)
    return Counter(found | {f"entries of {y.dtype}": y.size}) + products


@work.register
def _(op: Packed, x: TensorSpec, y: TensorSpec) -> Work:
    return work(op.op, x, y)


def long_products(rule: Requantization, count: int) -> Work:
    """Of so many results, those whose product of 64 bits a routine makes, on cores without one.

    Compilers multiply by one constant of few bits with shifts and sums.
    """
    multiplier = int(rule.multiplier[0])
    is_short = len(rule.multiplier) == 1 and signed_digits(multiplier) <= FEW_DIGITS
    return Counter({"long products": 0 if is_short else count})


def signed_digits(number: int) -> int:
    """Digits that are not 0 in the shortest sum of powers of two, and a shift at the end.

    Examples
    --------
    >>> from skconv.codegen.work.ops import signed_digits
    >>> signed_digits(64), signed_digits(255), signed_digits(510)
    (1, 2, 3)
    """
    digits = (number ^ 3 * number).bit_count()
    return digits + (digits > 1 and number % 2 == 0)


# ------------------------------------------------------------------------------ convolutions


def map_work(op: ConvInteger, x: TensorSpec, rows: Places, columns: Places) -> Work:
    """That of a convolution at some places, all rows by all columns.

    ``lines`` and ``taps`` are turns of the loops over rows and columns of a kernel, where there
    are loops. Of windows over the border they are told apart: each tap is tested there, and
    those outside are left out.
    """
    kernels = len(op.weights) * (x.shape[2] if op.shared else 1)
    height, width, channels = op.weights.shape[1:]
    down, across = taps_inside(op, x, 0, rows), taps_inside(op, x, 1, columns)
    pixels = len(rows) * len(columns)
    if isinstance(op, QSeparableConv):
        terms, entries = pixels * len(op.factors.rows), len(rows) * prod(op.lines_shape(x))
        found = Counter({"separable pixels": pixels, "sums of terms": pixels * kernels})
        found |= {"terms": terms, f"products of {op.factors.line_dtype(x)}": terms * width}
        found |= {"entries of lines": entries, f"products of lines of {x.dtype}": entries * height}
        return found
    found = Counter(pixels=pixels)
    inside = int((down == height).sum() * (across == width).sum())
    entries = inside * kernels
    name = (stored := _stored(op)) or f"of {x.dtype}"
    # A single kernel is no loop.
    found[f"entries {name}" if kernels > 1 else "entries of one kernel"] = pixels * kernels
    if isinstance(op, QConv):
        found += long_products(op.requantization, pixels * kernels)
    found += _products_inside(op, x, entries, name)
    if inside == pixels:
        return found
    border, there = (pixels - inside) * kernels, around(op)
    if op.pad_mode == "circular":
        down, across = np.full_like(down, height), np.full_like(across, width)
    visited = int(down.sum() * across.sum()) - inside * height * width
    lines = int(down.sum() * len(columns)) - inside * height
    found[f"pixels at {there}"] = pixels - inside
    found[f"lines at {there}"] = border * height
    found[f"taps at {there}"] = lines * kernels * width
    if stored:
        return found + runs_of(stored, visited * kernels, channels, x)
    found[f"runs at {there}"] = visited * kernels if channels > 1 else 0
    found[f"macs at {there} {name}"] = visited * kernels * channels
    return found


def _products_inside(op: ConvInteger, x: TensorSpec, entries: int, name: str) -> Work:
    """Those of windows that lie in the map."""
    height, width, channels = op.weights.shape[1:]
    stored = _stored(op)
    if stored:
        # Expanded taps side by side are one run of the input.
        is_row = stored == "expanded" and op.dilation[1] == 1 and channels == x.shape[2]
        lines, size = (height, width * channels) if is_row else (height * width, channels)
        return runs_of(stored, entries * lines, size, x)
    # Compilers make other loops of one, two or three channels.
    run = "runs" if channels > 3 else f"{channels}"
    found = Counter({f"lines in {run}": entries * height if height > 1 else 0})
    found[f"taps in {run}"] = entries * height * width if channels > 1 and width > 1 else 0
    found[f"macs {name} in {run}"] = entries * height * width * channels
    return found


def _stored(op: Op) -> str:
    """How weights are stored that are no numbers of C: of few levels, or expanded to RAM."""
    form: str = getattr(op, "form", None) or ""
    return form or ("expanded" if coded_of(op) is not None else "")


def runs_of(stored: str, count: int, size: int, x: TensorSpec) -> Work:
    """So many runs of the input, the weights sought for each; expanded ones four at a time."""
    found = Counter({f"runs, {stored}": count})
    fours = size // 4 if stored == "expanded" else 0
    found[f"fours of {'words' if x.dtype == 'int16' else 'bytes'}"] = count * fours
    found[f"macs, {stored}"] = count * (size - 4 * fours)
    return +found


def every_place(op: ConvInteger, x: TensorSpec) -> tuple[Places, Places]:
    """All rows, and all columns."""
    rows, columns = op.map_shape(x)[:2]
    return np.arange(rows), np.arange(columns)


def taps_inside(op: ConvInteger, x: TensorSpec, axis: int, places: Places) -> Places:
    """How many rows or columns of a kernel lie in the map, at each place."""
    size, step, dilation = op.weights.shape[1 + axis], op.stride[axis], op.dilation[axis]
    at = places[:, None] * step - op.padding[axis][0] + dilation * np.arange(size)
    found: Places = ((at >= 0) & (at < x.shape[axis])).sum(axis=1)
    return found


def around(op: ConvInteger) -> str:
    """What lies beyond the border, where taps are tested."""
    return "the opposite border" if op.pad_mode == "circular" else "the border"


@work.register(QConv)
@work.register(QConvHash)
def _(op: ConvInteger, x: TensorSpec, y: TensorSpec) -> Work:
    return Counter(call=1) + map_work(op, x, *every_place(op, x)) + expansion(op)


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
            # Weights are tested one by one where they lie apart, or the last vector is cut.
            is_run = not coded.by_channel and coded.kernel_bytes % coded.codewords.shape[1] == 0
            tested = 0 if is_run else prod(coded.shape)
            return {"vectors": coded.indices.size, "tested weights": tested}
        case Dictionary():
            return {"vectors": coded.indices.size}
        case Entropy():
            return _symbols(coded, coded.values)
        case Frequency():
            taps = coded.shape[1] * coded.shape[2]
            n_planes = coded.shape[0] * coded.shape[3]
            added = 1 if coded.indices is None else 2
            return _symbols(coded, coded.residual) | {"cosines": added * n_planes * taps**2}
        case Hashed() if coded.basis is not None:
            taps = coded.shape[1] * coded.shape[2]
            return {"cosines": prod(coded.shape) * taps}
    return {}


def _symbols(coded: Entropy | Frequency, values: Array) -> dict[str, int]:
    """Numbers that are not 0, runs of zeros, and the bits of both."""
    flat = values.ravel() != 0
    symbols = int(flat.sum()) + int((np.diff(flat.astype(np.int8)) < 0).sum())
    return {"symbols": symbols, "bits": 8 * coded.tables["bits"].size}


# -------------------------------------------------------------------------------------- layers


@work.register
def _(op: QLinear, x: TensorSpec, y: TensorSpec) -> Work:
    rows, columns = op.stored.shape
    is_plain = op.form is None and op.is_kept is None and op.coded is None
    if is_plain and columns < FEW_COLUMNS:
        alone = " alone" if rows == 1 else ""
        return Counter({"call": 1, f"rows of {columns}{alone}": rows}) + requantised(op)
    found = Counter(call=1) + layer_work(op, x) + expansion(op)
    if op.is_kept is not None:
        found["inputs tested"] = x.size
    return found


def layer_work(op: QLinear, x: TensorSpec) -> Work:
    """Rows, and products of a layer; those of features that are left."""
    rows, columns = op.stored.shape
    if op.coded is not None and not op.coded.sums:
        return runs_of("expanded", rows, columns, x) + requantised(op)
    form = f"{weights_of(op)} kept" if op.is_kept is not None else weights_of(op)
    # Compilers make other loops of a single row.
    of = f"of {x.dtype}" if rows > 1 else f"of {x.dtype} in one row"
    found: Work = Counter({f"rows {of}": rows, f"macs {form} {of}": rows * columns})
    if op.is_kept is not None:
        found[f"rows kept {of}"] = rows
        found["kept"] = columns
    return found + requantised(op)


def weights_of(op: QLinear) -> str:
    """How the weights of a layer are stored."""
    return op.form or (type(op.coded).__name__ if op.coded is not None else op.weights.dtype.name)


def requantised(op: QLinear) -> Work:
    """Rows whose sums become few bits."""
    if op.requantization is None:
        return Counter()
    rows = len(op.bias)
    return Counter({"requantised": rows}) + long_products(op.requantization, rows)


@work.register
def _(op: DspLinear, x: TensorSpec, y: TensorSpec) -> Work:
    """Blocks of four rows, and what rows are left, four columns a step."""
    layer = op.op
    assert isinstance(layer, QLinear)
    rows, columns = layer.weights.shape
    weights = layer.form if op.narrow else weight_type(layer, wide=op.wide)
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


def row_head_work(op: QLinear, features: str, runs: int) -> Work:
    """A head that takes a run of features of a type at a time, four of them a step."""
    outputs, columns = op.stored.shape
    form = op.form or op.weights.dtype.name
    groups = ceil(outputs / (4 if form == "int4" else 5))
    is_kept = np.ones(columns, bool) if op.is_kept is None else op.is_kept
    steps = int(np.ceil(is_kept.reshape(runs, -1).sum(axis=1) / 4).sum())
    found: Work = Counter(runs=runs, groups=runs * groups)
    found[f"steps, {form}"] = steps * outputs
    found[f"steps of groups, {form}"] = steps * groups
    found[f"steps of groups of {features}"] = steps * groups
    if op.is_kept is not None:
        found["may be kept"] = len(op.is_kept)
        found["kept"] = columns
    return found


# ----------------------------------------------------------------------------------------- trees


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
    turns = compared(op, x) // (x.shape[-1] * (2 if op.both_signs else 1))
    return Counter(call=1, turns=turns, compared=compared(op, x), entries=y.size)


def compared(op: KNearest, x: TensorSpec) -> int:
    """How often an entry, or its negative, is compared."""
    low, high = x.limits
    return x.size * (2 if op.both_signs else 1) * ceil(log2(max(2, high - low)))


@work.register
def _(op: QRoot, x: TensorSpec, y: TensorSpec) -> Work:
    found = {"call": 1, f"reads of {x.dtype}": x.size, f"entries of {y.dtype}": y.size}
    return Counter(found) + root_work(op, x, y.size)


def root_work(op: QRoot, x: TensorSpec, count: int) -> Work:
    """Of so many roots; their bits are found one by one."""
    bits = ((x.magnitude << op.shift).bit_length() + 1) // 2
    rule = long_products(op.requantization, count)
    return Counter({"roots": count, "bits of roots": count * bits}) + rule


@work.register
def _(op: PoolGeometry, x: TensorSpec, y: TensorSpec) -> Work:
    """Window by window; compilers leave no loop over a few entries."""
    height, width = op.size
    pooled, is_narrow = op.area * y.size, width < MOST_UNROLLED
    rule: Requantization | None = getattr(op, "requantization", None)
    found = Counter(call=1) + (Counter() if rule is None else long_products(rule, y.size))
    is_flat = width > 1 and not isinstance(op, QTentPool)
    if is_narrow and op.area <= (MOST_OF_WINDOWS if is_flat else MOST_UNROLLED):
        how = "unrolled "
        found |= {"small windows": y.size, f"unrolled {x.dtype}": pooled}
    else:
        how = "narrow " if is_narrow else ""
        found |= {f"{how}entries": y.size, f"{how}pooled {x.dtype}": pooled}
        found[f"{how}lines"] = height * y.size if height > 1 else 0
    if isinstance(op, QTentPool):  # The tent of two is flat.
        found[f"{how}weighted by lines"] = pooled if height > 2 else 0
        found[f"{how}weighted by columns"] = pooled if width > 2 else 0
    return +found


@work.register
def _(op: Concat, x: TensorSpec, y: TensorSpec) -> Work:
    """Run by run: the channels of a pixel, or a vector."""
    pixels, inputs = y.size // y.shape[-1], max(1, round(y.shape[-1] / x.shape[-1]))
    run = x.nbytes // (x.size // x.shape[-1])
    of = "words" if run % 4 == 0 else "bytes"
    return Counter({"call": 1, "runs": inputs * pixels, f"bytes in {of}": y.nbytes})


@work.register
def _(op: Rescale, x: TensorSpec, y: TensorSpec) -> Work:
    found = {"call": 1, f"reads of {x.dtype}": x.size, f"entries of {y.dtype}": y.size}
    return Counter(found) + long_products(op.requantization, y.size)


@work.register
def _(op: Select, x: TensorSpec, y: TensorSpec) -> Work:
    """Only what is selected is read."""
    return Counter({"call": 1, f"entries of {y.dtype}": y.size})


@work.register
def _(op: QNormalize, x: TensorSpec, y: TensorSpec) -> Work:
    roots = int(op.norm == "l2")
    return Counter({"call": 1, f"reads of {x.dtype}": x.size, "quotients": y.size, "roots": roots})


@work.register
def _(op: ArgMax, x: TensorSpec, y: TensorSpec) -> Work:
    few = "few " if x.size < MOST_UNROLLED else ""
    return Counter({"call": 1, f"{few}reads": x.size})


@work.register
def _(op: OvoVote, x: TensorSpec, y: TensorSpec) -> Work:
    return Counter(call=1, reads=x.size, entries=y.size)


@work.register
def _(op: Decisions, x: TensorSpec, y: TensorSpec) -> Work:
    return Counter(call=1, reads=sum(op.sizes), entries=y.size)
