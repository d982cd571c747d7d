"""The options of `skconv.to_c` as options of a command, read from its signature."""

from __future__ import annotations

import argparse
import inspect
import re
from collections.abc import Callable, Collection, Iterator
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

# What the model and the file of samples stand for, and objects that no word of a shell stands for.
GIVEN_OTHERWISE = ("estimator", "X_calibration", "front")

# --calibration names the file of samples.
_FLAGS = {"calibration": "--calibration-method"}


def to_c_options() -> list[inspect.Parameter]:
    """The parameters of `to_c` that are options of a command."""
    parameters = inspect.signature(_to_c()).parameters
    return [p for name, p in parameters.items() if name not in GIVEN_OTHERWISE]


def add_to_c_options(command: argparse.ArgumentParser, without: Collection[str] = ()) -> None:
    """An option for every parameter of `to_c`, its choices and default from the signature.

    Those ``without`` an option keep their default.
    """
    group = command.add_argument_group("options of skconv.to_c")
    hints, described = get_type_hints(_to_c()), _descriptions(inspect.getdoc(_to_c()) or "")
    for parameter in to_c_options():
        name = parameter.name
        if name in without:
            command.set_defaults(**{name: parameter.default})
            continue
        group.add_argument(
            _FLAGS.get(name, "--" + name.replace("_", "-")),
            dest=name,
            default=None if name == "name" else parameter.default,
            help=_help(name, parameter.default, described.get(name, "")),
            **_kind(name, hints[name]),
        )


def _to_c() -> Callable[..., Any]:
    from skconv.deploy.conversion import to_c

    return to_c


def _help(name: str, default: Any, described: str) -> str:
    if name == "name":
        return f"{described} Default: the name of the model's file"
    shown = described if default in (None, False) else f"{described} Default: {default}"
    return shown.replace("%", "%%")


def _kind(name: str, hint: Any) -> dict[str, Any]:
    """What `argparse` must know to make a value of a type."""
    if name == "target":
        from skconv.target.targets import TARGETS

        return {"type": known_target, "metavar": f"{{{','.join(TARGETS)}}}"}
    if name == "chip":
        from skconv.target.chips import CHIPS

        return {"choices": tuple(CHIPS)}
    if name == "classes":
        return {"type": labels, "metavar": "LABELS"}
    members = [member for member in _members(hint) if member is not NoneType]
    if members == [bool]:
        return {"action": argparse.BooleanOptionalAction}
    choices = [value for m in members if get_origin(m) is Literal for value in get_args(m)]
    if choices:
        return {"choices": tuple(choices), "type": type(choices[0])}
    types = [member for member in members if member in (int, float, str)]
    if len(types) != len(members):
        raise TypeError(f"to_c({name}: {hint}) has a type that no option can have")
    return {"type": types[0], "metavar": name.upper()}


def _members(hint: Any) -> tuple[Any, ...]:
    """The members of a union; any other type by itself."""
    return get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)


def known_target(text: str) -> str:
    """The name of a target; of another name the error says what to write."""
    from skconv.target.targets import get_target

    try:
        return get_target(text).name
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def labels(text: str) -> Any:
    """Labels of classes: a list with commas, whole numbers where all of them are."""
    import numpy as np

    parts = [part.strip() for part in text.split(",")]
    if all(re.fullmatch(r"-?\d+", part) for part in parts):
        return np.array([int(part) for part in parts])
    return np.array(parts)


def _descriptions(docstring: str) -> dict[str, str]:
    """The first sentence on every parameter of a numpydoc docstring."""
    return {name: _sentence(text) for name, text in _entries(docstring)}


def _entries(docstring: str) -> Iterator[tuple[str, str]]:
    _, _, rest = docstring.partition("Parameters\n----------\n")
    section, _, _ = rest.partition("\n\n")
    parts = re.split(r"^(\w+) : .*$", section, flags=re.MULTILINE)
    yield from zip(parts[1::2], parts[2::2], strict=True)


def _sentence(text: str) -> str:
    words = " ".join(text.split())
    return re.split(r"(?<=\.) |(?<=[^:]): ", words)[0].replace("``", "").rstrip(".") + "."
