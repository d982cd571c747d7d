"""Linear ops fold into each other, and what changes nothing is removed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skconv.graph import (
    Affine,
    Conv,
    Curve,
    DiagonalSquares,
    Distances,
    Graph,
    Interpolate,
    KernelMachine,
    Linear,
    NeighbourMeans,
    NeighbourVotes,
    Node,
    NoveltyMargin,
    Op,
    Pad,
    Permute,
    Reshape,
    Resize,
    Root,
    Select,
    Steps,
    TensorSpec,
    TreeEnsemble,
    verify,
    without_dead_nodes,
)
from skconv.graph.folding import cropped, is_identity, narrowed, wide, with_affine
from skconv.graph.limits import UINT16_MAX
from skconv.graph.neighbours import Prototypes
from skconv.passes.fold_curves import (
    affine_curve,
    affine_interpolate,
    affine_steps,
    curve_affine,
    interpolate_affine,
)
from skconv.passes.fold_parts import in_parts

# Features of trees are numbered in 16 bits.
MOST_FEATURES = UINT16_MAX + 1

Ops = tuple[Op, ...]
Values = NDArray[np.float64]


def fold(graph: Graph) -> Graph:
    """The same function in fewer nodes.

    Until nothing changes any more:

    - `Affine`, `Linear` and `Conv` that follow one another become one op where that is
      exact, computed in float64 and rounded once;
    - an `Affine` goes into the factors and biases of `DiagonalSquares`;
    - an `Affine` of one factor goes into the support vectors and gamma of a `KernelMachine`
      that measures distances, or into the prototypes of neighbours; a `Linear` or an `Affine`
      behind a machine whose scores share the support vectors goes into its coefficients;
    - an `Affine` becomes a part of the function of one number (`Curve`, `Interpolate`) that it
      stands before or behind;
    - an `Affine` of positive factors goes into the thresholds of a `TreeEnsemble`, and `Select`
      into the features that it reads;
    - `Pad` with zeros becomes the padding of a `Conv`;
    - a crop takes the border of a `Conv` that it leaves out;
    - `Select` moves in front of `Affine` and `Root`, into a `Linear` before or behind it, and in
      front of a `Concat` of what can be computed in part;
    - two `Select`, `Reshape` or `Permute` become one;
    - an op that can (`Op.only`) does not compute what `Select` leaves out, what a `Linear`
      has no weight for, or what no node of a `TreeEnsemble` reads;
    - `Select`, `Reshape` and `Permute` that change nothing go, and so does every node that
      the output does not depend on.

    Nothing is done that would need more bytes of parameters. A tensor that several nodes
    read stays as it is.

    Parameters
    ----------
    graph : Graph
        A float graph. In an integer graph only layout ops fold.

    Returns
    -------
    graph : Graph
        Equal to rounding; `verify` has passed.

    Examples
    --------
    >>> import numpy as np
    >>> from skconv.graph import Affine, Graph, Linear, TensorSpec
    >>> from skconv.passes.fold import fold
    >>> scale = Affine(np.float32([2, 4]), np.float32([1, 0]))
    >>> sum_ = Linear(np.float32([[1, 1]]), np.float32([0]))
    >>> graph = fold(Graph(TensorSpec((2,))).append(scale).append(sum_))
    >>> [node.name for node in graph.nodes], graph.nodes[0].op.weights.tolist()
    (['linear'], [[2.0, 4.0]])
    """
    while (folded := _fold_once(without_dead_nodes(graph))) is not None:
        graph = folded
    return verify(without_dead_nodes(graph))


# ------------------------------------------------------------------- rewriting the nodes


def _fold_once(graph: Graph) -> Graph | None:
    """``graph`` after the first rule that applies; None where none does."""
    specs = graph.specs
    nodes = graph.by_name
    for node in graph.nodes:
        if len(node.inputs) != 1:
            continue
        if (parted := in_parts(graph, node)) is not None:
            return parted
        source = node.inputs[0]
        if is_identity(node.op, specs[source]):
            return _replaced(graph, (node,), ())
        if source in nodes and len(graph.users(source)) == 1 and len(nodes[source].inputs) == 1:
            first = nodes[source]
            ops = _folded_pair(first.op, node.op, specs[first.inputs[0]])
            if ops is not None:
                return _replaced(graph, (first, node), ops)
    return None


def _replaced(graph: Graph, chain: tuple[Node, ...], ops: Ops) -> Graph:
    """``graph`` with a chain of nodes replaced by a chain of ops.

    An op takes the name of the last node of its type.
    """
    source = chain[0].inputs[0]
    new = []
    for op in ops:
        name = next(node.name for node in reversed(chain) if type(node.op) is type(op))
        new.append(Node(name, op, (source,)))
        source = name
    output, gone = chain[-1].name, {node.name for node in chain}
    nodes: list[Node] = []
    for node in graph.nodes:
        if node.name == output:
            nodes += new
        elif node.name not in gone:
            inputs = tuple(source if name == output else name for name in node.inputs)
            nodes.append(replace(node, inputs=inputs))
    return replace(graph, nodes=tuple(nodes))


# ------------------------------------------------------------------------------ the rules


def _folded_pair(first: Op, second: Op, x: TensorSpec) -> Ops | None:
    """The ops that do what two do, one after the other; None where they stay."""
    rule = _RULES.get((type(first), type(second)), _narrowed)
    return rule(first, second, x)


def _narrowed(first: Op, second: Op, x: TensorSpec) -> Ops | None:
    """Without what `Select` leaves out, a linear layer has no weight for, or no tree reads."""
    if isinstance(second, Select):
        used = second.indices
    elif isinstance(second, Linear):
        used = np.flatnonzero(second.weights.any(axis=0))
    elif isinstance(second, TreeEnsemble):
        used = np.unique(second.features)
    else:
        return None
    if (fewer := first.only(used, x)) is None:
        return None
    op, kept = fewer
    if isinstance(second, Select):
        return op, Select(_places(used, kept))
    if isinstance(second, TreeEnsemble):
        return op, second.reading(_places(np.arange(first.output(x).size), kept), len(kept))
    return op, replace(second, weights=second.weights[:, kept])


def _places(chosen: NDArray[Any], among: NDArray[Any]) -> NDArray[Any]:
    """Where numbers stand in an ascending list."""
    return np.searchsorted(among, chosen).astype(chosen.dtype)


def _linear(weights: Values, bias: Values) -> Linear:
    return Linear(weights.astype(np.float32), bias.astype(np.float32))


def _behind_affine(first: Op, second: Affine, x: TensorSpec) -> Ops | None:
    folded = with_affine(first, second)
    return (narrowed(folded),) if folded else None


def _affine_linear(first: Affine, second: Linear, x: TensorSpec) -> Ops:
    weights = wide(second.weights)
    bias = weights @ wide(first.offsets) + wide(second.bias)
    return (_linear(weights * wide(first.factors), bias),)


def _affine_machine(first: Affine, second: KernelMachine, x: TensorSpec) -> Ops | None:
    """A distance does not notice an offset; one factor for all is a part of gamma."""
    if second.kernel == "poly" or np.ptp(first.factors) or not first.factors[0]:
        return None
    factor = float(first.factors[0])
    vectors = (wide(second.support_vectors) - wide(first.offsets)) / factor
    gamma = second.gamma * abs(factor) ** (1 if second.kernel == "laplacian" else 2)
    return (replace(second, support_vectors=vectors.astype(np.float32), gamma=gamma),)


def _machine_linear(first: KernelMachine, second: Linear, x: TensorSpec) -> Ops | None:
    """Sums of kernels that all scores share, weighted again."""
    if first.n_support:
        return None
    weights = wide(second.weights)
    folded = replace(
        first,
        dual_coef=(weights @ wide(first.dual_coef)).astype(np.float32),
        intercept=(weights @ wide(first.intercept) + wide(second.bias)).astype(np.float32),
        levels=0,
    )
    return _unless_larger((folded,), (first, second))


def _machine_affine(first: KernelMachine, second: Affine, x: TensorSpec) -> Ops | None:
    if first.n_support:
        return None
    factors = wide(second.factors)
    coefficients = factors[:, None] * wide(first.dual_coef)
    intercept = factors * wide(first.intercept) + wide(second.offsets)
    return (
        replace(
            first,
            dual_coef=coefficients.astype(np.float32),
            intercept=intercept.astype(np.float32),
        ),
    )


def _affine_prototypes(first: Affine, second: Prototypes, x: TensorSpec) -> Ops | None:
    """An offset moves the prototypes; one factor for all is the unit of distances."""
    if np.ptp(first.factors) or not first.factors[0]:
        return None
    factor = abs(float(first.factors[0]))
    moved = (wide(second.prototypes) - wide(first.offsets)) / float(first.factors[0])
    moved = moved.astype(np.float32)
    if isinstance(second, Distances):
        return (replace(second, prototypes=moved, unit=second.unit * factor),)
    if isinstance(second, NoveltyMargin):
        reaches = (wide(second.reaches) / factor).astype(np.float32)
        densities = (wide(second.densities) * factor).astype(np.float32)
        return (replace(second, prototypes=moved, reaches=reaches, densities=densities),)
    return (replace(second, prototypes=moved),)


def _affine_squares(first: Affine, second: DiagonalSquares, x: TensorSpec) -> Ops:
    factors = wide(second.factors)
    biases = factors * wide(first.offsets) + wide(second.biases)
    factors = factors * wide(first.factors)
    folded = replace(second, factors=factors.astype(np.float32), biases=biases.astype(np.float32))
    return (folded,)


def _affine_trees(first: Affine, second: TreeEnsemble, x: TensorSpec) -> Ops | None:
    folded = second.behind(first.factors, first.offsets)
    return (folded,) if folded else None


def _select_trees(first: Select, second: TreeEnsemble, x: TensorSpec) -> Ops | None:
    if x.size > MOST_FEATURES:
        return None
    return (second.reading(first.indices, x.size),)


def _linear_linear(first: Linear, second: Linear, x: TensorSpec) -> Ops | None:
    weights = wide(second.weights)
    bias = weights @ wide(first.bias) + wide(second.bias)
    folded = _linear(weights @ wide(first.weights), bias)
    return _unless_larger((folded,), (first, second))


def _affine_conv(first: Affine, second: Conv, x: TensorSpec) -> Ops | None:
    """None where a border of zeros is no border of zeros before the `Affine`."""
    has_zeros = second.pad_mode == "zero" and any(map(any, second.padding))
    if second.shared or (has_zeros and first.offsets.any()):
        return None
    weights = wide(second.weights)
    # The input channels of every kernel: those of its group.
    groups, depth = second.groups, weights.shape[3]
    group = np.arange(len(weights)) // (len(weights) // groups)
    factors, offsets = (
        wide(v).reshape(groups, depth)[group] for v in (first.factors, first.offsets)
    )
    bias = wide(second.bias) + np.einsum("nhwc,nc->n", weights, offsets)
    return (_conv(second, weights * factors[:, None, None, :], bias),)


def _conv(op: Conv, weights: Values, bias: Values) -> Conv:
    return replace(op, weights=weights.astype(np.float32), bias=bias.astype(np.float32))


def _pad_conv(first: Pad, second: Conv, x: TensorSpec) -> Ops | None:
    has_other_border = second.pad_mode != "zero" and any(map(any, second.padding))
    if first.fill != "zero" or has_other_border:
        return None
    (top, bottom), (left, right) = (
        (a + c, b + d) for (a, b), (c, d) in zip(first.padding, second.padding, strict=True)
    )
    padding = ((top, bottom), (left, right))
    return (replace(second, padding=padding, pad_mode="zero"),)


def _conv_crop(first: Conv, second: Resize, x: TensorSpec) -> Ops | None:
    folded = cropped(first, second)
    return (folded,) if folded else None


def _affine_select(first: Affine, second: Select, x: TensorSpec) -> Ops | None:
    kept = second.indices
    moved = Affine(first.factors[kept], first.offsets[kept])
    return _unless_larger((second, moved), (first, second))


def _root_select(first: Root, second: Select, x: TensorSpec) -> Ops:
    return (second, first)


def _linear_select(first: Linear, second: Select, x: TensorSpec) -> Ops | None:
    kept = second.indices
    folded = Linear(first.weights[kept], first.bias[kept])
    return _unless_larger((folded,), (first, second))


def _select_linear(first: Select, second: Linear, x: TensorSpec) -> Ops | None:
    weights = np.zeros((len(second.weights), x.size))
    np.add.at(weights.T, first.indices.astype(np.intp), wide(second.weights).T)
    folded = _linear(weights, wide(second.bias))
    return _unless_larger((folded,), (first, second))


def _select_select(first: Select, second: Select, x: TensorSpec) -> Ops:
    return (Select(first.indices[second.indices]),)


def _reshape_reshape(first: Reshape, second: Reshape, x: TensorSpec) -> Ops:
    return (second,)


def _permute_permute(first: Permute, second: Permute, x: TensorSpec) -> Ops:
    return (Permute(tuple(first.axes[axis] for axis in second.axes)),)


def _unless_larger(new: Ops, old: Ops) -> Ops | None:
    """``new`` where its parameters need no more bytes than those of ``old``."""
    sizes = [sum(op.parameter_bytes for op in ops) for ops in (new, old)]
    return new if sizes[0] <= sizes[1] else None


_RULES: dict[tuple[type[Op], type[Op]], Callable[[Any, Any, TensorSpec], Ops | None]] = {
    (Affine, Affine): _behind_affine,
    (Affine, Linear): _affine_linear,
    (Affine, KernelMachine): _affine_machine,
    (Affine, Distances): _affine_prototypes,
    (Affine, NeighbourMeans): _affine_prototypes,
    (Affine, NeighbourVotes): _affine_prototypes,
    (Affine, NoveltyMargin): _affine_prototypes,
    (Affine, DiagonalSquares): _affine_squares,
    (Affine, TreeEnsemble): _affine_trees,
    (Linear, Affine): _behind_affine,
    (Linear, Linear): _linear_linear,
    (KernelMachine, Linear): _machine_linear,
    (KernelMachine, Affine): _machine_affine,
    (Affine, Curve): affine_curve,
    (Curve, Affine): curve_affine,
    (Affine, Interpolate): affine_interpolate,
    (Affine, Steps): affine_steps,
    (Interpolate, Affine): interpolate_affine,
    (Conv, Affine): _behind_affine,
    (Affine, Conv): _affine_conv,
    (Pad, Conv): _pad_conv,
    (Conv, Resize): _conv_crop,
    (Affine, Select): _affine_select,
    (Linear, Select): _linear_select,
    (Root, Select): _root_select,
    (Select, Linear): _select_linear,
    (Select, Select): _select_select,
    (Select, TreeEnsemble): _select_trees,
    (Reshape, Reshape): _reshape_reshape,
    (Permute, Permute): _permute_permute,
}
