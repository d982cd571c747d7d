"""The triangle of k-means: how much nearer than the mean a patch is to each centroid."""

from __future__ import annotations

import numpy as np

from skconv.graph import Divide, Graph, LocalContrast, Triangle
from skconv.kernels.kmeans import KMeansKernels
from skconv.stages.spec import StageSpec


def triangle(graph: Graph, stage: StageSpec, source: KMeansKernels) -> Graph:
    """``graph``, which ends in a map, with the triangle of its patches behind it.

    `skconv.kernels.PatchDistances` defines it. The mean that whitening takes off moves into
    the centroids: distances stay the same.
    """
    distances = source.distances_
    height, width, channels = source.kernels_.shape[1:]
    kernels, shift = distances.whitening_kernels((height, width, channels))
    maps, signal = graph.output_name, graph.output.shape[0] == 1
    conv = stage.conv(kernels, np.zeros_like(shift), signal=signal)
    graph = graph.append(conv)
    if distances.contrast_eps is not None:
        responses = graph.output_name
        contrast = LocalContrast(
            (height, width),
            conv.stride,
            conv.padding,
            conv.pad_mode,
            remove_mean=source.remove_mean,
            eps=distances.contrast_eps,
        )
        graph = graph.append(contrast, maps)
        graph = graph.append(Divide(), responses, graph.output_name)
    return graph.append(Triangle((distances.centroids - shift).astype(np.float32)))
