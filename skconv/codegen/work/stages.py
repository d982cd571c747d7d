"""The work of stages: a convolution, what follows it pixel by pixel, a pooling, perhaps a head."""

from __future__ import annotations

from collections import Counter
from math import ceil, prod

import numpy as np

from skconv.codegen.routines.row_stage import DspRowStage
from skconv.codegen.routines.row_stage import stage_of as row_stage_of
from skconv.codegen.routines.rows import packing as rows_packing
from skconv.codegen.routines.separable import DspSeparableStage
from skconv.codegen.routines.stage import DspStage, pushes, stage_of
from skconv.codegen.routines.stage import packing as stage_packing
from skconv.codegen.work.ops import (
    Places,
    Work,
    expansion,
    long_products,
    map_work,
    requantised,
    root_work,
    row_head_work,
    weights_of,
    work,
)
from skconv.codegen.work.packed import block_work, ring_work
from skconv.codegen.work.patches import pixelwise_work
from skconv.graph import (
    Abs,
    BlockHistogram,
    BothSigns,
    Fused,
    KNearest,
    Magnitude,
    MaxPool,
    Node,
    QDivide,
    QLinear,
    QLocalContrast,
    QMeanPool,
    QRoot,
    QSquare,
    QTriangle,
    Relu,
    Reshape,
    SoftThreshold,
    TensorSpec,
)
from skconv.graph.integer import ConvInteger, Requantization
from skconv.graph.limits import INT8_MAX
from skconv.graph.nested import Streamed
from skconv.graph.ops import ConvGeometry, PoolGeometry
from skconv.target.stage_memory import StageMemory

# Weights of a row that share registers well lie between.
FEW, MANY = 4, 7


@work.register
def _(op: Streamed, x: TensorSpec, y: TensorSpec) -> Work:
    """That of its stage, which takes the same rows one by one; some of them more than once."""
    found, stage = work(op.stage, x, y), op.stage
    if op.repeats != 1 and isinstance(stage, Fused):
        again = op.repeats - 1
        for name, count in convolved(StageMemory(stage.graph)).items():
            found[name] += round(again * count)
    return found


@work.register
def _(op: Fused, x: TensorSpec, y: TensorSpec) -> Work:
    """Pixel by pixel: window by window where windows are apart, else row by row."""
    memory = StageMemory(op.graph)
    if not isinstance(memory.first.op, ConvInteger):
        return Counter(call=1, macs=op.macs(x), entries=y.size)
    found = Counter(call=1) + convolved(memory) + behind(memory, pixels_of(memory))
    return found + expansion(memory.first.op)


def convolved(memory: StageMemory) -> Work:
    """What the convolution of a portable stage does."""
    conv, x = memory.first.op, memory.graph.input
    assert isinstance(conv, ConvInteger)
    return map_work(conv, x, *pixels_reached(memory))


def pixels_reached(memory: StageMemory) -> tuple[Places, Places]:
    """Rows and columns of the convolution that windows hold, those of several windows once."""
    pool = memory.pool.op
    assert isinstance(pool, PoolGeometry)
    windows = memory.specs[memory.pool.name].shape
    rows, columns = (
        np.unique(np.arange(n)[:, None] * step + np.arange(size))
        for n, step, size in zip(windows, pool.stride, pool.size, strict=False)
    )
    return rows, columns


def pixels_of(memory: StageMemory) -> int:
    """How many pixels those are."""
    rows, columns = pixels_reached(memory)
    return len(rows) * len(columns)


def reach(pool: PoolGeometry, windows: tuple[int, ...]) -> tuple[int, int]:
    """Rows and columns of a map that windows reach."""
    down, across = (
        (n - 1) * step + size for n, step, size in zip(windows, pool.stride, pool.size, strict=True)
    )
    return down, across


