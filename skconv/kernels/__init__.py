"""Kernel sources: small estimators whose ``fit(maps, y=None)`` sets ``kernels_``, ``biases_``."""

from skconv.kernels.arrays import ArrayKernels, PretrainedKernels
from skconv.kernels.autoencoder import AutoencoderKernels
from skconv.kernels.batches import MapBatches
from skconv.kernels.decomposition import DecompositionKernels
from skconv.kernels.fixed import FixedKernels
from skconv.kernels.gabor import GaborKernels
from skconv.kernels.greedy import GreedyKernels
from skconv.kernels.kmeans import KMeansKernels, PatchDistances
from skconv.kernels.lda import LDAKernels
from skconv.kernels.mimic import MimicKernels
from skconv.kernels.modulated import ModulatedKernels
from skconv.kernels.patches import sample_patches
from skconv.kernels.pca import PCAKernels
from skconv.kernels.random import RandomKernels
from skconv.kernels.random_patches import PatchKernels
from skconv.kernels.union import UnionKernels
from skconv.kernels.universal import UniversalKernels

__all__ = [
    "ArrayKernels",
    "AutoencoderKernels",
    "DecompositionKernels",
    "FixedKernels",
    "GaborKernels",
    "GreedyKernels",
    "KMeansKernels",
    "LDAKernels",
    "MapBatches",
    "MimicKernels",
    "ModulatedKernels",
    "PCAKernels",
    "PatchDistances",
    "PatchKernels",
    "PretrainedKernels",
    "RandomKernels",
    "UnionKernels",
    "UniversalKernels",
    "sample_patches",
]
