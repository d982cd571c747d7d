"""The work of ops that move the entries of a map, or make few bits of them."""

from __future__ import annotations

from collections import Counter
from math import prod

from skconv.codegen.work.ops import Work, work
from skconv.graph import Above, BlockHistogram, Hash, Median, Permute, QPad, TensorSpec, Upsample

# Fewer levels, or channels, are no loop.
FEWEST_LOOPED = 3


@work.register
def _(op: Above, x: TensorSpec, y: TensorSpec) -> Work:
    """Each entry is compared with all levels."""
    few = "few " if len(op.levels) < FEWEST_LOOPED else ""
    how = " of few channels" if x.shape[-1] < FEWEST_LOOPED else ""
    return Counter({"call": 1, "reads": x.size, f"{few}compared{how}": y.size})


@work.register
def _(op: Hash, x: TensorSpec, y: TensorSpec) -> Work:
    return Counter(call=1, signs=x.size, codes=y.size)


@work.register
def _(op: BlockHistogram, x: TensorSpec, y: TensorSpec) -> Work:
    """Bins are emptied, and each code of a window counts."""
    return Counter(call=1, bins=y.size, codes=y.size // op.n_bins * op.area)


@work.register
def _(op: Permute, x: TensorSpec, y: TensorSpec) -> Work:
    """Entries one by one, in three loops."""
    return Counter({"call": 1, "pixels": prod(y.shape[:-1]), f"entries of {y.dtype}": y.size})


@work.register
def _(op: Median, x: TensorSpec, y: TensorSpec) -> Work:
    """A network sorts nine entries; in padding the place of each is tested."""
    tested = "tested " if any(map(sum, op.padding)) else ""
    return Counter({"call": 1, f"{tested}medians of {x.dtype}": y.size})


@work.register
def _(op: QPad, x: TensorSpec, y: TensorSpec) -> Work:
    """The border is written entry by entry, the map inside it row by row."""
    found = {"call": 1, "rows": x.shape[0], f"filled of {y.dtype}": y.size - x.size}
    return Counter(found) + copied(x.nbytes, x.shape[0])


@work.register
def _(op: Upsample, x: TensorSpec, y: TensorSpec) -> Work:
    """Pixels are repeated along a row, then whole rows."""
    rows, columns = op.factor
    pixels = columns * prod(x.shape[:2])
    size = x.nbytes // prod(x.shape[:2])
    found: Work = Counter(call=1, pixels=prod(x.shape[:2]))
    found["repeated bytes" if size == 1 else "repeated"] = pixels
    found["bytes of pixels"] = pixels * size
    repeated_rows = (rows - 1) * x.shape[0]
    return found + copied((rows - 1) * columns * x.nbytes, repeated_rows)


def copied(size: int, runs: int) -> Work:
    """So many bytes by `memcpy`, which takes words where runs are whole ones."""
    if runs == 0:
        return Counter()
    is_whole = size // runs % 4 == 0
    return Counter({"copied runs": runs, "words" if is_whole else "bytes": size})