def behind(memory: StageMemory, pixels: int) -> Work:
    """What follows a convolution in a stage: at each pixel, for each window, in the head."""
    specs = memory.specs
    found = Counter() if memory.by_window else spread(memory, pixels)
    for node in memory.graph.nodes:
        name, shape, x = type(node.op).__name__, specs[node.name].shape, specs[node.inputs[0]]
        match node.op:
            case ConvGeometry() | Reshape():
                pass
            case PoolGeometry(area=area):
                results, how = prod(shape), "" if memory.by_window else "spread "
                if isinstance(node.op, BlockHistogram):
                    found["codes of BlockHistogram"] += results // node.op.n_bins * area
                else:
                    found[f"{how}pooled by {name}"] += results * area
                found[f"results of {name}"] += results
                rule: Requantization | None = getattr(node.op, "requantization", None)
                found += Counter() if rule is None else long_products(rule, results)
            case QLinear() if isinstance(memory.pool.op, BlockHistogram):
                # Each code adds its weights to the scores: nothing is counted.
                codes = found["codes of BlockHistogram"]
                found["codes in a head"] += codes
                found["weights of codes"] += codes * len(node.op.bias)
            case QLinear():
                found += head_work(node.op)
            case QLocalContrast() | QDivide() | QTriangle() | KNearest():
                found += pixelwise_work(node.op, x, pixels)
            case QRoot():
                found += root_work(node.op, x, prod(shape))
            case Magnitude():
                found[name] += pixels * shape[-1]
                found["bits of roots"] += pixels * shape[-1] * np.iinfo(x.dtype).bits
            case _ if _comes_before(memory, node):
                found[name] += pixels * shape[-1]
            case _:
                found[name] += prod(shape)
    return +found


def spread(memory: StageMemory, pixels: int) -> Work:
    """What it takes to find the windows that hold each pixel, and their sums."""
    pool, (_, _, channels) = memory.pool.op, memory.specs[memory.pool.name].shape
    assert isinstance(pool, PoolGeometry)
    if isinstance(pool, BlockHistogram):  # A pixel counts one code of all bins.
        channels //= pool.n_bins
    rows, columns = pixels_reached(memory)
    held = sum(len(windows_at(row, pool, 0, memory)) for row in rows) * len(columns)
    # A place is divided by the stride twice, and its row of windows by how many rows there are.
    divisors = (pool.stride[1], pool.stride[1]) if len(columns) > 1 else ()
    many = sum(n.bit_count() > 1 for n in (*divisors, memory.slots))
    found = {"spread pixels": pixels, "spread divisions": pixels * many}
    # Without rows, or columns, of windows there is a loop less.
    along = axes(memory)
    found |= {f"spread entries {along}": pixels * channels, f"spread rows {along}": held * channels}
    return Counter(found)


def axes(memory: StageMemory) -> str:
    """Where windows stand beside one another."""
    rows, columns, _ = memory.specs[memory.pool.name].shape
    return "of both axes" if rows > 1 and columns > 1 else "down" if rows > 1 else "across"


