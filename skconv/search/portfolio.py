"""What a search tries first: settings that did well on data unlike one another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

from skconv.search.candidate import Candidate
from skconv.search.growth import size_parameter

Kind = Literal["images", "signals"]


class Start(NamedTuple):
    """One setting: what it does not name is in the middle of its list.

    Attributes
    ----------
    space : int
        Place of its space.
    passes : int
        Place of its passes: the head as it is, then rounded to 15, 7 and 3 levels.
    size : int
        Where no limit of flash says how large it may be; growth begins there, too.
    wanted : mapping
        Other parameters, by the ends of their names.
    """

    space: int
    passes: int
    size: int
    wanted: Mapping[str, Any] = {}


# Sides of kernels, tents and boxes are shares of the side of an image.
USUAL: dict[str, Any] = {"nonlinearity": "soft_threshold", "threshold": 0.3, "C": 1.0, "alpha": 30}
KERNEL, TENT, BOX = 0.18, 0.29, 0.14
# Spaces of images are patches, principal components and k-means with tents, and patches with boxes.
# The batches of a search have six.
IMAGES = (
    Start(0, 3, 25),
    Start(0, 2, 14),
    Start(3, 3, 12, {"pool_size": BOX}),
    Start(0, 1, 40),
    Start(3, 2, 64, {"pool_size": "quadrants"}),
    Start(2, 3, 16),
    Start(0, 3, 8, {"pool_size": 0.36}),
    Start(3, 1, 32, {"pool_size": BOX}),
    Start(1, 2, 12),
    Start(3, 2, 32, {"pool_size": "global", "nonlinearity": "abs"}),
    Start(0, 2, 6, {"pool_size": 0.43, "kernel_size": 0.21}),
    Start(2, 1, 16),
)
# Spaces of signals are MiniRocket, quantiles and kernels over time.
SIGNALS = (
    Start(0, 2, 336),
    Start(3, 1, 1008),
    Start(1, 2, 4),
    Start(2, 2, 16),
    Start(0, 3, 84),
    Start(4, 1, 4),
)


def portfolio(kind: Kind, spaces: Sequence[Mapping[str, Any]], side: int) -> list[Candidate]:
    """Candidates to begin with, most of them as large as the budget will have room for.

    Parameters
    ----------
    kind : {"images", "signals"}
    spaces : sequence of mapping
        Those of `skconv.search.spaces.default_space`.
    side : int
        The shorter one of an image, in pixels.

    References
    ----------
    M. Feurer et al., "Auto-sklearn 2.0: hands-free AutoML via meta-learning", JMLR 23, 2022
    (portfolios).
    """
    rows = IMAGES if kind == "images" else SIGNALS
    return [_begun(row, spaces[row.space], side) for row in rows if row.space < len(spaces)]


def _begun(start: Start, space: Mapping[str, Any], side: int) -> Candidate:
    wanted = {**USUAL, "kernel_size": KERNEL, "pool_size": TENT, **start.wanted}
    for name in ("kernel_size", "pool_size"):
        if isinstance(wanted[name], float):
            wanted[name] = round(wanted[name] * side)
    if size := size_parameter(space):
        wanted[_end(size)] = start.size
    params = {name: _nearest(values, wanted.get(_end(name))) for name, values in space.items()}
    params["passes"] = space["passes"][start.passes]
    return Candidate(params, start.space, fills=True)


def _end(name: str) -> str:
    return name.split("__")[-1]


def _nearest(values: Any, wanted: Any) -> Any:
    """The value of a list that comes nearest; of a distribution, what is wanted."""
    if hasattr(values, "rvs"):
        return wanted
    if wanted in values:
        return values[list(values).index(wanted)]
    if isinstance(wanted, int | float):
        numbers = [each for each in values if isinstance(each, int | float)]
        return min(numbers, key=lambda each: abs(each - wanted))
    return values[len(values) // 2]
