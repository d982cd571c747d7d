"""What is asked about an op by its class: the facts that decisions elsewhere rest on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Role = Literal[
    "layout",
    "joining",
    "kernels",
    "window",
    "entrywise",
    "pixelwise",
    "affine",
    "spatial",
    "vector",
    "votes",
    "decision",
    "decisions",
    "nested",
]
Reads = Literal["readers", "unsigned", "kernels", "scores", "fine", "sums", "own"]
StagePart = Literal[
    "kernels",
    "codes",
    "counts",
    "contrast",
    "divide",
    "pixel",
    "entry",
    "pool",
    "histogram",
    "flatten",
    "rescale",
    "root",
    "head",
]


@dataclass(frozen=True)
class Facts:
    """What passes and targets ask about a class of ops. Every op states its own.

    Attributes
    ----------
    role : str
        What it is to a graph:

        =============  =================================================================
        ``layout``     the same numbers in another order or shape, or some of them
        ``joining``    several tensors become one
        ``kernels``    weighted sums of windows
        ``window``     other functions of windows
        ``entrywise``  one function of every entry alone, whatever its channel
        ``pixelwise``  a function of the entries of a pixel
        ``affine``     a factor and an offset for every channel
        ``spatial``    another height or width: borders, repetition, resampling
        ``vector``     a function of a whole vector
        ``votes``      of pairs of classes
        ``decision``   the index of a class
        ``decisions``  such an index for each of several outputs
        ``nested``     the work of other ops
        =============  =================================================================
    in_place : bool
        Whether the result may lie over an input that nobody reads later: an entry of the
        result depends on the entry at its place alone.
    passes_factors : bool
        Whether a channel times a positive number leaves as what it was times that number, so
        that `skconv.passes.equalize` may send a factor through. Upper limits do not count.
    growth : float
        How much larger than what it reads its integers may be.
    reads : str
        How many bits it wants to read, when it becomes integer: what its ``readers`` want;
        those of its result, but 16 bits for 8 where it is ``unsigned`` and gives up a sign;
        those of ``kernels``; those that ``scores`` need; ``fine``, 16 whatever other readers
        want, as for comparisons; its ``own``, `Op.largest_read`; or that and, of a layer, its
        ``sums`` as they are.
    stage : str or None
        Which part of a fused stage it can be; None: it stands alone.

        =============  =================================================================
        ``kernels``    begins a stage: a convolution
        ``codes``      begins a stage: a convolution that yields codes
        ``counts``     begins a stage that a linear layer ends: what it counts goes into scores
        ``contrast``   of the patches that the convolution sees
        ``divide``     by that contrast
        ``pixel``      a function of whole pixels of the convolution
        ``entry``      a nonlinearity of entries, on their way into a pooling
        ``pool``       gathers entries
        ``histogram``  gathers codes
        ``flatten``, ``rescale``, ``root``, ``head``
                       behind the pooling
        =============  =================================================================
    """

    role: Role
    in_place: bool = False
    passes_factors: bool = False
    growth: float = 1.0
    reads: Reads = "own"
    stage: StagePart | None = None
