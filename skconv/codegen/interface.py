"""How firmware calls a model: what the C offers besides ``run`` and ``predict``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from skconv.graph import QSoftmax

Input = Literal["image", "rows"]
Arena = Literal["static", "caller"]


@dataclass(frozen=True)
class Interface:
    """The choices of a caller.

    Attributes
    ----------
    input : {"image", "rows"}
        ``"image"``: a sample as a whole. ``"rows"``: row after row, as a camera delivers
        it, by ``NAME_begin``, ``NAME_push`` and ``NAME_finish``; of a signal its samples.
    arena : {"static", "caller"}
        Where working memory lives. ``"static"``: in the C of the model. ``"caller"``: in a
        ``NAME_arena_t``, the first argument of every function; models that never run at the
        same time may then share memory, and one model may run in several threads.
    probabilities : QSoftmax or None
        What ``NAME_probabilities`` makes of scores, where it is wanted.
    """

    input: Input = "image"
    arena: Arena = "static"
    probabilities: QSoftmax | None = None