def windows_at(place: int, pool: PoolGeometry, axis: int, memory: StageMemory) -> range:
    """Windows along an axis that hold a row or a column."""
    size, stride = pool.size[axis], pool.stride[axis]
    count = memory.specs[memory.pool.name].shape[axis]
    first = 0 if place < size else (place - size) // stride + 1
    return range(first, min(place // stride + 1, count))


def _comes_before(memory: StageMemory, node: Node) -> bool:
    """Whether an op stands before the pooling."""
    names = [n.name for n in memory.graph.nodes]
    return names.index(node.name) < names.index(memory.pool.name)


def head_work(op: QLinear) -> Work:
    """Of a layer that takes features as they come."""
    rows, columns = op.stored.shape
    found: Work = Counter({f"head, macs of {weights_of(op)}": rows * columns, "features": columns})
    if op.is_kept is not None:
        found["features tested"], found["features kept"] = len(op.is_kept), columns
    return found + Counter({f"head, {name}": n for name, n in requantised(op).items()})


# ----------------------------------------------------------------------- routines of the DSP


@work.register
def _(op: DspStage, x: TensorSpec, y: TensorSpec) -> Work:
    """Four pixels at a time of one kernel; windows of which nothing is read are left out."""
    stage = stage_of(op)
    height, width = stage.conv.window
    rows, columns, channels = stage.features.shape
    pool = stage.pool
    per_group = 1 if pool.stride[1] % 2 == 0 else 2
    share = computed_share(stage, per_group)
    is_pair = isinstance(stage.nonlinearity, Magnitude)
    kernels = len(stage.conv.bias) // (2 if is_pair else 1)
    pitch, pushed = rows_packing.pitch(stage.conv, stage.input), pushes(stage)
    left = max(0, height + pool.size[0] - 1 - pool.stride[0])
    found: Work = Counter({"call": 1, "pushes": pushed, "moved words": rows * left * pitch})
    found[f"filled words of {x.dtype}"] = pushed * pitch
    found["windows"] = rows * columns * kernels
    blocks = sum(
        groups * rows * ceil(pool.size[0] / 2) * ceil(span / 2)
        for span, groups in _groups(columns, per_group, pool)
    )
    sums = round(blocks * kernels * share) * (2 if is_pair else 1)
    found["blocks"] = sums
    found["lines"] = sums * height
    found["lines of few"] = sums * height if width < FEW else 0
    found["lines of many"] = sums * height if width > MANY else 0
    found["macs"] = sums * height * 4 * width
    entries = round(rows * columns * kernels * share) * pool.area
    found += dict.fromkeys(_gathered(stage), entries)
    if per_group == 2:
        found["entries beside others" if columns > 1 else "entries tested"] = entries
    results = round(rows * columns * channels * share)
    of_sums = " of sums" if _gathers_sums(stage) else ""
    found[f"results of {type(pool).__name__}{of_sums}"] = results
    found["requantised"] = results if stage.to is not None else 0
    if stage.root is not None:
        found += root_work(stage.root, stage.pooled, results)
    if stage.linear is not None:
        found += row_head_work(stage.linear, stage.features.dtype, rows)
    return found


def _gathered(stage: stage_packing.Stage) -> tuple[str, ...]:
    """How entries go into the sums of a window: the names of that work."""
    nonlinearity, pool = type(stage.nonlinearity).__name__, type(stage.pool).__name__
    if _gathers_sums(stage):
        both = isinstance(stage.nonlinearity, BothSigns | SoftThreshold)
        return ("entries of sums of both signs" if both else "entries of sums",)
    rule = stage.conv.requantization
    parts_signs = isinstance(stage.nonlinearity, BothSigns | SoftThreshold)
    is_even = stage.pool.size[1] % 2 == 0 and stage.pool.stride[1] % 2 == 0
    if parts_signs and is_even and (rule.minimum, rule.maximum) == (-INT8_MAX, INT8_MAX):
        return (f"entries of four by {pool}",)
    return (f"entries of {nonlinearity}", f"entries by {pool}")


def _gathers_sums(stage: stage_packing.Stage) -> bool:
    """Whether the largest sum is found, before it is requantised."""
    is_size = isinstance(stage.nonlinearity, Abs | QSquare | Magnitude)
    return isinstance(stage.pool, MaxPool) and not is_size


def _groups(columns: int, per_group: int, pool: PoolGeometry) -> list[tuple[int, int]]:
    """Pixels that windows side by side span, and how many such groups there are in a row."""
    if per_group == 1:
        return [(pool.size[1], columns)]
    return [(pool.stride[1] + pool.size[1], columns // 2), (pool.size[1], columns % 2)]


def computed_share(stage: stage_packing.Stage, per_group: int) -> float:
    """Of windows times kernels, the share that has a feature which is read."""
    if stage.linear is None or stage.linear.is_kept is None:
        return 1.0
    rows, columns, channels = stage.features.shape
    kept = stage.linear.is_kept.reshape(rows, columns, channels)
    kernels = len(stage.conv.bias)
    if channels == 2 * kernels:
        kept = kept[..., :kernels] | kept[..., kernels:]
    groups = [kept[:, i : i + per_group].any(axis=1) for i in range(0, columns, per_group)]
    return float(np.stack(groups).mean())


@work.register
def _(op: DspRowStage, x: TensorSpec, y: TensorSpec) -> Work:
    """Rows of the convolution, each added to the windows that hold it."""
    parts = row_stage_of(op)
    assert isinstance(op.op, Fused)
    memory = StageMemory(op.op.graph)
    windows = memory.specs[memory.pool.name].shape[:2]
    pool = memory.pool.op
    assert isinstance(pool, PoolGeometry)
    down, across = reach(pool, windows)
    found = Counter(call=1) + ring_work(parts.reached, parts.input, down)
    found += block_work(parts.reached, parts.input, op.weight_bits, down)
    found += spread_work(memory, parts.stage, down) + of_features(memory)
    found += whole_pixels(memory, down * across)
    return _with_row_head(found, parts.stage.linear, parts.stage.features.dtype, windows[0])


def spread_work(memory: StageMemory, stage: stage_packing.Stage, rows: int) -> Work:
    """That of `dsp_row_parts.h`: each pixel into the sums of a step, steps into windows."""
    windows, pool = stage.features.shape[:2], stage.pool
    pixel, step, size = memory.specs[memory.pixel.name], pool.stride[1], pool.size[1]
    channels = memory.specs[memory.pool.name].shape[2]
    both = channels > pixel.shape[2]
    groups = rows * (pixel.shape[2] if both else channels)
    fours = _has_fours(memory, stage, pixel)
    groups = groups // 4 if fours else groups
    whole = (size - 1) // step
    more = size - whole * step
    pixels = whole * step + windows[1] * more + (windows[1] - 1) * (step - more)
    pixels = pixels if whole else windows[1] * size
    how = ("fours" if fours else pixel.dtype) + (" of both signs" if both else "")
    nonlinearity, name = type(stage.nonlinearity).__name__, type(pool).__name__
    found: Work = Counter({"runs of channels": groups, f"windows of {how}": groups * windows[1]})
    found[f"{how}, {nonlinearity} into {name}"] = groups * pixels
    found[f"joined {how}"] = groups * windows[1] * whole
    together = groups // rows * windows[0] * pool.size[0] * windows[1]
    found[f"gathered {how}"] = together * (2 if both else 1)
    return +found


def _has_fours(memory: StageMemory, stage: stage_packing.Stage, pixel: TensorSpec) -> bool:
    """Whether four channels are worked on at a time."""
    simple = stage.nonlinearity is None or isinstance(stage.nonlinearity, Relu)
    sized = isinstance(stage.nonlinearity, Magnitude | QSquare)
    sums = isinstance(stage.pool, QMeanPool) and memory.sum_dtype in ("int16", "uint16")
    return (
        pixel.shape[2] % 4 == 0
        and (not sized if pixel.dtype == "int8" else pixel.dtype == "uint8" and simple)
        and (isinstance(stage.pool, MaxPool) or sums)
    )


def of_features(memory: StageMemory) -> Work:
    """What a window comes to, behind the pooling."""
    found = behind(memory, 0)
    kept = ("results", "roots", "bits of roots", "Rescale")
    return Counter({name: count for name, count in found.items() if name.startswith(kept)})


def whole_pixels(memory: StageMemory, pixels: int) -> Work:
    """What is done with pixels as a whole, before entries are told apart."""
    found: Work = Counter()
    for node in memory.pixelwise:
        found += pixelwise_work(node.op, memory.specs[node.inputs[0]], pixels)
    return found


@work.register
def _(op: DspSeparableStage, x: TensorSpec, y: TensorSpec) -> Work:
    assert isinstance(op.op, Fused)
    memory = StageMemory(op.op.graph)
    windows = memory.specs[memory.pool.name].shape[:2]
    assert isinstance(memory.pool.op, PoolGeometry)
    down, across = reach(memory.pool.op, windows)
    conv = memory.first.op
    assert isinstance(conv, ConvInteger)
    found = map_work(conv, op.op.graph.input, np.arange(down), np.arange(across))
    found += Counter(call=1, reads=x.size) + behind(memory, down * across)
    head = next((n for n in memory.graph.nodes if isinstance(n.op, QLinear)), None)
    if head is None:
        return found
    assert isinstance(head.op, QLinear)
    return _with_row_head(found, head.op, memory.specs[head.inputs[0]].dtype, windows[0])


def _with_row_head(found: Work, head: QLinear | None, features: str, runs: int) -> Work:
    """A stage whose head is one of `dsp_row_head.h`."""
    if head is None:
        return found
    kept = {n: c for n, c in found.items() if not n.startswith(("head,", "features"))}
    return Counter(kept) + row_head_work(head, features, runs)
