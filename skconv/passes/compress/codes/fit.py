"""Codewords for the weights of a layer, by the error of what the layer gives.

Rows of weights are cut into vectors; each becomes ``scale * times * turned codeword``: the scale is
that of its row, ``times`` a whole number. All of it is chosen for the least ``e H e``, ``e`` the
error of a row and ``H`` the covariance of what the row reads:

1. Codewords begin as vectors unlike each other (k-means++), vectors taken one by one (Lloyd).
2. Vectors are chosen anew one after the other, each in view of the errors of all others in its row,
   so that what one loses the next makes up for; then codewords by least squares, all at once; then
   the scales of rows.
3. Codewords are rounded by second-order rounding, for their own ``H``, and vectors chosen again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skconv.graph.limits import INT8_MAX
from skconv.passes.compress.second_order import curvature, round_row

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]

LLOYD_ROUNDS = 12
ROUNDS = 6
ROUNDED_ROUNDS = 4
# Of the mean curvature: what holds codewords that hardly matter where they are.
HOLD = 1e-6


@dataclass(frozen=True)
class Problem:
    """Rows of vectors, and what their errors cost.

    Attributes
    ----------
    weights : ndarray of shape (n_groups, n_rows, n_vectors, length)
    moments : ndarray of shape (n_groups, n_vectors, length, n_vectors, length)
        Of what the rows of a group read.
    """

    weights: Floats
    moments: Floats

    @cached_property
    def own(self) -> Floats:
        """Moments of each vector alone ``(n_groups, n_vectors, length, length)``."""
        return np.einsum("gvivj->gvij", self.moments)

    @property
    def apart(self) -> Problem:
        """Every vector a row of its own, in a group of those that read the same."""
        _, n_rows, _, length = self.weights.shape
        weights = self.weights.transpose(0, 2, 1, 3).reshape(-1, n_rows, 1, length)
        return Problem(weights, self.own.reshape(-1, 1, length, 1, length))


@dataclass(frozen=True)
class Family:
    """What becomes of a codeword.

    Attributes
    ----------
    turns : ndarray of shape (n_turns, length)
        The places of a codeword that the entries of a vector are taken from.
    most : int
        ``times`` is a whole number of up to this magnitude; 0: it is always 1. With 1 it is a sign.
    """

    turns: Whole
    most: int = 0

    @property
    def largest(self) -> int:
        """Of an entry of a rounded codeword, so that weights are int8."""
        return INT8_MAX // max(1, self.most)

    def images(self, codewords: Floats) -> Floats:
        """Codewords in all their turns ``(n_codewords * n_turns, length)``."""
        return codewords[:, self.turns].reshape(-1, codewords.shape[1])

    def times(self, wanted: Floats) -> Floats:
        """The whole numbers nearest to what is wanted."""
        if self.most == 0:
            return np.ones_like(wanted)
        if self.most == 1:
            return np.where(wanted < 0, -1.0, 1.0)
        return np.clip(np.rint(wanted), -self.most, self.most)


@dataclass(frozen=True)
class Codes:
    """A choice for every vector: arrays ``(n_groups, n_rows, n_vectors)``, scales without the last.

    ``codewords`` are ``(n_codewords, length)``.
    """

    codewords: Floats
    scales: Floats
    indices: Whole
    turns: Whole
    times: NDArray[Any]

    def whole(self, family: Family) -> Floats:
        """The vectors, without the scales of rows."""
        images = family.images(self.codewords)
        chosen = images[self.indices * len(family.turns) + self.turns]
        return np.asarray(chosen * self.times[..., None])

    def values(self, family: Family) -> Floats:
        return np.asarray(self.whole(family) * self.scales[..., None, None])


def fitted_codes(problem: Problem, family: Family, n_codewords: int) -> Codes:
    """Codes with whole codewords.

    Parameters
    ----------
    problem : Problem
    family : Family
    n_codewords : int
        Fewer, where there are not as many vectors.
    """
    codes = _rounded(problem, family, clustered(problem, family, n_codewords))
    for _ in range(ROUNDED_ROUNDS):
        codes = rescaled(problem, family, chosen_again(problem, family, codes))
    return codes


def clustered(problem: Problem, family: Family, n_codewords: int) -> Codes:
    """Codes whose codewords are not rounded yet."""
    codes = _by_lloyd(problem, family, min(n_codewords, problem.weights[..., 0].size))
    for _ in range(ROUNDS):
        codes = chosen_again(problem, family, codes)
        codes = replace(codes, codewords=_refitted(problem, family, codes))
        codes = rescaled(problem, family, codes)
    return codes


def cost(problem: Problem, family: Family, codes: Codes) -> float:
    """``e H e``, summed over the rows."""
    n_groups, n_rows, n_vectors, length = problem.weights.shape
    error = (codes.values(family) - problem.weights).reshape(n_groups, n_rows, -1)
    moments = problem.moments.reshape(n_groups, n_vectors * length, -1)
    return float(np.einsum("grw,gwx,grx->", error, moments, error))


# ------------------------------------------------------------------------------ the start


def _by_lloyd(problem: Problem, family: Family, n_codewords: int) -> Codes:
    """Codes of vectors that know nothing of each other."""
    scales = _first_scales(problem.weights, family)
    apart = problem.apart
    n_groups, n_rows, n_vectors, _ = problem.weights.shape
    of_vectors = np.repeat(scales[:, None], n_vectors, axis=1).reshape(-1, n_rows)
    vectors = apart.weights[:, :, 0] / of_vectors[..., None]
    matter = np.trace(apart.moments[:, 0, :, 0], axis1=1, axis2=2)
    importance = np.broadcast_to(matter[:, None], vectors.shape[:2]) * of_vectors**2
    codewords = _seeds(
        vectors.reshape(-1, vectors.shape[2]), importance.ravel(), family, n_codewords
    )
    zeros = np.zeros((*of_vectors.shape, 1), np.int64)
    codes = Codes(codewords, of_vectors, zeros, zeros, np.zeros(zeros.shape))
    for _ in range(LLOYD_ROUNDS):
        codes = chosen_again(apart, family, codes)
        codes = replace(codes, codewords=_refitted(apart, family, codes))

    def back(of_vector: NDArray[Any]) -> NDArray[Any]:
        return of_vector.reshape(n_groups, n_vectors, n_rows).transpose(0, 2, 1)

    return replace(
        codes,
        scales=scales,
        indices=back(codes.indices),
        turns=back(codes.turns),
        times=back(codes.times),
    )


def _first_scales(weights: Floats, family: Family) -> Floats:
    """So that vectors, or directions times whole numbers, are of the size of one."""
    if family.most == 0:
        found = np.sqrt((weights**2).mean(axis=(2, 3)))
    else:
        found = np.linalg.norm(weights, axis=3).max(axis=2) / family.most
    return np.where(found > 0, found, 1.0)


def _seeds(vectors: Floats, importance: Floats, family: Family, count: int) -> Floats:
    """Vectors drawn one by one, those unlike the ones before with most chance (k-means++)."""
    rng = np.random.default_rng(0)
    norms = np.linalg.norm(vectors, axis=1)
    if family.most > 0:
        vectors = vectors / np.where(norms > 0, norms, 1.0)[:, None]
        importance = importance * norms**2
    left = importance * (vectors**2).sum(axis=1)
    chosen: list[int] = []
    while len(chosen) < count:
        total = left.sum()
        chances = left / total if total > 0 else np.full(len(left), 1 / len(left))
        chosen.append(int(rng.choice(len(left), p=chances)))
        images = family.images(vectors[chosen[-1:]])
        if family.most > 0:
            missing = 1 - ((vectors @ images.T) ** 2).max(axis=1)
        else:
            missing = ((vectors[:, None] - images) ** 2).sum(axis=2).min(axis=1)
        left = np.minimum(left, importance * np.maximum(missing, 0))
    return vectors[chosen]


# -------------------------------------------------------------------------- one at a time


def chosen_again(problem: Problem, family: Family, codes: Codes) -> Codes:
    """Every vector chosen once more, in view of the errors of all others of its row."""
    weights = problem.weights
    n_groups, n_rows, n_vectors, length = weights.shape
    images = family.images(codes.codewords)
    values = codes.values(family)
    error = (values - weights).reshape(n_groups, n_rows, -1)
    columns = problem.moments.reshape(n_groups, n_vectors * length, n_vectors, length)
    picks, times = np.empty(codes.indices.shape, np.int64), np.empty(codes.times.shape)
    scales = codes.scales[..., None]
    for v in range(n_vectors):
        own = problem.own[:, v]
        # What this vector would have to be, times its moments.
        wanted = values[:, :, v] @ own - error @ columns[:, :, v]
        along = (wanted @ images.T) * scales
        squares = ((images @ own) * images).sum(axis=2)[:, None] * scales**2
        whole = family.times(along / np.where(squares > 0, squares, 1.0))
        best = (whole * (whole * squares - 2 * along)).argmin(axis=2)
        picks[..., v] = best
        times[..., v] = np.take_along_axis(whole, best[..., None], axis=2)[..., 0]
        found = images[best] * (scales * times[..., v, None])
        places = slice(v * length, (v + 1) * length)
        error[:, :, places] = found - weights[:, :, v]
    indices, turns = np.divmod(picks, len(family.turns))
    return replace(codes, indices=indices, turns=turns, times=times)


def rescaled(problem: Problem, family: Family, codes: Codes) -> Codes:
    """The scale of each row with the least error."""
    n_groups, n_rows, n_vectors, length = problem.weights.shape
    whole = codes.whole(family).reshape(n_groups, n_rows, -1)
    wanted = problem.weights.reshape(n_groups, n_rows, -1)
    product = whole @ problem.moments.reshape(n_groups, n_vectors * length, -1)
    squares, along = (product * whole).sum(axis=2), (product * wanted).sum(axis=2)
    found = along / np.where(squares > 0, squares, 1.0)
    return replace(codes, scales=np.where(found > 0, found, codes.scales))


# -------------------------------------------------------------------------- the codewords


def _refitted(problem: Problem, family: Family, codes: Codes) -> Floats:
    """Codewords by least squares, for what vectors chose; those of none stay."""
    normal, right = _normal_equations(problem, family, codes)
    diagonal = np.diag(normal)
    hold = HOLD * diagonal.mean() if diagonal.any() else 1.0
    flat = codes.codewords.ravel()
    found = np.linalg.solve(normal + hold * np.eye(len(normal)), right + hold * flat)
    return found.reshape(codes.codewords.shape)


def _rounded(problem: Problem, family: Family, codes: Codes) -> Codes:
    """Whole codewords; the scales of rows take up the rest."""
    normal, _ = _normal_equations(problem, family, codes)
    whole, unit = round_row(codes.codewords.ravel(), curvature(normal), family.largest)
    codewords = whole.reshape(codes.codewords.shape).astype(np.float64)
    return replace(codes, codewords=codewords, scales=codes.scales * unit)


def _normal_equations(problem: Problem, family: Family, codes: Codes) -> tuple[Floats, Floats]:
    """Matrix and right side of the least squares of all entries of all codewords."""
    if problem.weights.shape[2] == 1:
        return _of_vectors(problem, family, codes)
    n_codewords, length = codes.codewords.shape
    normal = np.zeros((n_codewords, length, n_codewords, length))
    right = np.zeros((n_codewords, length))
    n_groups, n_rows, n_vectors, _ = problem.weights.shape
    back = np.argsort(family.turns, axis=1)
    for g in range(n_groups):
        moments = problem.moments[g].reshape(n_vectors * length, -1)
        products = problem.weights[g].reshape(n_rows, -1) @ moments
        for r in range(n_rows):
            order = np.argsort(codes.indices[g, r], kind="stable")
            used, starts = np.unique(codes.indices[g, r][order], return_index=True)
            places = order[:, None] * length + back[codes.turns[g, r][order]]
            factors = codes.scales[g, r] * codes.times[g, r][order]
            sums = np.add.reduceat(products[r][places] * factors[:, None], starts, axis=0)
            right[used] += sums
            square = moments[np.ix_(places.ravel(), places.ravel())]
            square = square.reshape(n_vectors, length, n_vectors, length)
            square = square * factors[:, None, None, None] * factors[:, None]
            square = np.add.reduceat(np.add.reduceat(square, starts, axis=0), starts, axis=2)
            each = np.arange(length)
            normal[np.ix_(used, each, used, each)] += square
    return normal.reshape(n_codewords * length, -1), right.ravel()


def _of_vectors(problem: Problem, family: Family, codes: Codes) -> tuple[Floats, Floats]:
    """The same for rows of one vector: no codeword meets another."""
    n_codewords, length = codes.codewords.shape
    n_groups, n_rows = problem.weights.shape[:2]
    own = problem.own[:, 0]
    products = problem.weights[:, :, 0] @ own
    back = np.argsort(family.turns, axis=1)[codes.turns.ravel()]
    factors = codes.scales.ravel() * codes.times.ravel()
    groups = np.repeat(np.arange(n_groups), n_rows)
    squares = np.zeros((n_codewords, length, length))
    right = np.zeros((n_codewords, length))
    turned = own[groups[:, None, None], back[:, :, None], back[:, None, :]]
    np.add.at(squares, codes.indices.ravel(), turned * (factors**2)[:, None, None])
    along = np.take_along_axis(products.reshape(-1, length), back, axis=1)
    np.add.at(right, codes.indices.ravel(), along * factors[:, None])
    normal = np.zeros((n_codewords, length, n_codewords, length))
    each = np.arange(n_codewords)
    normal[each, :, each, :] = squares
    return normal.reshape(n_codewords * length, -1), right.ravel()
