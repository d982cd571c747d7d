"""``skconv compress``: a fitted Pipeline made smaller by passes."""

from __future__ import annotations

import argparse
import ast
import re
from typing import Any

from skconv.cli.errors import OK, UsageError
from skconv.cli.files import load_labels, load_model, load_samples, save_model
from skconv.cli.printing import print_result, progress, progress_aside

_EXAMPLE = "Write --pass SecondOrderRounding, or --pass SecondOrderRounding:levels=1,layers=all."


def compress(arguments: argparse.Namespace) -> int:
    """Carry out passes on a fitted Pipeline, print what each bought, write the smaller one."""
    if arguments.output.is_dir():
        raise UsageError(
            f"-o: {arguments.output} is a folder. Write -o {arguments.output / 'small.joblib'}."
        )
    passes = [made_pass(text) for text in arguments.passes or ["SecondOrderRounding"]]
    estimator = load_model(arguments.model)
    X, y = load_samples(arguments.X, "X"), None
    if arguments.y is not None:
        y = load_labels(arguments.y, "y")
        if len(X) != len(y):
            raise UsageError(f"X holds {len(X)} samples and y {len(y)} labels, expected as many.")
    progress(f"{len(passes)} pass(es) over {arguments.model}, with {len(X)} samples")
    from skconv.compression import compress

    options = {"passes": passes, "budget": arguments.budget, "target": arguments.target}
    with progress_aside():
        small = compress(estimator, X, y, **options)
    save_model(small, arguments.output)
    if arguments.json:
        print_result([vars(cost) for cost in small.costs_], True)
    else:
        print(small.costs_)
        print(f"written: {arguments.output}")
    return OK


def made_pass(text: str) -> Any:
    """The pass of a name, with the parameters behind a colon.

    Examples
    --------
    >>> from skconv.cli.compressing import made_pass
    >>> made_pass("SecondOrderRounding:levels=1,layers=all")
    SecondOrderRounding(levels=1, damping=0.01, layers='all', vector_bits=8, hessian='own')
    """
    from skconv.passes.compress import PASSES

    name, _, rest = text.partition(":")
    if name not in PASSES:
        raise UsageError(f"--pass: there is no pass {name!r}, expected one of {', '.join(PASSES)}.")
    try:
        parameters = [_parameter(each) for each in _parts(rest)]
        return PASSES[name](**dict(parameters))
    except (TypeError, ValueError) as error:
        raise UsageError(f"--pass: {text!r}: {error}. {_EXAMPLE}") from error


def _parts(text: str) -> list[str]:
    """What stands between commas, but for those in brackets."""
    return [part for part in re.split(r",(?![^(\[]*[)\]])", text) if part]


def _parameter(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not equals:
        raise ValueError(f"{text!r} has no value, expected NAME=VALUE")
    try:
        return name, ast.literal_eval(value)
    except (ValueError, SyntaxError):
        return name, value  # A word without quotes.
