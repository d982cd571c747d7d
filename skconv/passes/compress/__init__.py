"""Passes that make a fitted graph smaller: one file each, found by the name of its class."""

from skconv.passes.compress.base import Pass, Samples
from skconv.passes.compress.codes.dictionary_kernels import DictionaryKernels
from skconv.passes.compress.codes.vector_quantization import VectorQuantization
from skconv.passes.compress.frequency import (
    DCTBasis,
    DCTCompression,
    EntropyCoding,
    HashedFrequencies,
)
from skconv.passes.compress.pruning import PruneDead, PruneFeatures, PruneKernels
from skconv.passes.compress.rewrites import CondensedConv, GroupedConv, StridedPooling
from skconv.passes.compress.rounding import SecondOrderRounding
from skconv.passes.compress.separable import SeparableKernels
from skconv.passes.compress.values import BinaryKernels, ShiftKernels

__all__ = [
    "PASSES",
    "BinaryKernels",
    "CondensedConv",
    "DCTBasis",
    "DCTCompression",
    "DictionaryKernels",
    "EntropyCoding",
    "GroupedConv",
    "HashedFrequencies",
    "Pass",
    "PruneDead",
    "PruneFeatures",
    "PruneKernels",
    "Samples",
    "SecondOrderRounding",
    "SeparableKernels",
    "ShiftKernels",
    "StridedPooling",
    "VectorQuantization",
]

PASSES: dict[str, type[Pass]] = {
    cls.__name__: cls
    for cls in (
        BinaryKernels,
        CondensedConv,
        GroupedConv,
        DictionaryKernels,
        PruneDead,
        PruneFeatures,
        PruneKernels,
        SecondOrderRounding,
        SeparableKernels,
        ShiftKernels,
        StridedPooling,
        VectorQuantization,
        DCTCompression,
        HashedFrequencies,
        DCTBasis,
        EntropyCoding,
    )
}
