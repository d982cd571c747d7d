"""Speed beside its targets and its peers: one thread, Fashion-MNIST's train images.

    OMP_NUM_THREADS=1 python tests/benchmarks/bench_speed.py [pcanet kmeans gabor scattering]

Every figure is the least processor time of several calls, ours and the peer's in turns, so
that other load falls on both. What a peer computes is held against ours before it is timed.
Two peers are packages; install them for this script alone:

    pip install kymatio scikit-image -c constraints.txt
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import math
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.special
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from scipy import sparse
from sklearn.linear_model import RidgeClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skconv import GaborFeatures, KMeansConvFeatures, PCANetFeatures, RandomConvFeatures
from skconv.datasets import load_fashion_mnist
from skconv.kernels import KMeansKernels
from skconv.stages.geometry import Padding

INSTALL = "not installed: pip install kymatio scikit-image -c constraints.txt"
Images = NDArray[Any]


def least(calls: dict[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Least seconds of processor time of every call, the calls taking turns."""
    seconds = dict.fromkeys(calls, math.inf)
    for _ in range(rounds):
        for name, call in calls.items():
            call()  # not timed: it gets the memory again that the others gave back
            start = time.process_time()
            call()
            seconds[name] = min(seconds[name], time.process_time() - start)
    return seconds


def report(what: str, found: float, target: float, peer: str, unit: str = "us") -> None:
    verdict = "met" if found <= target else f"MISSED by {found - target:.3g}"
    print(f"{what:<44} {found:7.1f} {unit}  target {target:g}  {verdict}; {peer}", flush=True)


# ------------------------------------------------------------------------------- PCANet


def plain_pcanet(images: Images, banks: tuple[Images, ...]) -> sparse.csr_matrix:
    """PCANet-2 as one writes it with torch and numpy: blocks of 7, 8 bits."""
    first, second = (torch.from_numpy(bank.transpose(0, 3, 1, 2).copy()) for bank in banks)
    with torch.inference_mode():
        maps = F.conv2d(torch.from_numpy(images)[:, None], first, padding=3)
        bits = F.conv2d(maps.flatten(0, 1)[:, None], second, padding=3) > 0
        codes = torch.einsum("nbyx,b->nyx", bits.float(), 2.0 ** torch.arange(8)).long()
    blocks = codes.view(len(images), 8, 4, 7, 4, 7).permute(0, 2, 4, 1, 3, 5)
    histograms = blocks.reshape(-1, 49).numpy()
    bins = histograms + 256 * np.arange(len(histograms))[:, None]
    counts = np.bincount(bins.ravel(), minlength=256 * len(histograms))
    return sparse.csr_matrix(counts.reshape(len(images), -1).astype(np.float32))


