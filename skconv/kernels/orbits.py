"""Kernels and their images under flips, turns and change of sign, and clusters of such orbits."""

from __future__ import annotations

from collections.abc import Collection, Iterator

import numpy as np
from numpy.typing import NDArray

from skconv.kernels.base import unit_rows

Floats = NDArray[np.float64]

# A round of clustering that explains no more than this in addition is the last.
TOLERANCE = 1e-6


def images_of(kernels: Floats, invariances: Collection[str]) -> Iterator[Floats]:
    """Kernels as they are, and under all transformations: with each its inverse."""
    turned = [np.rot90(kernels, n, axes=(1, 2)) for n in range(4 if "turns" in invariances else 1)]
    for images in turned:
        yield images
        if "flips" in invariances:
            yield images[:, :, ::-1]
    if "flips" in invariances and "turns" not in invariances:
        yield kernels[:, ::-1]
        yield kernels[:, ::-1, ::-1]


def orbit_of(kernels: Floats, invariances: Collection[str]) -> Floats:
    """Images ``(n_images, n_kernels, n_entries)`` of kernels, of length 1."""
    orbit = np.stack([units(images) for images in images_of(kernels, invariances)])
    return np.concatenate([orbit, -orbit]) if "sign" in invariances else orbit


def units(kernels: Floats) -> Floats:
    return unit_rows(kernels.reshape(len(kernels), -1))


# ------------------------------------------------------------------------------- clustering


def nearest(
    orbit: Floats, centroids: Floats
) -> tuple[NDArray[np.int64], NDArray[np.int64], Floats]:
    """Of each kernel the centroid, the image that is most similar to it, and the cosine."""
    n_kernels = orbit.shape[1]
    labels, chosen = np.zeros((2, n_kernels), np.int64)
    largest = np.full(n_kernels, -np.inf)
    for i, images in enumerate(orbit):
        cosines = images @ centroids.T
        closest = cosines.argmax(axis=1)
        found = cosines[np.arange(n_kernels), closest]
        better = found > largest
        labels[better], chosen[better], largest[better] = closest[better], i, found[better]
    return labels, chosen, largest


def explained(cosines: Floats) -> float:
    """Mean share of the square of a kernel that a centroid explains, at a scale not below 0."""
    return float(np.mean(np.maximum(cosines, 0) ** 2))


def _start(orbit: Floats, n_centroids: int, random_state: np.random.RandomState) -> Floats:
    """Kernels drawn one by one, those unlike the ones before with most chance (k-means++)."""
    kernels = orbit[0]
    chosen = [random_state.randint(len(kernels))]
    cosines = np.zeros(len(kernels))
    while len(chosen) < n_centroids:
        np.maximum(cosines, (orbit @ kernels[chosen[-1]]).max(axis=0), out=cosines)
        missing = np.maximum(1 - cosines**2, 0)
        missing[chosen] = 0
        if missing.sum() <= 0:
            missing = np.ones(len(kernels))
        chosen.append(random_state.choice(len(kernels), p=missing / missing.sum()))
    return kernels[chosen]


def best_clustered(
    orbit: Floats,
    n_centroids: int,
    random_state: np.random.RandomState,
    n_init: int = 4,
    max_iter: int = 100,
) -> Floats:
    """Directions ``(n_centroids, n_entries)`` of spherical k-means, the best of some starts."""
    found = [_clustered(orbit, n_centroids, random_state, max_iter) for _ in range(n_init)]
    return max(found, key=lambda one: explained(nearest(orbit, one)[2]))


def _clustered(
    orbit: Floats, n_centroids: int, random_state: np.random.RandomState, max_iter: int
) -> Floats:
    centroids = _start(orbit, n_centroids, random_state)
    kernels, before = np.arange(orbit.shape[1]), -np.inf
    for _ in range(max_iter):
        labels, images, cosines = nearest(orbit, centroids)
        if cosines.sum() - before <= TOLERANCE * len(kernels):
            break
        before = cosines.sum()
        sums = np.zeros_like(centroids)
        np.add.at(sums, labels, orbit[images, kernels])
        lost = np.flatnonzero(np.linalg.norm(sums, axis=1) == 0)
        # A centroid that nobody is near starts again where the others are furthest.
        sums[lost] = orbit[0, np.argsort(cosines)[: len(lost)]]
        centroids = unit_rows(sums)
    return centroids
