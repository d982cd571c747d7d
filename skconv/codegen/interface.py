"""How firmware calls a model: the functions besides ``run`` and ``predict``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from skconv.graph.probabilities import IntegerProbabilities
from skconv.graph.smoothing import Smoothed

Input = Literal["whole", "rows", "samples"]
Arena = Literal["static", "caller"]
Unpack = Literal["inference", "boot"]


@dataclass(frozen=True)
class Window:
    """How windows lie in a stream.

    Attributes
    ----------
    length : int
        Samples in a window.
    hop : int
        Samples between the beginnings of two windows.
    n_front : int
        How many of the first nodes run on over the windows: see `skconv.codegen.fronts`.
    """

    length: int
    hop: int
    n_front: int = 0

    def __str__(self) -> str:
        return f"a hop of {self.hop:,} sample{'s' if self.hop > 1 else ''}"


@dataclass(frozen=True)
class Interface:
    """The interface that was chosen.

    Attributes
    ----------
    input : {"whole", "rows", "samples"}
        ``"whole"``: a whole sample at a time. ``"rows"``: row by row, as a camera delivers
        it, by ``NAME_begin``, ``NAME_push`` and ``NAME_finish``; a row of a signal is one
        sample in time. ``"samples"``: an endless stream, sample by sample, by ``NAME_begin``,
        ``NAME_push`` and ``NAME_result``: every window of it is decided on.
    arena : {"static", "caller"}
        Where working memory lives. ``"static"``: in the C of the model. ``"caller"``: in a
        ``NAME_arena_t``, the first argument of every function; models that never run at the
        same time may then share memory, and one model may run in several threads.
    probabilities : IntegerProbabilities or None
        What ``NAME_probabilities`` makes of scores, where it is wanted.
    scores : str
        The method of the estimator whose numbers the scores are; empty where they are in order
        alone.
    is_regressor : bool
        Whether the results are the values of a regressor.
    window : Window or None
        The windows of ``input="samples"``.
    smoothing : Smoothed or None
        What stands in place of the decision in a stream.
    unpack : {"inference", "boot"}
        ``"boot"``: tables lie in flash as a Huffman code, where that is smaller, and are unpacked
        to RAM once, by ``NAME_unpack``.
    """

    input: Input = "whole"
    arena: Arena = "static"
    probabilities: IntegerProbabilities | None = None
    window: Window | None = None
    smoothing: Smoothed | None = None
    unpack: Unpack = "inference"
    scores: str = ""
    is_regressor: bool = False
