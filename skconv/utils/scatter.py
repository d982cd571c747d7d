"""The scatter matrix of samples that come block by block, in the smaller of two forms."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve

Floats = NDArray[np.float64]


class Scatter:
    """Sums of products of centred rows, and ridge solutions from them.

    With ``R`` the rows, of features, and ``T`` those of the targets, a ridge solution is that
    of the primal or of the dual system::

        (R^T R + a I)^-1 R^T T = R^T (R R^T + a I)^-1 T

    As long as there are fewer rows than features the rows are held, and the dual system is
    solved; then ``R^T R`` and ``R^T T``, and the primal system. Neither takes more than
    ``n_features^2`` numbers.

    Parameters
    ----------
    n_features, n_targets : int
        Columns of ``R`` and of ``T``.

    Examples
    --------
    >>> import numpy as np
    >>> from skconv.utils.scatter import Scatter
    >>> scatter = Scatter(3, 1)
    >>> scatter.add(np.array([[1.0, 0.0, 2.0]]), np.array([[1.0]]))
    >>> scatter.ridge(np.ones(3), 5.0).tolist()
    [[0.1, 0.0, 0.2]]
    >>> scatter.matrix.diagonal().tolist()
    [1.0, 0.0, 4.0]
    """

    def __init__(self, n_features: int, n_targets: int) -> None:
        self.n_features = n_features
        self._rows: list[Floats] | None = []
        self._targets: list[Floats] = []
        self._matrix = np.empty((0, 0))
        self._cross = np.zeros((n_features, n_targets))

    def copy(self, targets: NDArray[np.intp], n_targets: int) -> Scatter:
        """A copy with room for more targets; the present ones move to the places given."""
        other = Scatter(self.n_features, n_targets)
        other._cross[:, targets] = self._cross
        if self._rows is None:
            other._rows, other._matrix = None, self._matrix.copy()
        else:
            other._rows = [*self._rows]
            for old in self._targets:
                other._targets.append(np.zeros((len(old), n_targets)))
                other._targets[-1][:, targets] = old
        return other

    def add(self, rows: Floats, targets: Floats) -> None:
        """Add rows; they must not be changed afterwards."""
        if self._rows is not None:
            if sum(map(len, self._rows)) + len(rows) < self.n_features:
                self._rows.append(rows)
                self._targets.append(targets)
                return
            self._add_up()
        self._sum(rows, targets)

    def join(self, other: Scatter) -> None:
        """Add the rows of another, whose targets are the same."""
        if other._rows is not None:
            for pair in zip(other._rows, other._targets, strict=True):
                self.add(*pair)
            return
        self._add_up()
        self._matrix += other._matrix
        self._cross += other._cross

    def _add_up(self) -> None:
        """From rows that are held to sums of their products."""
        if self._rows is None:
            return
        held, self._rows = zip(self._rows, self._targets, strict=True), None
        self._matrix = np.zeros((self.n_features, self.n_features))
        for pair in held:
            self._sum(*pair)
        self._targets = []

    def _sum(self, rows: Floats, targets: Floats) -> None:
        self._matrix += rows.T @ rows
        self._cross += rows.T @ targets

    @property
    def matrix(self) -> Floats:
        """``R^T R``; made anew where rows are held."""
        if self._rows is None:
            return self._matrix
        rows = self._stacked(self._rows, self.n_features)
        return rows.T @ rows

    def diagonal(self) -> Floats:
        """The diagonal of `matrix`."""
        if self._rows is None:
            return self._matrix.diagonal()
        return np.asarray(
            sum(((rows**2).sum(axis=0) for rows in self._rows), np.zeros(self.n_features))
        )

    def ridge(self, scales: Floats, penalty: float) -> Floats:
        """Coefficients ``(n_targets, n_features)`` of features divided by their scales.

        Raises
        ------
        scipy.linalg.LinAlgError
            Where the penalty is lost in rounding.
        """
        if self._rows is None:
            system = self._matrix / scales
            system /= scales[:, None]
            right = self._cross / scales[:, None]
            return self._solved(system, penalty, right).T / scales
        rows = self._stacked(self._rows, self.n_features) / scales
        targets = self._stacked(self._targets, self._cross.shape[1])
        return self._solved(rows @ rows.T, penalty, targets).T @ rows / scales

    @staticmethod
    def _stacked(parts: list[Floats], n_columns: int) -> Floats:
        return np.concatenate(parts) if parts else np.empty((0, n_columns))

    @staticmethod
    def _solved(system: Floats, penalty: float, right: Floats) -> Floats:
        """The system with a penalty on its diagonal, solved; it is overwritten."""
        system.flat[:: len(system) + 1] += penalty
        # The transpose of the symmetric matrix is laid out as LAPACK wants it.
        factor = cho_factor(system.T, overwrite_a=True, check_finite=False)
        return np.asarray(cho_solve(factor, right, check_finite=False))
