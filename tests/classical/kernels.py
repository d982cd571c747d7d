"""Models with a kernel, and features that approximate one."""

from __future__ import annotations

from typing import Any

from sklearn.gaussian_process import GaussianProcessClassifier, GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, WhiteKernel
from sklearn.kernel_approximation import Nystroem, PolynomialCountSketch, RBFSampler
from sklearn.kernel_ridge import KernelRidge
from sklearn.linear_model import LogisticRegression, Ridge, SGDOneClassSVM
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVR, NuSVR, OneClassSVM

from skconv import LaplacianOneClassSVM
from tests.classical.base import REGRESSION, Case

DETECTION = ("digits", "iris", "breast cancer", "fashion")


def _classified(features: Any) -> Any:
    return make_pipeline(features, LogisticRegression(max_iter=1000))


def _process(kernel: Any) -> Any:
    return GaussianProcessRegressor(kernel, normalize_y=True, optimizer=None)


CASES = (
    Case("SVR rbf", SVR(C=20), REGRESSION, scaled=True),
    Case("SVR poly", SVR(kernel="poly", degree=2, coef0=1.0), REGRESSION, scaled=True),
    Case("NuSVR rbf", NuSVR(C=20), REGRESSION, scaled=True),
    Case("KernelRidge rbf", KernelRidge(kernel="rbf", gamma=0.01), REGRESSION, scaled=True),
    Case("KernelRidge laplacian", KernelRidge(kernel="laplacian"), REGRESSION, scaled=True),
    Case("KernelRidge poly", KernelRidge(kernel="poly", degree=2), REGRESSION, scaled=True),
    Case("Gaussian process", _process(2.0 * RBF(6.0) + WhiteKernel(1.0)), REGRESSION, scaled=True),
    Case(
        "Gaussian process, 2 classes",
        GaussianProcessClassifier(2.0 * RBF(5.0), optimizer=None),
        ("breast cancer",),
        scaled=True,
    ),
    Case("OneClassSVM rbf", OneClassSVM(nu=0.1), DETECTION, scaled=True),
    Case("OneClassSVM scores", OneClassSVM(nu=0.1), scaled=True, options={"scores": True}),
    Case("OneClassSVM poly", OneClassSVM(nu=0.1, kernel="poly", degree=2), scaled=True),
    Case("SGDOneClassSVM", SGDOneClassSVM(nu=0.1, random_state=0), scaled=True),
    Case("LaplacianOneClassSVM", LaplacianOneClassSVM(), scaled=True),
    Case("Nystroem rbf", _classified(Nystroem(gamma=0.01, random_state=0)), scaled=True),
    Case(
        "Nystroem laplacian",
        _classified(Nystroem("laplacian", n_components=50, random_state=0)),
        scaled=True,
    ),
    Case(
        "Nystroem poly",
        _classified(Nystroem("poly", n_components=50, random_state=0)),
        scaled=True,
    ),
    Case(
        "Nystroem ridge",
        make_pipeline(Nystroem(gamma=0.01, random_state=0), Ridge()),
        REGRESSION,
        scaled=True,
    ),
    Case("RBFSampler", _classified(RBFSampler(gamma=0.01, random_state=0)), scaled=True),
    Case(
        "PolynomialCountSketch",
        _classified(PolynomialCountSketch(degree=1, coef0=1, random_state=0)),
        scaled=True,
    ),
)
