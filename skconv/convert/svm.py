"""Support vector machines: with a kernel, or folded to one hyperplane for each pair."""

from __future__ import annotations

from dataclasses import replace

from sklearn.svm import SVC, SVR, NuSVC, NuSVR
from sklearn.utils.validation import check_is_fitted

from skconv.classifiers.svm import LaplacianNuSVC
from skconv.convert.core import as_vector, check, convert, float32, refuse
from skconv.convert.decision import decide
from skconv.convert.linear import append_linear
from skconv.graph import Graph, KernelMachine

_KERNEL_ADVICE = {
    "sigmoid": "use kernel='rbf', 'poly' or 'linear', or skconv.LaplacianNuSVC",
    "precomputed": "use skconv.LaplacianNuSVC, which keeps its support vectors, or kernel='rbf'",
    "callable": "use skconv.LaplacianNuSVC for a Laplacian kernel, else kernel='rbf' or 'poly'",
}


@check.register(SVC)
@check.register(NuSVC)
def _(model: SVC | NuSVC) -> None:
    check_is_fitted(model)
    if model.kernel not in ("linear", "poly", "rbf"):
        kind = "callable" if callable(model.kernel) else model.kernel
        raise refuse(model, "kernel", _KERNEL_ADVICE[kind])
    if model.break_ties and len(model.classes_) > 2:
        raise refuse(model, "break_ties", "use break_ties=False")


@convert.register(SVC)
@convert.register(NuSVC)
def _(model: SVC | NuSVC, graph: Graph) -> Graph:
    if model.kernel == "linear":
        graph = append_linear(graph, model.coef_, model.intercept_)
    else:
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
        graph = _append_machine(graph, machine)
    return decide(graph, model.classes_, one_against_one=True)


@convert.register
def _(model: LaplacianNuSVC, graph: Graph) -> Graph:
    machine = model._kernel_machine()
    one_against_one = bool(machine.n_support)
    return decide(_append_machine(graph, machine), model.classes_, one_against_one=one_against_one)


def _append_machine(graph: Graph, machine: KernelMachine) -> Graph:
    return as_vector(graph).append(
        replace(
            machine,
            support_vectors=float32(machine.support_vectors),
            dual_coef=float32(machine.dual_coef),
            intercept=float32(machine.intercept),
        )
    )


@check.register(SVR)
@check.register(NuSVR)
def _(model: SVR | NuSVR) -> None:
    check_is_fitted(model)
    if model.kernel != "linear":
        raise refuse(model, "kernel", "use kernel='linear' or Ridge")


@convert.register(SVR)
@convert.register(NuSVR)
def _(model: SVR | NuSVR, graph: Graph) -> Graph:
    return append_linear(graph, model.coef_, model.intercept_)
