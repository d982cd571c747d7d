"""The work of convolutions by packed arithmetic: rings of columns, and rows of lanes."""

from __future__ import annotations

from collections import Counter
from math import ceil, prod

import numpy as np

from skconv.codegen.routines.bits import WORD, CountedConv
from skconv.codegen.routines.blocked import BlockedConv
from skconv.codegen.routines.conv import DspConv
from skconv.codegen.routines.conv import packing as conv_packing
from skconv.codegen.routines.depthwise import DspDepthwise
from skconv.codegen.routines.first import DspFirst
from skconv.codegen.routines.first import packing as first_packing
from skconv.codegen.routines.hash import DspHash, DspHashStage
from skconv.codegen.routines.hash import packing as hash_packing
from skconv.codegen.routines.rows import DspRows
from skconv.codegen.routines.rows import packing as rows_packing
from skconv.codegen.routines.sparse import SparseConv
from skconv.codegen.work.ops import Work, long_products, row_head_work, work
from skconv.graph import Fused, QConv, QConvHash, TensorSpec
from skconv.graph.integer import ConvInteger

# --------------------------------------------------------------------- a ring of columns


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
    conv = op.op
    assert isinstance(conv, QConv)
    rows = conv.map_shape(x)[0]
    return Counter(call=1) + ring_work(conv, x, rows) + block_work(conv, x, op.weight_bits, rows)


