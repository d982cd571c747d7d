"""How tree ensembles become integer ops: thresholds lose nothing, leaves are rounded once."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skconv.graph import QTreeEnsemble, Rescale, TensorSpec, TreeEnsemble
from skconv.graph.core import Node
from skconv.graph.limits import ACCUMULATOR_MAX, INT16_MAX, UINT8_MAX
from skconv.graph.trees import ROUNDING
from skconv.passes.lower import is_read_by_decisions, lower
from skconv.passes.lowering import Lowering
from skconv.passes.scales import requantization

Array = NDArray[Any]

# Of a unit: what float64 may have rounded off a whole multiple.
TOLERANCE = 1e-9
# Nodes for each value of a leaf: leaves of 32 bits then cost an eighth more flash at most.
MANY = 4
# Values of leaves, of one output, that are few anyway.
FEW = 64


@lower.register
def _(op: TreeEnsemble, node: Node, lowering: Lowering) -> None:
    source = lowering.read(node.inputs[0])
    is_compared = is_read_by_decisions(node, lowering)
    is_output = node.name == lowering.source.output_name
    x = lowering.graph.specs[source]
    integer = integer_trees(
        op, x, are_results=is_output, are_scores=is_compared, is_fine=lowering.are_logits
    )
    lowering.add(node, integer, source)
    if not is_compared and not is_output:
        sums = lowering.spec(node.name)
        rule = requantization(sums.scale, sums.magnitude, lowering.wanted(node.name))
        lowering.graph = lowering.graph.append(Rescale(rule), name=f"{node.name}_rescaled")
        lowering.names[node.name] = lowering.graph.output_name


def integer_trees(
    op: TreeEnsemble,
    x: TensorSpec,
    *,
    are_results: bool = False,
    are_scores: bool = False,
    is_fine: bool = False,
) -> QTreeEnsemble:
    """The integer form of an ensemble that reads integers ``x``.

    Parameters
    ----------
    op : TreeEnsemble
    x : TensorSpec
    are_results : bool
        Whether every output may have a scale of its own: nothing compares them.
    are_scores : bool
        Whether the largest output decides. A single tree then keeps which one that is, and
        probabilities have 8 bits.
    is_fine : bool
        Whether probabilities have 16 bits all the same.
    """
    low, high = x.limits
    everywhere = np.full(op.n_features, x.scale)
    scaled = op.behind(everywhere, np.zeros(op.n_features))
    assert scaled is not None
    floors = np.clip(np.floor(scaled.thresholds), low - 1, high)
    exact = replace(scaled, thresholds=floors).without((low, high), step=1.0)
    width, n_outputs = exact.leaves.shape[1], len(exact.constant)
    is_coarse = are_scores and not is_fine and _are_shares(exact)
    limit = UINT8_MAX if is_coarse else _largest_leaf(exact)
    units = _units(exact, are_results and width == n_outputs, limit)
    whole = np.rint(exact.leaves / units[:width])
    if are_scores and len(exact.roots) == 1 and not exact.constant.any():
        _keep_winners(whole, exact.leaves)
    constant = _rounded(exact.constant, units)
    rounded = _with_leaves(exact, *_distinct(whole, n_outputs), constant)
    rounded = rounded.without((low, high), step=1.0)
    return QTreeEnsemble(
        rounded.features,
        rounded.thresholds.astype(np.int32),
        rounded.children,
        rounded.roots,
        rounded.leaves.astype(np.int32),
        rounded.first_outputs,
        rounded.constant.astype(np.int32),
        rounded.n_features,
        **_meaning(units),
    )


def _meaning(units: Array) -> dict[str, Any]:
    """What one unit of each output is worth: one ``scale``, or ``scales``."""
    if np.ptp(units) == 0:
        return {"scale": float(units[0])}
    return {"scales": tuple(map(float, units))}


def _are_shares(op: TreeEnsemble) -> bool:
    """Whether the values of every leaf are shares of one number: probabilities."""
    sums = op.leaves.sum(axis=1)
    return bool(op.leaves.min() >= 0 and np.ptp(sums) <= TOLERANCE * sums.max())


def _largest_leaf(op: TreeEnsemble) -> int:
    """The integers of leaves reach so far: further, where leaves are few, or few for the nodes."""
    is_small = len(op.constant) == 1 and op.leaves.size <= FEW
    are_few = is_small or MANY * op.leaves.size <= len(op.features)
    return ACCUMULATOR_MAX if are_few else INT16_MAX


def _units(op: TreeEnsemble, is_each: bool, limit: int) -> Array:
    """What one unit of each output is worth, of all of them where not ``is_each``."""
    low, high = op.leaf_limits
    most = np.maximum(-low, high) + np.abs(op.constant)
    if not is_each:
        unit = _unit(op.leaves, op.constant, float(most.max()), len(op.roots), limit)
        return np.full(len(op.constant), unit)
    columns = zip(op.leaves.T, op.constant, most, strict=True)
    return np.array([_unit(v, c, float(m), len(op.roots), limit) for v, c, m in columns])


def _unit(leaves: Array, constant: Array, most: float, n_trees: int, limit: int) -> float:
    """The number that all values are multiples of; else one with leaves up to ``limit``."""
    values = np.unique(np.abs(np.append(leaves, constant)))
    if not values.any():
        return 1.0
    largest = float(np.abs(leaves).max()) or float(values[-1])
    # What only decides ties becomes one unit, which has to be small.
    is_tie = (values > 0) & (values < ROUNDING * largest)
    found = _common_unit(values[~is_tie], largest)
    if found:
        return found / (INT16_MAX // round(values[-1] / found)) if is_tie.any() else found
    # Rounding adds at most half a unit a tree, and half one to the constant.
    return max(largest / limit, most / (ACCUMULATOR_MAX - n_trees))


def _common_unit(values: Array, largest: float) -> float | None:
    """The number that all values are multiples of: up to int16, or a small part of ``largest``."""
    least = float(values[values > 0][0])
    for unit in (least, *(largest / n for n in range(1, UINT8_MAX + 1))):
        parts = values / unit
        if parts[-1] <= INT16_MAX and np.abs(parts - np.rint(parts)).max() <= TOLERANCE:
            return unit
    return None


def _rounded(constant: Array, units: Array) -> Array:
    """Constants in whole units; one that is above 0, however little, stays so: it decides ties."""
    whole = np.rint(constant / units)
    return np.where(constant > 0, np.maximum(whole, 1), whole)


def _keep_winners(whole: Array, leaves: Array) -> None:
    """One unit more for the largest value of a leaf, where rounding lets another one win."""
    winners = leaves.argmax(axis=1)
    (lost,) = np.nonzero(whole.argmax(axis=1) != winners)
    whole[lost, winners[lost]] += 1


def _distinct(whole: Array, n_outputs: int) -> tuple[Array, Array]:
    """Leaves without those that stand twice, and the place of each; votes in their order."""
    are_votes = whole.shape[1] == n_outputs and (whole.sum(axis=1) == 1).all()
    if are_votes and np.isin(whole, (0, 1)).all():
        return np.eye(n_outputs), whole.argmax(axis=1)
    leaves, places = np.unique(whole, axis=0, return_inverse=True)
    return leaves, places.reshape(-1)


def _with_leaves(op: TreeEnsemble, leaves: Array, places: Array, constant: Array) -> TreeEnsemble:
    children = op.children
    moved = np.where(children < 0, ~places[np.where(children < 0, ~children, 0)], children)
    return replace(op, children=moved.astype(np.int32), leaves=leaves, constant=constant)