def plain_pca(maps: Images) -> Images:
    """Eight principal components of the 7x7 patches of maps, all patches in a matrix."""
    moment = np.zeros((49, 49))
    for batch in np.array_split(maps, max(1, len(maps) // 500)):
        padded = np.pad(batch, ((0, 0), (3, 3), (3, 3)))
        windows = np.lib.stride_tricks.sliding_window_view(padded, (7, 7), axis=(1, 2))
        patches = windows.reshape(-1, 49)
        patches = patches - patches.mean(1, keepdims=True)
        moment += patches.T @ patches
    return np.linalg.eigh(moment)[1][:, :-9:-1].T.reshape(8, 7, 7)


def plain_pcanet_fit(images: Images) -> None:
    first = torch.from_numpy(plain_pca(images).astype(np.float32))[:, None]
    maps = F.conv2d(torch.from_numpy(images)[:, None], first, padding=3)
    plain_pca(maps.flatten(0, 1).numpy())


def pcanet(X: Images) -> None:
    features = PCANetFeatures(
        n_kernels=(8, 8), kernel_size=7, block_size=7, output="sparse", random_state=0
    )
    seconds = least({"fit": lambda: features.fit(X[:10_000])}, rounds=2)["fit"]
    few = X[:1000].astype(np.float32)
    peer_seconds = 10 * least({"fit": lambda: plain_pcanet_fit(few)}, rounds=1)["fit"]
    report("PCANet-2 fit, 10,000 images", seconds, 5, f"patch matrices {peer_seconds:.1f} s", "s")
    images = X[50_000:50_256].astype(np.float32)
    batches = np.array_split(images, 4)
    differing = (features.transform(images) != plain_pcanet(images, features.kernels_)).nnz
    calls: dict[str, Callable[[], object]] = {
        "ours": lambda: features.transform(images),
        "plain": lambda: [plain_pcanet(batch, features.kernels_) for batch in batches],
    }
    times = least(calls, rounds=40)
    ours, plain = (1e6 * times[name] / len(images) for name in calls)
    report("PCANet-2 transform, sparse", ours, 150,
           f"plain numpy and torch {plain:.0f} us, {differing} counts differ")  # fmt: skip


# ------------------------------------------------------------------------------- k-means


def plain_triangle(images: Images, source: KMeansKernels, border: tuple[int, int]) -> Images:
    """Coates, Lee, Ng 2011 as one writes it in torch: all patches, `cdist`, quadrants."""
    distances = source.distances_
    matrix, mean, centroids = (
        torch.from_numpy(array.astype(np.float32))
        for array in (distances.whitening.matrix, distances.whitening.mean, distances.centroids)
    )
    with torch.inference_mode():
        padded = F.pad(torch.from_numpy(images)[:, None], border * 2)
        patches = F.unfold(padded, 6).transpose(1, 2)
        patches = patches - patches.mean(2, keepdim=True)
        contrast = (patches.square().mean(2, keepdim=True) + distances.contrast_eps).sqrt()
        z = torch.cdist((patches / contrast - mean) @ matrix.T, centroids)
        triangles = (z.mean(2, keepdim=True) - z).relu()
        height = images.shape[1] + sum(border) - 5
        maps = triangles.view(len(images), height, height, len(centroids))
        halves = slice((height + 1) // 2), slice(height // 2, None)
        quadrants = [maps[:, rows, columns].sum((1, 2)) for rows in halves for columns in halves]
        return torch.stack(quadrants, 1).flatten(1).numpy()


def kmeans(X: Images) -> None:
    """Patches inside the images, as the paper has them, and around every pixel, our default."""
    triangle_layer(X, "valid", border=(0, 0))
    triangle_layer(X, "same", border=(2, 3))


def triangle_layer(X: Images, padding: Padding, border: tuple[int, int]) -> None:
    features = KMeansConvFeatures(
        n_kernels=400,
        nonlinearity="triangle",
        pool="sum",
        pool_size="quadrants",
        root=False,
        padding=padding,
        random_state=0,
    )
    source = features.fit(X[:2000])._kernel_source((6, 6))
    source.fit(X[:2000, :, :, None])
    images = X[50_000:50_296].astype(np.float32)
    batches = np.array_split(images, 40)
    ours, plain = features.transform(images), plain_triangle(images, source, border)
    np.testing.assert_allclose(plain, ours, atol=1e-3 * ours.max())
    calls: dict[str, Callable[[], object]] = {
        "ours": lambda: features.transform(images),
        "plain": lambda: [plain_triangle(batch, source, border) for batch in batches],
    }
    times = least(calls, rounds=40)
    us, plain_us = (1e6 * times[name] / len(images) for name in calls)
    report(f"k-means 400, triangle, {padding} borders", us, 250, f"plain torch {plain_us:.0f} us")


# --------------------------------------------------------------------------------- Gabor


def with_skimage(image: Images, waves: Images) -> list[tuple[Images, Images]]:
    """`skimage.filters.gabor` with waves of ours, zeros around the image."""
    _gabor: Any = importlib.import_module("skimage.filters._gabor")
    original, filtered = _gabor.gabor_kernel, []
    try:
        for wave in waves:
            # It convolves, we correlate: the kernel is turned.
            _gabor.gabor_kernel = lambda *_, wave=wave, **__: wave[::-1, ::-1]
            filtered.append(_gabor.gabor(image, 0.1, mode="constant", cval=0))
    finally:
        _gabor.gabor_kernel = original
    return filtered


def gabor(X: Images) -> None:
    if importlib.util.find_spec("skimage") is None:
        print(f"scikit-image: {INSTALL}")
        return
    images = X[50_000:50_040] / np.float32(255)
    for size in (9, 15, 21, 27):
        features = GaborFeatures(
            n_orientations=8, wavelengths=(4.0, 8.0), kernel_size=size,
            phase="both", nonlinearity="identity", pool_size=None,
        ).fit(images)  # fmt: skip
        even, odd = np.split(features.kernels_[..., 0].astype(np.float64), 2)
        waves, image = even + 1j * odd, images[0].astype(np.float64)
        wanted: Images = np.concatenate(np.transpose(with_skimage(image, waves), (1, 0, 2, 3)))
        found = features.transform(images[:1]).reshape(28, 28, -1).transpose(2, 0, 1)
        error = np.abs(found - wanted).max()
        calls: dict[str, Callable[[], object]] = {
            "ours": lambda features=features: features.transform(images),  # type: ignore[misc]
            "skimage": lambda image=image, waves=waves: with_skimage(image, waves),  # type: ignore[misc]
        }
        times = least(calls, rounds=8)
        us, peer = 1e6 * times["ours"] / len(images), 1e6 * times["skimage"]
        print(
            f"Gabor, 16 waves of {size:2d} x {size:<2d} {us:22.1f} us; skimage {peer:.0f} us: "
            f"{peer / us:.0f} x, target 100; largest difference {error:.1e}, target 1e-5",
            flush=True,
        )


# ---------------------------------------------------------------------------- scattering


def scattering() -> Callable[[torch.Tensor], torch.Tensor] | None:
    """kymatio's transform with J=2, by torch; None where it is not installed."""
    if not hasattr(scipy.special, "sph_harm"):
        # kymatio 0.3 imports it for its 3-D transform; scipy 1.17 has it no more.
        scipy.special.sph_harm = None
    if importlib.util.find_spec("kymatio") is None:
        print(f"kymatio: {INSTALL}")
        return None
    return importlib.import_module("kymatio.torch").Scattering2D(J=2, shape=(28, 28))


def against_scattering(X: Images, y: Images) -> None:
    """Accuracy and speed of few features beside those of a scattering transform."""
    train, test = slice(0, 10_000), slice(50_000, 60_000)
    features = RandomConvFeatures(
        n_kernels=36, kernel_size=6, weights="patches", padding="same",
        nonlinearity="soft_threshold", threshold=0.3, pool="mean", pool_size=8, pool_stride=5,
        random_state=0,
    )  # fmt: skip
    model = make_pipeline(features, StandardScaler(), RidgeClassifier(30))
    accuracy = model.fit(X[train], y[train]).score(X[test], y[test])
    images = X[50_000:50_256].astype(np.float32)
    calls: dict[str, Callable[[], object]] = {"ours": lambda: features.transform(images)}
    transform = scattering()
    pixels = torch.from_numpy(images / 255)
    if transform is not None:
        for size in (32, 64, 128, 256):
            calls[f"batch {size}"] = lambda size=size: [transform(b) for b in pixels.split(size)]  # type: ignore[misc]
    with torch.inference_mode():
        times = least(calls, rounds=8)
    us = {name: 1e6 * seconds / len(images) for name, seconds in times.items()}
    ours = us.pop("ours")
    print(
        f"{features.graph_.output.size} features + ridge: {accuracy:.4f}, target .886, "
        f"{ours:.1f} us"
    )
    if transform is None:
        return
    best = min(us, key=us.__getitem__)
    with torch.inference_mode():
        parts = [transform(torch.from_numpy(b / np.float32(255))) for b in np.split(X, 600)]
    Z = torch.cat(parts).flatten(1).numpy()
    ridge = make_pipeline(StandardScaler(), RidgeClassifier(30)).fit(Z[train], y[train])
    print(
        f"kymatio J=2, {Z.shape[1]} features + ridge: {ridge.score(Z[test], y[test]):.4f}, "
        f"{us[best]:.0f} us ({best}): we take 1/{us[best] / ours:.1f}, target 1/6"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    names = ("pcanet", "kmeans", "gabor", "scattering")
    parser.add_argument("rows", nargs="*", default=names, help=f"of {', '.join(names)}")
    rows = parser.parse_args().rows
    torch.set_num_threads(1)
    X, y = load_fashion_mnist()
    for name, show in {"pcanet": pcanet, "kmeans": kmeans, "gabor": gabor}.items():
        if name in rows:
            show(X)
    if "scattering" in rows:
        against_scattering(X, y)


if __name__ == "__main__":
    main()
