"""How straight the way from an estimator to files is: calls and steps back along `to_c` and save.

    OMP_NUM_THREADS=1 python tests/benchmarks/count_calls.py [--list]

The way has six stations: checks -> graph -> integers -> select -> program -> files. A module
belongs to the station whose prefix in `STATIONS` is the longest that fits its path; modules
without one (ops and shapes, runtimes, names and literals of C) belong to whoever calls them.
`sys.setprofile` follows `to_c` and `CModel.save` of one small Pipeline, with an arena of the
caller and probabilities: every call of a function of skconv, apart from comprehensions.

- A *climb* is a pair of functions, at different stations, of which the later calls the earlier:
  files that ask the program, a program that asks for a choice.
- A *return* is a step back in time: two calls, one after the other, the second of them at an
  earlier station than the first.
- An *upward call* is a pair of functions in two rooms of which the lower in the table of
  ``docs/how_it_works.md``, which it may import, calls back into one that may import it. Only
  methods of objects that were handed down can do that: those of an estimator.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter
from pathlib import Path
from types import FrameType
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

import numpy as np
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

import skconv

PACKAGE = Path(skconv.__file__).parent
STATIONS: dict[str, tuple[str, ...]] = {
    "checks": (
        *("deploy/arguments", "deploy/input_check", "convert/estimator_check", "convert/given"),
        "target/targets",
    ),
    "graph": ("convert/", "features/", "passes/fold"),
    "integers": ("passes/",),
    "select": (
        *("codegen/select", "codegen/forms", "codegen/streams", "codegen/routines/"),
        *("codegen/specialize", "codegen/stream", "codegen/turned"),  # before there was one pass
        *("codegen/estimates", "passes/fuse", "target/memory", "target/stage_memory"),
    ),
    "program": (
        *("codegen/program", "codegen/constants", "codegen/emit", "codegen/node"),
        "codegen/unpack",
    ),
    "files": ("codegen/", "deploy/project", "deploy/harness", "deploy/manifest", "target/cost"),
}
# What any station may use: it knows nothing of models.
HELPERS = ("codegen/text", "codegen/names", "codegen/headers")
ORDER = list(STATIONS)
HIDDEN = ("<module>", "<genexpr>", "<lambda>", "<listcomp>", "<dictcomp>", "<setcomp>")

Function = tuple[str, str]


def function_of(frame: FrameType) -> Function | None:
    """Module and name of a function of skconv."""
    path = Path(frame.f_code.co_filename)
    name = getattr(frame.f_code, "co_qualname", frame.f_code.co_name)
    if PACKAGE not in path.parents or name.endswith(HIDDEN):
        return None
    return path.relative_to(PACKAGE).with_suffix("").as_posix(), name


def station_of(function: Function) -> int | None:
    if function[0].startswith(HELPERS):
        return None
    fits = [
        (len(prefix), ORDER.index(name))
        for name, prefixes in STATIONS.items()
        for prefix in prefixes
        if function[0].startswith(prefix)
    ]
    return max(fits)[1] if fits else None


class Follower:
    """Notes the calls between stations, and between rooms."""

    def __init__(self) -> None:
        self.visits: list[int] = []
        self.climbs: Counter[tuple[Function, Function]] = Counter()
        self.between_rooms: Counter[tuple[Function, Function]] = Counter()

    def __call__(self, frame: FrameType, event: str, _: Any) -> None:
        if event != "call" or (function := function_of(frame)) is None:
            return
        callers = self._callers(frame)
        if callers and callers[0][0].split("/")[0] != function[0].split("/")[0]:
            self.between_rooms[callers[0], function] += 1
        here = station_of(function)
        if here is None:
            return
        self.visits.append(here)
        for caller in callers:
            there = station_of(caller)
            if there is not None:
                if there > here:
                    self.climbs[caller, function] += 1
                break

    @staticmethod
    def _callers(frame: FrameType) -> list[Function]:
        """Functions of skconv on the stack, the nearest first."""
        found = []
        above = frame.f_back
        while above is not None:
            if (function := function_of(above)) is not None:
                found.append(function)
            above = above.f_back
        return found

    def returns(self) -> Counter[str]:
        steps = zip(self.visits, self.visits[1:], strict=False)
        return Counter(f"{ORDER[a]} -> {ORDER[b]}" for a, b in steps if b < a)

    def upward(self) -> list[tuple[Function, Function]]:
        """Calls into a room that stands below the caller's in the table."""
        table = (PACKAGE.parent / "docs" / "how_it_works.md").read_text().split("| room |")[1]
        lines = table.split("\n\n")[0].splitlines()[2:]
        rooms = [line.strip("|").split("|")[0].strip().strip("`") for line in lines]
        place = {room: i for i, room in enumerate(rooms)}
        return sorted(
            (a, b)
            for a, b in self.between_rooms
            if place[a[0].split("/")[0]] < place[b[0].split("/")[0]]
        )


def follow() -> Follower:
    X, y = load_digits(return_X_y=True)
    X = X.astype(np.uint8)
    features = skconv.RandomConvFeatures(
        n_kernels=4, kernel_size=3, pool_size=2, input_shape=(8, 8), random_state=0
    )
    pipe = make_pipeline(features, LogisticRegression(max_iter=1000)).fit(X[:600], y[:600])

    def way() -> None:
        model = skconv.to_c(pipe, X[:60], arena="caller", probabilities=True)
        with tempfile.TemporaryDirectory() as folder:
            model.save(Path(folder) / "model")

    way()  # what is read and registered once
    follower = Follower()
    sys.setprofile(follower)
    try:
        way()
    finally:
        sys.setprofile(None)
    return follower


def show(title: str, pairs: list[tuple[Function, Function]], listed: bool) -> None:
    print(f"{title}: {len(pairs)}")
    for caller, called in pairs if listed else []:
        print(f"    {'.'.join(caller)} -> {'.'.join(called)}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--list", action="store_true", help="name the functions")
    listed = parser.parse_args().list
    found = follow()
    returns = found.returns()
    print(f"returns: {returns.total()}")
    for step, count in returns.most_common() if listed else []:
        print(f"    {count:3d} {step}")
    show("climbs", sorted(found.climbs), listed)
    show("upward calls", found.upward(), listed)


if __name__ == "__main__":
    main()