@work.register
def _(op: BlockedConv, x: TensorSpec, y: TensorSpec) -> Work:
    """Two windows at a time, and one where their number is odd; few levels, expanded for a row."""
    conv = op.op
    assert isinstance(conv, QConv)
    rows, columns, kernels = conv.map_shape(x)
    place, width = conv_packing.layout(conv, x), int(conv.weights.shape[2])
    weights = kernels * width * place.column
    found: Work = Counter({"call": 1, "entries": rows * columns * kernels})
    found[f"macs of {x.dtype}"] = rows * (columns // 2) * 2 * weights
    found[f"single macs of {x.dtype}"] = rows * (columns % 2) * weights
    found["blocks"] = rows * ceil(columns / 2) * kernels
    if conv.form is not None:
        found[f"expanded {conv.form}"] = rows * weights
    return +(found + plain_ring_work(conv, x))


@work.register
def _(op: CountedConv, x: TensorSpec, y: TensorSpec) -> Work:
    """The bits of a window are gathered, then counted a word at a time for each kernel."""
    conv = op.op
    assert isinstance(conv, QConv)
    rows, columns, kernels = conv.map_shape(x)
    pixels, bits = rows * columns, conv.weights[0].size
    found: Work = Counter({"call": 1, "pixels": pixels, "bits": pixels * bits})
    found["taps"] = pixels * bits // x.shape[2]
    found["words"] = pixels * (kernels + 1) * ceil(bits / WORD)
    found["entries"] = y.size
    return found + long_products(conv.requantization, y.size)


@work.register
def _(op: SparseConv, x: TensorSpec, y: TensorSpec) -> Work:
    """Weight by weight that is no zero, each loaded for a few windows: two on small cores."""
    conv = op.op
    assert isinstance(conv, QConv)
    rows, columns, kernels = conv.map_shape(x)
    weights = rows * int(np.count_nonzero(conv.weights))
    found: Work = Counter({"call": 1, "entries": rows * columns * kernels})
    found[f"weights of {x.dtype}"] = columns * weights
    for size in (2, 4):
        walks = sum(divmod(columns, size))
        found[f"walks of {size}"] = rows * walks * kernels
        found[f"steps of {size}"] = walks * weights
    return +(found + plain_ring_work(conv, x))


def plain_ring_work(conv: QConv, x: TensorSpec) -> Work:
    """What brings rows into a ring in the type of the input."""
    rows, place = conv.map_shape(x)[0], conv_packing.layout(conv, x)
    values = (place.n_columns - 1) * place.distance + int(conv.weights.shape[2]) * place.column
    found = filled(conv, x, rows, widens=False) + Counter({"zeros at first": values})
    # All values move a row down: words where a row is made of whole ones.
    step, per_word = conv.stride[0] * x.shape[2], 4 // np.dtype(x.dtype).itemsize
    moved = (rows - 1) * (values - step) if conv.stride[0] < conv.weights.shape[1] else 0
    if step % per_word == 0:
        found["moved words"] = moved // per_word
    else:
        found[f"moved values of {x.dtype}"] = moved
    return found


def ring_work(op: QConv, x: TensorSpec, rows: int) -> Work:
    """What brings the rows of a kernel into the ring of `conv_ring.h`, as int16."""
    place, channels = conv_packing.layout(op, x), x.shape[2]
    if place.by_pixel:
        return _taken(x, rows * x.shape[1], widens=True)
    height, step = int(op.weights.shape[1]), op.stride[0]
    found = filled(op, x, rows, widens=True) + Counter({"zeros at first": place.values})
    left = place.values - step * channels
    if step < height and step * channels % 2 == 0:
        words = left // 2
        found["moves of eight"] = (rows - 1) * (words // 8)
        found["moves of one"] = (rows - 1) * (words % 8)
    elif step < height:
        found["moves of halves"] = (rows - 1) * left
    return +found


def filled(op: QConv, x: TensorSpec, rows: int, *, widens: bool) -> Work:
    """Rows that enter the ring of `conv_ring.h`: pixels of the input, and zeros around it."""
    height, step = int(op.weights.shape[1]), op.stride[0]
    first = np.arange(height)
    later = np.arange(1, rows)[:, None] * step + first[-min(step, height) :]
    lines = np.concatenate([first, later.ravel()]) - op.padding[0][0]
    columns = (op.map_shape(x)[1] - 1) * op.stride[1] + int(op.weights.shape[2])
    if op.pad_mode == "circular":
        pixels = len(lines) * columns
    else:
        inside = int(((lines >= 0) & (lines < x.shape[0])).sum())
        pixels = inside * min(columns - op.padding[1][0], x.shape[1])
    zeros = (len(lines) * columns - pixels) * x.shape[2]
    found: Work = Counter({"rows": rows, "lines": len(lines), "zeros": zeros})
    # The place of each is the rest of a division.
    found["pixels wrapped"] = pixels if op.pad_mode == "circular" else 0
    return found + _taken(x, pixels, widens=widens)


def _taken(x: TensorSpec, pixels: int, *, widens: bool) -> Work:
    """Pixels of the input as they are, or, where four values fill a word, brought to lanes."""
    channels = x.shape[2]
    if not widens or x.dtype == "int16" or channels % 4:
        return Counter({f"pixels of {x.dtype}": pixels, f"reads of {x.dtype}": pixels * channels})
    found = Counter({"pixels widened": pixels, "widened eights": pixels * (channels // 8)})
    found["widened fours"] = pixels if channels % 8 else 0
    return found


def block_work(op: QConv, x: TensorSpec, weight_bits: int, rows: int) -> Work:
    """That of `dsp_conv.h`: two kernels at up to three windows at a time, four values a step."""
    place = conv_packing.layout(op, x)
    pairs = ceil(len(op.bias) / 2)
    lines, line = rows, place.n_columns
    if place.by_pixel and rows == place.n_rows:
        lines, line = 1, place.line
    full, rest = divmod(line, place.windows)
    found: Work = Counter()
    for windows, count in ((place.windows, full), (rest, 1 if rest else 0)):
        blocks = lines * count * pairs
        found[f"calls of {windows}"] += lines * count
        found[f"blocks of {windows}"] += blocks
        found[f"steps of {windows}, {weight_bits} bits"] += blocks * place.steps
        found["turns"] += blocks * (place.steps // conv_packing.unroll(place.steps))
    return +found


# ------------------------------------------------------------------------- rows of lanes


@work.register
def _(op: DspRows, x: TensorSpec, y: TensorSpec) -> Work:
    assert isinstance(op.op, QConv)
    return Counter(call=1) + rows_work(op.op, x, y.shape[0], 1)


@work.register
def _(op: DspDepthwise, x: TensorSpec, y: TensorSpec) -> Work:
    """Channel by channel, two of them filled at a time."""
    assert isinstance(op.op, QConv)
    return Counter(call=1) + rows_work(op.op, x, y.shape[0], 1)


def rows_work(op: ConvInteger, x: TensorSpec, rows: int, times: int) -> Work:
    """That of `dsp_rows.h`: two by two pixels of a kernel, of rows that wait as lanes.

    The rows of the input pass the buffer so many times.
    """
    height, breadth = (int(n) for n in op.weights.shape[1:3])
    twos, columns = ceil(rows / 2), op.map_shape(x)[1]
    pitch = rows_packing.pitch(op, x)
    blocks = times * twos * ceil(columns / 2) * len(op.weights)
    pushes = times * (2 * twos + height - 1)
    found: Work = Counter({"blocks": blocks, "lines": blocks * height})
    found["words"] = blocks * height * 4 * breadth
    found["words of odd runs"] = blocks * height if breadth % 2 else 0
    found["pushes"] = pushes
    found[f"filled words of {x.dtype}"] = pushes * pitch
    found["moved words"] = times * twos * (height - 1) * pitch
    found["twos of rows"] = times * twos
    found["pixels"] = times * twos * ceil(columns / 2)
    return +found


@work.register
def _(op: DspHash, x: TensorSpec, y: TensorSpec) -> Work:
    conv = op.op
    assert isinstance(conv, QConvHash)
    one = hash_packing.channel_of(x)
    return Counter({"call": 1, "codes": y.size}) + rows_work(conv, one, y.shape[0], x.shape[2])


@work.register
def _(op: DspHashStage, x: TensorSpec, y: TensorSpec) -> Work:
    """Codes that are counted, or look up weights; a head takes the counts of a row of blocks."""
    assert isinstance(op.op, Fused)
    stage = hash_packing.stage_of(op.op)
    assert stage is not None
    rows, columns = stage.counts.shape[:2]
    one, channels = hash_packing.channel_of(x), x.shape[2]
    found = Counter(call=1) + rows_work(stage.conv, one, stage.n_rows, channels)
    height, width = stage.histogram.size
    lines = channels * stage.codes * rows * height * columns
    found[f"lines {stage.use}"] = lines
    found[f"codes {stage.use}"] = lines * width
    found["codes"] = channels * stage.codes * stage.n_rows * stage.conv.map_shape(one)[1]
    if stage.linear is None:
        found["zeros"] = y.size
        return found
    if stage.use == "weighted":
        found["zeros"] = channels * rows * stage.run
        return found + row_head_work(stage.linear, stage.counts.dtype, channels * rows)
    found["groups looked up"] = lines * ceil(len(stage.linear.bias) / hash_packing.LOOK_UP_GROUP)
    found["weights looked up"] = lines * width * len(stage.linear.bias)
    return found
