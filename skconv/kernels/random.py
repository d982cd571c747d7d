"""Random kernels: normal, ±1 or ternary weights."""

from __future__ import annotations

from numbers import Integral
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, _fit_context
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, StrOptions

from skconv.kernels.base import pair
from skconv.kernels.moments import Maps

Weights = Literal["normal", "signs", "ternary"]


def _ternary(random_state: np.random.RandomState, shape: tuple[int, ...]) -> NDArray[Any]:
    """-1, 0 or 1, equally likely. A kernel of zeros, which computes nothing, is redrawn."""
    kernels = random_state.randint(-1, 2, size=shape)
    while (dead := ~kernels.any(axis=(1, 2, 3))).any():
        kernels[dead] = random_state.randint(-1, 2, size=(dead.sum(), *shape[1:]))
    return kernels


class RandomKernels(BaseEstimator):
    """Random kernels, which depend only on the number of channels of the maps.

    Parameters
    ----------
    n_kernels : int, default=64
        How many.
    kernel_size : int or (int, int), default=7
        Height and width.
    weights : {"normal", "signs", "ternary"}, default="normal"
        Standard normal numbers; -1 or 1; -1, 0 or 1. Each value is equally likely.
    zero_mean : bool, default=False
        Subtract from each kernel its mean in every channel, so that a constant image
        gives 0. Only for normal weights: others would no longer be what they are.
    random_state : int, RandomState instance or None, default=None
        An int makes the kernels reproducible.

    Attributes
    ----------
    kernels_ : ndarray of float32 of shape (n_kernels, kernel_height, kernel_width, channels)
        The weights.
    biases_ : ndarray of float32 of shape (n_kernels,)
        Zeros.

    References
    ----------
    A. Saxe, P. W. Koh, Z. Chen, M. Bhand, B. Suresh, A. Ng, "On random weights and
    unsupervised feature learning", ICML 2011, section 2.

    Examples
    --------
    >>> import numpy as np
    >>> from skconv.kernels import RandomKernels
    >>> source = RandomKernels(n_kernels=2, kernel_size=3, weights="signs", random_state=0)
    >>> source.fit(np.zeros((1, 8, 8, 1))).kernels_[0, :, :, 0]
    array([[-1.,  1.,  1.],
           [-1.,  1.,  1.],
           [ 1.,  1.,  1.]], dtype=float32)
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "n_kernels": [Interval(Integral, 1, None, closed="left")],
        "kernel_size": [Interval(Integral, 1, None, closed="left"), "array-like"],
        "weights": [StrOptions({"normal", "signs", "ternary"})],
        "zero_mean": ["boolean"],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        *,
        n_kernels: int = 64,
        kernel_size: Any = 7,
        weights: Weights = "normal",
        zero_mean: bool = False,
        random_state: Any = None,
    ) -> None:
        self.n_kernels = n_kernels
        self.kernel_size = kernel_size
        self.weights = weights
        self.zero_mean = zero_mean
        self.random_state = random_state

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, maps: Maps, y: Any = None) -> RandomKernels:
        """Draw the kernels.

        Parameters
        ----------
        maps : ndarray or MapBatches of shape (n_samples, height, width, channels)
            Only the number of channels is read.
        y : None
            Ignored.

        Returns
        -------
        self : object
            The fitted source.
        """
        if self.zero_mean and self.weights != "normal":
            raise ValueError(f"zero_mean=True needs weights='normal', got weights={self.weights!r}")
        shape = (self.n_kernels, *pair(self.kernel_size, "kernel_size"), maps.shape[3])
        random_state = check_random_state(self.random_state)
        if self.weights == "signs":
            kernels = 2 * random_state.randint(2, size=shape) - 1
        elif self.weights == "ternary":
            kernels = _ternary(random_state, shape)
        else:
            kernels = random_state.standard_normal(shape)
        if self.zero_mean:
            kernels = kernels - kernels.mean(axis=(1, 2), keepdims=True)
        self.kernels_ = kernels.astype(np.float32)
        self.biases_ = np.zeros(self.n_kernels, np.float32)
        return self
