"""Support vector machines: with a kernel, or folded to one hyperplane for each pair."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sklearn.svm import SVC, NuSVC
from sklearn.utils.validation import check_is_fitted

from skconv.classifiers.svm import LaplacianNuSVC
from skconv.convert.core import (
    ScoreFunction,
    as_vector,
    check,
    convert,
    convert_scores,
    float32,
    refuse,
    score_function,
)
from skconv.convert.decision import decide
from skconv.convert.kernels import Kernel, check_degree
from skconv.convert.linear import append_linear
from skconv.graph import Graph, KernelMachine

_KERNEL_ADVICE = {
    "sigmoid": "use kernel='rbf', 'poly' or 'linear', or skconv.LaplacianNuSVC",
    "precomputed": "use skconv.LaplacianNuSVC, which keeps its support vectors, or kernel='rbf'",
    "callable": "use skconv.LaplacianNuSVC for a Laplacian kernel, else kernel='rbf' or 'poly'",
}


def check_libsvm(model: Any, advice: str) -> None:
    """Refuse a machine of libsvm whose kernel cannot become C."""
    check_is_fitted(model)
    if model.kernel not in ("linear", "poly", "rbf"):
        raise refuse(model, "kernel", advice)
    check_degree(model, model.kernel == "poly")


def libsvm_kernel(model: Any) -> Kernel:
    """The kernel of a fitted machine of libsvm."""
    return Kernel(model.kernel, float(model._gamma), float(model.coef0), int(model.degree))


@check.register(SVC)
@check.register(NuSVC)
def _(model: SVC | NuSVC) -> None:
    kind = "callable" if callable(model.kernel) else model.kernel
    check_libsvm(model, _KERNEL_ADVICE.get(kind, ""))
    if model.break_ties and len(model.classes_) > 2:
        raise refuse(model, "break_ties", "use break_ties=False")


@convert.register(SVC)
@convert.register(NuSVC)
def _(model: SVC | NuSVC, graph: Graph) -> Graph:
    return decide(_decisions(model, graph), model.classes_, one_against_one=True)


def _decisions(model: SVC | NuSVC, graph: Graph) -> Graph:
    """One for each pair of classes."""
    if model.kernel == "linear":
        return append_linear(graph, model.coef_, model.intercept_)
    machine = KernelMachine(
        model.kernel,
        model.support_vectors_,
        model.dual_coef_,
        model.intercept_,
        tuple(int(n) for n in model.n_support_),
        gamma=float(model._gamma),
        coef0=float(model.coef0),
        degree=int(model.degree),
    )
    return append_machine(graph, machine)


@score_function.register(SVC)
@score_function.register(NuSVC)
@score_function.register(LaplacianNuSVC)
def _(model: Any) -> ScoreFunction:
    if len(model.classes_) > 2 and model.decision_function_shape != "ovo":
        reason = "it adds votes and a share of all decisions, where the C counts votes"
        raise refuse(model, "decision_function_shape", "use 'ovo': decisions of pairs", reason)
    return "decision_function"


@convert_scores.register(SVC)
@convert_scores.register(NuSVC)
def _(model: SVC | NuSVC, graph: Graph) -> Graph:
    """Decisions of pairs are more than `decide` keeps: of more than two classes there is none."""
    return convert(model, graph) if len(model.classes_) == 2 else _decisions(model, graph)


@convert.register
def _(model: LaplacianNuSVC, graph: Graph) -> Graph:
    machine = model._kernel_machine()
    one_against_one = bool(machine.n_support)
    return decide(append_machine(graph, machine), model.classes_, one_against_one=one_against_one)


@convert_scores.register
def _(model: LaplacianNuSVC, graph: Graph) -> Graph:
    if len(model.classes_) == 2:
        return convert(model, graph)
    return append_machine(graph, model._kernel_machine())


def append_machine(graph: Graph, machine: KernelMachine) -> Graph:
    """A machine in float32."""
    return as_vector(graph).append(
        replace(
            machine,
            support_vectors=float32(machine.support_vectors),
            dual_coef=float32(machine.dual_coef),
            intercept=float32(machine.intercept),
        )
    )
