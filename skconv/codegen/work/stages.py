"""The work of stages: a convolution, what follows it pixel by pixel, a pooling, perhaps a head."""

from __future__ import annotations

from collections import Counter
from math import ceil, prod

import numpy as np

from skconv.codegen.routines.row_stage import DspRowStage
from skconv.codegen.routines.row_stage import stage_of as row_stage_of
from skconv.codegen.routines.separable import DspSeparableStage
from skconv.codegen.routines.stage import DspStage, stage_of
from skconv.codegen.routines.stage import packing as stage_packing
from skconv.codegen.work.ops import (
    Work,
    block_work,
    border_share,
    expansion,
    layer_work,
    map_work,
    read_by,
    work,
)
from skconv.graph import (
    Abs,
    BothSigns,
    Fused,
    Magnitude,
    MaxPool,
    Node,
    QLinear,
    QSquare,
    QTriangle,
    Reshape,
    SoftThreshold,
    TensorSpec,
)
from skconv.graph.integer import ConvInteger
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
    return map_work(conv, x, pixels_of(memory), border_share(conv, x))


def pixels_of(memory: StageMemory) -> int:
    """Pixels of the convolution that windows hold, those of several windows once."""
    pool = memory.pool.op
    assert isinstance(pool, PoolGeometry)
    rows, columns = memory.specs[memory.pool.name].shape[:2]
    if memory.by_window:
        return int(rows * columns * pool.area)
    return int(prod(reach(pool, (rows, columns))))


def reach(pool: PoolGeometry, windows: tuple[int, ...]) -> tuple[int, int]:
    """Rows and columns of a map that windows reach."""
    down, across = (
        (n - 1) * step + size for n, step, size in zip(windows, pool.stride, pool.size, strict=True)
    )
    return down, across


def behind(memory: StageMemory, pixels: int) -> Work:
    """What follows a convolution in a stage: at each pixel, for each window, in the head."""
    found: Work = Counter()
    specs = memory.specs
    for node in memory.graph.nodes:
        name, shape = type(node.op).__name__, specs[node.name].shape
        match node.op:
            case ConvGeometry() | Reshape():
                pass
            case PoolGeometry(area=area):
                results = prod(shape)
                found[f"results of {name}"] += results
                found[f"pooled by {name}"] += results * area
            case QLinear():
                found += head_work(node.op, specs[node.inputs[0]])
            case QTriangle():
                found[name] += memory.graph.node_macs()[node.name]
            case _ if _comes_before(memory, node):
                found[name] += pixels * shape[-1]
            case _:
                found[name] += prod(shape)
    return found


def _comes_before(memory: StageMemory, node: Node) -> bool:
    """Whether an op stands before the pooling."""
    names = [n.name for n in memory.graph.nodes]
    return names.index(node.name) < names.index(memory.pool.name)


def head_work(op: QLinear, x: TensorSpec) -> Work:
    """Of a layer that takes features as they come."""
    of_layer = layer_work(op, x)
    del of_layer["rows"]
    found = Counter({f"head, {name}": count for name, count in of_layer.items()})
    found["features"] = op.stored.shape[1]
    return found


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
    found: Work = Counter(call=1, reads=rows * pool.stride[0] * stage.input.shape[1])
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
    found[_gathered(stage)] += entries
    found["entries beside others"] = entries if per_group == 2 else 0
    results = round(rows * columns * channels * share)
    found[f"results of {type(pool).__name__}"] = results
    found["requantised"] = results if stage.to is not None else 0
    found["roots"] = results if stage.root is not None else 0
    if stage.linear is not None:
        found += row_head_work(stage.linear, rows)
    return found


def _gathered(stage: stage_packing.Stage) -> str:
    """How entries go into the sums of a window: the name of that work."""
    nonlinearity, pool = type(stage.nonlinearity).__name__, type(stage.pool).__name__
    is_size = isinstance(stage.nonlinearity, Abs | QSquare | Magnitude)
    if isinstance(stage.pool, MaxPool) and not is_size:
        return "entries of sums"
    rule = stage.conv.requantization
    parts_signs = isinstance(stage.nonlinearity, BothSigns | SoftThreshold)
    is_even = stage.pool.size[1] % 2 == 0 and stage.pool.stride[1] % 2 == 0
    if parts_signs and is_even and (rule.minimum, rule.maximum) == (-INT8_MAX, INT8_MAX):
        return f"entries of four by {pool}"
    return f"entries of {nonlinearity} by {pool}"


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


def row_head_work(op: QLinear, runs: int) -> Work:
    """A head that takes a run of features at a time, four of them a step."""
    outputs, columns = op.stored.shape
    form = op.form or op.weights.dtype.name
    size = 4 if form == "int4" else 5
    steps = ceil(columns / 4)
    found: Work = Counter(runs=runs)
    found["groups"] = runs * ceil(outputs / size)
    found[f"steps, {form}"] = steps * outputs
    found[f"steps of groups, {form}"] = steps * ceil(outputs / size)
    if op.is_kept is not None:
        found["may be kept"] = len(op.is_kept)
        found["kept"] = columns
    return found


@work.register
def _(op: DspRowStage, x: TensorSpec, y: TensorSpec) -> Work:
    parts = row_stage_of(op)
    assert isinstance(op.op, Fused)
    memory = StageMemory(op.op.graph)
    windows = memory.specs[memory.pool.name].shape[:2]
    assert isinstance(memory.pool.op, PoolGeometry)
    down, across = reach(memory.pool.op, windows)
    found = block_work(parts.reached, parts.input, op.weight_bits, down)
    if parts.layout.by_pixel:
        found = Counter({name: down * count for name, count in found.items()})
    found += Counter({"call": 1, read_by(x): x.size}) + behind(memory, down * across)
    return _with_row_head(found, parts.stage.linear, windows[0])


@work.register
def _(op: DspSeparableStage, x: TensorSpec, y: TensorSpec) -> Work:
    assert isinstance(op.op, Fused)
    memory = StageMemory(op.op.graph)
    windows = memory.specs[memory.pool.name].shape[:2]
    assert isinstance(memory.pool.op, PoolGeometry)
    down, across = reach(memory.pool.op, windows)
    conv = memory.first.op
    assert isinstance(conv, ConvInteger)
    found = map_work(conv, op.op.graph.input, down * across)
    found += Counter(call=1, reads=x.size) + behind(memory, down * across)
    head = next((n.op for n in memory.graph.nodes if isinstance(n.op, QLinear)), None)
    return _with_row_head(found, head, windows[0])


def _with_row_head(found: Work, head: QLinear | None, runs: int) -> Work:
    """A stage whose head is one of `dsp_row_head.h`."""
    if head is None:
        return found
    kept = {n: c for n, c in found.items() if not n.startswith("head,") and n != "features"}
    return Counter(kept) + row_head_work(head, runs)
