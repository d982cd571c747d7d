"""``skconv show``: what a file of a fitted Pipeline holds."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from skconv.cli.errors import OK, UsageError
from skconv.cli.files import load_model, one_line
from skconv.cli.printing import print_result

# What matplotlib draws without a screen.
FIGURES = (".png", ".svg", ".pdf")


def show(arguments: argparse.Namespace) -> int:
    """Print steps, shapes and costs in floats; draw the kernels."""
    output: Path | None = arguments.output
    if output is not None and output.suffix.lower() not in FIGURES:
        raise UsageError(
            f"-o: {output} ends in {output.suffix!r}, expected a picture: {' '.join(FIGURES)}. For "
            "a report write skconv report MODEL --calibration X.npy -o report.html."
        )
    estimator = load_model(arguments.model)
    if output is not None:
        _draw(estimator, arguments.step, output)
    if arguments.json:
        print_result(facts(estimator), True)
    else:
        print("\n".join(_lines(estimator)))
    return OK


def facts(estimator: Any) -> dict[str, Any]:
    """Steps, labels and nodes, as plain numbers and strings."""
    graph, reason = _graph(estimator)
    nodes = [] if graph is None else list(_nodes(graph))
    return {
        "class": type(estimator).__name__,
        "steps": [{"name": name, "estimator": text} for name, text in _steps(estimator)],
        "n_features_in": getattr(estimator, "n_features_in_", None),
        "classes": [str(label) for label in getattr(estimator, "classes_", [])],
        "nodes": nodes,
        "not_convertible": reason,
    }


def _steps(estimator: Any) -> list[tuple[str, str]]:
    """Names and estimators of a Pipeline, also inside of what wraps it; else the estimator."""
    for name in ("best_estimator_", "estimator_"):
        if hasattr(estimator, name):
            return _steps(getattr(estimator, name))
    pairs = getattr(estimator, "steps", [("", estimator)])
    return [(name, " ".join(str(step).split())) for name, step in pairs]


def _lines(estimator: Any) -> Iterator[str]:
    yield type(estimator).__name__
    for name, text in _steps(estimator):
        yield f"  {name}: {text}" if name else f"  {text}"
    if (n := getattr(estimator, "n_features_in_", None)) is not None:
        yield f"numbers in a sample: {n:,}"
    if (labels := getattr(estimator, "classes_", None)) is not None:
        yield f"classes: {', '.join(map(str, labels))}"
    graph, reason = _graph(estimator)
    yield repr(graph) if graph is not None else f"no C can be made of it: {reason}"


def _graph(estimator: Any) -> tuple[Any, str | None]:
    """The float graph, or why there is none."""
    from skconv.convert import NotConvertibleError, to_graph

    try:
        return to_graph(estimator), None
    except NotConvertibleError as error:
        return None, one_line(error)


def _nodes(graph: Any) -> Iterator[dict[str, Any]]:
    macs, specs = graph.node_macs(), graph.specs
    for node in graph.nodes:
        spec = specs[node.name]
        yield {
            "name": node.name,
            "op": node.op.describe(),
            "shape": list(spec.shape),
            "macs": macs[node.name],
        }


def _draw(estimator: Any, step: str | None, path: Path) -> None:
    try:
        import matplotlib
    except ImportError as error:
        raise ImportError(
            "-o draws with matplotlib, which is not installed. Write pip install 'skconv[plot]'."
        ) from error
    from skconv.inspection import KernelDisplay

    with matplotlib.rc_context({"backend": "agg"}):
        display = KernelDisplay.from_estimator(estimator, step=step)
        display.figure_.savefig(path)
