"""Convolutional features for scikit-learn, and the whole fitted Pipeline as C.

The public names are imported when they are first used: ``import skconv`` reads no other
module, and an estimator reads torch, where it is installed, only when it computes.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from skconv.moved import install as _install

if TYPE_CHECKING:
    from skconv import datasets, exceptions, testing
    from skconv.classifiers.logistic import PreconditionedLogisticRegression
    from skconv.classifiers.one_class import LaplacianOneClassSVM
    from skconv.classifiers.reduced_neighbors import ReducedNeighbors
    from skconv.classifiers.ridge import BatchRidgeClassifier
    from skconv.classifiers.svm import LaplacianNuSVC
    from skconv.compression import Compressed, compress
    from skconv.convert import to_graph
    from skconv.deploy import layer_costs, to_c
    from skconv.exceptions import NotConvertibleError
    from skconv.features import (
        AutoencoderFeatures,
        ConvFeatures,
        ConvStage,
        FixedConvFeatures,
        GaborFeatures,
        GreedyConvFeatures,
        KMeansConvFeatures,
        PCAConvFeatures,
        PCANetFeatures,
        RandomConvFeatures,
    )
    from skconv.features.quantized import QuantizedFeatures
    from skconv.graph import Graph
    from skconv.inspection import (
        CostDisplay,
        FeatureMapDisplay,
        KernelDisplay,
        MemoryPlanDisplay,
        ParetoDisplay,
        QuantizationDisplay,
        StreamDisplay,
    )
    from skconv.passes.compress import (
        BinaryKernels,
        CondensedConv,
        DCTBasis,
        DCTCompression,
        DictionaryKernels,
        EntropyCoding,
        GroupedConv,
        HashedFrequencies,
        PruneDead,
        PruneFeatures,
        PruneKernels,
        SecondOrderRounding,
        SeparableKernels,
        ShiftKernels,
        StridedPooling,
        VectorQuantization,
    )
    from skconv.pretrained import PretrainedFeatures
    from skconv.search import BudgetSearchCV
    from skconv.signals import (
        Decimate,
        EventDetector,
        HydraFeatures,
        IIRFilter,
        MiniRocketFeatures,
        QuantFeatures,
        RemoveMean,
        SlidingWindow,
        SmoothedClassifier,
        TemporalConvFeatures,
        VectorMagnitude,
    )
    from skconv.sound import (
        MFCC,
        LogMelSpectrogram,
        MicroFrontendSpectrogram,
        PowerNormalizedSpectrogram,
        SpectroTemporalGaborFeatures,
    )
    from skconv.utils.merge import merge
    from skconv.versions import show_versions

__version__ = "0.1.0"

__all__ = [
    "MFCC",
    "AutoencoderFeatures",
    "BatchRidgeClassifier",
    "BinaryKernels",
    "BudgetSearchCV",
    "Compressed",
    "CondensedConv",
    "ConvFeatures",
    "ConvStage",
    "CostDisplay",
    "DCTBasis",
    "DCTCompression",
    "Decimate",
    "DictionaryKernels",
    "EntropyCoding",
    "EventDetector",
    "FeatureMapDisplay",
    "FixedConvFeatures",
    "GaborFeatures",
    "Graph",
    "GreedyConvFeatures",
    "GroupedConv",
    "HashedFrequencies",
    "HydraFeatures",
    "IIRFilter",
    "KMeansConvFeatures",
    "KernelDisplay",
    "LaplacianNuSVC",
    "LaplacianOneClassSVM",
    "LogMelSpectrogram",
    "MemoryPlanDisplay",
    "MicroFrontendSpectrogram",
    "MiniRocketFeatures",
    "NotConvertibleError",
    "PCAConvFeatures",
    "PCANetFeatures",
    "ParetoDisplay",
    "PowerNormalizedSpectrogram",
    "PreconditionedLogisticRegression",
    "PretrainedFeatures",
    "PruneDead",
    "PruneFeatures",
    "PruneKernels",
    "QuantFeatures",
    "QuantizationDisplay",
    "QuantizedFeatures",
    "RandomConvFeatures",
    "ReducedNeighbors",
    "RemoveMean",
    "SecondOrderRounding",
    "SeparableKernels",
    "ShiftKernels",
    "SlidingWindow",
    "SmoothedClassifier",
    "SpectroTemporalGaborFeatures",
    "StreamDisplay",
    "StridedPooling",
    "TemporalConvFeatures",
    "VectorMagnitude",
    "VectorQuantization",
    "compress",
    "datasets",
    "exceptions",
    "layer_costs",
    "merge",
    "show_versions",
    "testing",
    "to_c",
    "to_graph",
]

_install()

_MODULES = {"datasets", "exceptions", "testing"}
_HOMES = {
    "AutoencoderFeatures": "skconv.features",
    "BatchRidgeClassifier": "skconv.classifiers.ridge",
    "BudgetSearchCV": "skconv.search",
    "Compressed": "skconv.compression",
    "CondensedConv": "skconv.passes.compress",
    "ConvFeatures": "skconv.features",
    "ConvStage": "skconv.features",
    "CostDisplay": "skconv.inspection",
    "Decimate": "skconv.signals",
    "EventDetector": "skconv.signals",
    "FeatureMapDisplay": "skconv.inspection",
    "FixedConvFeatures": "skconv.features",
    "GaborFeatures": "skconv.features",
    "Graph": "skconv.graph",
    "GreedyConvFeatures": "skconv.features",
    "GroupedConv": "skconv.passes.compress",
    "HydraFeatures": "skconv.signals",
    "IIRFilter": "skconv.signals",
    "KMeansConvFeatures": "skconv.features",
    "KernelDisplay": "skconv.inspection",
    "DictionaryKernels": "skconv.passes.compress",
    "LaplacianNuSVC": "skconv.classifiers.svm",
    "LaplacianOneClassSVM": "skconv.classifiers.one_class",
    "LogMelSpectrogram": "skconv.sound",
    "MicroFrontendSpectrogram": "skconv.sound",
    "MFCC": "skconv.sound",
    "MemoryPlanDisplay": "skconv.inspection",
    "MiniRocketFeatures": "skconv.signals",
    "NotConvertibleError": "skconv.exceptions",
    "PCAConvFeatures": "skconv.features",
    "PCANetFeatures": "skconv.features",
    "ParetoDisplay": "skconv.inspection",
    "PowerNormalizedSpectrogram": "skconv.sound",
    "PretrainedFeatures": "skconv.pretrained",
    "PreconditionedLogisticRegression": "skconv.classifiers.logistic",
    "PruneDead": "skconv.passes.compress",
    "PruneFeatures": "skconv.passes.compress",
    "PruneKernels": "skconv.passes.compress",
    "QuantFeatures": "skconv.signals",
    "QuantizationDisplay": "skconv.inspection",
    "QuantizedFeatures": "skconv.features.quantized",
    "RandomConvFeatures": "skconv.features",
    "ReducedNeighbors": "skconv.classifiers.reduced_neighbors",
    "DCTBasis": "skconv.passes.compress",
    "DCTCompression": "skconv.passes.compress",
    "EntropyCoding": "skconv.passes.compress",
    "HashedFrequencies": "skconv.passes.compress",
    "SecondOrderRounding": "skconv.passes.compress",
    "SeparableKernels": "skconv.passes.compress",
    "ShiftKernels": "skconv.passes.compress",
    "BinaryKernels": "skconv.passes.compress",
    "RemoveMean": "skconv.signals",
    "SpectroTemporalGaborFeatures": "skconv.sound",
    "SlidingWindow": "skconv.signals",
    "SmoothedClassifier": "skconv.signals",
    "StreamDisplay": "skconv.inspection",
    "StridedPooling": "skconv.passes.compress",
    "TemporalConvFeatures": "skconv.signals",
    "compress": "skconv.compression",
    "VectorMagnitude": "skconv.signals",
    "VectorQuantization": "skconv.passes.compress",
    "layer_costs": "skconv.deploy",
    "merge": "skconv.utils.merge",
    "show_versions": "skconv.versions",
    "to_c": "skconv.deploy",
    "to_graph": "skconv.convert",
}


def __getattr__(name: str) -> object:
    if name in _MODULES:
        return import_module(f"skconv.{name}")
    if name not in _HOMES:
        raise AttributeError(f"module 'skconv' has no attribute {name!r}")
    value: object = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
